//! Temporary.
#[path = "it/crash.rs"]
mod crash;
