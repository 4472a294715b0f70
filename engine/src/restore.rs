//! Backups and their return: a backup is a SQLite file whatever the database is, and fills a new one of either kind.
//! Refuses to pay from an old backup: until somebody answers for what was paid since, everything stands still.

use crate::store::dialect::Lock;
use crate::store::strangers::Whose;
use crate::store::{Tx, copy, payouts, settings, strangers};
use crate::{Db, Engine, Error, audit};
use rules::bill;
use rules::operator::Operator;
use rules::retry;
use rules::time::{BeijingDay, UnixMs};
use sea_orm::ConnectionTrait;

/// The setting that holds everything still: when the backup came back.
pub(crate) const RESTORED_AT: &str = "restored_at";
/// The setting that tells the newest instant that the restored books know of.
const KNOWN_UNTIL: &str = "restored_known_until";
/// The setting that tells of the last standstill that ended: the first and the last day whose bills had to tell, and when.
const ANSWERED: &str = "restored_answered";
/// The setting that tells whose secrets the database keeps.
const FINGERPRINT: &str = "master_key_fingerprint";

/// What happened between the backup and its return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Nobody knows: packets may have been paid that the backup does not hold.
    Unknown,
    /// Nothing: the server was stopped before the backup and has not run since. The database only moves.
    Nothing,
}

/// The days of which a restored database may not know everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The day of the newest thing that it knows, by WeChat's clock.
    pub from: BeijingDay,
    /// The day on which it came back, by WeChat's clock.
    pub to: BeijingDay,
}

/// What the bills are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Question {
    /// On which days somebody may have been paid of whom the books do not know.
    pub gap: Gap,
    /// The first day of it, or of the gap before it while that is asked about, too.
    pub since: BeijingDay,
    /// When the standstill ended; `None` while everything stands still.
    pub ended_at: Option<UnixMs>,
}

impl Gap {
    fn between(known_until: UnixMs, restored_at: UnixMs) -> Self {
        let (from, to) = bill::first_and_last(known_until, restored_at);
        Self { from, to }
    }
}

impl Engine {
    /// True when the database was sealed with this master key (or is new): another key would open no secret in it.
    pub async fn master_key_fits(&self) -> Result<bool, Error> {
        let mine = self.vault().fingerprint();
        let kept = self.retried(|| settings::keep(self.db(), FINGERPRINT, &mine)).await?;
        Ok(kept == mine)
    }

    /// Copies the database, consistent as of now, into the new file `path`. Errors: the file exists.
    pub async fn backup(&self, path: &str) -> Result<(), Error> {
        self.retried(|| self.db().copy_to(path)).await
    }

    /// Fills this new database from a backup and tells how many rows came back. Unless it only moves, all claims and
    /// payouts stand still from now on. Errors (conflict): this database is not empty; the backup is of another
    /// release or was sealed with another master key; it knows of a time that this clock has not reached.
    pub async fn restore(&self, path: &str, since: Since) -> Result<u64, Error> {
        let file = Db::open_file(path).await?;
        let restored = self.restore_from(&file, since).await;
        file.close().await?;
        restored
    }

    async fn restore_from(&self, file: &Db, since: Since) -> Result<u64, Error> {
        if file.is_behind().await? {
            let other = "the backup is of an older release; restore it with that release, then migrate";
            return Err(Error::conflict(other));
        }
        let from = file.begin_read().await?;
        if settings::find(from.conn(), FINGERPRINT).await?.is_some_and(|kept| kept != self.vault().fingerprint()) {
            let other = "the backup was sealed with another master key; put that key in place first";
            return Err(Error::conflict(other));
        }
        let tables = copy::tables(from.conn()).await?;
        self.retried(|| async {
            let mut to = self.db().begin().await?;
            if let Some(table) = copy::first_filled(&tables, to.conn()).await? {
                return Err(Error::conflict(format!("the database is not empty: there are rows in {table}")));
            }
            settings::forget(&mut to, FINGERPRINT).await?;
            let total = copy::all(&tables, &from, &mut to).await?;
            if since == Since::Unknown {
                self.stand_still(&mut to).await?;
            }
            to.commit().await?;
            Ok(total)
        })
        .await
    }

    /// From now on nothing is granted or sent, and whatever was still to be sent may have been: it is asked about first.
    async fn stand_still(&self, to: &mut Tx) -> Result<(), Error> {
        let now = self.clock().now();
        let newest = strangers::newest_instant(to.conn()).await?.unwrap_or(now);
        if now.since(newest) < -bill::CLOCKS_APART_MS {
            let behind = format!(
                "this machine's clock is behind: it says {}, and the backup knows of {}; set it right first",
                now.beijing(),
                newest.beijing()
            );
            return Err(Error::conflict(behind));
        }
        let newest = newest.min(now);
        // A backup of another standstill holds what was written during it, and knows of no more payments than that did.
        let known_until = instant(to.conn(), KNOWN_UNTIL).await?.map_or(newest, |known| known.min(newest));
        if question(to.conn(), now).await?.is_none() {
            // What an answer of long ago left open is not this standstill's.
            strangers::give_up(to, now).await?;
        }
        settings::put(to, RESTORED_AT, &now.0.to_string()).await?;
        settings::put(to, KNOWN_UNTIL, &known_until.0.to_string()).await?;
        payouts::doubt(to, known_until, now, now.plus(retry::NOT_FOUND_BELIEVED_MS)).await
    }

    /// True from a restore until somebody has answered for what was paid since the backup. Meanwhile no claim is
    /// granted and no payout is sent.
    pub async fn is_held_after_restore(&self) -> Result<bool, Error> {
        is_held(self.db().read()).await
    }

    /// Ends the standstill, in the transaction that saw what was paid since the backup. Errors: nothing stands still.
    pub(crate) async fn end_hold_in(&self, tx: &mut Tx, by: &Operator) -> Result<(), Error> {
        let now = self.clock().now();
        let Some(Question { since, gap, ended_at: None }) = question(tx.conn(), now).await? else {
            return Err(Error::conflict("nothing stands still after a restore"));
        };
        settings::forget(tx, RESTORED_AT).await?;
        settings::forget(tx, KNOWN_UNTIL).await?;
        settings::put(tx, ANSWERED, &format!("{} {} {}", since.0, gap.to.0, now.0)).await?;
        self.book_lost_money(tx, by, Whose::All, None).await?;
        audit::note(self, tx, by, "restore.confirm", 0).await
    }
}

/// True while everything stands still after a restore.
pub(crate) async fn is_held(db: &impl ConnectionTrait) -> Result<bool, Error> {
    Ok(settings::find(db, RESTORED_AT).await?.is_some())
}

/// Waits until nobody else is entering claims that were lost: what is read after this holds all of them, or whoever enters
/// more will see what this transaction writes. Whoever ends a standstill meanwhile puts the second row in place of the first.
pub(crate) async fn await_settlement(tx: &Tx) -> Result<(), Error> {
    for row in [RESTORED_AT, ANSWERED] {
        settings::locked(tx.conn(), row, Lock::ForUpdate).await?;
    }
    Ok(())
}

async fn instant(db: &impl ConnectionTrait, name: &str) -> Result<Option<UnixMs>, Error> {
    let kept = settings::find(db, name).await?;
    kept.map(|text| text.parse().map(UnixMs).map_err(Error::broken)).transpose()
}

/// The days whose bills have to tell what was paid, while everything stands still after a restore.
pub(crate) async fn gap(db: &impl ConnectionTrait) -> Result<Option<Gap>, Error> {
    let Some(restored_at) = instant(db, RESTORED_AT).await? else { return Ok(None) };
    let known_until = instant(db, KNOWN_UNTIL).await?.unwrap_or(restored_at);
    Ok(Some(Gap::between(known_until, restored_at)))
}

/// The gap of this standstill; or of the last one that ended: while WeChat still tells whom it paid, a corrected bill of
/// one of its days may bring what the first one did not have.
pub(crate) async fn question(db: &impl ConnectionTrait, now: UnixMs) -> Result<Option<Question>, Error> {
    match gap(db).await? {
        Some(gap) => {
            let former = answered(db, now).await?;
            let since = former.map_or(gap.from, |former| former.since.min(gap.from));
            Ok(Some(Question { gap, since, ended_at: None }))
        }
        None => answered(db, now).await,
    }
}

async fn answered(db: &impl ConnectionTrait, now: UnixMs) -> Result<Option<Question>, Error> {
    let Some(kept) = settings::find(db, ANSWERED).await? else { return Ok(None) };
    let numbers: Option<Vec<i64>> = kept.split(' ').map(|number| number.parse().ok()).collect();
    let Some(&[from, to, ended_at]) = numbers.as_deref() else {
        return Err(Error::broken(format!("{ANSWERED} is {kept:?}")));
    };
    let told_since = now.plus(-retry::NOT_FOUND_BELIEVED_UNTIL_MS).day();
    let gap = Gap { from: BeijingDay(from), to: BeijingDay(to) };
    Ok((told_since <= gap.to).then_some(Question { gap, since: gap.from, ended_at: Some(UnixMs(ended_at)) }))
}
