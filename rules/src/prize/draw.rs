//! The draws: every amount is a function of the rule, of what is left, and of dice that the caller throws.
//! Refuses to lose or make a fen: the packets of a split add up to its total whatever the dice say.
#![deny(clippy::float_arithmetic)]

use super::{PrizeRule, Split, Tier};
use crate::Fen;

/// Throws a die: a uniformly random 64-bit number each time.
pub type Dice<'a> = dyn FnMut() -> u64 + 'a;

/// What is left of a split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// The money in the packets that nobody has yet.
    pub fen: Fen,
    /// How many packets that is.
    pub packets: u32,
}

impl PrizeRule {
    /// The amount for one throw of `die`, a uniformly random 64-bit number.
    ///
    /// A rule with a total draws its first packet here: what is left of it is the caller's to know, who takes the
    /// following ones from [`Split::draw`] or from the cut pool.
    pub fn draw(&self, die: u64) -> Fen {
        match self {
            Self::Fixed(amount) => *amount,
            Self::Range(min, max) => uniform(die, *min, *max),
            Self::Tiers(tiers) => tier(tiers, die),
            Self::Bounded(split) | Self::Pool(split) => {
                split.draw(split.whole(), die).map_or(split.min, |(amount, _)| amount)
            }
        }
    }
}

impl Split {
    /// The split before its first packet.
    pub const fn whole(&self) -> Left {
        Left { fen: self.total, packets: self.packets }
    }

    /// The next packet of what is left, and what is left then. `None` when no packet is left, or when what is left
    /// does not fit the rule.
    ///
    /// The two-times-average draw, on what lies above the least: uniform from the least to as far above the average
    /// as that lies above the least, so the average of what is left stays the same and nobody gains by coming early.
    /// It never takes more than leaves the least for all others, nor less than leaves what they can hold; the last
    /// packet is what is left.
    pub fn draw(&self, left: Left, die: u64) -> Option<(Fen, Left)> {
        let others = i64::from(left.packets.checked_sub(1)?);
        let (fen, min, max) = (left.fen.get(), self.min.get(), self.max.get());
        let least = min.max(fen - others * max);
        let most = max.min(fen - others * min);
        if least > most {
            return None;
        }
        let twice_average = 2 * fen / i64::from(left.packets);
        let most = if others == 0 { most } else { most.min(twice_average - min).max(least) };
        let amount = uniform(die, Fen::new(least).ok()?, Fen::new(most).ok()?);
        let rest = Left { fen: left.fen.checked_sub(amount)?, packets: left.packets - 1 };
        Some((amount, rest))
    }

    /// What is left after a packet of exactly `amount` is taken out again; `None` when the packet or the rest would not fit
    /// the rule: nobody could be given it once it came back.
    pub fn without(&self, left: Left, amount: Fen) -> Option<Left> {
        if amount < self.min || amount > self.max {
            return None;
        }
        let rest = Left { fen: left.fen.checked_sub(amount)?, packets: left.packets.checked_sub(1)? };
        let all = |each: Fen| each.checked_mul(i64::from(rest.packets));
        (all(self.min)? <= rest.fen && rest.fen <= all(self.max)?).then_some(rest)
    }

    /// All packets, drawn one after another and then shuffled. They add up to the total.
    pub fn cut(&self, dice: &mut Dice<'_>) -> Vec<Fen> {
        let mut left = self.whole();
        let mut packets = Vec::new();
        while let Some((amount, rest)) = self.draw(left, dice()) {
            packets.push(amount);
            left = rest;
        }
        shuffle(&mut packets, dice);
        packets
    }
}

/// Fisher–Yates: every order is equally likely.
fn shuffle(packets: &mut [Fen], dice: &mut Dice<'_>) {
    for last in (1..packets.len()).rev() {
        packets.swap(last, below(dice(), last + 1));
    }
}

fn tier(tiers: &[Tier], die: u64) -> Fen {
    let weights = tiers.iter().map(|tier| u64::from(tier.weight)).sum();
    let mut mark = scaled(die, weights);
    for tier in tiers {
        match mark.checked_sub(u64::from(tier.weight)) {
            Some(beyond) => mark = beyond,
            None => return tier.amount,
        }
    }
    Fen::ZERO
}

fn uniform(die: u64, min: Fen, max: Fen) -> Fen {
    let step = scaled(die, max.get().abs_diff(min.get()) + 1);
    i64::try_from(step).ok().and_then(|step| Fen::new(min.get() + step).ok()).unwrap_or(min)
}

fn below(die: u64, bound: usize) -> usize {
    u64::try_from(bound).ok().and_then(|bound| usize::try_from(scaled(die, bound)).ok()).unwrap_or(0)
}

/// A number below `bound`. The high half of die × bound is uniform to within 2⁻⁶⁴ × bound: far below a fen in all
/// packets ever sent.
fn scaled(die: u64, bound: u64) -> u64 {
    u64::try_from((u128::from(die) * u128::from(bound)) >> 64).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prize::tests::{chi_square, dice, fen};

    #[test]
    fn every_order_of_a_shuffle_is_equally_likely() {
        let mut dice = dice(7);
        let mut counts = [0; 6];
        for _ in 0..60_000 {
            let mut three = [fen(1), fen(2), fen(3)];
            shuffle(&mut three, &mut dice);
            let at = match three.map(Fen::get) {
                [1, 2, 3] => 0,
                [1, 3, 2] => 1,
                [2, 1, 3] => 2,
                [2, 3, 1] => 3,
                [3, 1, 2] => 4,
                _ => 5,
            };
            counts[at] += 1;
        }
        // One in a thousand true shuffles passes 20.5 (five degrees of freedom).
        assert!(chi_square(&counts, &[10_000; 6]) < 20_500, "{counts:?}");
    }
}
