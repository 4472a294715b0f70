//! After a restore: who was paid since the backup, by the fund-flow bills and by what WeChat tells of each number.
//! Refuses to end the standstill while a bill is missing, or while somebody was paid whom nobody can name. What a corrected
//! bill brings afterwards is entered, too, while WeChat still tells whom it paid.
//!
//! A bill names numbers, not people. WeChat names the person of a transfer, and of a packet once it is opened. A packet
//! that waits to be opened keeps everything standing until it is opened or went back, a day at most. Where WeChat names
//! nobody, staff have to say that they accept a second claim of that person: `accept_unnamed`.

use crate::operators::console;
use crate::restore::{self, Gap, Question};
use crate::store::budgets::{self, Transfer};
use crate::store::strangers::{self as store, Found, Lost, Purse, Stranger, Whose};
use crate::store::{Tx, alerts, bills, operators};
use crate::{Engine, Error, audit};
use rules::Fen;
use rules::alert;
use rules::bill::Missing;
use rules::ids::{Appid, CampaignId, LineId, MchBillno, MchId, Openid};
use rules::ledger;
use rules::operator::Operator;
use rules::payout::{PAID_SINCE_BACKUP, Rail};
use rules::retry;
use rules::say::{Lang, bill as say};
use rules::time::{BeijingDay, UnixMs, minutes};
use sea_orm::ConnectionTrait;
use std::time::Duration;
use wechat::pay::gethbinfo::HbStatus;
use wechat::pay::redpack::HbAnswer;
use wechat::pay::transfer::{BillState, TransferAnswer};

/// How many questions are under way at once.
const ASKED_AT_ONCE: usize = 8;
/// How long they may take: a page waits for them. Whoever was not asked for is the first next time.
const ASKED_WITHIN: Duration = Duration::from_secs(12);

/// How long after staff did something they may still be at work.
const AT_WORK_MS: i64 = minutes(30);

/// How the standstill may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// Once everybody who was paid is named, and staff are not at work: they may be entering what is not in the backup.
    ByItself,
    /// Once everybody who was paid is named.
    WithNames,
    /// Although somebody is not, once WeChat was asked for all of them.
    WithoutNames,
}

/// How the standstill after a restore stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standstill {
    /// Nothing stands still. Tells how many claims were entered all the same: a bill came after the end.
    None(u64),
    /// It ended with this: everybody who was paid is known. Tells how many claims were entered.
    Ended(u64),
    /// It goes on.
    GoesOn {
        /// The bills that are wanted, merchant by merchant.
        wanted: Vec<(MchId, Vec<BeijingDay>)>,
        /// Payments whose person is not known, with their amounts.
        nameless: Vec<(MchBillno, Fen)>,
        /// Of how many of them WeChat was not asked yet: each time there is time for some.
        unasked: i64,
    },
}

impl Engine {
    /// Looks at everything that was imported since a restore, asks WeChat for the people behind numbers that our books
    /// do not know, enters them as claimed, and ends the standstill once nothing is missing.
    pub async fn settle_after_restore(&self, by: &Operator) -> Result<Standstill, Error> {
        self.settle(by, Ends::WithNames).await
    }

    /// The same, and ends the standstill although some who were paid cannot be named: they could claim a second time.
    /// While a bill is wanted, or WeChat was not asked for all of them, it goes on, as that may name more of them.
    pub async fn settle_without_names(&self, by: &Operator) -> Result<Standstill, Error> {
        self.settle(by, Ends::WithoutNames).await
    }

    async fn settle(&self, by: &Operator, ends: Ends) -> Result<Standstill, Error> {
        let Some(question) = restore::question(self.db().read(), self.clock().now()).await? else {
            return Ok(Standstill::None(0));
        };
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            restore::await_settlement(&tx).await?;
            enter_all(&mut tx, &question, self.clock().now()).await?;
            tx.commit().await
        })
        .await?;
        self.ask_for_strangers().await?;
        let settled = self
            .retried(|| async {
                let mut tx = self.db().begin().await?;
                let settled = self.settle_in(&mut tx, by, ends).await?;
                tx.commit().await.map(|()| settled)
            })
            .await?;
        self.wake_worker();
        Ok(settled)
    }

    async fn settle_in(&self, tx: &mut Tx, by: &Operator, ends: Ends) -> Result<Standstill, Error> {
        let now = self.clock().now();
        restore::await_settlement(tx).await?;
        let Some(question) = restore::question(tx.conn(), now).await? else { return Ok(Standstill::None(0)) };
        // Each claim comes before this, or sees what it enters.
        store::lock_lines(tx).await?;
        // A bill may have come since the numbers of the others were entered.
        enter_all(tx, &question, now).await?;
        // Before people are entered: whoever is named meanwhile keeps everything standing once more.
        let Missing { wanted, nameless } = missing(tx.conn(), question.gap).await?;
        let unasked = store::unasked(tx.conn(), told_since(now)).await?;
        let entered = store::enter_claims(tx, question.ended_at).await?;
        for number in store::hold(tx).await? {
            held_since_backup(tx, &number, now).await?;
        }
        if question.ended_at.is_some() {
            self.book_lost_money(tx, by, Whose::Named, question.ended_at).await?;
            return Ok(Standstill::None(entered));
        }
        let accepted = match ends {
            Ends::ByItself => nameless.is_empty() && !are_staff_at_work(tx.conn(), question.gap, now).await?,
            Ends::WithNames => nameless.is_empty(),
            Ends::WithoutNames => unasked == 0,
        };
        if !wanted.is_empty() || !accepted {
            return Ok(Standstill::GoesOn { wanted, nameless, unasked });
        }
        self.end_hold_in(tx, by).await?;
        Ok(Standstill::Ended(entered))
    }

    /// What goes on by itself after a restore: WeChat is asked again for the people whom a bill paid, and the standstill
    /// ends once all are named and staff are not at work.
    pub async fn settle_by_itself(&self) -> Result<Standstill, Error> {
        let now = self.clock().now();
        let db = self.db().read();
        match restore::question(db, now).await? {
            None => return Ok(Standstill::None(0)),
            Some(question) if question.ended_at.is_some() && !store::is_any_unbooked(db).await? => {
                return Ok(Standstill::None(0));
            }
            Some(_) => {}
        }
        let settled = self.settle(&console(), Ends::ByItself).await?;
        if let Standstill::Ended(claims) = settled {
            tracing::info!(claims, "the standstill after the restore ended");
        }
        Ok(settled)
    }

    /// What was paid since the backup is not free any more: it is taken back from the lines that can have paid it, first
    /// from those of campaigns that run, and from those with the most. Only campaigns that were there at `there_at` can
    /// have paid; without it, all that are there now. Staff see it in the statements.
    pub(crate) async fn book_lost_money(
        &self,
        tx: &mut Tx,
        by: &Operator,
        whose: Whose,
        there_at: Option<UnixMs>,
    ) -> Result<(), Error> {
        let now = self.clock().now();
        let lost = store::book(tx, whose, now).await?;
        if lost.is_empty() {
            return Ok(());
        }
        let mut purses = store::purses(tx, there_at).await?;
        purses.sort_by_key(|purse| (!purse.runs, std::cmp::Reverse(purse.available), purse.line));
        for (campaign, line, amount) in taken_from(&mut purses, &lost) {
            let id = self.draw().id(now);
            let event = ledger::Event::Withdraw;
            let taken = Transfer { id, line, event, amount, payout: None, operator: Some(by.id), at: now };
            if !budgets::transfer(tx, &[taken]).await? {
                return Err(Error::broken(format!("line {line} changed under its lock")));
            }
            audit::note(self, tx, by, "restore.lost", campaign.0).await?;
        }
        Ok(())
    }

    /// What keeps everything standing after a restore, as far as it is known now; `None` when nothing stands still.
    /// Asks nobody and changes nothing.
    pub async fn missing_after_restore(&self) -> Result<Option<Missing>, Error> {
        let tx = self.db().begin_read().await?;
        let Some(gap) = restore::gap(tx.conn()).await? else { return Ok(None) };
        missing(tx.conn(), gap).await.map(Some)
    }

    /// Ends the standstill although some who were paid cannot be named: they could claim a second time. Errors
    /// (conflict): nothing stands still; a bill is wanted, or WeChat was not asked for all, and may name more of them.
    pub async fn accept_unnamed(&self, by: &Operator, lang: Lang) -> Result<(), Error> {
        match self.settle_without_names(by).await? {
            Standstill::Ended(_) => Ok(()),
            Standstill::GoesOn { wanted, .. } if wanted.is_empty() => Err(Error::conflict(say::not_all_asked(lang))),
            Standstill::GoesOn { .. } => Err(Error::conflict(say::bills_first(lang))),
            Standstill::None(_) => Err(Error::conflict(say::stands_no_more(lang))),
        }
    }

    /// Asks for as many as there is time for; what WeChat told stays.
    async fn ask_for_strangers(&self) -> Result<(), Error> {
        let open = store::open(self.db().read(), told_since(self.clock().now())).await?;
        let asked = tokio::time::timeout(ASKED_WITHIN, self.ask_for(&open)).await;
        asked.unwrap_or_else(|_| {
            tracing::warn!(strangers = open.len(), "not all whom a bill paid were asked for in this time");
            Ok(())
        })
    }

    async fn ask_for(&self, open: &[Stranger]) -> Result<(), Error> {
        for some in open.chunks(ASKED_AT_ONCE) {
            self.retried(|| async {
                let mut tx = self.db().begin().await?;
                store::begin_to_ask(&mut tx, some, self.clock().now()).await?;
                tx.commit().await
            })
            .await?;
            let asked = some.iter().map(async |stranger| {
                let payers = store::payers(self.db().read(), &stranger.mch_id).await?;
                let found = self.find_person(stranger, &payers).await;
                self.retried(|| async {
                    let mut tx = self.db().begin().await?;
                    // Whoever enters claims and books their money sees this person at both, or at neither.
                    restore::await_settlement(&tx).await?;
                    store::learn(&mut tx, stranger, &found, self.clock().now()).await?;
                    tx.commit().await
                })
                .await
            });
            for result in futures::future::join_all(asked).await {
                result?;
            }
        }
        Ok(())
    }

    async fn find_person(&self, stranger: &Stranger, payers: &[Appid]) -> Found {
        match stranger.rail {
            Rail::Redpack => self.find_opener(stranger, payers).await,
            Rail::Transfer => found_by_transfer(self.find_transfer(&stranger.mch_id, &stranger.mch_billno).await),
        }
    }

    /// Asks for a packet under every account that can have sent it.
    async fn find_opener(&self, stranger: &Stranger, payers: &[Appid]) -> Found {
        let mut untold = Found::Untold;
        for appid in payers {
            match self.find_packet(&stranger.mch_id, appid, &stranger.mch_billno).await {
                HbAnswer::NotFound => {}
                // Another account may have sent it, of which WeChat does tell.
                HbAnswer::Unknown { why, .. } => {
                    tracing::warn!(payout.mch_billno = %stranger.mch_billno, why, "WeChat Pay does not tell whom a packet went to");
                    untold = Found::Open;
                }
                HbAnswer::Found(packet) => {
                    return match packet.status {
                        HbStatus::Received => named(appid.as_str(), packet.openid.as_deref()),
                        HbStatus::Refund | HbStatus::RefundIng | HbStatus::Failed => Found::Back,
                        HbStatus::Sending | HbStatus::Sent | HbStatus::Unrecognised(_) => Found::Open,
                    };
                }
            }
        }
        untold
    }
}

/// Enters every payment of the bills of the gap that our books do not know. While everything stands still a later bill
/// has none, unless another server pays from the old books.
pub(crate) async fn enter_all(tx: &mut Tx, question: &Question, now: UnixMs) -> Result<(), Error> {
    let from = question.since;
    let to = if question.ended_at.is_none() { now.day() } else { question.gap.to.next() };
    for (mch_id, _) in store::merchants(tx.conn(), from).await? {
        store::enter(tx, &mch_id, from, to).await?;
    }
    Ok(())
}

/// True while staff may be entering what is not in the backup: something was done just now, or there is no merchant yet.
async fn are_staff_at_work(db: &impl ConnectionTrait, gap: Gap, now: UnixMs) -> Result<bool, Error> {
    let last = operators::last_noted(db).await?;
    let at_work = last.is_some_and(|at| (0..AT_WORK_MS).contains(&now.since(at)));
    Ok(at_work || store::merchants(db, gap.from).await?.is_empty())
}

/// What was paid before this WeChat does not tell of any more.
fn told_since(now: UnixMs) -> UnixMs {
    now.plus(-retry::NOT_FOUND_BELIEVED_UNTIL_MS)
}

/// Tells staff of a payout that waits because its person was paid under another number since the backup.
pub(crate) async fn held_since_backup(tx: &mut Tx, number: &MchBillno, now: UnixMs) -> Result<(), Error> {
    alerts::raise(tx, alert::Kind::PaidSinceBackup, number.as_str(), PAID_SINCE_BACKUP, now).await
}

/// How much of the lost money each line has to give up; where all of them together hold less, all of it. What an account
/// paid is its campaigns', those of the merchant that paid before those of another one.
fn taken_from(purses: &mut [Purse], lost: &[Lost]) -> Vec<(CampaignId, LineId, Fen)> {
    let mut taken = Vec::new();
    for Lost { mch_id, appid, amount } in lost {
        let mut wanted = *amount;
        for own in [true, false] {
            let fits = |purse: &Purse| {
                (purse.mch_id == *mch_id) == own && appid.as_ref().map_or(own, |appid| purse.payer == *appid)
            };
            for purse in purses.iter_mut().filter(|purse| fits(purse)) {
                let part = wanted.min(purse.available);
                if let (Some(left), Some(rest)) = (purse.available.checked_sub(part), wanted.checked_sub(part))
                    && !part.is_zero()
                {
                    (purse.available, wanted) = (left, rest);
                    taken.push((purse.campaign, purse.line, part));
                }
            }
        }
    }
    taken
}

/// The bills and the names that are missing.
async fn missing(db: &impl ConnectionTrait, gap: Gap) -> Result<Missing, Error> {
    let mut wanted = Vec::new();
    for (mch_id, transfers) in store::merchants(db, gap.from).await? {
        // A transfer that waits for its person is booked up to a day later.
        let to = if transfers { gap.to.next() } else { gap.to };
        let there = bills::days(db, &mch_id, gap.from, to).await?;
        let missing: Vec<_> = (gap.from.0..=to.0).map(BeijingDay).filter(|day| !there.contains(day)).collect();
        if !missing.is_empty() {
            wanted.push((mch_id, missing));
        }
    }
    let nameless = store::nameless(db).await?.into_iter().map(|s| (s.mch_billno, s.amount)).collect();
    Ok(Missing { wanted, nameless })
}

fn found_by_transfer(answer: TransferAnswer) -> Found {
    match answer {
        TransferAnswer::NotFound => Found::Untold,
        TransferAnswer::Differs { .. } | TransferAnswer::Unknown { .. } => Found::Open,
        TransferAnswer::Found(bill) => match bill.state {
            BillState::Failed { .. } | BillState::Cancelled => Found::Back,
            BillState::Success => named(bill.appid.as_deref().unwrap_or(""), bill.openid.as_deref()),
            BillState::Working | BillState::Waiting { .. } | BillState::Canceling | BillState::Unrecognised(_) => {
                Found::Open
            }
        },
    }
}

fn named(appid: &str, openid: Option<&str>) -> Found {
    let person = openid.and_then(|openid| Openid::try_from(openid).ok());
    match (Appid::try_from(appid), person) {
        (Ok(appid), Some(openid)) => Found::Known(appid, openid),
        (Ok(_) | Err(_), _) => Found::Untold,
    }
}
