//! Files: the state as JSON, written beside and renamed over, soon after each change and at the end.
//! It refuses to leave a half-written file, and to start over silently when the saved one is unreadable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::Error;
use crate::listen::stopped;
use crate::sim::Sim;
use crate::world::State;

/// Saves are at least this far apart, and ten times as far as the last one took.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the state of a folder is.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// Makes the folder, if it is not there.
pub(crate) fn folder(folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::new(format!("cannot make {}: {error}", folder.display())))
}

/// The saved state, or a new one when nothing was saved yet.
pub(crate) fn load(path: &Path) -> Result<State, Error> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(format!("{} is not readable ({error}); move it away", path.display()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
        Err(error) => Err(Error::new(format!("cannot read {}: {error}", path.display()))),
    }
}

/// Saves the state once.
pub(crate) fn save(sim: &Sim, path: &Path) -> Result<(), Error> {
    let bytes = sim.read(serde_json::to_vec).expect("the state is plain data");
    write_private(path, &bytes)
}

/// Writes a file that only its owner may read: beside it first, then renamed over it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = private(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Saves after changes until the stop.
pub(crate) async fn keep(sim: Arc<Sim>, path: PathBuf, mut stop: watch::Receiver<bool>) {
    let mut changes = sim.version.subscribe();
    loop {
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { return },
            () = stopped(&mut stop) => return,
        }
        let began = Instant::now();
        let (saving, target) = (Arc::clone(&sim), path.clone());
        match tokio::task::spawn_blocking(move || save(&saving, &target)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the state was not saved"),
            Err(error) => tracing::error!(%error, "saving the state broke off"),
        }
        let pause = PAUSE.max(began.elapsed() * 10);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => return,
        }
    }
}
