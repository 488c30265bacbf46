//! Crockford's base-32 alphabet and what people type for it.

/// The symbols in order of their values: no I, L, O or U.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a typed character is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A symbol with this value.
    Symbol(u8),
    /// A dash or a space, which means nothing.
    Filler,
    /// Something that no code has in it.
    Alien,
}

/// Gives the letter or digit of a value below 32.
pub(super) fn symbol(value: u8) -> char {
    char::from(SYMBOLS[usize::from(value & 31)])
}

/// Reads one typed character: any case, O as 0, I and L as 1, every dash and space as nothing.
pub(super) fn read(typed: char) -> Typed {
    match typed.to_ascii_uppercase() {
        'O' => Typed::Symbol(0),
        'I' | 'L' => Typed::Symbol(1),
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Typed::Filler,
        other if other.is_whitespace() => Typed::Filler,
        other => value_of(other).map_or(Typed::Alien, Typed::Symbol),
    }
}

fn value_of(symbol: char) -> Option<u8> {
    let at = SYMBOLS
        .iter()
        .position(|known| char::from(*known) == symbol)?;
    u8::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_reads_back_in_either_case() {
        for value in 0..32 {
            let printed = symbol(value);
            assert_eq!(read(printed), Typed::Symbol(value));
            assert_eq!(read(printed.to_ascii_lowercase()), Typed::Symbol(value));
        }
    }

    #[test]
    fn look_alikes_are_forgiven_and_the_rest_is_alien() {
        for (typed, value) in [('o', 0), ('O', 0), ('i', 1), ('I', 1), ('l', 1), ('L', 1)] {
            assert_eq!(read(typed), Typed::Symbol(value));
        }
        for typed in ['-', ' ', '\t', '\u{a0}', '\u{2013}', '\u{2014}', '\u{2212}'] {
            assert_eq!(read(typed), Typed::Filler);
        }
        for typed in ['u', 'U', '*', '.', 'é', '\u{0}', '０'] {
            assert_eq!(read(typed), Typed::Alien);
        }
    }
}
