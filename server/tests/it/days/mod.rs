//! Days drawn from a seed: one thread, clocks that only move when they are turned, and everything that goes wrong (lost
//! and broken answers, deaths at named points, jumps of time) decided by the seed, so that a failing seed can be replayed.
//! Refuses to end a day before a separate reader has held our books against WeChat's.
//!
//! `LINGBAO_SEED=7` replays one seed and prints every step; `LINGBAO_DAYS` sets how many days it has. The mark tells two
//! runs apart: on SQLite they are the same on a machine with nothing else to do. Where many ask in one moment a busy
//! machine may put them into other batches, and PostgreSQL puts transactions that meet in an order of its own: then the
//! steps are the same, and an answer may differ.
//!
//! What the days find was shown by planting bugs, see `.ci/plant`.

mod deeds;
mod dice;
mod reader;
mod world;

pub use reader::bill_by_bill;
use std::time::{Duration, Instant};
pub use world::Counts;
use world::World;

/// Seeds that every run repeats: each of them once met something that no other did.
const KNOWN: [u64; 2] = [1, 2026];
/// How many days a seed has when nobody says otherwise.
const DAYS: u64 = 3;

/// How a run ended.
pub struct Ended {
    /// The same for the same seed.
    pub mark: u64,
    /// What happened.
    pub counts: Counts,
}

/// Lives the days of one seed, on this thread alone.
pub fn live(seed: u64, days: u64, aloud: bool) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = Told(seed, days);
    let ended = runtime.block_on(async {
        let mut world = World::begin(seed, aloud).await;
        for _ in 0..days {
            world.lives_a_day().await;
            world.proves_the_day().await;
        }
        world.comes_to_rest().await;
        world.ends().await
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    std::mem::forget(told);
    ended
}

/// Names the seed of a run that did not come to its end.
struct Told(u64, u64);

impl Drop for Told {
    fn drop(&mut self) {
        let Self(seed, days) = self;
        eprintln!("the days of seed {seed} failed; again: LINGBAO_SEED={seed} LINGBAO_DAYS={days} make days");
    }
}

/// A number from the environment.
pub fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text}")))
}

/// A seed that nobody chose.
pub fn fresh_seed() -> u64 {
    engine::Draw::system().number() % 1_000_000_000
}

/// Lives a seed and prints what came of it.
pub fn told(seed: u64, days: u64, aloud: bool) -> Ended {
    let began = Instant::now();
    let ended = live(seed, days, aloud);
    println!("seed {seed}: {days} days in {:.1?}, mark {:016x}; {}", began.elapsed(), ended.mark, ended.counts);
    ended
}

#[test]
fn days_full_of_faults_and_deaths_leave_every_fen_where_it_belongs() {
    let days = asked("LINGBAO_DAYS").unwrap_or(DAYS);
    if let Some(seed) = asked("LINGBAO_SEED") {
        told(seed, days, true);
        return;
    }
    for seed in KNOWN.into_iter().chain([fresh_seed()]) {
        told(seed, days, false);
    }
    let until = Instant::now() + Duration::from_secs(60 * asked("LINGBAO_SOAK_MINUTES").unwrap_or(0));
    let (mut counts, mut seeds) = (Counts::default(), 0);
    while Instant::now() < until {
        counts.add(&told(fresh_seed(), days, false).counts);
        seeds += 1;
        println!("{seeds} fresh seeds of {days} days: {counts}");
    }
}
