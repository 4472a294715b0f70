//! Chance: from the operating system in production, from a seed in tests.
//! Refuses to be predictable unless a seed was asked for.

use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::{Arc, Mutex, PoisonError};

/// Draws random bytes, numbers and codes. Clones share the seed's sequence.
#[derive(Clone, Default)]
pub struct Draw(Option<Arc<Mutex<StdRng>>>);

/// Letters and digits that are hard to mistake for each other, 32 of them.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// The same in upper case, for bill numbers.
const UPPER: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl Draw {
    /// The operating system's randomness.
    pub fn system() -> Self {
        Self(None)
    }

    /// A repeatable sequence, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// `N` random bytes.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the operating system for randomness")]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            None => getrandom::fill(&mut bytes).expect("the operating system has randomness"),
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A uniformly random number.
    pub fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// A new row id: the time in its high bits, so that rows made together lie together, and 20 random low bits.
    pub fn id(&self, now: rules::time::UnixMs) -> i64 {
        let low = i64::from(u32::from_le_bytes(self.bytes()) & 0xF_FFFF);
        (now.0.max(0) << 20 | low) & i64::MAX
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
