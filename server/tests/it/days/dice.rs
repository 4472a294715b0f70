//! The seed's chance and the seed's memory: what is drawn, and a mark over all that was decided.
//! Refuses to look at the machine.

use engine::Draw;

/// Dice of one seed.
pub struct Dice(Draw);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn of(seed: u64) -> Self {
        Self(Draw::seeded(seed))
    }

    /// A number below `n`.
    pub fn below(&self, n: usize) -> usize {
        usize::try_from(self.0.number() % n.max(1) as u64).unwrap()
    }

    /// A number from `low` to `high`.
    pub fn between(&self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.0.number() % u64::try_from(high - low + 1).unwrap()).unwrap()
    }

    /// True in so many of a hundred cases.
    pub fn chance(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn one_of<'a, T>(&self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// What happened, step by step.
pub struct Steps {
    mark: u64,
    aloud: bool,
}

impl Steps {
    /// No step yet.
    pub const fn new(aloud: bool) -> Self {
        Self { mark: 0xcbf2_9ce4_8422_2325, aloud }
    }

    /// Notes a step.
    pub fn note(&mut self, step: &str) {
        if self.aloud {
            println!("{step}");
        }
        for byte in step.bytes().chain([b'\n']) {
            self.mark = (self.mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// The same for the same steps.
    pub const fn mark(&self) -> u64 {
        self.mark
    }
}
