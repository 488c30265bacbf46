//! How constraints and indexes are named.
//!
//! SQLite reports columns where PostgreSQL reports names, so the names follow one rule: `{table}_pkey`, `{table}_{columns}_key`,
//! `{table}_{columns}_fkey` and `{table}_{columns}_idx`, with the columns joined by `_` and `campaign_id` left out.

/// Names a primary key.
pub(super) fn primary_key_name(table: &str) -> String {
    format!("{table}_pkey")
}

/// Names a unique constraint or a unique index.
pub(super) fn unique_name(table: &str, columns: &[&str]) -> String {
    named(table, columns, "key")
}

/// Names a foreign key.
pub(super) fn foreign_key_name(table: &str, columns: &[&str]) -> String {
    named(table, columns, "fkey")
}

/// Names an index.
pub(super) fn index_name(table: &str, columns: &[&str]) -> String {
    named(table, columns, "idx")
}

fn named(table: &str, columns: &[&str], suffix: &str) -> String {
    let mut name = table.to_owned();
    let telling = columns
        .iter()
        .filter(|column| **column != "campaign_id" || columns.len() == 1);
    for column in telling {
        name.push('_');
        name.push_str(column);
    }
    name.push('_');
    name.push_str(suffix);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_campaign_is_left_out_of_names() {
        assert_eq!(
            unique_name("handoff", &["campaign_id", "enrollment_id", "kind"]),
            "handoff_enrollment_id_kind_key"
        );
        assert_eq!(
            foreign_key_name("product", &["campaign_id"]),
            "product_campaign_id_fkey"
        );
    }
}
