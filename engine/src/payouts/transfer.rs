//! What the answers about a merchant transfer mean for its payout.
//! Refuses to take anything but WeChat's own words for an end, and to believe a bill that is not ours.

use super::{Heard, Refused, heard_from_refusal, heard_not_found, still_unknown};
use crate::store::payouts::Payout;
use rules::alert;
use rules::payout::{Event, State};
use rules::rail::Trouble;
use rules::time::UnixMs;
use wechat::pay::bill::{Bill, BillState};
use wechat::pay::transfer::{Code, Fault, Outcome, TransferAnswer, outcome_of};

/// After a start or its repetition.
pub(super) fn heard_from_start(payout: &Payout, outcome: Outcome, now: UnixMs) -> Heard {
    match outcome {
        // WeChat has it and does not know the end either: asked again under the same number.
        Outcome::Sent { .. } => Heard::plain(Event::DontKnow),
        Outcome::Waiting { package_info, .. } => {
            Heard { package_info: Some(package_info), ..Heard::plain(Event::Waits) }
        }
        Outcome::Success { .. } => Heard::plain(Event::Taken),
        Outcome::Ended { reason, fault } => heard_end(reason, fault),
        Outcome::Refused { code, message } => {
            let refused =
                Refused { code: code.as_str(), des: message, reaction: code.reaction(), trouble: trouble_of(code) };
            heard_from_refusal(payout, refused, now)
        }
        Outcome::Unknown { code, why } => Heard {
            err_code: code.unwrap_or_default(),
            err_code_des: why.chars().take(200).collect(),
            ..Heard::plain(Event::DontKnow)
        },
    }
}

/// After the question what became of it.
pub(super) fn heard_from_query(payout: &Payout, answer: TransferAnswer, now: UnixMs) -> Heard {
    match answer {
        // A query never tells the package_info; the same request under the same number does, and books nothing twice.
        TransferAnswer::Found(Bill { state: BillState::Waiting { package_info: None }, .. })
            if payout.state == State::Unknown =>
        {
            Heard::plain(Event::Repeat)
        }
        TransferAnswer::Found(bill) => heard_from_bill(payout, bill),
        TransferAnswer::NotFound => heard_not_found(payout, now),
        TransferAnswer::Differs { field } => Heard {
            err_code: "BILL_DIFFERS".to_owned(),
            err_code_des: field.to_owned(),
            alert: Some(alert::Kind::BillDiffers),
            ..Heard::plain(Event::DontKnow)
        },
        TransferAnswer::Unknown { code, why } => {
            if let Some(code) = code {
                tracing::warn!(payout.mch_billno = %payout.request.mch_billno, code, "WeChat Pay does not answer what became of a transfer");
            }
            Heard { err_code_des: why.chars().take(200).collect(), ..still_unknown(payout) }
        }
    }
}

/// After a bill of ours was told, by a query or by a callback.
pub(crate) fn heard_from_bill(payout: &Payout, bill: Bill) -> Heard {
    match outcome_of(bill) {
        Outcome::Sent { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. } => still_unknown(payout),
        Outcome::Waiting { package_info, .. } => {
            Heard { package_info: Some(package_info), ..Heard::plain(Event::Waits) }
        }
        Outcome::Success { .. } => Heard::plain(Event::Taken),
        Outcome::Ended { reason, fault } => heard_end(reason, fault),
    }
}

/// It ended without the money. Nobody's fault is a return; everything else is a failure with its reason.
fn heard_end(reason: String, fault: Fault) -> Heard {
    let event = match fault {
        Fault::Expired | Fault::Cancelled => Event::GivenBack,
        Fault::Person | Fault::PersonLimit | Fault::Merchant | Fault::Unsaid => Event::TurnedOut,
    };
    let alert = (fault == Fault::Merchant).then_some(alert::Kind::PayoutHeldUp);
    let err_code = if reason.is_empty() { "FAIL".to_owned() } else { reason };
    Heard { err_code, alert, ..Heard::plain(event) }
}

/// What a code says about the merchant, if it says anything.
fn trouble_of(code: Code) -> Trouble {
    if code == Code::NotEnough { Trouble::Balance } else { Trouble::Permission }
}
