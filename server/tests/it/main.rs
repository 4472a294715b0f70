//! Stories: the real server on a real SQLite file beside the simulated WeChat, over real sockets, time turned by hand.
//! Refuses mocks and waiting; every story ends in a proof that both sides' books agree.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod browser;
mod push;
mod world;

mod callbacks;
mod claims;
mod crash;
mod eligibility;
mod migrations;
mod oauth;
mod paths;
mod payouts;
mod proofs;
mod staff;
mod start;
mod tidy;
mod transfers;
mod weights;
