//! Orders that can be sent: what cannot be decrypted or fitted to the partner's fields is settled, and never sent.

use crate::handoff::context::Context;
use crate::handoff::error::Error;
use crate::handoff::outcome::apply_status::Reporter;
use crate::handoff::outcome::settle::{EndedCall, settle};
use crate::handoff::partner::model::Partner;
use crate::handoff::queue::lease_store::Leased;

use super::decrypt::{Ask, Decrypted, decrypt};

/// A handoff that can be sent.
#[derive(Debug)]
pub struct Sendable {
    /// The handoff under its lease.
    pub leased: Leased,
    /// The campaign's engagement number.
    pub engagement_number: String,
    /// What is asked.
    pub ask: Ask,
}

impl Decrypted {
    /// Gives the handoff if it can be sent, and else how its try ends.
    pub fn sendable(self) -> Result<Sendable, Box<EndedCall>> {
        match self.ask {
            Ok(ask) => Ok(Sendable {
                leased: self.leased,
                engagement_number: self.engagement_number,
                ask,
            }),
            Err(failure) => Err(Box::new(EndedCall {
                leased: self.leased,
                answer: Err(failure),
                partner_answers: true,
            })),
        }
    }
}

/// Decrypts leased handoffs, settles those that cannot be sent, and gives the rest.
pub async fn sendable(
    context: &Context,
    partner: &Partner,
    actor: &str,
    leased: Vec<Leased>,
) -> Result<Vec<Sendable>, Error> {
    let mut sendable = Vec::with_capacity(leased.len());
    let mut failed = Vec::new();
    for decrypted in decrypt(context, partner, actor, leased).await? {
        match decrypted.sendable() {
            Ok(one) => sendable.push(one),
            Err(ended) => failed.push(*ended),
        }
    }
    if !failed.is_empty() {
        let partner = partner.id;
        settle(context, Reporter { partner, actor }, &failed).await?;
    }
    Ok(sendable)
}
