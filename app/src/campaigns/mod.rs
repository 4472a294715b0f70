//! The campaigns: their list, a new one, and the desk of one with its state, budget, accounts, links and settings.
//! Refuses a step whose effect was not named first.

pub mod api;
mod form;
mod links;
mod members;
mod state;

use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::frame::Campaigns;
use crate::ui::note::{Skeleton, Tone, chip, empty, failed, note};
use crate::ui::number::yuan;
use crate::ui::table::{Table, figures, words};
use api::{CampaignDesk, CampaignList, NewCampaign};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
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

/// The amount of one packet, in yuan.
fn prize(rule: PrizeRule) -> String {
    match rule {
        PrizeRule::Fixed(amount) => format!("¥{}", yuan(amount)),
        PrizeRule::Range(min, max) => format!("¥{} – {}", yuan(min), yuan(max)),
    }
}

/// The page at `/admin/campaigns`.
pub struct CampaignsPage {
    list: Resource<Result<CampaignList, AppError>>,
}

#[lazy_route]
impl LazyRoute for CampaignsPage {
    fn data() -> Self {
        Self { list: Resource::new(|| (), |()| api::list_campaigns()) }
    }

    fn view(this: Self) -> AnyView {
        let CampaignsPage { list } = this;
        let lang = lang();
        view! {
            <Title text=say::campaigns(lang)/>
            <Suspense fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match list.await {
                        Ok(list) => view! { <List list/> }.into_any(),
                        Err(error) => failed(&error),
                    }
                })}
            </Suspense>
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
                <td class="figure" data-label=setup::prize(lang)>{prize(campaign.prize)}</td>
                <td class="figure" data-label=say::available(lang)>{yuan(row.budget.available)}</td>
                <td class="figure" data-label=say::paid(lang)>{yuan(row.budget.paid)}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let body = if none {
        empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), ().into_any())
    } else {
        view! { <section class="card"><Table caption=say::campaigns(lang) columns>{rows}</Table></section> }
            .into_any()
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
pub struct NewCampaignPage {
    new: Resource<Result<NewCampaign, AppError>>,
}

#[lazy_route]
impl LazyRoute for NewCampaignPage {
    fn data() -> Self {
        Self { new: Resource::new(|| (), |()| api::prepare_campaign()) }
    }

    fn view(this: Self) -> AnyView {
        let NewCampaignPage { new } = this;
        let lang = lang();
        view! {
            <Title text=say::create_campaign(lang)/>
            <div class="title-row">
                <div><h1>{say::create_campaign(lang)}</h1><p class="lead">{setup::created_next(lang)}</p></div>
            </div>
            {note(Tone::Info, say_campaign::compliance(lang).to_owned())}
            <Suspense fallback=|| view! { <Skeleton/> }>
                {move || Suspend::new(async move {
                    match new.await {
                        Ok(new) if new.role.covers(Role::Marketer) => view! { <form::Create new/> }.into_any(),
                        Ok(_) => failed(&AppError::Forbidden),
                        Err(error) => failed(&error),
                    }
                })}
            </Suspense>
        }
        .into_any()
    }
}

/// The page at `/admin/campaigns/{id}`.
pub struct CampaignPage {
    desk: Resource<Result<CampaignDesk, AppError>>,
}

#[lazy_route]
impl LazyRoute for CampaignPage {
    fn data() -> Self {
        let params = use_params_map();
        let id = Memo::new(move |_| params.with(|params| params.get("id")).and_then(|id| id.parse::<CampaignId>().ok()));
        Self {
            desk: Resource::new(
                move || id.get(),
                |id| async move { api::read_campaign(id.ok_or(AppError::NotFound)?).await },
            ),
        }
    }

    fn view(this: Self) -> AnyView {
        let CampaignPage { desk } = this;
        let lang = lang();
        view! {
            <Suspense fallback=|| view! { <Skeleton figures=3/> }>
                {move || Suspend::new(async move {
                    match desk.await {
                        Ok(desk) => view! { <Desk desk/> }.into_any(),
                        Err(error) => view! { <Title text=say::campaigns(lang)/>{failed(&error)} }.into_any(),
                    }
                })}
            </Suspense>
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
    let Campaigns(names) = expect_context();
    let told = change.part(|desk| (desk.campaign.name.clone(), desk.campaign.state));
    Effect::new(move |before: Option<()>| {
        told.track();
        if before.is_some() {
            names.refetch();
        }
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
        <form::Settings change/>
    }
}
