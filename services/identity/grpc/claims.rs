//! Claims: parsed and folded once.

use crate::identity::matching::compare::Claims;
use crate::identity::matching::fold;
use crate::identity::matching::ssn;
use crate::wire::redress::identity::v1 as wire;

use super::fields::Problems;

const NAME: usize = 80;

/// Reads claims; names every field that is wrong, never its value.
pub fn read(problems: &mut Problems, claims: Option<&wire::Claims>) -> Option<Claims> {
    let Some(claims) = claims else {
        problems.add("claims", "must be given");
        return None;
    };
    let given = problems.text("claims.given_name", &claims.given_name, NAME);
    let given = given
        .map(|given| fold::name(given.expose()))
        .unwrap_or_default();
    problems.demand(!given.is_empty(), "claims.given_name", "must be a name");
    let middle = problems.text("claims.middle_name", &claims.middle_name, NAME);
    let family = problems.text("claims.family_name", &claims.family_name, NAME);
    let family = family
        .map(|family| fold::family(family.expose()))
        .unwrap_or_default();
    problems.demand(!family.is_empty(), "claims.family_name", "must be a name");
    let born = problems.date("claims.date_of_birth", claims.date_of_birth.as_ref());
    let number = problems.text("claims.ssn", &claims.ssn, 11);
    let ssn = number
        .as_ref()
        .and_then(|number| ssn::parse_claimed(number.expose()));
    problems.demand(
        number.is_none() || ssn.is_some(),
        "claims.ssn",
        "must be nine digits or the last four",
    );
    let postal = problems.text("claims.postal_code", &claims.postal_code, 16);
    Some(Claims {
        given,
        middle: middle
            .map(|middle| fold::name(middle.expose()))
            .unwrap_or_default(),
        family,
        born: born?,
        ssn,
        postal: postal
            .map(|postal| fold::postal(postal.expose()))
            .filter(|postal| !postal.expose().is_empty()),
    })
}
