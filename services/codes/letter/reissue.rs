//! Sending somebody another letter.
//!
//! The new code takes the old one's place in one transaction and is printed with the next batch of reissues. Nobody but the
//! printer ever sees it, and its letter goes to the address on record: there is no other in the request. What was begun with the
//! old letter is canceled with it ([`super::begun`]). A code that was used is replaced once its enrollment was canceled or refused.
//!
//! A batch of reissues takes codes until it is exported, which completes it; the next reissue opens another one. So every
//! code of a batch that can be sealed could be printed. A code whose batch was never exported keeps its letter: nobody has seen
//! it, and another one would be a second letter in the same mailing.

use sea_orm::EntityTrait;
use serde_json::json;
use uuid::Uuid;

use crate::codes::batch;
use crate::codes::batch::issue::{fresh_batch, open_secret};
use crate::codes::campaign::{store as campaigns, term};
use crate::codes::code::derive;
use crate::codes::context::Context;
use crate::codes::error::Error;
use crate::codes::store::insert;
use crate::codes::wave::fresh::{fresh_wave, insert_numbered};
use crate::db::entities::code::{self, State};
use crate::db::entities::{campaign, code_batch, wave};
use crate::db::{self, Tx, audit};
use crate::kernel::caller::Role;
use crate::kernel::ids::{BatchId, CampaignId, IndividualId};
use crate::kernel::keyring::Purpose;
use crate::process::request::{self, Request};
use crate::process::{Act, Call};

use super::begun::{self, Fate, Which};
use super::reissue_limits;
use super::store::{self, Addressee, Line, Printed};
use super::whose::{self, Whose};

/// Another letter for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reissue {
    /// The engagement number, in its one spelling.
    pub engagement_number: String,
    /// Who.
    pub whose: Whose,
    /// Why.
    pub why: Why,
}

/// Why somebody gets another letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Why {
    /// The person had the letter and lost it.
    Lost,
    /// The letter did not come.
    NotReceived,
    /// The letter cannot be read.
    Damaged,
    /// The address on record was wrong and has been corrected.
    AddressCorrected,
    /// Somebody else may know the code.
    Compromised,
    /// Somebody ordered it who lost the letter and asked without an agent ([`super::orders`]).
    Ordered,
}

/// What may be needed for a new batch, made outside the transaction so that running it again makes the same one.
pub(super) struct Fresh {
    batch: code_batch::Model,
    wave: wave::Model,
}

impl Fresh {
    pub(super) fn of(context: &Context, campaign: CampaignId) -> Result<Self, Error> {
        Ok(Self {
            batch: fresh_batch(context, campaign)?,
            wave: fresh_wave(context, campaign, wave::Kind::Reissue),
        })
    }
}

/// Makes a code that takes the place of the individual's newest one, and gives it.
pub async fn reissue_code(
    context: &Context,
    call: &Call,
    request: &Request,
    reissue: &Reissue,
) -> Result<Line, Error> {
    let read = context.db.read();
    let cached = (context.campaign_cache)
        .by_number(read, &reissue.engagement_number)
        .await?;
    let campaign = cached.id;
    let fresh = &Fresh::of(context, campaign)?;
    let done = context.db.run_tx("reissue_code", |tx| {
        Box::pin(async move {
            // Issues, reissues and exports of one campaign take turns. The same request may have waited for it beside this.
            campaigns::lock(tx, campaign).await?;
            if let Some(mac) = request::answered::<Uuid>(tx, request).await? {
                return Ok(mac);
            }
            let found = campaigns::lock_open(tx, campaign).await?;
            if call.agent.is_some() {
                reissue_limits::charge_agent(context, tx, &call.actor()).await?;
            }
            let individual =
                whose::individual(tx, campaign, reissue.whose, (call, context.now())).await?;
            let whom = (individual, reissue.why);
            let (mac, detail) = replace(context, tx, call, &found, whom, fresh).await?;
            let act = Act::on("code.reissued", "individual", individual);
            let event = call.event(context, Some(campaign), act, detail);
            audit::record(tx, &[event]).await?;
            request::record(tx, request, &mac, context.now()).await?;
            Ok::<_, Error>(mac)
        })
    });
    let mac = done.await?;
    let gone = || db::Error::corrupt("a code that was written is not there");
    let code = code::Entity::find_by_id((campaign, mac)).one(read).await?;
    let individual = code.ok_or_else(gone)?.individual_id;
    let lines = store::of(read, campaign, individual).await?;
    let line = lines.into_iter().find(|line| line.mac == mac);
    Ok(line.ok_or_else(gone)?)
}

/// Makes the new code, unless the letter of the old one is not printed yet; gives the code that is good from now on.
pub(super) async fn replace(
    context: &Context,
    tx: &Tx<'_>,
    call: &Call,
    campaign: &campaign::Model,
    (individual, why): (IndividualId, Why),
    fresh: &Fresh,
) -> Result<(Uuid, serde_json::Value), Error> {
    let addressee = store::addressee(tx, campaign.id, individual).await?;
    let printed = printed(tx, campaign.id, &reachable(addressee)?).await?;
    // Before the codes are locked, as completing does.
    let begun = (campaign.id, Which::By(individual));
    begun::cancel(context, tx, begun, (&call.actor(), Fate::Replaced)).await?;
    let lines = store::lock(tx, campaign.id, individual).await?;
    let newest = newest(&lines).ok_or(Error::NoCodeYet)?;
    allowed(newest.state, call)?;
    let is_enrolled = begun::is_enrolled(tx, campaign.id, individual).await?;
    if newest.state == State::Redeemed && is_enrolled {
        return Err(Error::CodeRedeemed);
    }
    if context.now() >= newest.enroll_by_at {
        return Err(Error::EnrollmentExpired);
    }
    if newest.state == State::Issued && newest.is_to_be_printed() {
        store::set_printed(tx, campaign.id, newest.mac, printed).await?;
        let detail = json!({
            "why": why, "generation": newest.generation, "batch": newest.batch_id, "made": false,
        });
        return Ok((newest.mac, detail));
    }
    // What strangers may have ordered takes nothing of what the person can have from an agent.
    if why != Why::Ordered {
        reissue_limits::charge_person(context, tx, campaign.id, individual).await?;
    }
    if newest.state == State::Issued {
        store::supersede(tx, campaign.id, newest.mac, context.now()).await?;
    }
    let batch = batch_for(tx, newest, &lines, fresh).await?;
    let generation = 1 + lines.iter().map(|line| line.generation).max().unwrap_or(0);
    let code = open_secret(context, &batch)?.code(campaign.id, individual, generation);
    let mac = derive::mac(
        &context.keys.get(Purpose::Code, campaign.code_key_version)?,
        campaign.id,
        &code,
    );
    let row = code::Model {
        campaign_id: campaign.id,
        mac,
        individual_id: individual,
        batch_id: batch.id,
        generation,
        state: State::Issued,
        proof_days: printed.proof_days,
        supersedes: Some(newest.mac),
        settled_at: None,
        enrollment_id: None,
        withheld: None,
        without_code: printed.without_code,
    };
    insert(tx, &row).await?;
    batch::store::grow(tx, campaign.id, batch.id, 1).await?;
    let detail = json!({ "why": why, "generation": generation, "batch": batch.id, "made": true });
    Ok((mac, detail))
}

/// Gives what is printed for somebody: a corrected record may give a code to whoever had none, or take it away.
async fn printed(
    tx: &Tx<'_>,
    campaign: CampaignId,
    addressee: &Addressee,
) -> Result<Printed, Error> {
    let with_product = campaigns::populations_with_product(tx, campaign).await?;
    Ok(Printed {
        proof_days: term::proof_days(&addressee.region, &addressee.country),
        without_code: (!with_product.contains(&addressee.population)).then_some(true),
    })
}

fn reachable(addressee: Option<Addressee>) -> Result<Addressee, Error> {
    let addressee = addressee.ok_or(Error::IndividualNotFound)?;
    if addressee.erased_at.is_some() {
        return Err(Error::IndividualErased);
    }
    if !addressee.mailable {
        return Err(Error::NotMailable);
    }
    Ok(addressee)
}

/// Gives the code that counts: the one that is good, or the last one that there was.
fn newest(lines: &[Line]) -> Option<&Line> {
    let counts = |line: &&Line| line.state == State::Issued;
    lines.iter().find(counts).or(lines.first())
}

/// What an operator took back, only an operator gives again. One that was used is replaced once its enrollment has failed.
fn allowed(state: State, call: &Call) -> Result<(), Error> {
    match state {
        State::Issued | State::Superseded | State::Redeemed => Ok(()),
        State::Revoked if call.caller.role == Role::Operator => Ok(()),
        State::Revoked => Err(Error::CodeRevoked),
    }
}

/// Finds the batch of reissues of the same wave, with the same last day, that takes codes, or makes one. One that holds a code of
/// the individual already does not do: its letters are one a person.
async fn batch_for(
    tx: &Tx<'_>,
    newest: &Line,
    lines: &[Line],
    fresh: &Fresh,
) -> Result<code_batch::Model, Error> {
    let campaign: CampaignId = fresh.batch.campaign_id;
    let taken: Vec<BatchId> = lines.iter().map(|line| line.batch_id).collect();
    // A reissue of old does not know its origin; the letter that it replaced does.
    let mut origin = lines.iter().skip_while(|line| line.mac != newest.mac);
    let origin = origin.find_map(|line| line.origin);
    let of = (origin, newest.enroll_by_at);
    let open = batch::store::open_reissue(tx, campaign, of, &taken).await?;
    if let Some(open) = open {
        return Ok(open);
    }
    let last_day = (newest.enroll_by.as_str(), newest.enroll_by_at);
    let wave = wave::Model {
        reissue_of: origin,
        ..fresh.wave.clone()
    };
    let wave_id = insert_numbered(tx, &wave, last_day).await?;
    let batch = code_batch::Model {
        wave_id,
        ..fresh.batch.clone()
    };
    insert(tx, &batch).await?;
    Ok(batch)
}
