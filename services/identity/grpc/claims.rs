//! Claims: parsed and folded once.

use crate::identity::matching::compare::Claims;
use crate::identity::matching::fold;
use crate::identity::matching::ssn;
use crate::wire::redress::identity::v1 as wire;

use crate::kernel::fields::Fields;

const NAME: usize = 80;

/// Reads claims; names every field that is wrong, never its value.
pub fn read(fields: &mut Fields, claims: Option<&wire::Claims>) -> Option<Claims> {
    let Some(claims) = claims else {
        fields.wrong("claims", "must be given");
        return None;
    };
    let given = fields.maybe_text("claims.given_name", &claims.given_name, NAME);
    let given = given.map(fold::name).unwrap_or_default();
    fields.demand(!given.is_empty(), "claims.given_name", "must be a name");
    let middle = fields.maybe_text("claims.middle_name", &claims.middle_name, NAME);
    let family = fields.maybe_text("claims.family_name", &claims.family_name, NAME);
    let family = family.map(fold::family).unwrap_or_default();
    fields.demand(!family.is_empty(), "claims.family_name", "must be a name");
    let born = claims.date_of_birth.as_ref();
    let born = born.map(|date| (date.year, date.month, date.day));
    let born = fields.date("claims.date_of_birth", born);
    let number = fields.maybe_text("claims.ssn", &claims.ssn, 11);
    let ssn = number.and_then(ssn::parse_claimed);
    fields.demand(
        number.is_none() || ssn.is_some(),
        "claims.ssn",
        "must be nine digits or the last four",
    );
    let postal = fields.maybe_text("claims.postal_code", &claims.postal_code, 16);
    Some(Claims {
        given,
        middle: middle.map(fold::name).unwrap_or_default(),
        family,
        born: born?,
        ssn,
        postal: postal
            .map(fold::postal)
            .filter(|postal| !postal.expose().is_empty()),
    })
}
