//! What reaches the server, and what of its answers reaches the chat.
//! It refuses to trust the follower's words: they may look like the protocol.

use serde_json::{Value, json};

use crate::{COMPATIBLE, EDIT, Manner, SAFE, SERVICE, tag, world};

#[tokio::test]
async fn a_text_that_closes_the_document_does_not_move_the_envelope() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.follow(&ming, COMPATIBLE).await;
    let text = "a</xml>b";
    let (_, told) =
        world.post(&format!("/_sim/phones/{ming}/send"), json!({ "appid": COMPATIBLE, "text": text })).await;
    assert_eq!(told["deliveries"][0]["status"], 200, "{told}");
    let pushes = world.merchant.pushes.lock().unwrap();
    let body = &pushes.last().unwrap().2;
    assert_eq!(tag(body, "Content"), Some(text));
    assert!(body.ends_with("]]></Encrypt>\n</xml>"), "{body}");
}

#[tokio::test]
async fn a_doubled_push_keeps_the_reply_that_came_first() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.manner(Manner::Once);
    world.post("/_sim/faults", json!({ "on": "push", "kind": "duplicate" })).await;
    let told = world.follow(&ming, SAFE).await;
    assert_eq!((told["deliveries"].as_array().unwrap().len(), &told["reply"]), (2, &json!("subscribe：点我")));
}

#[tokio::test]
async fn a_line_has_the_claim_link_or_no_url() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.follow(&ming, SERVICE).await;
    assert_eq!(world.look(&ming).await["chats"][0]["url"], "http://shop.example/c/demo?t=1&x=2");
    world.manner(Manner::Elsewhere);
    world.post(&format!("/_sim/phones/{ming}/send"), json!({ "appid": SERVICE, "text": "在吗" })).await;
    let line = world.look(&ming).await["chats"][2].clone();
    assert_eq!((&line["url"], &line["link"]), (&Value::Null, &json!("http://shop.example/p/demo?t=1&x=2")));
    assert_eq!(line["words"], "点我");
}

#[tokio::test]
async fn a_callback_is_verified_by_its_echo() {
    let world = world().await;
    let verify = async |appid: &str| world.post("/_sim/verify", json!({ "appid": appid })).await;
    assert_eq!(verify(SAFE).await, (200, json!({ "ok": true })));
    let (_, edit) = verify(EDIT).await;
    assert_eq!(edit["ok"], false);
    world.manner(Manner::Success);
    let (_, wrong) = verify(SERVICE).await;
    assert_eq!((&wrong["ok"], &wrong["error"]), (&json!(false), &json!("the server answered 403")));
    assert_eq!(verify("wx0").await.0, 404);
}
