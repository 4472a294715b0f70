//! One hash over everything the site is made from.
//! Refuses to look at times: a fresh clone and an old one with the same text have the same hash.

use crate::Done;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The files and folders, from the workspace's folder.
const INPUTS: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    ".cargo/config.toml",
    "rust-toolchain.toml",
    "rules",
    "app",
    "frontend",
    "style",
    "xtask",
];

/// Every file below `path`, sorted.
fn files(path: &Path, found: &mut Vec<PathBuf>) -> Done<()> {
    if path.is_file() {
        found.push(path.to_owned());
        return Ok(());
    }
    let entries = fs::read_dir(path).map_err(|why| format!("cannot list {}: {why}", path.display()))?;
    for entry in entries {
        files(&entry.map_err(|why| format!("cannot list {}: {why}", path.display()))?.path(), found)?;
    }
    Ok(())
}

/// The hash of all inputs and of the profile.
pub fn hash(root: &Path, profile: &str) -> Done<String> {
    let mut found = Vec::new();
    for input in INPUTS {
        files(&root.join(input), &mut found)?;
    }
    found.sort();
    let mut hash = Sha256::new();
    hash.update(profile);
    for file in found {
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().into_owned();
        let text = fs::read(&file).map_err(|why| format!("cannot read {}: {why}", file.display()))?;
        hash.update(format!("\n{name} {}\n", text.len()));
        hash.update(text);
    }
    Ok(short(&hash.finalize()))
}

/// Sixteen hex digits of a digest.
pub fn short(digest: &[u8]) -> String {
    hex::encode(digest.iter().take(8).copied().collect::<Vec<_>>())
}
