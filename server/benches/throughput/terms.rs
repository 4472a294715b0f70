//! The terms of the measurement: where it lies, how long it takes, which parts run; from the environment.
//! Refuses a folder in memory: a commit there costs nothing, and every ratio would be wrong.

use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A part of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own word")]
pub enum Part {
    Own,
    Rivals,
    Overload,
    History,
    Postgres,
}

const PARTS: [(&str, Part); 5] = [
    ("own", Part::Own),
    ("rivals", Part::Rivals),
    ("overload", Part::Overload),
    ("history", Part::History),
    ("postgres", Part::Postgres),
];

/// All terms, checked.
pub struct Terms {
    /// Every database of every side lies in here.
    pub folder: PathBuf,
    /// The folder with the rivals' sources and scripts.
    pub bench: PathBuf,
    /// How often everything is repeated.
    pub rounds: usize,
    /// How long a window of claims is to take.
    pub secs: f64,
    /// Claims of the long history.
    pub history: i64,
    parts: Vec<Part>,
}

impl Terms {
    /// Reads `LINGBAO_BENCH_{DIR,ROUNDS,SECS,HISTORY,PARTS}`, makes the folder and works from there.
    pub fn read() -> Result<Self, String> {
        let base: PathBuf = setting("DIR", PathBuf::from("/var/tmp"))?;
        if in_memory(&base) {
            return Err(format!("{} is in memory; set LINGBAO_BENCH_DIR to a folder on a disk", base.display()));
        }
        let folder = base.join(format!("lingbao-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::env::set_current_dir(&folder))
            .map_err(|error| format!("the folder {} cannot be used: {error}", folder.display()))?;
        let wanted = setting("PARTS", "own,rivals,overload,history,postgres".to_owned())?;
        let part = |name: &str| {
            let known = PARTS.iter().find(|(known, _)| *known == name);
            known.map(|(_, part)| *part).ok_or_else(|| format!("LINGBAO_BENCH_PARTS knows no part {name}"))
        };
        Ok(Self {
            folder,
            bench: Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("bench"),
            rounds: setting("ROUNDS", 3)?,
            secs: setting("SECS", 2.0)?,
            history: setting("HISTORY", 1_000_000)?,
            parts: wanted.split(',').map(part).collect::<Result<_, _>>()?,
        })
    }

    /// True when this part is to run.
    pub fn wants(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// A window in whole seconds, at least one: what pgbench takes.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    pub fn whole_secs(&self) -> u64 {
        self.secs.ceil().max(1.0) as u64
    }
}

fn setting<T: FromStr>(name: &str, otherwise: T) -> Result<T, String> {
    match std::env::var(format!("LINGBAO_BENCH_{name}")) {
        Ok(text) => text.parse().map_err(|_| format!("LINGBAO_BENCH_{name}={text} cannot be read")),
        Err(_) => Ok(otherwise),
    }
}

/// True when the folder lies on a file system in memory, as the kernel lists them.
fn in_memory(folder: &Path) -> bool {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    let under = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then_some((point.len(), matches!(kind, "tmpfs" | "ramfs")))
    };
    mounts.lines().filter_map(under).max_by_key(|(length, _)| *length).is_some_and(|(_, memory)| memory)
}
