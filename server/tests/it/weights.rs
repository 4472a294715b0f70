//! What a follower's phone has to load: every page against its budget, printed.
//! Refuses a page over 14 KB compressed, and any that needs a script.

use crate::browser::Browser;
use crate::world::{COFFEE, World};
use std::io::Write;

/// The first load of a follower's page, compressed, all in: it has no style sheet or script of its own to fetch.
const BUDGET: usize = 14 * 1024;

#[expect(clippy::explicit_write, reason = "the harness keeps what eprintln! says, and every run shall show this")]
async fn weigh(who: &Browser<'_>, what: &str, url: &str) {
    let (raw, gzip, brotli) =
        (who.weighs(url, "identity").await, who.weighs(url, "gzip").await, who.weighs(url, "br").await);
    writeln!(std::io::stderr(), "{raw:>8} raw {gzip:>6} gzip {brotli:>6} brotli  {what} (budget {BUDGET})").unwrap();
    assert!(gzip <= BUDGET && brotli <= BUDGET, "{what} is too heavy");
    let page = who.gets(url).await;
    assert!(!page.html.contains("<script"), "{what} has a script");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_follower_is_light_and_without_a_script() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    weigh(&ming, "hub page", "/p/demo").await;
    let link = ming.follows(COFFEE).await.unwrap();
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready");
    weigh(&ming, "claim page, ready", "/c/demo").await;
    weigh(&ming, "tracked link", "/l/coffee").await;
    ming.presses(&page).await;
    world.work_until_idle().await;
    weigh(&ming, "claim page, sent", "/c/demo").await;
    weigh(&ming, "claim page, claimed before", "/c/demo?again=1").await;
    let elsewhere = Browser::new(&world, "Mozilla/5.0 (X11; Linux x86_64) Chrome/156", "198.51.100.7");
    weigh(&elsewhere, "claim page, not in WeChat", "/c/demo").await;
}
