//! What the postal service stamps on a letter that comes back, in its words and letters (DMM 507, exhibit 1.4.1).

use crate::wire::redress::identity::v1::ReturnReason;
use ReturnReason::{
    Deceased, MovedLeftNoAddress, NotDeliverableAsAddressed, Other, Refused, Unclaimed, Vacant,
};

/// The endorsements and their abbreviations, letters only. The address is at fault in most of them.
const ENDORSEMENTS: [(ReturnReason, &[&str]); 7] = [
    (
        NotDeliverableAsAddressed,
        &[
            "NOTDELIVERABLEASADDRESSED",
            "UNABLETOFORWARD",
            "UTF",
            "NDA",
            "ATTEMPTEDNOTKNOWN",
            "NOTKNOWN",
            "ANK",
            "BOXCLOSED",
            "BOXCLOSEDNOORDER",
            "BCNO",
            "FORWARDINGORDEREXPIRED",
            "FORWARDINGTIMEEXPIRED",
            "FORWARDTIMEEXP",
            "FORWARDTIMEEXPIRED",
            "FOE",
            "ILLEGIBLE",
            "ILL",
            "INSUFFICIENTADDRESS",
            "IA",
            "NOMAILRECEPTACLE",
            "NMR",
            "NOSUCHNUMBER",
            "NSN",
            "NOSUCHOFFICE",
            "NOSUCHOFFICEINSTATE",
            "NOSUCHSTREET",
            "NSS",
            "OUTSIDEDELIVERYLIMITS",
            "RETURNEDFORBETTERADDRESS",
        ],
    ),
    (MovedLeftNoAddress, &["MOVEDLEFTNOADDRESS", "MOVED", "MLNA"]),
    (Vacant, &["VACANT", "VAC"]),
    (Deceased, &["DECEASED", "DEC"]),
    (Refused, &["REFUSED", "REF"]),
    (Unclaimed, &["UNCLAIMED", "UNC"]),
    (
        Other,
        &[
            "DELIVERYSUSPENDEDTOCOMMERCIALMAILRECEIVINGAGENCY",
            "INDISPUTE",
            "DIS",
            "OTHER",
            "RETURNEDFORPOSTAGE",
            "TEMPORARILYAWAY",
            "TA",
        ],
    ),
];

/// Reads an endorsement, however it is written, with or without what stands around it on the yellow label.
pub fn read(text: &str) -> Option<ReturnReason> {
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
    let letters = letters.to_ascii_uppercase();
    let bare = ["RETURNTOSENDER", "RTS"]
        .iter()
        .find_map(|label| letters.strip_prefix(label))
        .unwrap_or(&letters);
    let bare = bare
        .strip_suffix("UNABLETOFORWARD")
        .filter(|rest| !rest.is_empty())
        .unwrap_or(bare);
    let known = ENDORSEMENTS.iter().find(|(_, words)| words.contains(&bare));
    known.map(|(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endorsements_are_read_as_the_label_has_them() {
        for (text, reason) in [
            ("ANK", NotDeliverableAsAddressed),
            ("Attempted - Not Known", NotDeliverableAsAddressed),
            ("NO SUCH STREET", NotDeliverableAsAddressed),
            ("insufficient address", NotDeliverableAsAddressed),
            (
                "RETURN TO SENDER/NOT DELIVERABLE AS ADDRESSED/UNABLE TO FORWARD",
                NotDeliverableAsAddressed,
            ),
            ("UNABLE TO FORWARD", NotDeliverableAsAddressed),
            ("RTS VACANT", Vacant),
            ("moved left no address", MovedLeftNoAddress),
            ("MLNA", MovedLeftNoAddress),
            ("Deceased", Deceased),
            ("REF", Refused),
            ("Unclaimed", Unclaimed),
            ("Temporarily Away", Other),
        ] {
            assert_eq!(read(text), Some(reason), "{text}");
        }
        for text in ["", "RTS", "UNSPECIFIED", "???", "ADDRESS"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_endorsement_means_one_thing_and_every_reason_has_one() {
        let all: Vec<&str> = ENDORSEMENTS
            .iter()
            .flat_map(|(_, words)| *words)
            .copied()
            .collect();
        let once: std::collections::HashSet<&str> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len());
        let names = (1..=7).map(|number| ReturnReason::try_from(number).unwrap());
        for reason in names {
            let name = reason.as_str_name().trim_start_matches("RETURN_REASON_");
            assert_eq!(read(name), Some(reason));
        }
        assert!(ReturnReason::try_from(8).is_err());
    }
}
