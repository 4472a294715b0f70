//! Tables of rules, what every split keeps, and whether draws follow the distribution that the screen shows.
//! Refuses luck: dice have a fixed seed.

use super::distribution::Bar;
use super::draw::{Dice, Left};
use super::*;
use crate::follow::Grade;
use crate::ids::AccountId;
use proptest::prelude::*;

pub(super) fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

/// Dice of a fixed seed (xorshift64*), unlike the sequence behind the distribution.
pub(super) fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}

/// Pearson's statistic in thousandths.
pub(super) fn chi_square(seen: &[i64], expected: &[i64]) -> i64 {
    seen.iter().zip(expected).map(|(seen, expected)| (seen - expected).pow(2) * 1000 / expected).sum()
}

fn split(total: i64, packets: u32, min: i64, max: i64) -> Split {
    Split { total: fen(total), packets, min: fen(min), max: fen(max) }
}

fn tiers(list: &[(i64, u32)]) -> PrizeRule {
    PrizeRule::Tiers(list.iter().map(|(amount, weight)| Tier { amount: fen(*amount), weight: *weight }).collect())
}

#[test]
fn a_rule_keeps_to_what_wechat_sends() {
    let table = [
        (100, 100, Ok(PrizeRule::Fixed(fen(100)))),
        (100, 300, Ok(PrizeRule::Range(fen(100), fen(300)))),
        (100, 20_000, Ok(PrizeRule::Range(fen(100), fen(20_000)))),
        (99, 300, Err(PrizeWrong::TooSmall)),
        (100, 20_001, Err(PrizeWrong::TooLarge)),
        (300, 100, Err(PrizeWrong::Reversed)),
    ];
    for (min, max, expected) in table {
        assert_eq!(PrizeRule::new(fen(min), fen(max)), expected, "{min}..{max}");
    }
}

#[test]
fn each_rail_has_its_limits() {
    use crate::payout::Rail::{Redpack, Transfer};
    let scene = Some(SceneId::Lottery);
    let table = [
        (Redpack, None, 99, Err(PrizeWrong::TooSmall)),
        (Redpack, None, 100, Ok(())),
        (Redpack, None, 20_000, Ok(())),
        (Redpack, None, 20_001, Err(PrizeWrong::TooLarge)),
        (Redpack, scene, 29, Err(PrizeWrong::TooSmall)),
        (Redpack, scene, 30, Ok(())),
        (Redpack, scene, 49_900, Ok(())),
        (Redpack, scene, 49_901, Err(PrizeWrong::TooLarge)),
        (Transfer, None, 9, Err(PrizeWrong::TooSmall)),
        (Transfer, None, 10, Ok(())),
        (Transfer, scene, 199_999, Ok(())),
        (Transfer, None, 200_000, Err(PrizeWrong::TooLarge)),
    ];
    for (rail, scene, amount, expected) in table {
        assert_eq!(PrizeRule::Fixed(fen(amount)).check(Limits::of(rail, scene)), expected, "{rail:?} {amount}");
    }
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    let bounded = |total, packets, min, max| PrizeRule::Bounded(split(total, packets, min, max));
    let table = [
        (tiers(&[]), Err(PrizeWrong::TierCount)),
        (tiers(&[(100, 1); 21]), Err(PrizeWrong::TierCount)),
        (tiers(&[(100, 0)]), Err(PrizeWrong::TierWeight)),
        (tiers(&[(100, WEIGHT_MAX + 1)]), Err(PrizeWrong::TierWeight)),
        (tiers(&[(0, 1)]), Err(PrizeWrong::TooSmall)),
        (tiers(&[(100, 9), (99, 1)]), Err(PrizeWrong::TooSmall)),
        (tiers(&[(100, 9), (20_001, 1)]), Err(PrizeWrong::TooLarge)),
        (tiers(&[(100, 9), (5_000, 1)]), Ok(())),
        (bounded(1_000, 0, 100, 300), Err(PrizeWrong::PacketCount)),
        (bounded(1_000, PACKETS_MAX + 1, 100, 300), Err(PrizeWrong::PacketCount)),
        (bounded(999, 10, 100, 300), Err(PrizeWrong::TotalTooSmall)),
        (bounded(3_001, 10, 100, 300), Err(PrizeWrong::TotalTooLarge)),
        (bounded(3_000, 10, 300, 100), Err(PrizeWrong::Reversed)),
        (bounded(1_000, 10, 100, 300), Ok(())),
        (bounded(3_000, 10, 100, 300), Ok(())),
        (bounded(1_000, 10, 0, 300), Err(PrizeWrong::TooSmall)),
        (PrizeRule::Pool(split(1_000, 11, 100, 300)), Err(PrizeWrong::TotalTooSmall)),
        (PrizeRule::Pool(split(20_000, 4, 100, 20_001)), Err(PrizeWrong::TooLarge)),
    ];
    for (rule, expected) in table {
        assert_eq!(rule.check(Limits::RED_PACKET), expected, "{rule:?}");
    }
}

#[test]
fn a_rule_tells_its_ends_its_average_and_how_far_a_budget_goes() {
    let pool = PrizeRule::Pool(split(1_000, 6, 100, 300));
    let uneven = tiers(&[(500, 1), (100, 9)]);
    let table = [
        (PrizeRule::Fixed(fen(150)), (150, 150, 150), None, [(1_000, 6), (149, 0)]),
        (PrizeRule::Range(fen(100), fen(203)), (100, 203, 151), None, [(1_510, 10), (1_509, 9)]),
        (uneven, (100, 500, 140), None, [(1_400, 10), (1_399, 9)]),
        (pool, (100, 300, 166), Some(6), [(1_000, 6), (999, 6)]),
        (PrizeRule::Bounded(split(1_000, 5, 100, 300)), (100, 300, 200), Some(5), [(5_000, 5), (600, 3)]),
    ];
    for (rule, (min, max, average), packets, budgets) in table {
        assert_eq!((rule.min(), rule.max(), rule.expected_fen()), (fen(min), fen(max), fen(average)), "{rule:?}");
        assert_eq!(rule.packets(), packets, "{rule:?}");
        for (budget, covered) in budgets {
            assert_eq!(rule.covered_by(fen(budget)), covered, "{rule:?} with {budget}");
        }
    }
}

#[test]
fn the_last_of_a_budget_makes_a_packet_only_where_the_rule_has_one_so_small() {
    let range = PrizeRule::Range(fen(100), fen(300));
    let steps = tiers(&[(100, 1), (200, 1), (500, 1)]);
    let pool = PrizeRule::Pool(split(1_000, 5, 100, 300));
    let table = [
        (&range, 250, 300, Some(250)),
        (&range, 250, 200, Some(200)),
        (&range, 250, 99, None),
        (&steps, 500, 499, Some(200)),
        (&steps, 500, 99, None),
        (&pool, 250, 250, Some(250)),
        (&pool, 250, 249, None),
        (&PrizeRule::Fixed(fen(100)), 100, 99, None),
    ];
    for (rule, drawn, left, expected) in table {
        assert_eq!(rule.within(fen(drawn), fen(left)), expected.map(fen), "{rule:?} {drawn} of {left}");
    }
}

#[test]
fn a_draw_reaches_both_ends_and_no_further() {
    let range = PrizeRule::Range(fen(100), fen(102));
    let steps = tiers(&[(100, 1), (200, 2), (500, 1)]);
    let bounded = PrizeRule::Bounded(split(1_000, 5, 100, 250));
    let table = [
        (&range, [100, 101, 102]),
        (&steps, [100, 200, 500]),
        (&PrizeRule::Fixed(fen(150)), [150, 150, 150]),
        // Twice the average of 200, less the least, would be 300; the most is 250.
        (&bounded, [100, 175, 250]),
    ];
    for (rule, amounts) in table {
        assert_eq!([0, u64::MAX / 2, u64::MAX].map(|die| rule.draw(die)), amounts.map(fen), "{rule:?}");
    }
}

#[test]
fn the_last_packet_is_what_is_left_and_after_it_there_is_none() {
    let split = split(700, 3, 100, 400);
    let left = |fen_left, packets| Left { fen: fen(fen_left), packets };
    assert_eq!(split.draw(left(273, 1), 0), Some((fen(273), left(0, 0))));
    assert_eq!(split.draw(left(0, 0), 0), None);
    assert_eq!(split.draw(left(99, 1), 0), None, "a state that no draw leads to");
    assert_eq!(split.draw(left(900, 2), 0), None, "nor to this one");
    // The others can hold 400 each at most, so this one must take the rest whatever the die says.
    assert_eq!(split.draw(left(1_200, 3), 0), Some((fen(400), left(800, 2))));
}

#[test]
fn the_most_specific_rule_wins() {
    let mut prizes = Prizes::from(PrizeRule::Fixed(fen(100)));
    prizes.accounts.insert(AccountId(1), PrizeRule::Fixed(fen(200)));
    prizes.grades.insert(Grade::Asserted, PrizeRule::Fixed(fen(150)));
    let table = [
        (1, Grade::Proven, 200),
        (1, Grade::Asserted, 200),
        (2, Grade::Asserted, 150),
        (2, Grade::Proven, 100),
        (2, Grade::Checked, 100),
    ];
    for (account, grade, amount) in table {
        assert_eq!(*prizes.for_(AccountId(account), grade), PrizeRule::Fixed(fen(amount)), "{account} {grade:?}");
    }
}

#[test]
fn the_bars_of_exact_rules_are_exact() {
    let bars = |rule: &PrizeRule| -> Vec<_> {
        rule.distribution().iter().map(|bar| (bar.from.get(), bar.to.get(), bar.per_mille)).collect()
    };
    assert_eq!(bars(&PrizeRule::Fixed(fen(100))), [(100, 100, 1000)]);
    assert_eq!(bars(&tiers(&[(500, 1), (100, 8), (500, 1)])), [(100, 100, 800), (500, 500, 200)]);
    assert_eq!(bars(&PrizeRule::Range(fen(100), fen(102))), [(100, 100, 334), (101, 101, 333), (102, 102, 333)]);
    let wide = bars(&PrizeRule::Range(fen(100), fen(339)));
    assert_eq!((wide.len(), wide[0], wide[11]), (12, (100, 119, 84), (320, 339, 83)));
    let uneven = bars(&PrizeRule::Range(fen(100), fen(300)));
    assert_eq!((uneven.len(), uneven[0], uneven[9]), (10, (100, 119, 100), (280, 300, 104)));
    assert_eq!(bars(&tiers(&[])), []);
    assert_eq!(bars(&PrizeRule::Pool(split(1_000, 10, 100, 100))), [(100, 100, 1000)]);
}

/// How many of `amounts` lie in each bar, and how many should.
fn counted(bars: &[Bar], amounts: &[Fen]) -> (Vec<i64>, Vec<i64>) {
    let size = |count: usize| i64::try_from(count).unwrap();
    let within = |bar: &Bar| size(amounts.iter().filter(|amount| bar.from <= **amount && **amount <= bar.to).count());
    let expected = |bar: &Bar| i64::from(bar.per_mille) * size(amounts.len()) / 1000;
    (bars.iter().map(within).collect(), bars.iter().map(expected).collect())
}

#[test]
fn draws_follow_the_distribution_that_the_screen_shows() {
    // The 99.9 % points of chi-square for 11, 2 and 3 degrees of freedom, in thousandths.
    let table = [
        (PrizeRule::Range(fen(100), fen(339)), 31_260),
        (tiers(&[(100, 900), (888, 99), (8_888, 1)]), 13_820),
        (tiers(&[(100, 1), (200, 2), (300, 3), (400, 4)]), 16_270),
    ];
    let mut dice = dice(2026);
    for (rule, limit) in table {
        let amounts: Vec<_> = (0..100_000).map(|_| rule.draw(dice())).collect();
        let (seen, expected) = counted(&rule.distribution(), &amounts);
        let far = chi_square(&seen, &expected);
        assert!(far < limit, "{rule:?}: {far}\n{seen:?}\n{expected:?}");
    }
}

#[test]
fn the_packets_of_a_split_follow_the_distribution_that_the_screen_shows() {
    let mut dice = dice(88);
    for split in [split(20_000, 100, 100, 400), split(15_000, 100, 100, 2_000), split(36_000, 100, 100, 400)] {
        let rule = PrizeRule::Pool(split);
        let amounts: Vec<_> = (0..240).flat_map(|_| split.cut(&mut dice)).collect();
        let (seen, expected) = counted(&rule.distribution(), &amounts);
        let bars = seen.iter().zip(&expected).filter(|(_, expected)| **expected >= 100);
        let (seen, expected): (Vec<_>, Vec<_>) = bars.unzip();
        // Both sides were tried on 24,000 packets, so the difference has twice the variance: 2 × 31.26.
        let far = chi_square(&seen, &expected);
        assert!(far < 62_520, "{split:?}: {far}\n{seen:?}\n{expected:?}");
    }
}

#[test]
fn who_comes_late_gets_as_much_as_who_comes_early() {
    // The most does not bind here, so each packet's average is the total's.
    let split = split(20_000, 100, 100, 20_000);
    let mut dice = dice(5);
    let mut sums = [0_i64; 100];
    for _ in 0..5_000 {
        let mut left = split.whole();
        for sum in &mut sums {
            let (amount, rest) = split.draw(left, dice()).unwrap();
            *sum += amount.get();
            left = rest;
        }
    }
    for at in [0, 1, 10, 50, 98] {
        let average = sums[at] / 5_000;
        assert!((190..=210).contains(&average), "packet {at} holds {average} fen on average");
    }
}

prop_compose! {
    /// A split that makes sense, with limits from tight to wide.
    fn any_split()(packets in 1_u32..300, min in 1_i64..500, more in 0_i64..5_000)
        (total in min * i64::from(packets)..=(min + more) * i64::from(packets),
         packets in Just(packets), min in Just(min), max in Just(min + more)) -> Split {
        split(total, packets, min, max)
    }
}

fn fits(split: &Split, left: Left) -> bool {
    let all = |each: Fen| each.checked_mul(i64::from(left.packets)).unwrap();
    all(split.min) <= left.fen && left.fen <= all(split.max)
}

proptest! {
    #[test]
    fn a_draw_is_always_within_the_rule(min in 100_i64..20_000, more in 0_i64..1_000, die: u64) {
        let max = (min + more).min(20_000);
        let rule = PrizeRule::new(fen(min), fen(max)).unwrap();
        let drawn = rule.draw(die);
        prop_assert!(rule.min() <= drawn && drawn <= rule.max());
    }

    #[test]
    fn whatever_the_dice_say_a_split_comes_out_to_the_fen(split in any_split(), seed in 1_u64.., extreme in 0_u8..4) {
        prop_assert_eq!(split.check(), Ok(()));
        let mut random = dice(seed);
        let throw: &mut Dice<'_> = &mut || match extreme {
            0 => 0,
            1 => u64::MAX,
            _ => random(),
        };
        let mut left = split.whole();
        let mut sum = 0;
        while left.packets > 0 {
            let (amount, rest) = split.draw(left, throw()).unwrap();
            prop_assert!(split.min <= amount && amount <= split.max, "{:?}", amount);
            prop_assert!(fits(&split, rest), "{:?} is left", rest);
            sum += amount.get();
            left = rest;
        }
        prop_assert_eq!((sum, left.fen), (split.total.get(), Fen::ZERO));
    }

    #[test]
    fn a_cut_pool_adds_up_to_the_fen(split in any_split(), seed in 1_u64..) {
        let packets = split.cut(&mut dice(seed));
        prop_assert_eq!(packets.len(), usize::try_from(split.packets).unwrap());
        prop_assert_eq!(packets.iter().map(|packet| packet.get()).sum::<i64>(), split.total.get());
        prop_assert!(packets.iter().all(|packet| split.min <= *packet && *packet <= split.max));
        prop_assert_eq!(packets, split.cut(&mut dice(seed)), "the same dice cut the same pool");
    }

    #[test]
    fn a_packet_that_came_back_can_be_drawn_again(split in any_split(), seed in 1_u64.., taken in 1_u32..300) {
        let mut dice = dice(seed);
        let mut left = split.whole();
        let mut last = None;
        for _ in 0..taken.min(split.packets) {
            let (amount, rest) = split.draw(left, dice()).unwrap();
            last = Some(amount);
            left = rest;
        }
        let back = left.fen.checked_add(last.unwrap()).unwrap();
        let again = Left { fen: back, packets: left.packets + 1 };
        prop_assert!(fits(&split, again), "{:?} is left", again);
    }

    #[test]
    fn bars_cover_the_rule_and_add_up_to_a_thousand(split in any_split(), seed in 1_u64..) {
        let weights: Vec<_> = (1_u32..=5).map(|at| (100 * i64::from(at), at + u32::try_from(seed % 97).unwrap())).collect();
        for rule in [PrizeRule::Bounded(split), PrizeRule::between(split.min, split.max), tiers(&weights)] {
            let bars = rule.distribution();
            prop_assert_eq!(bars.iter().map(|bar| bar.per_mille).sum::<u32>(), 1000);
            let ends = (bars[0].from, bars[bars.len() - 1].to);
            prop_assert!(rule.min() <= ends.0 && ends.1 <= rule.max(), "{:?}", ends);
            prop_assert!(rule.split().is_some() || ends == (rule.min(), rule.max()), "{:?}", ends);
            prop_assert!(bars.windows(2).all(|pair| pair[0].to < pair[1].from));
        }
    }
}

#[test]
fn a_packet_that_nobody_could_draw_is_not_taken_out_again() {
    let split = split(1_000, 4, 100, 400);
    let whole = split.whole();
    let without = |fen| split.without(whole, Fen::new(fen).unwrap()).map(|left| (left.fen.get(), left.packets));
    assert_eq!(without(400), Some((600, 3)));
    assert_eq!(without(401), None, "more than one may hold");
    assert_eq!(without(99), None, "less than one may hold");
    let last = Left { fen: Fen::new(300).unwrap(), packets: 2 };
    assert_eq!(split.without(last, Fen::new(250).unwrap()), None, "the other one would hold too little");
}
