//! Chance: from the operating system in production, from a seed in tests.
//! Refuses to be predictable unless a seed was asked for.

use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Draws random bytes, numbers and codes. Clones share the seed's sequence.
#[derive(Clone)]
pub struct Draw {
    seeded: Option<Arc<Mutex<StdRng>>>,
    last_id: Arc<AtomicI64>,
}

/// Letters and digits that are hard to mistake for each other, 32 of them.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The same in upper case, for bill numbers.
const UPPER: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Draw {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Self { seeded: None, last_id: Arc::default() }
    }

    /// A repeatable sequence, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self { seeded: Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))), last_id: Arc::default() }
    }

    /// `N` random bytes.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system for randomness")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.seeded {
            None => getrandom::fill(&mut bytes).expect("the operating system has randomness"),
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A uniformly random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A new row id: larger than every id before it, so that rows made together lie together and lists page by it.
    /// Milliseconds in the high bits, then a running number, then 8 random bits that keep nodes apart.
    pub fn id(&self, now: rules::time::UnixMs) -> i64 {
        let [low, high, node] = self.bytes::<3>();
        // Each millisecond begins somewhere in its lower half, so that two nodes seldom count the same numbers.
        let floor = now.0.max(0) << 12 | i64::from(u16::from_le_bytes([low, high]) & 0x7FF);
        let next = |last: i64| Some(floor.max(last + 1));
        let last = self.last_id.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_else(|last| last);
        let sequence = floor.max(last + 1);
        (sequence << 8 | i64::from(node)) & i64::MAX
    }

    /// 24 characters (120 bits) that cannot be guessed: tickets, edit keys, session tokens.
    pub fn code(&self) -> String {
        self.bytes::<24>().iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect()
    }

    /// `n` upper-case characters of 5 random bits each, at most 32.
    pub fn upper(&self, n: usize) -> String {
        self.bytes::<32>().iter().take(n).map(|b| char::from(UPPER[usize::from(b & 31)])).collect()
    }
}

/// The lowest `n` times five bits of a number as upper-case characters: the larger number sorts later.
pub fn upper_of(number: i64, n: u32) -> String {
    let character = |at: u32| char::from(UPPER[usize::try_from(number >> (5 * at) & 31).unwrap_or_default()]);
    (0..n).rev().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rules::time::UnixMs;

    #[test]
    fn a_number_in_characters_sorts_like_the_number() {
        let table = [(0, "0000"), (1, "0001"), (31, "000Z"), (32, "0010"), ((1 << 20) - 1, "ZZZZ")];
        for (number, text) in table {
            assert_eq!(upper_of(number, 4), text);
        }
        let texts: Vec<_> = (0..2_000).map(|n| upper_of(n, 4)).collect();
        assert!(texts.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn ids_never_repeat_and_always_grow_even_within_a_millisecond() {
        let draw = Draw::seeded(1);
        let ids: Vec<_> = (0..100_000).map(|n| draw.id(UnixMs(1_795_000_000_000 + n / 50_000))).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(draw.id(UnixMs(0)) > ids[99_999], "a clock that goes back does not matter");
    }
}
