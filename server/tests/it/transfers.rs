//! Merchant transfers beside red packets: confirmed, left alone, failed, doubted, and told by callbacks.
//! Refuses to pay twice, to move a payout to another rail, and to believe a callback that is not WeChat's.

use crate::browser::{Follower, Page};
use crate::world::{BOOKS, COFFEE, FUWU, World};
use axum::Router;
use axum::extract::Request;
use engine::operators::console;
use rules::alert::Kind;
use rules::ids::{MchId, PayoutId};
use rules::payout::{Rail, State};
use rules::rail::Standing;
use rules::say::Lang;
use rules::time::{hours, minutes, secs};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

/// What the demo is funded with.
pub const ALL: i64 = 1_000_000;

/// Available, reserved, paid.
pub async fn pots(world: &World) -> (i64, i64, i64) {
    let budget = world.engine().budget(world.campaign("demo").await.id).await.unwrap();
    (budget.available.get(), budget.reserved.get(), budget.paid.get())
}

/// A world whose demo goes by transfers, and a follower with a claim granted and not yet sent.
pub async fn granted(world: &World) -> (Follower<'_>, i64) {
    world.goes_by(Rail::Transfer).await;
    let ming = world.follower("Ming").await;
    let page = ming.claims(COFFEE).await;
    assert_eq!(page.state(), "paying");
    (ming, page.amount_fen().unwrap())
}

pub async fn confirms(world: &World, one: &Follower<'_>, reason: Option<&str>) {
    let wallet = one.wallet().await;
    let bill_no = &wallet.last().expect("something came").bill_no;
    let body = json!({ "bill_no": bill_no, "fail_reason": reason });
    world.sim(&format!("/_sim/phones/{}/confirm", one.phone), &body).await;
}

fn data<'a>(page: &'a Page, name: &str) -> &'a str {
    let (_, rest) = page.main().split_once(&format!("data-{name}=\"")).expect(name);
    rest.split('"').next().unwrap()
}

fn merchant() -> MchId {
    "1900000109".try_into().unwrap()
}

async fn standing(world: &World, rail: Rail) -> Standing {
    world.engine().rails().await.unwrap().into_iter().find(|row| row.rail == rail).unwrap().standing
}

pub async fn alerts(world: &World) -> Vec<Kind> {
    world.engine().alerts().await.unwrap().into_iter().map(|alert| alert.kind).collect()
}

/// The one payout that has no end.
pub async fn open_payout(world: &World) -> PayoutId {
    let open = world.engine().ageing().await.unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    open[0].payout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_confirmed_on_the_phone_and_told_by_a_callback() {
    let world = World::new().await;
    let (ming, amount) = granted(&world).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::WaitingConfirm).await, 1);
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "set aside is not paid");
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("confirm_needed", Some(amount)));
    let asked = json!({
        "mchId": data(&page, "mch-id"), "appId": data(&page, "app-id"), "package": data(&page, "package"),
    });
    let offer = world.sim(&format!("/_sim/phones/{}/offer", ming.phone), &asked).await;
    assert_eq!((offer["amount_fen"].as_i64(), offer["style"].as_str()), (Some(amount), Some("RED_PACKET")));
    assert!(data(&page, "config").contains("signature"), "wx.config is signed");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe-inline"), "{policy}");
    confirms(&world, &ming, None).await;
    assert_eq!(world.callbacks_taken(1).await, [200]);
    assert_eq!(world.payouts_at(State::Collected).await, 1);
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("collected", Some(amount)));
    assert_eq!(page.headers["content-security-policy"].to_str().unwrap().matches("script-src 'none'").count(), 1);
    assert_eq!(world.figures("demo").await.paid_fen.get(), amount);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_nobody_confirms_is_back_on_its_line_after_a_day() {
    let world = World::new().await;
    let (ming, amount) = granted(&world).await;
    world.work_until_idle().await;
    world.later(hours(23)).await;
    world.work_until_idle().await;
    assert_eq!(ming.opens("/c/demo").await.state(), "confirm_needed");
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0));
    world.later(hours(2)).await;
    world.callbacks_taken(1).await;
    assert_eq!(world.payouts_at(State::Returned).await, 1);
    assert_eq!(ming.opens("/c/demo").await.state(), "returned");
    assert_eq!(pots(&world).await, (ALL, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_callback_the_end_is_found_by_asking() {
    let world = World::new().await;
    world.sim("/_sim/faults", &json!({ "on": "notify", "kind": "lost_request", "times": 100 })).await;
    let (ming, amount) = granted(&world).await;
    world.work_until_idle().await;
    confirms(&world, &ming, None).await;
    world.later(secs(20)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Collected).await, 1);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rail_is_switched_under_a_running_campaign_and_each_payout_ends_where_it_started() {
    let world = World::new().await;
    let (old, packet) = {
        let old = world.follower("Lao").await;
        let page = old.claims(BOOKS).await;
        (old, page.amount_fen().unwrap())
    };
    let (new, transfer) = granted(&world).await;
    world.work_until_idle().await;
    assert_eq!((world.payouts_at(State::Sent).await, world.payouts_at(State::WaitingConfirm).await), (1, 1));
    assert_eq!(old.opens("/c/demo").await.state(), "sent");
    confirms(&world, &new, None).await;
    world.callbacks_taken(1).await;
    assert_eq!((old.received_fen().await, new.received_fen().await), (packet, transfer));
    assert_eq!(pots(&world).await, (ALL - packet - transfer, 0, packet + transfer));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_to_the_answer_there_is_one_bill() {
    for fault in ["lost_answer", "lost_request", "systemerror_after", "http_500", "broken_json", "bad_signature"] {
        let world = World::new().await;
        let (ming, amount) = granted(&world).await;
        world.wechat_fails("transfer", fault).await;
        world.work_until_idle().await;
        assert_eq!(world.payouts_at(State::Unknown).await, 1, "{fault}");
        assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "{fault}");
        world.work_until_settled().await;
        assert_eq!(ming.wallet().await.len(), 1, "{fault}");
        confirms(&world, &ming, None).await;
        world.callbacks_taken(1).await;
        assert_eq!(pots(&world).await, (ALL - amount, 0, amount), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_wechat_is_working_on_is_waited_for() {
    for fault in ["accepted", "processing"] {
        let world = World::new().await;
        let (ming, _) = granted(&world).await;
        world.wechat_fails("transfer", fault).await;
        world.work_until_idle().await;
        assert_eq!(world.payouts_at(State::Unknown).await, 1, "{fault}");
        assert_eq!(ming.opens("/c/demo").await.state(), "paying");
        world.work_until_settled().await;
        assert_eq!(world.payouts_at(State::WaitingConfirm).await, 1, "{fault}");
        assert_eq!(ming.wallet().await.len(), 1, "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doubled_late_forged_and_probing_callbacks_change_nothing_but_the_once() {
    for fault in ["duplicate", "signtest", "bad_signature", "lost_answer", "broken_json"] {
        let world = World::new().await;
        let (ming, amount) = granted(&world).await;
        world.work_until_idle().await;
        world.wechat_fails("notify", fault).await;
        confirms(&world, &ming, None).await;
        if matches!(fault, "lost_answer" | "broken_json") {
            world.later(secs(16)).await;
        }
        let statuses = world.callbacks_taken(1).await;
        if matches!(fault, "signtest" | "bad_signature") {
            assert_eq!(statuses, [401, 200], "{fault}");
        }
        assert_eq!(world.payouts_at(State::Collected).await, 1, "{fault}");
        assert_eq!(pots(&world).await, (ALL - amount, 0, amount), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_nobody_signed_is_refused() {
    let world = World::new().await;
    let (_, amount) = granted(&world).await;
    world.work_until_idle().await;
    let post = async |path: &str| world.http.post(world.url(path)).body("{}").send().await.unwrap();
    let refused = post("/pay/notify/1900000109/v3").await;
    assert_eq!(refused.status(), 401);
    let said: Value = refused.json().await.unwrap();
    assert_eq!(said["code"], "FAIL");
    assert_eq!(post("/pay/notify/1900000110/v3").await.status(), 404);
    assert_eq!(post("/pay/notify/nobody/v3").await.status(), 404);
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_for_a_reason_of_the_person_is_sent_anew_on_the_rail_of_today() {
    let world = World::new().await;
    let (ming, amount) = granted(&world).await;
    world.work_until_idle().await;
    let failed = open_payout(&world).await;
    let early = world.engine().reissue(&console(), failed, Lang::En).await;
    assert!(early.is_err(), "what waits may still be paid");
    confirms(&world, &ming, Some("REAL_NAME_CHECK_FAIL")).await;
    world.callbacks_taken(1).await;
    let page = ming.opens("/c/demo").await;
    assert_eq!(page.state(), "failed");
    assert!(page.main().contains("实名"), "the page says what the person can do");
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    world.goes_by(Rail::Redpack).await;
    let both = futures::future::join_all(
        (0..2).map(|_| async { world.engine().reissue(&console(), failed, Lang::En).await.is_ok() }),
    );
    assert_eq!(both.await.into_iter().filter(|ok| *ok).count(), 1, "sent anew once");
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "reserved anew with it");
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Sent).await, 1);
    let wallet = ming.wallet().await;
    assert_ne!(wallet[0].bill_no, wallet[1].bill_no);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_balance_stops_one_rail_and_not_the_other_until_its_time_is_over() {
    let world = World::new().await;
    let lao = world.follower("Lao").await;
    lao.claims(BOOKS).await;
    let (ming, _) = granted(&world).await;
    world.wechat_fails("transfer", "notenough").await;
    world.work_until_idle().await;
    assert_eq!(standing(&world, Rail::Transfer).await, Standing::Paused);
    assert_eq!(standing(&world, Rail::Redpack).await, Standing::Open);
    assert_eq!((world.payouts_at(State::Sent).await, world.payouts_at(State::Queued).await), (1, 1));
    assert_eq!(alerts(&world).await, [Kind::RailPaused]);
    world.follower("Hong").await.claims(FUWU).await;
    world.later(minutes(1)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Queued).await, 2, "a rail that stands still takes nobody");
    world.work_until_settled().await;
    assert_eq!(standing(&world, Rail::Transfer).await, Standing::Open);
    assert_eq!(world.payouts_at(State::WaitingConfirm).await, 2);
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_stop_a_rail_hold_a_payout_and_let_both_go() {
    let world = World::new().await;
    granted(&world).await;
    let engine = world.engine();
    engine.stop_rail(&console(), &merchant(), Rail::Transfer).await.unwrap();
    world.later(hours(3)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Queued).await, 1, "a stopped rail does not resume by itself");
    let payout = open_payout(&world).await;
    engine.hold_payout(&console(), payout, Lang::En).await.unwrap();
    engine.resume_rail(&console(), &merchant(), Rail::Transfer).await.unwrap();
    world.work_until_idle().await;
    assert!(engine.ageing().await.unwrap()[0].held);
    assert_eq!(world.payouts_at(State::Queued).await, 1, "a held payout stays");
    engine.retry_now(&console(), payout, Lang::En).await.unwrap();
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::WaitingConfirm).await, 1);
    assert!(engine.hold_payout(&console(), payout, Lang::En).await.is_err(), "what is out cannot be held");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rail_gives_no_more_than_its_pace() {
    let world = World::new().await;
    let crowd = async |n: usize| {
        for _ in 0..n {
            world.follower("路人").await.claims(COFFEE).await;
        }
    };
    crowd(35).await;
    let mut sent = 0;
    let before = world.clock.now();
    while sent < 35 && world.clock.now().since(before) < secs(30) {
        let handled = world.engine().work_once().await.unwrap();
        sent = world.payouts_at(State::Sent).await;
        let passed = world.clock.now().since(before);
        assert!(sent <= 30 + passed * 30 / 1000 + 1, "{sent} in {passed} ms");
        if handled == 0 {
            world.later(secs(1)).await;
        }
    }
    assert_eq!(sent, 35);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_leaves_the_building_once() {
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heard);
    let robot = Router::new().fallback(async move |request: Request| {
        let path = request.uri().to_string();
        let body = axum::body::to_bytes(request.into_body(), 10_000).await.unwrap();
        kept.lock().unwrap().push(format!("{path} {}", String::from_utf8_lossy(&body)));
        axum::Json(json!({ "errcode": 0 }))
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let robots_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, robot).await });
    let mut world = World::new().await;
    world.stops_the_server().await;
    world.config.robots_url = Some(robots_url);
    world.starts_the_server().await.unwrap();
    let engine = world.engine();
    assert!(engine.add_robot(&console(), "x", "https://evil.example/hook", Lang::En).await.is_err());
    let url = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6";
    let id = engine.add_robot(&console(), "财务群", url, Lang::En).await.unwrap();
    engine.test_robot(&console(), id, Lang::Zh).await.unwrap();
    granted(&world).await;
    world.sim("/_sim/faults", &json!({ "on": "transfer", "kind": "notenough", "times": 3 })).await;
    world.work_until_settled().await;
    assert_eq!(engine.send_alerts().await.unwrap(), 1);
    assert_eq!(engine.send_alerts().await.unwrap(), 0);
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard.iter().all(|text| text.starts_with("/cgi-bin/webhook/send?key=693a91f6 ")));
    assert!(heard[1].contains("付款通道已暂停") && heard[1].contains("NOT_ENOUGH（3 次）"), "{}", heard[1]);
    engine.remove_robot(&console(), id).await.unwrap();
    assert!(engine.robots().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_deadline_is_said_aloud() {
    let world = World::new().await;
    granted(&world).await;
    world.engine().stop_rail(&console(), &merchant(), Rail::Transfer).await.unwrap();
    world.engine().watch_deadlines().await.unwrap();
    assert!(alerts(&world).await.is_empty());
    world.later(hours(1)).await;
    world.engine().watch_deadlines().await.unwrap();
    world.engine().watch_deadlines().await.unwrap();
    let told = world.engine().alerts().await.unwrap();
    assert_eq!((told.len(), told[0].kind, told[0].times), (1, Kind::Overdue, 2));
    world.engine().resume_rail(&console(), &merchant(), Rail::Transfer).await.unwrap();
    world.work_until_settled().await;
}
