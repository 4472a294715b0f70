//! Moving between databases without losing a row, and what an old backup may do when it comes back: nothing.
//! Refuses a restored server that pays before somebody answered for what was paid since.

use crate::database::{self, Kind};
use crate::postgres;
use crate::start::{lingbao, lingbao_with};
use crate::world::{BOOKS, COFFEE, FUWU, MASTER_KEY, NOODLE, World};
use engine::operators::console;
use rules::payout::State;
use rules::say::Lang;
use rules::time::minutes;
use sea_orm::{ConnectionTrait, FromQueryResult, JsonValue, Statement};
use std::collections::BTreeMap;

/// Every row of every table of a SQLite file, in an order of their own.
async fn everything(file: &str) -> BTreeMap<String, Vec<String>> {
    let db = database::open(&format!("sqlite://{file}")).await;
    let all = async |sql: String| {
        let rows = db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
        rows.iter().map(|row| JsonValue::from_query_result(row, "").unwrap()).collect::<Vec<_>>()
    };
    let mut tables = BTreeMap::new();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations'";
    for table in all(names.to_owned()).await {
        let name = table["name"].as_str().unwrap();
        let mut rows: Vec<String> =
            all(format!("SELECT * FROM {name}")).await.iter().map(ToString::to_string).collect();
        rows.sort_unstable();
        tables.insert(name.to_owned(), rows);
    }
    tables
}

/// The master key of a world, for a command on another database.
fn master_key(world: &World) -> String {
    match Kind::of_this_run() {
        Kind::Sqlite => std::fs::read_to_string(world.folder.join("master.key")).unwrap().trim().to_owned(),
        Kind::Postgres => MASTER_KEY.to_owned(),
    }
}

/// Runs `lingbao` with this world's key on the database `url`, and it must succeed.
async fn succeeds(world: &World, url: &str, arguments: &[&str]) -> String {
    let key = master_key(world);
    let settings = [("LINGBAO__DATABASE__URL", url), ("LINGBAO__SECRETS__MASTER_KEY", key.as_str())];
    let (code, out, err) = lingbao_with(world, arguments, &settings).await;
    assert_eq!(code, 0, "{arguments:?}: {out} {err}");
    out
}

/// A database of this run's kind beside the world's own.
async fn another(world: &World, name: &str) -> String {
    match Kind::of_this_run() {
        Kind::Sqlite => format!("sqlite://{}", world.folder.join(name).display()),
        Kind::Postgres => postgres::create().await,
    }
}

/// A world in which a little of everything has happened.
async fn a_lived_in_world() -> World {
    let world = World::new().await;
    for appid in [COFFEE, BOOKS, FUWU, NOODLE] {
        world.follower("红 \"Ming\" 'O''Neil' \\ \u{1f9e7}").await.claims(appid).await;
    }
    world.work_until_idle().await;
    world.follower("Hong").await.claims(COFFEE).await;
    world.follower("Li").await.follows(BOOKS).await;
    world.staff(crate::world::LOGIN.0, crate::world::LOGIN.1).await;
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_moves_to_the_other_kind_and_back_with_every_row() {
    let world = a_lived_in_world().await;
    let file = |name: &str| world.folder.join(name).to_str().unwrap().to_owned();
    let (first, second, third) = (file("first.backup"), file("second.backup"), file("third.db"));
    succeeds(&world, &world.config.database_url, &["backup", &first]).await;
    let kept = everything(&first).await;
    assert!(kept.values().map(Vec::len).sum::<usize>() > 40, "{kept:?}");
    assert!(kept["payouts"].len() == 5 && kept["audit"].len() > 1 && kept["staff_sessions"].len() == 1);

    let elsewhere = postgres::create().await;
    let said = succeeds(&world, &elsewhere, &["restore", &first, "--moved"]).await;
    assert!(said.contains("read back and compared"), "{said}");
    assert!(succeeds(&world, &elsewhere, &["verify"]).await.contains("the books agree"));
    succeeds(&world, &elsewhere, &["backup", &second]).await;
    assert_eq!(everything(&second).await, kept);

    let back = format!("sqlite://{third}");
    succeeds(&world, &back, &["restore", &second, "--moved"]).await;
    assert_eq!(everything(&third).await, kept);
    postgres::remove(&elsewhere).await;
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_everything_stands_still_until_somebody_answers_for_it() {
    let mut world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await, world.follower("Hong").await);
    let (ming, hong) = (ming.phone.clone(), hong.phone.clone());
    let page = person(&world, &ming).comes_through(COFFEE).await;
    let promised = person(&world, &hong).claims(BOOKS).await.amount_fen();
    let backup = world.folder.join("old.backup").to_str().unwrap().to_owned();
    let (code, _, err) = lingbao(&world, &["backup", &backup]).await;
    assert_eq!(code, 0, "{err}");
    world.work_until_idle().await;
    world.stops_the_server().await;

    let url = another(&world, "restored.db").await;
    let said = succeeds(&world, &url, &["restore", &backup]).await;
    assert!(said.contains("stands still"), "{said}");
    world.config.database_url = url;
    world.starts_the_server().await.unwrap();
    assert!(world.engine().is_held_after_restore().await.unwrap());
    let link = page.url.clone();
    let refused = person(&world, &ming).opens(&link).await;
    assert_eq!(refused.refusal(), "paused", "{}", refused.main());
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1, "what the backup had yet to pay may have been paid");

    let books = database::open(&world.config.database_url).await;
    books.execute_unprepared("DELETE FROM settings WHERE name LIKE 'restored_%'").await.unwrap();
    let nothing = world.engine().accept_unnamed(&console(), Lang::En).await;
    assert!(nothing.is_err(), "there is nothing left to end");
    world.later(minutes(6)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Sent).await, 1, "WeChat was asked first");
    let wallet = person(&world, &hong).wallet().await;
    assert_eq!(wallet.len(), 1, "the same number is not paid twice");
    assert_eq!(Some(wallet[0].amount_fen), promised);
    assert_eq!(person(&world, &ming).opens("/c/demo").await.state(), "ready");
}

/// The owner of a phone, with an empty browser.
fn person<'w>(world: &'w World, phone: &str) -> crate::browser::Follower<'w> {
    crate::browser::Follower::new(world, phone, "203.0.113.7")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_only_into_an_empty_database_with_its_own_key() {
    let world = World::new().await;
    let backup = world.folder.join("a.backup").to_str().unwrap().to_owned();
    let (code, _, err) = lingbao(&world, &["backup", &backup]).await;
    assert_eq!(code, 0, "{err}");
    let (code, _, err) = lingbao(&world, &["backup", &backup]).await;
    assert!(code == 1 && err.contains("exists already"), "{err}");
    world.stops_the_server().await;
    let (code, _, err) = lingbao(&world, &["restore", &backup]).await;
    assert!(code == 1 && err.contains("the database is not empty: there are rows in"), "{err}");
    let url = another(&world, "strange.db").await;
    let strange = [("LINGBAO__DATABASE__URL", url.as_str()), ("LINGBAO__SECRETS__MASTER_KEY", &"ab".repeat(32))];
    let (code, _, err) = lingbao_with(&world, &["restore", &backup], &strange).await;
    assert!(code == 1 && err.contains("sealed with another master key"), "{err}");
    let nothing = world.folder.join("nothing.backup");
    std::fs::write(&nothing, "no database").unwrap();
    let (code, _, err) = lingbao_with(&world, &["restore", nothing.to_str().unwrap()], &strange).await;
    assert!(code == 1 && err.contains("could not be restored"), "{err}");
    world.starts_the_server().await.unwrap();
}
