//! Starting, stopping and starting again; and the command itself.
//! Refuses to start on a wrong setting, beside another server, or with another master key.

use crate::database::{self, Kind};
use crate::world::{COFFEE, FUWU, MASTER_KEY, World};
use engine::{Clock, Draw};
use rules::payout::State;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use server::running;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::timeout;

/// Runs `lingbao` on this story's folder: exit code, standard output, standard error.
pub async fn lingbao(world: &World, arguments: &[&str]) -> (i32, String, String) {
    lingbao_with(world, arguments, &[]).await
}

/// The same with settings of its own.
pub async fn lingbao_with(world: &World, arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lingbao"));
    command
        .args(arguments)
        .current_dir(&world.folder)
        .env_clear()
        .env("LINGBAO__DATABASE__URL", &world.config.database_url)
        .env("LINGBAO__SERVER__LISTEN", "127.0.0.1:0")
        .env("LINGBAO__SERVER__METRICS_LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    if Kind::of_this_run() == Kind::Postgres {
        command.env("LINGBAO__SECRETS__MASTER_KEY", MASTER_KEY);
    }
    for (name, value) in settings {
        command.env(name, value);
    }
    let done = command.output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_setting_is_one_sentence_and_exit_code_1() {
    let world = World::new().await;
    for (name, value, said) in [
        ("LINGBAO__SERVER__LISTEN", "everywhere", "server.listen"),
        ("LINGBAO__SERVER__PUBLIC_URL", "lingbao.example", "server.public_url"),
        ("LINGBAO__SERVER__LISTN", "127.0.0.1:1", "server.listn"),
        ("LINGBAO__SECRETS__MASTER_KEY", "too-short", "secrets.master_key"),
        ("LINGBAO__DATABASE__URL", "mysql://x", "database.url"),
        ("LINGBAO__WECHAT__PAY_CA_FILE", "/nowhere/ca.pem", "wechat.pay_ca_file"),
        ("LINGBAO__DEV__CLOCK_URL", "http://127.0.0.1:3100/_sim/clock", "dev.clock_url"),
    ] {
        let (code, out, err) = lingbao_with(&world, &["verify"], &[(name, value)]).await;
        assert_eq!((code, out.as_str()), (1, ""), "{name}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(err.starts_with("lingbao: ") && err.contains(said), "{err}");
        assert!(!err.contains("too-short"), "a secret is never printed: {err}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_comes_into_the_file_while_the_server_runs() {
    if Kind::Sqlite.is_not_of_this_run("PostgreSQL folds its own log") {
        return;
    }
    let world = World::new().await;
    let (file, alone) = (world.folder.join("lingbao.db"), world.folder.join("alone.db"));
    world.follower("Ming").await.claims(COFFEE).await;
    let claims_in_file = async || {
        std::fs::copy(&file, &alone).unwrap();
        let alone = database::open(&format!("sqlite://{}", alone.display())).await;
        let sql = Statement::from_string(DbBackend::Sqlite, "SELECT COUNT(*) AS n FROM claims");
        // Until the folding comes by, the file has no tables yet.
        let found = alone.query_one_raw(sql).await.ok().flatten();
        alone.close().await.unwrap();
        found.map_or(0, |row| row.try_get::<i64>("", "n").unwrap())
    };
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let folded = async {
        while claims_in_file().await == 0 {
            looks.tick().await;
        }
    };
    timeout(Duration::from_secs(30), folded).await.expect("somebody folds the log");
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_server_has_is_refused() {
    if Kind::Sqlite.is_not_of_this_run("any number of servers share a PostgreSQL") {
        return;
    }
    let world = World::new().await;
    let refused = running::start(world.config.clone(), Clock::real(), Draw::system(), false).await;
    let why = refused.err().expect("a second server does not start").to_string();
    assert!(why.contains("another server is running"), "{why}");
    let (code, _, err) = lingbao(&world, &["serve"]).await;
    assert_eq!(code, 1);
    assert!(err.contains("another server is running on the database"), "{err}");
    let page = world.follower("Ming").await.claims(COFFEE).await;
    assert_eq!(page.state(), "paying", "the first server goes on");
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_the_books_is_allowed_beside_a_running_server() {
    let world = World::new().await;
    let page = world.follower("Ming").await.claims(COFFEE).await;
    world.work_until_idle().await;
    let (code, out, err) = lingbao(&world, &["verify"]).await;
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("the books agree"), "{out}");
    let (code, out, err) = lingbao(&world, &["export", "claims", "--campaign", "demo"]).await;
    assert_eq!(code, 0, "{err}");
    assert_eq!(out.lines().count(), 2, "{out}");
    let bills = world.wechats_books().await.bills;
    assert!(out.contains(&bills[0]) && out.contains(&page.amount_fen().unwrap().to_string()), "{out}");
    let copy = world.folder.join("copy.db");
    let (code, _, err) = lingbao(&world, &["backup", copy.to_str().unwrap()]).await;
    assert_eq!(code, 0, "{err}");
    let url = format!("sqlite://{}", copy.display());
    let (code, out, err) = lingbao_with(&world, &["verify"], &[("LINGBAO__DATABASE__URL", &url)]).await;
    assert_eq!(code, 0, "the copy is whole: {out} {err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_is_refused() {
    let world = World::new().await;
    world.stops_the_server().await;
    let mut config = world.config.clone();
    config.master_key = Some([9; 32]);
    let refused = running::start(config, world.clock.clone(), Draw::system(), false).await;
    let why = refused.err().expect("it does not start").to_string();
    assert!(why.contains("the master key is not the one"), "{why}");
    if Kind::of_this_run() == Kind::Postgres {
        return world.starts_the_server().await.unwrap();
    }
    let file = world.folder.join("master.key");
    let kept = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "not a key").unwrap();
    let why = world.starts_the_server().await.expect_err("a damaged key is refused").to_string();
    assert!(why.contains("is damaged") && !why.contains("not a key"), "{why}");
    std::fs::write(&file, kept).unwrap();
    world.starts_the_server().await.unwrap();
    assert_eq!(world.follower("Ming").await.claims(COFFEE).await.state(), "paying");
    world.work_until_idle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_goes_on_where_it_was() {
    let world = World::new().await;
    let (ming, hong, li) = (world.follower("Ming").await, world.follower("Hong").await, world.follower("Li").await);
    let claimed = ming.claims(COFFEE).await;
    let ready = hong.comes_through(FUWU).await;
    let link = li.follows(COFFEE).await.unwrap();
    world.stops_the_server().await;
    let missed = world.follower("Zhao").await;
    assert_eq!(missed.follows(COFFEE).await, None, "nobody answers the push");
    world.starts_the_server().await.unwrap();
    assert_eq!(world.payouts_at(State::Queued).await, 1);
    assert_eq!(ming.opens("/c/demo").await.state(), "paying", "sessions go on");
    assert_eq!(hong.presses(&ready).await.state(), "paying", "forms go on");
    let page = li.opens(&link).await;
    assert_eq!(page.state(), "ready", "tickets go on");
    li.presses(&page).await;
    world.work_until_idle().await;
    assert_eq!(Some(ming.received_fen().await), claimed.amount_fen());
    assert_eq!((hong.wallet().await.len(), li.wallet().await.len(), missed.wallet().await.len()), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_the_database_in_the_clear() {
    let world = World::new().await;
    let ming = world.follower("Ming").await;
    let link = ming.follows(COFFEE).await.unwrap();
    ming.opens(&link).await;
    let ticket = link.split_once("?t=").unwrap().1.to_owned();
    let desk = world.staff(crate::world::LOGIN.0, crate::world::LOGIN.1).await;
    let session = desk.cookie("lb_staff").unwrap();
    let copy = world.folder.join("copy.db");
    world.engine().backup(copy.to_str().unwrap()).await.unwrap();
    world.stops_the_server().await;
    let file = if Kind::of_this_run() == Kind::Sqlite { world.folder.join("lingbao.db") } else { copy };
    let bytes = std::fs::read(file).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("gh_shanyecoffee"), "this is the database");
    let key = std::fs::read_to_string(world.folder.join("key.pem")).unwrap();
    let secrets = [
        "5e0c1a7c0f3b4d1c9a2e7b6d8f4a0001",
        "shanyetoken2026",
        "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
        "192006250b4c09247ec02edce69f6a2d",
        "lingbao-demo-2026",
        &key[100..160],
        &ticket,
        &session,
    ];
    for secret in secrets {
        assert!(!holds(secret), "{secret}");
    }
}
