//! Reconciliation: the fund-flow bills that were imported, and one day of them beside our books.
//! Refuses to mend a difference; it says which side has what, and where to look.

pub mod api;
mod open;

use crate::change::Change;
use crate::context::lang;
use crate::frame::TopBarTold;
use crate::told::call;
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::number::yuan;
use crate::ui::page::{ask, moving, show};
use crate::ui::table::{Table, figures, words};
use api::Reconciliation;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::{LazyRoute, lazy_route};
use rules::bill::{Imported, Reconciled, Side};
use rules::operator::Role;
use rules::say::{Lang, bill as say, dashboard};

/// The page at `/admin/reconciliation`.
pub struct ReconciliationPage;

#[lazy_route]
impl LazyRoute for ReconciliationPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let query = use_query_map();
        let picked =
            Signal::derive(move || query.with(|query| Some(format!("{} {}", query.get("day")?, query.get("mch")?))));
        let page = ask(picked, |picked| call(api::read_reconciliation(picked)));
        let lang = lang();
        view! {
            <Title text=say::title(lang)/>
            <div class="title-row">
                <div><h1>{say::title(lang)}</h1><p class="lead">{say::lead(lang)}</p></div>
            </div>
            {show(page, 0, |page: Reconciliation| view! { <All page/> }.into_any())}
        }
        .into_any()
    }
}

/// What stands still, the file, the picked day, and all days.
#[component]
fn All(page: Reconciliation) -> impl IntoView {
    let lang = lang();
    let form = page.role.covers(Role::Finance).then(|| upload(lang));
    let change = Change::of(page);
    // What stands still is told on every page.
    let TopBarTold(banner) = expect_context();
    let stands = change.part(|page| page.missing.is_some());
    Effect::new(move |before: Option<bool>| {
        let now = stands.get();
        if before.is_some_and(|before| before != now) {
            banner.refetch();
        }
        now
    });
    let picked = moving(move || match change.page.with(|page| page.picked.clone()) {
        Some(day) => beside(&day, lang),
        None => ().into_any(),
    });
    let days = moving(move || list(change.page.with(|page| page.days.clone()), lang));
    view! {
        {open::standing_still(change)}
        <section class="card">
            {form}
            {open::day_without_a_bill(change)}
            <Outcome failed=change.sentence(open::PLACE, lang) done=change.is_done(open::PLACE) word=say::no_bill_done(lang)/>
        </section>
        {picked}
        <section class="card">{days}</section>
    }
}

/// The imported days, or how the first one comes here.
fn list(days: Vec<Imported>, lang: Lang) -> AnyView {
    if days.is_empty() {
        return empty(say::none_yet(lang), say::none_next(lang), ().into_any());
    }
    let columns = vec![
        words(say::day(lang)),
        words(say::merchant(lang)),
        figures(say::ours(lang)),
        figures(say::foreign(lang)),
        words(dashboard::time(lang)),
    ];
    let rows = days.into_iter().map(|bill| row(bill, lang)).collect_view();
    view! { <Table caption=say::title(lang) columns>{rows}</Table> }.into_any()
}

/// A plain form: a file of many megabytes needs no script.
fn upload(lang: Lang) -> impl IntoView {
    view! {
        <form class="inline" method="post" enctype="multipart/form-data" action="/api/finance/bills">
            <div class="field">
                <label for="f-file">{say::file(lang)}</label>
                <input id="f-file" type="file" name="file" accept=".csv,text/csv" required=true aria-describedby="h-file"/>
                <p class="help" id="h-file">{say::file_help(lang)}</p>
            </div>
            <button type="submit" class="primary" data-test="upload">{say::upload(lang)}</button>
        </form>
    }
}

/// One imported day.
fn row(bill: Imported, lang: Lang) -> AnyView {
    let href = format!("/admin/reconciliation?day={}&mch={}", bill.day, bill.mch_id);
    view! {
        <tr>
            <td class="head nowrap"><a href=href>{bill.day.to_string()}</a></td>
            <td data-label=say::merchant(lang)><code>{bill.mch_id.to_string()}</code></td>
            <td class="figure" data-label=say::ours(lang)>{bill.ours}</td>
            <td class="figure" data-label=say::foreign(lang)>{bill.foreign}</td>
            <td class="nowrap" data-label=dashboard::time(lang)>{bill.at.beijing().to_string()}</td>
        </tr>
    }
    .into_any()
}

/// What one side paid, and beside it how often and what came back.
fn side(whose: &'static str, side: &Side, lang: Lang) -> AnyView {
    view! {
        <div>
            <dt>{whose}</dt>
            <dd>"¥" {yuan(side.paid_fen)}</dd>
            <dd class="beside">{say::side_beside(side, lang)}</dd>
        </div>
    }
    .into_any()
}

/// One day: both sides, and each difference in a sentence.
fn beside(day: &Reconciled, lang: Lang) -> AnyView {
    let found = if day.differences.is_empty() {
        chip(Tone::Ok, say::clean(lang))
    } else {
        let sentences = day.differences.iter().map(|difference| {
            let number = difference.mch_billno.to_string();
            let href = format!("/admin/payouts?show={number}");
            view! {
                <li class="setting" data-test="difference">
                    <a href=href><code>{number}</code></a>
                    <span class="grow">{say::what_differs(difference, lang)}</span>
                </li>
            }
        });
        view! { <h3>{say::differences(lang)}</h3><ul class="settings">{sentences.collect_view()}</ul> }.into_any()
    };
    let waiting = (day.waiting > 0).then(|| view! { <p class="help">{say::waiting(day.waiting, lang)}</p> });
    view! {
        <section class="card" data-test="day">
            <h2>{day.bill.day.to_string()}" "<code>{day.bill.mch_id.to_string()}</code></h2>
            <dl class="pots">
                {side(say::ours(lang), &day.ours, lang)}
                {side(say::theirs(lang), &day.theirs, lang)}
            </dl>
            {found}
            {waiting}
        </section>
    }
    .into_any()
}
