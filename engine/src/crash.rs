//! Named places where a debug build can be made to die at once, as by `kill -9`, or to break off on one thread.
//! Refuses to exist in a release build: there every point is nothing.

use crate::error::Error;
use std::cell::Cell;

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
    "cancel_before_call",
    "cancel_after_call",
];

/// What a thread does at the points it passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Fate {
    #[default]
    Lives,
    /// Breaks off at this point, after passing it so often.
    Breaks(&'static str, u32),
    /// Broke off: whatever of it is still running breaks off too.
    Broke,
}

thread_local! {
    static FATE: Cell<Fate> = const { Cell::new(Fate::Lives) };
    /// Of how many commits one loses its answer (of none with 0), and what is drawn next.
    static ANSWERS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
}

/// Dies here if the environment variable `LINGBAO_CRASH_AT` names this point (debug builds only).
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name), "an unlisted crash point: {name}");
    if !cfg!(debug_assertions) {
        return;
    }
    if std::env::var_os("LINGBAO_CRASH_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
    match FATE.get() {
        Fate::Breaks(at, 0) if at == name => break_off(),
        Fate::Breaks(at, passes) if at == name => FATE.set(Fate::Breaks(at, passes - 1)),
        Fate::Breaks(..) | Fate::Lives => {}
        Fate::Broke => break_off(),
    }
}

/// Unwinds the task without a word; nothing after the point happens.
fn break_off() {
    FATE.set(Fate::Broke);
    std::panic::resume_unwind(Box::new("broke off"));
}

/// Lets this thread break off at a point of [`POINTS`] after it passed it `passes` times, for runs in one thread: the
/// task there unwinds, and so does every other one at its next point, until [`revive`] is called.
pub fn break_at(name: &'static str, passes: u32) {
    FATE.set(Fate::Breaks(name, passes));
}

/// Ends what [`break_at`] began; tells whether the point was met.
pub fn revive() -> bool {
    FATE.replace(Fate::Lives) == Fate::Broke
}

/// True when this thread broke off and was not revived.
pub fn is_broken() -> bool {
    FATE.get() == Fate::Broke
}

/// From now on about one in so many commits on this thread holds without anybody hearing of it, as when the database's
/// server goes away at that moment; the same ones for the same number, and none with 0.
pub fn lose_answers(one_in: u32) {
    ANSWERS.set((one_in, one_in));
}

/// After a commit: the error of one whose answer was lost. Nobody may take it for a commit that failed.
pub(crate) fn answer_of_commit() -> Result<(), Error> {
    if !cfg!(debug_assertions) {
        return Ok(());
    }
    match ANSWERS.get() {
        (0, _) => Ok(()),
        (one_in, drawn) => {
            // A linear congruential generator: whether a commit is hit must not depend on how many a verb makes.
            let next = drawn.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ANSWERS.set((one_in, next));
            let is_lost = (next >> 16).is_multiple_of(one_in);
            if is_lost { Err(Error::unanswered("the answer to a commit was lost")) } else { Ok(()) }
        }
    }
}
