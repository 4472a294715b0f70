//! Files: the state as JSON, written beside and renamed over, soon after each change and at the end; a journal between.
//! It refuses to leave a half-written file, and to start over silently when the saved one is unreadable.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::Error;
use crate::journal::Journal;
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

/// Opens the folder's journal and does again what stands in it.
pub(crate) fn replay(folder: &Path, state: &mut State, appids: &[String]) -> Result<Journal, Error> {
    let (journal, entries) = Journal::open(folder)?;
    for entry in entries {
        state.redo(entry, appids);
    }
    // It stands in the journal already, until the next save.
    state.news();
    Ok(journal)
}

/// Saves the state once.
pub(crate) fn save(sim: &Sim, path: &Path) -> Result<(), Error> {
    let (bytes, turned) =
        sim.read(|state| (serde_json::to_vec(state), sim.journal.as_ref().map(|journal| (journal, journal.turn()))));
    write_private(path, &bytes.expect("the state is plain data"))?;
    if let Some((journal, number)) = turned {
        journal.forget(number);
    }
    Ok(())
}

/// Writes a file that only its owner may read: beside it first, then renamed over it.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = private(OpenOptions::new().write(true).truncate(true), &beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        // The new name must be on the disk before anything relies on it.
        #[cfg(unix)]
        File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    };
    write().map_err(|error| Error::new(format!("cannot write {}: {error}", path.display())))
}

/// Opens a file that only its owner may read; makes it if it is not there.
pub(crate) fn private(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
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
