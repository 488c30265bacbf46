//! One partner as the push worker sees it: its connection, its circuit breaker, what is under way.

use crate::handoff::context::Context;
use crate::handoff::metrics;
use crate::handoff::partner::model::Partner;
use crate::kernel::certs::TlsFiles;
use crate::kernel::client::{self, Outgoing};
use crate::kernel::clock::Timestamp;

use super::circuit_breaker::{CircuitBreaker, Signal};
use super::client::Bureau;

pub(crate) struct PartnerSession {
    pub partner: Partner,
    /// The name for the audit log, as the partner's own certificate has it.
    pub actor: String,
    /// `None` where the endpoint cannot be used; the operator sees an error line.
    pub bureau: Option<Bureau>,
    pub under_way: usize,
    /// Nothing more was due at the last lease.
    pub is_idle: bool,
    /// The partner is active.
    pub is_active: bool,
    breaker: CircuitBreaker,
}

impl PartnerSession {
    pub fn new(context: &Context, tls: &TlsFiles, partner: Partner) -> Self {
        metrics::breaker(&partner.name, false);
        Self {
            actor: format!("partner/{}", partner.name),
            bureau: bureau(context, tls, &partner),
            breaker: CircuitBreaker::new(partner.breaker, partner.max_in_flight.into()),
            under_way: 0,
            is_idle: false,
            is_active: true,
            partner,
        }
    }

    /// Takes over what the operator changed; the queue is polled again.
    pub fn update(&mut self, context: &Context, tls: &TlsFiles, partner: Partner) {
        let place = |partner: &Partner| (partner.endpoint.clone(), partner.server_uri.clone());
        if self.bureau.is_none() || place(&self.partner) != place(&partner) {
            self.bureau = bureau(context, tls, &partner);
        }
        self.partner = partner;
        self.is_idle = false;
        self.is_active = true;
    }

    /// Gives how many more handoffs may be sent.
    pub fn room(&self, now: Timestamp) -> usize {
        if self.is_idle || !self.is_active {
            return 0;
        }
        self.breaker
            .room(now, self.under_way, self.partner.max_in_flight.into())
    }

    /// Records that a call ended.
    pub fn ended(&mut self, signal: Signal, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        let was_open = self.breaker.is_open();
        self.breaker
            .record(signal, now, self.partner.max_in_flight.into());
        if self.breaker.is_open() && !was_open {
            metrics::breaker_opened(&self.partner.name);
            tracing::warn!(partner = %self.partner.name, "the circuit breaker opened; handoffs wait");
        }
        metrics::breaker(&self.partner.name, self.breaker.is_open());
    }
}

fn bureau(context: &Context, tls: &TlsFiles, partner: &Partner) -> Option<Bureau> {
    let endpoint = partner.endpoint.as_deref()?;
    match client::connect_to(endpoint, tls, partner.server_uri.as_deref()) {
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
