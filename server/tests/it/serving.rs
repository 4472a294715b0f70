//! Connections that dawdle, in bytes.
//! Refuses to let one slow caller take a place for long, or many take all of them.

use crate::world::{COFFEE, World};
use server::serving::Limits;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(300);

/// The demo behind a server that waits only as long as these limits say.
async fn world_with(limits: Limits) -> World {
    let mut world = World::new().await;
    world.stops_the_server().await;
    world.config.limits = limits;
    world.starts_the_server().await.unwrap();
    world
}

async fn connected(world: &World) -> TcpStream {
    TcpStream::connect(world.config.listen).await.unwrap()
}

/// Everything the server says until it hangs up.
async fn heard(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    // A reset is a way to hang up too.
    let _ended = stream.read_to_end(&mut heard).await.is_ok();
    String::from_utf8_lossy(&heard).into_owned()
}

async fn is_served(world: &World) {
    assert_eq!(world.http.get(world.url("/healthz")).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_head_is_cut_off() {
    let world = world_with(Limits { head_within: SHORT, ..Limits::default() }).await;
    let mut silent = connected(&world).await;
    let mut half = connected(&world).await;
    half.write_all(b"GET /p/demo HTTP/1.1\r\nHost: lingbao\r\nX-Slow: ").await.unwrap();
    is_served(&world).await;
    for stream in [&mut half, &mut silent] {
        assert!(!heard(stream).await.contains(" 200 "), "nothing was asked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_is_cut_off() {
    let world = world_with(Limits { head_within: SHORT, ..Limits::default() }).await;
    let (mut reader, mut writer) = connected(&world).await.into_split();
    let trickling = tokio::spawn(async move {
        let mut beat = tokio::time::interval(SHORT / 10);
        writer.write_all(b"GET /p/demo HTTP/1.1\r\n").await.unwrap();
        while writer.write_all(b"X-Slow: 1\r\n").await.is_ok() {
            beat.tick().await;
        }
    });
    let mut heard = Vec::new();
    let _ended = reader.read_to_end(&mut heard).await.is_ok();
    assert!(!String::from_utf8_lossy(&heard).contains(" 200 "));
    trickling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_trickles_is_cut_off_however_steadily_it_comes() {
    let world = world_with(Limits { body_within: SHORT, ..Limits::default() }).await;
    let (mut reader, mut writer) = connected(&world).await.into_split();
    let head = "POST /api/public/claim HTTP/1.1\r\nHost: lingbao\r\nContent-Length: 100000\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let trickling = tokio::spawn(async move {
        let mut beat = tokio::time::interval(SHORT / 10);
        writer.write_all(head.as_bytes()).await.unwrap();
        while writer.write_all(b"x").await.is_ok() {
            beat.tick().await;
        }
    });
    is_served(&world).await;
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("</html>") {
        let mut part = [0; 4096];
        let n = reader.read(&mut part).await.unwrap();
        assert_ne!(n, 0, "the server hung up in the middle of a word");
        heard.extend_from_slice(&part[..n]);
    }
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.starts_with("HTTP/1.1 408") && heard.contains("请再点一次链接"), "{heard}");
    trickling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_every_place_holds_it_only_for_its_time() {
    let world = world_with(Limits { connections: 4, head_within: SHORT, ..Limits::default() }).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(connected(&world).await);
    }
    is_served(&world).await;
    assert_eq!(world.follower("Ming").await.claims(COFFEE).await.state(), "paying");
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_nobody_who_only_holds_a_connection() {
    let world = World::new().await;
    let mut idle = connected(&world).await;
    is_served(&world).await;
    world.stops_the_server().await;
    assert_eq!(heard(&mut idle).await, "");
    world.starts_the_server().await.unwrap();
    is_served(&world).await;
}
