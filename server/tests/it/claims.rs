//! Claims: pressed twice, pressed by fifty, pressed without a right.
//! Refuses a second packet for one person, and a budget below nothing.

use crate::browser::WECHAT;
use crate::world::{BOOKS, COFFEE, FUWU, NOODLE, World};
use futures::future::join_all;
use rules::time::{hours, minutes};

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_makes_one_packet() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(COFFEE).await;
    let (one, two) = futures::join!(ming.presses(&page), ming.presses(&page));
    let mut states = [one.state(), two.state()];
    states.sort_unstable();
    assert_eq!(states, ["already", "paying"]);
    assert_eq!(one.amount_fen(), two.amount_fen());
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_taps_at_once_make_one_packet() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(BOOKS).await;
    let pages = join_all((0..20).map(|_| ming.presses(&page))).await;
    assert!(pages.iter().all(|p| matches!(p.state(), "paying" | "already")), "everybody sees the one claim");
    world.work_until_idle().await;
    let wallet = ming.wallet().await;
    assert_eq!(wallet.len(), 1);
    assert!(pages.iter().all(|p| p.amount_fen() == Some(wallet[0].amount_fen)));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tickets_of_one_person_pressed_at_once_make_one_packet() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let coffee = ming.comes_through(COFFEE).await;
    let link = ming.follows(BOOKS).await.unwrap();
    let reader = ming.afresh();
    let books = reader.opens(&link).await;
    let (one, two) = futures::join!(ming.presses(&coffee), reader.presses(&books));
    assert_eq!(one.amount_fen(), two.amount_fen());
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_after_the_claim_shows_the_same_amount_and_claims_nothing() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let claimed = ming.claims(FUWU).await;
    assert_eq!(claimed.state(), "paying");
    assert!(claimed.main().contains("class") && claimed.html.contains("http-equiv=\"refresh\""), "it looks again");
    for _ in 0..3 {
        let page = ming.opens("/c/demo").await;
        assert_eq!((page.state(), page.amount_fen()), ("paying", claimed.amount_fen()));
    }
    world.work_until_idle().await;
    let page = ming.opens("/c/demo").await;
    assert_eq!((page.state(), page.amount_fen()), ("sent", claimed.amount_fen()));
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_claim_is_refused_and_shows_the_earlier_amount() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let ready = ming.comes_through(COFFEE).await;
    let first = ming.presses(&ready).await;
    world.work_until_idle().await;
    let again = ming.presses(&ready).await;
    assert_eq!((again.state(), again.amount_fen()), ("already", first.amount_fen()));
    let elsewhere = ming.comes_through(BOOKS).await;
    assert_eq!((elsewhere.state(), elsewhere.amount_fen()), ("already", first.amount_fen()));
    world.work_until_idle().await;
    assert_eq!(world.figures("demo").await.claims, 1);
    assert_eq!(Some(ming.received_fen().await), first.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_phone_cannot_press_the_form_of_the_first() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let mings = ming.comes_through(COFFEE).await;
    let hongs = hong.comes_through(COFFEE).await;
    let page = hong.presses(&mings).await;
    assert_eq!(page.status, 403);
    assert_eq!(ming.presses(&mings).await.state(), "paying");
    assert_eq!(hong.presses(&hongs).await.state(), "paying");
    world.work_until_idle().await;
    assert_eq!((ming.wallet().await.len(), hong.wallet().await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_a_session_is_shown_a_way_on_and_books_nothing() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let ready = ming.comes_through(COFFEE).await;
    let stranger = world.browser(WECHAT);
    let page = stranger.presses(&ready).await;
    assert_eq!((page.status, page.state()), (200, "continue"));
    assert!(page.main().contains("href=\"/c/demo\""), "the link leads on");
    let nonsense = world.browser(WECHAT);
    nonsense.keeps("lb_s", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(nonsense.presses(&ready).await.state(), "continue", "an invented session is none");
    let figures = world.figures("demo").await;
    assert_eq!((figures.claims, figures.refusals), (0, 0));
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_missing_form_token_is_refused() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let form = ming.comes_through(COFFEE).await.form();
    for token in ["", "0123456789abcdef0123456789abcdef"] {
        let fields = [("campaign", "demo"), ("form_token", token)];
        assert_eq!(ming.posts(&form.action, &fields).await.status, 403, "{token}");
    }
    assert_eq!(ming.posts(&form.action, &[("campaign", "demo")]).await.status, 403);
    assert_eq!(world.figures("demo").await.claims, 0);
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_one_campaign_does_not_claim_in_another() {
    let world = World::new().await;
    world.runs(world.form("second").await, 10_000, &[BOOKS]).await;
    let ming = world.follower("Ming").await;
    let ready = ming.comes_through(COFFEE).await;
    let token = ready.form().fields.into_iter().find(|(name, _)| name == "form_token").unwrap().1;
    let page = ming.posts("/api/public/claim", &[("campaign", "second"), ("form_token", &token)]).await;
    assert_eq!(page.status, 403);
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_who_leaves_and_returns_is_paid_once() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let first = ming.claims(COFFEE).await;
    world.work_until_idle().await;
    ming.leaves(COFFEE).await;
    world.later(minutes(10)).await;
    let link = ming.follows(COFFEE).await.expect("the answer shows where the result is");
    assert!(!link.contains("?t="), "there is no ticket in {link}");
    let page = ming.opens(&link).await;
    assert_eq!((page.state(), page.amount_fen()), ("sent", first.amount_fen()));
    world.work_until_idle().await;
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.unfollows, figures.refollows, figures.claims), (1, 1, 1, 1));
    assert_eq!(Some(ming.received_fen().await), first.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_followers_at_once_never_overdraw_a_small_budget() {
    let world = World::new().await;
    world.only_so_much_is_left(2_050).await;
    let crowd = join_all((0..50).map(|_| world.follower("路人"))).await;
    let pages = join_all(crowd.iter().enumerate().map(async |(i, one)| {
        let page = one.comes_through([COFFEE, BOOKS, FUWU][i % 3]).await;
        (one, page)
    }))
    .await;
    let answers = join_all(pages.iter().map(async |(one, page)| match page.state() {
        "ready" => one.presses(page).await,
        _ => one.opens("/c/demo").await,
    }))
    .await;
    world.work_until_idle().await;
    let granted: Vec<_> = answers.iter().filter(|page| page.state() == "paying").collect();
    let refused = answers.iter().filter(|page| page.refusal() == "used_up").count();
    assert_eq!(granted.len() + refused, 50, "each is told yes or used up");
    let budget = world.engine().budget(world.campaign("demo").await.id).await.unwrap();
    let (available, reserved, paid) = (budget.available.get(), budget.reserved.get(), budget.paid.get());
    assert_eq!((available + reserved + paid, reserved), (2_050, 0));
    assert!((0..100).contains(&available), "all that makes a packet was given: {available}");
    assert_eq!(paid, granted.iter().map(|page| page.amount_fen().unwrap()).sum::<i64>());
    assert_eq!(world.wechats_books().await.paid_fen, paid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_filled_again_pays_those_who_were_refused() {
    let world = World::new().await;
    let form = world.form("second").await;
    let second = world.runs(form, 100, &[COFFEE]).await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    assert_eq!(ming.claims(COFFEE).await.state(), "paying");
    assert_eq!(hong.comes_through(COFFEE).await.refusal(), "used_up");
    world.changes_budget(second, rules::ledger::Event::Fund, rules::Fen::new(100).unwrap()).await;
    let page = hong.opens("/c/second").await;
    assert_eq!(page.state(), "ready", "who was refused for the budget may come again");
    hong.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!((ming.received_fen().await, hong.received_fen().await), (100, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_edit_mode_link_may_give_has_a_cap_of_its_own() {
    let world = World::new().await;
    let form = rules::campaign::CampaignForm { asserted_cap: "1".to_owned(), ..world.form("capped").await };
    world.runs(form, 10_000, &[NOODLE, COFFEE]).await;
    let link = format!("/c/capped?a={}", world.edit_key("capped", NOODLE).await);
    let people = join_all((0..10).map(|_| world.follower("路人"))).await;
    let pages = join_all(people.iter().map(|one| one.opens(&link))).await;
    let answers = join_all(people.iter().zip(&pages).map(|(one, page)| one.presses(page))).await;
    let (yes, no): (Vec<_>, Vec<_>) = answers.iter().partition(|page| page.state() == "paying");
    assert_eq!((yes.len(), no.len()), (1, 9));
    assert!(no.iter().all(|page| page.refusal() == "used_up"));
    let proven = world.follower("Hong").await;
    assert_eq!(proven.claims(COFFEE).await.state(), "paying", "proven follows are not capped");
    world.work_until_idle().await;
    assert_eq!(world.wechats_books().await.paid_fen, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_packet_per_account_a_person_gets_one_of_each() {
    let world = World::new().await;
    let form = rules::campaign::CampaignForm { scope: "account".to_owned(), ..world.form("each").await };
    world.runs(form, 10_000, &[COFFEE, BOOKS, NOODLE]).await;
    let ming = world.follower("Ming").await;
    for appid in [COFFEE, BOOKS] {
        let page = ming.claims(appid).await;
        assert_eq!(page.state(), "paying", "{appid}");
    }
    let edit = format!("/c/each?a={}", world.edit_key("each", NOODLE).await);
    let page = ming.opens(&edit).await;
    assert_eq!(page.state(), "ready");
    ming.presses(&page).await;
    assert_ne!(ming.opens(&edit).await.state(), "ready", "the same account gives no second");
    ming.leaves(COFFEE).await;
    world.later(minutes(1)).await;
    let link = ming.follows(COFFEE).await.unwrap();
    assert_ne!(ming.opens(&link).await.state(), "ready");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_is_renewed_on_the_way_to_the_result() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.claims(COFFEE).await;
    world.work_until_idle().await;
    ming.opens_the_packet().await;
    world.later(hours(13)).await;
    world.work_until_idle().await;
    let later = ming.opens("/c/demo").await;
    assert_eq!((later.state(), later.amount_fen()), ("collected", page.amount_fen()));
    assert_eq!(Some(ming.received_fen().await), page.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ticket_of_one_account_does_not_hide_the_right_to_another() {
    let world = World::new().await;
    let form = rules::campaign::CampaignForm { scope: "account".to_owned(), ..world.form("each").await };
    world.runs(form, 10_000, &[COFFEE, BOOKS]).await;
    let ming = world.follower("Ming").await;
    let books = ming.follows(BOOKS).await.unwrap();
    let coffee = ming.follows(COFFEE).await.unwrap();
    let again = ming.says(COFFEE, "红包").await.unwrap();
    for link in [&books, &coffee, &again] {
        ming.opens(link).await;
    }
    for _ in 0..2 {
        let page = ming.opens("/c/each").await;
        assert_eq!(page.state(), "ready", "one account was claimed, the other was not");
        ming.presses(&page).await;
    }
    assert_ne!(ming.opens("/c/each").await.state(), "ready");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_from_a_stranger_who_claimed_does_not_spoil_ones_own() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let hongs = hong.follows(COFFEE).await.unwrap();
    hong.opens(&hongs).await;
    let mings = ming.follows(COFFEE).await.unwrap();
    let poisoned = ming.says(COFFEE, "红包").await.unwrap();
    let page = ming.opens(&mings).await;
    ming.presses(&page).await;
    hong.opens(&poisoned).await;
    let page = hong.opens("/c/demo").await;
    assert_eq!(page.state(), "ready", "Hong still has a right of her own");
    assert_eq!(hong.presses(&page).await.state(), "paying");
    world.work_until_idle().await;
    assert!(hong.received_fen().await >= 100 && ming.received_fen().await >= 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_the_asserted_cap_still_makes_one_packet() {
    let world = World::new().await;
    let form = rules::campaign::CampaignForm {
        asserted_cap: "1".to_owned(),
        prize: rules::prize::form::PrizeForm::between("1", "200"),
        ..world.form("capped").await
    };
    world.runs(form, 100_000, &[NOODLE]).await;
    let ming = world.follower("Ming").await;
    let page = ming.opens(&format!("/c/capped?a={}", world.edit_key("capped", NOODLE).await)).await;
    assert_eq!(page.state(), "ready");
    assert_eq!(ming.presses(&page).await.state(), "paying", "what the page offers, the button gives");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_or_a_path_that_cannot_be_read_is_answered_in_our_own_words() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    for path in ["/c/%ff", "/l/%ff", "/p/%ff", "/oauth/%ff/callback", "/l/%ff/qr.svg"] {
        for (lang, words) in [("en", "There is no such page"), ("zh", "没有这个页面")] {
            let page = ming.gets(&format!("{path}?lang={lang}")).await;
            assert_eq!(page.status, 404, "{path}");
            assert!(page.html.contains(words), "{path}: {}", page.main());
        }
    }
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (header, body) in [
        (form, "form_token=x"),
        (form, "campaign=demo&campaign=demo"),
        (("content-type", "text/plain"), "campaign=demo"),
    ] {
        let page = ming.sends(reqwest::Method::POST, "/api/public/claim", &[header], Some(body.to_owned())).await;
        assert!((400..500).contains(&page.status), "{body}: {}", page.status);
        assert!(page.html.contains("请回到公众号"), "{body}: {}", page.html);
        assert!(!page.html.contains("deserialize") && !page.html.contains("Form requests"), "{}", page.html);
    }
}
