//! What reaches the server, and what of its answers reaches the chat.
//! It refuses to trust the follower's words: they may look like the protocol.

use serde_json::json;

use crate::{COMPATIBLE, tag, world};

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
