//! The enrollment code: what a letter shows and a person types.
//!
//! Fourteen random symbols of Crockford's base 32 (70 bits) and two check symbols, printed in four groups with dashes between. A
//! typing error is seen without asking the database. The code itself stands nowhere at rest: see [`derive`].

mod alphabet;
pub mod derive;
mod gf32;
pub mod state;

use std::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use alphabet::Typed;
use gf32::{DATA, TOTAL};

use crate::kernel::typed;

/// How many random bits a code has.
pub const BITS: u32 = 70;
/// Nobody types more than this for a code; longer text is not even read.
const LONGEST: usize = 256;

/// A well-formed code. It has no `Display` and no telling `Debug`, and is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Code([u8; TOTAL]);

/// Says that a typed text is not a code: a symbol is missing, strange, wrong or swapped. It never says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the code is mistyped")]
pub struct Mistyped;

impl Code {
    /// Makes the code of the low [`BITS`] bits of a number.
    pub fn from_bits(bits: u128) -> Self {
        let mut data = [0; DATA];
        for (at, symbol) in data.iter_mut().rev().enumerate() {
            *symbol = u8::try_from((bits >> (5 * at)) & 31).unwrap_or(0);
        }
        let mut symbols = [0; TOTAL];
        symbols[..DATA].copy_from_slice(&data);
        symbols[DATA..].copy_from_slice(&gf32::check_symbols(&data));
        Self(symbols)
    }

    /// Reads what a person typed, and proves it by the check symbols.
    pub fn parse(typed: &str) -> Result<Self, Mistyped> {
        let mut symbols = [0; TOTAL];
        let mut count = 0;
        if typed.len() > LONGEST {
            return Err(Mistyped);
        }
        for character in typed::fold(typed).chars() {
            match alphabet::read(character) {
                Typed::Filler => {}
                Typed::Symbol(value) => {
                    *symbols.get_mut(count).ok_or(Mistyped)? = value;
                    count += 1;
                }
                Typed::Alien => return Err(Mistyped),
            }
        }
        if count == TOTAL && gf32::is_code_word(&symbols) {
            Ok(Self(symbols))
        } else {
            Err(Mistyped)
        }
    }

    /// Shows the code as the letter prints it. Only the export stream has a reason to.
    pub fn expose(&self) -> String {
        let mut text = String::with_capacity(TOTAL + 3);
        for (at, value) in self.0.iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(alphabet::symbol(*value));
        }
        text
    }

    /// Gives the values of the symbols, to be hashed.
    fn symbols(&self) -> &[u8; TOTAL] {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> impl Iterator<Item = Code> {
        let step = 0x0123_4567_89ab_cdef_1357_9bdf_u128;
        (0..40_u128).map(move |n| Code::from_bits(n.wrapping_mul(step) ^ (n << 61)))
    }

    fn parses(symbols: &[u8; TOTAL]) -> bool {
        let typed: String = symbols
            .iter()
            .map(|value| alphabet::symbol(*value))
            .collect();
        Code::parse(&typed).is_ok()
    }

    #[test]
    fn the_printed_form_is_pinned() {
        // A change here makes every letter that was ever sent worthless.
        assert_eq!(Code::from_bits(0).expose(), "0000-0000-0000-0000");
        assert_eq!(Code::from_bits(1).expose(), "0000-0000-0000-0168");
        assert_eq!(Code::from_bits(u128::MAX).expose(), PINNED);
    }
    const PINNED: &str = "ZZZZ-ZZZZ-ZZZZ-ZZ62";

    #[test]
    fn every_single_substitution_is_caught() {
        for code in sample() {
            for at in 0..TOTAL {
                for value in (0..32).filter(|value| *value != code.0[at]) {
                    let mut changed = code.0;
                    changed[at] = value;
                    assert!(!parses(&changed));
                }
            }
        }
    }

    #[test]
    fn every_two_symbol_substitution_of_a_sample_is_caught() {
        for code in sample().take(2) {
            for (first, second) in (0..TOTAL).flat_map(|a| (a + 1..TOTAL).map(move |b| (a, b))) {
                for (a, b) in (1..32).flat_map(|a| (1..32).map(move |b| (a, b))) {
                    let mut changed = code.0;
                    changed[first] ^= a;
                    changed[second] ^= b;
                    assert!(!parses(&changed));
                }
            }
        }
    }

    #[test]
    fn every_transposition_is_caught() {
        for code in sample() {
            for (first, second) in (0..TOTAL).flat_map(|a| (a + 1..TOTAL).map(move |b| (a, b))) {
                let mut changed = code.0;
                changed.swap(first, second);
                assert_eq!(parses(&changed), changed == code.0);
            }
        }
    }

    #[test]
    fn too_few_too_many_and_strange_symbols_are_mistyped() {
        let code = Code::from_bits(99).expose();
        let long = format!("{code}0");
        let spaces = " ".repeat(300);
        for typed in [
            "",
            "-",
            "0",
            &code[1..],
            &long,
            &code.replace('0', "U"),
            &spaces,
        ] {
            assert_eq!(Code::parse(typed).unwrap_err(), Mistyped);
        }
    }

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", Code::from_bits(7)), "Code([redacted])");
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back_however_it_is_typed(bits in 0..(1_u128 << BITS), noise: u64) {
            let code = Code::from_bits(bits);
            let typed: String = code.expose().chars().enumerate().map(|(at, c)| match (noise >> (2 * at)) & 3 {
                0 => c.to_ascii_lowercase(),
                1 if c == '0' => 'o',
                1 if c == '1' => 'l',
                2 if c == '-' => ' ',
                _ => c,
            }).collect();
            let back = Code::parse(&typed).unwrap();
            prop_assert_eq!(back.symbols(), code.symbols());
        }

        #[test]
        fn any_text_is_mistyped_or_has_one_printed_form(typed: String) {
            if let Ok(code) = Code::parse(&typed) {
                let printed = code.expose();
                prop_assert_eq!(Code::parse(&printed).unwrap().expose(), printed);
            }
        }

        #[test]
        fn text_of_the_alphabet_is_a_code_only_with_its_check_symbols(typed in "[0-9A-HJKMNP-TV-Z]{16}") {
            let data = typed[..DATA].bytes().fold(0, |bits, symbol| {
                let Typed::Symbol(value) = alphabet::read(char::from(symbol)) else { unreachable!() };
                bits << 5 | u128::from(value)
            });
            let printed = Code::from_bits(data).expose().replace('-', "");
            prop_assert_eq!(Code::parse(&typed).is_ok(), typed == printed);
        }

        #[test]
        fn one_or_two_wrong_symbols_of_any_code_are_mistyped(
            bits in 0..(1_u128 << BITS), first in 0..TOTAL, second in 0..TOTAL, a in 1..32_u8, b in 0..32_u8,
        ) {
            let code = Code::from_bits(bits);
            let mut changed = code.0;
            changed[first] ^= a;
            changed[second] ^= b;
            prop_assert_eq!(parses(&changed), changed == code.0);
        }

        #[test]
        fn neighbours_changed_over_in_any_code_are_mistyped(bits in 0..(1_u128 << BITS), at in 1..TOTAL) {
            let code = Code::from_bits(bits);
            let mut changed = code.0;
            changed.swap(at - 1, at);
            prop_assert_eq!(parses(&changed), changed == code.0);
        }
    }
}
