//! Stories: the real server on a real database beside the simulated WeChat, over real sockets, time turned by hand.
//! Refuses mocks and waiting; every story ends in a proof that both sides' books agree.

#![expect(clippy::unwrap_used, reason = "a story that cannot go on fails")]

mod browser;
mod database;
mod postgres;
mod push;
mod world;

mod accounts;
mod callbacks;
mod cancel;
mod claims;
mod crash;
mod days;
mod desk;
mod eligibility;
mod import;
mod migrations;
mod money;
mod moving;
mod nodes;
mod oauth;
mod old_backup;
mod paths;
mod payouts;
mod proofs;
mod reconcile;
mod rehearsal;
mod reports;
mod serving;
mod staff;
mod start;
mod tidy;
mod transfers;
mod weights;
