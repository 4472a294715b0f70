//! The data folder: one server at a time, and the master key beside the database.
//! Refuses to start a second server on the same SQLite file.

use crate::config::Config;
use fs4::fs_std::FileExt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Why the folder cannot be used; one sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);

/// Holds the folder for this process; let go when dropped.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

/// The folder that holds the database file and the master key.
pub fn folder(config: &Config) -> PathBuf {
    let file = config.sqlite_file().unwrap_or("data/lingbao.db");
    Path::new(file).parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Makes the folder if it is not there.
pub fn prepare(config: &Config) -> Result<(), Unusable> {
    let folder = folder(config);
    fs::create_dir_all(&folder)
        .map_err(|e| Unusable(format!("the data folder {} cannot be made: {e}", folder.display())))
}

/// Takes the folder for this server. Errors: another server holds it.
pub fn lock(config: &Config) -> Result<Lock, Unusable> {
    let Some(file) = config.sqlite_file() else { return Ok(Lock { _file: None }) };
    let path = PathBuf::from(format!("{file}.lock"));
    let said = |e: std::io::Error| Unusable(format!("the lock {} cannot be made: {e}", path.display()));
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(said)?;
    match FileExt::try_lock_exclusive(&lock) {
        Ok(true) => Ok(Lock { _file: Some(lock) }),
        _ => Err(Unusable(format!(
            "another server is running on the database {file}; stop it first, or choose another database.url"
        ))),
    }
}

/// The master key: from the settings, or from `master.key` in the folder, made once with mode 0600.
pub fn master_key(config: &Config, draw: &engine::Draw) -> Result<[u8; 32], Unusable> {
    if let Some(key) = config.master_key {
        return Ok(key);
    }
    let path = folder(config).join("master.key");
    let unreadable = |why: String| Unusable(format!("the master key {} {why}", path.display()));
    match fs::read_to_string(&path) {
        Ok(text) => {
            let mut key = [0; 32];
            hex::decode_to_slice(text.trim(), &mut key)
                .map_err(|_| unreadable("is damaged; restore it from your backup".to_owned()))?;
            Ok(key)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            make_key(&path, draw).map_err(|e| unreadable(format!("cannot be made: {e}")))
        }
        Err(e) => Err(unreadable(format!("cannot be read: {e}"))),
    }
}

fn make_key(path: &Path, draw: &engine::Draw) -> std::io::Result<[u8; 32]> {
    let key: [u8; 32] = draw.bytes();
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(hex::encode(key).as_bytes())?;
    file.sync_all()?;
    Ok(key)
}
