//! WeChat Pay: cash red packets (v2, XML over mutual TLS) and merchant transfers (v3, JSON under RSA signatures).
//! It decides nothing about money: an answer that could mean two things is handed on as *unknown*.

mod client;
pub mod err_code;
pub mod gethbinfo;
pub mod redpack;
pub mod sign_v2;
pub mod xml;

pub mod bill;
mod client_v3;
pub mod code;
pub mod fail_reason;
pub mod notify;
pub mod public_key;
pub mod sign_v3;
pub mod transfer;

pub use client::PayClient;
pub use client_v3::{PayClientV3, Stamp};
