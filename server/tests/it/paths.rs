//! The three ways from an article to a red packet, from end to end.
//! Refuses a figure that WeChat's own books do not show.

use crate::browser::Follower;
use crate::world::{BOOKS, COFFEE, FUWU, LOGIN, NOODLE, World};
use reqwest::Method;
use rules::follow::Grade;

/// Article link, follow, reply, OAuth, claim, wallet: the whole way of one person.
async fn walks(world: &World, ming: &Follower<'_>, appid: &str, link: &str) -> i64 {
    let article = ming.opens(&format!("/l/{link}")).await;
    assert_eq!(article.status, 200);
    assert!(article.html.contains("data-page=\"link\""), "the link shows how to follow");
    let page = ming.comes_through(appid).await;
    assert_eq!(page.state(), "ready");
    assert_eq!(page.url, world.url("/c/demo"), "the ticket or key does not stay in the address");
    let page = ming.presses(&page).await;
    assert_eq!(page.state(), "paying");
    assert!(ming.wallet().await.is_empty(), "nothing is paid before the worker works");
    world.work_until_idle().await;
    let after = ming.opens("/c/demo").await;
    assert_eq!((after.state(), after.amount_fen()), ("sent", page.amount_fen()));
    let figures = world.link(link).await;
    assert_eq!(figures.known_by, Some(rules::follow::Attribution::Ticket));
    let f = figures.figures;
    assert_eq!((f.visits, f.follows, f.claims, f.paid, f.bots), (1, 1, 1, 1, 0));
    assert_eq!(Some(f.paid_fen.get()), page.amount_fen());
    let received = ming.received_fen().await;
    assert_eq!(Some(received), page.amount_fen());
    assert!((100..=300).contains(&received));
    received
}

/// What the export of claims shows: bill numbers and amounts, sorted.
async fn exported(world: &World) -> (Vec<String>, i64) {
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let page = desk.gets("/admin/reports/claims.csv?campaign=demo").await;
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    let text = page.html.trim_start_matches('\u{feff}').to_owned();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|h| h.ends_with(&format!(" {name}"))).unwrap();
    let (bill, fen) = (column("bill_no"), column("amount_fen"));
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let mut bills: Vec<String> = rows.iter().map(|row| row[bill].to_owned()).collect();
    bills.sort();
    (bills, rows.iter().map(|row| row[fen].parse::<i64>().unwrap()).sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_paid_through_a_safe_mode_subscription_account() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let received = walks(&world, &ming, COFFEE, "coffee").await;
    assert_eq!(world.wechats_books().await.paid_fen, received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_paid_through_a_compatible_mode_subscription_account() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let received = walks(&world, &ming, BOOKS, "books").await;
    assert_eq!(world.wechats_books().await.paid_fen, received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_paid_through_the_service_account() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let received = walks(&world, &ming, FUWU, "fuwu").await;
    assert_eq!(world.wechats_books().await.paid_fen, received);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_paid_through_an_edit_mode_account_on_asserted_evidence() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let received = walks(&world, &ming, NOODLE, "noodle").await;
    let claims = world.engine().claims(world.campaign("demo").await.id, None, 10).await.unwrap();
    assert_eq!(claims[0].grade, Grade::Asserted);
    assert_eq!(world.wechats_books().await.paid_fen, received);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_of_claims_agrees_with_the_books_of_wechat_over_all_paths() {
    let world = World::new().await;
    for (appid, link) in [(COFFEE, "coffee"), (BOOKS, "books"), (FUWU, "fuwu"), (NOODLE, "noodle")] {
        let reader = world.follower("读者").await;
        walks(&world, &reader, appid, link).await;
    }
    let books = world.wechats_books().await;
    assert_eq!(books.bills.len(), 4);
    assert_eq!(exported(&world).await, (books.bills, books.paid_fen));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_page_lists_the_active_accounts_and_what_this_person_claimed() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let before = ming.opens("/p/demo").await;
    for code in ["coffee", "books", "noodle", "fuwu"] {
        assert!(before.html.contains(&format!("/l/{code}")), "{code}");
    }
    let page = ming.claims(COFFEE).await;
    world.work_until_idle().await;
    let after = ming.opens("/p/demo").await;
    assert_eq!(after.amount_fen(), page.amount_fen());
    assert_eq!(Some(ming.received_fen().await), page.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_that_no_link_explains_are_estimated_until_the_person_is_known() {
    let world = World::new().await;
    let (demo, coffee) = (world.campaign("demo").await.id, world.account(COFFEE).await.id);
    let code = rules::ids::LinkCode::try_from("poster").unwrap();
    let by = engine::operators::console();
    world.engine().add_link(&by, demo, coffee, "海报".to_owned(), Some(code), rules::say::Lang::Zh).await.unwrap();
    let mut people = Vec::new();
    for link in ["coffee", "coffee", "poster"] {
        let one = world.follower("路人").await;
        one.opens(&format!("/l/{link}")).await;
        let reply = one.follows(COFFEE).await.unwrap();
        people.push((one, reply));
    }
    let told = async |code| {
        let link = world.link(code).await;
        (link.figures.follows, link.estimated_follows)
    };
    assert_eq!((told("coffee").await, told("poster").await), ((0, 2), (0, 1)), "a guess, and called one");
    let (hong, reply) = &people[2];
    hong.opens(reply).await;
    assert_eq!(told("poster").await, (1, 0), "now it is known");
    assert_eq!(world.figures("demo").await.follows, 3);
    let sum = told("coffee").await.0 + told("coffee").await.1 + told("poster").await.0 + told("poster").await.1;
    assert_eq!(sum, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_that_are_out_survive_a_change_of_their_address() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let here = world.config.entry_url.clone();
    let link = ming.follows(COFFEE).await.unwrap();
    let path = link.strip_prefix(&here).unwrap();
    // WeChat blocked the name that stands in the links; pages live on another now, and the old one still leads to us.
    let old_name = [("host", "blocked.example")];
    for path in [path, "/l/coffee", "/c/demo"] {
        let page = ming.sends(Method::GET, path, &old_name, None).await;
        assert_eq!((page.status, page.location()), (303, Some(format!("{here}{path}").as_str())));
        assert_eq!(page.cookies(), Vec::<&str>::new(), "a mark set here would not come back there");
    }
    assert_eq!(world.figures("demo").await.visits, 0, "the browser is counted where it arrives");
    let page = ming.sends(Method::GET, "/c/demo?t=//evil.example", &old_name, None).await;
    assert_eq!(page.location(), Some(format!("{here}/c/demo").as_str()), "only checked parts go on");
    let moved = ming.sends(Method::GET, path, &old_name, None).await;
    let page = ming.opens(moved.location().unwrap()).await;
    assert_eq!(page.state(), "ready");
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}
