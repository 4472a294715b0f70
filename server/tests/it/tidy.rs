//! House rules as a test: sizes of files, marks that must not stay, paths of a machine, and the arrows between crates.
//! Refuses exceptions that are not written here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the server lies in the workspace").to_owned()
}

/// Every file that git tracks or would track.
fn files() -> Vec<PathBuf> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    assert!(listed.status.success() && !listed.stdout.is_empty(), "{}", String::from_utf8_lossy(&listed.stderr));
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().map(|line| root().join(line)).filter(|path| path.is_file()).collect()
}

fn is_test(path: &Path) -> bool {
    let parts = ["tests", "benches", "examples"];
    path.components().any(|c| parts.iter().any(|p| c.as_os_str() == *p))
        || path.file_name().is_some_and(|n| n == "tests.rs")
}

fn rust_files() -> Vec<(PathBuf, String)> {
    files()
        .into_iter()
        .filter(|p| p.extension().is_some_and(|e| e == "rs"))
        .map(|p| (p.clone(), fs::read_to_string(p).unwrap()))
        .collect()
}

#[test]
fn no_file_is_longer_than_a_person_reads() {
    let long: Vec<_> = rust_files()
        .into_iter()
        .filter(|(path, text)| !is_test(path) && text.lines().count() > 400)
        .map(|(path, text)| format!("{} has {} lines", path.display(), text.lines().count()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<_> = rust_files()
        .into_iter()
        .filter(|(path, _)| !path.ends_with("build.rs") && !path.starts_with(root().join("end2end")))
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

#[test]
fn no_mark_that_should_not_stay() {
    // Each is put together here, so that this file does not find itself.
    let marks = [
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X"].concat(),
        ["#[ig", "nore"].concat(),
        ["should_", "panic"].concat(),
        ["dbg", "!("].concat(),
        ["todo", "!("].concat(),
        ["unimplemented", "!("].concat(),
        ["thread::", "sleep("].concat(),
    ];
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        for (number, line) in text.lines().enumerate() {
            if marks.iter().any(|mark| line.contains(mark.as_str())) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_tree_names_no_machine() {
    let homes = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["/ho", "me/"].concat()];
    let mut found = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for (number, line) in text.lines().enumerate() {
            if homes.iter().any(|home| line.contains(home.as_str())) || line.contains("\"resolved\"") {
                found.push(format!("{}:{}", path.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Crates that `package` reaches in its ordinary build.
fn reached(package: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", package, "-e", "normal", "--prefix", "none", "--format", "{p}"])
        .current_dir(root())
        .output()
        .expect("cargo tells the tree");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn arrows_between_crates_point_down_only() {
    let forbidden: &[(&str, &[&str])] = &[
        (
            "rules",
            &["wechat", "engine", "app", "server", "migration", "simulator", "tokio", "sea-orm", "axum", "leptos"],
        ),
        ("wechat", &["rules", "engine", "app", "server", "migration", "simulator", "sea-orm", "leptos"]),
        ("engine", &["app", "server", "simulator", "axum", "leptos"]),
        ("frontend", &["engine", "wechat", "sea-orm", "server", "simulator"]),
        ("server", &["simulator"]),
        ("simulator", &["wechat", "engine", "rules", "server", "app"]),
    ];
    let mut wrong = Vec::new();
    for (package, banned) in forbidden {
        let reached = reached(package);
        assert!(reached.iter().any(|name| name == package), "{package} has no tree");
        for name in banned.iter().filter(|name| reached.iter().any(|r| r == *name)) {
            wrong.push(format!("{package} reaches {name}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_crypto_provider_in_the_whole_tree() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    for banned in ["aws-lc-rs", "aws-lc-sys", "openssl-sys", "native-tls"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} is in the tree");
    }
}

#[test]
fn sql_stands_only_in_the_store() {
    let words = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM "];
    let mut found = Vec::new();
    for (path, text) in rust_files() {
        let place = path.strip_prefix(root()).unwrap().to_owned();
        let allowed = place.starts_with("engine/src/store") || place.starts_with("migration") || is_test(&place);
        if allowed {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//") && words.iter().any(|word| line.contains(&format!("\"{word}"))) {
                found.push(format!("{}:{}", place.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
