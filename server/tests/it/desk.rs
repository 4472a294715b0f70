//! The desk and what it carries: many at once, budgets with caps, pacing, and follows that pay at once.
//! Refuses to grant a fen more than a cap allows, however many ask in the same moment.

use crate::world::{BOOKS, COFFEE, FUWU, World};
use engine::operators::console;
use futures::future::join_all;
use rules::Fen;
use rules::account::AccountForm;
use rules::cap::Kind;
use rules::ids::CampaignId;
use rules::payout::State;
use rules::prize::PrizeRule;
use rules::prize::form::PrizeForm;
use rules::say::Lang;
use rules::time::hours;
use serde_json::json;

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

async fn demo(world: &World) -> CampaignId {
    world.campaign("demo").await.id
}

/// The claims of so many new followers of an account, all at once; the amounts that were granted.
async fn claim_at_once(world: &World, appid: &str, people: usize) -> Vec<i64> {
    let followers = join_all((0..people).map(|n| async move { world.follower(&format!("F{n}")).await })).await;
    let pages = join_all(followers.iter().map(|follower| follower.comes_through(appid))).await;
    let pressed = followers.iter().zip(&pages).map(|(follower, page)| follower.presses(page));
    let pages = join_all(pressed).await;
    pages.iter().filter(|page| page.state() != "refused").filter_map(|page| page.amount_fen()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_at_once_never_pass_the_cap_of_an_account_and_others_are_not_touched() {
    let world = World::new().await;
    let (id, coffee) = (demo(&world).await, world.account(COFFEE).await.id);
    world.engine().set_cap(&console(), id, Kind::Account, coffee.0, Some(fen(900))).await.unwrap();
    let granted = claim_at_once(&world, COFFEE, 30).await;
    let sum: i64 = granted.iter().sum();
    assert!((801..=900).contains(&sum), "the cap is used and not passed: {sum}");
    assert_eq!(claim_at_once(&world, BOOKS, 3).await.len(), 3);
    world.work_until_settled().await;
    let caps = world.engine().caps(id).await.unwrap();
    assert_eq!((caps[0].cap.limit, caps[0].used), (fen(900), fen(sum)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hours_cap_ends_with_the_hour_and_the_follower_is_told_to_come_back() {
    let world = World::new().await;
    let id = demo(&world).await;
    world.engine().set_cap(&console(), id, Kind::Hour, 0, Some(fen(300))).await.unwrap();
    let first = claim_at_once(&world, COFFEE, 4).await;
    assert!(first.iter().sum::<i64>() <= 300);
    let late = world.follower("Late").await;
    assert_eq!(late.comes_through(COFFEE).await.refusal(), "used_up_for_now");
    world.later(hours(1)).await;
    let page = late.opens("/c/demo").await;
    assert_eq!(late.presses(&page).await.state(), "paying");
    world.work_until_settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_comes_back_frees_its_room_in_the_cap() {
    let world = World::new().await;
    let (id, coffee) = (demo(&world).await, world.account(COFFEE).await.id);
    world.engine().set_cap(&console(), id, Kind::Account, coffee.0, Some(fen(300))).await.unwrap();
    let ming = world.follower("Ming").await;
    ming.claims(COFFEE).await;
    world.wechat_fails("sendredpack", "no_auth").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Failed).await, 1);
    assert_eq!(world.engine().caps(id).await.unwrap()[0].used, Fen::ZERO);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_of_something_else_than_the_campaigns_is_refused() {
    let world = World::new().await;
    let (engine, id) = (world.engine(), demo(&world).await);
    for (kind, object) in [(Kind::Asserted, 0), (Kind::Account, 1), (Kind::Link, 1), (Kind::Day, 5)] {
        assert!(engine.set_cap(&console(), id, kind, object, Some(fen(100))).await.is_err(), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_is_taken_without_replacement_by_everybody_at_once_and_adds_up() {
    let world = World::new().await;
    let id = demo(&world).await;
    let split = rules::prize::Split { total: fen(2_000), packets: 10, min: fen(100), max: fen(400) };
    world.engine().set_prize(&console(), id, PrizeRule::Pool(split), Lang::En).await.unwrap();
    let granted = claim_at_once(&world, COFFEE, 14).await;
    assert_eq!(granted.len(), 10, "the pool has ten packets");
    assert_eq!(granted.iter().sum::<i64>(), 2_000);
    world.work_until_settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_of_the_pool_that_fails_goes_to_somebody_else() {
    let world = World::new().await;
    let id = demo(&world).await;
    let split = rules::prize::Split { total: fen(250), packets: 2, min: fen(100), max: fen(150) };
    world.engine().set_prize(&console(), id, PrizeRule::Pool(split), Lang::En).await.unwrap();
    let first = claim_at_once(&world, COFFEE, 2).await;
    assert_eq!(first.iter().sum::<i64>(), 250);
    world.wechat_fails("sendredpack", "no_auth").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Failed).await, 1);
    world.later(2_000).await;
    assert_eq!(claim_at_once(&world, BOOKS, 2).await.len(), 1, "one packet came back");
    world.work_until_settled().await;
}

/// The service account pays on follow.
async fn pays_on_follow(world: &World) {
    let fuwu = world.account(FUWU).await;
    let form = AccountForm {
        name: fuwu.name.clone(),
        appid: fuwu.appid.as_str().to_owned(),
        original_id: fuwu.original_id.as_str().to_owned(),
        kind: fuwu.kind.name().to_owned(),
        mode: fuwu.mode.name().to_owned(),
        message_mode: fuwu.message_mode.name().to_owned(),
        on_follow: "pay".to_owned(),
        icon: fuwu.icon.clone(),
        qr: fuwu.qr.clone(),
        follow_url: fuwu.follow_url.clone(),
        ..AccountForm::default()
    };
    let checked = form.check(Lang::En).unwrap();
    world.engine().edit_account(&console(), fuwu.id, checked, Lang::En).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_of_a_service_account_that_pays_is_paid_once_and_the_reply_tells_the_amount() {
    let world = World::new().await;
    pays_on_follow(&world).await;
    let ming = world.follower("Ming").await;
    ming.follows(FUWU).await;
    let reply = ming.last_said(FUWU).await;
    assert!(reply.contains("红包") && reply.contains('¥'), "{reply}");
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    let amount = ming.received_fen().await;
    assert!(reply.contains(&fen(amount).to_string()), "{reply} tells {amount}");
    world.later(2_000).await;
    ming.leaves(FUWU).await;
    world.later(2_000).await;
    ming.follows(FUWU).await;
    let again = ming.last_said(FUWU).await;
    assert!(again.contains("已经领过"), "{again}");
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.opens("/c/demo").await.amount_fen(), Some(amount), "the claim page shows it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_that_is_delivered_three_times_is_paid_once() {
    let world = World::new().await;
    pays_on_follow(&world).await;
    world.sim("/_sim/faults", &json!({ "on": "push", "kind": "lost_answer", "times": 2 })).await;
    let ming = world.follower("Ming").await;
    ming.follows(FUWU).await;
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_that_cannot_be_paid_is_told_why() {
    let world = World::new().await;
    pays_on_follow(&world).await;
    world.only_so_much_is_left(50).await;
    let late = world.follower("Late").await;
    late.follows(FUWU).await;
    let reply = late.last_said(FUWU).await;
    assert!(reply.contains("红包已领完"), "{reply}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_that_all_is_gone_is_only_counted_and_a_second_later_money_that_came_back_is_found() {
    let world = World::new().await;
    world.only_so_much_is_left(150).await;
    let ming = world.follower("Ming").await;
    ming.claims(COFFEE).await;
    let late = world.follower("Late").await;
    let page = late.comes_through(COFFEE).await;
    assert_eq!(page.refusal(), "used_up");
    let id = demo(&world).await;
    world.changes_budget(id, rules::ledger::Event::Fund, fen(1_000)).await;
    world.later(2_000).await;
    let page = late.opens("/c/demo").await;
    assert_eq!(late.presses(&page).await.state(), "paying");
    world.work_until_settled().await;
}

#[test]
fn the_form_of_a_pool_is_read_back_as_it_was_written() {
    let split = rules::prize::Split { total: fen(2_000), packets: 10, min: fen(100), max: fen(400) };
    let form = PrizeForm::of(&PrizeRule::Pool(split), None);
    assert_eq!(form.check(rules::payout::Rail::Redpack, Lang::En).unwrap().0, PrizeRule::Pool(split));
}
