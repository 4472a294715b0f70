//! The server dies while staff take a transfer back: before WeChat hears of it, and before anybody hears WeChat's answer.
//! Refuses an end that is not WeChat's, and money that does not come back to its line.

use super::staff::waits;
use super::world::World;
use super::{SIGABRT, WITHIN};
use crate::days::bill_by_bill;
use reqwest::StatusCode;
use rules::ids::Slug;
use rules::payout::Rail;
use tokio::time::timeout;

/// Points in a cancel, and whether WeChat has heard of it there.
const POINTS: [(&str, bool); 2] = [("cancel_before_call", false), ("cancel_after_call", true)];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_while_it_cancels_finds_what_wechat_did() {
    for (point, heard) in POINTS {
        timeout(WITHIN, told(point, heard)).await.unwrap_or_else(|_| panic!("{point} did not end within {WITHIN:?}"));
    }
}

async fn told(point: &str, heard: bool) {
    let world = World::begin(point).await;
    world.chooses(Rail::Transfer).await.unwrap();
    let mut server = world.serves(Some(point)).await;
    let mut ming = world.person("Ming").await;
    ming.follows().await;
    ming.claims().await;
    world.settles().await;
    let books = world.node().await.unwrap();
    let payout = waits(&books).await.unwrap().expect("it waits for Ming");
    let cookie = world.signs_in().await;
    assert_eq!(world.presses_cancel(&cookie, payout).await, None, "{point}: nobody is told");
    assert_eq!(server.ends(&world).await, Some(SIGABRT), "{point}");
    let theirs = ming.wallet().await;
    assert_eq!(theirs, [if heard { "returned" } else { "waiting_confirm" }], "{point}");
    let _server = world.serves(None).await;
    if !heard {
        assert_eq!(world.presses_cancel(&cookie, payout).await, Some(StatusCode::OK), "{point}: again");
    }
    world.until_none_is("'waiting_confirm'").await;
    assert_eq!(ming.wallet().await, ["returned"], "{point}");
    let demo = books.campaign_by_slug(&Slug::try_from("demo").unwrap()).await.unwrap().id;
    let budget = books.budget(demo).await.unwrap();
    assert_eq!((budget.reserved.get(), budget.paid.get()), (0, 0), "{point}: all is back on its line");
    books.close().await.unwrap();
    bill_by_bill(&world.database, &world.asks("books").await).await;
    assert!(world.lingbao(&["verify"]).await.contains("the books agree"));
    world.ends().await;
}
