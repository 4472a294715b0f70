//! What the answers about a cash red packet mean for its payout.
//! Refuses to take *not found*, or a refused repetition, for an end.

use super::{Heard, Refused, heard_from_refusal, heard_not_found, is_refused_for_good, still_unknown};
use crate::store::payouts::Payout;
use rules::alert;
use rules::payout::Event;
use rules::rail::Trouble;
use rules::retry;
use rules::time::UnixMs;
use wechat::pay::redpack::{ErrCode, HbAnswer, HbStatus, Outcome};

/// After a call.
pub(super) fn heard_from_call(payout: &Payout, outcome: Outcome, now: UnixMs) -> Heard {
    match outcome {
        Outcome::Sent { .. } => Heard::plain(Event::Accepted),
        Outcome::Unknown { err_code, why } => Heard {
            err_code: err_code.unwrap_or_default(),
            err_code_des: why.chars().take(200).collect(),
            ..Heard::plain(Event::DontKnow)
        },
        Outcome::Refused { err_code, err_code_des } => {
            let (code, reaction, trouble) = (err_code.as_str(), err_code.reaction(), trouble_of(err_code));
            heard_from_refusal(payout, Refused { code, des: err_code_des, reaction, trouble }, now)
        }
    }
}

/// What a code says about the merchant, if it says anything.
fn trouble_of(code: ErrCode) -> Trouble {
    if code == ErrCode::NotEnough {
        Trouble::Balance
    } else if code == ErrCode::SendAmountLimit {
        Trouble::DayLimit
    } else {
        Trouble::Permission
    }
}

/// After the question what became of it.
pub(super) fn heard_from_question(payout: &Payout, answer: HbAnswer, now: UnixMs) -> Heard {
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
        return Heard {
            err_code: "AMOUNT_DIFFERS".to_owned(),
            err_code_des: why,
            alert: Some(alert::Kind::BillDiffers),
            ..Heard::plain(Event::DontKnow)
        };
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
