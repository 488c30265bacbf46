"""Reads enrollment codes as the comment of redress.enrollment.v1.CheckCodeRequest.code says, and nothing else.

usage: codes.py CODE_VECTORS.CSV
Compares with the published table and prints how many texts were read.
"""

import csv
import sys
import unicodedata

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
IGNORED = {"-", "\u2212", "\u0020", "\u0085", "\u00a0", "\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}
IGNORED |= {chr(c) for c in range(0x2010, 0x2016)}
IGNORED |= {chr(c) for c in range(0x0009, 0x000E)}
IGNORED |= {chr(c) for c in range(0x2000, 0x200B)}
INVISIBLE = {"\u00ad", "\u034f", "\u061c", "\ufeff"}
INVISIBLE |= {chr(c) for c in range(0x180B, 0x1810)}
INVISIBLE |= {chr(c) for c in range(0x200B, 0x2010)}
INVISIBLE |= {chr(c) for c in range(0x202A, 0x202F)}
INVISIBLE |= {chr(c) for c in range(0x2060, 0x2070)}
INVISIBLE |= {chr(c) for c in range(0xFE00, 0xFE10)}


def fold(text):
    """The text without what programs and sentences add."""
    text = "".join(c for c in unicodedata.normalize("NFKC", text) if c not in INVISIBLE)
    while text and not text[0].isalnum():
        text = text[1:]
    while text and not text[-1].isalnum():
        text = text[:-1]
    return text


def values(text):
    """The values of the symbols of a text, or None."""
    if len(text.encode("utf-8")) > 256:
        return None
    found = []
    for character in fold(text):
        if character in IGNORED:
            continue
        if "a" <= character <= "z":
            character = character.upper()
        character = {"O": "0", "I": "1", "L": "1"}.get(character, character)
        if character not in ALPHABET:
            return None
        found.append(ALPHABET.index(character))
    return found if len(found) == 16 else None


def times(a, b):
    """Multiplies polynomials over GF(2) modulo x^5 + x^2 + 1."""
    product = 0
    for bit in range(5):
        if b >> bit & 1:
            product ^= a << bit
    for bit in range(8, 4, -1):
        if product >> bit & 1:
            product ^= 0b100101 << bit - 5
    return product


def power(a, exponent):
    result = 1
    for _ in range(exponent):
        result = times(result, a)
    return result


def is_code(symbols):
    once = twice = 0
    for i, symbol in enumerate(symbols):
        once ^= times(symbol, power(2, 15 - i))
        twice ^= times(symbol, power(2, 2 * (15 - i)))
    return once == 0 and twice == 0


def checks(data):
    """The two check symbols: the remainder of long division by x^2 + 6x + 8."""
    rest = list(data) + [0, 0]
    for i in range(14):
        lead = rest[i]
        rest[i + 1] ^= times(lead, 6)
        rest[i + 2] ^= times(lead, 8)
    return rest[14:]


def read(text):
    """(verdict, canonical form) of a typed text."""
    symbols = values(text)
    if symbols is None or not is_code(symbols):
        return "MISTYPED", ""
    assert checks(symbols[:14]) == symbols[14:]
    printed = "".join(ALPHABET[symbol] for symbol in symbols)
    return "OK", "-".join(printed[at : at + 4] for at in range(0, 16, 4))


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        expected = row["verdict"], row["canonical"]
        assert read(row["typed"]) == expected, f"{row['note']}: {read(row['typed'])}, not {expected}"
    print(len(rows))


main()
