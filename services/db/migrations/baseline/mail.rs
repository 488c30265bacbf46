//! What the mail house and the postal service say of letters.

use crate::db::migrations::blueprint::{Blueprint, instant, maybe, text, uuid};

pub(super) fn tables() -> Vec<Blueprint> {
    vec![mail_event()]
}

/// Something that happened to one person's letter: of each kind one a day. The address is not here, only a keyed hash of it.
pub fn mail_event() -> Blueprint {
    Blueprint::table(
        "mail_event",
        &["campaign_id", "individual_id", "happened_on", "kind"],
        [
            uuid("campaign_id"),
            uuid("individual_id"),
            text("happened_on"),
            text("kind"),
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
