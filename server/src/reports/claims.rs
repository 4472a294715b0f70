//! The export of claims: one line for each payout of a claim.
//! Refuses to name a payee in full to who may only look.

use super::{People, instant, marked};
use engine::reports::ExportedClaim;
use rules::say::Lang;

/// One claim as cells, in the order of its columns.
pub fn cells(claim: &ExportedClaim, lang: Lang, people: People) -> [String; 15] {
    use rules::say::states as say;
    let row = &claim.row;
    let ip = if people == People::Whole { claim.ip.clone() } else { String::new() };
    [
        // With a letter before it, a spreadsheet keeps all its digits.
        format!("C{}", row.id),
        row.at.beijing().to_string(),
        row.account_name.clone(),
        row.link_code.clone(),
        say::grade(row.grade, lang).to_owned(),
        say::attribution(row.attribution, lang).to_owned(),
        people.shows(claim.payee.as_str()),
        row.amount.get().to_string(),
        row.amount.to_string(),
        say::payout(row.payout, lang).to_owned(),
        row.mch_billno.clone(),
        instant(claim.paid_at),
        row.err_code.clone(),
        ip,
        marked(row.rehearsal, lang),
    ]
}
