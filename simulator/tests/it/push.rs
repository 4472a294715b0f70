//! What reaches the server, and what of its answers reaches the chat.
//! It refuses to trust the follower's words: they may look like the protocol.

use serde_json::json;

use crate::{COMPATIBLE, Manner, SAFE, tag, world};

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
