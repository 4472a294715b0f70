//! A throw-away PostgreSQL and the claims that pgbench makes on it.
//! Refuses any setting that makes a commit less durable than PostgreSQL ships with.

use crate::process::{Process, free_port};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Claims in one transaction of `batch.sql`.
pub const BATCH: usize = 100;
/// Clients at once, one claim a transaction and in batches: the hot row makes more of the latter only wait.
const CLIENTS: usize = 64;
const BATCH_CLIENTS: usize = 4;

/// A running server.
pub struct Postgres {
    server: Process,
    scripts: PathBuf,
}

impl Postgres {
    /// Makes and starts one in `folder`. Errors with the sentence why it cannot run.
    pub fn start(bench: &Path, folder: &Path) -> Result<Self, String> {
        let folder = folder.join("postgres");
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let scripts = bench.join("postgres");
        let mut serve = Command::new(scripts.join("serve"));
        let server = Process::start(serve.arg(&folder).arg(free_port()?.to_string()))?;
        Ok(Self { server, scripts })
    }

    /// The database of our server.
    pub fn url(&self) -> String {
        format!("postgres://bench@{}/lingbao", self.server.addr)
    }

    /// Claims a second, one a transaction, in a window of `secs` seconds.
    pub fn single_claims_per_sec(&self, secs: u64) -> Result<f64, String> {
        self.pgbench(secs, CLIENTS, "claim.sql", &[])
    }

    /// Claims a second in transactions of a hundred, given as one jsonb parameter each.
    pub fn batched_claims_per_sec(&self, secs: u64) -> Result<f64, String> {
        let claims: Vec<String> = (0..BATCH).map(|n| format!("{{\"n\":{n},\"amount\":{}}}", 100 + 2 * n)).collect();
        let rows = format!("rows=[{}]", claims.join(","));
        Ok(self.pgbench(secs, BATCH_CLIENTS, "batch.sql", &["-D", &rows])? * BATCH as f64)
    }

    /// Transactions a second.
    fn pgbench(&self, secs: u64, clients: usize, script: &str, more: &[&str]) -> Result<f64, String> {
        let done = Command::new(Path::new(&self.server.about).join("pgbench"))
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--username=bench", "--host=127.0.0.1"])
            .arg(format!("--port={}", self.server.addr.port()))
            .arg(format!("--client={clients}"))
            .arg(format!("--time={secs}"))
            .args(more)
            .arg("--file")
            .arg(self.scripts.join(script))
            .arg("rival")
            .output()
            .map_err(|error| format!("pgbench does not start: {error}"))?;
        let said = String::from_utf8_lossy(&done.stdout);
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        let whole = done.status.success() && said.contains("number of failed transactions: 0 ");
        tps.filter(|_| whole).ok_or_else(|| {
            let errors = String::from_utf8_lossy(&done.stderr);
            format!("pgbench {script} failed: {}", errors.lines().last().unwrap_or_default())
        })
    }
}
