//! `cargo bench -p server --bench throughput`: what this machine durably does, beside its disk's own commit rate.
//! Refuses to quote a figure whose answers were not all right, or whose books do not agree afterwards.
//!
//! Everything runs in turns within one process: the server on threads of its own (its worker rests), the load on
//! another one, so that the processor time of the two can be told apart. Each figure is a median over the rounds.

#[path = "throughput/cpu.rs"]
mod cpu;
#[path = "throughput/disk.rs"]
mod disk;
#[path = "throughput/ground.rs"]
mod ground;
#[path = "throughput/load.rs"]
mod load;
#[path = "throughput/table.rs"]
mod table;

use disk::Disk;
use ground::Ground;
use load::Run;
use std::process::ExitCode;
use table::Table;

const ROUNDS: usize = 3;
/// Connections at once, and how many claims each round asks for over them.
const CLAIMS: [(usize, usize); 4] = [(1, 300), (16, 1_000), (64, 1_200), (256, 1_500)];
/// Connections for callback events: WeChat pushes from a few machines at once.
const EVENTS: [usize; 2] = [16, 64];
const PAGES: (usize, usize) = (16, 3_000);

fn main() -> ExitCode {
    // `cargo test --all-targets` runs this too, unoptimised: its figures would mean nothing.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("measured by `cargo bench` only");
        return ExitCode::SUCCESS;
    }
    match measured() {
        Ok(table) => {
            table.print();
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("the bench gives no figures: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measured() -> Result<Table, String> {
    let serving = tokio::runtime::Runtime::new().map_err(|error| format!("the runtime does not start: {error}"))?;
    let ground = serving.block_on(Ground::prepare())?;
    let disk = serving.block_on(Disk::open(&ground.folder.join("disk.db")))?;
    let mut table = Table::default();
    for round in 0..ROUNDS {
        disk_rates(&serving, &disk, &mut table)?;
        let followers = events(&ground, round, &mut table)?;
        let claims = serving.block_on(ground.claim_requests(&followers))?;
        claim_rates(&ground, &claims, &mut table)?;
        let pages = ground.page_requests(&followers, PAGES.1);
        let run = load::run(ground.addr, PAGES.0, &pages)?;
        run.all(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains("data-state=\"paying\""))?;
        table.add(format!("claim page, {}", over(PAGES.0)), "pages/s", run.per_sec());
    }
    let claims = ROUNDS * CLAIMS.iter().map(|(_, n)| n).sum::<usize>();
    serving.block_on(ground.close(claims))?;
    Ok(table)
}

fn over(connections: usize) -> String {
    if connections == 1 { "1 connection".to_owned() } else { format!("{connections} connections") }
}

fn disk_rates(serving: &tokio::runtime::Runtime, disk: &Disk, table: &mut Table) -> Result<(), String> {
    for rows in [1, 100] {
        let rate = serving.block_on(disk.commits_per_sec(rows))?;
        match rows {
            1 => table.add("disk: transactions of one row".to_owned(), "commits/s", rate),
            _ => table.add(format!("disk: transactions of {rows} rows"), "rows/s", rate * rows as f64),
        }
    }
    Ok(())
}

/// Follows as signed and encrypted pushes; gives the followers with the tickets of their replies.
fn events(ground: &Ground, round: usize, table: &mut Table) -> Result<Vec<ground::Follower>, String> {
    let wanted: usize = CLAIMS.iter().map(|(_, n)| n).sum();
    let mut followers = Vec::new();
    for (part, connections) in EVENTS.into_iter().enumerate() {
        let (people, pushes) = ground.pushes(round * EVENTS.len() + part, wanted / EVENTS.len());
        let run = load::run(ground.addr, connections, &pushes)?;
        run.all(|answer| answer.starts_with("HTTP/1.1 200"))?;
        table.add(format!("callback events, {}", over(connections)), "events/s", run.per_sec());
        followers.extend(ground.answered(people, &run)?);
    }
    Ok(followers)
}

fn claim_rates(ground: &Ground, claims: &[Vec<u8>], table: &mut Table) -> Result<(), String> {
    let mut rest = claims;
    for (connections, n) in CLAIMS {
        let (now, later) = rest.split_at(n);
        rest = later;
        let run: Run = load::run(ground.addr, connections, now)?;
        run.all(|answer| {
            answer.starts_with("HTTP/1.1 303") && answer.to_ascii_lowercase().contains("location: /c/demo\r\n")
        })?;
        table.add(format!("claims, {}", over(connections)), "claims/s", run.per_sec());
        if connections == 1 {
            table.add("one claim at a time, half within".to_owned(), "ms", run.within_ms(50));
            table.add("one claim at a time, 99 of 100 within".to_owned(), "ms", run.within_ms(99));
        } else {
            table.add(format!("claims, {}, 99 of 100 within", over(connections)), "ms", run.within_ms(99));
        }
        let per_thousand = run.server_cpu_secs * 1000.0 / n as f64;
        table.add(format!("server's processor time per 1000 claims, {}", over(connections)), "s", per_thousand);
    }
    Ok(())
}
