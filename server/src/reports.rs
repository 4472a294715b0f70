//! `GET /admin/reports/claims.csv`: exports, streamed page by page.
//! Refuses to let a cell be taken for a formula.

use crate::site::Site;
use crate::web;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use engine::reports::ExportedClaim;
use engine::{Engine, Error};
use futures::stream;
use rules::ids::{CampaignId, ClaimId, Slug};
use rules::operator::{Operator, Role};
use rules::say::Lang;
use serde::Deserialize;

const PAGE: i64 = 500;

/// Which campaign.
#[derive(Deserialize)]
pub struct Filter {
    campaign: String,
}

/// `GET /admin/reports/claims.csv?campaign={slug}`.
pub async fn claims_csv(
    State(site): State<Site>,
    Extension(operator): Extension<Operator>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let people = if operator.role.covers(Role::Marketer) { People::Whole } else { People::Masked };
    let lang = web::lang(None, &headers);
    let Ok(slug) = Slug::try_from(filter.campaign) else { return web::not_found(lang) };
    let campaign = match site.engine().campaign_by_slug(&slug).await {
        Ok(campaign) => campaign,
        Err(error) => return web::broke(&error, lang),
    };
    let engine = site.engine().clone();
    // Excel reads UTF-8 only behind a byte order mark.
    let head = format!("\u{feff}{}", line(&rules::say::report::claim_columns(lang)));
    let pages = stream::try_unfold(Some((None, head)), move |state| {
        let engine = engine.clone();
        async move {
            let Some((before, head)) = state else { return Ok::<_, Error>(None) };
            let (text, last) = claims_page(&engine, campaign.id, before, lang, people).await?;
            let next = last.map(|last| (Some(last), String::new()));
            Ok(Some((head + &text, next)))
        }
    });
    let name = format!("attachment; filename=\"claims-{slug}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(pages)).into_response()
}

/// Whether an export names its people in full or, as screens do, only hints at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// Whole openids and addresses, for those who reconcile.
    Whole,
    /// Their ends only, and no address.
    Masked,
}

/// One page of claims as CSV, and the last claim in it if more may follow.
pub async fn claims_page(
    engine: &Engine,
    campaign: CampaignId,
    before: Option<ClaimId>,
    lang: Lang,
    people: People,
) -> Result<(String, Option<ClaimId>), Error> {
    let page = engine.exported_claims(campaign, before, PAGE).await?;
    let last = page.last().map(|c| c.row.id).filter(|_| page.len() as i64 == PAGE);
    Ok((page.iter().map(|claim| line(&cells(claim, lang, people))).collect(), last))
}

fn cells(claim: &ExportedClaim, lang: Lang, people: People) -> [String; 15] {
    use rules::say::states as say;
    let row = &claim.row;
    let (payee, ip) = match people {
        People::Whole => (claim.payee.to_string(), claim.ip.clone()),
        People::Masked => (row.openid_masked.clone(), String::new()),
    };
    [
        // With a letter before it, a spreadsheet keeps all its digits.
        format!("C{}", row.id),
        row.at.beijing().to_string(),
        row.account_name.clone(),
        row.link_code.clone(),
        say::grade(row.grade, lang).to_owned(),
        say::attribution(row.attribution, lang).to_owned(),
        payee,
        row.amount.get().to_string(),
        row.amount.to_string(),
        say::payout(row.payout, lang).to_owned(),
        row.mch_billno.clone(),
        claim.paid_at.map(|at| at.beijing().to_string()).unwrap_or_default(),
        row.err_code.clone(),
        ip,
        if row.rehearsal { rules::say::rehearsal::yes(lang).to_owned() } else { String::new() },
    ]
}

/// One line of CSV. A cell that a spreadsheet would take for a formula is put behind an apostrophe.
pub fn line(cells: &[impl AsRef<str>]) -> String {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let safe = cells.iter().map(|cell| {
        let cell = cell.as_ref();
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
    });
    writer.write_record(safe).expect("writing to memory does not fail");
    String::from_utf8(writer.into_inner().expect("writing to memory does not fail")).expect("cells are UTF-8")
}

#[cfg(test)]
mod tests {
    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(super::line(&["a,b", "c\"d", "=1+1", "咖啡"]), "\"a,b\",\"c\"\"d\",'=1+1,咖啡\r\n");
    }
}
