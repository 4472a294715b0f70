//! When to try again: the waits between attempts.
//! Refuses to hurry: each wait is at least a second, as WeChat asks of the same order.

use crate::time::{hours, minutes, secs};

/// The wait before attempt number `attempt` (the first retry is 1), in milliseconds.
pub const fn resend_wait_ms(attempt: i64) -> i64 {
    match attempt {
        i64::MIN..=1 => secs(2),
        2 => secs(10),
        3 => minutes(1),
        4 => minutes(5),
        5 => minutes(20),
        _ => hours(1),
    }
}

/// The wait before asking about an unknown payout, after `asked` questions, in milliseconds.
pub const fn query_wait_ms(asked: i64) -> i64 {
    match asked {
        i64::MIN..=0 => secs(2),
        1 => secs(5),
        2 => secs(30),
        3 => minutes(2),
        4..=8 => minutes(10),
        _ => hours(1),
    }
}

/// The wait before asking whether a sent packet was opened, after `asked` questions, in milliseconds.
/// A packet goes back after 24 hours; asking ends when an end is known.
pub const fn collected_wait_ms(asked: i64) -> i64 {
    match asked {
        i64::MIN..=0 => secs(10),
        1 => secs(30),
        2 => minutes(2),
        3 => minutes(10),
        4..=6 => hours(1),
        7..=12 => hours(4),
        _ => hours(24),
    }
}

/// The wait before asking whether a transfer was confirmed, after `asked` questions, in milliseconds. A callback tells
/// it sooner; the bill is closed after 24 hours.
pub const fn confirmed_wait_ms(asked: i64) -> i64 {
    match asked {
        i64::MIN..=0 => secs(15),
        1 => secs(30),
        2 => minutes(2),
        3 => minutes(10),
        4..=6 => hours(1),
        _ => hours(4),
    }
}

/// How long a transfer waits for its follower.
pub const CONFIRM_WITHIN_MS: i64 = hours(24);

/// How long after the last call "no such bill" is believed: WeChat may still be working before that.
pub const NOT_FOUND_BELIEVED_MS: i64 = minutes(5);

/// WeChat forgets packets after 30 days: "no such bill" proves nothing after this.
pub const NOT_FOUND_BELIEVED_UNTIL_MS: i64 = hours(29 * 24);

/// WeChat's own sample of "no such bill" looks like a system error. After this long, and this many questions, it is
/// taken for one; the same request under the same number is harmless.
pub const SYSTEM_ERROR_BELIEVED_MS: i64 = minutes(30);
/// The questions that must have been asked before that.
pub const SYSTEM_ERROR_BELIEVED_ASKED: i64 = 4;

/// A payout that was once unknown, that WeChat does not know, and whose repetition is refused for good: how long
/// after the last doubt it is given up.
pub const DOUBT_ENDS_MS: i64 = hours(24);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_never_shrink_and_never_hurry() {
        for wait in [resend_wait_ms, query_wait_ms, collected_wait_ms, confirmed_wait_ms] {
            for attempt in 0..20 {
                assert!(wait(attempt) >= 1000);
                assert!(wait(attempt + 1) >= wait(attempt));
            }
        }
    }
}
