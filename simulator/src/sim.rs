//! The simulator as one value: its configuration, its clock, its chance and its state behind one lock.
//! It refuses to hand the lock out; callers pass what they want done.

use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::rngs::StdRng;
use rand::{Rng, RngCore};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::{Config, Limits};
use crate::faults::Faults;
use crate::keys::Keys;
use crate::world::State;

/// Where things are, all without a trailing slash.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The server that is being tried.
    pub(crate) server: String,
    /// This simulator's own address.
    pub(crate) url: String,
    /// Its payment side.
    pub(crate) pay_url: String,
}

/// One running world.
pub(crate) struct Sim {
    pub(crate) config: Config,
    pub(crate) appids: Vec<String>,
    pub(crate) places: Places,
    pub(crate) keys: Keys,
    pub(crate) push_attempts: u32,
    pub(crate) push_timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) http: reqwest::Client,
    pub(crate) faults: Faults,
    pub(crate) limits: Mutex<Limits>,
    pub(crate) state: Mutex<State>,
    pub(crate) chance: Mutex<StdRng>,
    pub(crate) version: watch::Sender<u64>,
}

impl Sim {
    /// Unix milliseconds of this world.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Looks at the state, with everything done first that is due.
    pub(crate) fn read<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        let way_ms = self.refund_way_ms();
        let mut state = self.state.lock().expect("no thread panics while it holds the state");
        let changed = state.step_due(self.now_ms(), way_ms);
        let seen = look(&state);
        drop(state);
        if changed > 0 {
            self.touch();
        }
        seen
    }

    /// Changes the state, with everything done first that is due, and tells everybody who waits for changes.
    pub(crate) fn change<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let way_ms = self.refund_way_ms();
        let mut state = self.state.lock().expect("no thread panics while it holds the state");
        state.step_due(self.now_ms(), way_ms);
        let done = act(&mut state);
        drop(state);
        self.touch();
        done
    }

    /// What the payment side allows now.
    pub(crate) fn limits(&self) -> Limits {
        self.limits.lock().expect("no thread panics while it holds the limits").clone()
    }

    /// How long a refund is under way, in milliseconds.
    fn refund_way_ms(&self) -> i64 {
        i64::from(self.limits().refund_way_secs) * 1000
    }

    /// Counts one change.
    pub(crate) fn touch(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Random bytes.
    pub(crate) fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.chance.lock().expect("drawing bytes does not panic").fill_bytes(&mut bytes);
        bytes
    }

    /// A number in `0..below`.
    pub(crate) fn draw(&self, below: u64) -> u64 {
        self.chance.lock().expect("drawing a number does not panic").random_range(0..below.max(1))
    }

    /// `length` random URL-safe characters.
    pub(crate) fn word(&self, length: usize) -> String {
        let mut word = String::new();
        while word.len() < length {
            word.push_str(&URL_SAFE_NO_PAD.encode(self.bytes::<24>()));
        }
        word.truncate(length);
        word
    }

    /// `length` random digits, the first of which is not zero.
    pub(crate) fn digits(&self, length: usize) -> String {
        let mut chance = self.chance.lock().expect("drawing digits does not panic");
        (0..length).map(|at| char::from(b'0' + chance.random_range(u8::from(at == 0)..10))).collect()
    }

    /// `length` random lower-case letters and digits that nobody confuses when reading aloud.
    pub(crate) fn label(&self, length: usize) -> String {
        const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
        let size = u64::try_from(ALPHABET.len()).expect("the alphabet is short");
        (0..length)
            .map(|_| char::from(ALPHABET[usize::try_from(self.draw(size)).expect("an index is small")]))
            .collect()
    }
}
