//! What must hold for the names and the columns of a layout. An error says what is wrong, and where.

use std::collections::BTreeSet;

use crate::kernel::flat_file::{Column, Form, Format};

/// Demands that a name stays in its directory.
pub(super) fn plain_name(name: &str, what: &str) -> Result<(), String> {
    let fits = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_');
    if name.len() <= 80 && !name.starts_with('.') && name.chars().all(fits) {
        return Ok(());
    }
    Err(format!(
        "{what} may have letters, digits, dots, dashes and underscores, at most 80, and must not begin with a dot"
    ))
}

/// Demands that columns have what their form needs, and nothing but these fields.
pub(super) fn columns(
    what: &str,
    form: Form,
    columns: &[Column],
    fields: &[&str],
) -> Result<(), String> {
    let mut names = BTreeSet::new();
    if !form.delimiter.is_ascii() {
        return Err(format!("{what}: the delimiter must be one ASCII sign"));
    }
    for column in columns {
        let wrong = |rule: String| Err(format!("{what}, {}: {rule}", column.title()));
        if let Some(field) = &column.field
            && !fields.contains(&field.as_str())
        {
            return wrong(format!("{field:?} is none of {}", fields.join(", ")));
        }
        if column.field.is_some() && column.value.is_some() {
            return wrong("has a field and a value".to_owned());
        }
        if form.format == Format::Fixed && column.width.is_none_or(|width| width == 0) {
            return wrong("needs a width".to_owned());
        }
        let is_headed = what.ends_with("record") && form.format == Format::Csv && form.headings;
        if is_headed && (column.name.is_empty() || !names.insert(&column.name)) {
            return wrong("needs a name that no other column has".to_owned());
        }
    }
    Ok(())
}

/// Demands columns with these fields.
pub(super) fn needs(what: &str, columns: &[Column], fields: &[&str]) -> Result<(), String> {
    let has = |field: &&str| {
        columns
            .iter()
            .any(|column| column.field.as_deref() == Some(*field))
    };
    match fields.iter().find(|field| !has(field)) {
        Some(field) => Err(format!("{what} needs a column with field = '{field}'")),
        None => Ok(()),
    }
}
