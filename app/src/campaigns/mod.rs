//! The campaigns: their list, a new one, and the desk of one with its state, budget, accounts, links and settings.
//! Refuses a step whose effect was not named first.

pub mod api;
mod form;
mod links;
mod members;
pub mod prize;
mod rehearsal;
mod state;

use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::frame::TopBarTold;
use crate::told::call;
use crate::ui::note::{Tone, chip, empty, failed, note};
use crate::ui::number::yuan;
use crate::ui::page::{ask, once, param, show};
use crate::ui::table::{Table, figures, words};
use api::{CampaignDesk, CampaignList, NewCampaign};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::campaign::State;
use rules::ids::CampaignId;
use rules::operator::Role;
use rules::prize::PrizeRule;
use rules::say::{Lang, campaign as say_campaign, dashboard as say, setup, states};

/// Where a campaign stands: icon, colour and word.
pub fn state_chip(state: State, lang: Lang) -> AnyView {
    let tone = match state {
        State::Draft => Tone::Info,
        State::Running => Tone::Ok,
        State::Paused => Tone::Warn,
        State::Closed => Tone::Still,
    };
    chip(tone, states::campaign(state, lang))
}

/// The amount of one packet, in yuan, or its least and most.
pub fn amounts(rule: &PrizeRule) -> String {
    let (min, max) = (rule.min(), rule.max());
    if min == max { format!("¥{}", yuan(min)) } else { format!("¥{} – {}", yuan(min), yuan(max)) }
}

/// The page at `/admin/campaigns`.
pub struct CampaignsPage;

#[lazy_route]
impl LazyRoute for CampaignsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let list = ask(once(), |_| call(api::list_campaigns()));
        view! {
            <Title text=say::campaigns(lang())/>
            {show(list, 0, |list: CampaignList| view! { <List list/> }.into_any())}
        }
        .into_any()
    }
}

/// The list, or the first step where it is empty.
#[component]
fn List(list: CampaignList) -> impl IntoView {
    let lang = lang();
    let create = list.role.covers(Role::Marketer).then(|| {
        view! { <a class="primary" data-test="new-campaign" href="/admin/campaigns/new">{say::create_campaign(lang)}</a> }
    });
    let columns = vec![
        words(say::campaign(lang)),
        words(say::state(lang)),
        words(setup::window(lang)),
        words(setup::payer(lang)),
        figures(setup::prize(lang)),
        figures(say::available(lang)),
        figures(say::paid(lang)),
    ];
    let none = list.rows.is_empty();
    let rows = list.rows.into_iter().map(|row| {
        let campaign = row.campaign;
        let href = format!("/admin/campaigns/{}", campaign.id);
        let window = format!("{} – {}", day(campaign.opens_at), day(campaign.closes_at));
        view! {
            <tr>
                <td class="head"><a href=href>{campaign.name}</a> " " <code>{campaign.slug.to_string()}</code></td>
                <td data-label=say::state(lang)>{state_chip(campaign.state, lang)}</td>
                <td data-label=setup::window(lang)>{window}</td>
                <td data-label=setup::payer(lang)>{row.payer}</td>
                <td class="figure" data-label=setup::prize(lang)>{amounts(&campaign.prize)}</td>
                <td class="figure" data-label=say::available(lang)>{yuan(row.budget.available)}</td>
                <td class="figure" data-label=say::paid(lang)>{yuan(row.budget.paid)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let body = if none {
        empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), ().into_any())
    } else {
        view! { <section class="card"><Table caption=say::campaigns(lang) columns>{rows}</Table></section> }.into_any()
    };
    view! {
        <div class="title-row">
            <div><h1>{say::campaigns(lang)}</h1><p class="lead">{setup::campaigns_lead(lang)}</p></div>
            <span class="grow"></span>
            {create}
        </div>
        {body}
    }
}

/// Day and minute, without the seconds that nobody plans by.
fn day(at: rules::time::UnixMs) -> String {
    let time = at.beijing();
    format!("{:04}-{:02}-{:02} {:02}:{:02}", time.year, time.month, time.day, time.hour, time.minute)
}

/// The page at `/admin/campaigns/new`.
pub struct NewCampaignPage;

#[lazy_route]
impl LazyRoute for NewCampaignPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let new = ask(once(), |_| call(api::prepare_campaign()));
        let lang = lang();
        let shown = show(new, 0, |new: NewCampaign| match new.role.covers(Role::Marketer) {
            true => view! { <form::Create new/> }.into_any(),
            false => failed(&AppError::Forbidden),
        });
        view! {
            <Title text=say::create_campaign(lang)/>
            <div class="title-row">
                <div><h1>{say::create_campaign(lang)}</h1><p class="lead">{setup::created_next(lang)}</p></div>
            </div>
            {note(Tone::Info, say_campaign::compliance(lang).to_owned())}
            {shown}
        }
        .into_any()
    }
}

/// The page at `/admin/campaigns/{id}`.
pub struct CampaignPage;

#[lazy_route]
impl LazyRoute for CampaignPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let desk = ask(param("id"), |id| {
            let id = id.and_then(|id| id.parse::<CampaignId>().ok()).ok_or(AppError::NotFound);
            call(async move { api::read_campaign(id?).await })
        });
        view! {
            <Title text=say::campaigns(lang())/>
            {show(desk, 0, |desk: CampaignDesk| view! { <Desk desk/> }.into_any())}
        }
        .into_any()
    }
}

/// One campaign: its state on top, then accounts and links, then budget and settings.
#[component]
fn Desk(desk: CampaignDesk) -> impl IntoView {
    let lang = lang();
    let change = Change::of(desk);
    let name = change.part(|desk| desk.campaign.name.clone());
    let live = change.part(|desk| crate::frame::keep_picked("/admin", Some(desk.campaign.slug.as_str())));
    // A new name or state belongs into the switcher, too.
    let TopBarTold(names) = expect_context();
    let told = change.part(|desk| (desk.campaign.name.clone(), desk.campaign.state));
    Effect::new(move |before: Option<(String, State)>| {
        let now = told.get();
        if before.is_some_and(|before| before != now) {
            names.refetch();
        }
        now
    });
    view! {
        <Title text=move || name.get()/>
        <div class="title-row">
            <h1>{move || name.get()}</h1>
            {move || state_chip(change.part(|desk| desk.campaign.state).get(), lang)}
            <span class="grow"></span>
            <a class="button" href=move || live.get()>{say::overview(lang)}</a>
            <state::Steps change/>
        </div>
        <crate::ui::note::Outcome
            failed=change.sentence(state::PLACE, lang)
            done=change.is_done(state::PLACE)
            word=setup::state_changed(lang)
        />
        {note(Tone::Info, say_campaign::compliance(lang).to_owned())}
        <members::Members change/>
        <links::Links change/>
        <crate::budgets::CampaignBudget change/>
        <crate::rails::CampaignRail change/>
        <rehearsal::Rehearsal change/>
        <form::Settings change/>
    }
}
