//! The messages to people, as the sender's outbox holds them, and codes that nobody was ever given.

use std::path::Path;

use redress::codes::code::Code;
use redress::wire::redress::identity::v1::{ContactChannel, VerificationState};

use super::person::Person;
use super::poll;
use super::walk::{Letter, SETTLED};

/// Has a confirmation code sent to the e-mail address on the roster, reads it there and confirms it.
pub async fn by_mail(person: Person<'_>, verification_id: &str, address: &str) {
    let client = person.client();
    let waiting = client.verification(verification_id).await;
    let contacts = waiting.expect("a verification").contacts;
    let mut contacts = contacts.iter();
    let contact = contacts.find(|one| one.channel() == ContactChannel::Email);
    let sent = client.send_code(verification_id, contact.expect("an e-mail address"));
    sent.await.expect("a code is sent");
    let digits = poll::until("a message", SETTLED, async || {
        messages(&person.house.outbox())
            .iter()
            .rev()
            .filter(|message| message.contains(address))
            .find_map(|message| six_digits(message))
    })
    .await;
    let confirmed = client.confirm(verification_id, &digits).await;
    let state = confirmed.expect("confirmed").state();
    assert_eq!(state, VerificationState::Verified);
}

/// Every message in the outbox, oldest first by name.
pub fn messages(outbox: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(outbox).into_iter().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    let read = files.iter().filter(|file| file.is_file());
    read.filter_map(|file| std::fs::read_to_string(file).ok())
        .collect()
}

/// The one number of exactly six digits in a message.
pub fn six_digits(message: &str) -> Option<String> {
    let words = message.split(|letter: char| !letter.is_ascii_alphanumeric());
    let mut codes =
        words.filter(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()));
    codes.next().map(str::to_owned)
}

/// A code whose check symbols fit and that stands on none of these letters.
pub fn well_formed_but_never_issued(letters: &[Letter]) -> String {
    (0x5eed_u128..0x5eed_ffff)
        .map(|bits| Code::from_bits(bits).expose())
        .find(|code| letters.iter().all(|letter| letter.code != *code))
        .expect("there are 2^70 codes")
}
