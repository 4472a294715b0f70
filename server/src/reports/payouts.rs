//! The export of payouts: every attempt with its number, its state and what WeChat said.
//! Refuses to name a payee in full to who may only look.

use super::{People, instant, marked};
use engine::reports::ExportedPayout;
use rules::say::{Lang, money, states};

/// One payout as cells, in the order of its columns.
pub fn cells(payout: &ExportedPayout, lang: Lang, people: People) -> [String; 16] {
    [
        // With a letter before it, a spreadsheet keeps all its digits.
        format!("P{}", payout.id),
        format!("C{}", payout.claim),
        payout.account_name.clone(),
        people.shows(payout.payee.as_str()),
        payout.mch_billno.clone(),
        payout.mch_id.clone(),
        money::rail(payout.rail, lang).to_owned(),
        states::payout(payout.state, lang).to_owned(),
        payout.amount.get().to_string(),
        payout.attempts.to_string(),
        payout.err_code.clone(),
        payout.err_code_des.clone(),
        payout.created_at.beijing().to_string(),
        instant(payout.accepted_at),
        instant(payout.ended_at),
        marked(payout.rehearsal, lang),
    ]
}
