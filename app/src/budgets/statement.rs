//! A line's statement: every movement of its money, newest first, with the bill number and who did it.
//! Refuses to send all of it at once; older entries are asked for.

use super::api::{self, LineDesk, Statement};
use crate::change::Change;
use crate::context::lang;
use crate::ui::icon::{Icon, icon};
use crate::ui::note::{Outcome, empty};
use crate::ui::number::yuan;
use crate::ui::page::{moving, read};
use crate::ui::table::{Table, figures, words};
use leptos::prelude::*;
use rules::ledger::{Entry, Event, Pot};
use rules::say::{Lang, dashboard as say, money};

/// What moved, with its sign as the free money feels it; paying moves only what was reserved before.
fn signed(entry: &Entry) -> String {
    let amount = yuan(entry.amount);
    match entry.event.entries() {
        (_, Pot::Available) => format!("+{amount}"),
        (Pot::Available, _) => format!("−{amount}"),
        (Pot::Funding | Pot::Reserved | Pot::Paid, Pot::Funding | Pot::Reserved | Pot::Paid) => amount,
    }
}

/// The entries as a table; also on a payout's own page.
pub fn table(entries: Vec<Entry>, lang: Lang) -> AnyView {
    let columns = vec![
        words(say::time(lang)),
        words(money::what(lang)),
        figures(say::amount(lang)),
        words(say::bill_number(lang)),
        words(money::who(lang)),
    ];
    let rows: Vec<_> = entries.into_iter().map(|entry| row(&entry, lang)).collect();
    view! { <Table caption=money::statement(lang) columns>{rows}</Table> }.into_any()
}

fn row(entry: &Entry, lang: Lang) -> AnyView {
    let Entry { at, event, mch_billno, operator, .. } = entry;
    let bill = match mch_billno.as_str() {
        "" => "–".into_any(),
        bill => {
            let href = format!("/admin/payouts?show={bill}");
            view! { <a href=href><code>{bill.to_owned()}</code></a> }.into_any()
        }
    };
    let who = if operator.is_empty() { money::by_itself(lang).to_owned() } else { operator.clone() };
    let class = if matches!(event, Event::Fund | Event::Void | Event::Return) { "figure ok" } else { "figure" };
    view! {
        <tr data-test=format!("entry-{}", event.name())>
            <td class="head nowrap">{at.beijing().to_string()}</td>
            <td data-label=money::what(lang)>{money::event(*event, lang)}</td>
            <td class=class data-label=say::amount(lang)>{signed(entry)}</td>
            <td data-label=say::bill_number(lang)>{bill}</td>
            <td data-label=money::who(lang)>{who}</td>
        </tr>
    }
    .into_any()
}

/// The statement in its card; it begins anew when the line changes.
#[component]
pub fn StatementCard(
    /// The line's desk.
    change: Change<LineDesk>,
) -> impl IntoView {
    let lang = lang();
    let (id, slug) = change.page.with_untracked(|desk| (desk.line.campaign, desk.line.slug.clone()));
    let export = |report: &str, word: &'static str| {
        let href = format!("/admin/reports/{report}.csv?campaign={slug}");
        view! { <a class="button" data-test=format!("csv-{report}") href=href rel="external" download="">{icon(Icon::Download)}{word}</a> }
    };
    let exports = (export("ledger", money::export_ledger(lang)), export("payouts", money::export_payouts(lang)));
    let newest = change.part(|desk| desk.statement.clone());
    let shown = RwSignal::new(newest.get_untracked());
    Effect::new(move |_| shown.set(newest.get()));
    let older = Action::new(move |before: &Option<i64>| api::read_statement(id, *before));
    let wrong = RwSignal::new(None);
    Effect::new(move |_| match older.value().get().map(read) {
        Some(Ok(Statement { entries, more })) => shown.update(|shown| {
            shown.entries.extend(entries);
            shown.more = more;
        }),
        Some(Err(error)) => wrong.set(Some(error.sentence(lang))),
        None => {}
    });
    let ask = move |_| {
        wrong.set(None);
        older.dispatch(shown.with_untracked(|shown| shown.entries.last().map(|entry| entry.id)));
    };
    let body = moving(move || match shown.get().entries {
        entries if entries.is_empty() => empty(money::statement_none(lang), money::statement_next(lang), ().into_any()),
        entries => table(entries, lang),
    });
    let end = moving(move || {
        match shown.with(|shown| (shown.more, shown.entries.is_empty())) {
        (true, _) => view! {
            <button type="button" class="button" data-test="more" disabled=older.pending() on:click=ask>{say::more(lang)}</button>
        }
        .into_any(),
        (false, false) => view! { <p class="help">{say::that_is_all(lang)}</p> }.into_any(),
        (false, true) => ().into_any(),
    }
    });
    view! {
        <section class="card">
            <div class="title-row"><h2>{money::statement(lang)}</h2><span class="grow"></span>{exports}</div>
            {body}
            <div class="table-end">{end}<Outcome failed=wrong.into() done=Signal::derive(|| false) word=""/></div>
        </section>
    }
}
