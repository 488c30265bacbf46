//! One partner as the push worker sees it: its connection, its gate, what is under way.

use crate::handoff::context::Context;
use crate::handoff::metrics;
use crate::handoff::queue::model::Partner;
use crate::kernel::certs::TlsFiles;
use crate::kernel::client::{self, Outgoing};
use crate::kernel::clock::Timestamp;

use super::circuit_breaker::{Gate, Signal};
use super::client::Bureau;

pub(crate) struct Lane {
    pub partner: Partner,
    /// The name for the audit log, as the partner's own certificate has it.
    pub actor: String,
    /// `None` where the endpoint cannot be used; the operator sees an error line.
    pub bureau: Option<Bureau>,
    pub under_way: usize,
    /// Nothing more was due when last looked.
    pub is_dry: bool,
    /// The partner is active.
    pub is_wanted: bool,
    gate: Gate,
}

impl Lane {
    pub fn new(context: &Context, tls: &TlsFiles, partner: Partner) -> Self {
        Self {
            actor: format!("partner/{}", partner.name),
            bureau: bureau(context, tls, &partner),
            gate: Gate::new(partner.breaker, partner.max_in_flight.into()),
            under_way: 0,
            is_dry: false,
            is_wanted: true,
            partner,
        }
    }

    /// Takes in what the operator changed, and that it is time to look again.
    pub fn update(&mut self, context: &Context, tls: &TlsFiles, partner: Partner) {
        if self.bureau.is_none() || self.partner.endpoint != partner.endpoint {
            self.bureau = bureau(context, tls, &partner);
        }
        self.partner = partner;
        self.is_dry = false;
        self.is_wanted = true;
    }

    /// Tells how many more handoffs may be taken up.
    pub fn room(&self, now: Timestamp) -> usize {
        if self.is_dry || !self.is_wanted {
            return 0;
        }
        self.gate
            .room(now, self.under_way, self.partner.max_in_flight.into())
    }

    /// Takes in that a call ended.
    pub fn ended(&mut self, signal: Signal, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        let was_open = self.gate.is_open();
        self.gate
            .note(signal, now, self.partner.max_in_flight.into());
        if self.gate.is_open() && !was_open {
            metrics::breaker_opened(&self.partner.name);
            tracing::warn!(partner = %self.partner.name, "the circuit breaker opened; handoffs wait");
        }
    }
}

fn bureau(context: &Context, tls: &TlsFiles, partner: &Partner) -> Option<Bureau> {
    let endpoint = partner.endpoint.as_deref()?;
    match client::connect(endpoint, tls) {
        Ok(channel) => {
            let client = Outgoing::new().on(channel);
            Some(Bureau::new(
                client,
                context.clock.clone(),
                context.rules.call_timeout,
            ))
        }
        Err(error) => {
            tracing::error!(partner = %partner.name, %error, "the partner cannot be called");
            None
        }
    }
}
