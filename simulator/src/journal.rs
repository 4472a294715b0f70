//! The journal: what must not be forgotten between two saves of the state, on the disk before an answer leaves.
//! It refuses to grow without end: what a finished save holds is struck from it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::{iter, thread};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::Error;
use crate::books::Packet;
use crate::store::private;
use crate::transfers::Transfer;
use crate::world::NewPhone;

/// One thing that happened; doing it twice is the same as once.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// A phone is there.
    Phone(NewPhone),
    /// A packet was accepted.
    Packet(Packet),
    /// A packet was opened at this time.
    Collected(String, i64),
    /// A transfer was accepted.
    Transfer(Transfer),
    /// A transfer was confirmed at this time; its money is under way for so long, and may fail for a reason.
    Confirmed { out_bill_no: String, at_ms: i64, way_ms: i64, fails: Option<String> },
    /// A transfer was cancelled at this time, and that takes so long.
    Cancelled { out_bill_no: String, at_ms: i64, way_ms: i64 },
    /// The clock is so many milliseconds ahead.
    Clock(i64),
}

/// What the writer is told, in the order in which it happened.
enum Order {
    Write(Vec<u8>),
    /// Answers whether everything before is on the disk.
    Sync(oneshot::Sender<bool>),
    /// What follows belongs to the file with this number.
    Turn(u64),
    /// All files with smaller numbers are saved elsewhere.
    Forget(u64),
}

/// The journal of a running simulator. One thread writes it, and one flush serves all who wait.
pub(crate) struct Journal {
    orders: Sender<Order>,
    number: AtomicU64,
}

impl Journal {
    /// Opens the journal of a folder and tells what stands in it.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Vec<Entry>), Error> {
        let files = files(folder)?;
        let mut entries = Vec::new();
        for (_, path) in &files {
            entries.extend(read(path)?);
        }
        let number = files.last().map_or(1, |(number, _)| number + 1);
        let (orders, told) = mpsc::channel();
        let writer = Writer { folder: folder.to_owned(), number, file: None, files, failed: false };
        thread::spawn(move || writer.run(&told));
        Ok((Self { orders, number: AtomicU64::new(number) }, entries))
    }

    /// Notes an entry; call it while the state is locked, so that the order is the state's.
    pub(crate) fn write(&self, entry: &Entry) {
        let mut line = serde_json::to_vec(entry).expect("an entry is plain data");
        line.push(b'\n');
        self.tell(Order::Write(line));
    }

    /// Waits until everything noted so far is on the disk; false when it cannot be written.
    pub(crate) async fn settled(&self) -> bool {
        let (done, settled) = oneshot::channel();
        self.tell(Order::Sync(done));
        settled.await.unwrap_or(false)
    }

    /// Begins a new file, while the state is locked for a save, and tells its number.
    pub(crate) fn turn(&self) -> u64 {
        let number = self.number.fetch_add(1, Ordering::SeqCst) + 1;
        self.tell(Order::Turn(number));
        number
    }

    /// Strikes everything before this file: the state is saved.
    pub(crate) fn forget(&self, before: u64) {
        self.tell(Order::Forget(before));
    }

    fn tell(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the journal's writer is gone");
        }
    }
}

/// The files of a folder with their numbers, oldest first.
fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let failed = |error: io::Error| Error::new(format!("cannot read {}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.strip_prefix("journal.").and_then(|name| name.strip_suffix(".jsonl"));
        if let Some(number) = number.and_then(|number| number.parse().ok()) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found)
}

/// The entries of one file; a last line that was cut off in the middle was never answered for.
fn read(path: &Path) -> Result<Vec<Entry>, Error> {
    let failed = |error: &dyn std::fmt::Display| {
        Error::new(format!("{} is not readable ({error}); move it away", path.display()))
    };
    let bytes = fs::read(path).map_err(|error| failed(&error))?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).map_err(|error| failed(&error))).collect()
}

struct Writer {
    folder: PathBuf,
    number: u64,
    file: Option<File>,
    files: Vec<(u64, PathBuf)>,
    /// Something is missing from the disk; true until the state is saved as a whole.
    failed: bool,
}

impl Writer {
    fn run(mut self, told: &Receiver<Order>) {
        while let Ok(first) = told.recv() {
            let mut waiting = Vec::new();
            for order in iter::once(first).chain(told.try_iter()) {
                match order {
                    Order::Write(line) => self.attempt(|writer| writer.add(&line)),
                    Order::Sync(done) => waiting.push(done),
                    Order::Turn(number) => {
                        self.attempt(Self::flush);
                        (self.number, self.file) = (number, None);
                    }
                    Order::Forget(before) => self.forget(before),
                }
            }
            self.attempt(Self::flush);
            for done in waiting {
                if done.send(!self.failed).is_err() {
                    tracing::debug!("nobody waits for the journal any more");
                }
            }
        }
    }

    fn attempt(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) {
        if self.failed {
            return;
        }
        if let Err(error) = act(self) {
            tracing::error!(%error, "the journal cannot be written");
            self.failed = true;
        }
    }

    fn add(&mut self, line: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            let path = self.folder.join(format!("journal.{}.jsonl", self.number));
            self.file = Some(private(OpenOptions::new().append(true), &path)?);
            self.files.push((self.number, path));
        }
        match &mut self.file {
            Some(file) => file.write_all(line),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_data)
    }

    fn forget(&mut self, before: u64) {
        self.failed = false;
        let all = std::mem::take(&mut self.files).into_iter();
        let (old, kept): (Vec<_>, Vec<_>) = all.partition(|(number, _)| *number < before);
        self.files = kept;
        for (_, path) in old {
            if let Err(error) = fs::remove_file(&path) {
                tracing::error!(%error, "{} stays behind", path.display());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(entries: &[Entry]) -> Vec<i64> {
        let clock = |entry: &Entry| match entry {
            Entry::Clock(offset_ms) => Some(*offset_ms),
            Entry::Phone(_) | Entry::Packet(_) | Entry::Collected(..) => None,
            Entry::Transfer(_) | Entry::Confirmed { .. } | Entry::Cancelled { .. } => None,
        };
        entries.iter().filter_map(clock).collect()
    }

    #[tokio::test]
    async fn what_was_saved_is_struck_and_a_torn_line_is_passed_over() {
        let folder = std::env::temp_dir().join(format!("wechat-simulator-journal-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (journal, found) = Journal::open(&folder).unwrap();
        assert!(found.is_empty() && journal.settled().await);
        journal.write(&Entry::Clock(1));
        let before = journal.turn();
        journal.write(&Entry::Clock(2));
        assert!(journal.settled().await);
        assert_eq!(clocks(&Journal::open(&folder).unwrap().1), [1, 2]);
        journal.forget(before);
        assert!(journal.settled().await);
        let (journal, found) = Journal::open(&folder).unwrap();
        assert_eq!(clocks(&found), [2]);
        journal.write(&Entry::Clock(3));
        assert!(journal.settled().await);
        let last = files(&folder).unwrap().pop().unwrap().1;
        let torn = [fs::read(&last).unwrap(), b"{\"clock\":".to_vec()].concat();
        fs::write(&last, torn).unwrap();
        assert_eq!(clocks(&Journal::open(&folder).unwrap().1), [2, 3]);
        fs::write(&last, b"nonsense\n").unwrap();
        assert!(Journal::open(&folder).err().unwrap().to_string().contains("is not readable"));
        fs::remove_dir_all(folder).unwrap();
    }
}
