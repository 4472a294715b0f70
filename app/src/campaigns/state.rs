//! Start, pause, close: the steps a campaign's state allows, each asked for with its effect.
//! Refuses to offer a step that would be refused.

use super::api::{self, CampaignDesk};
use super::rehearsal;
use crate::change::Change;
use crate::context::lang;
use crate::ui::dialog::Confirm;
use leptos::prelude::*;
use rules::campaign::{Event, State};
use rules::ids::CampaignId;
use rules::operator::Role;
use rules::say::{Lang, rehearsal as say_rehearsal, setup};

/// Where the outcome of a step is shown.
pub const PLACE: &str = "state";

const fn words(event: Event, lang: Lang) -> (&'static str, &'static str, &'static str) {
    match event {
        Event::Start => (setup::start(lang), setup::start_title(lang), setup::start_effect(lang)),
        Event::Pause => (setup::pause(lang), setup::pause_title(lang), setup::pause_effect(lang)),
        Event::Close => (setup::close(lang), setup::close_title(lang), setup::close_effect(lang)),
    }
}

/// The buttons for the steps that are possible now.
#[component]
pub fn Steps(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let possible = change.part(|desk| (desk.role, desk.campaign.id, desk.campaign.state));
    move || {
        let (role, id, state) = possible.get();
        if !role.covers(Role::Marketer) {
            return ().into_any();
        }
        let steps = Event::ALL.iter().copied().filter(|event| state.event(*event).is_ok());
        steps
            .map(|event| {
                if (state, event) == (State::Draft, Event::Start) {
                    return first_start(change, id, lang);
                }
                let (word, title, effect) = words(event, lang);
                let class = match event {
                    Event::Start => "primary",
                    Event::Pause | Event::Close => "button",
                };
                view! {
                    <Confirm
                        word
                        title
                        effect
                        class
                        test=format!("step-{}", event.name())
                        disabled=change.is_busy()
                        agreed=move |()| change.run(PLACE, api::move_campaign(id, event))
                    />
                }
                .into_any()
            })
            .collect_view()
            .into_any()
    }
}

/// The start of a draft, with its check list: without a collected test packet the reader has to say that they know.
fn first_start(change: Change<CampaignDesk>, id: CampaignId, lang: Lang) -> AnyView {
    let (word, title, effect) = words(Event::Start, lang);
    let checks = rehearsal::checks(change);
    let untested = Memo::new(move |_| checks.get().is_some_and(|checks| !checks.is_rehearsed));
    let anyway = RwSignal::new(false);
    let agreed = move |()| {
        if untested.get_untracked() {
            change.run(PLACE, api::start_unrehearsed(id));
        } else {
            change.run(PLACE, api::move_campaign(id, Event::Start));
        }
    };
    let waive = move || {
        untested.get().then(|| {
            view! {
                <label class="agree">
                    <input
                        type="checkbox"
                        data-test="start-anyway"
                        prop:checked=move || anyway.get()
                        on:change=move |event| anyway.set(event_target_checked(&event))
                    />
                    <span>{say_rehearsal::start_anyway(lang)}</span>
                </label>
            }
        })
    };
    view! {
        <Confirm
            word
            title
            effect
            class="primary"
            test="step-start"
            disabled=change.is_busy()
            blocked=Signal::derive(move || untested.get() && !anyway.get())
            agreed
        >
            <h3>{say_rehearsal::checks(lang)}</h3>
            {rehearsal::list(checks, lang)}
            {waive}
        </Confirm>
    }
    .into_any()
}
