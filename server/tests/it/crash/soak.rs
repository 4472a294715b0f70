//! The soak: servers under load that are killed at random moments and at named points, again and again, while WeChat loses,
//! doubles, delays and spoils what it says, clocks jump, the disk is full, or PostgreSQL loses all its connections.
//! Refuses to end a round before both sides' books agree bill by bill and every promise is kept.
//!
//! `LINGBAO_SOAK_MINUTES` sets how long it runs; without it there is one short round. What the machine does is not in
//! the seed: it repeats what was asked for, not what came of it.

use super::person::Person;
use super::world::{Server, World};
use super::{SIGABRT, SIGKILL};
use crate::database::{self, Kind};
use crate::days::{Counts, asked, bill_by_bill, fresh_seed};
use engine::{Draw, crash};
use futures::future::{join, join_all};
use rules::payout::Rail;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

/// How many people are under way at once.
const TASKS: usize = 6;
/// Lives of each server in a round.
const LIVES: usize = 60;
/// Lives in the round of `make test`.
const LIVES_SHORT: usize = 6;
/// What a budget holds that is short: about twenty packets.
const SHORT_FEN: i64 = 4_000;
/// After a round everything has to come to its end within this.
const REST: Duration = Duration::from_secs(180);

/// What a run did.
#[derive(Default)]
struct Totals {
    rounds: u64,
    kills: u64,
    points: u64,
    starts: u64,
    starting: Duration,
    switched: u64,
    taken_back: u64,
    meddled: u64,
    people: u64,
    promised: u64,
    payouts: usize,
    bills: usize,
    counts: Counts,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mean = self.starting.checked_div(u32::try_from(self.starts).unwrap_or(1)).unwrap_or_default();
        let (payments, questions) = self.counts.ambiguous();
        let ambiguous = payments + questions;
        let Self {
            rounds, kills, points, starts, switched, taken_back, meddled, people, promised, payouts, bills, ..
        } = self;
        write!(
            f,
            "{rounds} rounds: {kills} kill -9 and {points} deaths at named points, {starts} starts of {mean:.0?}, \
             {switched} times another rail, {taken_back} transfers taken back, {meddled} times staff meddled, {people} \
             people, {promised} told of their packet, {payouts} payouts, {bills} bills, {ambiguous} ambiguous answers ({payments} to payments, {questions} \
             to questions)"
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_are_killed_again_and_again_under_load_lose_and_double_nothing() {
    let minutes = asked("LINGBAO_SOAK_MINUTES");
    let seed = asked("LINGBAO_SEED").unwrap_or_else(fresh_seed);
    let until = Instant::now() + Duration::from_secs(60 * minutes.unwrap_or(0));
    let lives = if minutes.is_some() { LIVES } else { LIVES_SHORT };
    let mut totals = Totals::default();
    for number in 0.. {
        println!("round {number}, seed {}", seed + number);
        round(seed + number, lives, &mut totals).await;
        println!("{totals}");
        if Instant::now() >= until {
            return;
        }
    }
}

/// Dice for what is asked for.
pub(super) struct Dice(Draw);

impl Dice {
    pub(super) fn below(&self, n: usize) -> usize {
        usize::try_from(self.0.number() % n as u64).unwrap()
    }

    fn millis(&self, low: usize, high: usize) -> Duration {
        Duration::from_millis((low + self.below(high - low)) as u64)
    }
}

async fn round(seed: u64, lives: usize, totals: &mut Totals) {
    let dice = Dice(Draw::seeded(seed));
    let mut world = World::begin(&format!("soak-{seed}")).await;
    world.rough = true;
    // In every second round money is short, and staff put in a little at a time.
    if seed.is_multiple_of(2) {
        world.leaves(SHORT_FEN).await.unwrap();
    }
    spoils(&world, &dice).await;
    let over = AtomicBool::new(false);
    let nodes = if Kind::of_this_run() == Kind::Postgres { 2 } else { 1 };
    let keepers = async {
        let kept = join_all((0..nodes).map(|_| keeps_dying(&world, &dice, lives))).await;
        over.store(true, Ordering::Relaxed);
        // The last one lives: whoever is under way finds somebody.
        (kept, world.serves(None).await)
    };
    let load = join_all((0..TASKS).map(|_| come_and_claim(&world, &dice, &over)));
    let ((kept, _server), people) = join(keepers, load).await;
    let people: Vec<Person<'_>> = people.into_iter().flatten().collect();
    comes_to_rest(&world).await;
    totals.rounds += 1;
    for lived in kept {
        totals.kills += lived.kills;
        totals.points += lived.points;
        totals.starts += lived.starts;
        totals.starting += lived.starting;
        totals.switched += lived.switched;
        totals.taken_back += lived.taken_back;
        totals.meddled += lived.meddled;
    }
    totals.people += people.len() as u64;
    totals.promised += proves(&world, people, totals).await;
    world.ends().await;
}

/// Everything at WeChat fails now and then, in every way that leaves the money open.
async fn spoils(world: &World, dice: &Dice) {
    for (on, percent) in [
        ("sendredpack", 60),
        ("gethbinfo", 40),
        ("transfer", 60),
        ("transfer_query", 40),
        ("transfer_cancel", 50),
        ("notify", 60),
    ] {
        let seed = dice.below(1 << 30);
        world.wechat("faults", json!({ "on": on, "seed": seed, "percent": percent })).await;
    }
    world.wechat("faults", json!({ "on": "push", "kind": "duplicate", "times": 100 })).await;
    world.wechat("faults", json!({ "on": "sendredpack", "kind": "delay_before", "ms": 700, "times": 20 })).await;
}

/// What one place among the servers went through.
#[derive(Default)]
struct Lived {
    kills: u64,
    points: u64,
    starts: u64,
    starting: Duration,
    /// How often staff chose another rail.
    switched: u64,
    /// How many transfers staff took back.
    taken_back: u64,
    /// How often staff did something else about money and payouts.
    meddled: u64,
}

/// Starts a server and lets it die, by a kill from outside or at a named point, again and again.
async fn keeps_dying(world: &World, dice: &Dice, lives: usize) -> Lived {
    let mut lived = Lived::default();
    for life in 0..lives {
        let point = (dice.below(3) == 0).then(|| crash::POINTS[dice.below(crash::POINTS.len())]);
        let began = Instant::now();
        let mut server = match life % 10 {
            7 if Kind::of_this_run() == Kind::Sqlite => world.serves_on_a_full_disk().await,
            _ => world.serves(point).await,
        };
        lived.starts += 1;
        lived.starting += began.elapsed();
        // The other stories of an ordinary run share the server: only a soak of its own may take it from everybody.
        let alone = asked("LINGBAO_SOAK_MINUTES").is_some();
        if alone && life % 10 == 3 && Kind::of_this_run() == Kind::Postgres {
            loses_everybody(&world.database).await;
        }
        if dice.below(4) == 0 {
            world.wechat("clock", json!({ "advance_secs": dice.below(7200) })).await;
        }
        if dice.below(8) == 0 {
            let rail = Rail::ALL[dice.below(Rail::ALL.len())];
            let end = world.chooses(rail).await;
            lived.switched += u64::from(end.inspect_err(|why| println!("the rail stays: {why}")).is_ok());
        }
        if dice.below(6) == 0 {
            let end = world.takes_one_back().await;
            let taken = end.inspect_err(|why| println!("the transfer may stay: {why}")).unwrap_or_default();
            lived.taken_back += u64::from(taken);
        }
        if dice.below(4) == 0 {
            let end = world.meddles(dice).await;
            lived.meddled += end.inspect_err(|why| println!("staff do nothing: {why}")).unwrap_or_default();
        }
        if timeout(dice.millis(50, 900), server.child.wait()).await.is_err() {
            server.child.start_kill().unwrap();
        }
        match server.ends(world).await {
            Some(SIGKILL) => lived.kills += 1,
            Some(SIGABRT) => lived.points += 1,
            other => println!("life {life} ended by itself ({other:?}): {}", server.last),
        }
    }
    lived
}

/// New people come one after the other until it is over, and claim as stubbornly as people do.
async fn come_and_claim<'w>(world: &'w World, dice: &Dice, over: &AtomicBool) -> Vec<Person<'w>> {
    let mut people = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let mut person = world.person("Ming").await;
        person.follows().await;
        let mut tries = 0..30;
        while tries.next().is_some() && !person.tries().await {
            sleep(dice.millis(20, 60)).await;
        }
        if dice.below(2) == 0 {
            person.opens_what_came().await;
        }
        people.push(person);
    }
    people
}

impl World {
    /// A server whose files cannot grow any more.
    async fn serves_on_a_full_disk(&self) -> Server {
        let size = |name: &str| std::fs::metadata(self.folder.join(name)).map_or(0, |file| file.len());
        let blocks = size("lingbao.db").max(size("lingbao.db-wal")) / 512 + 64;
        let plain = self.binary();
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$1\"", &blocks.to_string()]);
        command.arg(plain.as_std().get_program()).current_dir(&self.folder).kill_on_drop(true);
        command.envs(plain.as_std().get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.runs(command).await
    }
}

impl Person<'_> {
    /// One try for the packet; true when a page told of it.
    async fn tries(&mut self) -> bool {
        let phone = self.world.asks(&format!("phones/{}", self.id)).await;
        let Some(link) = phone["chats"].as_array().unwrap().iter().rev().find_map(|line| line["url"].as_str()) else {
            let text = json!({ "appid": super::SHOP, "text": "红包" });
            self.world.wechat(&format!("phones/{}/send", self.id), text).await;
            return false;
        };
        let Some(mut page) = self.load(link, None).await else { return false };
        if page.state == "ready" {
            let url = format!("{}{}", self.world.url, page.action);
            let Some(after) = self.load(&url, Some(&page.form)).await else { return false };
            page = after;
        }
        let Some(amount) = page.amount_fen else { return false };
        let before = self.promised_fen.replace(amount);
        assert!(before.is_none_or(|fen| fen == amount), "the amount changed");
        true
    }

    async fn opens_what_came(&self) {
        let phone = self.world.asks(&format!("phones/{}", self.id)).await;
        for bill in phone["wallet"].as_array().unwrap() {
            let verb = if bill["rail"] == "redpack" { "collect" } else { "confirm" };
            let url = format!("{}/_sim/phones/{}/{verb}", self.world.wechat.url, self.id);
            let body = json!({ "bill_no": bill["bill_no"] }).to_string();
            self.world.http.post(url).body(body).send().await.unwrap();
        }
    }
}

/// WeChat is well again; time passes until every payout has its end.
async fn comes_to_rest(world: &World) {
    let faults = format!("{}/_sim/faults", world.wechat.url);
    world.http.delete(faults).send().await.unwrap();
    let database = database::open(&world.database).await;
    let open = async || {
        let sql = "SELECT COUNT(*) AS n FROM payouts WHERE state NOT IN ('collected', 'returned', 'failed')";
        let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
        row.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
    };
    let began = Instant::now();
    let mut hours = 0;
    while open().await > 0 {
        assert!(began.elapsed() < REST, "payouts find no end");
        world.lets_go().await.unwrap();
        // Small steps first: what is unknown is asked often in its first hour.
        hours = (hours + 1).min(12);
        world.wechat("clock", json!({ "advance_secs": hours * 1800 })).await;
        sleep(Duration::from_millis(1_300)).await;
    }
    database.close().await.unwrap();
}

/// Both sides agree, and everybody has what they were told of. Tells how many were told.
async fn proves(world: &World, people: Vec<Person<'_>>, totals: &mut Totals) -> u64 {
    assert!(world.lingbao(&["verify"]).await.contains("the books agree"));
    let books = world.asks("books").await;
    let (payouts, bills) = bill_by_bill(&world.database, &books).await;
    totals.payouts += payouts;
    totals.bills += bills;
    for (name, n) in world.asks("struck").await.as_object().unwrap() {
        *totals.counts.struck.entry(name.clone()).or_default() += n.as_u64().unwrap();
    }
    let mut told = 0;
    for mut person in people {
        let Some(promised) = person.promised_fen else { continue };
        let page = person.load(&format!("{}/c/demo", world.url), None).await.expect("the server runs");
        assert_eq!(page.amount_fen, Some(promised), "somebody who was told of a packet sees {page:?}");
        told += 1;
    }
    told
}

/// Kills one of the server's processes, as the machine's want of memory does: all connections end, and it recovers from
/// its log before it takes new ones.
async fn loses_everybody(url: &str) {
    // Where it is away already, another node's turn has just come.
    let Ok(db) = sea_orm::Database::connect(url).await else { return };
    let killed = db.execute_unprepared("COPY (SELECT 1) TO PROGRAM 'kill -9 $PPID'").await;
    assert!(killed.is_err(), "a process that is killed does not answer");
}
