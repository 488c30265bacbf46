//! What an operator needs to find and mend people: events that name their letter, people who are taken off the list, and which rows a
//! complete file had.

use super::blueprint::{Blueprint, boolean, instant, int, maybe, otherwise, text, uuid};
use super::change::{Change, Remade};

pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::Remake(vec![Remade {
            table: mail_event(),
            values: &[("generation", "0")],
        }]),
        Change::Add("individual", vec![maybe(instant("withdrawn_at"))]),
        Change::Add(
            "individual_entity",
            vec![otherwise(boolean("withdrawn"), false)],
        ),
        Change::Add("roster_import", vec![otherwise(boolean("complete"), false)]),
        Change::Make(complete_row()),
    ]
}

/// Something that happened to one letter of a person: of each kind one a day. Generation 0: it is not known which letter it was.
fn mail_event() -> Blueprint {
    Blueprint::table(
        "mail_event",
        &["campaign_id", "individual_id", "happened_on", "kind", "generation"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            text("happened_on"),
            text("kind"),
            int("generation"),
            maybe(text("return_reason")),
            maybe(text("address_source")),
            maybe(uuid("address_mac")),
            text("recorded_by"),
            instant("recorded_at"),
        ],
    )
    .one_of(
        "kind",
        &["MAILED", "RETURNED", "ADDRESS_CORRECTED", "REMAILED"],
    )
    .check("generation", "generation >= 0")
    .check("returned", "(kind = 'RETURNED') = (return_reason IS NOT NULL)")
    .check(
        "corrected",
        "(kind = 'ADDRESS_CORRECTED') = (address_source IS NOT NULL) AND (address_source IS NULL) = (address_mac IS NULL)",
    )
    .references(
        &["campaign_id", "individual_id"],
        "individual",
        &["campaign_id", "id"],
    )
    .clustered()
}

/// A reference that stands in a file which holds everybody of its covered entities: whoever is known to them and has none is missing in it.
fn complete_row() -> Blueprint {
    Blueprint::table(
        "complete_row",
        &["campaign_id", "import_id", "covered_entity_id", "ref_mac"],
        [
            uuid("campaign_id"),
            uuid("import_id"),
            uuid("covered_entity_id"),
            uuid("ref_mac"),
        ],
    )
    .clustered()
}
