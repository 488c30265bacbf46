//! A campaign of invented people of whom the truth is known: the codes of their letters, and the portal where they claim.

pub mod desk;
pub mod enroll;
pub mod subject;

use std::path::Path;

use super::at_once::run;
use crate::client::connect::{ClientRole, Endpoints};
use crate::client::mailing::export::export;
use crate::client::mailing::order::Order;
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::client::roster::import::{Purpose, import};
use crate::client::table::Options;
use crate::client::{campaign, codes};
use crate::lab::campaign::{invented, today};
use crate::lab::people::labelled::label::Label;
use crate::lab::processes::partners;
use crate::wire::redress::enrollment::v1::Campaign;
use desk::Desk;
use subject::{Known, Subject, known, subjects};

/// The people of a campaign, and where they claim.
pub struct Loaded {
    /// The campaign.
    pub campaign: Campaign,
    /// Where.
    pub desk: Desk,
    /// Everybody who is on the roster once and as they are.
    pub known: Vec<Known>,
    /// Those whose letters are used.
    pub subjects: Vec<Subject>,
}

/// Somebody, and the enrollment that their letter began.
pub type Begun<'a> = (&'a Subject, String);

/// Gives how many people a roster needs for so many letters: two in five are adults who are listed once and right, and most of them
/// get a letter.
pub const fn people_for(letters: usize) -> u64 {
    letters as u64 * 3 + 400
}

/// Imports a roster with its labels, issues the codes and writes the print file. Where there is a bureau that pulls, everybody is owed a
/// product of it too.
pub async fn load(
    endpoints: &Endpoints,
    (roster, labels): (&Path, Vec<Label>),
    letters: usize,
    show: Show,
) -> Result<Loaded, Problem> {
    partners::create(endpoints).await?;
    let channels = endpoints.connect_as(ClientRole::Operator)?;
    let partner = endpoints.bureau_partner();
    let mut products = vec![("CM3B", partner)];
    if endpoints.pull_bureau.is_some() {
        products.push(("CM1B", endpoints.pull_partner()));
    }
    let file = invented("Benchmark", &products, partner, today()?)?;
    let (campaign, _) = campaign::create(&channels, &file).await?;
    let id = &campaign.campaign_id;
    let purpose = Purpose::Load { complete: false };
    import(&channels, id, roster, &Options::default(), purpose, show).await?;
    let batch = codes::issue(&channels, id, String::new(), show).await?;
    let batch = batch.ok_or_else(|| Problem::refused("nobody was owed a code"))?;
    let mailing = roster.with_file_name("letters.csv");
    let order = Order::of_batch(&campaign, batch, &mailing);
    export(&channels, &order, show).await?;
    let known = known(roster, labels)?;
    let portal = endpoints.connect_as(ClientRole::Portal)?;
    let call_center = endpoints.connect_as(ClientRole::CallCenter)?;
    Ok(Loaded {
        subjects: subjects(roster, &mailing, &known, letters)?,
        desk: Desk::new(portal, call_center, &campaign.engagement_number),
        known,
        campaign,
    })
}

impl Loaded {
    /// Begins an enrollment with each letter.
    pub async fn begin(&self, show: Show) -> Result<Vec<Begun<'_>>, Problem> {
        let progress = show("letters are begun with", Unit::Pieces);
        let calls = self.subjects.iter().map(|one| self.desk.begin(&one.code));
        let begun = run(calls, &progress).await?;
        Ok(self.subjects.iter().zip(begun).collect())
    }
}
