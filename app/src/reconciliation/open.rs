//! What reconciliation leaves to people: a day without a bill, and what a restore left open.
//! Refuses to go on without names before it said what that may cost.

use super::api::{self, Reconciliation};
use crate::change::Change;
use crate::context::lang;
use crate::ui::dialog::Confirm;
use crate::ui::number::yuan;
use crate::ui::page::moving;
use leptos::prelude::*;
use rules::bill::Missing;
use rules::ids::MchId;
use rules::operator::Role;
use rules::say::{Lang, bill as say};
use rules::time::BeijingDay;

pub const PLACE: &str = "open";

/// The button that says that nothing moved on a day.
fn nothing_on(
    change: Change<Reconciliation>,
    mch_id: MchId,
    day: Option<BeijingDay>,
    test: &'static str,
    lang: Lang,
) -> AnyView {
    let title = day.map(|day| say::no_bill_title(day, &mch_id, lang)).unwrap_or_default();
    let is_wanted = |Missing { wanted, .. }: &Missing| {
        wanted.iter().any(|(whose, days)| *whose == mch_id && day.is_some_and(|day| days.contains(&day)))
    };
    let wanted = change.page.with(|page| page.missing.as_ref().is_some_and(is_wanted));
    let effect = if wanted { say::no_bill_then(lang) } else { say::no_bill_effect(lang) };
    view! {
        <Confirm
            word=say::no_bill(lang)
            title
            effect
            class="button"
            test
            disabled=Signal::derive(move || day.is_none() || change.is_busy().get())
            agreed=move |()| if let Some(day) = day {
                change.run(PLACE, api::nothing_on(mch_id.clone(), day));
            }
        />
    }
    .into_any()
}

/// For administrators: any day, and whose, where there are several merchants.
pub fn day_without_a_bill(change: Change<Reconciliation>) -> AnyView {
    let lang = lang();
    let (merchants, last, role) = change.page.with_untracked(|page| (page.merchants.clone(), page.last_day, page.role));
    let Some(first) = merchants.first().cloned().filter(|_| role.covers(Role::Administrator)) else {
        return ().into_any();
    };
    let day = RwSignal::new(Some(last));
    let whose = RwSignal::new(first);
    let choice = (merchants.len() > 1).then(|| {
        let options = merchants.iter().map(|mch_id| view! { <option>{mch_id.to_string()}</option> }).collect_view();
        let choose = move |event| {
            if let Ok(mch_id) = MchId::try_from(event_target_value(&event)) {
                whose.set(mch_id);
            }
        };
        view! {
            <div class="field">
                <label for="f-whose">{say::merchant(lang)}</label>
                <select id="f-whose" on:change=choose>{options}</select>
            </div>
        }
    });
    let typed = move |event| day.set(BeijingDay::parse(&event_target_value(&event)).filter(|day| *day <= last));
    let button = moving(move || {
        view! { <span>{nothing_on(change, whose.get(), day.get(), "nothing-on", lang)}</span> }.into_any()
    });
    view! {
        <div class="inline">
            <div class="field">
                <label for="f-nothing">{say::no_bill_day(lang)}</label>
                <input id="f-nothing" type="date" max=last.to_string() value=last.to_string() on:input=typed aria-describedby="h-nothing"/>
                <p class="help" id="h-nothing">{say::no_bill_help(lang)}</p>
            </div>
            {choice}
            {button}
        </div>
    }
    .into_any()
}

/// After a restore: which bills are wanted, who is not named, and what can be done about it.
pub fn standing_still(change: Change<Reconciliation>) -> AnyView {
    let lang = lang();
    moving(move || {
        let (missing, role) = change.page.with(|page| (page.missing.clone(), page.role));
        let Some(Missing { wanted, nameless }) = missing else { return ().into_any() };
        let people = nameless.len();
        let accepts = role.covers(Role::Administrator) && wanted.is_empty() && people > 0;
        let all_named = (wanted.is_empty() && people == 0).then(|| view! { <p>{say::all_named(lang)}</p> });
        let unnamed = (people > 0).then(|| {
            let rows = nameless.iter().map(|(mch_billno, amount)| {
                view! { <li class="setting"><code class="grow">{mch_billno.to_string()}</code><b>"¥" {yuan(*amount)}</b></li> }
            });
            view! {
                <h3>{say::nameless_title(lang)}</h3>
                <p class="help">{say::nameless_help(lang)}</p>
                <ul class="settings" data-test="nameless">{rows.collect_view()}</ul>
            }
        });
        let again = role.covers(Role::Finance).then(|| {
            let ask = move |_| change.run(PLACE, api::settle_after_restore());
            view! {
                <button type="button" class="button" data-test="ask-again" disabled=change.is_busy() on:click=ask>
                    {say::ask_again(lang)}
                </button>
            }
        });
        let accept = accepts.then(|| {
            view! {
                <Confirm
                    word=say::accept(lang)
                    title=say::accept_title(lang)
                    effect=say::accept_effect(people, lang)
                    class="button"
                    test="accept-unnamed"
                    disabled=change.is_busy()
                    agreed=move |()| change.run(PLACE, api::accept_unnamed())
                />
            }
        });
        view! {
            <section class="card urgent" data-test="standing-still">
                <h2>{say::standing_still(lang)}</h2>
                <p class="lead">{say::standing_still_lead(lang)}</p>
                <p class="help">{say::enter_first(lang)}</p>
                {days_wanted(change, wanted, role, lang)}
                {unnamed}
                {all_named}
                <div class="setting steps">{again}{accept}</div>
            </section>
        }
        .into_any()
    })
}

/// The wanted days, each with the way to say that it has no bill.
fn days_wanted(
    change: Change<Reconciliation>,
    wanted: Vec<(MchId, Vec<BeijingDay>)>,
    role: Role,
    lang: Lang,
) -> AnyView {
    if wanted.is_empty() {
        return ().into_any();
    }
    let last = change.page.with_untracked(|page| page.last_day);
    let days = wanted.into_iter().flat_map(|(mch_id, days)| days.into_iter().map(move |day| (mch_id.clone(), day)));
    let rows = days.map(|(mch_id, day)| {
        let step = if day > last {
            view! { <span class="help">{say::wait_for_end(lang)}</span> }.into_any()
        } else if role.covers(Role::Administrator) {
            nothing_on(change, mch_id.clone(), Some(day), "wanted-nothing", lang)
        } else {
            ().into_any()
        };
        view! { <li class="setting"><b>{day.to_string()}</b><code class="grow">{mch_id.to_string()}</code>{step}</li> }
            .into_any()
    });
    view! {
        <h3>{say::wanted(lang)}</h3>
        <ul class="settings" data-test="wanted">{rows.collect::<Vec<_>>()}</ul>
    }
    .into_any()
}
