//! Fund-flow bills on their way in: `lingbao reconcile` and the upload of the dashboard.
//! Refuses a file that is not a whole bill, and to have more than 20 MB of it uploaded; the command line takes any size.

use crate::cli::out;
use crate::site::Site;
use crate::{fund_flow, web};
use axum::Extension;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use engine::operators::console;
use engine::reconcile::News;
use engine::strangers::Standstill;
use engine::{Engine, Error, Said};
use rules::bill::{DayBill, Imported};
use rules::ids::MchId;
use rules::operator::Operator;
use rules::say::{Lang, bill as say};
use rules::time::BeijingDay;
use std::process::ExitCode;

/// The largest bill that is uploaded: some 100,000 rows.
pub const FILE_MAX: usize = 20 * 1024 * 1024;

/// What the command line asked for.
pub struct Asked {
    /// The files, one day each.
    pub files: Vec<String>,
    /// Whose bills they are.
    pub mch: Option<String>,
    /// Days on which no money moved.
    pub nothing_on: Vec<String>,
    /// End the standstill after a restore although somebody stays unnamed.
    pub accept_unnamed: bool,
}

/// `lingbao reconcile`: imports, compares each day, and tells how a standstill after a restore stands.
///
/// # Errors
/// One sentence: the first file that cannot be imported.
pub async fn reconcile(engine: &Engine, asked: Asked) -> Result<ExitCode, String> {
    let mch_id = asked.mch.map(MchId::try_from).transpose().map_err(|e| e.to_string())?;
    let mut days = Vec::new();
    for date in &asked.nothing_on {
        let day = BeijingDay::parse(date).ok_or_else(|| format!("{date} is not a date YYYY-MM-DD"))?;
        days.push((date.clone(), DayBill::of_nothing(day)));
    }
    for name in asked.files {
        let file = std::fs::read(&name).map_err(|e| format!("{name} cannot be read: {e}"))?;
        let bill = fund_flow::read(&file).map_err(|wrong| format!("{name}: {}", say::wrong(&wrong, Lang::En)))?;
        days.push((name, bill));
    }
    let mut clean = true;
    for (name, bill) in days {
        let imported = engine.import_bill(&console(), mch_id.clone(), &bill, Lang::En).await;
        let (there, news) = imported.map_err(|e| format!("{name}: {}", e.said()))?;
        clean &= tell(engine, &there, news).await?;
    }
    let stands = settle(engine, asked.accept_unnamed).await?;
    Ok(if clean && !stands { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a day; true when it has no difference.
async fn tell(engine: &Engine, there: &Imported, news: News) -> Result<bool, String> {
    let day = engine.reconciliation(&there.mch_id, there.day).await.map_err(|e| e.to_string())?;
    let word = match news {
        News::New => "imported",
        News::Same => "imported before, nothing changed",
        News::Replaced => "replaced",
    };
    out(&format!("{} ({word})\n", say::summary(&day, Lang::En)))?;
    if day.waiting > 0 {
        out(&format!("  {}\n", say::waiting(day.waiting, Lang::En)))?;
    }
    for difference in &day.differences {
        out(&format!("  {}\n", say::difference(difference, Lang::En)))?;
    }
    if day.differences.is_empty() {
        out(&format!("  {}\n", say::clean(Lang::En)))?;
    }
    Ok(day.differences.is_empty())
}

/// Goes on with what a restore left open; true while everything still stands.
async fn settle(engine: &Engine, accept_unnamed: bool) -> Result<bool, String> {
    let by = console();
    let settled = loop {
        let settled = match accept_unnamed {
            true => engine.settle_without_names(&by).await,
            false => engine.settle_after_restore(&by).await,
        };
        match settled.map_err(|e| e.to_string())? {
            Standstill::GoesOn { unasked, .. } if unasked > 0 => {}
            settled => break settled,
        }
    };
    match settled {
        Standstill::None(0) => Ok(false),
        Standstill::None(claims) => {
            out(&format!("{claims} lost claims were entered, after the standstill had ended\n"))?;
            Ok(false)
        }
        Standstill::Ended(claims) => {
            out(&format!("the standstill after the restore ended; {claims} lost claims were entered\n"))?;
            Ok(false)
        }
        Standstill::GoesOn { wanted, nameless, unasked: _ } => {
            for (mch_id, days) in &wanted {
                out(&format!("{}\n", say::still_wanted(mch_id, days, Lang::En)))?;
            }
            for (mch_billno, amount) in &nameless {
                out(&format!("{}\n", say::nameless(mch_billno, *amount, Lang::En)))?;
            }
            Ok(true)
        }
    }
}

/// `POST /api/finance/bills`: one file as a form sends it; then the day's page.
pub async fn upload(
    State(site): State<Site>,
    Extension(operator): Extension<Operator>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let lang = web::lang(None, &headers);
    let file = match form {
        Ok(form) => sent_file(form, lang).await,
        Err(_) => Err(say::no_file(lang).to_owned()),
    };
    let bill = file.and_then(|file| fund_flow::read(&file).map_err(|wrong| say::wrong(&wrong, lang)));
    let bill = match bill {
        Ok(bill) => bill,
        Err(why) => return refused(&why, lang),
    };
    match imported(site.engine(), &operator, &bill, lang).await {
        Ok(there) => web::redirect(&format!("/admin/reconciliation?day={}&mch={}", there.day, there.mch_id)),
        Err(error) => match error.said() {
            Said::Conflict(why) => refused(why, lang),
            Said::NotFound | Said::Invalid(_) | Said::Forbidden | Said::Busy | Said::Broken { .. } => {
                web::broke(&error, lang)
            }
        },
    }
}

async fn imported(engine: &Engine, operator: &Operator, bill: &DayBill, lang: Lang) -> Result<Imported, Error> {
    let (there, _) = engine.import_bill(operator, None, bill, lang).await?;
    engine.settle_after_restore(operator).await?;
    Ok(there)
}

async fn sent_file(mut form: Multipart, lang: Lang) -> Result<Vec<u8>, String> {
    while let Ok(Some(field)) = form.next_field().await {
        if field.name() == Some("file") {
            let file = field.bytes().await.map_err(|_| say::too_large(lang).to_owned())?;
            return if file.is_empty() { Err(say::no_file(lang).to_owned()) } else { Ok(file.into()) };
        }
    }
    Err(say::no_file(lang).to_owned())
}

fn refused(why: &str, lang: Lang) -> Response {
    web::page(StatusCode::UNPROCESSABLE_ENTITY, app::entry::plain_page(lang, say::refused(lang), why))
}
