//! What a team would write instead: the servers of `bench/peers`, each one transaction a claim on SQLite.
//! Refuses a rival that loses or doubles a claim: every answer must be the redirect of a granted one.

use crate::ground::is_granted;
use crate::load::{self, Run};
use crate::process::{Process, free_port};
use crate::pushes::post;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::process::Command;

/// The key both rivals sign their session cookies with.
const SECRET: &[u8] = b"bench";

/// A rival's server.
pub struct Rival {
    /// What it says of itself: version and pragmas as its database reads them back.
    pub about: String,
    process: Process,
    asked: usize,
}

impl Rival {
    /// Starts `bench/peers/KIND/serve` in a folder of its own. Errors with the sentence why it cannot run.
    pub fn start(kind: &str, bench: &Path, folder: &Path) -> Result<Self, String> {
        let folder = folder.join(kind);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let script = bench.join("peers").join(kind).join("serve");
        let process = Process::start(Command::new(script).arg(&folder).arg(free_port()?.to_string()))?;
        let about = load::run(process.addr, 1, &[b"GET /about HTTP/1.1\r\nHost: bench\r\n\r\n".to_vec()])?;
        about.all(|answer| answer.starts_with("HTTP/1.1 200"))?;
        let about = about.answers[0].split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        Ok(Self { about, process, asked: 0 })
    }

    /// Sends the claims of `n` new people over `connections` connections. Errors when one is not granted.
    pub fn claims(&mut self, connections: usize, n: usize) -> Result<Run, String> {
        let requests: Vec<Vec<u8>> = (self.asked..self.asked + n).map(claim_request).collect();
        self.asked += n;
        let run = load::run(self.process.addr, connections, &requests)?;
        run.all(is_granted)?;
        Ok(run)
    }
}

fn claim_request(i: usize) -> Vec<u8> {
    // As with real openids, neighbours in time are not neighbours in an index.
    let openid = format!("oRival-{}-{i:09}", hex::encode(&Sha256::digest(i.to_be_bytes())[..5]));
    let cookie = format!("s={openid}.{}", hex::encode(hmac(openid.as_bytes())));
    post("/api/public/claim", "application/x-www-form-urlencoded", &cookie, "campaign=demo")
}

/// HMAC-SHA256 under the rivals' key.
fn hmac(message: &[u8]) -> [u8; 32] {
    let mut key = [0; 64];
    key[..SECRET.len()].copy_from_slice(SECRET);
    let inner = Sha256::new().chain_update(key.map(|b| b ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(key.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}
