//! Start, pause, close: the steps a campaign's state allows, each asked for with its effect.
//! Refuses to offer a step that would be refused.

use super::api::{self, CampaignDesk};
use crate::change::Change;
use crate::context::lang;
use crate::ui::dialog::Confirm;
use leptos::prelude::*;
use rules::campaign::Event;
use rules::operator::Role;
use rules::say::{Lang, setup};

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
            })
            .collect_view()
            .into_any()
    }
}
