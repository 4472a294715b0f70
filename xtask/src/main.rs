//! Builds what browsers download: the dashboard's WASM, split by route, its style, all compressed once.
//! Refuses to fetch anything, and to build again what has not changed.

mod pack;
mod site;
mod sizes;
mod sources;

use std::path::PathBuf;
use std::process::ExitCode;

/// Why a step could not be done: one sentence.
type Done<T> = Result<T, String>;

/// The workspace's folder, as cargo tells it now: clones that share a folder of build products share this program too.
fn root() -> Done<PathBuf> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package
        .and_then(|package| Some(package.parent()?.to_owned()))
        .ok_or_else(|| "run this by `cargo run -p xtask`".to_owned())
}

fn run() -> Done<()> {
    let mut words = std::env::args().skip(1);
    match words.next().as_deref() {
        Some("site") => {
            let profile = match (words.next().as_deref(), words.next()) {
                (None, _) => "dev".to_owned(),
                (Some("--profile"), Some(profile)) => profile,
                _ => return Err(usage()),
            };
            site::build(&root()?, &profile)
        }
        Some("sizes") => sizes::check(&root()?),
        _ => Err(usage()),
    }
}

fn usage() -> String {
    "usage: xtask site [--profile dev|wasm-release]   builds public/pkg/<hash>, named in public/pkg/current\n       \
     xtask sizes                                what the dashboard's first page weighs; fails over its budget"
        .to_owned()
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
