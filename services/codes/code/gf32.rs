//! Arithmetic in GF(32) and the Reed-Solomon check symbols over it.
//!
//! RS(16,14) shortened from length 31, with generator `(x - a)(x - a^2)` where `a` is a root of the primitive polynomial
//! `x^5 + x^2 + 1`. Its minimum distance is 3 (Singleton bound), so any change of one or two symbols is seen, whatever
//! the symbols are: every substitution, and every transposition, adjacent or not.

/// How many symbols carry the code.
pub(super) const DATA: usize = 14;
/// How many symbols a code has, check symbols included.
pub(super) const TOTAL: usize = 16;

/// `x^5 + x^2 + 1`.
const POLYNOMIAL: u8 = 0b10_0101;
/// The order of the multiplicative group.
const ORDER: usize = 31;

const EXP: [u8; 2 * ORDER] = powers();
const LOG: [u8; 32] = logarithms();
/// The generator `x^2 + LINEAR x + CONSTANT`.
const LINEAR: u8 = EXP[1] ^ EXP[2];
const CONSTANT: u8 = EXP[3];

const fn powers() -> [u8; 2 * ORDER] {
    let mut exp = [0; 2 * ORDER];
    let mut value = 1;
    let mut at = 0;
    while at < 2 * ORDER {
        exp[at] = value;
        value <<= 1;
        if value & 32 != 0 {
            value ^= POLYNOMIAL;
        }
        at += 1;
    }
    exp
}

const fn logarithms() -> [u8; 32] {
    let mut log = [0; 32];
    let mut at = 0;
    let mut power = 0_u8;
    while at < ORDER {
        log[EXP[at] as usize] = power;
        power += 1;
        at += 1;
    }
    log
}

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    EXP[usize::from(LOG[usize::from(a)]) + usize::from(LOG[usize::from(b)])]
}

/// Gives the two check symbols of fourteen data symbols: the remainder by the generator.
pub(super) fn check_symbols(data: &[u8; DATA]) -> [u8; TOTAL - DATA] {
    let mut remainder = [0; TOTAL - DATA];
    for symbol in data {
        let lead = symbol ^ remainder[0];
        remainder = [
            remainder[1] ^ multiply(lead, LINEAR),
            multiply(lead, CONSTANT),
        ];
    }
    remainder
}

/// Tells whether sixteen symbols are a code word: both syndromes are zero.
pub(super) fn is_code_word(symbols: &[u8; TOTAL]) -> bool {
    syndrome(symbols, EXP[1]) == 0 && syndrome(symbols, EXP[2]) == 0
}

fn syndrome(symbols: &[u8; TOTAL], root: u8) -> u8 {
    let symbols = symbols.iter();
    symbols.fold(0, |value, symbol| multiply(value, root) ^ symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_powers_run_through_every_element_but_zero() {
        let mut seen = EXP[..ORDER].to_vec();
        seen.sort_unstable();
        assert_eq!(seen, (1..32).collect::<Vec<u8>>());
        assert_eq!(EXP[ORDER], 1);
    }

    #[test]
    fn multiplication_is_a_field() {
        for a in 0..32 {
            assert_eq!(multiply(a, 1), a);
            assert_eq!(multiply(a, 0), 0);
            assert_eq!(
                (0..32).filter(|b| multiply(a, *b) == 1).count(),
                usize::from(a != 0)
            );
            for b in 0..32 {
                assert_eq!(multiply(a, b), multiply(b, a));
                for c in 0..32 {
                    assert_eq!(multiply(a, b ^ c), multiply(a, b) ^ multiply(a, c));
                }
            }
        }
    }

    #[test]
    fn both_roots_are_roots_of_the_generator() {
        for root in [EXP[1], EXP[2]] {
            assert_eq!(multiply(root, root) ^ multiply(LINEAR, root) ^ CONSTANT, 0);
        }
    }

    #[test]
    fn no_code_word_has_weight_one_or_two() {
        // The code is linear, so this proves the distance for every code word at once.
        for first in 0..TOTAL {
            for second in first..TOTAL {
                for (a, b) in (1..32).flat_map(|a| (0..32).map(move |b| (a, b))) {
                    let mut word = [0; TOTAL];
                    word[first] ^= a;
                    word[second] ^= b;
                    assert!(
                        word == [0; TOTAL] || !is_code_word(&word),
                        "{first} {second}"
                    );
                }
            }
        }
    }
}
