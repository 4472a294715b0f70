//! Payouts under every fault that WeChat Pay has: yes, no, and nobody knows.
//! Refuses to pay twice, to give back what may have been paid, and to leave anybody without an end.

use crate::browser::Follower;
use crate::database::Kind;
use crate::world::{BOOKS, COFFEE, FUWU, World};
use futures::future::join_all;
use rules::payout::State;
use rules::time::{hours, minutes, secs};
use serde_json::json;

/// A follower of the demo with a claim granted and not yet paid: the person and the amount.
async fn granted<'w>(world: &'w World, appid: &str) -> (Follower<'w>, i64) {
    let ming = world.follower("Ming").await;
    let page = ming.claims(appid).await;
    assert_eq!(page.state(), "paying");
    (ming, page.amount_fen().unwrap())
}

async fn fails_with_code(world: &World, on: &str, code: &str) {
    world.sim("/_sim/faults", &json!({ "on": on, "kind": "err_code", "code": code })).await;
}

/// Available, reserved, paid.
async fn pots(world: &World) -> (i64, i64, i64) {
    let budget = world.engine().budget(world.campaign("demo").await.id).await.unwrap();
    (budget.available.get(), budget.reserved.get(), budget.paid.get())
}

const ALL: i64 = 1_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_asked_for_and_paid_once() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "unknown money is neither paid nor given back");
    assert_eq!(ming.opens("/c/demo").await.state(), "paying");
    world.later(secs(5)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Sent).await, 1);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_went_back_before_anybody_heard_of_it_is_paid_and_returned_at_once() {
    let world = World::new().await;
    granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    world.later(hours(25)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Returned).await, 1);
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    // The return names the payment that it settles, although both were written by one statement.
    assert!(world.engine().verify().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_request_is_sent_again_under_the_same_number_once_nobody_knows_it() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    let claims = async || world.engine().claims(world.campaign("demo").await.id, None, 10).await.unwrap();
    let number = claims().await[0].mch_billno.clone();
    world.wechat_fails("sendredpack", "lost_request").await;
    world.work_until_idle().await;
    for _ in 0..4 {
        assert_eq!(world.payouts_at(State::Unknown).await, 1, "not found is not believed at once");
        assert_eq!(pots(&world).await.1, amount);
        world.later(minutes(1)).await;
        world.work_until_idle().await;
    }
    assert!(ming.wallet().await.is_empty());
    world.work_until_settled().await;
    let wallet = ming.wallet().await;
    assert_eq!(wallet.len(), 1);
    assert_eq!(wallet[0].bill_no, number);
    assert_eq!(claims().await.len(), 1, "there is one payout with one number");
    assert_eq!(wallet[0].amount_fen, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_error_after_the_work_was_done_pays_once() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, BOOKS).await;
    world.wechat_fails("sendredpack", "systemerror_after").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_error_before_anything_was_done_pays_once_too() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, BOOKS).await;
    world.wechat_fails("sendredpack", "systemerror_before").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_is_being_processed_is_waited_for() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, FUWU).await;
    world.wechat_fails("sendredpack", "processing").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "processing", "times": 2 })).await;
    world.work_until_idle().await;
    world.later(secs(3)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1, "SENDING is no end");
    world.work_until_settled().await;
    assert_eq!(world.payouts_at(State::Sent).await, 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_merchant_account_makes_people_wait_and_then_pays_them() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "notenough").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Queued).await, 1);
    assert_eq!(ming.opens("/c/demo").await.state(), "paying");
    world.later(secs(30)).await;
    world.work_until_idle().await;
    assert!(ming.wallet().await.is_empty(), "it does not hurry");
    world.later(minutes(2)).await;
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_whom_wechat_blocks_is_told_so_and_the_money_is_back_on_its_line() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "no_auth").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Failed).await, 1);
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("failed", Some(amount)));
    assert!(page.main().contains("实名"), "the page says what the person can do");
    world.later(hours(24)).await;
    world.work_until_idle().await;
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    assert_eq!(ming.received_fen().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_at_once_is_tried_again_a_little_later_under_the_same_number() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    fails_with_code(&world, "sendredpack", "FREQ_LIMIT").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Queued).await, 1);
    world.later(secs(3)).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_knows_is_not_taken_for_a_no() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    fails_with_code(&world, "sendredpack", "SOMETHING_NEW_IN_2027").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    assert_eq!(pots(&world).await.1, amount);
    world.work_until_settled().await;
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_finds_nothing_for_a_while_is_not_believed() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "not_found", "times": 3 })).await;
    world.work_until_idle().await;
    for _ in 0..3 {
        world.later(secs(31)).await;
        world.work_until_idle().await;
        assert_eq!(world.payouts_at(State::Unknown).await, 1);
    }
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_long_as_wechat_does_not_tell_nothing_is_given_back_or_sent_again() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "http_500", "times": 1000 })).await;
    world.work_until_idle().await;
    for _ in 0..12 {
        world.later(hours(1)).await;
        world.work_until_idle().await;
    }
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    let live = world.engine().live(world.campaign("demo").await.id).await.unwrap();
    assert_eq!(live.unknown_payouts, 1, "staff see that one is open");
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0));
    assert_eq!(ming.wallet().await.len(), 1, "and WeChat was asked to pay once");
    world.may_end_with_unknown();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_only_says_system_error_leads_to_the_same_packet_again() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_request").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "systemerror_before", "times": 1000 })).await;
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1, "WeChat's own sample of not found looks like that");
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_repetition_says_nothing_about_the_first_call() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "not_found", "times": 2 })).await;
    world.work_until_idle().await;
    world.later(secs(400)).await;
    // The packet was paid by the first call; the second is refused as if it never could be.
    world.wechat_fails("sendredpack", "no_auth").await;
    world.work_until_idle().await;
    world.later(secs(400)).await;
    world.work_until_idle().await;
    world.work_until_settled().await;
    assert_eq!(world.payouts_at(State::Failed).await, 0);
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount), "what WeChat paid did not go back to the budget");
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_never_landed_and_is_refused_for_good_is_given_up_after_a_day_of_doubt() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_request").await;
    world.sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "no_auth", "times": 1000 })).await;
    world.work_until_idle().await;
    world.later(hours(1)).await;
    world.work_until_idle().await;
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "in doubt nothing is given back");
    world.work_until_settled().await;
    assert_eq!(world.payouts_at(State::Failed).await, 1);
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    assert!(ming.wallet().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_api_key_is_mended_and_the_same_packet_goes_out() {
    let world = World::new().await;
    let folder = std::path::Path::new(world.config.pay_ca_file.as_ref().unwrap()).parent().unwrap().to_owned();
    let merchant = |key: &str| engine::merchants::NewMerchant {
        mch_id: "1900000109".try_into().unwrap(),
        apiv2_key: key.to_owned(),
        cert_pem: std::fs::read_to_string(folder.join("cert.pem")).unwrap(),
        key_pem: std::fs::read_to_string(folder.join("key.pem")).unwrap(),
        v3: None,
    };
    let (by, payer) = (engine::operators::console(), world.account(FUWU).await.id);
    world.engine().put_merchant(&by, merchant("an old key that WeChat knows not"), payer).await.unwrap();
    let (ming, amount) = granted(&world, COFFEE).await;
    world.work_until_idle().await;
    assert_eq!(pots(&world).await, (ALL - amount, amount, 0), "refused for its signature, and kept");
    world.engine().put_merchant(&by, merchant("192006250b4c09247ec02edce69f6a2d"), payer).await.unwrap();
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_certificate_burns_no_claim() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world
        .sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "err_code", "code": "CA_ERROR", "times": 3 }))
        .await;
    world.work_until_settled().await;
    assert_eq!(ming.received_fen().await, amount, "once it is mended the same number goes through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_finds_nothing_for_too_long_leads_to_the_same_packet_again() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "lost_answer").await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "not_found", "times": 9 })).await;
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1, "the number is the same, so WeChat books nothing twice");
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_gateway_pays_nobody_twice() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "http_500").await;
    world.wechat_fails("gethbinfo", "http_500").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_in_its_middle_is_asked_for() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.wechat_fails("sendredpack", "broken_xml").await;
    world.wechat_fails("gethbinfo", "broken_xml").await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1);
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_was_opened_is_seen_as_collected() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.work_until_idle().await;
    assert_eq!(ming.opens("/c/demo").await.state(), "sent");
    ming.opens_the_packet().await;
    world.later(secs(15)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Collected).await, 1);
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("collected", Some(amount)));
    assert_eq!(pots(&world).await, (ALL - amount, 0, amount));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_nobody_opened_comes_back_to_its_line() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.work_until_idle().await;
    world.later(hours(25)).await;
    world.work_until_idle().await;
    world.later(hours(25)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Returned).await, 1);
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("returned", Some(amount)));
    assert_eq!(ming.wallet().await[0].state, "returned");
    assert_eq!(pots(&world).await, (ALL, 0, 0));
    let live = world.figures("demo").await;
    assert_eq!(live.paid_fen.get(), amount, "what was accepted stays counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_failed_after_its_acceptance_comes_back_in_both_books() {
    let world = World::new().await;
    world.wechat_fails("sendredpack", "failed").await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.work_until_idle().await;
    assert_eq!(world.wechats_books().await.paid_fen, amount);
    for _ in 0..2 {
        world.later(hours(25)).await;
        world.work_until_idle().await;
    }
    assert_eq!(world.payouts_at(State::Failed).await, 1);
    assert_eq!(ming.received_fen().await, 0);
    assert_eq!(world.sim_get("/_sim/books").await["returned_fen"].as_i64(), Some(amount));
    assert_eq!(pots(&world).await, (ALL, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_is_asked_about_and_never_sent_blindly() {
    let world = World::new().await;
    let (ming, amount) = granted(&world, COFFEE).await;
    world.stops_the_server().await;
    let db = crate::proofs::sql(&world).await;
    // As if a worker had taken it and died in the middle of its call.
    db.run("UPDATE payouts SET state = 'sending', attempts = 1").await;
    world.starts_the_server().await.unwrap();
    let seen = match Kind::of_this_run() {
        // The lock on the file proves that the worker is gone: nobody knows whether the call was made.
        Kind::Sqlite => State::Unknown,
        // On another node it may be alive, until its lease has run out.
        Kind::Postgres => State::Sending,
    };
    assert_eq!(world.payouts_at(seen).await, 1);
    world.work_until_settled().await;
    assert_eq!(ming.wallet().await.len(), 1);
    assert_eq!(ming.received_fen().await, amount);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_at_once_pay_everybody_once() {
    let world = World::new().await;
    let crowd = join_all((0..20).map(|_| granted(&world, COFFEE))).await;
    let engine = world.engine();
    let rounds = join_all((0..4).map(|_| engine.work_once())).await;
    assert!(rounds.iter().all(Result::is_ok), "{rounds:?}");
    world.work_until_idle().await;
    for (one, amount) in &crowd {
        assert_eq!(one.wallet().await.len(), 1);
        assert_eq!(one.received_fen().await, *amount);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_random_day_with_faults_everywhere_ends_with_both_books_the_same() {
    for seed in [7, 2026, 1_795_000_000] {
        println!("the seed of this day is {seed}");
        let world = World::new().await;
        for (n, on) in ["sendredpack", "gethbinfo", "push"].iter().enumerate() {
            let fault = json!({ "on": on, "kind": "random", "percent": 35, "times": 60, "seed": seed + n as u64 });
            world.sim("/_sim/faults", &fault).await;
        }
        let mut crowd = Vec::new();
        for n in 0..15_usize {
            let one = world.follower("路人").await;
            let link = match one.follows([COFFEE, BOOKS, FUWU][n % 3]).await {
                Some(link) => Some(link),
                // All three deliveries were lost: the person asks.
                None => one.says([COFFEE, BOOKS, FUWU][n % 3], "红包").await,
            };
            if let Some(link) = link {
                let page = one.opens(&link).await;
                if page.state() == "ready" {
                    let claimed = one.presses(&page).await;
                    crowd.push((one, claimed.amount_fen().unwrap()));
                }
            }
            if n % 4 == 0 {
                world.work_until_idle().await;
                world.later(minutes(1)).await;
            }
        }
        world.work_until_settled().await;
        let failed = world.payouts_at(State::Failed).await;
        let mut unpaid = 0;
        for (one, amount) in &crowd {
            match one.received_fen().await {
                0 => unpaid += 1,
                received => assert_eq!(received, *amount, "seed {seed}"),
            }
        }
        assert_eq!(unpaid, failed, "seed {seed}: only who was refused by WeChat has nothing");
        world.books_balance().await;
    }
}
