//! `GET /admin/reports/{report}.csv`: exports, streamed page by page.
//! Refuses to let a cell be taken for a formula.

mod claims;
mod follows;
mod ledger;
mod payouts;

use crate::site::Site;
use crate::web;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use clap::ValueEnum;
use engine::reports::masked;
use engine::{Engine, Error};
use futures::stream;
use rules::ids::{CampaignId, ClaimId, FollowId, PayoutId, Slug};
use rules::operator::{Operator, Role};
use rules::say::{Lang, rehearsal as rehearsal_say, report as say};
use rules::time::UnixMs;
use serde::Deserialize;

const PAGE: usize = 500;

/// What can be exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// Claims, with the payouts of each.
    Claims,
    /// Follows, with their links.
    Follows,
    /// Payouts, with what WeChat said.
    Payouts,
    /// Transfers of the campaign's budget line.
    Ledger,
}

/// Some lines of a report, and where the next page begins if more may follow.
pub struct Page {
    /// Lines of CSV.
    pub text: String,
    /// The last row of this page, when it was full.
    pub next: Option<i64>,
}

/// Whether an export names its people in full or, as screens do, only hints at them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum People {
    /// Whole openids and addresses, for those who reconcile.
    Whole,
    /// Their ends only, and no address.
    Masked,
}

impl People {
    fn shows(self, openid: &str) -> String {
        if self == Self::Whole { openid.to_owned() } else { masked(openid) }
    }
}

/// Which campaign.
#[derive(Deserialize)]
pub struct Filter {
    campaign: String,
}

impl Report {
    fn of_file(file: &str) -> Option<Self> {
        Self::from_str(file.strip_suffix(".csv")?, false).ok()
    }

    /// The line of column names.
    pub fn head(self, lang: Lang) -> String {
        match self {
            Self::Claims => line(&say::claim_columns(lang)),
            Self::Follows => line(&say::follow_columns(lang)),
            Self::Payouts => line(&say::payout_columns(lang)),
            Self::Ledger => line(&say::ledger_columns(lang)),
        }
    }

    /// One page of a campaign's lines, the newest first, before the row `before`.
    pub async fn page(
        self,
        engine: &Engine,
        campaign: CampaignId,
        before: Option<i64>,
        lang: Lang,
        people: People,
    ) -> Result<Page, Error> {
        Ok(match self {
            Self::Claims => {
                let rows = engine.exported_claims(campaign, before.map(ClaimId), PAGE).await?;
                whole(&rows, |claim| claim.row.id.0, |claim| line(&claims::cells(claim, lang, people)))
            }
            Self::Follows => {
                let rows = engine.exported_follows(campaign, before.map(FollowId), PAGE).await?;
                whole(&rows, |follow| follow.id.0, |follow| line(&follows::cells(follow, lang, people)))
            }
            Self::Payouts => {
                let rows = engine.exported_payouts(campaign, before.map(PayoutId), PAGE).await?;
                whole(&rows, |payout| payout.id.0, |payout| line(&payouts::cells(payout, lang, people)))
            }
            Self::Ledger => {
                let rows = engine.statement(campaign, before, PAGE as i64).await?;
                whole(&rows, |entry| entry.id, |entry| line(&ledger::cells(entry, lang)))
            }
        })
    }
}

/// A page of these rows. Pages hold whole claims, so one may have more rows than were asked for.
fn whole<T>(rows: &[T], id: impl Fn(&T) -> i64, text: impl Fn(&T) -> String) -> Page {
    let next = rows.last().filter(|_| rows.len() >= PAGE).map(id);
    Page { text: rows.iter().map(text).collect(), next }
}

/// `GET /admin/reports/{claims|follows|payouts|ledger}.csv?campaign={slug}`.
pub async fn csv(
    State(site): State<Site>,
    Extension(operator): Extension<Operator>,
    Path(file): Path<String>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Response {
    let people = if operator.role.covers(Role::Marketer) { People::Whole } else { People::Masked };
    let lang = web::lang(None, &headers);
    let (Some(report), Ok(slug)) = (Report::of_file(&file), Slug::try_from(filter.campaign)) else {
        return web::not_found(lang);
    };
    let campaign = match site.engine().campaign_by_slug(&slug).await {
        Ok(campaign) => campaign,
        Err(error) => return web::broke(&error, lang),
    };
    let engine = site.engine().clone();
    // Excel reads UTF-8 only behind a byte order mark.
    let head = format!("\u{feff}{}", report.head(lang));
    let pages = stream::try_unfold(Some((None, head)), move |state| {
        let engine = engine.clone();
        async move {
            let Some((before, head)) = state else { return Ok::<_, Error>(None) };
            let page = report.page(&engine, campaign.id, before, lang, people).await?;
            let next = page.next.map(|last| (Some(last), String::new()));
            Ok(Some((head + &page.text, next)))
        }
    });
    let name = format!("attachment; filename=\"{}-{slug}.csv\"", file.trim_end_matches(".csv"));
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(pages)).into_response()
}

fn instant(at: Option<UnixMs>) -> String {
    at.map(|at| at.beijing().to_string()).unwrap_or_default()
}

/// What stands in the column of rehearsals: nothing for an ordinary claim.
fn marked(rehearsal: bool, lang: Lang) -> String {
    if rehearsal { rehearsal_say::yes(lang).to_owned() } else { String::new() }
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
