//! Names and addresses in the order of individual ids, those of a few people without those of everybody between them.

use std::cmp::Ordering;

use tokio::runtime::Handle;
use tonic::transport::Channel;

use super::merge::Feed;
use super::place::before;
use crate::cli::problem::{OrSay, Problem};
use crate::wire::redress::identity::v1 as wire;
use wire::roster_service_client::RosterServiceClient;

const DOING: &str = "export the addresses";
/// So many people without a letter in a row, and the stream is left for one that begins with the next who has one: a wave of a
/// few, or a batch of reissues, takes the names of a few out of their process.
const STRANGERS: u32 = 2_000;

/// The addresses of a campaign.
pub struct Addresses {
    identity: Channel,
    campaign_id: String,
    feed: Feed<wire::MailingAddress>,
    waiting: Option<wire::MailingAddress>,
}

impl Addresses {
    /// Opens the stream after an individual.
    pub async fn open(
        identity: Channel,
        campaign_id: String,
        after: String,
    ) -> Result<Self, Problem> {
        Ok(Self {
            feed: open(&identity, &campaign_id, after).await?,
            identity,
            campaign_id,
            waiting: None,
        })
    }

    /// Gives the address of an individual, if there is one; who is asked for comes after whoever was asked for before.
    ///
    /// Blocks: it runs on a thread for such work.
    pub fn of(&mut self, individual_id: &str) -> Result<Option<wire::MailingAddress>, Problem> {
        let mut strangers = 0;
        loop {
            let address = match self.waiting.take() {
                Some(address) => address,
                None => match self.feed.next()? {
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
                let nearer = open(&self.identity, &self.campaign_id, before(individual_id));
                self.feed = Handle::current().block_on(nearer)?;
            }
        }
    }
}

async fn open(
    identity: &Channel,
    campaign_id: &str,
    after: String,
) -> Result<Feed<wire::MailingAddress>, Problem> {
    let request = wire::ExportMailingAddressesRequest {
        campaign_id: campaign_id.to_owned(),
        after_individual_id: after,
    };
    let answer = RosterServiceClient::new(identity.clone())
        .export_mailing_addresses(request)
        .await;
    let stream = answer.or_say(DOING)?;
    Ok(Feed::of(
        Vec::new(),
        stream,
        |answer| answer.addresses,
        DOING,
    ))
}
