//! A verb that lost a race between transactions is done again, from its begin to its commit.
//! Refuses to repeat half a verb, and to go on for ever.

use crate::{Engine, Error};
use std::time::Duration;

/// How often a verb is tried in all; who loses that often meets an overload, not a race.
const TRIES: u32 = 20;
/// The longest pause between two tries, as a power of two of milliseconds.
const PAUSE_MAX: u32 = 8;

impl Engine {
    /// Runs a verb that writes; runs it again while the database says that another transaction came first (PostgreSQL
    /// 40001 and 40P01, or a unique row that a concurrent transaction wrote; on either, an id that was drawn twice). Nothing of a lost try remains, so the
    /// verb reads everything anew; what must not change between tries, like a drawn amount, is made outside.
    /// Errors: the verb's own; busy when it lost every time.
    pub(crate) async fn retried<T, F>(&self, verb: impl Fn() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut end = verb().await;
        if !end.as_ref().is_err_and(Error::lost_a_race) {
            return end;
        }
        // Those of this node who lost go one after the other: racing each other again helps nobody.
        let _turn = self.0.losers.lock().await;
        for tried in 1..TRIES {
            match end {
                Err(error) if error.lost_a_race() => {
                    tracing::debug!(tried, cause = error.cause(), "a verb lost a race and is done again");
                    tokio::time::sleep(self.pause(tried)).await;
                    end = verb().await;
                }
                end => return end,
            }
        }
        end
    }

    /// Random and growing, so that two who met do not meet again.
    fn pause(&self, tried: u32) -> Duration {
        Duration::from_micros(self.draw().number() % (1_000 << tried.min(PAUSE_MAX)))
    }
}
