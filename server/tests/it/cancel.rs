//! Transfers that staff cancel: at once, slowly, with a lost answer, and against a follower who confirms.
//! Refuses money that is neither on its line nor in a wallet, and money that is both.

use crate::database;
use crate::transfers::{ALL, alerts, confirms, granted, open_payout, pots};
use crate::world::{LOGIN, World};
use engine::Said;
use engine::operators::console;
use rules::payout::State;
use rules::say::{Lang, payout as say};
use rules::time::{hours, secs};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;

/// Cancels; the sentence when that is refused.
async fn cancels(world: &World, payout: rules::ids::PayoutId) -> Result<(), String> {
    let done = world.engine().cancel_transfer(&console(), payout, Lang::En).await;
    done.map_err(|error| match error.said() {
        Said::Conflict(why) => why.clone(),
        other => panic!("{other:?}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_transfer_is_back_on_its_line_and_may_be_sent_anew() {
    let world = World::new().await;
    let (ming, amount) = granted(&world).await;
    let payout = open_payout(&world).await;
    assert_eq!(cancels(&world, payout).await, Err(say::cancel_too_late(Lang::En).to_owned()), "it is queued");
    world.work_until_idle().await;
    assert_eq!(cancels(&world, payout).await, Ok(()));
    assert_eq!(world.payouts_at(State::Returned).await, 1, "the answer is WeChat's word");
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    assert_eq!(world.callbacks_taken(1).await, [200], "the callback says the same");
    let page = ming.opens("/c/demo").await;
    assert_eq!(page.state(), "returned");
    assert!(page.main().contains("活动方撤销") && !page.main().contains("24 小时"), "{}", page.main());
    assert!(cancels(&world, payout).await.is_err(), "an end is an end");
    world.engine().reissue(&console(), payout, Lang::En).await.unwrap();
    world.work_until_idle().await;
    confirms(&world, &ming, None).await;
    world.callbacks_taken(2).await;
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
    assert_eq!(alerts(&world).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_under_way_is_no_end_and_its_end_is_found_by_asking() {
    let world = World::new().await;
    world.sim("/_sim/limits", &json!({ "cancel_way_secs": 3600 })).await;
    world.sim("/_sim/faults", &json!({ "on": "notify", "kind": "lost_request", "times": 100 })).await;
    let (_, amount) = granted(&world).await;
    world.work_until_idle().await;
    let payout = open_payout(&world).await;
    assert_eq!(cancels(&world, payout).await, Ok(()));
    world.later(secs(30)).await;
    world.work_until_idle().await;
    let facts = world.engine().payout(payout).await.unwrap();
    assert_eq!((facts.row.state, facts.row.err_code.as_str()), (State::WaitingConfirm, "CANCELING"));
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "nothing is given back before WeChat ended it");
    assert_eq!(cancels(&world, payout).await, Ok(()), "twice as once");
    for _ in 0..4 {
        world.later(hours(1)).await;
        world.work_until_idle().await;
    }
    assert_eq!(world.payouts_at(State::Returned).await, 1);
    assert_eq!(pots(&world).await, (ALL, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_a_cancel_changes_nothing_until_wechat_is_asked() {
    let lost = ["lost_answer", "lost_request", "systemerror_after", "systemerror_before", "http_500", "bad_signature"];
    for fault in lost {
        let world = World::new().await;
        world.sim("/_sim/faults", &json!({ "on": "notify", "kind": "lost_request", "times": 100 })).await;
        let (ming, amount) = granted(&world).await;
        world.work_until_idle().await;
        let payout = open_payout(&world).await;
        world.wechat_fails("transfer_cancel", fault).await;
        assert_eq!(cancels(&world, payout).await, Err(say::cancel_untold(Lang::En).to_owned()), "{fault}");
        assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "{fault}: nobody knows, so nothing moves");
        world.later(secs(3)).await;
        world.work_until_idle().await;
        let was_cancelled = ming.wallet().await[0].state == "returned";
        let ended = world.payouts_at(State::Returned).await == 1;
        assert_eq!(ended, was_cancelled, "{fault}: our end is WeChat's");
        if !ended {
            assert_eq!(world.payouts_at(State::WaitingConfirm).await, 1, "{fault}");
            assert_eq!(cancels(&world, payout).await, Ok(()), "{fault}");
        }
        assert_eq!(pots(&world).await, (ALL, 0, 0), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_confirmed_first_keeps_the_money_and_staff_are_told() {
    let world = World::new().await;
    world.sim("/_sim/limits", &json!({ "transfer_way_secs": 5 })).await;
    let (ming, amount) = granted(&world).await;
    world.work_until_idle().await;
    let payout = open_payout(&world).await;
    confirms(&world, &ming, None).await;
    let told = cancels(&world, payout).await.unwrap_err();
    assert_eq!(told, say::cancel_refused("INVALID_REQUEST", Lang::En));
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0));
    world.later(secs(6)).await;
    assert_eq!(world.callbacks_taken(1).await, [200]);
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Collected).await, 1);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_races_a_confirmation_has_one_end() {
    for round in 0..8 {
        let world = World::new().await;
        let (ming, amount) = granted(&world).await;
        world.work_until_idle().await;
        let payout = open_payout(&world).await;
        let bill_no = ming.wallet().await[0].bill_no.clone();
        let confirm = world
            .http
            .post(format!("{}/_sim/phones/{}/confirm", world.wechat.url, ming.phone))
            .json(&json!({ "bill_no": bill_no }));
        // The worker asks at the same time; a payout that ended first is not asked about.
        let due = async {
            let asked = world.engine().retry_now(&console(), payout, Lang::En).await;
            assert!(asked.is_ok() || world.engine().payout(payout).await.unwrap().row.state.is_final());
            world.work_until_idle().await;
        };
        let (first, again, confirmed, ()) =
            futures::join!(cancels(&world, payout), cancels(&world, payout), confirm.send(), due);
        let confirmed = confirmed.unwrap().status() == 200;
        world.callbacks_taken(1).await;
        if confirmed {
            assert!(first.is_err() && again.is_err(), "{round}: {first:?} {again:?}");
            assert_eq!(world.payouts_at(State::Collected).await, 1, "{round}");
            assert_eq!(pots(&world).await, (ALL - amount, 0, amount), "{round}");
        } else {
            assert!(first.is_ok() || again.is_ok(), "{round}: {first:?} {again:?}");
            assert_eq!(world.payouts_at(State::Returned).await, 1, "{round}");
            assert_eq!(pots(&world).await, (ALL, 0, 0), "{round}");
        }
        assert_eq!(world.wechats_books().await.paid_fen, if confirmed { amount } else { 0 }, "{round}");
        assert_eq!(alerts(&world).await, [], "{round}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finance_cancels_in_the_dashboard_and_the_log_names_who() {
    let world = World::new().await;
    granted(&world).await;
    world.work_until_idle().await;
    let payout = open_payout(&world).await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let body = json!({ "id": payout, "step": "cancel" }).to_string();
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    let page = desk.sends(reqwest::Method::POST, "/api/finance/act_on_payout", &headers, Some(body)).await;
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(page.html.contains("returned"), "{}", page.html);
    assert_eq!(world.payouts_at(State::Returned).await, 1);
    let sql = "SELECT 1 AS one FROM audit a JOIN operators o ON o.id = a.operator_id
        WHERE a.action = 'payout.cancel' AND o.login = 'admin'";
    let books = database::open(&world.config.database_url).await;
    let noted = books.query_all_raw(Statement::from_string(books.get_database_backend(), sql)).await.unwrap();
    assert_eq!(noted.len(), 1);
}
