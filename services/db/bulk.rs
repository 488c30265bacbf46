//! Loading many rows: binary COPY on PostgreSQL, INSERTs of many rows on SQLite, inside a transaction of
//! [`super::Db::run_bulk`] beside whatever other statements belong to it.
//!
//! Rows are encoded as they come, so memory stays flat however many there are. Sorted by the primary key they load
//! several times as fast. A row that is there already is an error: find out before, or guard the load by a row that says
//! how far it came.

use sea_orm::sqlx::postgres::PgConnection;
use sea_orm::sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sea_orm::sqlx::{self, Arguments, AssertSqlSafe, Executor};

use super::cell::Cell;
use super::error::Error;
use super::session::Session;
use super::tx::Tx;

/// How much is encoded before it is sent.
const PIECE: usize = 64 * 1024;
/// The values of one INSERT on SQLite: each is a way to the driver's thread and back.
pub const VALUES_AN_INSERT: usize = 16_384;

/// "PGCOPY\n\xff\r\n\0", no flags, no header extension
/// (<https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format").
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: &[u8] = &(-1_i16).to_be_bytes();

/// Where rows are loaded, and what they have in common. The names are constants of the caller.
pub struct Bulk<'a, const N: usize> {
    /// The table.
    pub table: &'static str,
    /// Columns that have one value in all rows, which travels once a statement on SQLite.
    pub same: &'a [(&'static str, Cell<'a>)],
    /// The columns that a row brings.
    pub columns: [&'static str; N],
}

impl<const N: usize> Bulk<'_, N> {
    fn columns(&self) -> String {
        let same = self.same.iter().map(|(name, _)| *name);
        let names: Vec<&str> = same.chain(self.columns).collect();
        names.join(", ")
    }
}

impl Tx<'_> {
    /// Loads rows into a table and gives their number.
    ///
    /// # Errors
    /// [`Error::Unique`] where a row is there already: the transaction is over then.
    pub async fn copy_in<'r, const N: usize, I>(
        &self,
        bulk: Bulk<'_, N>,
        rows: I,
    ) -> Result<u64, Error>
    where
        I: IntoIterator<Item = [Cell<'r>; N]>,
        I::IntoIter: Send,
    {
        let rows = rows.into_iter();
        let mut session = self.lock().await;
        let result = match session.as_mut() {
            Some(Session::Postgres(connection)) => copy(connection, &bulk, rows).await,
            Some(Session::Sqlite(connection)) => insert(connection, &bulk, rows).await,
            None => Err(Error::corrupt("a transaction that has ended")),
        };
        self.note(result)
    }
}

async fn copy<'r, const N: usize>(
    connection: &mut PgConnection,
    bulk: &Bulk<'_, N>,
    rows: impl Iterator<Item = [Cell<'r>; N]> + Send,
) -> Result<u64, Error> {
    let sql = format!(
        "COPY {} ({}) FROM STDIN (FORMAT binary)",
        bulk.table,
        bulk.columns()
    );
    let width = i16::try_from(bulk.same.len() + N);
    let width = width.map_err(|_| Error::corrupt("too many columns"))?;
    let mut head = Vec::from(width.to_be_bytes());
    for (_, cell) in bulk.same {
        encode(&mut head, cell)?;
    }
    let mut copy = connection.copy_in_raw(&sql).await?;
    let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
    piece.extend_from_slice(HEADER);
    for row in rows {
        piece.extend_from_slice(&head);
        for cell in &row {
            encode(&mut piece, cell)?;
        }
        if piece.len() >= PIECE {
            copy.send(piece.as_slice()).await?;
            piece.clear();
        }
    }
    piece.extend_from_slice(TRAILER);
    copy.send(piece.as_slice()).await?;
    Ok(copy.finish().await?)
}

/// Writes one field: its length, -1 for none, and its bytes in network order.
fn encode(piece: &mut Vec<u8>, cell: &Cell<'_>) -> Result<(), Error> {
    match cell {
        Cell::Null => {
            piece.extend_from_slice(&(-1_i32).to_be_bytes());
            Ok(())
        }
        Cell::Bool(value) => field(piece, &[u8::from(*value)]),
        Cell::I32(value) => field(piece, &value.to_be_bytes()),
        Cell::I64(value) => field(piece, &value.to_be_bytes()),
        Cell::Uuid(value) => field(piece, value.as_bytes()),
        Cell::Text(value) => field(piece, value.as_bytes()),
        Cell::Bytes(value) => field(piece, value),
    }
}

fn field(piece: &mut Vec<u8>, bytes: &[u8]) -> Result<(), Error> {
    let length = i32::try_from(bytes.len()).map_err(|_| Error::corrupt("a value of 2 GiB"))?;
    piece.extend_from_slice(&length.to_be_bytes());
    piece.extend_from_slice(bytes);
    Ok(())
}

async fn insert<'r, const N: usize>(
    connection: &mut SqliteConnection,
    bulk: &Bulk<'_, N>,
    mut rows: impl Iterator<Item = [Cell<'r>; N]> + Send,
) -> Result<u64, Error> {
    let most = VALUES_AN_INSERT / N;
    let mut inserted = 0;
    let mut next = bind(bulk, rows.by_ref().take(most))?;
    while next.1 > 0 {
        let (arguments, count) = next;
        let sql = AssertSqlSafe(insert_sql(bulk, count));
        let query = sqlx::query_with(sql, arguments).persistent(count == most);
        // The next rows are bound while the driver's thread inserts these.
        let (done, bound) = tokio::join!(connection.execute(query), async {
            bind(bulk, rows.by_ref().take(most))
        });
        inserted += done?.rows_affected();
        next = bound?;
    }
    Ok(inserted)
}

/// A failure ends the transaction, so that none of the statement's rows need be taken back by themselves: for that SQLite
/// would first copy every page that it changes. Parameters have no numbers: SQLite looks those up one by one.
fn insert_sql<const N: usize>(bulk: &Bulk<'_, N>, rows: usize) -> String {
    let same = bulk.same.iter().map(|_| "?".to_owned());
    let own = (1..=N).map(|at| format!("column{at}"));
    let values: Vec<String> = same.chain(own).collect();
    let row = format!("({})", ["?"; N].join(","));
    format!(
        "INSERT OR FAIL INTO {} ({}) SELECT {} FROM (VALUES {})",
        bulk.table,
        bulk.columns(),
        values.join(", "),
        vec![row; rows].join(",")
    )
}

/// Gives what a statement binds, and of how many rows it is.
fn bind<'r, const N: usize>(
    bulk: &Bulk<'_, N>,
    rows: impl Iterator<Item = [Cell<'r>; N]>,
) -> Result<(SqliteArguments, usize), Error> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(bulk.same.len() + VALUES_AN_INSERT, 0);
    for (_, cell) in bulk.same {
        add(&mut arguments, cell.clone())?;
    }
    let mut count = 0;
    for row in rows {
        for cell in row {
            add(&mut arguments, cell)?;
        }
        count += 1;
    }
    Ok((arguments, count))
}

fn add(arguments: &mut SqliteArguments, cell: Cell<'_>) -> Result<(), Error> {
    let added = match cell {
        Cell::Null => arguments.add(None::<i64>),
        Cell::Bool(value) => arguments.add(value),
        Cell::I32(value) => arguments.add(value),
        Cell::I64(value) => arguments.add(value),
        Cell::Uuid(value) => arguments.add(value),
        Cell::Text(value) => arguments.add(value.into_owned()),
        Cell::Bytes(value) => arguments.add(value.into_owned()),
    };
    added.map_err(|_| Error::corrupt("a value that cannot be bound"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_framed_as_the_binary_format_says() {
        let mut piece = Vec::new();
        encode(&mut piece, &Cell::from("ab")).unwrap();
        encode(&mut piece, &Cell::from(258_i32)).unwrap();
        encode(&mut piece, &Cell::from(None::<i64>)).unwrap();
        assert_eq!(
            piece,
            [
                0, 0, 0, 2, b'a', b'b', 0, 0, 0, 4, 0, 0, 1, 2, 255, 255, 255, 255
            ]
        );
        assert_eq!(HEADER.len(), 19);
    }

    #[test]
    fn one_insert_stays_below_what_sqlite_binds() {
        const SAME: usize = 100;
        const { assert!(SAME + VALUES_AN_INSERT < 32_766) };
        let bulk = Bulk {
            table: "t",
            same: &[("a", 1.into())],
            columns: ["b", "c"],
        };
        assert_eq!(
            insert_sql(&bulk, 2),
            "INSERT OR FAIL INTO t (a, b, c) SELECT ?, column1, column2 FROM (VALUES (?,?),(?,?))"
        );
    }
}
