//! Days drawn from a seed: one thread, clocks that only move when they are turned, and everything that goes wrong (lost
//! and broken answers, deaths at named points, jumps of time) decided by the seed, so that a failing seed can be replayed.
//! Refuses to end a day before a separate reader has held our books against WeChat's.
//!
//! `LINGBAO_SEED=7` replays one seed and prints every step; `LINGBAO_DAYS` sets how many days it has, `LINGBAO_STORMS` how
//! many crowds come on each, if they are days of storm (`storm.rs`). The mark tells two
//! runs apart: on SQLite they are the same on a machine with nothing else to do. Where many ask in one moment a busy
//! machine may put them into other batches, and PostgreSQL puts transactions that meet in an order of its own: then the
//! steps are the same, and an answer may differ.
//!
//! What the days find was shown by planting bugs, see `.ci/plant`.

mod deeds;
mod dice;
mod fires;
mod post;
mod pushes;
mod reader;
mod staff;
mod storm;
mod terms;
mod world;

pub use reader::bill_by_bill;
use std::time::{Duration, Instant};
pub use world::Counts;
use world::World;

/// Seeds that every run repeats: each of them once met something that no other did.
const KNOWN: [u64; 2] = [1, 2026];
/// How many days a seed has when nobody says otherwise.
const DAYS: u64 = 3;

/// Crowds in a storm of a long run.
const CROWDS: u64 = 12;

/// What is lived.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    seed: u64,
    days: u64,
    /// How many crowds come on each day of storm; without it the days are of all kinds.
    storms: Option<u64>,
}

/// How a run ended.
pub struct Ended {
    /// The same for the same seed.
    pub mark: u64,
    /// What happened.
    pub counts: Counts,
}

/// Lives the days of one seed, on this thread alone.
fn live(run: Run, aloud: bool) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = Told(run);
    let ended = runtime.block_on(async {
        let mut world = World::begin(run.seed, aloud).await;
        for _ in 0..run.days {
            match run.storms {
                Some(crowds) => world.lives_through_a_storm(crowds).await,
                None => world.lives_a_day().await,
            }
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
struct Told(Run);

impl Drop for Told {
    fn drop(&mut self) {
        let Run { seed, days, storms } = self.0;
        let storms = storms.map(|crowds| format!("LINGBAO_STORMS={crowds} ")).unwrap_or_default();
        eprintln!("the days of seed {seed} failed; again: LINGBAO_SEED={seed} LINGBAO_DAYS={days} {storms}make days");
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
fn told(run: Run, aloud: bool) -> Ended {
    let began = Instant::now();
    let ended = live(run, aloud);
    let Run { seed, days, storms } = run;
    let kind = storms.map_or_else(|| "days".to_owned(), |crowds| format!("days of storm, {crowds} crowds each,"));
    println!("seed {seed}: {days} {kind} in {:.1?}, mark {:016x}; {}", began.elapsed(), ended.mark, ended.counts);
    ended
}

#[test]
fn days_full_of_faults_and_deaths_leave_every_fen_where_it_belongs() {
    let (days, storms) = (asked("LINGBAO_DAYS").unwrap_or(DAYS), asked("LINGBAO_STORMS"));
    if let Some(seed) = asked("LINGBAO_SEED") {
        told(Run { seed, days, storms }, true);
        return;
    }
    for seed in KNOWN {
        told(Run { seed, days, storms }, false);
    }
    told(Run { seed: fresh_seed(), days: 2, storms }, false);
    told(Run { seed: fresh_seed(), days: 1, storms: Some(1) }, false);
    let until = Instant::now() + Duration::from_secs(60 * asked("LINGBAO_SOAK_MINUTES").unwrap_or(0));
    let (mut counts, mut seeds) = (Counts::default(), 0);
    while Instant::now() < until {
        // One seed of days of all kinds, then three of storm.
        let storms = storms.or((seeds % 4 != 0).then_some(CROWDS));
        counts.add(&told(Run { seed: fresh_seed(), days, storms }, false).counts);
        seeds += 1;
        println!("{seeds} fresh seeds of {days} days: {counts}");
    }
}
