//! Payouts: lease, call, learn. One number per payout, and a third answer: nobody knows.
//! Refuses to give money back, or to use a new number, while the end is unknown.

mod cancel;
mod redpack;
mod transfer;

pub(crate) use self::transfer::heard_from_bill;

use crate::payer::{Sent, Told};
use crate::store::Tx;
use crate::store::alerts;
use crate::store::budgets::{self, Transfer};
use crate::store::caps;
use crate::store::live::{self as rollups, Key};
use crate::store::payouts::{self as store, Learned, Payout};
use crate::store::strangers;
use crate::strangers::held_since_backup;
use crate::{Engine, Error, crash, prizes, rails, restore};
use rules::alert;
use rules::ids::PayoutId;
use rules::ledger;
use rules::live::Figures;
use rules::payout::{Back, Event, PAID_SINCE_BACKUP, Rail, State};
use rules::rail::{Trouble, next_day};
use rules::retry;
use rules::time::{UnixMs, secs};
use wechat::pay::err_code::{ErrCode, Reaction};
use wechat::pay::transfer::{Code, FailReason, Fault};

/// How long a worker may hold a payout; longer than any call takes.
const LEASE_MS: i64 = secs(60);
/// How many payouts one round takes.
const BATCH: i64 = 16;

/// What was heard about a payout: the event, WeChat's words, when to look again, and who has to know.
pub(crate) struct Heard {
    pub event: Event,
    err_code: String,
    err_code_des: String,
    again_in_ms: Option<i64>,
    /// What opens a transfer's confirm page.
    package_info: Option<String>,
    /// What makes the whole rail stand still.
    trouble: Option<Trouble>,
    /// What a person has to see of this payout.
    alert: Option<alert::Kind>,
}

/// A refusal that proves that this request sent nothing.
struct Refused {
    code: &'static str,
    des: String,
    reaction: Reaction,
    trouble: Trouble,
}

impl Heard {
    /// Staff say that it is not to be sent: its person was paid under another number.
    pub(crate) fn of_one_paid_otherwise() -> Self {
        Self { err_code: PAID_SINCE_BACKUP.to_owned(), ..Self::plain(Event::TurnedOut) }
    }

    fn plain(event: Event) -> Self {
        let (err_code, err_code_des) = (String::new(), String::new());
        Self { event, err_code, err_code_des, again_in_ms: None, package_info: None, trouble: None, alert: None }
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
            let due = rails::lease(&mut tx, now, now.plus(LEASE_MS), BATCH).await?;
            tx.commit().await.map(|()| due)
        };
        let due = self.retried(lease).await?;
        if !due.is_empty() {
            crash::point("payout_after_lease");
        }
        let calls = due.iter().map(async |payout| {
            let sent = self.send(payout).await;
            crash::point("payout_after_call");
            let now = self.clock().now();
            let heard = match sent {
                Sent::Redpack(outcome) => redpack::heard_from_call(payout, outcome, now),
                Sent::Transfer(outcome) => transfer::heard_from_start(payout, outcome, now),
            };
            self.learn(payout, &heard).await
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
            let told = self.ask(payout).await;
            crash::point("query_after_call");
            let now = self.clock().now();
            let heard = match told {
                Told::Redpack(answer) => redpack::heard_from_question(payout, answer, now),
                Told::Transfer(answer) => transfer::heard_from_query(payout, answer, now),
            };
            self.learn(payout, &heard).await?;
            crash::point("query_after_learn");
            Ok::<_, Error>(())
        });
        for result in futures::future::join_all(questions).await {
            result?;
        }
        Ok(due.len())
    }

    /// Writes what was heard, with the money it moves, in one transaction. False, and nothing written, when the payout
    /// moved since it was read.
    pub(crate) async fn learn(&self, payout: &Payout, heard: &Heard) -> Result<bool, Error> {
        self.retried(|| self.learn_once(payout, heard)).await
    }

    async fn learn_once(&self, payout: &Payout, heard: &Heard) -> Result<bool, Error> {
        let now = self.clock().now();
        crash::point("payout_before_learn");
        let mut tx = self.db().begin().await?;
        let current = store::by_id(&tx, payout.id).await?.ok_or_else(Error::not_found)?;
        let moved =
            current.state != payout.state || (current.attempts, current.asked) != (payout.attempts, payout.asked);
        if moved {
            tracing::info!(payout.mch_billno = %payout.request.mch_billno, "a payout moved while its answer was under way");
            return Ok(false);
        }
        let again = matches!(heard.event, Event::NeverArrived | Event::Repeat);
        let paid_otherwise = again && was_paid_otherwise(&tx, payout.id).await?;
        // WeChat has it, and nothing is sent while everything stands still: it is asked until its own end.
        let asks_on = heard.event == Event::Repeat && restore::is_held(tx.conn()).await?;
        let event = if asks_on { Event::DontKnow } else { heard.event };
        let state = if is_same(current.state, event) { current.state } else { current.state.event(event)? };
        let accepts = current.accepted_at.is_none() && state.is_paid_on(current.request.rail);
        let begins_to_wait = state == State::WaitingConfirm && current.state != State::WaitingConfirm;
        let held = paid_otherwise && state == State::Queued;
        let learned = Learned {
            state,
            due_at: due_after(state, &current, heard, now).filter(|_| !held),
            doubted_at: (state == State::Unknown && current.state != State::Unknown).then_some(now),
            accepted_at: accepts.then_some(now),
            ended_at: state.is_final().then_some(now),
            err_code: if held { PAID_SINCE_BACKUP.to_owned() } else { heard.err_code.clone() },
            err_code_des: heard.err_code_des.clone(),
            asked: if state == current.state { current.asked } else { 0 },
            package_info: heard.package_info.clone(),
            expires_at: begins_to_wait.then(|| now.plus(retry::CONFIRM_WITHIN_MS)),
        };
        if !store::learn(&mut tx, payout.id, current.state, &learned).await? {
            return Err(Error::broken("a payout changed inside its own transaction"));
        }
        self.move_money(&mut tx, &current, state, accepts, now).await?;
        warn(&mut tx, &current, heard, now).await?;
        if held {
            held_since_backup(&mut tx, &current.request.mch_billno, now).await?;
        }
        tx.commit().await?;
        crash::point("payout_after_learn");
        if state != current.state {
            let (from, to) = (current.state.name(), state.name());
            tracing::info!(payout.mch_billno = %payout.request.mch_billno, from, to, err_code = %heard.err_code, "payout");
        }
        self.touch();
        Ok(true)
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
            (State::Returned | State::Failed, true) => events.push(ledger::Event::Return),
            (State::Returned | State::Failed, false) => events.push(ledger::Event::Void),
            (
                State::Queued
                | State::Sending
                | State::Unknown
                | State::Sent
                | State::WaitingConfirm
                | State::Collected,
                _,
            ) => {}
        }
        let transfer = |event| Transfer {
            id: self.draw().id(now),
            line: payout.line,
            event,
            amount: payout.amount,
            payout: Some(payout.id),
            operator: None,
            at: now,
        };
        let transfers: Vec<_> = events.iter().copied().map(transfer).collect();
        if !budgets::transfer(tx, &transfers).await? {
            return Err(Error::broken(format!("line {} holds too little for {events:?}", payout.line)));
        }
        if events.iter().any(|event| matches!(event, ledger::Event::Void | ledger::Event::Return))
            && let Some((campaign, claim)) = caps::count(tx, payout.id, -payout.amount.get()).await?
        {
            prizes::stock::give_back(tx, campaign, claim).await?;
        }
        if accepts && let Some((campaign, account, link)) = store::counted_for(tx, payout.id).await? {
            let key = Key { campaign, account, link, minute: now.minute() };
            let delta = Figures { paid: 1, paid_fen: payout.amount, ..Figures::default() }.into();
            rollups::add(tx, self.settings().node, &rollups::one(key, &delta)).await?;
        }
        Ok(())
    }
}

/// True when a payout that is about to be sent again is for somebody who was paid otherwise since a backup.
async fn was_paid_otherwise(tx: &Tx, payout: PayoutId) -> Result<bool, Error> {
    restore::await_settlement(tx).await?;
    strangers::was_paid_otherwise(tx.conn(), payout).await
}

/// True when the event tells nothing new.
const fn is_same(state: State, event: Event) -> bool {
    matches!(
        (state, event),
        (State::Sent, Event::Accepted | Event::DontKnow) | (State::WaitingConfirm, Event::Waits | Event::DontKnow)
    )
}

/// Pauses the rail and raises the alert that an answer calls for.
async fn warn(tx: &mut Tx, payout: &Payout, heard: &Heard, now: UnixMs) -> Result<(), Error> {
    let request = &payout.request;
    if let Some(trouble) = heard.trouble {
        crate::store::rails::pause(tx, &request.mch_id, request.rail, &heard.err_code, trouble.until(now)).await?;
        let object = format!("{} {}", request.mch_id, request.rail.name());
        alerts::raise(tx, alert::Kind::RailPaused, &object, &heard.err_code, now).await?;
        tracing::error!(rail = object, err_code = %heard.err_code, "a rail stands still until its trouble is over");
    }
    if let Some(kind) = heard.alert {
        alerts::raise(tx, kind, request.mch_billno.as_str(), &heard.err_code, now).await?;
        tracing::error!(payout.mch_billno = %request.mch_billno, alert = kind.name(), err_code = %heard.err_code, "somebody has to look at a payout");
    }
    Ok(())
}

fn due_after(state: State, payout: &Payout, heard: &Heard, now: UnixMs) -> Option<UnixMs> {
    let wait = match state {
        State::Collected | State::Returned | State::Failed => return None,
        State::Sent if payout.state != State::Sent => retry::collected_wait_ms(0),
        State::Sent => retry::collected_wait_ms(payout.asked),
        State::Unknown if payout.state != State::Unknown => retry::query_wait_ms(0),
        State::Unknown => retry::query_wait_ms(payout.asked),
        State::WaitingConfirm if payout.state != State::WaitingConfirm => retry::confirmed_wait_ms(0),
        State::WaitingConfirm => retry::confirmed_wait_ms(payout.asked),
        State::Queued | State::Sending => retry::resend_wait_ms(payout.attempts),
    };
    Some(now.plus(heard.again_in_ms.unwrap_or(wait)))
}

/// After a refusal that proves that this request sent nothing.
fn heard_from_refusal(payout: &Payout, refused: Refused, now: UnixMs) -> Heard {
    let Refused { code, des, reaction, trouble } = refused;
    let wait = retry::resend_wait_ms(payout.attempts);
    let said = |event| Heard { err_code: code.to_owned(), err_code_des: des.clone(), ..Heard::plain(event) };
    let again = |ms| Heard { again_in_ms: Some(ms), ..said(Event::NotYet) };
    // The refusal speaks of this request only; an earlier one of the same number may have been paid.
    let doubted = payout.doubted_at.is_some();
    let ask = || Heard { err_code: code.to_owned(), ..Heard::plain(Event::DontKnow) };
    match reaction {
        Reaction::NewNumberAllowed => said(Event::Refused),
        Reaction::FinalForUser if doubted => ask(),
        Reaction::FinalForUser => said(Event::Refused),
        Reaction::FixConfiguration => {
            let heard = if doubted { ask() } else { said(Event::Refused) };
            Heard { alert: Some(alert::Kind::PayoutHeldUp), ..heard }
        }
        Reaction::SameNumberLater => again(wait),
        Reaction::NextDay if doubted => ask(),
        Reaction::NextDay => again(next_day(now).since(now).max(wait)),
        Reaction::PauseRail => {
            let heard = if doubted { ask() } else { again(trouble.until(now).since(now)) };
            Heard { trouble: Some(trouble), ..heard }
        }
        Reaction::Alert => {
            let heard = if doubted { ask() } else { again(wait.max(secs(60))) };
            Heard { alert: Some(alert::Kind::PayoutHeldUp), ..heard }
        }
        Reaction::AskFirst => ask(),
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
    let forgotten = (quiet >= retry::NOT_FOUND_BELIEVED_UNTIL_MS).then_some(alert::Kind::BillForgotten);
    let doubted_long = payout.doubted_at.is_some_and(|since| now.since(since) >= retry::DOUBT_ENDS_MS);
    let kept = Heard { err_code: payout.err_code.clone(), alert: forgotten, ..Heard::plain(Event::DontKnow) };
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
    let reaction = match payout.request.rail {
        Rail::Redpack => payout.err_code.parse::<ErrCode>().ok().map(ErrCode::reaction),
        Rail::Transfer => payout.err_code.parse::<Code>().ok().map(Code::reaction),
    };
    reaction.is_some_and(|reaction| matches!(reaction, Reaction::FinalForUser | Reaction::FixConfiguration))
}

/// Whether a payout failed for something that the follower can mend: real name, risk, a limit of theirs.
pub(crate) fn is_mendable(err_code: &str) -> bool {
    matches!(err_code, "NO_AUTH" | "V2_ACCOUNT_SIMPLE_BAN")
        || matches!(FailReason::fault_of(err_code), Fault::Person | Fault::PersonLimit)
}

/// Why a payout that went back did, by WeChat's last word of it.
pub(crate) fn why_back(rail: Rail, err_code: &str) -> Back {
    match rail {
        Rail::Redpack => Back::NotOpened,
        Rail::Transfer if err_code == "CANCELLED" || FailReason::fault_of(err_code) == Fault::Cancelled => {
            Back::Cancelled
        }
        Rail::Transfer => Back::NotConfirmed,
    }
}

/// Nothing new; what WeChat said last is kept.
fn still_unknown(payout: &Payout) -> Heard {
    Heard { err_code: payout.err_code.clone(), ..Heard::plain(Event::DontKnow) }
}
