//! Processor time of this process's threads, read from the kernel.
//! Refuses to count the threads that make the load.

use std::fs;

/// Kernel ticks a second, as Linux tells user programs on every machine.
const TICKS_PER_SEC: f64 = 100.0;

/// Seconds of processor time that all threads but those called `load` have used so far; 0 where the kernel tells nothing.
pub fn server_secs() -> f64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0.0 };
    threads.filter_map(|thread| ticks(&fs::read_to_string(thread.ok()?.path().join("stat")).ok()?)).sum::<f64>()
        / TICKS_PER_SEC
}

/// The fields 14 and 15 of one thread's line: time in user mode and in the kernel.
fn ticks(stat: &str) -> Option<f64> {
    let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
    if name == "load" {
        return Some(0.0);
    }
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
}
