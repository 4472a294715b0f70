//! Callers that go away: what they asked for is done all the same.
//! It refuses to wait by the clock; every wait ends with a change that the simulator tells.

use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use crate::{Manner, SERVICE, World, packet, tag, world};

impl World {
    /// What a control call shows as soon as it is what the test waits for.
    pub(crate) async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let events = self.http.get(format!("{}/_sim/events", self.running.url)).send().await.unwrap();
        let mut changes = events.bytes_stream();
        let look = async {
            loop {
                let seen = self.get(path).await;
                if wanted(&seen) {
                    return seen;
                }
                changes.next().await.unwrap().unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), look).await.unwrap()
    }
}

#[tokio::test]
async fn a_delayed_answer_is_about_work_that_was_done_at_once() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    world.post("/_sim/faults", json!({ "on": "sendredpack", "kind": "delay", "ms": 60_000 })).await;
    tokio::select! {
        answer = world.pay("sendredpack", packet("D1", &openid, "100")) => panic!("too early: {answer:?}"),
        _ = world.until("/_sim/books", |books| books["paid_fen"] == 100) => {}
    }
}

#[tokio::test]
async fn a_delayed_packet_is_booked_although_nobody_waits_for_it() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    world.post("/_sim/faults", json!({ "on": "sendredpack", "kind": "delay_before", "ms": 1_000 })).await;
    // The caller goes away as soon as WeChat has begun.
    tokio::select! {
        answer = world.pay("sendredpack", packet("D2", &openid, "100")) => panic!("too early: {answer:?}"),
        _ = world.until("/_sim/faults", |faults| *faults == json!([])) => {}
    }
    world.until("/_sim/books", |books| books["paid_fen"] == 100).await;
    let again = world.pay("sendredpack", packet("D2", &openid, "100")).await.unwrap();
    assert_eq!(tag(&again, "result_code"), Some("SUCCESS"));
    assert_eq!(world.get("/_sim/books").await["paid_fen"], 100);
    assert_eq!(world.post("/_sim/faults", json!({ "on": "token", "kind": "delay_before" })).await.0, 400);
}

#[tokio::test]
async fn a_follow_is_delivered_to_its_end_although_the_control_call_was_dropped() {
    let world = world().await;
    world.manner(Manner::Silent);
    let ming = world.phone("小明").await;
    let path = format!("/_sim/phones/{ming}");
    tokio::select! {
        told = world.follow(&ming, SERVICE) => panic!("too early: {told}"),
        _ = world.until(&path, |phone| phone["follows"] == json!([SERVICE])) => {}
    }
    let seen = world.until(&path, |phone| phone["chats"][0]["text"].is_string()).await;
    assert_eq!(seen["chats"][0]["from"], "system");
    assert_eq!(world.merchant.pushes.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_push_whose_answer_comes_late_is_delivered_again() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.post("/_sim/faults", json!({ "on": "push", "kind": "delay", "ms": 5_000 })).await;
    let told = world.follow(&ming, SERVICE).await;
    assert_eq!(told["deliveries"].as_array().unwrap().len(), 2, "{told}");
    assert!(told["deliveries"][0]["error"].as_str().unwrap().contains("no answer"));
    assert_eq!(told["reply"], "subscribe：点我");
}
