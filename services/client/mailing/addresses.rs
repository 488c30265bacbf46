//! Names and addresses in the order of individual ids, without reading everybody between two people who are far apart.

use std::cmp::Ordering;

use tokio::runtime::Handle;
use tonic::transport::Channel;
use uuid::Uuid;

use super::feed::Feed;
use crate::client::problem::{OrProblem, Problem};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

const DOING: &str = "export the addresses";
/// After so many people in a row who get no letter, a new stream is opened at the next one who does: the file of a small wave
/// takes few names out of their process.
const STRANGERS: u32 = 2_000;

/// The addresses of a campaign.
pub struct Addresses {
    identity: Channel,
    campaign_id: String,
    feed: Feed<wire::MailingAddress>,
    waiting: Option<wire::MailingAddress>,
}

impl Addresses {
    /// Opens the stream at an individual.
    pub async fn open(
        identity: Channel,
        campaign_id: String,
        first: &str,
    ) -> Result<Self, Problem> {
        Ok(Self {
            feed: open(&identity, &campaign_id, first).await?,
            identity,
            campaign_id,
            waiting: None,
        })
    }

    /// Gives the address of an individual, if there is one. Ids must be asked for in ascending order.
    ///
    /// Blocks: it runs on a thread for such work.
    pub fn of(&mut self, individual_id: &str) -> Result<Option<wire::MailingAddress>, Problem> {
        let mut strangers = 0;
        loop {
            let address = match self.waiting.take() {
                Some(address) => address,
                None => match self.feed.next_item()? {
                    Some(address) => address,
                    None => return Ok(None),
                },
            };
            match address.individual_id.as_str().cmp(individual_id) {
                Ordering::Less => strangers += 1,
                Ordering::Equal => return Ok(Some(address)),
                Ordering::Greater => {
                    self.waiting = Some(address);
                    return Ok(None);
                }
            }
            if strangers == STRANGERS {
                let nearer = open(&self.identity, &self.campaign_id, individual_id);
                self.feed = Handle::current().block_on(nearer)?;
            }
        }
    }
}

async fn open(
    identity: &Channel,
    campaign_id: &str,
    first: &str,
) -> Result<Feed<wire::MailingAddress>, Problem> {
    let request = wire::ExportMailingAddressesRequest {
        campaign: campaign_id.to_owned(),
        after_individual_id: before(first),
    };
    let answer = RosterServiceClient::new(identity.clone())
        .export_mailing_addresses(request)
        .await;
    let stream = answer.or_problem(DOING)?;
    Ok(Feed::of(
        Vec::new(),
        stream,
        |answer| answer.addresses,
        DOING,
    ))
}

/// Gives the id right before another: streams begin after an id.
fn before(individual_id: &str) -> String {
    let id = Uuid::try_parse(individual_id).unwrap_or_default().as_u128();
    id.checked_sub(1)
        .map_or_else(String::new, |id| Uuid::from_u128(id).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_before_another_is_the_next_smaller_one() {
        assert_eq!(
            before("018f0000-0000-7000-8000-000000000000"),
            "018f0000-0000-7000-7fff-ffffffffffff"
        );
        assert_eq!(before("00000000-0000-0000-0000-000000000000"), "");
    }
}
