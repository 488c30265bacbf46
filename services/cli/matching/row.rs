//! A row of a file as a record that is compared: read as an import reads it, though nobody's reference or covered entity is known.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::identity::matching::resolve::Record;
use crate::identity::roster::raw::RawColumns;
use crate::identity::roster::reject::Reject;
use crate::identity::roster::row::{Rules, parse_row};
use crate::kernel::dates::DateOrder;
use crate::kernel::ids::CoveredEntityId;

/// Stands for the reference and the covered entity.
const ANY: &str = "any";

/// Gives what rows are judged against.
pub fn rules(as_of: Date, day_first: bool) -> Rules {
    let any = CoveredEntityId::from_uuid(uuid::Uuid::nil());
    Rules {
        entities: HashMap::from([(ANY.to_owned(), any)]),
        today: as_of,
        // Test data has numbers that were never issued.
        sandbox_ssn: true,
        date_order: if day_first {
            DateOrder::DayFirst
        } else {
            DateOrder::MonthFirst
        },
    }
}

/// Reads a row from the names of its columns and their cells.
pub fn read<'c>(
    cells: impl Iterator<Item = (&'static str, &'c str)>,
    rules: &Rules,
) -> Result<Record, Reject> {
    let mut raw = RawColumns {
        external_ref: ANY.into(),
        covered_entity: ANY.to_owned(),
        ..RawColumns::default()
    };
    for (name, cell) in cells {
        set(&mut raw, name, cell);
    }
    parse_row(&raw, rules).map(|row| Record::of(&row.person))
}

fn set(raw: &mut RawColumns, name: &str, cell: &str) {
    let column = match name {
        "given_name" => &mut raw.given_name,
        "middle_name" => &mut raw.middle_name,
        "family_name" => &mut raw.family_name,
        "suffix" => &mut raw.suffix,
        "date_of_birth" => &mut raw.date_of_birth,
        "ssn" => &mut raw.ssn,
        "address_line1" => &mut raw.address_line1,
        "address_line2" => &mut raw.address_line2,
        "city" => &mut raw.city,
        "region" => &mut raw.region,
        "postal_code" => &mut raw.postal_code,
        "country" => &mut raw.country,
        "phone" => &mut raw.phone,
        "email" => &mut raw.email,
        "prior_names" => &mut raw.prior_names,
        "prior_addresses" => &mut raw.prior_addresses,
        _ => return,
    };
    *column = cell.into();
}
