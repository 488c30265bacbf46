//! A partner's own list and its invoices: reading them, and sending them to be compared and checked.

mod amount;
mod invoice;
mod list;
mod reasons;
mod rows;
mod send;
mod send_invoice;

pub use amount::text as amount_text;
pub use invoice::read as read_invoice;
pub use list::{List, read};
pub use reasons::words as reason_words;
pub use rows::Entries;
pub use send::{Header, differences, repair, send};
pub use send_invoice::{InvoiceHeader, invoice_lines, invoices, send_invoice};
