//! Reconciliation: the merchant's fund-flow bills beside our books, day by day and both ways.
//! Refuses to mend anything: it shows where the sides differ, and a person decides.

use crate::store::{Tx, bills as store};
use crate::{Engine, Error, audit, restore, strangers};
use rules::bill::{DayBill, Imported, Reconciled, days_of};
use rules::ids::MchId;
use rules::operator::Operator;
use rules::say::{Lang, bill as say};
use rules::time::BeijingDay;
use std::collections::HashSet;

/// How many differences a day shows.
const SHOWN: i64 = 1000;
/// How many days a list shows.
const DAYS_SHOWN: i64 = 62;

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// The day is new.
    New,
    /// The same file was imported before: nothing changed.
    Same,
    /// A corrected file took the place of an earlier one.
    Replaced,
}

impl Engine {
    /// Imports the bill of a day, for `mch_id` or the merchant that the file names. Errors (conflict): the day is not
    /// over; no such merchant, or another than the file's; a payment of the bill whose place it takes is not in it.
    pub async fn import_bill(
        &self,
        by: &Operator,
        mch_id: Option<MchId>,
        bill: &DayBill,
        lang: Lang,
    ) -> Result<(Imported, News), Error> {
        let mch_id = self.merchant_of_bill(mch_id, bill, lang).await?;
        if bill.day >= self.clock().now().day() {
            return Err(Error::conflict(say::wait_for_end(lang)));
        }
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let done = self.import_in(&mut tx, by, &mch_id, bill, lang).await?;
            tx.commit().await.map(|()| done)
        })
        .await
    }

    /// Says that no money of this merchant moved on a day: WeChat makes no bill for it. Errors (conflict): the day has a
    /// bill with rows, or is not over; no such merchant.
    pub async fn nothing_on(&self, by: &Operator, mch_id: MchId, day: BeijingDay, lang: Lang) -> Result<(), Error> {
        self.import_bill(by, Some(mch_id), &DayBill::of_nothing(day), lang).await?;
        Ok(())
    }

    async fn import_in(
        &self,
        tx: &mut Tx,
        by: &Operator,
        mch_id: &MchId,
        bill: &DayBill,
        lang: Lang,
    ) -> Result<(Imported, News), Error> {
        // Whoever ends a standstill has seen this bill, or this one comes after it.
        restore::await_settlement(tx).await?;
        let news = match store::find(tx.conn(), mch_id, bill.day).await? {
            Some((there, hash)) if hash == bill.hash => return Ok((there, News::Same)),
            Some((there, _)) if bill.is_of_nothing() && there.ours + there.foreign > 0 => {
                return Err(Error::conflict(say::has_a_bill(lang)));
            }
            // WeChat takes no payment back from a bill: this is another account's, or was changed.
            Some(_) => match store::dropped(tx.conn(), mch_id, bill).await?.as_slice() {
                [] => News::Replaced,
                dropped @ [first, ..] => return Err(Error::conflict(say::drops(dropped.len(), first, lang))),
            },
            None => News::New,
        };
        let now = self.clock().now();
        store::put(tx, mch_id, bill, by.id, now).await?;
        if let Some(question) = restore::question(tx.conn(), now).await? {
            strangers::enter_all(tx, &question, now).await?;
        }
        audit::note(self, tx, by, "bill.import", bill.day.0).await?;
        let (there, _) = store::find(tx.conn(), mch_id, bill.day).await?.ok_or_else(Error::not_found)?;
        Ok((there, news))
    }

    async fn merchant_of_bill(&self, asked: Option<MchId>, bill: &DayBill, lang: Lang) -> Result<MchId, Error> {
        let known = store::merchants(self.db().read()).await?;
        let wanted = match (asked, &bill.mch_id) {
            (Some(asked), Some(named)) if asked != *named => {
                return Err(Error::conflict(say::other_merchant(named, lang)));
            }
            (Some(asked), _) => asked,
            (None, Some(named)) => named.clone(),
            (None, None) => match (&bill.submitted_by, known.as_slice()) {
                (Some(hint), _) => hint.clone(),
                (None, [only]) => only.clone(),
                (None, []) => return Err(Error::conflict(say::no_merchant(lang))),
                (None, [_, ..]) => return Err(Error::conflict(say::which_merchant(lang))),
            },
        };
        if known.contains(&wanted) {
            return Ok(wanted);
        }
        Err(Error::conflict(say::other_merchant(&wanted, lang)))
    }

    /// The newest days whose bills were imported.
    pub async fn imported_bills(&self) -> Result<Vec<Imported>, Error> {
        store::newest(self.db().read(), DAYS_SHOWN).await
    }

    /// One merchant's day: both sides and where they differ. Errors: its bill was not imported.
    pub async fn reconciliation(&self, mch_id: &MchId, day: BeijingDay) -> Result<Reconciled, Error> {
        let tx = self.db().begin_read().await?;
        let db = tx.conn();
        let (bill, _) = store::find(db, mch_id, day).await?.ok_or_else(Error::not_found)?;
        let mut differences = store::differing(db, mch_id, day, SHOWN).await?;
        let alone = store::alone(db, mch_id, day, SHOWN).await?;
        let first = alone.iter().flat_map(|ours| days_of(ours.first, ours.heard)).min().unwrap_or(day);
        let imported: HashSet<_> = store::days(db, mch_id, first, day.next()).await?.into_iter().collect();
        let mut waiting = 0;
        for ours in alone {
            if days_of(ours.first, ours.heard).all(|day| imported.contains(&day)) {
                differences.push(ours.difference);
            } else {
                waiting += 1;
            }
        }
        differences.truncate(usize::try_from(SHOWN).map_err(Error::broken)?);
        let (ours, theirs) = (store::ours(db, mch_id, day).await?, store::theirs(db, mch_id, day).await?);
        Ok(Reconciled { bill, ours, theirs, waiting, differences })
    }
}
