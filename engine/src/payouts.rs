//! Payouts: lease, call, learn. One number per payout, and a third answer: nobody knows.
//! Refuses to give money back, or to use a new number, while the end is unknown.

use crate::store::Tx;
use crate::store::budgets::{self, Transfer};
use crate::store::live::{self as rollups, Key};
use crate::store::payouts::{self as store, Learned, Payout};
use crate::{Engine, Error, crash};
use rules::ledger;
use rules::live::Figures;
use rules::payout::{Event, State};
use rules::retry;
use rules::time::{UnixMs, hours, secs};
use wechat::pay::redpack::{ErrCode, HbAnswer, HbStatus, Outcome, Reaction};

/// How long a worker may hold a payout; longer than any call takes.
const LEASE_MS: i64 = secs(60);
/// How many payouts one round takes.
const BATCH: i64 = 16;

/// What was heard about a payout: the event, WeChat's words, and when to look again.
struct Heard {
    event: Event,
    err_code: String,
    err_code_des: String,
    again_in_ms: Option<i64>,
}

impl Heard {
    fn plain(event: Event) -> Self {
        Self { event, err_code: String::new(), err_code_des: String::new(), again_in_ms: None }
    }

    fn again(event: Event, ms: i64, err_code: String, err_code_des: String) -> Self {
        Self { event, err_code, err_code_des, again_in_ms: Some(ms) }
    }
}

impl Engine {
    /// One round of the payout worker: due calls, then due questions. Tells how many payouts it handled.
    pub async fn work_once(&self) -> Result<usize, Error> {
        let sent = self.send_due().await?;
        let asked = self.ask_due().await?;
        Ok(sent + asked)
    }

    /// A process that starts alone on its database knows that all leases belong to a process that is gone.
    pub async fn abandon_leases(&self) -> Result<u64, Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let n = store::abandon_leases(&mut tx, self.clock().now()).await?;
            tx.commit().await?;
            Ok(n)
        })
        .await
    }

    /// When the next payout is due, if any is under way.
    pub async fn next_due(&self) -> Result<Option<UnixMs>, Error> {
        store::next_due(self.db().read()).await
    }

    /// How many payouts stand at `state`.
    pub async fn payouts_at(&self, state: State) -> Result<i64, Error> {
        store::count(self.db().read(), state).await
    }

    async fn send_due(&self) -> Result<usize, Error> {
        if self.is_held_after_restore().await? {
            return Ok(0);
        }
        let now = self.clock().now();
        crash::point("payout_before_lease");
        let lease = || async {
            let mut tx = self.db().begin().await?;
            store::expire_leases(&mut tx, now).await?;
            let due = store::lease_due(&mut tx, now, now.plus(LEASE_MS), BATCH).await?;
            tx.commit().await.map(|()| due)
        };
        let due = self.retried(lease).await?;
        if !due.is_empty() {
            crash::point("payout_after_lease");
        }
        let calls = due.iter().map(async |payout| {
            let outcome = self.send(payout).await;
            crash::point("payout_after_call");
            self.learn(payout, &heard_from_call(payout, outcome)).await
        });
        for result in futures::future::join_all(calls).await {
            result?;
        }
        Ok(due.len())
    }

    async fn ask_due(&self) -> Result<usize, Error> {
        let now = self.clock().now();
        let take = || async {
            let mut tx = self.db().begin().await?;
            let due = store::take_questions(&mut tx, now, now.plus(LEASE_MS), BATCH).await?;
            tx.commit().await.map(|()| due)
        };
        let due = self.retried(take).await?;
        let questions = due.iter().map(async |payout| {
            let answer = self.ask(payout).await;
            crash::point("query_after_call");
            let heard = heard_from_question(payout, answer, self.clock().now());
            self.learn(payout, &heard).await?;
            crash::point("query_after_learn");
            Ok::<_, Error>(())
        });
        for result in futures::future::join_all(questions).await {
            result?;
        }
        Ok(due.len())
    }

    /// Writes what was heard, with the money it moves, in one transaction.
    async fn learn(&self, payout: &Payout, heard: &Heard) -> Result<(), Error> {
        self.retried(|| self.learn_once(payout, heard)).await
    }

    async fn learn_once(&self, payout: &Payout, heard: &Heard) -> Result<(), Error> {
        let now = self.clock().now();
        crash::point("payout_before_learn");
        let mut tx = self.db().begin().await?;
        let current = store::by_id(&tx, payout.id).await?.ok_or_else(Error::not_found)?;
        let moved =
            current.state != payout.state || (current.attempts, current.asked) != (payout.attempts, payout.asked);
        if moved {
            tracing::info!(payout.mch_billno = %payout.request.mch_billno, "a payout moved while its answer was under way");
            return Ok(());
        }
        let state =
            if is_same(current.state, heard.event) { current.state } else { current.state.event(heard.event)? };
        let accepts =
            current.accepted_at.is_none() && matches!(state, State::Sent | State::Collected | State::Returned);
        let learned = Learned {
            state,
            due_at: due_after(state, &current, heard, now),
            doubted_at: (state == State::Unknown && current.state != State::Unknown).then_some(now),
            accepted_at: accepts.then_some(now),
            ended_at: state.is_final().then_some(now),
            err_code: heard.err_code.clone(),
            err_code_des: heard.err_code_des.clone(),
            asked: if state == current.state { current.asked } else { 0 },
        };
        if !store::learn(&mut tx, payout.id, current.state, &learned).await? {
            return Err(Error::broken("a payout changed inside its own transaction"));
        }
        self.move_money(&mut tx, &current, state, accepts, now).await?;
        tx.commit().await?;
        crash::point("payout_after_learn");
        if state != current.state {
            let (from, to) = (current.state.name(), state.name());
            tracing::info!(payout.mch_billno = %payout.request.mch_billno, from, to, err_code = %heard.err_code, "payout");
        }
        self.touch();
        Ok(())
    }

    async fn move_money(
        &self,
        tx: &mut Tx,
        payout: &Payout,
        state: State,
        accepts: bool,
        now: UnixMs,
    ) -> Result<(), Error> {
        let mut events = Vec::new();
        if accepts {
            events.push(ledger::Event::Pay);
        }
        let was_paid = accepts || payout.accepted_at.is_some();
        match (state, was_paid) {
            (State::Returned, _) | (State::Failed, true) => events.push(ledger::Event::Return),
            (State::Failed, false) => events.push(ledger::Event::Void),
            _ => {}
        }
        for event in events {
            let id = self.draw().id(now);
            let (line, amount) = (payout.line, payout.amount);
            let t = Transfer { id, line, event, amount, payout: Some(payout.id), operator: None, at: now };
            if !budgets::transfer(tx, &t).await? {
                return Err(Error::broken(format!("line {line} holds too little for {}", event.name())));
            }
        }
        if accepts && let Some((campaign, account, link)) = store::counted_for(tx, payout.id).await? {
            let key = Key { campaign, account, link, minute: now.minute() };
            let delta = Figures { paid: 1, paid_fen: payout.amount, ..Figures::default() }.into();
            rollups::add(tx, &key, self.settings().node, &delta).await?;
        }
        Ok(())
    }
}

/// True when the event tells nothing new.
const fn is_same(state: State, event: Event) -> bool {
    matches!((state, event), (State::Sent, Event::Accepted | Event::DontKnow))
}

fn due_after(state: State, payout: &Payout, heard: &Heard, now: UnixMs) -> Option<UnixMs> {
    let wait = match state {
        State::Collected | State::Returned | State::Failed => return None,
        State::Sent if payout.state != State::Sent => retry::collected_wait_ms(0),
        State::Sent => retry::collected_wait_ms(payout.asked),
        State::Unknown if payout.state != State::Unknown => retry::query_wait_ms(0),
        State::Unknown => retry::query_wait_ms(payout.asked),
        State::Queued | State::Sending | State::WaitingConfirm => retry::resend_wait_ms(payout.attempts),
    };
    Some(now.plus(heard.again_in_ms.unwrap_or(wait)))
}

fn heard_from_call(payout: &Payout, outcome: Outcome) -> Heard {
    match outcome {
        Outcome::Sent { .. } => Heard::plain(Event::Accepted),
        Outcome::Unknown { err_code, why } => Heard {
            event: Event::DontKnow,
            err_code: err_code.unwrap_or_default(),
            err_code_des: why.chars().take(200).collect(),
            again_in_ms: None,
        },
        Outcome::Refused { err_code, err_code_des } => {
            let code = err_code.as_str().to_owned();
            let wait = retry::resend_wait_ms(payout.attempts);
            let ask =
                |code| Heard { event: Event::DontKnow, err_code: code, err_code_des: String::new(), again_in_ms: None };
            let doubted = payout.doubted_at.is_some();
            match err_code.reaction() {
                Reaction::NewNumberAllowed => {
                    Heard { event: Event::Refused, err_code: code, err_code_des, again_in_ms: None }
                }
                // The refusal speaks of this request only; an earlier one of the same number may have been paid.
                Reaction::FinalForUser | Reaction::FixConfiguration if doubted => ask(code),
                Reaction::FinalForUser | Reaction::FixConfiguration => {
                    Heard { event: Event::Refused, err_code: code, err_code_des, again_in_ms: None }
                }
                Reaction::SameNumberLater => Heard::again(Event::NotYet, wait, code, err_code_des),
                reaction @ (Reaction::PauseRail | Reaction::Alert | Reaction::NextDay) => {
                    tracing::error!(payout.mch_billno = %payout.request.mch_billno, err_code = %code, "WeChat Pay holds payouts up until somebody mends it or the day is over");
                    let later = if reaction == Reaction::NextDay { hours(6) } else { wait.max(secs(60)) };
                    if doubted { ask(code) } else { Heard::again(Event::NotYet, later, code, err_code_des) }
                }
                Reaction::AskFirst => ask(code),
            }
        }
    }
}

fn heard_from_question(payout: &Payout, answer: HbAnswer, now: UnixMs) -> Heard {
    let info = match answer {
        HbAnswer::Found(info) => info,
        HbAnswer::NotFound => return heard_not_found(payout, now),
        HbAnswer::Unknown { err_code, why } => {
            let quiet = payout.called_at.is_none_or(|called| now.since(called) >= retry::SYSTEM_ERROR_BELIEVED_MS);
            let often = payout.asked >= retry::SYSTEM_ERROR_BELIEVED_ASKED;
            match err_code.as_deref() {
                // Harmless to send again under the same number; never a reason to give money back.
                Some("SYSTEMERROR") if quiet && often && !is_refused_for_good(payout) => {
                    return heard_not_found(payout, now);
                }
                Some("SYSTEMERROR") | None => {}
                Some(code) => {
                    tracing::error!(payout.mch_billno = %payout.request.mch_billno, err_code = code, "WeChat Pay does not answer what became of a payout");
                }
            }
            return Heard { err_code_des: why.chars().take(200).collect(), ..still_unknown(payout) };
        }
    };
    if info.total_amount != payout.amount.get() {
        let why = format!("WeChat holds {} fen under this number", info.total_amount);
        tracing::error!(payout.mch_billno = %payout.request.mch_billno, why, "the amounts of a payout differ; somebody has to look");
        return Heard { err_code: "AMOUNT_DIFFERS".to_owned(), err_code_des: why, ..Heard::plain(Event::DontKnow) };
    }
    match info.status {
        HbStatus::Sent | HbStatus::RefundIng => Heard::plain(Event::Accepted),
        HbStatus::Received => Heard::plain(Event::Taken),
        HbStatus::Refund => Heard::plain(Event::GivenBack),
        HbStatus::Failed => Heard {
            err_code: "FAILED".to_owned(),
            err_code_des: info.reason.unwrap_or_default(),
            ..Heard::plain(Event::TurnedOut)
        },
        HbStatus::Sending | HbStatus::Unrecognised(_) => still_unknown(payout),
    }
}

/// WeChat knows no such bill. That is believed only between five minutes and 29 days after the last call: then the
/// same bytes go out under the same number. Where their repetition was refused for good, a day of doubt ends it.
fn heard_not_found(payout: &Payout, now: UnixMs) -> Heard {
    if payout.state != State::Unknown {
        return still_unknown(payout);
    }
    let quiet = payout.called_at.map_or(retry::NOT_FOUND_BELIEVED_MS, |called| now.since(called));
    let believed = (retry::NOT_FOUND_BELIEVED_MS..retry::NOT_FOUND_BELIEVED_UNTIL_MS).contains(&quiet);
    let refused_for_good = is_refused_for_good(payout);
    if quiet >= retry::NOT_FOUND_BELIEVED_UNTIL_MS {
        tracing::error!(payout.mch_billno = %payout.request.mch_billno, "WeChat forgot a payout before its end was known; the fund-flow bill has to tell");
    }
    let doubted_long = payout.doubted_at.is_some_and(|since| now.since(since) >= retry::DOUBT_ENDS_MS);
    let kept = Heard { err_code: payout.err_code.clone(), ..Heard::plain(Event::DontKnow) };
    match (believed, refused_for_good) {
        (false, _) => kept,
        (true, true) if doubted_long => Heard { event: Event::TurnedOut, ..kept },
        (true, true) => kept,
        (true, false) => {
            let wait = retry::resend_wait_ms(payout.attempts);
            Heard { event: Event::NeverArrived, again_in_ms: Some(wait), ..kept }
        }
    }
}

/// The last refusal was of a kind that no repetition mends.
fn is_refused_for_good(payout: &Payout) -> bool {
    let final_reactions =
        |code: ErrCode| matches!(code.reaction(), Reaction::FinalForUser | Reaction::FixConfiguration);
    payout.err_code.parse::<ErrCode>().is_ok_and(final_reactions)
}

/// Nothing new; what WeChat said last is kept.
fn still_unknown(payout: &Payout) -> Heard {
    Heard { err_code: payout.err_code.clone(), ..Heard::plain(Event::DontKnow) }
}
