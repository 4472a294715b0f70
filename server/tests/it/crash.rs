//! The crash story: the real binary dies at every listed point, and by `kill -9`, while a follower is being paid.
//! Refuses a point that was not reached, a promise that was not kept, and a packet too many.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may end it")]

mod cancel;
mod person;
mod soak;
mod staff;
mod world;

use futures::future::{join, join_all};
use futures::{StreamExt, stream};
use person::Person;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;
use world::World;

/// The demo's subscription account in safe mode.
const SHOP: &str = "wx1a2b3c4d5e6f0001";
/// A story that takes longer has lost its way; machines that are shared are slow.
const WITHIN: Duration = Duration::from_secs(60);
/// Longer than "no such bill" is disbelieved, far shorter than a packet waits to be opened.
const LATER_SECS: i64 = 6 * 60;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// Where the process dies, one start after the other, and what goes wrong at WeChat meanwhile.
struct Story {
    points: &'static [&'static str],
    fault: Option<(&'static str, &'static str)>,
}

const fn story(points: &'static [&'static str]) -> Story {
    Story { points, fault: None }
}

/// One story for each point. The worker's first round comes before any claim, so a death before its lease is only worth
/// something after a start with a payout in the queue; a question is only asked after an answer was lost.
const STORIES: &[Story] = &[
    story(&["push_before_commit"]),
    story(&["push_after_commit"]),
    story(&["claim_before_commit"]),
    story(&["claim_after_commit", "payout_before_lease"]),
    story(&["payout_after_lease"]),
    story(&["payout_after_call"]),
    story(&["payout_before_learn"]),
    story(&["payout_after_learn"]),
    Story { points: &["query_after_call"], fault: Some(("sendredpack", "lost_answer")) },
    Story { points: &["query_after_learn"], fault: Some(("sendredpack", "lost_answer")) },
    Story { points: &["payout_after_lease", "query_after_learn", "payout_after_call"], fault: None },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_point_pays_everybody_once() {
    let hits: Vec<&[&str]> = stream::iter(STORIES.iter().enumerate())
        .map(|(n, story)| async move {
            let told = timeout(WITHIN, told(n, story)).await;
            told.unwrap_or_else(|_| panic!("the story of {:?} did not end within {WITHIN:?}", story.points));
            story.points
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let reached: BTreeSet<&str> = hits.concat().into_iter().collect();
    println!("died and recovered at {} points: {reached:?}", reached.len());
    // A cancel has its own story.
    let all = engine::crash::POINTS.iter().copied().filter(|point| !point.starts_with("cancel_"));
    assert_eq!(reached, all.collect());
}

async fn told(n: usize, story: &Story) {
    let world = World::begin(&format!("{n}-{}", story.points[0])).await;
    if let Some((on, kind)) = story.fault {
        world.wechat("faults", json!({ "on": on, "kind": kind })).await;
    }
    let first = world.serves(story.points.first().copied()).await;
    let keeper = async {
        let mut server = first;
        for (at, point) in story.points.iter().enumerate() {
            assert_eq!(server.ends(&world).await, Some(SIGABRT), "at {point}");
            server = world.serves(story.points.get(at + 1).copied()).await;
        }
        server
    };
    let follower = async {
        let mut ming = world.person("Ming").await;
        ming.follows().await;
        ming.claims().await;
        world.settles().await;
        ming
    };
    let (_server, ming) = join(keeper, follower).await;
    world.settles().await;
    world.proves(&[ming]).await;
    world.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_twenty_people_claim_keeps_what_it_told_them() {
    let killed = join_all([1, 6, 12].map(killed_after));
    timeout(WITHIN, killed).await.expect("every story ends");
}

/// `kill -9` from outside as soon as `answers` of twenty people, who tap at once, were told of their packet.
async fn killed_after(answers: usize) {
    let world = World::begin(&format!("kill-{answers}")).await;
    let mut server = world.serves(None).await;
    let mut people = join_all((0..20).map(async |n| {
        let mut person = world.person(&format!("No. {n}")).await;
        person.follows().await;
        let link = person.link().await;
        person.ready = person.load(&link, None).await.filter(|page| page.state == "ready");
        assert!(person.ready.is_some(), "the claim page is not ready");
        person
    }))
    .await;
    let (told, mut count) = watch::channel(0);
    let taps = join_all(people.iter_mut().map(async |person| {
        person.taps().await;
        told.send_modify(|n| *n += usize::from(person.told));
    }));
    let killer = async {
        count.wait_for(|n| *n >= answers).await.unwrap();
        server.child.start_kill().unwrap();
        assert_eq!(server.ends(&world).await, Some(SIGKILL));
        world.serves(None).await
    };
    let (_, _server) = join(taps, killer).await;
    let told: Vec<_> = people.iter_mut().filter(|person| person.told).collect();
    println!("killed after {} of 20 people had their answer", told.len());
    for person in told {
        let page = person.load(&format!("{}/c/demo", world.url), None).await.expect("the server runs");
        assert!(page.amount_fen.is_some(), "somebody who was told of a packet sees {page:?}");
    }
    join_all(people.iter_mut().map(Person::claims)).await;
    world.settles().await;
    world.proves(&people).await;
    world.ends().await;
}
