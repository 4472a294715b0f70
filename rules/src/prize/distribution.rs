//! The expected distribution of a rule's amounts, as bars for the screen.
//! Refuses floating point: shares are whole thousandths, and they add up to a thousand.
#![deny(clippy::float_arithmetic)]

use super::{PrizeRule, Split, Tier};
use crate::Fen;
use serde::{Deserialize, Serialize};

/// The share of packets whose amount lies from `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// The least amount of this bar.
    pub from: Fen,
    /// The most.
    pub to: Fen,
    /// Packets of this bar among a thousand.
    pub per_mille: u32,
}

/// At most so many bars for amounts that follow one another.
const BARS: i64 = 12;
/// A split is tried on about so many packets.
const TRIED: u32 = 24_000;

impl PrizeRule {
    /// How likely each amount is, the smallest first. Empty for a rule that makes no sense.
    ///
    /// Exact for all rules but those with a total: their draws depend on one another, and their bars come from
    /// splitting such a total with a fixed sequence of dice again and again.
    pub fn distribution(&self) -> Vec<Bar> {
        if self.check_shape().is_err() {
            return Vec::new();
        }
        match self {
            Self::Fixed(amount) => vec![Bar { from: *amount, to: *amount, per_mille: 1000 }],
            Self::Range(min, max) => of_range(*min, *max),
            Self::Tiers(tiers) => of_tiers(tiers),
            Self::Bounded(split) | Self::Pool(split) => of_split(split),
        }
    }
}

fn of_range(min: Fen, max: Fen) -> Vec<Bar> {
    let spans = spans(min.get(), max.get());
    let counts: Vec<_> = spans.iter().map(|(from, to)| from.abs_diff(*to) + 1).collect();
    bars(&spans, &counts)
}

fn of_tiers(tiers: &[Tier]) -> Vec<Bar> {
    let mut sorted = tiers.to_vec();
    sorted.sort_by_key(|tier| tier.amount);
    let mut spans: Vec<(i64, i64)> = Vec::new();
    let mut weights: Vec<u64> = Vec::new();
    for tier in sorted {
        let amount = tier.amount.get();
        match (spans.last(), weights.last_mut()) {
            (Some((last, _)), Some(weight)) if *last == amount => *weight += u64::from(tier.weight),
            (Some(_) | None, _) => {
                spans.push((amount, amount));
                weights.push(u64::from(tier.weight));
            }
        }
    }
    bars(&spans, &weights)
}

fn of_split(split: &Split) -> Vec<Bar> {
    let mut dice = sequence();
    // Draws depend on what is left per packet, hardly on how many there are: a long split is tried as a shorter one.
    let tried = shortened(split);
    let times = (TRIED / tried.packets).max(1);
    let amounts: Vec<_> = (0..times).flat_map(|_| tried.cut(&mut dice)).map(Fen::get).collect();
    // The most may be far above what is ever drawn: only what was drawn gets a bar.
    let (Some(least), Some(most)) = (amounts.iter().min(), amounts.iter().max()) else { return Vec::new() };
    let spans = spans(*least, *most);
    let mut counts = vec![0; spans.len()];
    for amount in amounts {
        if let Some(count) = counts.get_mut(spans.partition_point(|(_, to)| *to < amount)) {
            *count += 1;
        }
    }
    bars(&spans, &counts)
}

/// The same split with fewer packets of the same average.
fn shortened(split: &Split) -> Split {
    let packets = split.packets.clamp(1, TRIED);
    let total = i128::from(split.total.get()) * i128::from(packets) / i128::from(split.packets.max(1));
    let total = i64::try_from(total).ok().and_then(|fen| Fen::new(fen).ok()).unwrap_or(split.total);
    Split { total, packets, ..*split }
}

/// From `min` to `max` in at most [`BARS`] spans whose lengths differ by at most one fen, and by nothing where a number
/// of spans divides the amounts: equal chances should look equal.
fn spans(min: i64, max: i64) -> Vec<(i64, i64)> {
    let amounts = max - min + 1;
    let evenly = (BARS / 2..=BARS).rev().min_by_key(|spans| amounts % spans);
    let spans = if amounts <= BARS { amounts } else { evenly.unwrap_or(BARS) };
    let start = |at: i64| min + amounts * at / spans;
    (0..spans).map(|at| (start(at), start(at + 1) - 1)).collect()
}

/// Thousandths by counts; what rounding down leaves goes to the largest remainders.
fn bars(spans: &[(i64, i64)], counts: &[u64]) -> Vec<Bar> {
    let all: u64 = counts.iter().sum::<u64>().max(1);
    let mut shares: Vec<u64> = counts.iter().map(|count| count * 1000 / all).collect();
    let mut by_remainder: Vec<usize> = (0..counts.len()).collect();
    by_remainder.sort_by_key(|at| std::cmp::Reverse(counts[*at] * 1000 % all));
    let missing = usize::try_from(1000_u64.saturating_sub(shares.iter().sum())).unwrap_or(0);
    for at in by_remainder.into_iter().take(missing) {
        shares[at] += 1;
    }
    let bar = |((from, to), share): (&(i64, i64), u64)| {
        let (from, to) = (Fen::new(*from).ok()?, Fen::new(*to).ok()?);
        Some(Bar { from, to, per_mille: u32::try_from(share).unwrap_or(1000) })
    };
    spans.iter().zip(shares).filter_map(bar).collect()
}

/// Always the same dice (SplitMix64): nothing is drawn with them, a picture is made.
fn sequence() -> impl FnMut() -> u64 {
    let mut state = 0_u64;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
