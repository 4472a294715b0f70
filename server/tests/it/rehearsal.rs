//! Rehearsals: testers of a draft are paid the smallest amount with real money, and nothing else of the campaign moves.
//! Refuses a packet for anybody else, one too many, and a figure that counts it.

use crate::browser::{Follower, Page};
use crate::database;
use crate::world::{COFFEE, FUWU, LOGIN, World};
use engine::Said;
use engine::operators::console;
use futures::future::{join, join_all};
use rules::campaign::Event;
use rules::ids::CampaignId;
use rules::live::Figures;
use rules::operator::Role;
use rules::payout::{Rail, State};
use rules::rehearsal::{CLAIMS_A_DAY, Rehearsal, TESTERS_MAX};
use rules::say::Lang;
use rules::time::{hours, minutes};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

/// A draft with two accounts and this much money, and the path of its testers' link.
async fn draft(world: &World, slug: &str, budget_fen: i64) -> (CampaignId, String) {
    let id = world.drafts(world.form(slug).await, budget_fen, &[COFFEE, FUWU]).await;
    (id, new_link(world, id, slug).await)
}

async fn new_link(world: &World, id: CampaignId, slug: &str) -> String {
    world.engine().rotate_tester_key(&console(), id, Lang::En).await.unwrap();
    format!("/c/{slug}?tester={}", told(world, id).await.key.unwrap())
}

async fn told(world: &World, id: CampaignId) -> Rehearsal {
    world.engine().rehearsal(id).await.unwrap().expect("it is a draft")
}

/// Available, reserved, paid.
async fn pots(world: &World, id: CampaignId) -> (i64, i64, i64) {
    let budget = world.engine().budget(id).await.unwrap();
    (budget.available.get(), budget.reserved.get(), budget.paid.get())
}

/// A tester comes through the link and presses the button.
async fn tests(one: &Follower<'_>, link: &str) -> Page {
    let page = one.opens(link).await;
    assert_eq!(page.state(), "ready", "{}", page.main());
    one.presses(&page).await
}

/// One tester of a draft named `dress` is paid once; for the proofs.
pub async fn a_tester_is_paid(world: &World) {
    let (_, link) = draft(world, "dress", 1_000).await;
    tests(&world.follower("Ming").await, &link).await;
    world.work_until_idle().await;
}

/// What the log says was done to a row, in order.
async fn deeds(world: &World, object: i64) -> Vec<String> {
    let db = database::open(&world.config.database_url).await;
    let sql = format!("SELECT action FROM audit WHERE object = '{object}' ORDER BY at, id");
    let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "action").unwrap()).collect()
}

/// Does something to the database beside the server.
async fn does(world: &World, statement: &str) {
    database::open(&world.config.database_url).await.execute_unprepared(statement).await.unwrap();
}

fn is_marked(page: &Page) -> bool {
    page.main().contains("data-test=\"rehearsal\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_claims_the_smallest_amount_again_and_again_outside_all_figures() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let page = ming.opens(&link).await;
    assert_eq!((page.state(), is_marked(&page)), ("ready", true));
    assert_eq!(page.url, world.url("/c/dress"), "the key does not stay in the address");
    for paid in [100, 200] {
        let page = ming.presses(&ming.opens("/c/dress").await).await;
        assert_eq!((page.state(), page.amount_fen(), is_marked(&page)), ("paying", Some(100), true));
        assert!(!page.main().contains("<form"), "not one more while the one before is under way");
        assert_eq!(pots(&world, id).await, (1_000 - paid, 100, paid - 100));
        world.work_until_idle().await;
        assert_eq!(pots(&world, id).await, (1_000 - paid, 0, paid));
        assert_eq!(ming.opens("/c/dress").await.state(), "sent");
    }
    assert_eq!(ming.received_fen().await, 200);
    assert_eq!(world.figures("dress").await, Figures::default());
    let rows = world.engine().claims(id, None, 10).await.unwrap();
    assert!(rows.len() == 2 && rows.iter().all(|row| row.rehearsal), "{rows:?}");
    assert!(world.engine().latest_claims(id, 10).await.unwrap().is_empty(), "the live page shows what it counts");
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let csv = desk.gets("/admin/reports/claims.csv?campaign=dress").await.html;
    assert!(csv.lines().next().unwrap().ends_with(" rehearsal"), "{csv}");
    assert_eq!(csv.lines().skip(1).filter(|line| line.ends_with(",是")).count(), 2, "{csv}");
    let told = told(&world, id).await;
    assert_eq!((told.testers.len(), told.testers[0].packets.len()), (1, 2));
    let wallet = ming.wallet().await;
    assert!(wallet.iter().any(|bill| bill.bill_no == told.testers[0].packets[0].mch_billno.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_again_after_its_answer_was_lost_pays_nothing_more() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let page = ming.opens(&link).await;
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(ming.presses(&page).await.state(), "sent", "what the form asked for is there");
    world.work_until_idle().await;
    assert_eq!((pots(&world, id).await, ming.wallet().await.len()), ((900, 0, 100), 1));
    ming.presses(&ming.opens("/c/dress").await).await;
    world.work_until_idle().await;
    assert_eq!(pots(&world, id).await, (800, 0, 200), "a new page asks for one more");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_start_asks_for_a_collected_packet_and_is_waived_only_by_name() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let start = async |id| world.engine().move_campaign(&console(), id, Event::Start, Lang::En).await;
    let refused = start(id).await.unwrap_err();
    assert!(matches!(refused.said(), Said::Conflict(_)), "{refused}");
    let ming = world.follower("Ming").await;
    tests(&ming, &link).await;
    world.work_until_idle().await;
    assert!(!told(&world, id).await.checks.is_rehearsed, "sent is not collected");
    assert!(start(id).await.is_err());
    ming.opens_the_packet().await;
    world.later(minutes(1)).await;
    world.work_until_idle().await;
    assert!(told(&world, id).await.checks.is_rehearsed);
    assert_eq!(ming.opens("/c/dress").await.state(), "collected");
    start(id).await.unwrap();
    assert_eq!(deeds(&world, id.0).await.last().unwrap(), "campaign.start");
    assert_eq!(world.engine().rehearsal(id).await.unwrap(), None, "what runs is not rehearsed");

    let (other, _) = draft(&world, "bold", 1_000).await;
    assert!(start(other).await.is_err(), "a packet of one campaign is none of another");
    world.engine().start_unrehearsed(&console(), other, Lang::En).await.unwrap();
    assert_eq!(deeds(&world, other.0).await.last().unwrap(), "campaign.start_unrehearsed");
    world.moves(other, Event::Pause).await;
    start(other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_list_wants_a_packet_of_the_rail_that_is_chosen() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    tests(&ming, &link).await;
    world.work_until_idle().await;
    ming.opens_the_packet().await;
    world.later(minutes(1)).await;
    world.work_until_idle().await;
    world.engine().set_rail(&console(), id, Rail::Transfer, Lang::En).await.unwrap();
    let checks = told(&world, id).await.checks;
    assert!(checks.has_account && checks.is_funded && !checks.is_rehearsed, "{checks:?}");
    let page = ming.presses(&ming.opens("/c/dress").await).await;
    assert_eq!((page.state(), page.amount_fen()), ("paying", Some(10)), "a transfer may be smaller");
    world.work_until_idle().await;
    let page = ming.opens("/c/dress").await;
    assert_eq!((page.state(), is_marked(&page)), ("confirm_needed", true));
    assert!(!page.main().contains("<form"), "it waits for its confirmation first");
    let bill = ming.wallet().await.into_iter().find(|bill| bill.amount_fen == 10).unwrap();
    world.sim(&format!("/_sim/phones/{}/confirm", ming.phone), &json!({ "bill_no": bill.bill_no })).await;
    world.callbacks_taken(1).await;
    assert!(told(&world, id).await.checks.is_rehearsed);
    assert_eq!(pots(&world, id).await, (890, 0, 110));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_rehearses_without_the_link_of_this_campaign_and_of_today() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let (_, other) = draft(&world, "other", 1_000).await;
    let hong = world.follower("Hong").await;
    let key_of_another = other.replace("/c/other", "/c/dress");
    for wrong in ["/c/dress?tester=aaaaaaaaaaaaaaaaaaaaaaaa", "/c/dress?tester=%27--", key_of_another.as_str()] {
        let page = hong.opens(wrong).await;
        assert_eq!((page.state(), page.refusal()), ("not_rehearsed", "wrong_link"), "{wrong}");
    }
    assert_eq!(hong.opens("/c/dress").await.refusal(), "not_started", "to everybody else it has not begun");
    new_link(&world, id, "dress").await;
    assert_eq!(hong.opens(&link).await.refusal(), "wrong_link", "the former link stopped");
    // A form that is right for this person does not make them a tester.
    let ready = hong.opens(&other).await;
    let mut form = ready.form();
    for (name, value) in &mut form.fields {
        if name == "campaign" {
            "dress".clone_into(value);
        }
    }
    let page = hong.posts("/api/public/rehearse", &form.fields).await;
    assert_eq!(page.status, 403, "a form of another campaign");
    assert!(told(&world, id).await.testers.is_empty());
    let elsewhere = world.browser("Mozilla/5.0 (X11) Chrome/140").opens(&link).await;
    assert_eq!(elsewhere.state(), "not_in_wechat");
    assert!(elsewhere.main().contains("?tester="), "the code to scan keeps the key");
    world.work_until_idle().await;
    assert_eq!(world.wechats_books().await.bills.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_who_was_taken_off_the_list_stays_off_until_staff_say_otherwise() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let ready = ming.opens(&link).await;
    let tester = told(&world, id).await.testers[0].id;
    let set = async |active| world.engine().set_tester(&console(), id, tester, active, Lang::En).await;
    set(false).await.unwrap();
    let page = ming.presses(&ready).await;
    assert_eq!(page.refusal(), "not_started", "a form from before is worth nothing");
    assert_eq!(ming.opens(&link).await.refusal(), "removed");
    set(true).await.unwrap();
    tests(&ming, "/c/dress").await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
    let (other, _) = draft(&world, "other", 1_000).await;
    let unknown = world.engine().set_tester(&console(), other, tester, false, Lang::En).await.unwrap_err();
    assert_eq!(unknown.said(), &Said::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_taps_at_once_are_one_packet() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let ready = ming.opens(&link).await;
    let taps = join_all((0..6).map(|_| ming.presses(&ready))).await;
    assert!(taps.iter().all(|page| page.state() == "paying"), "{taps:?}");
    assert_eq!(pots(&world, id).await, (900, 100, 0));
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_testers_share_what_is_left_to_the_last_packet() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 250).await;
    let mut people = Vec::new();
    for n in 0..6 {
        let one = world.follower(&format!("No. {n}")).await;
        let ready = one.opens(&link).await;
        people.push((one, ready));
    }
    let taps = join_all(people.iter().map(|(one, ready)| one.presses(ready))).await;
    let paying = taps.iter().filter(|page| page.state() == "paying").count();
    let short = taps.iter().filter(|page| page.refusal() == "not_funded").count();
    assert_eq!((paying, short), (2, 4), "{taps:?}");
    assert_eq!(pots(&world, id).await, (50, 200, 0));
    world.work_until_idle().await;
    assert_eq!(world.wechats_books().await.paid_fen, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_money_the_page_says_so() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 0).await;
    let page = world.follower("Ming").await.opens(&link).await;
    assert_eq!((page.state(), page.refusal(), is_marked(&page)), ("not_rehearsed", "not_funded", true));
    assert!(!page.main().contains("<form"));
    assert!(!told(&world, id).await.checks.is_funded);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_testers_has_an_end_however_many_come_at_once() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 5_000).await;
    let mut people = Vec::new();
    for n in 0..TESTERS_MAX + 3 {
        people.push(world.follower(&format!("No. {n}")).await);
    }
    let pages = join_all(people.iter().map(|one| one.opens(&link))).await;
    assert_eq!(pages.iter().filter(|page| page.state() == "ready").count(), TESTERS_MAX);
    assert_eq!(pages.iter().filter(|page| page.refusal() == "full").count(), 3);
    assert_eq!(told(&world, id).await.testers.len(), TESTERS_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_it_runs_testers_are_people_like_all_others() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let ready = ming.opens(&link).await;
    assert_eq!(ming.presses(&ready).await.state(), "paying");
    world.moves(world.campaign("demo").await.id, Event::Pause).await;
    world.engine().start_unrehearsed(&console(), id, Lang::En).await.unwrap();
    // The packet of the draft is under way and still ends; nobody gets one more.
    let page = ming.opens("/c/dress").await;
    assert_eq!((page.refusal(), is_marked(&page)), ("no_ticket", false));
    assert_eq!(ming.presses(&ready).await.refusal(), "no_ticket");
    assert_eq!(ming.opens(&link).await.refusal(), "no_ticket", "the link leads to the page of everybody");
    world.work_until_idle().await;
    assert_eq!((ming.received_fen().await, pots(&world, id).await), (100, (900, 0, 100)));
    assert_eq!(ming.claims(COFFEE).await.state(), "paying", "a test packet is nobody's turn");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, 200);
    let figures = world.figures("dress").await;
    assert_eq!((figures.claims, figures.paid, figures.paid_fen.get()), (1, 1, 100));
    let again = world.engine().rotate_tester_key(&console(), id, Lang::En).await.unwrap_err();
    assert!(matches!(again.said(), Said::Conflict(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_in_the_middle_of_a_tap_ends_one_way_or_the_other() {
    let world = World::new().await;
    for round in 0..6 {
        let slug = format!("dress-{round}");
        let (id, link) = draft(&world, &slug, 1_000).await;
        let ming = world.follower("Ming").await;
        let ready = ming.opens(&link).await;
        let engine = world.engine();
        let (by, start) = (console(), async |by| engine.start_unrehearsed(by, id, Lang::En).await);
        let (started, _) = join(start(&by), ming.presses(&ready)).await;
        started.unwrap();
        let (available, reserved, paid) = pots(&world, id).await;
        assert_eq!((available + reserved, paid), (1_000, 0));
        let claims = engine.claims(id, None, 10).await.unwrap();
        assert_eq!(reserved, 100 * i64::try_from(claims.len()).unwrap(), "granted before the start, or not at all");
        world.work_until_idle().await;
        assert_eq!(ming.received_fen().await, reserved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_packet_that_went_back_or_failed_leaves_the_line_as_it_was() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    tests(&ming, &link).await;
    world.work_until_idle().await;
    for _ in 0..2 {
        world.later(hours(25)).await;
        world.work_until_idle().await;
    }
    let page = ming.opens("/c/dress").await;
    assert_eq!((page.state(), pots(&world, id).await), ("returned", (1_000, 0, 0)));
    world.sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "err_code", "code": "NO_AUTH" })).await;
    assert_eq!(ming.presses(&page).await.state(), "paying", "one more is always possible");
    world.work_until_idle().await;
    assert_eq!((world.payouts_at(State::Failed).await, pots(&world, id).await), (1, (1_000, 0, 0)));
    let failed = world.engine().payouts(rules::payout_list::Filter::At(State::Failed), None, 10).await.unwrap();
    assert!(failed[0].rehearsal);
    let refused = world.engine().reissue(&console(), failed[0].payout, Lang::En).await.unwrap_err();
    assert!(matches!(refused.said(), Said::Conflict(_)), "a tester claims another instead");
    assert_eq!(world.figures("dress").await, Figures::default());
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_packet_of_which_nobody_knows_keeps_its_number_and_its_place() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.wechat_fails("gethbinfo", "lost_answer").await;
    let ming = world.follower("Ming").await;
    tests(&ming, &link).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    let page = ming.opens("/c/dress").await;
    assert_eq!(page.state(), "paying");
    assert!(!page.main().contains("<form"), "not one more while nobody knows");
    assert_eq!(pots(&world, id).await, (900, 100, 0));
    world.work_until_settled().await;
    assert_eq!((ming.wallet().await.len(), pots(&world, id).await), (1, (900, 0, 100)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rail_that_stands_still_and_a_restore_hold_testers_too() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let ming = world.follower("Ming").await;
    let mch_id = world.campaign("dress").await.mch_id;
    world.engine().stop_rail(&console(), &mch_id, Rail::Redpack).await.unwrap();
    tests(&ming, &link).await;
    world.work_until_idle().await;
    assert_eq!((ming.opens("/c/dress").await.state(), ming.wallet().await.len()), ("paying", 0));
    world.engine().resume_rail(&console(), &mch_id, Rail::Redpack).await.unwrap();
    world.work_until_idle().await;
    let sent = ming.opens("/c/dress").await;
    assert_eq!((sent.state(), ming.wallet().await.len()), ("sent", 1));
    does(&world, "INSERT INTO settings (name, value) VALUES ('restored_at', '1')").await;
    let held = ming.presses(&sent).await;
    assert_eq!(held.state(), "sent");
    assert!(!held.main().contains("<form"), "not one more before the bills are in");
    assert_eq!(pots(&world, id).await, (900, 0, 100));
    does(&world, "DELETE FROM settings WHERE name = 'restored_at'").await;
    assert_eq!(ming.presses(&sent).await.state(), "paying");
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_twenty_test_packets_and_the_next_day_twenty_more() {
    let world = World::new().await;
    let noon = world.clock.now().day().next().start().plus(hours(12));
    world.later(noon.since(world.clock.now())).await;
    let (id, link) = draft(&world, "dress", 5_000).await;
    let ming = world.follower("Ming").await;
    ming.opens(&link).await;
    for n in 0..CLAIMS_A_DAY {
        let kind = json!({ "on": "sendredpack", "kind": "err_code", "code": "NO_AUTH" });
        world.sim("/_sim/faults", &kind).await;
        let page = ming.presses(&ming.opens("/c/dress").await).await;
        assert_eq!(page.state(), "paying", "packet {n}");
        world.work_until_idle().await;
    }
    let page = ming.opens("/c/dress").await;
    assert!(!page.main().contains("<form") && page.main().contains("20"), "{}", page.main());
    assert_eq!((ming.wallet().await.len(), pots(&world, id).await), (0, (5_000, 0, 0)));
    // A minute more: both clocks are turned by whole seconds.
    world.later(hours(12) + minutes(1)).await;
    tests_again(&ming).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

async fn tests_again(one: &Follower<'_>) {
    // Sessions are shorter than a day: WeChat says again who it is.
    let page = one.presses(&one.opens("/c/dress").await).await;
    assert_eq!(page.state(), "paying");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_set_campaigns_up_see_the_testers_link() {
    let world = World::new().await;
    let (id, link) = draft(&world, "dress", 1_000).await;
    let key = link.split_once('=').unwrap().1;
    let (viewer, marketer) = (world.staff_of(Role::Viewer).await, world.staff_of(Role::Marketer).await);
    for path in [format!("/api/viewer/campaign?id={id}"), format!("/api/viewer/rehearsal?id={id}")] {
        assert!(!viewer.gets(&path).await.html.contains(key), "{path}");
        assert!(marketer.gets(&path).await.html.contains(key), "{path}");
    }
    let qr = format!("/admin/qr/testers/{id}");
    assert_eq!((viewer.gets(&qr).await.status, marketer.gets(&qr).await.status), (404, 200));
    assert_eq!(world.browser("Mozilla/5.0").gets(&qr).await.status, 303);
}
