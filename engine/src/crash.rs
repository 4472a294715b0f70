//! Named places where a debug build can be made to die at once, as by `kill -9`.
//! Refuses to exist in a release build: there every point is nothing.

/// Every place a test may choose, in the order money passes them.
pub const POINTS: &[&str] = &[
    "push_before_commit",
    "push_after_commit",
    "claim_before_commit",
    "claim_after_commit",
    "payout_before_lease",
    "payout_after_lease",
    "payout_after_call",
    "payout_before_learn",
    "payout_after_learn",
    "query_after_call",
    "query_after_learn",
];

/// Dies here if the environment variable `LINGBAO_CRASH_AT` names this point (debug builds only).
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name), "an unlisted crash point: {name}");
    if cfg!(debug_assertions) && std::env::var_os("LINGBAO_CRASH_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
}
