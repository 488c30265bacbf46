//! Many people at once, put on the roster by the database itself.

use redress::db::entities::{individual, verification};
use redress::kernel::ids::CampaignId;
use sea_orm::{ConnectionTrait, DbBackend, IdenStatic, Iterable, Statement};
use uuid::Uuid;

use super::house::House;

impl House {
    /// Puts adults who are owed a letter on the roster.
    pub async fn crowd(&self, campaign: CampaignId, count: usize) {
        let first = self.person(campaign, "ADULT", "IN", true).await;
        let (id, many) = match self.owner.get_database_backend() {
            DbBackend::Postgres => (
                "gen_random_uuid()",
                format!("generate_series(2, {count}) n"),
            ),
            _ => (
                "randomblob(16)",
                format!(
                    "(WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM n WHERE x < {count}) SELECT x FROM n)"
                ),
            ),
        };
        let copy = Copy {
            table: "individual",
            columns: individual::Column::iter()
                .map(|column| column.as_str())
                .collect(),
            instead: &[("id", id)],
            from: &many,
            campaign,
            like: first.as_uuid(),
        };
        let copies = self.copy(copy).await;
        assert_eq!(copies, count as u64 - 1);
    }

    /// Verifies everybody without a letter; each one's verification has the id of the person.
    pub async fn verify_everybody(&self, campaign: CampaignId) {
        let stranger = self.person(campaign, "ADULT", "IN", false).await;
        let like = self.verify(campaign, stranger, None, "VERIFIED").await;
        let copy = Copy {
            table: "verification",
            columns: verification::Column::iter()
                .map(|column| column.as_str())
                .collect(),
            instead: &[("id", "i.id"), ("individual_id", "i.id")],
            from: "(SELECT id FROM individual WHERE mailable) i",
            campaign,
            like: like.as_uuid(),
        };
        self.copy(copy).await;
        // The page that they will come to asked for it.
        self.run("UPDATE verification SET requested_by = 'portal/web'")
            .await;
    }

    async fn copy(&self, copy: Copy<'_>) -> u64 {
        let instead = |column: &&str| {
            let found = copy.instead.iter().find(|(name, _)| name == column);
            found.map_or(format!("t.{column}"), |(_, other)| (*other).to_owned())
        };
        let sql = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {table} t CROSS JOIN {} WHERE t.campaign_id = $1 AND t.id = $2",
            copy.columns.join(", "),
            copy.columns
                .iter()
                .map(instead)
                .collect::<Vec<_>>()
                .join(", "),
            copy.from,
            table = copy.table,
        );
        let values = [copy.campaign.into(), copy.like.into()];
        let backend = self.owner.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, sql, values);
        self.owner
            .execute_raw(statement)
            .await
            .unwrap()
            .rows_affected()
    }
}

/// Many rows like one.
struct Copy<'a> {
    table: &'a str,
    columns: Vec<&'a str>,
    instead: &'a [(&'a str, &'a str)],
    from: &'a str,
    campaign: CampaignId,
    like: Uuid,
}
