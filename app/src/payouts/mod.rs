//! The payouts: on top what is beyond its deadline, then all of them by what they wait for.
//! Refuses to make "unknown" look like "failed": each state has its own word and icon.

pub mod api;
mod one;

use crate::context::lang;
use crate::money::{said, tabs};
use crate::told::call;
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::number::yuan;
use crate::ui::page::{ask, moving, param, read, show};
use crate::ui::table::{Table, figures, words};
use api::{PayoutDesk, Payouts};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::{LazyRoute, lazy_route};
use rules::ids::PayoutId;
use rules::payout::State;
use rules::payout_list::{Filter, Row};
use rules::say::{Lang, dashboard as say, money, payout, rehearsal as say_rehearsal, states};
use rules::time::UnixMs;

/// Where a payout stands: icon, colour and word.
pub fn state_chip(state: State, held: bool, lang: Lang) -> AnyView {
    if held {
        return chip(Tone::Still, payout::held(lang));
    }
    let tone = match state {
        State::Collected => Tone::Ok,
        State::Queued | State::Sending | State::Sent | State::WaitingConfirm => Tone::Info,
        State::Unknown | State::Returned => Tone::Warn,
        State::Failed => Tone::Bad,
    };
    chip(tone, states::payout(state, lang))
}

/// The page at `/admin/payouts`.
pub struct PayoutsPage;

#[lazy_route]
impl LazyRoute for PayoutsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let lang = lang();
        let query = use_query_map();
        let asked = Memo::new(move |_| query.with(|query| query.get("show")).filter(|show| !show.is_empty()));
        let first = ask(asked.into(), |asked| call(api::read_payouts(asked, None)));
        view! {
            <Title text=payout::payouts(lang)/>
            {tabs()}
            <div class="title-row">
                <div><h1>{payout::payouts(lang)}</h1><p class="lead">{payout::payouts_lead(lang)}</p></div>
            </div>
            {show(first, 0, |payouts: Payouts| view! { <List payouts/> }.into_any())}
        }
        .into_any()
    }
}

/// The page at `/admin/payouts/{id}`.
pub struct PayoutPage;

#[lazy_route]
impl LazyRoute for PayoutPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let desk = ask(param("id"), |id| {
            let id = id.and_then(|id| id.parse::<PayoutId>().ok()).ok_or(crate::AppError::NotFound);
            call(async move { api::read_payout(id?).await })
        });
        view! {
            <Title text=payout::payouts(lang())/>
            {tabs()}
            {show(desk, 0, |desk: PayoutDesk| view! { <one::Desk desk/> }.into_any())}
        }
        .into_any()
    }
}

/// What is beyond its deadline, the filters, and the payouts read so far.
#[component]
fn List(payouts: Payouts) -> impl IntoView {
    let lang = lang();
    let Payouts { show, rows, more, overdue, overdue_count, now } = payouts;
    let filter = show.parse::<Filter>().ok();
    let on_top = (!overdue.is_empty() && filter != Some(Filter::Overdue)).then(|| ageing(overdue, overdue_count, now));
    let rows = RwSignal::new(rows);
    let more = RwSignal::new(more);
    let body = moving(move || match rows.get() {
        rows if rows.is_empty() => empty(payout::none(lang), payout::none_next(lang), ().into_any()),
        rows => table(rows, now, lang),
    });
    view! {
        {on_top}
        {filters(filter, overdue_count, lang)}
        <section class="card" data-test="payouts">
            {filter.is_none().then(|| view! { <h2>{payout::bill_found(lang)}</h2> })}
            {body}
            <Older show rows more/>
        </section>
    }
}

/// The payouts longest beyond their deadline.
fn ageing(overdue: Vec<Row>, count: i64, now: UnixMs) -> AnyView {
    let lang = lang();
    view! {
        <section class="card urgent" data-test="ageing">
            <h2>
                {payout::overdue_title(lang)} <small>{count}</small>
                <a class="more" href="/admin/payouts?show=overdue">{payout::see_all(lang)}</a>
            </h2>
            <p class="lead">{payout::overdue_lead(lang)}</p>
            {table(overdue, now, lang)}
        </section>
    }
    .into_any()
}

/// The filters, each a link; one click on "all" clears.
fn filters(chosen: Option<Filter>, overdue: i64, lang: Lang) -> AnyView {
    let link = |filter: Filter| {
        let href = match filter {
            Filter::All => "/admin/payouts".to_owned(),
            Filter::Open | Filter::Overdue | Filter::Held | Filter::At(_) => format!("/admin/payouts?show={filter}"),
        };
        let current = (chosen == Some(filter)).then_some("page");
        let count = (filter == Filter::Overdue && overdue > 0).then(|| view! { <b>{overdue}</b> });
        view! {
            <li>
                <a href=href aria-current=current data-test=format!("filter-{filter}")>{payout::filter(filter, lang)}{count}</a>
            </li>
        }
        .into_any()
    };
    let links: Vec<_> = Filter::ALL.into_iter().map(link).collect();
    view! { <nav class="filters" aria-label=say::state(lang)><ul>{links}</ul></nav> }.into_any()
}

/// Payouts as a table; also on a payout's own page.
fn table(rows: Vec<Row>, now: UnixMs, lang: Lang) -> AnyView {
    let columns = vec![
        words(say::bill_number(lang)),
        words(say::state(lang)),
        figures(say::amount(lang)),
        words(payout::rail(lang)),
        figures(payout::attempts(lang)),
        words(payout::wechat_said(lang)),
        figures(payout::age(lang)),
        words(say::campaign(lang)),
    ];
    let rows: Vec<_> = rows.into_iter().map(|found| row(found, now, lang)).collect();
    view! { <Table caption=payout::payouts(lang) columns>{rows}</Table> }.into_any()
}

fn row(found: Row, now: UnixMs, lang: Lang) -> AnyView {
    let late = found.is_overdue(now);
    let href = format!("/admin/payouts/{}", found.payout);
    let age = payout::ago(found.created_at, now, lang);
    let mark = found.rehearsal.then(|| view! { " " {chip(Tone::Warn, say_rehearsal::mark(lang))} });
    let late_chip = late.then(|| view! { " " {chip(Tone::Bad, payout::overdue(lang))} });
    view! {
        <tr data-test=format!("payout-{}", found.mch_billno)>
            <td class="head"><a href=href><code>{found.mch_billno.to_string()}</code></a></td>
            <td data-label=say::state(lang)><span>{state_chip(found.state, found.held, lang)}{mark}{late_chip}</span></td>
            <td class="figure" data-label=say::amount(lang)>{yuan(found.amount)}</td>
            <td data-label=payout::rail(lang)>{money::rail(found.rail, lang)}</td>
            <td class="figure" data-label=payout::attempts(lang)>{payout::times(found.attempts, lang)}</td>
            <td data-label=payout::wechat_said(lang)>{said(&found.err_code, lang)}</td>
            <td class="figure" data-label=payout::age(lang)>{age}</td>
            <td data-label=say::campaign(lang)>{found.campaign_name}</td>
        </tr>
    }
    .into_any()
}

/// The button that reads older payouts.
#[component]
fn Older(show: String, rows: RwSignal<Vec<Row>>, more: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    let older = Action::new(move |before: &Option<PayoutId>| api::read_payouts(Some(show.clone()), *before));
    let wrong = RwSignal::new(None);
    Effect::new(move |_| match older.value().get().map(read) {
        Some(Ok(next)) => {
            rows.update(|rows| rows.extend(next.rows));
            more.set(next.more);
        }
        Some(Err(error)) => wrong.set(Some(error.sentence(lang))),
        None => {}
    });
    let ask = move |_| {
        wrong.set(None);
        older.dispatch(rows.with_untracked(|rows| rows.last().map(|row| row.payout)));
    };
    let end = moving(move || {
        match (more.get(), rows.with(Vec::is_empty)) {
        (true, _) => view! {
            <button type="button" class="button" data-test="more" disabled=older.pending() on:click=ask>{say::more(lang)}</button>
        }
        .into_any(),
        (false, false) => view! { <p class="help">{say::that_is_all(lang)}</p> }.into_any(),
        (false, true) => ().into_any(),
    }
    });
    view! {
        <div class="table-end">{end}<Outcome failed=wrong.into() done=Signal::derive(|| false) word=""/></div>
    }
}
