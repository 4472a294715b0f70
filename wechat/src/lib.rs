//! A client of WeChat's protocols: official accounts and WeChat Pay (v2 and v3), byte for byte as the platform speaks them.
//! It knows nothing of campaigns, keeps no clock, draws no random numbers, and never chooses a host by itself.

pub mod error;
pub mod http;

pub mod access_token;
pub mod js_sdk;
pub mod oauth;

pub mod callback;
pub mod crypto;
pub mod message;
pub mod xml;

pub mod pay;

pub use error::{Error, Kind};
pub use http::{Client, Hosts};
