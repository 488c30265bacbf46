//! How a value is written otherwise: with a typing error, or by another habit.

use jiff::civil::{Date, date};

use crate::lab::people::dice::Dice;
use crate::lab::people::places::Address;
use crate::lab::people::shape::AS_OF;

/// Of 1,000 typing errors in a name so many are in its first letter, where they are seen.
const FIRST_LETTER: u32 = 60;
/// A mistyped birth date is still one that a form takes.
const OLDEST: Date = date(1908, 1, 1);

/// How words of an address are written otherwise.
const WORDS: [(&str, &str); 16] = [
    ("St", "Street"),
    ("Ave", "Avenue"),
    ("Rd", "Road"),
    ("Dr", "Drive"),
    ("Ln", "Lane"),
    ("Ct", "Court"),
    ("Blvd", "Boulevard"),
    ("Pl", "Place"),
    ("Ter", "Terrace"),
    ("N", "North"),
    ("S", "South"),
    ("E", "East"),
    ("W", "West"),
    ("Apt", "Apartment"),
    ("Ste", "Suite"),
    ("PO", "P.O."),
];

/// Makes one typing error: another letter, two neighbours swapped, one letter dropped or doubled.
pub fn mistype(dice: &mut Dice, word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let last = u32::try_from(letters.len()).unwrap_or(1) - 1;
    let at = if last == 0 || dice.chance(FIRST_LETTER) {
        0
    } else {
        dice.between(1, last) as usize
    };
    match dice.below(4) {
        0 => letters[at] = other_letter(dice, letters[at]),
        1 if at + 1 < letters.len() => letters.swap(at, at + 1),
        2 if letters.len() > 3 => {
            letters.remove(at);
        }
        _ => letters.insert(at, letters[at]),
    }
    letters.into_iter().collect()
}

fn other_letter(dice: &mut Dice, letter: char) -> char {
    let drawn = char::from(*dice.pick(b"abcdefghijklmnopqrstuvwxyz"));
    if letter.is_uppercase() {
        drawn.to_ascii_uppercase()
    } else {
        drawn
    }
}

/// Changes a digit of the number or swaps two. The area stays the one that was never issued, and the rest one that could have been.
pub fn mistype_number(dice: &mut Dice, number: &str) -> String {
    let mut digits = number.as_bytes().to_vec();
    let at = dice.between(3, 8) as usize;
    if at < 8 && dice.chance(400) {
        digits.swap(at, at + 1);
    } else {
        digits[at] = *dice.pick(b"0123456789");
    }
    let mistyped = String::from_utf8_lossy(&digits).into_owned();
    if &mistyped[3..5] == "00" || &mistyped[5..] == "0000" {
        return number.to_owned();
    }
    mistyped
}

/// Changes a digit of the birth date.
pub fn mistype_date(dice: &mut Dice, born: Date) -> Date {
    let mut digits = born.strftime("%Y%m%d").to_string().into_bytes();
    let at = dice.between(2, 7) as usize;
    digits[at] = *dice.pick(b"0123456789");
    let mistyped = Date::strptime("%Y%m%d", String::from_utf8_lossy(&digits).as_ref());
    let mistyped = mistyped.ok().filter(|day| (OLDEST..AS_OF).contains(day));
    mistyped.unwrap_or(born)
}

/// Spells words out or sets a period behind them, writes the unit as `# 4` on the first line, or writes all in capitals.
pub fn write_otherwise(dice: &mut Dice, address: &mut Address) {
    if !address.line2.is_empty() && dice.chance(500) {
        let unit = address.line2.split_once(' ').map_or("", |(_, unit)| unit);
        address.line1 = format!("{} #{unit}", address.line1);
        address.line2.clear();
    }
    let spelled_out = dice.chance(700);
    for line in [&mut address.line1, &mut address.line2] {
        let words = line.split(' ').map(|word| {
            let known = WORDS.iter().find(|(short, _)| *short == word);
            match known {
                Some((_, long)) if spelled_out => (*long).to_owned(),
                Some(_) => format!("{word}."),
                None => word.to_owned(),
            }
        });
        *line = words.collect::<Vec<_>>().join(" ");
    }
    if dice.chance(400) {
        for text in [&mut address.line1, &mut address.line2, &mut address.city] {
            *text = text.to_uppercase();
        }
    }
}
