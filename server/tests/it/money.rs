//! What staff see of money and do about it: budgets changed once and low ones told once, payouts listed, held, released
//! and sent anew.
//! Refuses a screen that says other than the ledger.

use crate::browser::{Browser, Page};
use crate::world::{BOOKS, COFFEE, LOGIN, World};
use engine::operators::console;
use futures::future::join_all;
use reqwest::Method;
use rules::Fen;
use rules::alert::Kind;
use rules::ids::CampaignId;
use rules::ledger::{Changes, Event};
use rules::payout::State;
use rules::payout_list::{Filter, Step};
use rules::prize::{PrizeRule, Split};
use rules::say::{Lang, money};
use rules::time::minutes;
use serde_json::json;

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

async fn alerts(world: &World, kind: Kind) -> Vec<i64> {
    let alerts = world.engine().alerts().await.unwrap();
    alerts.iter().filter(|alert| alert.kind == kind).map(|alert| alert.times).collect()
}

/// Sends the form that changes a budget, from a page that has `seen` so many changes of it.
async fn presses(desk: &Browser<'_>, campaign: CampaignId, step: &str, amount: Fen, seen: Changes) -> Page {
    let body = json!({ "campaign": campaign, "step": step, "amount": amount, "seen": seen }).to_string();
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    desk.sends(Method::POST, "/api/finance/change_budget", &headers, Some(body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_whose_answer_was_lost_changes_the_budget_once_and_the_second_press_is_told() {
    let world = World::new().await;
    let (engine, demo) = (world.engine(), world.campaign("demo").await.id);
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    for (step, left) in [("fund", 1_000_500), ("withdraw", 1_000_000)] {
        let (_, seen) = engine.budget_seen(demo).await.unwrap();
        // Nobody reads the answer to the first press, so the page sends the same again.
        assert_eq!(presses(&desk, demo, step, fen(500), seen).await.status, 200);
        let told = presses(&desk, demo, step, fen(500), seen).await;
        assert_eq!(told.status, 409, "{step}: {}", told.html);
        assert!(told.html.contains(money::budget_moved(Lang::Zh)), "{}", told.html);
        assert_eq!(engine.budget(demo).await.unwrap().available, fen(left), "{step} once");
    }
    let moves = engine.statement(demo, None, 10).await.unwrap();
    let moves: Vec<_> = moves.iter().rev().map(|entry| entry.event).collect();
    assert_eq!(moves, [Event::Fund, Event::Fund, Event::Withdraw], "the import's, and one of each");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_is_told_although_a_colleague_took_the_same_amount_back_meanwhile() {
    let world = World::new().await;
    let (engine, demo) = (world.engine(), world.campaign("demo").await.id);
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let (before, seen) = engine.budget_seen(demo).await.unwrap();
    assert_eq!(presses(&desk, demo, "fund", fen(500), seen).await.status, 200);
    world.changes_budget(demo, Event::Withdraw, fen(500)).await;
    assert_eq!(engine.budget(demo).await.unwrap(), before, "the figures look as if nothing had been done");
    assert_eq!(presses(&desk, demo, "fund", fen(500), seen).await.status, 409);
    assert_eq!(engine.budget(demo).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_fund_a_budget_at_once_from_two_screens_one_is_first_and_the_others_look_again() {
    let world = World::new().await;
    let (engine, demo) = (world.engine(), world.campaign("demo").await.id);
    let screens = [world.staff(LOGIN.0, LOGIN.1).await, world.staff(LOGIN.0, LOGIN.1).await];
    let (_, seen) = engine.budget_seen(demo).await.unwrap();
    let pressed = join_all((0..6).map(|n| presses(&screens[n % 2], demo, "fund", fen(500), seen))).await;
    let mut statuses: Vec<_> = pressed.iter().map(|page| page.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    let (budget, seen) = engine.budget_seen(demo).await.unwrap();
    assert_eq!(budget.available, fen(1_000_500));
    assert_eq!(presses(&screens[0], demo, "fund", fen(500), seen).await.status, 200, "who looked again may");
    assert_eq!(engine.budget(demo).await.unwrap().available, fen(1_001_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_and_payouts_do_not_come_between_a_page_and_its_form() {
    let world = World::new().await;
    let (engine, demo) = (world.engine(), world.campaign("demo").await.id);
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let (before, seen) = engine.budget_seen(demo).await.unwrap();
    // One packet is paid, one fails and goes back, one is still reserved.
    world.follower("Ming").await.claims(COFFEE).await;
    world.work_until_idle().await;
    world.follower("Hong").await.claims(COFFEE).await;
    let fault = json!({ "on": "sendredpack", "kind": "err_code", "code": "V2_ACCOUNT_SIMPLE_BAN" });
    world.sim("/_sim/faults", &fault).await;
    world.work_until_idle().await;
    world.follower("Li").await.claims(COFFEE).await;
    let (after, still) = engine.budget_seen(demo).await.unwrap();
    assert!(!after.paid.is_zero() && !after.reserved.is_zero(), "{after:?}");
    assert_eq!((still, after.funded()), (seen, before.funded()));
    assert_eq!(presses(&desk, demo, "withdraw", fen(500), seen).await.status, 200);
    world.work_until_idle().await;
    assert_eq!(engine.budget(demo).await.unwrap().funded(), Some(fen(999_500)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_falls_below_its_mark_is_told_of_once_by_the_claim_that_brought_it_there() {
    let world = World::new().await;
    let engine = world.engine();
    let demo = world.campaign("demo").await.id;
    world.only_so_much_is_left(1_000).await;
    engine.set_low(&console(), demo, fen(950)).await.unwrap();
    assert_eq!(alerts(&world, Kind::LowBudget).await, [0; 0], "there is enough yet");
    for name in ["Ming", "Hong", "Qiang"] {
        world.follower(name).await.claims(COFFEE).await;
    }
    world.work_until_idle().await;
    assert_eq!(alerts(&world, Kind::LowBudget).await, [1]);
    let left = engine.budget(demo).await.unwrap().available;
    assert!(left < fen(950));
    engine.set_low(&console(), demo, fen(2_000)).await.unwrap();
    assert_eq!(alerts(&world, Kind::LowBudget).await, [2], "a mark above what is left is told of at once");
    let empty_at = engine.empty_at(demo).await.unwrap().unwrap();
    assert!(empty_at > engine.clock().now(), "and there is a pace to foresee the end by");
    world.later(minutes(20)).await;
    assert_eq!(engine.empty_at(demo).await.unwrap(), None, "a pace of long ago foresees nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_payout_is_listed_as_held_and_never_as_late_until_it_is_released() {
    let world = World::new().await;
    let engine = world.engine();
    let ming = world.follower("Ming").await;
    ming.claims(COFFEE).await;
    let listed = async |filter| engine.payouts(filter, None, 10).await.unwrap();
    let id = listed(Filter::Open).await[0].payout;
    engine.hold_payout(&console(), id, Lang::En).await.unwrap();
    world.work_until_idle().await;
    world.later(minutes(40)).await;
    assert!(ming.wallet().await.is_empty());
    assert_eq!(listed(Filter::Held).await.len(), 1);
    assert_eq!(engine.overdue(10).await.unwrap().1, 0, "what staff hold is not late");
    assert_eq!(engine.payout(id).await.unwrap().steps(), [Step::Retry]);
    engine.retry_now(&console(), id, Lang::En).await.unwrap();
    assert_eq!(engine.overdue(10).await.unwrap().1, 1, "what waited forty minutes is late again");
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(listed(Filter::Held).await.len() + listed(Filter::Overdue).await.len(), 0);
    assert_eq!(listed(Filter::At(State::Sent)).await[0].attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_is_sent_anew_once_and_both_payouts_are_shown_together() {
    let world = World::new().await;
    let engine = world.engine();
    let ming = world.follower("Ming").await;
    let amount = fen(ming.claims(COFFEE).await.amount_fen().unwrap());
    let fault = json!({ "on": "sendredpack", "kind": "err_code", "code": "V2_ACCOUNT_SIMPLE_BAN" });
    world.sim("/_sim/faults", &fault).await;
    world.work_until_idle().await;
    let failed = engine.payouts(Filter::At(State::Failed), None, 10).await.unwrap().remove(0);
    assert_eq!((failed.amount, failed.err_code.as_str()), (amount, "V2_ACCOUNT_SIMPLE_BAN"));
    let anew = engine.reissue(&console(), failed.payout, Lang::En).await.unwrap();
    assert!(engine.reissue(&console(), failed.payout, Lang::En).await.is_err(), "not twice");
    world.work_until_idle().await;
    let facts = engine.payout(failed.payout).await.unwrap();
    assert_eq!(facts.others.iter().map(|other| other.payout).collect::<Vec<_>>(), [anew]);
    assert_eq!(facts.steps(), [], "and nothing more is offered");
    assert_eq!(facts.entries.len(), 2, "reserved and given back");
    let by_number = engine.payouts_numbered(&failed.mch_billno).await.unwrap();
    assert_eq!(by_number[0].payout, failed.payout);
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_under_a_rule_of_its_own_is_sent_anew_without_a_packet_of_the_total() {
    let world = World::new().await;
    let engine = world.engine();
    let (demo, coffee) = (world.campaign("demo").await.id, world.account(COFFEE).await.id);
    let one = Split { total: fen(500), packets: 1, min: fen(500), max: fen(500) };
    engine.set_prize(&console(), demo, PrizeRule::Pool(one), Lang::En).await.unwrap();
    let own = Some(PrizeRule::Fixed(fen(500)));
    engine.set_account_prize(&console(), demo, coffee, own, Lang::En).await.unwrap();
    let ming = world.follower("Ming").await;
    ming.claims(COFFEE).await;
    let fault = json!({ "on": "sendredpack", "kind": "err_code", "code": "V2_ACCOUNT_SIMPLE_BAN" });
    world.sim("/_sim/faults", &fault).await;
    world.work_until_idle().await;
    let failed = engine.payouts(Filter::At(State::Failed), None, 10).await.unwrap().remove(0);
    engine.reissue(&console(), failed.payout, Lang::En).await.unwrap();
    let hong = world.follower("Hong").await.claims(BOOKS).await;
    assert_eq!((hong.state(), hong.amount_fen()), ("paying", Some(500)), "the one packet of the total is still there");
    assert_eq!(world.follower("Li").await.comes_through(BOOKS).await.refusal(), "used_up");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await + 500, world.wechats_books().await.paid_fen);
}
