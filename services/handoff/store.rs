//! Typed queries of this process. No wire type, no decision.

/// Splits a bulk write into pieces whose lengths are powers of two, so that few different statements are prepared.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    const MOST: usize = 256;
    std::iter::from_fn(move || {
        let most = rows.len().min(MOST);
        // The greatest power of two that is not above `most`.
        let length = 1_usize.checked_shl(most.checked_ilog2()?)?;
        let (piece, rest) = rows.split_at(length);
        rows = rest;
        Some(piece)
    })
}

/// Writes the list `($1, $2), ($3, $4)` for so many rows of so many columns.
pub(crate) fn value_rows(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let binds: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", binds.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_powers_of_two_and_lose_nothing() {
        let rows: Vec<u32> = (0..1_000).collect();
        let lengths: Vec<usize> = pieces(&rows).map(<[u32]>::len).collect();
        assert_eq!(lengths, [256, 256, 256, 128, 64, 32, 8]);
        assert_eq!(pieces(&rows).flatten().copied().collect::<Vec<_>>(), rows);
        assert_eq!(pieces::<u32>(&[]).count(), 0);
    }

    #[test]
    fn binds_are_numbered_row_by_row() {
        assert_eq!(value_rows(2, 2), "($1, $2), ($3, $4)");
    }
}
