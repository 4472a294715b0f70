//! The ageing list and what staff do about a payout: look again now, hold it, give it up, or send it anew.
//! Refuses a new number while the old one may still pay.

use crate::claims::Claimant;
use crate::payouts::Heard;
use crate::store::budgets::{self, Transfer};
use crate::store::payouts::{self, Frozen, NewPayout, Payout};
use crate::store::{ageing as store, bills, campaigns, caps, strangers};
use crate::{Engine, Error, audit, prizes, restore};
use rules::ageing::Ageing;
use rules::ids::PayoutId;
use rules::ledger;
use rules::operator::Operator;
use rules::payout::{PAID_SINCE_BACKUP, Rail, State};
use rules::say::{Lang, alert as say, bill as bill_say, campaign as campaign_say, rehearsal as rehearsal_say};
use rules::time::BeijingDay;

/// How many payouts a list holds.
const SHOWN: i64 = 1000;

impl Engine {
    /// Every payout without an end (the oldest thousand), with its age and its deadline.
    pub async fn ageing(&self) -> Result<Vec<Ageing>, Error> {
        store::open(self.db().read(), SHOWN).await
    }

    /// Sends or asks about a payout now, and releases it when it was held. Errors: it has an end, or is being sent.
    pub async fn retry_now(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<(), Error> {
        self.retried(|| self.retry_now_once(by, payout, lang)).await
    }

    async fn retry_now_once(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<(), Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        if !store::make_due(&mut tx, payout, now).await? {
            return Err(Error::conflict(say::not_waiting(lang)));
        }
        audit::note(self, &mut tx, by, "payout.retry", payout.0).await?;
        tx.commit().await?;
        self.wake_worker();
        Ok(())
    }

    /// Keeps a queued payout from being sent until somebody says otherwise. Errors: it is not queued.
    pub async fn hold_payout(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<(), Error> {
        self.retried(|| self.hold_payout_once(by, payout, lang)).await
    }

    async fn hold_payout_once(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        if !store::hold(&mut tx, payout).await? {
            return Err(Error::conflict(say::not_waiting(lang)));
        }
        audit::note(self, &mut tx, by, "payout.hold", payout.0).await?;
        tx.commit().await
    }

    /// Never sends a payout whose person was paid under another number since a backup: its money is free again. Errors
    /// (conflict): it waits for another reason, or not at all; a bill is wanted, or says that it was paid itself.
    pub async fn give_up(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<(), Error> {
        let waiting = self.retried(|| self.begin_to_give_up(by, payout, lang)).await?;
        let heard = Heard::of_one_paid_otherwise();
        if self.learn(&waiting, &heard).await? { Ok(()) } else { Err(Error::conflict(say::not_waiting(lang))) }
    }

    /// Who gave it up is written before it ends. That it was not paid is the bills' word: all of them from its first call
    /// to the day after which a last one could not be paid any more.
    async fn begin_to_give_up(&self, by: &Operator, id: PayoutId, lang: Lang) -> Result<Payout, Error> {
        let mut tx = self.db().begin().await?;
        restore::await_settlement(&tx).await?;
        let payout = payouts::by_id(&tx, id).await?.ok_or_else(Error::not_found)?;
        let waits = store::is_held(tx.conn(), id).await? && payout.err_code == PAID_SINCE_BACKUP;
        if !waits {
            return Err(Error::conflict(say::not_waiting(lang)));
        }
        let Frozen { mch_id, mch_billno, rail, .. } = &payout.request;
        // What was never called and comes from no backup cannot have been paid.
        if let Some((first, last)) = payout.called_at.or(payout.doubted_at).zip(payout.called_at.max(payout.doubted_at))
        {
            let (from, to) = (first.day(), if *rail == Rail::Transfer { last.day().next() } else { last.day() });
            let there = bills::days(tx.conn(), mch_id, from, to).await?;
            if (from.0..=to.0).any(|day| !there.contains(&BeijingDay(day))) {
                return Err(Error::conflict(bill_say::bills_first(lang)));
            }
        }
        if bills::is_paid(tx.conn(), mch_id, mch_billno).await? {
            return Err(Error::conflict(say::paid_by_the_bill(lang)));
        }
        audit::note(self, &mut tx, by, "payout.give_up", id.0).await?;
        tx.commit().await?;
        Ok(payout)
    }

    /// Sends what failed or went back anew: a new number, reserved anew, on the campaign's rail of today.
    /// Errors: it may still pay; it was sent anew already; it is a tester's; its person was paid since a backup; the
    /// budget is short; its packet went to somebody else.
    pub async fn reissue(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<PayoutId, Error> {
        self.retried(|| self.reissue_once(by, payout, lang)).await
    }

    async fn reissue_once(&self, by: &Operator, payout: PayoutId, lang: Lang) -> Result<PayoutId, Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        restore::await_settlement(&tx).await?;
        let found = store::with_claim(&mut tx, payout).await?.ok_or_else(Error::not_found)?;
        // Under the line's lock nobody else sends the same claim anew meanwhile.
        budgets::lock(&mut tx, found.campaign).await?;
        let ended = store::with_claim(&mut tx, payout).await?.ok_or_else(Error::not_found)?;
        if !matches!(ended.state, State::Failed | State::Returned) {
            return Err(Error::conflict(say::not_failed(lang)));
        }
        if ended.rehearsal {
            return Err(Error::conflict(rehearsal_say::no_reissue(lang)));
        }
        if ended.another_alive {
            return Err(Error::conflict(say::paid_meanwhile(lang)));
        }
        if strangers::was_paid_otherwise(tx.conn(), payout).await? {
            return Err(Error::conflict(say::paid_since_backup(lang)));
        }
        let campaign = campaigns::by_id(tx.conn(), ended.campaign).await?.ok_or_else(Error::not_found)?;
        let who =
            Claimant { appid: ended.appid.clone(), openid: ended.payee.clone(), unionid: None, ip: String::new() };
        let id = PayoutId(self.draw().id(now));
        let reserve = Transfer {
            id: self.draw().id(now),
            line: ended.line,
            event: ledger::Event::Reserve,
            amount: ended.amount,
            payout: Some(id),
            operator: Some(by.id),
            at: now,
        };
        if !budgets::transfer(&mut tx, &[reserve]).await? {
            return Err(Error::conflict(campaign_say::budget_short(lang)));
        }
        if !prizes::stock::take_again(&mut tx, &ended).await? {
            return Err(Error::conflict(say::packet_gone(lang)));
        }
        let merchant = self.merchant_in(tx.conn(), &campaign.mch_id).await?;
        let request = self.freeze(&merchant.apiv2_key, &campaign, &who, ended.amount, now)?;
        let new = NewPayout { id, claim: ended.claim, line: ended.line, amount: ended.amount, request, at: now };
        payouts::queue(tx.conn(), &[new]).run(&mut tx).await?;
        caps::count(&mut tx, id, ended.amount.get()).await?;
        audit::note(self, &mut tx, by, "payout.reissue", payout.0).await?;
        tx.commit().await?;
        self.wake_worker();
        self.touch();
        Ok(id)
    }
}
