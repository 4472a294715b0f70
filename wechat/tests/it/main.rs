//! The crate from outside: golden bytes of WeChat's own pages and SDKs, and real sockets on 127.0.0.1.
//! Nothing here is a mock, sleeps, or looks at a clock.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod golden;
mod keeper;
mod notify;
mod oauth;
mod pushes;
mod redpack;
mod samples;
mod servers;
mod sign_v3;
mod tls;
mod transfer;
mod variants;
mod xml;
