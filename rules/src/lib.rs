//! What Lingbao decides, and the words it decides in: pure types, pure functions, and every sentence it says.
//! Refuses to do I/O, to read a clock, to draw a random number, or to know a database or a web page.

pub mod fen;
pub mod ids;
pub mod time;

pub mod account;
pub mod ageing;
pub mod alert;
pub mod bill;
pub mod campaign;
pub mod cap;
pub mod claim;
pub mod eligibility;
pub mod follow;
pub mod forecast;
pub mod ledger;
pub mod link;
pub mod payout;
pub mod payout_list;
pub mod prize;
pub mod rail;
pub mod rehearsal;
pub mod retry;
pub mod ticket;

pub mod live;
pub mod operator;

pub mod say;

pub use fen::Fen;
