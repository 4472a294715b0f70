//! WeChat Pay v2: signatures, its one-level XML, and cash red packets over mutual TLS.
//! It decides nothing about money: an answer that could mean two things is handed on as *unknown*.

mod client;
pub mod err_code;
pub mod gethbinfo;
pub mod redpack;
pub mod sign_v2;
pub mod xml;

pub use client::PayClient;
