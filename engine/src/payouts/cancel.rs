//! Cancelling a transfer that its follower has not confirmed.
//! Refuses to take anything but WeChat's word for the end: a cancel that was refused, or whose answer was lost, changes
//! nothing.

use super::{Heard, still_unknown, transfer};
use crate::store::payouts::{self as store, Payout};
use crate::{Engine, Error, audit, crash};
use rules::ids::PayoutId;
use rules::operator::Operator;
use rules::payout::State;
use rules::say::{Lang, payout as say};
use rules::time::{UnixMs, secs};
use wechat::pay::transfer::{Code, Outcome};

/// How soon after a cancel WeChat is asked for the end.
const ASK_AGAIN_MS: i64 = secs(2);
/// How often a payout is looked at that moves while the answer is under way.
const LOOKS: usize = 3;

impl Engine {
    /// Asks WeChat to cancel a transfer that waits for its follower. When this is done WeChat took the cancel; the end
    /// is in its answer, or comes by a callback or by asking. Errors (conflict): it does not wait; WeChat refuses, since
    /// the follower was faster; nobody knows.
    pub async fn cancel_transfer(&self, by: &Operator, id: PayoutId, lang: Lang) -> Result<(), Error> {
        let payout = self.retried(|| self.begin_cancel(by, id, lang)).await?;
        crash::point("cancel_before_call");
        let outcome = self.cancel(&payout).await;
        crash::point("cancel_after_call");
        self.learn_cancel(payout, &outcome).await?;
        self.wake_worker();
        match outcome {
            Outcome::Sent { .. } | Outcome::Waiting { .. } | Outcome::Success { .. } | Outcome::Ended { .. } => Ok(()),
            Outcome::Refused { code, .. } => Err(Error::conflict(say::cancel_refused(code.as_str(), lang))),
            Outcome::Unknown { code, .. } => Err(Error::conflict(match code.and_then(|code| code.parse().ok()) {
                Some(code @ (Code::InvalidRequest | Code::NotFound | Code::ResourceNotExists)) => {
                    say::cancel_refused(code.as_str(), lang)
                }
                Some(_) | None => say::cancel_untold(lang).to_owned(),
            })),
        }
    }

    /// Who asked is written before WeChat hears of it.
    async fn begin_cancel(&self, by: &Operator, id: PayoutId, lang: Lang) -> Result<Payout, Error> {
        let mut tx = self.db().begin().await?;
        let payout = store::by_id(&tx, id).await?.ok_or_else(Error::not_found)?;
        if payout.state != State::WaitingConfirm {
            return Err(Error::conflict(say::cancel_too_late(lang)));
        }
        audit::note(self, &mut tx, by, "payout.cancel", id.0).await?;
        tx.commit().await?;
        Ok(payout)
    }

    /// Learns what the answer proves, whatever else was learned of the payout meanwhile. A payout that keeps moving is
    /// being learned by others, who will hear of the same end.
    async fn learn_cancel(&self, mut payout: Payout, outcome: &Outcome) -> Result<(), Error> {
        for _ in 0..LOOKS {
            let heard = heard_from_cancel(&payout, outcome, self.clock().now());
            if payout.state != State::WaitingConfirm || self.learn(&payout, &heard).await? {
                break;
            }
            let found = store::by_number(self.db().read(), &payout.request.mch_billno).await?;
            payout = found.ok_or_else(Error::not_found)?;
        }
        Ok(())
    }
}

/// After a cancel. A refusal proves nothing of the bill, unlike that of a start.
fn heard_from_cancel(payout: &Payout, outcome: &Outcome, now: UnixMs) -> Heard {
    let soon = |heard: Heard| Heard { again_in_ms: Some(ASK_AGAIN_MS), ..heard };
    match outcome {
        Outcome::Success { .. } | Outcome::Ended { .. } => transfer::heard_from_start(payout, outcome.clone(), now),
        Outcome::Sent { .. } | Outcome::Waiting { .. } => {
            soon(Heard { err_code: "CANCELING".to_owned(), ..still_unknown(payout) })
        }
        Outcome::Refused { .. } | Outcome::Unknown { .. } => soon(still_unknown(payout)),
    }
}
