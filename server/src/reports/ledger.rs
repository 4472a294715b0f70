//! The export of the ledger: every transfer of a campaign's line, from which pot into which.
//! Refuses to sum: whoever adds the amounts up gets the line's balances.

use rules::ledger::Entry;
use rules::say::{Lang, money};

/// One transfer as cells, in the order of its columns.
pub fn cells(entry: &Entry, lang: Lang) -> [String; 8] {
    let (debit, credit) = entry.event.entries();
    [
        format!("T{}", entry.id),
        entry.at.beijing().to_string(),
        money::event(entry.event, lang).to_owned(),
        debit.name().to_owned(),
        credit.name().to_owned(),
        entry.amount.get().to_string(),
        entry.mch_billno.clone(),
        entry.operator.clone(),
    ]
}
