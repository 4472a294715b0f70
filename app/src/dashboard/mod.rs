//! The live page: figures, the last hour, each link, and the latest claims of one campaign, moving by themselves.
//! Refuses figures without their comparison, and a guess without its name.

pub mod api;
mod figures;
mod links;
mod stream;

use crate::context::lang;
use crate::told::call;
use crate::ui::chart::{Line, LineChart, Lines};
use crate::ui::note::{Tone, empty, note};
use crate::ui::page::{ask, moving, read, show};
use api::Overview;
use leptos::prelude::*;
use leptos_meta::Title;
use rules::claim::Row;
use rules::say::{dashboard as say, states};
use std::cell::Cell;
use std::rc::Rc;

/// The page at `/admin`: the one that is not lazy, since it is what staff open first.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let lang = lang();
    let picked = crate::frame::picked();
    let overview = ask(picked.into(), |slug| call(api::read_overview(slug)));
    let shown = show(overview, 5, move |overview: Option<Overview>| match overview {
        Some(overview) => view! { <LivePage overview/> }.into_any(),
        None => {
            let step = view! { <a class="primary" href="/admin/campaigns/new">{say::create_campaign(lang)}</a> };
            empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), step.into_any())
        }
    });
    view! {
        <Title text=say::overview(lang)/>
        {shown}
    }
}

/// One campaign, live.
#[component]
fn LivePage(overview: Overview) -> impl IntoView {
    let lang = lang();
    let Overview { campaign, snapshot, latest } = overview;
    let snapshot = RwSignal::new(snapshot);
    let latest = RwSignal::new(latest);
    let slug = campaign.slug.clone();
    Effect::new({
        let slug = slug.as_str().to_owned();
        move |_| stream::listen(slug.clone(), snapshot)
    });
    follow_claims(slug.clone(), snapshot, latest);
    let unknown = moving(move || match snapshot.with(|snapshot| snapshot.unknown_payouts) {
        0 => ().into_any(),
        count => note(Tone::Warn, say::unknown_payouts(count, lang)),
    });
    let lines: Lines = [
        Line { word: say::visits(lang), of: |figures| figures.visits },
        Line { word: say::follows(lang), of: |figures| figures.follows },
        Line { word: say::claims(lang), of: |figures| figures.claims },
        Line { word: say::paid_out(lang), of: |figures| figures.paid },
    ];
    let series = Signal::derive(move || snapshot.with(|snapshot| snapshot.series.clone()));
    let manage = format!("/admin/campaigns/{}", campaign.id);
    let all_claims = crate::frame::keep_picked("/admin/claims", Some(slug.as_str()));
    view! {
        <div class="title-row">
            <h1>{campaign.name}</h1>
            {crate::campaigns::state_chip(campaign.state, lang)}
            <span class="grow"></span>
            <a class="button" href=manage.clone()>{say::edit_campaign(lang)}</a>
        </div>
        {unknown}
        {figures::heroes(snapshot)}
        <section class="card">
            <h2>{say::last_hour(lang)} <small>{say::per_minute(lang)}</small></h2>
            <LineChart caption=say::last_hour(lang) points=series lines lang/>
        </section>
        <section class="card">
            <h2>{say::by_link(lang)}</h2>
            {links::links(snapshot, manage)}
        </section>
        <section class="card">
            <h2>{say::latest_claims(lang)}<a class="more" href=all_claims>{say::all_claims(lang)}</a></h2>
            {latest_claims(latest)}
        </section>
    }
}

/// Asks for the latest claims again whenever the figures say that there are more, one call at a time.
fn follow_claims(slug: rules::ids::Slug, snapshot: RwSignal<rules::live::Snapshot>, latest: RwSignal<Vec<Row>>) {
    let counted = move || snapshot.with(|s| (s.total.claims, s.total.paid, s.unknown_payouts));
    let busy = Rc::new(Cell::new(false));
    let again = Rc::new(Cell::new(false));
    Effect::new(move |before: Option<(i64, i64, i64)>| {
        let now = counted();
        if before.is_none_or(|before| before == now) || busy.get() {
            again.set(busy.get());
            return now;
        }
        busy.set(true);
        let (slug, busy, again) = (slug.clone(), Rc::clone(&busy), Rc::clone(&again));
        leptos::task::spawn_local(async move {
            loop {
                again.set(false);
                // Rows that do not come now come with the next change; the figures above are already right.
                if let Ok(rows) = read(api::latest_claims(slug.clone()).await) {
                    latest.try_set(rows);
                }
                if !again.get() {
                    break;
                }
            }
            busy.set(false);
        });
        now
    });
}

/// The latest claims: when, for which account, how much, and where it stands.
fn latest_claims(latest: RwSignal<Vec<Row>>) -> AnyView {
    let lang = lang();
    moving(move || {
        let rows = latest.get();
        if rows.is_empty() {
            return empty(say::no_claims_yet(lang), say::no_claims_next(lang), ().into_any());
        }
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| {
                let told = format!("{} · {}", row.at.beijing(), states::grade(row.grade, lang));
                view! {
                    <li>
                        <span class="account-icon" aria-hidden="true">{row.account_icon}</span>
                        <span class="grow"><b>{row.account_name}</b><small>{told}</small></span>
                        {crate::claims::state_chip(row.claim, row.payout, lang)}
                        <b class="figure">{format!("¥{}", row.amount)}</b>
                    </li>
                }
                .into_any()
            })
            .collect();
        view! { <ol class="latest">{rows}</ol> }.into_any()
    })
}
