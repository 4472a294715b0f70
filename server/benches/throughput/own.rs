//! Our own figures: callback events, claims over few and many connections, pages, one idle claim, ten times overload.
//! Refuses to quote a figure whose answers were not all right.

use crate::compare;
use crate::disk::Disk;
use crate::ground::Ground;
use crate::load::{self, within_ms};
use crate::pace::Pace;
use crate::table::Table;
use crate::{PEAK, Terms};
use tokio::runtime::Handle;

/// Connections of claims below the peak; each round asks for this many claims over them.
const CLAIMS: [(usize, usize); 2] = [(16, 600), (64, 1_000)];
/// Connections for callback events: WeChat pushes from a few machines at once.
const EVENTS: [(usize, usize); 2] = [(16, 600), (64, 600)];
const PAGES: (usize, usize) = (16, 3_000);
const IDLE_CLAIMS: usize = 100;

/// One claim at a time beside one commit at a time, then events, claims and pages over more connections.
pub fn figures(ground: &mut Ground, disk: &Disk, terms: &Terms, table: &mut Table) -> Result<(), String> {
    table.title("ours on SQLite (WAL, synchronous=FULL), a process of its own");
    for round in 0..terms.rounds {
        idle(ground, disk, table)?;
        for (part, (connections, n)) in EVENTS.into_iter().enumerate() {
            let (_, pushes) = ground.pushes(round * EVENTS.len() + part, n);
            let run = load::run(ground.server.addr, connections, &pushes)?;
            run.all(|answer| answer.starts_with("HTTP/1.1 200"))?;
            ground.prove_replies(&run)?;
            table.add(&format!("callback events, {connections} connections"), "events/s", run.per_sec());
        }
        let mut claimed = Vec::new();
        for (connections, n) in CLAIMS {
            claimed = ground.people(n)?;
            let before = ground.server.cpu_secs();
            let run = ground.claims_of(connections, &claimed)?;
            let cpu = (ground.server.cpu_secs() - before) * 1000.0 / n as f64;
            table.add(&format!("claims, {connections} connections"), "claims/s", run.per_sec());
            table.add(&format!("claims, {connections} connections, 99 of 100 within"), "ms", run.within_ms(99));
            table.add(&format!("processor time per 1000 claims, {connections} connections"), "s", cpu);
        }
        let run = load::run(ground.server.addr, PAGES.0, &ground.page_requests(&claimed, PAGES.1))?;
        run.all(|answer| answer.starts_with("HTTP/1.1 200") && answer.contains("data-state=\"paying\""))?;
        table.add(&format!("claim page, {} connections", PAGES.0), "pages/s", run.per_sec());
    }
    Ok(())
}

fn idle(ground: &mut Ground, disk: &Disk, table: &mut Table) -> Result<(), String> {
    let before = disk.commit_ms()?;
    let run = ground.claims(1, IDLE_CLAIMS)?;
    let commit = f64::midpoint(before, disk.commit_ms()?);
    table.add("one commit of one row, half within", "ms", commit);
    table.add("one claim at a time, half within", "ms", run.within_ms(50));
    table.add("  left of 1.2 commits + 1 ms (aim ≥ 0)", "ms", 1.2 * commit + 1.0 - run.within_ms(50));
    table.add("one claim at a time, 99 of 100 within", "ms", run.within_ms(99));
    Ok(())
}

/// Ten times the connections of the peak, in turns with the peak itself, on a database of its own. Who is refused asks
/// again at once, so that every claim is granted in the end: overload may delay, never lose.
pub fn overload(runtime: &Handle, terms: &Terms, table: &mut Table) -> Result<(), String> {
    table.title("ten times overload (refusals are asked again at once)");
    let folder = terms.folder.join("overload");
    let mut ground = Ground::prepare(runtime, &folder, &compare::sqlite(&folder))?;
    let mut pace = Pace::new(terms.secs);
    pace.learn(ground.claims(PEAK, pace.next())?.per_sec());
    for _ in 0..terms.rounds {
        let before = ground.claims(PEAK, pace.next())?.per_sec();
        let people = pace.next().max(10 * PEAK);
        let run = match ground.claims(10 * PEAK, people) {
            Ok(run) => run,
            Err(why) => {
                // What was under way is unknown now, so these books are not proved.
                table.remark(&format!("no figure: {why}"));
                return Ok(());
            }
        };
        let peak = f64::midpoint(before, ground.claims(PEAK, pace.next())?.per_sec());
        pace.learn(peak);
        table.add(&format!("peak, {PEAK} connections"), "claims/s", peak);
        table.add(&format!("granted, {} connections", 10 * PEAK), "claims/s", run.per_sec());
        table.add("  goodput : peak (aim ≥ 0.9)", "×", run.per_sec() / peak);
        table.add("refused for each claim granted", "answers", run.refusals.len() as f64 / people as f64);
        if !run.refusals.is_empty() {
            table.add("refusals, 99 of 100 within (aim ≤ 50)", "ms", within_ms(&run.refusals, 99));
        }
    }
    memory(&ground, table);
    ground.close()
}

/// The most memory the server ever held.
pub fn memory(ground: &Ground, table: &mut Table) {
    match ground.server.peak_mb() {
        Some(mb) => table.add("most memory our process held (aim ≤ 120)", "MB", mb),
        None => table.remark("this kernel does not tell how much memory the server held"),
    }
}
