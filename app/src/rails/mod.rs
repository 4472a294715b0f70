//! The rails: how each merchant's stand, the switch that stops or resumes one, and a campaign's choice between them.
//! Refuses to say "paused" without the reason and when it ends.

pub mod api;

use crate::campaigns::api::CampaignDesk;
use crate::change::Change;
use crate::context::lang;
use crate::frame::TopBarTold;
use crate::money::{said, tabs};
use crate::told::call;
use crate::ui::dialog::Confirm;
use crate::ui::note::{Outcome, Tone, chip, empty, note};
use crate::ui::page::{ask, moving, once, show};
use crate::ui::table::{Table, figures, words};
use api::{RailUse, Rails};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::operator::Role;
use rules::payout::Rail;
use rules::rail::{RailRow, Standing};
use rules::say::{Lang, dashboard as say, money, payout};
use rules::time::UnixMs;

const PLACE: &str = "rails";

/// The page at `/admin/rails`.
pub struct RailsPage;

#[lazy_route]
impl LazyRoute for RailsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let lang = lang();
        let rails = ask(once(), |_| call(api::read_rails()));
        view! {
            <Title text=money::rails(lang)/>
            {tabs()}
            <div class="title-row">
                <div><h1>{money::rails(lang)}</h1><p class="lead">{money::rails_lead(lang)}</p></div>
            </div>
            {show(rails, 0, |rails: Rails| view! { <AllRails rails/> }.into_any())}
        }
        .into_any()
    }
}

fn standing_chip(standing: Standing, lang: Lang) -> AnyView {
    let tone = match standing {
        Standing::Open => Tone::Ok,
        Standing::Paused => Tone::Warn,
        Standing::Stopped => Tone::Bad,
    };
    chip(tone, money::standing(standing, lang))
}

/// Every rail.
#[component]
fn AllRails(rails: Rails) -> impl IntoView {
    let lang = lang();
    let change = Change::of(rails);
    // A rail that stands still is told on every page.
    let TopBarTold(banner) = expect_context();
    let standings = change.part(|page| page.rails.iter().map(|found| found.rail.standing).collect::<Vec<_>>());
    Effect::new(move |before: Option<Vec<Standing>>| {
        let now = standings.get();
        if before.is_some_and(|before| before != now) {
            banner.refetch();
        }
        now
    });
    let body = moving(move || {
        let Rails { role, rails, now } = change.page.get();
        if rails.is_empty() {
            return empty(money::rails_none(lang), money::rails_next(lang), ().into_any());
        }
        let columns = vec![
            words(payout::merchant(lang)),
            words(payout::rail(lang)),
            words(say::state(lang)),
            words(money::reason(lang)),
            words(money::until(lang)),
            words(money::used_by(lang)),
            figures(say::actions(lang)),
        ];
        let may = role.covers(Role::Finance);
        let rows: Vec<_> = rails.into_iter().map(|found| row(found, may, change, now, lang)).collect();
        let help = (!may).then(|| view! { <p class="help">{money::rails_finance_only(lang)}</p> });
        view! { <Table caption=money::rails(lang) columns>{rows}</Table>{help} }.into_any()
    });
    view! {
        <section class="card">
            {body}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=money::rail_changed(lang)/>
        </section>
        <dl class="card about">
            {Rail::ALL.iter().map(|rail| view! {
                <div><dt>{money::rail(*rail, lang)}</dt><dd>{money::rail_about(*rail, lang)}</dd></div>
            }.into_any()).collect::<Vec<_>>()}
        </dl>
    }
}

fn row(found: RailUse, may: bool, change: Change<Rails>, now: UnixMs, lang: Lang) -> AnyView {
    let RailUse { rail: RailRow { mch_id, rail, standing, reason, until }, campaigns } = found;
    let (reason, until) = match standing {
        Standing::Open => ("–".into_any(), "–".to_owned()),
        Standing::Stopped => (money::stopped_by_hand(lang).into_any(), money::until_resumed(lang).to_owned()),
        Standing::Paused => {
            let until =
                until.map_or_else(|| money::until_resumed(lang).to_owned(), |until| money::moment(until, now, lang));
            (said(&reason, lang), until)
        }
    };
    let campaigns = if campaigns.is_empty() { "–".to_owned() } else { campaigns.join(lang.pick("、", ", ")) };
    let name = format!("{mch_id}-{}", rail.name());
    view! {
        <tr data-test=format!("rail-{name}")>
            <td class="head"><code>{mch_id.to_string()}</code></td>
            <td data-label=payout::rail(lang)>{money::rail(rail, lang)}</td>
            <td data-label=say::state(lang)>{standing_chip(standing, lang)}</td>
            <td data-label=money::reason(lang)>{reason}</td>
            <td data-label=money::until(lang)>{until}</td>
            <td data-label=money::used_by(lang)>{campaigns}</td>
            <td class="actions">{may.then(|| switches(mch_id, rail, standing, change, lang))}</td>
        </tr>
    }
    .into_any()
}

/// Resume what stands still, stop what is not stopped.
fn switches(mch_id: rules::ids::MchId, rail: Rail, standing: Standing, change: Change<Rails>, lang: Lang) -> AnyView {
    let resume = (standing != Standing::Open).then(|| {
        let whose = mch_id.clone();
        view! {
            <Confirm
                word=money::resume(lang)
                title=money::rail_title(money::resume(lang), rail, mch_id.as_str(), lang)
                effect=money::resume_effect(lang)
                class="primary"
                test=format!("resume-{}", rail.name())
                disabled=change.is_busy()
                agreed=move |()| change.run(PLACE, api::resume_rail(whose.clone(), rail))
            />
        }
        .into_any()
    });
    let stop = (standing != Standing::Stopped).then(|| {
        let whose = mch_id.clone();
        view! {
            <Confirm
                word=money::stop(lang)
                title=money::rail_title(money::stop(lang), rail, mch_id.as_str(), lang)
                effect=money::stop_effect(lang)
                class="button"
                test=format!("stop-{}", rail.name())
                disabled=change.is_busy()
                agreed=move |()| change.run(PLACE, api::stop_rail(whose.clone(), rail))
            />
        }
        .into_any()
    });
    view! { {resume} {stop} }.into_any()
}

/// The rail of a campaign's new payouts, on its own desk.
#[component]
pub fn CampaignRail(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let told = change.part(|desk| {
        let campaign = &desk.campaign;
        (campaign.id, campaign.name.clone(), campaign.rail, desk.role.covers(Role::Finance))
    });
    let wrong = change.fields(PLACE);
    let refused = moving(move || {
        let said = wrong.get().into_iter().map(|wrong| note(Tone::Bad, wrong.why));
        said.collect::<Vec<_>>().into_any()
    });
    let body = moving(move || {
        let (id, name, rail, may) = told.get();
        let other = match rail {
            Rail::Redpack => Rail::Transfer,
            Rail::Transfer => Rail::Redpack,
        };
        let switch = may.then(|| {
            view! {
                <Confirm
                    word=money::change_to(other, lang)
                    title=money::change_to_title(&name, other, lang)
                    effect=format!("{} {}", money::rail_about(other, lang), money::chooser_lead(lang))
                    class="button"
                    test="change-rail"
                    disabled=change.is_busy()
                    agreed=move |()| change.run(PLACE, api::set_rail(id, other))
                />
            }
        });
        view! {
            <div class="setting">
                <b data-test="campaign-rail">{money::rail(rail, lang)}</b>
                <span class="grow">{money::rail_about(rail, lang)}</span>
                {switch}
            </div>
        }
        .into_any()
    });
    view! {
        <section class="card">
            <h2>{money::chooser(lang)}</h2>
            <p class="lead">{money::chooser_lead(lang)}</p>
            {body}
            {refused}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=money::chooser_changed(lang)/>
        </section>
    }
}
