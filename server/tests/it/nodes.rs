//! Several servers on one PostgreSQL: they claim, pay and sign in side by side, and one may die at any moment.
//! Refuses a second packet, a lost one, and a session that only one node knows.

use crate::browser::{Follower, Page};
use crate::database::Kind;
use crate::postgres;
use crate::world::{BOOKS, COFFEE, FUWU, LOGIN, World};
use engine::operators::console;
use engine::{Db, Draw, Engine};
use futures::future::join_all;
use rules::Fen;
use rules::cap::Kind as Cap;
use rules::payout::State;
use rules::time::secs;
use serde_json::json;
use server::running::{self, Running};
use wechat::access_token::{Held, StoredToken, TokenStore};

const ONE_SERVER: &str = "a SQLite file has one server";

/// Another server on the world's database, behind the same public address.
async fn another_node(world: &World) -> Running {
    let mut config = world.config.clone();
    config.listen.set_port(0);
    running::start(config, world.clock.clone(), Draw::seeded(4711), false).await.unwrap()
}

/// Presses the button of a page whose answer comes from this node.
async fn presses_at(node: &Running, follower: &Follower<'_>, page: &Page) -> u16 {
    let form = page.form();
    follower.posts(&format!("http://{}{}", node.addr, form.action), &form.fields).await.status
}

/// Works until there is nothing left to do, beside whoever else does.
async fn works(engine: Engine) {
    while engine.work_once().await.unwrap() > 0 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_claim_and_pay_side_by_side_and_nobody_is_paid_twice() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    let second = another_node(&world).await;
    let people = join_all((0..12).map(|n| world.follower(["Ming", "Hong", "Li"][n % 3]))).await;
    let pages = join_all(people.iter().map(|person| person.comes_through(COFFEE))).await;
    // Everybody presses at both nodes at once, and both pay meanwhile.
    let taps = join_all(people.iter().zip(&pages).map(async |(person, page)| {
        let (here, there) = futures::join!(person.presses(page), presses_at(&second, person, page));
        assert!(matches!(here.state(), "paying" | "already" | "sent"), "{}", here.main());
        assert_eq!(there, 303);
    }));
    let work = async { futures::join!(works(world.engine()), works(second.engine.clone())) };
    futures::join!(taps, work);
    futures::join!(works(world.engine()), works(second.engine.clone()));
    world.work_until_settled().await;
    for person in &people {
        assert_eq!(person.wallet().await.len(), 1);
    }
    let live = second.engine.live(world.campaign("demo").await.id).await.unwrap();
    assert_eq!(live.total, world.figures("demo").await, "both see the sum of both");
    assert_eq!((live.total.claims, live.total.paid), (12, 12));
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_race_for_the_last_packets_and_pass_neither_cap_nor_budget() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    let second = another_node(&world).await;
    let (id, coffee) = (world.campaign("demo").await.id, world.account(COFFEE).await.id);
    let limit = Fen::new(900).unwrap();
    world.engine().set_cap(&console(), id, Cap::Account, coffee.0, Some(limit)).await.unwrap();
    race(&world, &second, COFFEE).await;
    let used = world.engine().caps(id).await.unwrap()[0].used.get();
    assert!((801..=900).contains(&used), "the cap is used and not passed: {used}");
    world.only_so_much_is_left(900).await;
    race(&world, &second, BOOKS).await;
    world.work_until_settled().await;
    let budget = world.engine().budget(id).await.unwrap();
    assert!((0..100).contains(&budget.available.get()), "all that makes a packet was given: {budget:?}");
    assert_eq!(world.wechats_books().await.paid_fen, budget.paid.get());
    second.stop().await;
}

/// Twenty people press in one moment, every other one at the second node; everybody gets an answer.
async fn race(world: &World, second: &Running, through: &str) {
    let people = join_all((0..20).map(|_| world.follower("Ming"))).await;
    let pages = join_all(people.iter().map(|person| person.comes_through(through))).await;
    let taps = people.iter().zip(&pages).enumerate().map(async |(n, (person, page))| {
        let form = page.form();
        let here = async || person.posts(&form.action, &form.fields).await.status;
        if n % 2 == 0 { presses_at(second, person, page).await } else { here().await }
    });
    assert_eq!(join_all(taps).await, [303; 20]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dies_while_it_pays_leaves_its_payout_to_the_others() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    let second = another_node(&world).await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    ming.claims(COFFEE).await;
    world.sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "delay", "ms": 600_000 })).await;
    let engine = second.engine.clone();
    let pays = tokio::spawn(async move { engine.work_once().await });
    while world.sim_get("/_sim/faults").await != json!([]) {
        tokio::task::yield_now().await;
    }
    pays.abort();
    assert!(pays.await.unwrap_err().is_cancelled(), "the call is under way, and nobody will hear its answer");
    assert_eq!(world.payouts_at(State::Sending).await, 1);
    hong.claims(FUWU).await;
    world.work_until_idle().await;
    assert_eq!(hong.wallet().await.len(), 1, "the other node goes on");
    assert_eq!(world.payouts_at(State::Sending).await, 1, "and leaves a lease alone while it lasts");
    world.later(secs(61)).await;
    world.work_until_settled().await;
    assert_eq!(world.payouts_at(State::Sent).await, 2);
    assert_eq!(ming.wallet().await.len(), 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_start_beside_each_other_and_take_no_lease_away() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    world.follower("Ming").await.claims(COFFEE).await;
    world.sim("/_sim/faults", &json!({ "on": "sendredpack", "kind": "delay", "ms": 300 })).await;
    let engine = world.engine();
    let pays = tokio::spawn(async move { engine.work_once().await });
    while world.payouts_at(State::Sending).await == 0 {
        tokio::task::yield_now().await;
    }
    let second = another_node(&world).await;
    assert_eq!(second.engine.payouts_at(State::Unknown).await.unwrap(), 0);
    pays.await.unwrap().unwrap();
    assert_eq!(second.engine.payouts_at(State::Sent).await.unwrap(), 1);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_meet_an_empty_database_make_its_tables_once() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let url = postgres::create().await;
    let made = join_all((0..4).map(|_| async {
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.map(|()| db)
    }));
    for db in made.await {
        assert!(!db.unwrap().is_behind().await.unwrap());
    }
    postgres::remove(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_staff_who_signed_in_at_one_node_is_known_at_all() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    let second = another_node(&world).await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let there = format!("http://{}/admin", second.addr);
    assert_eq!(desk.gets(&there).await.status, 200);
    world.engine().reset_password(LOGIN.0, "another password").await.unwrap();
    assert_eq!(desk.gets(&there).await.status, 303, "and ended for all");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_tokens_and_only_one_of_them_forces_a_new_one() {
    if Kind::Postgres.is_not_of_this_run(ONE_SERVER) {
        return;
    }
    let world = World::new().await;
    let second = another_node(&world).await;
    let (ours, theirs) = (world.engine().tokens(), second.engine.tokens());
    let token = StoredToken { value: "T1".to_owned(), expires_at_ms: 7_200_000 };
    ours.save(FUWU, Held::AccessToken, &token).await.unwrap();
    assert_eq!(theirs.load(FUWU, Held::AccessToken).await.unwrap(), Some(token));
    let asked = join_all((0..10).map(|n| if n % 2 == 0 { &ours } else { &theirs }).map(|t| t.may_force(FUWU, 1_000)));
    let allowed = asked.await.into_iter().filter(|may| *may.as_ref().unwrap()).count();
    assert_eq!(allowed, 1);
    second.stop().await;
}
