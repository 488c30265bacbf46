//! A path with names of fields in it.

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'t> {
    /// It stands there as it is.
    Text(&'t str),
    /// What this field has stands there.
    Field(&'t str),
}

/// Takes a path apart. A brace without its other one is an error.
pub fn parts(path: &str) -> Result<Vec<Part<'_>>, &'static str> {
    const RULE: &str = "a brace stands alone";
    let mut parts = Vec::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (field, left) = after.split_once('}').ok_or(RULE)?;
        parts.push(Part::Text(before));
        parts.push(Part::Field(field));
        rest = left;
    }
    parts.push(Part::Text(rest));
    let alone = |part: &Part<'_>| match part {
        Part::Text(text) | Part::Field(text) => text.contains(['{', '}']),
    };
    if parts.iter().any(alone) {
        return Err(RULE);
    }
    Ok(parts)
}
