//! Compares the bureau's own books with what the callers were promised.
//!
//! The books know people by a keyed hash only. The demonstration hashes the people of its own roster file under the same
//! key, so the comparison uses no table of the services.

use std::collections::{BTreeMap, HashSet};

use ring::hmac;
use tonic::transport::Channel;

use crate::client::connect::{ClientRole, Endpoints};
use crate::client::paging::{PAGE_SIZE, read_all};
use crate::client::problem::{OrProblem, Problem};
use crate::kernel::client;
use crate::lab::callers::letters::Person;
use crate::wire::redress::bureau::v1 as wire;
use crate::wire::redress::sandbox::v1 as sandbox;
use sandbox::sandbox_service_client::SandboxServiceClient;

/// One bureau's books, as far as they were written since the demonstration began.
pub struct Books {
    channel: Channel,
    key: hmac::Key,
    before: HashSet<String>,
}

/// One enrollment in the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Redress's reference.
    pub handoff_id: String,
    /// The keyed hash of the person under this bureau's key, and the product.
    pub digest: String,
    /// Redress's id of the coverage.
    pub coverage_id: String,
    /// How often it was offered.
    pub offers: i32,
    /// Where it stands.
    pub progress: wire::EnrollmentProgress,
}

/// What the comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Promised, and in no book.
    pub lost: usize,
    /// In the books more often than promised.
    pub doubled: usize,
    /// Victims of impostors who stand in the books.
    pub impostors_enrolled: usize,
    /// In the books, and neither promised nor a victim.
    pub unexplained: usize,
}

impl Books {
    /// Opens the books of a bureau and remembers what stands in them already.
    pub async fn open(channel: Channel) -> Result<Self, Problem> {
        let mut client = SandboxServiceClient::new(channel.clone());
        let key = client
            .get_book_key(sandbox::GetBookKeyRequest {})
            .await
            .or_problem("read the bureau's books")?
            .key;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut books = Self {
            channel,
            key,
            before: HashSet::new(),
        };
        let before = books.entries().await?;
        books.before = before.into_iter().map(|entry| entry.handoff_id).collect();
        Ok(books)
    }

    /// Opens the books of every bureau.
    pub async fn open_all(endpoints: &Endpoints) -> Result<Vec<Self>, Problem> {
        let operator = endpoints.connect_as(ClientRole::Operator)?;
        let mut books = vec![Self::open(operator.bureau).await?];
        if let Some(url) = &endpoints.pull_bureau {
            let files = endpoints.files(ClientRole::Operator);
            let channel =
                client::connect(url, &files).map_err(|error| Problem::usage(error.to_string()))?;
            books.push(Self::open(channel).await?);
        }
        Ok(books)
    }

    /// Reads what was written since.
    pub async fn entries(&self) -> Result<Vec<Entry>, Problem> {
        let mut client = SandboxServiceClient::new(self.channel.clone());
        let entries = read_all(async |page_token| {
            let request = sandbox::ListBookEntriesRequest {
                page_size: PAGE_SIZE,
                page_token,
            };
            let answer = client.list_book_entries(request).await;
            let page = answer.or_problem("read the bureau's books")?;
            Ok((page.entries, page.next_page_token))
        });
        let entries = entries.await?.into_iter().filter_map(entry);
        let is_new = |entry: &Entry| !self.before.contains(&entry.handoff_id);
        Ok(entries.filter(is_new).collect())
    }

    /// Hashes a person as this bureau does, with the product that is promised.
    pub fn digest(&self, person: &Person, product: &str) -> String {
        let text = format!(
            "{}|{}|{}",
            person.ssn,
            person.family_name.trim(),
            person.date_of_birth
        )
        .to_uppercase();
        let digest =
            data_encoding::HEXLOWER.encode(hmac::sign(&self.key, text.as_bytes()).as_ref());
        keyed(&digest, product)
    }
}

/// Names one promise: a person and a product.
fn keyed(digest: &str, product: &str) -> String {
    format!("{digest} {product}")
}

fn entry(entry: sandbox::BookEntry) -> Option<Entry> {
    let status = entry.status?;
    Some(Entry {
        progress: status.progress(),
        handoff_id: status.handoff_id,
        coverage_id: entry.coverage_id,
        offers: entry.offers,
        digest: keyed(&entry.subject_digest.to_lowercase(), &entry.product_code),
    })
}

/// Compares: `promised` and `victims` hold the digests of each person and product, one per bureau.
pub fn compare(promised: &[Vec<String>], victims: &[Vec<String>], booked: &[Entry]) -> Found {
    let mut owed: BTreeMap<&[String], usize> = BTreeMap::new();
    for person in promised {
        *owed.entry(person).or_default() += 1;
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    // A withdrawn enrollment keeps no promise, but it counts for people who were promised none.
    let mut stands_now: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in booked {
        *times.entry(&entry.digest).or_default() += 1;
        if entry.progress != wire::EnrollmentProgress::Canceled {
            *stands_now.entry(&entry.digest).or_default() += 1;
        }
    }
    let mut found = Found::default();
    for (person, promises) in &owed {
        let stands: usize = person
            .iter()
            .filter_map(|digest| stands_now.get(digest.as_str()))
            .sum();
        found.lost += promises.saturating_sub(stands);
        found.doubled += stands.saturating_sub(*promises);
    }
    let owed: HashSet<&str> = owed
        .keys()
        .flat_map(|person| person.iter())
        .map(String::as_str)
        .collect();
    let victims: HashSet<&str> = victims.iter().flatten().map(String::as_str).collect();
    for (digest, stands) in times
        .into_iter()
        .filter(|(digest, _)| !owed.contains(digest))
    {
        if victims.contains(digest) {
            found.impostors_enrolled += stands;
        } else {
            found.unexplained += stands;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked(digests: &[&str]) -> Vec<Entry> {
        let entry = |digest: &&str| Entry {
            handoff_id: String::new(),
            coverage_id: String::new(),
            offers: 1,
            digest: (*digest).to_owned(),
            progress: wire::EnrollmentProgress::Active,
        };
        digests.iter().map(entry).collect()
    }

    fn people(digests: &[&str]) -> Vec<Vec<String>> {
        digests
            .iter()
            .map(|digest| vec![(*digest).to_owned(), format!("other-{digest}")])
            .collect()
    }

    #[test]
    fn books_that_agree_show_nothing() {
        let found = compare(
            &people(&["a", "b"]),
            &people(&["v"]),
            &booked(&["other-a", "b"]),
        );
        assert_eq!(found, Found::default());
    }

    #[test]
    fn lost_doubled_and_impostors_are_told_apart() {
        let found = compare(
            &people(&["a", "b"]),
            &people(&["v"]),
            &booked(&["b", "other-b", "v", "x"]),
        );
        assert_eq!(
            found,
            Found {
                lost: 1,
                doubled: 1,
                impostors_enrolled: 1,
                unexplained: 1
            }
        );
    }

    #[test]
    fn a_withdrawn_enrollment_keeps_no_promise_and_doubles_none() {
        let mut books = booked(&["a", "b", "b", "v"]);
        for withdrawn in [0, 1, 3] {
            books[withdrawn].progress = wire::EnrollmentProgress::Canceled;
        }
        let found = compare(&people(&["a", "b"]), &people(&["v"]), &books);
        let expected = Found {
            lost: 1,
            impostors_enrolled: 1,
            ..Found::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn two_people_who_look_the_same_are_two_promises() {
        let found = compare(&people(&["a", "a"]), &[], &booked(&["a", "a"]));
        assert_eq!(found, Found::default());
    }
}
