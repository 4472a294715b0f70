//! Web OAuth: codes, states, browsers, scanners and snapshots.
//! Refuses a session that WeChat did not grant to this very browser.

use crate::browser::{Browser, Page, WECHAT};
use crate::proofs::sql;
use crate::world::{COFFEE, FUWU, World};
use rules::time::{hours, minutes};

/// The redirect to WeChat that a link without a session gives.
async fn is_sent_to_wechat(browser: &Browser<'_>, link: &str) -> String {
    let page = browser.gets(link).await;
    assert_eq!(page.status, 302, "{}", page.main());
    let to = page.location().unwrap();
    assert!(to.contains("/connect/oauth2/authorize?appid=") && to.ends_with("#wechat_redirect"), "{to}");
    to.split('#').next().unwrap().to_owned()
}

/// The address with code and state that WeChat sends a phone back to.
async fn is_sent_back(browser: &Browser<'_>, to_wechat: &str) -> String {
    browser.gets(to_wechat).await.location().unwrap().to_owned()
}

fn gave_no_session(page: &Page) {
    assert!(!page.cookies().iter().any(|cookie| cookie.starts_with("lb_s=")), "{:?}", page.cookies());
}

/// The value of `name` in an address.
fn of(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).unwrap();
    url.query_pairs().find(|(n, _)| n == name).unwrap().1.into_owned()
}

fn back_with(world: &World, code: &str, state: &str) -> String {
    let query =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs([("code", code), ("state", state)]).finish();
    world.url(&format!("/oauth/{FUWU}/callback?{query}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_used_twice_serves_a_reload_and_nobody_else() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let link = ming.follows(COFFEE).await.unwrap();
    let back = is_sent_back(&ming, &is_sent_to_wechat(&ming, &link).await).await;
    for _ in 0..3 {
        let page = ming.gets(&back).await;
        assert_eq!((page.status, page.location()), (303, link.strip_prefix(world.url("").as_str())));
    }
    let thief = hong.gets(&back).await;
    assert_eq!(thief.status, 400, "the state is of Ming's browser");
    gave_no_session(&thief);
    let hongs = is_sent_back(&hong, &is_sent_to_wechat(&hong, "/c/demo").await).await;
    let mixed = hong.gets(&back_with(&world, &of(&back, "code"), &of(&hongs, "state"))).await;
    assert_eq!(mixed.status, 400, "the code is of Ming's browser");
    gave_no_session(&mixed);
    assert_eq!(ming.opens(&link).await.state(), "ready");
    assert_eq!(hong.opens("/c/demo").await.refusal(), "no_ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_wechat_does_not_know_starts_oauth_again_and_ends() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let state = of(&is_sent_to_wechat(&ming, "/c/demo").await, "state");
    let again = ming.gets(&back_with(&world, "021invented", &state)).await;
    assert_eq!(again.status, 302);
    gave_no_session(&again);
    let state = of(again.location().unwrap(), "state");
    let again = ming.gets(&back_with(&world, "022invented", &state)).await;
    let state = of(again.location().unwrap(), "state");
    let end = ming.gets(&back_with(&world, "023invented", &state)).await;
    assert_eq!(end.status, 400, "a third time there is a page and no circle");
    gave_no_session(&end);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_is_not_ours_or_old_or_of_another_browser_is_refused() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let back = is_sent_back(&ming, &is_sent_to_wechat(&ming, "/c/demo").await).await;
    let (code, state) = (of(&back, "code"), of(&back, "state"));
    assert!(state.len() <= 128 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "as WeChat allows");
    let mut forged = state.clone();
    forged.replace_range(9..10, if &state[9..10] == "a" { "b" } else { "a" });
    for wrong in [forged.as_str(), "", "a", "%2f%2fevil.example", &"a".repeat(500)] {
        let page = ming.gets(&back_with(&world, &code, wrong)).await;
        assert_eq!((page.status, page.location()), (400, None), "{wrong}");
        gave_no_session(&page);
    }
    hong.gets("/c/demo").await;
    let page = hong.gets(&back).await;
    assert_eq!(page.status, 400);
    gave_no_session(&page);
    let nobody = world.browser(WECHAT).gets(&back).await;
    assert_eq!(nobody.status, 400, "a browser without a mark");
    gave_no_session(&nobody);
    world.later(minutes(11)).await;
    let late = ming.gets(&back).await;
    assert_eq!(late.status, 400);
    gave_no_session(&late);
    assert_eq!(ming.opens("/c/demo").await.status, 200, "opening the link again is all it takes");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_leads_to_another_host_than_ours_and_wechats() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let evil = [
        "/c/demo?t=//evil.example",
        "/c/demo?t=https://evil.example&a=//evil.example",
        "/c/demo?a=%0d%0aLocation:%20https://evil.example",
        "/l/coffee?next=https://evil.example",
        "/p/demo?return=//evil.example",
        "//evil.example/%2f..",
        "/%5cevil.example",
        "/c/%2f%2fevil.example",
        "/l/%2f%2fevil.example",
        "/admin?next=//evil.example",
        "/admin/sign-in?next=https://evil.example",
    ];
    for path in evil {
        let page = ming.gets(&world.url(path)).await;
        if let Some(to) = page.location() {
            let own = to.starts_with('/') && !to.starts_with("//");
            assert!(own || to.starts_with(world.wechat.url.as_str()), "{path} leads to {to}");
            assert!(!to.contains("evil.example") || to.starts_with("/admin/sign-in?next="), "{path} carries {to}");
        }
        assert!(!page.html.contains("href=\"https://evil") && !page.html.contains("href=\"//evil"), "{path}");
    }
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/admin\\@evil.example"] {
        let fields = [("login", "admin"), ("password", "lingbao-demo-2026"), ("next", next)];
        let page = world.browser("Mozilla/5.0").posts("/api/public/sign_in", &fields).await;
        assert_eq!(page.location(), Some("/admin"), "{next}");
    }
    let hong = world.follower("Hong").await;
    let back = is_sent_to_wechat(&hong, "/c/demo").await;
    assert!(of(&back, "redirect_uri").starts_with(world.config.public_url.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_scanner_that_comes_first_takes_nothing() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    for agent in [WECHAT, "Mozilla/5.0 (compatible; SafetyScanner-bot/1.0)", "Mozilla/5.0 Chrome", "curl/8"] {
        for _ in 0..3 {
            let page = world.browser(agent).gets(&link).await;
            assert!(matches!(page.status, 200 | 302), "{agent}: {}", page.status);
            gave_no_session(&page);
        }
    }
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready");
    let claimed = ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_by_machines_are_counted_apart() {
    let world = World::new().await;
    let bot = world.browser("Mozilla/5.0 (compatible; SafetyScanner-bot/1.0)");
    bot.gets("/l/coffee").await;
    let ming = world.follower("Ming").await;
    ming.opens("/l/coffee").await;
    ming.opens("/l/coffee").await;
    let f = world.link("coffee").await.figures;
    assert_eq!((f.visits, f.bots), (2, 1), "the way to WeChat and back is one visit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_user_never_gets_a_session() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    ming.becomes_a_snapshot().await;
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "snapshot");
    assert_eq!(ming.cookie("lb_s"), None);
    let page = ming.posts("/api/public/claim", &[("campaign", "demo"), ("form_token", "x")]).await;
    assert_eq!(page.state(), "continue");
    assert_eq!(world.figures("demo").await.claims, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_outside_wechat_sees_a_code_to_scan() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    let desk = world.browser("Mozilla/5.0 (Windows NT 10.0) Chrome/140");
    let page = desk.opens(&link).await;
    assert_eq!((page.status, page.state()), (200, "not_in_wechat"));
    assert!(page.html.contains("<svg"), "a QR code is drawn on the page");
    assert!(page.html.contains(&link), "with the address to copy");
    gave_no_session(&page);
    assert_eq!(ming.opens(&link).await.state(), "ready", "and the ticket is still Ming's");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_wechat_does_not_answer_the_page_says_try_again_and_nothing_is_lost() {
    let world = World::new().await;
    for kind in ["http_500", "lost_answer", "lost_request", "broken_xml", "systemerror_before"] {
        let ming = world.follower("Ming").await;
        let link = ming.follows(COFFEE).await.unwrap();
        world.wechat_fails("oauth_code", kind).await;
        let page = ming.opens(&link).await;
        assert_eq!(page.status, 503, "{kind}: {}", page.main());
        gave_no_session(&page);
        assert_eq!(ming.opens(&link).await.state(), "ready", "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_our_database_fails_the_page_says_try_again_and_not_that_there_is_nothing() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    let back = is_sent_back(&ming, &is_sent_to_wechat(&ming, &link).await).await;
    let database = sql(&world).await;
    database.run("ALTER TABLE accounts RENAME TO mislaid").await;
    let page = ming.gets(&back).await;
    assert_eq!(page.status, 503, "{}", page.main());
    assert!(page.main().contains(rules::say::notice::busy(rules::say::Lang::Zh)), "{}", page.main());
    gave_no_session(&page);
    database.run("ALTER TABLE mislaid RENAME TO accounts").await;
    assert_eq!(ming.gets(&back).await.status, 303, "the code is not spent");
    assert_eq!(ming.opens(&link).await.state(), "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_belongs_to_its_half_day() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(COFFEE).await;
    assert!(ming.cookie("lb_s").is_some());
    world.later(hours(12)).await;
    let late = ming.presses(&page).await;
    assert_eq!(late.state(), "continue", "a claim of yesterday's session is shown a way on");
    let page = ming.opens("/c/demo").await;
    assert_eq!(page.state(), "ready");
    let claimed = ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_cookies_are_out_of_reach_of_scripts_and_other_sites() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    let first = ming.gets(&link).await;
    let back = is_sent_back(&ming, first.location().unwrap().split('#').next().unwrap()).await;
    let second = ming.gets(&back).await;
    let all: Vec<_> = first.cookies().into_iter().chain(second.cookies()).collect();
    assert!(all.iter().any(|c| c.starts_with("lb_b=")) && all.iter().any(|c| c.starts_with("lb_s=")), "{all:?}");
    for cookie in all {
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Lax"), "{cookie}");
        assert!(!cookie.contains("Secure"), "the public address is http: {cookie}");
    }
    let page = ming.opens("/c/demo").await;
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert!(page.headers["cache-control"].to_str().unwrap().contains("no-store"));
    assert!(!page.html.contains("<script"));
}
