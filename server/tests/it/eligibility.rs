//! Who may claim: tickets, followers, accounts and campaigns, each with its own refusal.
//! Refuses a right that is somebody else's, used, old, invented or out of season.

use crate::push::SAFE;
use crate::world::{BOOKS, COFFEE, FUWU, NOODLE, World};
use engine::operators::console;
use rules::account::AccountForm;
use rules::campaign::{CampaignForm, Event};
use rules::say::Lang;
use rules::time::{hours, minutes};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_someone_elses_is_refused() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let link = ming.follows(COFFEE).await.unwrap();
    assert_eq!(ming.opens(&link).await.state(), "ready");
    let page = hong.opens(&link).await;
    assert_eq!((page.state(), page.refusal()), ("refused", "wrong_ticket"));
    assert_eq!(hong.opens("/c/demo").await.refusal(), "no_ticket", "nothing was left behind for Hong");
    assert_eq!(ming.opens(&link).await.state(), "ready", "and nothing was taken from Ming");
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_used_ticket_shows_its_owner_the_result_and_a_stranger_nothing() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let link = ming.follows(BOOKS).await.unwrap();
    let page = ming.opens(&link).await;
    let claimed = ming.presses(&page).await;
    world.work_until_idle().await;
    let again = ming.opens(&link).await;
    assert_eq!((again.state(), again.amount_fen()), ("already", claimed.amount_fen()));
    let stranger = hong.opens(&link).await;
    assert_eq!((stranger.refusal(), stranger.amount_fen()), ("wrong_ticket", None));
    assert_eq!(Some(world.wechats_books().await.paid_fen), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lives_48_hours_whether_it_was_opened_or_not() {
    let world = World::new().await;
    let (ming, hong, li) = (world.follower("Ming").await, world.follower("Hong").await, world.follower("Li").await);
    let (mings, hongs, lis) =
        (ming.follows(COFFEE).await.unwrap(), hong.follows(COFFEE).await.unwrap(), li.follows(COFFEE).await.unwrap());
    assert_eq!(hong.opens(&hongs).await.state(), "ready");
    world.later(hours(48) - minutes(1)).await;
    let page = li.opens(&lis).await;
    assert_eq!(page.state(), "ready", "a minute before its end it works");
    li.presses(&page).await;
    world.later(minutes(1)).await;
    assert_eq!(ming.opens(&mings).await.refusal(), "expired_ticket");
    assert_eq!(hong.opens("/c/demo").await.refusal(), "expired_ticket");
    world.work_until_idle().await;
    let link = hong.says(COFFEE, "红包").await.unwrap();
    let page = hong.opens(&link).await;
    assert_eq!(page.state(), "ready", "another one is a word away");
    hong.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!((li.wallet().await.len(), hong.wallet().await.len(), ming.wallet().await.len()), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invented_ticket_is_refused_in_every_shape() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    for code in ["kkkkkkkkkkkkkkkkkkkkkkkk", "x", "%00", "..%2f..%2f", "%F0%9F%8D%9C", "'%20OR%201=1--"] {
        ming.opens("/c/demo").await;
        let page = ming.opens(&format!("/c/demo?t={code}")).await;
        assert_eq!((page.status, page.state(), page.refusal()), (200, "refused", "wrong_ticket"), "{code}");
        let page = ming.opens(&format!("/c/demo?a={code}")).await;
        assert_eq!((page.status, page.refusal()), (200, "wrong_ticket"), "{code}");
    }
    assert_eq!(world.figures("demo").await.follows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_of_one_campaign_opens_no_other() {
    let world = World::new().await;
    world.runs(world.form("second").await, 10_000, &[BOOKS]).await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    let page = ming.opens(&link.replace("/c/demo", "/c/second")).await;
    assert_eq!(page.refusal(), "wrong_ticket");
    assert_eq!(ming.opens("/c/second").await.refusal(), "no_ticket");
    assert_eq!(ming.opens(&link).await.state(), "ready", "in its own campaign it works");
    let key = world.edit_key("demo", NOODLE).await;
    assert_eq!(ming.opens(&format!("/c/second?a={key}")).await.refusal(), "wrong_ticket");
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_who_leaves_before_claiming_is_told_to_follow() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(COFFEE).await;
    ming.leaves(COFFEE).await;
    let refused = ming.presses(&page).await;
    assert_eq!(refused.refusal(), "not_following");
    world.later(minutes(1)).await;
    let link = ming.follows(COFFEE).await.unwrap();
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready", "who comes back may claim");
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_left_before_we_watched_is_an_earlier_follower() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let openid = ming.openid(COFFEE).await;
    let left = SAFE.event(&openid, "unsubscribe", world.secs());
    assert_eq!(world.delivers(&SAFE.sealed(&left, world.secs(), "n1")).await, (200, "success".to_owned()));
    world.later(minutes(1)).await;
    assert_eq!(ming.follows(COFFEE).await, None, "the answer holds no link");
    assert_eq!(ming.says(COFFEE, "红包").await, None);
    assert_eq!(ming.opens("/c/demo").await.refusal(), "no_ticket");
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.refollows), (0, 1));
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

/// WeChat gives up on telling us something: the server is away for all three deliveries.
async fn while_the_server_is_away<T>(world: &World, what: impl AsyncFnOnce() -> T) -> T {
    world.stops_the_server().await;
    let done = what().await;
    world.later(minutes(1)).await;
    world.starts_the_server().await.unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_whose_follow_was_lost_is_told_so_and_may_follow_again() {
    let world = World::new().await;
    world.later(minutes(1)).await;
    let ming = world.follower("Ming").await;
    while_the_server_is_away(&world, async || ming.follows(COFFEE).await).await;
    assert_eq!(ming.says(COFFEE, "红包").await, None, "nobody knows since when he follows");
    let said = ming.last_said(COFFEE).await;
    assert!(said.contains("没有收到你的关注消息") && said.contains("再关注一次"), "{said}");
    assert_eq!(world.figures("demo").await.refusals, 1, "staff see that somebody asked in vain");
    world.later(minutes(1)).await;
    ming.leaves(COFFEE).await;
    world.later(minutes(1)).await;
    assert_eq!(ming.claims(COFFEE).await.state(), "paying", "and then it works");
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
    world.later(minutes(1)).await;
    ming.leaves(COFFEE).await;
    world.later(minutes(1)).await;
    ming.follows(COFFEE).await;
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.refollows), (1, 1), "new once, and returning after that");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_whose_return_was_lost_still_gets_a_ticket() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    ming.follows(COFFEE).await.unwrap();
    world.later(minutes(1)).await;
    ming.leaves(COFFEE).await;
    while_the_server_is_away(&world, async || ming.follows(COFFEE).await).await;
    let link = ming.says(COFFEE, "红包").await.expect("who writes follows");
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready");
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_wrote_before_the_campaign_started_is_an_earlier_follower() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    while_the_server_is_away(&world, async || ming.follows(BOOKS).await).await;
    ming.says(BOOKS, "你们几点开门").await;
    world.later(minutes(1)).await;
    world.runs(world.form("second").await, 10_000, &[BOOKS]).await;
    assert_eq!(ming.says(BOOKS, "红包").await, None);
    assert!(ming.last_said(BOOKS).await.contains("只给新朋友"));
    world.later(minutes(1)).await;
    ming.leaves(BOOKS).await;
    world.later(minutes(1)).await;
    assert_eq!(ming.follows(BOOKS).await, None, "leaving and returning makes nobody new");
    assert_eq!(world.figures("second").await.follows, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_followed_before_the_campaign_started_gets_no_ticket() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    ming.follows(BOOKS).await.unwrap();
    world.later(hours(1)).await;
    world.runs(world.form("second").await, 10_000, &[BOOKS]).await;
    assert_eq!(ming.says(BOOKS, "红包").await, None, "an earlier follower is told so");
    ming.leaves(BOOKS).await;
    world.later(minutes(1)).await;
    assert_eq!(ming.follows(BOOKS).await, None, "leaving and returning makes nobody new");
    assert_eq!(ming.opens("/c/second").await.refusal(), "no_ticket");
    let hong = world.follower("Hong").await;
    assert_eq!(hong.claims(BOOKS).await.state(), "paying", "a new follower is welcome");
    world.work_until_idle().await;
    assert_eq!((ming.received_fen().await, hong.received_fen().await), (0, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_word_for_packet_gives_another_ticket_and_one_packet_in_all() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let first = ming.follows(COFFEE).await.unwrap();
    let second = ming.says(COFFEE, "红包").await.unwrap();
    assert!(second.contains("/c/demo?t=") && second != first, "{first} {second}");
    assert_eq!(ming.says(COFFEE, "你们几点开门").await, None, "other words are not answered");
    let page = ming.opens(&second).await;
    let claimed = ming.presses(&page).await;
    assert_eq!(claimed.state(), "paying");
    assert_ne!(ming.opens(&first).await.state(), "ready", "the first ticket gives no second packet");
    let third = ming.says(COFFEE, "红包").await.unwrap();
    assert!(!third.contains("?t="), "after the claim the answer shows the result: {third}");
    world.work_until_idle().await;
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_campaign_refuses_and_goes_on_where_it_was() {
    let world = World::new().await;
    let demo = world.campaign("demo").await.id;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(COFFEE).await;
    world.moves(demo, Event::Pause).await;
    assert_eq!(ming.presses(&page).await.refusal(), "paused");
    let hong = world.follower("Hong").await;
    assert_eq!(hong.follows(COFFEE).await, None, "a paused campaign promises nothing");
    world.moves(demo, Event::Start).await;
    assert_eq!(ming.presses(&page).await.state(), "paying");
    let link = hong.says(COFFEE, "红包").await.expect("who followed meanwhile asks and gets a ticket");
    let page = hong.opens(&link).await;
    hong.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!((ming.wallet().await.len(), hong.wallet().await.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_campaign_refuses_new_claims_and_still_pays_those_it_granted() {
    let world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let granted = ming.claims(COFFEE).await;
    let page = hong.comes_through(BOOKS).await;
    world.moves(world.campaign("demo").await.id, Event::Close).await;
    assert_eq!(hong.presses(&page).await.refusal(), "ended");
    assert_eq!(ming.opens("/c/demo").await.state(), "paying");
    world.work_until_idle().await;
    assert_eq!((Some(ming.received_fen().await), hong.received_fen().await), (granted.amount_fen(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_opens_and_ends_at_its_minute() {
    let world = World::new().await;
    let now = world.clock.now();
    let (opens_at, closes_at) = (now.plus(hours(2)).to_input(), now.plus(hours(4)).to_input());
    let form = CampaignForm { opens_at, closes_at, ..world.form("tonight").await };
    world.runs(form, 10_000, &[COFFEE]).await;
    let ming = world.follower("Ming").await;
    assert_eq!(ming.opens("/c/tonight").await.refusal(), "not_started");
    world.later(hours(2)).await;
    let page = ming.comes_through(COFFEE).await;
    assert_eq!((page.state(), page.url.as_str()), ("ready", world.url("/c/tonight").as_str()));
    ming.presses(&ming.opens("/c/tonight").await).await;
    world.later(hours(2)).await;
    let hong = world.follower("Hong").await;
    assert_eq!(hong.opens("/c/tonight").await.refusal(), "ended");
    world.work_until_idle().await;
    assert_eq!(ming.received_fen().await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_account_gives_no_tickets_and_its_old_ones_stop() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let page = ming.comes_through(COFFEE).await;
    let coffee = world.account(COFFEE).await.id;
    world.engine().retire_account(&console(), coffee).await.unwrap();
    assert_eq!(ming.presses(&page).await.refusal(), "account_gone");
    let hong = world.follower("Hong").await;
    assert_eq!(hong.follows(COFFEE).await, None);
    let article = hong.opens("/l/coffee").await;
    assert_eq!(article.url, world.url("/p/demo"), "its link leads to the other accounts");
    assert!(!article.html.contains("/l/coffee"));
    world.engine().restore_account(&console(), coffee).await.unwrap();
    assert_eq!(ming.presses(&page).await.state(), "paying");
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_can_be_taken_out_and_put_back_while_the_campaign_runs() {
    let world = World::new().await;
    let (demo, books) = (world.campaign("demo").await.id, world.account(BOOKS).await.id);
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let page = ming.comes_through(BOOKS).await;
    world.engine().remove_member(&console(), demo, books).await.unwrap();
    assert_eq!(ming.presses(&page).await.refusal(), "account_gone");
    assert_eq!(hong.follows(BOOKS).await, None);
    assert!(!hong.opens("/p/demo").await.html.contains("/l/books"));
    world.engine().add_member(&console(), demo, books).await.unwrap();
    assert_eq!(ming.presses(&page).await.state(), "paying");
    assert!(hong.opens("/p/demo").await.html.contains("/l/books"));
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edit_mode_key_of_a_developer_mode_account_is_refused() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    for appid in [COFFEE, BOOKS, FUWU] {
        let page = ming.opens(&format!("/c/demo?a={}", world.edit_key("demo", appid).await)).await;
        assert_eq!((page.state(), page.refusal()), ("refused", "wrong_ticket"), "{appid}");
    }
    assert_eq!(world.figures("demo").await.follows, 0);
    assert_eq!(ming.opens("/c/demo").await.refusal(), "no_ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_edit_mode_key_stops_at_once() {
    let world = World::new().await;
    let (demo, noodle) = (world.campaign("demo").await.id, world.account(NOODLE).await.id);
    let old = world.edit_key("demo", NOODLE).await;
    let new = world.engine().rotate_edit_key(&console(), demo, noodle).await.unwrap();
    let ming = world.follower("Ming").await;
    assert_eq!(ming.opens(&format!("/c/demo?a={old}")).await.refusal(), "wrong_ticket");
    let page = ming.opens(&format!("/c/demo?a={new}")).await;
    assert_eq!(page.state(), "ready");
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_an_old_edit_mode_key_gave_end_with_it() {
    let world = World::new().await;
    let (demo, noodle) = (world.campaign("demo").await.id, world.account(NOODLE).await.id);
    let old = format!("/c/demo?a={}", world.edit_key("demo", NOODLE).await);
    let (harvester, ming) = (world.follower("Harvester").await, world.follower("Ming").await);
    let harvested = harvester.opens(&old).await;
    assert_eq!((harvested.state(), ming.opens(&old).await.state()), ("ready", "ready"));
    let new = world.engine().rotate_edit_key(&console(), demo, noodle).await.unwrap();
    assert_eq!(harvester.presses(&harvested).await.refusal(), "account_gone");
    let page = ming.opens(&format!("/c/demo?a={new}")).await;
    assert_eq!(page.state(), "ready", "who finds the new link goes on");
    ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!((harvester.wallet().await.len(), ming.wallet().await.len()), (0, 1));
    assert_eq!(world.figures("demo").await.follows, 2, "a link opened anew is no new follow");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_mode_link_counts_no_follow_while_no_claim_is_taken() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let id = world.runs(world.form("second").await, 10_000, &[NOODLE]).await;
    let link = format!("/c/second?a={}", world.edit_key("second", NOODLE).await);
    world.moves(id, Event::Pause).await;
    assert_eq!(ming.opens(&link).await.refusal(), "paused");
    assert_eq!(world.figures("second").await.follows, 0);
    world.moves(id, Event::Start).await;
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready");
    ming.presses(&page).await;
    world.moves(id, Event::Close).await;
    let hong = world.follower("Hong").await;
    assert_eq!(hong.opens(&link).await.refusal(), "ended");
    assert_eq!(world.figures("second").await.follows, 1);
    world.work_until_idle().await;
    assert_eq!((ming.received_fen().await, hong.received_fen().await), (100, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_moves_to_developer_mode_keeps_its_printed_links_for_48_hours() {
    let world = World::new().await;
    let noodle = world.account(NOODLE).await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let link = ming.follows(NOODLE).await.unwrap();
    let form = AccountForm {
        name: noodle.name.clone(),
        appid: NOODLE.to_owned(),
        original_id: noodle.original_id.to_string(),
        kind: "subscription".to_owned(),
        mode: "developer".to_owned(),
        message_mode: "plain".to_owned(),
        token: "chengnantoken2026".to_owned(),
        ..AccountForm::default()
    };
    let checked = form.check(Lang::En).unwrap();
    world.engine().edit_account(&console(), noodle.id, checked, Lang::En).await.unwrap();
    world.later(hours(47)).await;
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready");
    world.later(hours(1)).await;
    assert_eq!(hong.opens(&link).await.refusal(), "wrong_ticket", "after two days only callbacks are believed");
    assert_eq!(ming.opens("/c/demo").await.refusal(), "account_gone");
    assert_eq!(world.wechats_books().await.paid_fen, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_mode_link_opened_days_later_still_makes_one_follow() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(NOODLE).await.unwrap();
    assert_eq!(ming.opens(&link).await.state(), "ready");
    world.later(hours(72)).await;
    let page = ming.opens(&link).await;
    assert_eq!(page.state(), "ready", "the first ticket expired unused; the link gives it again");
    let claimed = ming.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(world.figures("demo").await.follows, 1);
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_mode_link_opened_again_and_again_is_one_follow_and_one_packet() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(NOODLE).await.unwrap();
    assert_eq!(ming.opens(&link).await.state(), "ready");
    let pages = futures::future::join_all((0..5).map(|_| ming.opens(&link))).await;
    assert!(pages.iter().all(|page| page.state() == "ready"));
    let claimed = ming.presses(&pages[0]).await;
    let reader = ming.afresh();
    assert_eq!(reader.opens(&link).await.amount_fen(), claimed.amount_fen(), "another browser, the same person");
    world.later(hours(72)).await;
    world.work_until_idle().await;
    assert_ne!(ming.opens(&link).await.state(), "ready");
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.claims), (1, 1));
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slug_that_does_not_exist_is_not_found() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    for path in
        ["/c/nowhere", "/c/No%20Such", "/p/nowhere", "/l/nowhere", "/c/nowhere?t=kkkkkkkkkkkkkkkkkkkkkkkk", "/x"]
    {
        let page = ming.opens(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.html.contains("没有这个页面"), "{path}");
    }
    assert_eq!(ming.posts("/api/public/claim", &[("campaign", "nowhere")]).await.status, 404);
    assert_eq!(ming.posts("/api/public/claim", &[("campaign", "No Such")]).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_not_started_for_anybody() {
    let world = World::new().await;
    let form = world.form("draft").await.check(Lang::En).unwrap();
    world.engine().create_campaign(&console(), form, Lang::En).await.unwrap();
    let ming = world.follower("Ming").await;
    assert_eq!(ming.opens("/c/draft").await.refusal(), "not_started");
}
