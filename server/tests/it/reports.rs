//! Exports: what a spreadsheet adds up is what the books hold.
//! Refuses a line that is there twice or not at all, wherever a page ends.

use crate::browser::Browser;
use crate::world::{COFFEE, FUWU, LOGIN, World};
use engine::operators::console;
use rules::operator::Role;
use rules::payout::State;
use rules::payout_list::Filter;
use rules::say::Lang;
use serde_json::json;
use std::collections::BTreeMap;

type Line = BTreeMap<String, String>;

/// The lines of an export by their columns' field names.
async fn lines(desk: &Browser<'_>, report: &str) -> Vec<Line> {
    let page = desk.gets(&format!("/admin/reports/{report}.csv?campaign=demo")).await;
    assert_eq!(page.status, 200);
    let text = page.html.trim_start_matches('\u{feff}').to_owned();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let fields: Vec<String> =
        reader.headers().unwrap().iter().map(|h| h.split(' ').next_back().unwrap().to_owned()).collect();
    let line = |row: csv::StringRecord| fields.iter().cloned().zip(row.iter().map(str::to_owned)).collect();
    reader.records().map(|row| line(row.unwrap())).collect()
}

fn fen(line: &Line) -> i64 {
    line["amount_fen"].parse().unwrap()
}

/// Two people claim; one's packet fails for good and is sent anew.
async fn two_claims_and_one_anew(world: &World) {
    world.follower("Ming").await.claims(COFFEE).await;
    world.work_until_settled().await;
    world.follower("Hong").await.claims(FUWU).await;
    world.sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "err_code", "code": "SEND_FAILED" })).await;
    world.work_until_settled().await;
    let failed = world.engine().payouts(Filter::At(State::Failed), None, 10).await.unwrap();
    world.engine().reissue(&console(), failed[0].payout, Lang::En).await.unwrap();
    world.work_until_settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_the_ledger_adds_up_to_the_balances_of_the_line() {
    let world = World::new().await;
    two_claims_and_one_anew(&world).await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let mut pots: BTreeMap<String, i64> = BTreeMap::new();
    for line in lines(&desk, "ledger").await {
        *pots.entry(line["debit"].clone()).or_default() -= fen(&line);
        *pots.entry(line["credit"].clone()).or_default() += fen(&line);
    }
    let budget = world.engine().budget(world.campaign("demo").await.id).await.unwrap();
    assert_eq!(pots["available"], budget.available.get());
    assert_eq!(pots["paid"], budget.paid.get());
    assert_eq!(pots["reserved"], 0);
    assert_eq!(pots.values().sum::<i64>(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_payouts_has_every_attempt_and_agrees_with_the_books_of_wechat() {
    let world = World::new().await;
    two_claims_and_one_anew(&world).await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let payouts = lines(&desk, "payouts").await;
    assert_eq!(payouts.len(), 3);
    let failed: Vec<&Line> = payouts.iter().filter(|line| line["paid_at"].is_empty()).collect();
    assert_eq!((failed.len(), failed[0]["err_code"].as_str()), (1, "SEND_FAILED"));
    let mut accepted: Vec<String> =
        payouts.iter().filter(|line| !line["paid_at"].is_empty()).map(|line| line["bill_no"].clone()).collect();
    accepted.sort();
    assert_eq!(accepted, world.wechats_books().await.bills);
    // One who may only look sees the ends of openids.
    let viewer = world.staff_of(Role::Viewer).await;
    for line in lines(&viewer, "payouts").await {
        assert!(line["openid"].contains('…'), "{line:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_paid_anew_is_whole_wherever_a_page_ends() {
    let world = World::new().await;
    two_claims_and_one_anew(&world).await;
    let (engine, demo) = (world.engine(), world.campaign("demo").await.id);
    let newest = engine.claims(demo, None, 1).await.unwrap();
    assert_eq!(newest.iter().map(|row| row.payout).collect::<Vec<_>>(), [State::Failed, State::Sent]);
    let older = engine.claims(demo, Some(newest[1].id), 1).await.unwrap();
    assert_eq!(older.len(), 1);
    assert!(engine.claims(demo, Some(older[0].id), 1).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_follows_tells_how_each_is_known() {
    let world = World::new().await;
    two_claims_and_one_anew(&world).await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let follows = lines(&desk, "follows").await;
    assert_eq!(follows.iter().map(|line| line["link"].as_str()).collect::<Vec<_>>(), ["fuwu", "coffee"]);
    assert!(follows.iter().all(|line| line["openid"].starts_with('o') && !line["novelty"].is_empty()));
    assert_eq!(desk.gets("/admin/reports/secrets.csv?campaign=demo").await.status, 404);
}
