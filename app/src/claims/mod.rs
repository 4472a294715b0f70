//! The claims of one campaign: who, when, how much, on what evidence, and where the money is.
//! Refuses to show a whole openid; its middle is hidden before it leaves the engine.

pub mod api;

use crate::context::lang;
use crate::told::call;
use crate::ui::icon::{Icon, icon};
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::page::{ask, read, show};
use crate::ui::table::{Table, account_name, figures, words};
use api::Claims;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::claim::{Row, State};
use rules::payout::State as Payout;
use rules::say::{Lang, dashboard as say, rehearsal as say_rehearsal, states};

/// Where a claim and its money stand: icon, colour and word.
pub fn state_chip(claim: State, payout: Payout, lang: Lang) -> AnyView {
    let tone = match claim {
        State::Held => Tone::Warn,
        State::Rejected => Tone::Bad,
        State::Granted => match payout {
            Payout::Collected => Tone::Ok,
            Payout::Queued | Payout::Sending | Payout::Sent | Payout::WaitingConfirm => Tone::Info,
            Payout::Unknown | Payout::Returned => Tone::Warn,
            Payout::Failed => Tone::Bad,
        },
    };
    chip(tone, states::claim(claim, payout, lang))
}

/// The page at `/admin/claims`.
pub struct ClaimsPage;

#[lazy_route]
impl LazyRoute for ClaimsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let picked = crate::frame::picked();
        let first = ask(picked.into(), |slug| call(api::read_claims(slug, None)));
        let lang = lang();
        let shown = show(first, 0, move |claims: Option<Claims>| match claims {
            Some(claims) => view! { <List claims/> }.into_any(),
            None => empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), ().into_any()),
        });
        view! {
            <Title text=say::claims(lang)/>
            {shown}
        }
        .into_any()
    }
}

/// The pages read so far, in one table.
#[component]
fn List(claims: Claims) -> impl IntoView {
    let lang = lang();
    let Claims { slug, name, rows, more } = claims;
    let csv = format!("/admin/reports/claims.csv?campaign={slug}");
    let rows = RwSignal::new(rows);
    let more = RwSignal::new(more);
    let body = move || {
        if rows.with(Vec::is_empty) {
            return empty(say::no_claims_yet(lang), say::no_claims_next(lang), ().into_any());
        }
        let columns = vec![
            words(say::time(lang)),
            words(say::account(lang)),
            words(say::person_column(lang)),
            words(say::link(lang)),
            words(say::evidence(lang)),
            figures(say::amount(lang)),
            words(say::state(lang)),
            words(say::bill_number(lang)),
        ];
        let table_rows = rows.get().into_iter().map(|row| self::row(row, lang)).collect_view();
        view! { <Table caption=say::claims(lang) columns>{table_rows}</Table> }.into_any()
    };
    view! {
        <div class="title-row">
            <div><h1>{say::claims(lang)}</h1><p class="lead">{name}</p></div>
            <span class="grow"></span>
            <a class="button" data-test="csv" href=csv rel="external" download="">{icon(Icon::Download)}{say::csv(lang)}</a>
        </div>
        <section class="card">
            {body}
            <Older slug=slug.to_string() rows more/>
        </section>
    }
}

/// The button that reads older claims.
#[component]
fn Older(slug: String, rows: RwSignal<Vec<Row>>, more: RwSignal<bool>) -> impl IntoView {
    let lang = lang();
    let older = Action::new(move |before: &Option<rules::ids::ClaimId>| api::read_claims(Some(slug.clone()), *before));
    let wrong = RwSignal::new(None);
    Effect::new(move |_| match older.value().get().map(read) {
        Some(Ok(Some(next))) => {
            rows.update(|rows| rows.extend(next.rows));
            more.set(next.more);
        }
        Some(Err(error)) => wrong.set(Some(error.sentence(lang))),
        Some(Ok(None)) | None => {}
    });
    let read = move |_| {
        wrong.set(None);
        older.dispatch(rows.with_untracked(|rows| rows.last().map(|row| row.id)));
    };
    view! {
        <div class="table-end">
            {move || if more.get() {
                view! { <button type="button" class="button" data-test="more" disabled=older.pending() on:click=read>{say::more(lang)}</button> }
                    .into_any()
            } else {
                (rows.with(|rows| !rows.is_empty()))
                    .then(|| view! { <p class="help">{say::that_is_all(lang)}</p> })
                    .into_any()
            }}
            <Outcome failed=wrong.into() done=Signal::derive(|| false) word=""/>
        </div>
    }
}

/// One claim.
fn row(row: Row, lang: Lang) -> AnyView {
    let error = (!row.err_code.is_empty()).then(|| view! { " " <code class="bad">{row.err_code}</code> });
    let evidence = match row.rehearsal {
        true => chip(Tone::Warn, say_rehearsal::mark(lang)),
        false => states::grade(row.grade, lang).into_any(),
    };
    view! {
        <tr>
            <td class="head nowrap">{row.at.beijing().to_string()}</td>
            <td data-label=say::account(lang)>{account_name(row.account_icon, row.account_name)}</td>
            <td data-label=say::person_column(lang)><code>{row.openid_masked}</code></td>
            <td data-label=say::link(lang)>
                <code title=states::attribution_meaning(row.attribution, lang)>{row.link_code}</code>
            </td>
            <td data-label=say::evidence(lang)>{evidence}</td>
            <td class="figure" data-label=say::amount(lang)>{row.amount.to_string()}</td>
            <td data-label=say::state(lang)><span>{state_chip(row.claim, row.payout, lang)}{error}</span></td>
            <td data-label=say::bill_number(lang)><code>{row.mch_billno}</code></td>
        </tr>
    }
    .into_any()
}
