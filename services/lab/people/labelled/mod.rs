//! Writes rosters of which it is known who is who: beside the file there is a label for each row. By that it is measured how well an import
//! tells people apart.
//!
//! The file has what makes that hard. Households share an address and a telephone, and at some clinics the number of whoever pays; twins
//! share the birth date too; a father and his son have one name; strangers have one name, or the number and the birth date that a clinic
//! writes where it knows neither ([`household`]). Three people in ten are listed at two clinics or at three ([`listing`]), and about half
//! of the further listings are not quite as the person is ([`slip`]).
//!
//! No list of real people is public with the truth beside it, so the shares are assumptions: constants, each with what it stands for. None
//! of this shares code or lists with what is measured.
//!
//! The lists of the clinics follow each other in the file. The same seed gives the same bytes.

pub mod household;
pub mod label;
pub mod listing;
pub mod slip;
mod written;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::dice::Dice;
use super::entities::{ENTITIES, Entity};
use super::listing::{Row, SSN};
use super::shape::{AS_OF, Shape};
use crate::client::problem::Problem;
use crate::client::progress::{Show, Unit};
use crate::client::roster::reader::COLUMNS;
use label::Label;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// How many people, and of which seed.
    pub shape: Shape,
    /// Leaves the column of SSNs empty.
    pub without_ssn: bool,
}

impl Order {
    /// Orders so many people of a seed, with their SSNs.
    pub const fn of_people(people: u64, seed: u64) -> Self {
        Self {
            shape: Shape {
                people,
                seed,
                as_of: AS_OF,
            },
            without_ssn: false,
        }
    }
}

/// Writes the roster, and tells `progress` how many people it is at. Gives the labels in the order of the rows.
pub fn write(
    order: &Order,
    out: impl Write,
    mut progress: impl FnMut(u64),
) -> io::Result<Vec<Label>> {
    let Shape { people, seed, .. } = order.shape;
    let mut clinics = Clinics::new();
    let mut rank = 0;
    while rank < people {
        let mut dice = Dice::new(seed, rank);
        let household = rank;
        let members = household::draw(&mut dice, &order.shape, rank);
        for member in members.into_iter().filter(|member| member.rank < people) {
            for mut listed in listing::draw(&mut dice, &member) {
                let mut row = listed.row(&mut dice, clinics.rows);
                if order.without_ssn {
                    row[SSN].clear();
                    listed.slips.retain(|slip| !slip.is_of_the_number());
                }
                let label = Label {
                    covered_entity: &listed.clinic.key,
                    external_ref: row[0].clone(),
                    person: member.rank,
                    household,
                    role: member.role,
                    slips: listed.slips,
                };
                clinics.add(listed.clinic, &row, label)?;
            }
            rank = member.rank + 1;
        }
        progress(rank);
    }
    clinics.finish(out)
}

/// Writes the roster to a file.
pub fn write_file(order: &Order, path: &Path, show: Show) -> Result<Vec<Label>, Problem> {
    let failed = |error: io::Error| Problem::file(path, &error);
    let out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(failed)?);
    let progress = show("writing the roster", Unit::Pieces);
    let people = order.shape.people;
    write(order, out, |at| progress.set(at, people)).map_err(failed)
}

/// The lists of the clinics so far.
struct Clinics {
    lists: Vec<(csv::Writer<Vec<u8>>, Vec<Label>)>,
    rows: u64,
}

impl Clinics {
    fn new() -> Self {
        let list = |_| (csv::Writer::from_writer(Vec::new()), Vec::new());
        Self {
            lists: ENTITIES.iter().map(list).collect(),
            rows: 0,
        }
    }

    fn add(&mut self, clinic: &Entity, row: &Row, label: Label) -> io::Result<()> {
        let at = ENTITIES.iter().position(|entity| entity.key == clinic.key);
        let (list, labels) = &mut self.lists[at.unwrap_or(0)];
        list.write_record(row)?;
        labels.push(label);
        self.rows += 1;
        Ok(())
    }

    fn finish(self, mut out: impl Write) -> io::Result<Vec<Label>> {
        writeln!(out, "{}", COLUMNS.join(","))?;
        let mut all = Vec::new();
        for (list, labels) in self.lists {
            let bytes = list.into_inner().map_err(csv::IntoInnerError::into_error)?;
            out.write_all(&bytes)?;
            all.extend(labels);
        }
        out.flush()?;
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
