//! The comparisons: ours with the rivals and the disk on SQLite, with its own past, and with pgbench on PostgreSQL.
//! Refuses to go without a word: a side that cannot run here is named in the table with the reason.

use crate::disk::Disk;
use crate::duel::{Side, duel};
use crate::ground::Ground;
use crate::pace::Pace;
use crate::postgres::Postgres;
use crate::rivals::Rival;
use crate::table::Table;
use crate::{PEAK, Terms};
use std::path::Path;
use std::time::Instant;
use tokio::runtime::Handle;

/// The rivals of `bench/peers`: name, folder, and the ratio to reach.
const RIVALS: [(&str, &str, &str); 2] =
    [("PHP-FPM behind nginx", "php", "aim ≥ 20"), ("Python, Starlette on uvicorn", "python", "no aim set")];
/// Windows over history are so many times as long: a log grows to its full size in seven to ten seconds, and what it costs
/// to fold shall be within.
const HISTORY_WINDOW: f64 = 6.0;
/// History that is compared with much more of it.
const LITTLE_HISTORY: i64 = 10_000;

/// Windows of ours over the peak's connections.
fn ours(ground: &mut Ground, secs: f64) -> impl FnMut() -> Result<f64, String> {
    let mut pace = Pace::new(secs);
    move || {
        let per_sec = ground.claims(PEAK, pace.next())?.per_sec();
        pace.learn(per_sec);
        Ok(per_sec)
    }
}

/// Ours, each rival and the disk's batch commits, all on SQLite files of one folder.
pub fn rivals(ground: &mut Ground, disk: &Disk, terms: &Terms, table: &mut Table) -> Result<(), String> {
    table.title(&format!("SQLite (WAL, FULL), {PEAK} connections; rivals: 1 claim a transaction"));
    let mut sides = vec![Side::ours("ours", ours(ground, terms.secs))];
    for (name, kind, aim) in RIVALS {
        let source = terms.bench.join("peers").join(kind);
        match Rival::start(kind, &terms.bench, &terms.folder) {
            Ok(mut rival) => {
                table.remark(&format!("{name}: {}; source {}", rival.about, source.display()));
                let mut pace = Pace::new(terms.secs);
                sides.push(Side::other(name, aim, move || {
                    let per_sec = rival.claims(PEAK, pace.next())?.per_sec();
                    pace.learn(per_sec);
                    Ok(per_sec)
                }));
            }
            Err(why) => table.remark(&format!("skipped, {name}: {why}")),
        }
    }
    sides.push(Side::other("the disk: rows in commits of 100", "aim ≥ 0.6", || {
        disk.commit_ms()?;
        disk.batched_rows_per_sec()
    }));
    duel(sides, terms.rounds, table)
}

/// Ours over little history and over much, on two databases.
pub fn history(runtime: &Handle, terms: &Terms, table: &mut Table) -> Result<(), String> {
    let much = terms.history;
    table.title(&format!("claims over history, {PEAK} connections, SQLite"));
    let grown = |name: &str, n: i64| {
        let folder = terms.folder.join(name);
        let mut ground = Ground::prepare(runtime, &folder, &sqlite(&folder))?;
        let began = Instant::now();
        ground.remember(n)?;
        println!("  {n} claims of the past entered in {:.0} s", began.elapsed().as_secs_f64());
        Ok::<Ground, String>(ground)
    };
    let secs = terms.secs * HISTORY_WINDOW;
    let (mut young, mut old) = (grown("young", LITTLE_HISTORY)?, grown("old", much)?);
    let sides = vec![
        Side::ours(&format!("over {LITTLE_HISTORY} claims of the past"), ours(&mut young, secs)),
        Side::other(&format!("over {much} claims of the past"), "aim ≤ 1.25", ours(&mut old, secs)),
    ];
    duel(sides, terms.rounds, table)?;
    young.close()?;
    old.close()
}

/// Ours and pgbench on a throw-away PostgreSQL.
pub fn postgres(runtime: &Handle, terms: &Terms, table: &mut Table) -> Result<(), String> {
    table.title(&format!("PostgreSQL (fsync, synchronous_commit on), ours over {PEAK} connections"));
    let postgres = match Postgres::start(&terms.bench, &terms.folder) {
        Ok(postgres) => postgres,
        Err(why) => {
            table.remark(&format!("skipped, all of PostgreSQL: {why}"));
            return Ok(());
        }
    };
    table.remark(&format!("scripts {}", terms.bench.join("postgres").display()));
    let prepared = Ground::prepare(runtime, &terms.folder.join("ours-on-postgres"), &postgres.url());
    let mut ground = prepared.map_err(|why| format!("ours on PostgreSQL: {why}"))?;
    let secs = terms.whole_secs();
    let sides = vec![
        Side::ours("ours", ours(&mut ground, terms.secs)),
        Side::other("pgbench, 64 clients, 1 claim a transaction", "aim ≥ 8", || postgres.single_claims_per_sec(secs)),
        Side::other("pgbench, 4 clients, 100 claims a transaction", "aim ≥ 0.8", || {
            postgres.batched_claims_per_sec(secs)
        }),
    ];
    duel(sides, terms.rounds, table)?;
    ground.close()
}

/// The URL of the SQLite database in a folder.
pub fn sqlite(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("lingbao.db").display())
}
