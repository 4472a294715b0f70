//! `cargo bench -p server --bench throughput`: what our server durably does on this machine, beside what others do.
//! Refuses to quote a figure whose answers were not all right, or whose books do not agree afterwards.
//!
//! Server, rivals and PostgreSQL are processes of their own on loopback; this one makes the load. All databases lie in
//! one folder on one disk, and all sides commit with the same durability. `bench/README.md` says what is fair and why.

#[path = "throughput/compare.rs"]
mod compare;
#[path = "throughput/copies.rs"]
mod copies;
#[path = "throughput/disk.rs"]
mod disk;
#[path = "throughput/duel.rs"]
mod duel;
#[path = "throughput/ground.rs"]
mod ground;
#[path = "throughput/load.rs"]
mod load;
#[path = "throughput/own.rs"]
mod own;
#[path = "throughput/pace.rs"]
mod pace;
#[path = "throughput/postgres.rs"]
mod postgres;
#[path = "throughput/process.rs"]
mod process;
#[path = "throughput/pushes.rs"]
mod pushes;
#[path = "throughput/rivals.rs"]
mod rivals;
#[path = "throughput/table.rs"]
mod table;
#[path = "throughput/terms.rs"]
mod terms;

use disk::Disk;
use ground::Ground;
use std::process::ExitCode;
use table::Table;
use terms::{Part, Terms};

/// Connections that are compared: a campaign's first minute.
const PEAK: usize = 256;

fn main() -> ExitCode {
    let asked = |name: &str| std::env::args().any(|argument| argument == name);
    // `cargo test --all-targets` runs this too, unoptimised: its figures would mean nothing.
    if !asked("--bench") && !asked(ground::SERVE) {
        println!("measured by `cargo bench` only");
        return ExitCode::SUCCESS;
    }
    let runtime = match server::running::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return told(Err(format!("the runtime does not start: {error}"))),
    };
    if asked(ground::SERVE) {
        return told(ground::serve(&runtime));
    }
    let terms = match Terms::read() {
        Ok(terms) => terms,
        Err(why) => return told(Err(why)),
    };
    let mut table = Table::default();
    let done = measured(&runtime, &terms, &mut table);
    let cleared = std::fs::remove_dir_all(&terms.folder);
    if done.is_ok() {
        table.print();
    }
    told(done.and(cleared.map_err(|error| format!("{} stays: {error}", terms.folder.display()))))
}

fn told(done: Result<(), String>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            println!("the bench gives no figures: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measured(runtime: &tokio::runtime::Runtime, terms: &Terms, table: &mut Table) -> Result<(), String> {
    let runtime = runtime.handle();
    let disk = Disk::open(runtime, &terms.folder.join("disk.db"))?;
    disk.commit_ms()?;
    let folder = terms.folder.join("ours");
    let mut ground = Ground::prepare(runtime, &folder, &compare::sqlite(&folder))?;
    if terms.wants(Part::Own) {
        own::figures(&mut ground, &disk, terms, table)?;
    }
    if terms.wants(Part::Rivals) {
        compare::rivals(&mut ground, &disk, terms, table)?;
    }
    own::memory(&ground, table);
    ground.close()?;
    if terms.wants(Part::Overload) {
        own::overload(runtime, terms, table)?;
    }
    if terms.wants(Part::History) {
        compare::history(runtime, terms, table)?;
    }
    if terms.wants(Part::Postgres) {
        compare::postgres(runtime, terms, table)?;
    }
    disk.judge(table)
}
