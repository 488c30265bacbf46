//! What any program does with the services: finding them, calling them in a role, reading lists, the streams of import and
//! export, and merging codes with addresses to letters.
//!
//! It prints nothing. How far long work is goes to a [`progress::Show`], what went wrong into a [`problem::Problem`].

pub mod campaign;
pub mod codes;
pub mod connect;
pub mod convert;
pub mod enrollment;
pub mod files;
pub mod mailing;
pub mod paging;
pub mod partner;
pub mod problem;
pub mod progress;
pub mod ready;
pub mod reconciliation;
pub mod report;
pub mod report_page;
pub mod request;
pub mod roster;
pub mod table;
