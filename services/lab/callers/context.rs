//! What the simulated people share.

use crate::client::connect::Channels;
use crate::client::enrollment::EnrollmentClient;
use crate::kernel::caller::Agent;
use crate::kernel::client::Outgoing;
use crate::lab::callers::outbox::Outbox;
use crate::lab::callers::reviewer::Reviewer;
use crate::wire::redress::enrollment::v1::EnrollmentChannel;

/// How often a caller makes a call that may work later.
const ATTEMPTS: u32 = 8;

/// What the simulated people share.
pub struct CallContext {
    /// An enrollment page's backend.
    pub portal: Channels,
    /// A call center's backend.
    pub call_center: Channels,
    /// Two operators, who review what the call center may not.
    pub operators: [Channels; 2],
    /// The campaign's engagement number, as it stands in the letter.
    pub engagement_number: String,
    /// Where confirmation codes are left.
    pub outbox: Outbox,
    /// The two agents who decide referrals.
    pub reviewer: Reviewer,
    /// Repeats the same draws.
    pub seed: u64,
}

impl CallContext {
    /// Connects a caller: two of five use the telephone. Each comes from a network of their own.
    pub fn client(&self, caller: usize) -> EnrollmentClient {
        let network = format!("10.{}.{}.0/24", caller / 250 % 250, caller % 250);
        let outgoing = Outgoing::new().network(&network);
        let by_phone = caller % 5 < 2;
        let (channels, outgoing, channel) = if by_phone {
            let agent = Agent {
                agent: format!("agent-{:04}", caller / 4),
                case: format!("case-{caller:06}"),
                reason: "enrollment".to_owned(),
            };
            (
                &self.call_center,
                outgoing.agent(&agent),
                EnrollmentChannel::Phone,
            )
        } else {
            (&self.portal, outgoing, EnrollmentChannel::Web)
        };
        EnrollmentClient::new(
            channels,
            outgoing,
            &self.engagement_number,
            channel,
            ATTEMPTS,
        )
        // One of ten speaks Spanish; the others take the campaign's language.
        .speaking(if caller % 10 == 3 { "es" } else { "" })
    }
}
