//! One campaign's line: its head-room, when it will be empty, pacing, and below which amount somebody is told.
//! Refuses to hide reserved money inside the free one.

use super::api::{self, LineDesk};
use super::press::Doubts;
use super::{Amount, asked, caps, statement};
use crate::browser::Sent;
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::money::bar;
use crate::ui::dialog::Confirm;
use crate::ui::field::{Field, Kind, Summary};
use crate::ui::note::{Outcome, Tone, chip, note};
use crate::ui::number::yuan;
use crate::ui::page::moving;
use leptos::prelude::*;
use rules::Fen;
use rules::account::FieldError;
use rules::campaign::State;
use rules::ledger::Budget;
use rules::operator::Role;
use rules::say::{Lang, campaign as say_campaign, dashboard as say, money};

const FUND: &str = "fund";
const PACING: &str = "pacing";
const LOW: &str = "low";

/// The bar of a budget and what its parts are called.
pub fn head_room(budget: &Budget, lang: Lang) -> AnyView {
    let Budget { available, reserved, paid, .. } = *budget;
    let label = format!(
        "{} {} · {} {} · {} {}",
        say::available(lang),
        yuan(available),
        say::reserved(lang),
        yuan(reserved),
        say::paid(lang),
        yuan(paid)
    );
    bar(label, &[("paid", paid), ("reserved", reserved), ("available", available)])
}

/// When the budget will be empty, in a sentence.
fn forecast(desk: &LineDesk, lang: Lang) -> AnyView {
    if desk.line.state != State::Running {
        return note(Tone::Info, money::forecast_still(lang).to_owned());
    }
    if desk.line.budget.available.is_zero() {
        return note(Tone::Bad, money::forecast_spent(lang).to_owned());
    }
    match desk.empty_at {
        None => note(Tone::Info, money::forecast_none(lang).to_owned()),
        Some(empty_at) => {
            let soon = money::is_soon(empty_at, desk.now);
            let sentence = money::forecast(empty_at, desk.closes_at, desk.now, lang);
            note(if soon { Tone::Warn } else { Tone::Info }, sentence)
        }
    }
}

/// One line with everything about it.
#[component]
pub fn Desk(desk: LineDesk) -> impl IntoView {
    let lang = lang();
    let name = desk.line.name.clone();
    let campaign = format!("/admin/campaigns/{}", desk.line.campaign);
    let state = desk.line.state;
    let change = Change::of(desk);
    view! {
        <leptos_meta::Title text=name.clone()/>
        <div class="title-row">
            <h1>{name}</h1>
            {crate::campaigns::state_chip(state, lang)}
            <span class="grow"></span>
            <a class="button" href="/admin/budgets">{money::back(lang)}</a>
            <a class="button" href=campaign>{money::campaign_page(lang)}</a>
        </div>
        <HeadRoom change/>
        <Pacing change/>
        <caps::Caps change/>
        <statement::StatementCard change/>
    }
}

/// The head-room, the forecast, and the form that changes the budget.
#[component]
fn HeadRoom(change: Change<LineDesk>) -> impl IntoView {
    let lang = lang();
    let errors = change.fields(FUND);
    let may = change.part(|desk| desk.role.covers(Role::Finance));
    let doubts = Doubts::none();
    let submit = move |event: web_sys::SubmitEvent| {
        let sent = Sent::take(&event);
        let (id, shown) = change.page.with_untracked(|desk| (desk.line.campaign, desk.line.changes));
        match asked(&sent, &event, lang) {
            Ok((step, amount)) => {
                let press = doubts.press(id, shown);
                let call = async move {
                    api::change_budget(id, step, amount, press.seen).await?;
                    api::read_line(id).await
                };
                press.send(change, FUND, call, api::read_line(id));
            }
            Err(errors) => change.refuse(FUND, AppError::Invalid(errors)),
        }
    };
    let figures = moving(move || {
        let budget = change.page.with(|desk| desk.line.budget);
        let part = |class: &'static str, word: &'static str, amount: Fen| {
            view! { <div><dt><i class=format!("swatch {class}")></i>{word}</dt><dd data-test=format!("pot-{class}")>"¥" {yuan(amount)}</dd></div> }
                .into_any()
        };
        view! {
            {head_room(&budget, lang)}
            <dl class="pots">
                {part("available", say::available(lang), budget.available)}
                {part("reserved", say::reserved(lang), budget.reserved)}
                {part("paid", say::paid(lang), budget.paid)}
            </dl>
            <div data-test="forecast">{change.page.with(|desk| forecast(desk, lang))}</div>
        }
        .into_any()
    });
    view! {
        <section class="card">
            <h2>{money::line(lang)}</h2>
            {figures}
            {moving(move || match may.get() {
                true => view! {
                    <form class="inline" on:submit=submit>
                        <Summary errors/>
                        <Amount errors busy=change.is_busy()/>
                    </form>
                }
                .into_any(),
                false => view! { <p class="help">{say::finance_only(lang)}</p> }.into_any(),
            })}
            <Outcome failed=change.sentence(FUND, lang) done=change.is_done(FUND) word=say::budget_changed(lang)/>
        </section>
    }
}

/// How the budget is spread, and below which amount somebody is told.
#[component]
fn Pacing(change: Change<LineDesk>) -> impl IntoView {
    let lang = lang();
    let told = change.part(|desk| (desk.line.campaign, desk.paced, desk.role.covers(Role::Finance)));
    let pacing = moving(move || {
        let (id, paced, may) = told.get();
        let (tone, sentence) =
            if paced { (Tone::Ok, money::pacing_on(lang)) } else { (Tone::Still, money::pacing_off(lang)) };
        let word = if paced { money::pacing_stop(lang) } else { money::pacing_start(lang) };
        let title = if paced { money::pacing_stop_title(lang) } else { money::pacing_start_title(lang) };
        let effect = if paced { money::pacing_stop_effect(lang) } else { money::pacing_start_effect(lang) };
        let switch = may.then(|| {
            let agreed = move |()| change.run(PACING, api::set_pacing(id, !paced));
            view! { <Confirm word title effect class="button" test="pacing" disabled=change.is_busy() agreed/> }
        });
        view! {
            <div class="setting">{chip(tone, money::pacing(lang))}<span class="grow" data-test="pacing-now">{sentence}</span>{switch}</div>
        }
        .into_any()
    });
    view! {
        <section class="card">
            <h2>{money::pacing(lang)}</h2>
            {pacing}
            <Outcome failed=change.sentence(PACING, lang) done=change.is_done(PACING) word=say::saved(lang)/>
            <Low change/>
        </section>
    }
}

/// Below which free amount somebody is told.
#[component]
fn Low(change: Change<LineDesk>) -> impl IntoView {
    let lang = lang();
    let errors = change.fields(LOW);
    let told = change.part(|desk| (desk.line.campaign, desk.low, desk.role.covers(Role::Finance)));
    let submit = move |event: web_sys::SubmitEvent| {
        let typed = Sent::take(&event).field("low");
        let id = told.with_untracked(|told| told.0);
        match Fen::parse_yuan(&typed) {
            Ok(low) => change.run(LOW, api::set_low(id, low)),
            Err(_) => {
                let wrong = FieldError::new("low", say_campaign::money_wrong(lang));
                change.refuse(LOW, AppError::Invalid(vec![wrong]));
            }
        }
    };
    view! {
        <form class="inline" on:submit=submit>
            <Summary errors/>
            {moving(move || {
                let (_, low, may) = told.get();
                view! {
                    <Field name="low" kind=Kind::Money label=money::low(lang) help=money::low_help(lang) value=low.to_string() fixed=!may errors/>
                    {may.then(|| view! {
                        <button type="submit" class="button" data-test="set-low" disabled=change.is_busy()>{say::save(lang)}</button>
                    })}
                }
                .into_any()
            })}
        </form>
        <Outcome failed=change.sentence(LOW, lang) done=change.is_done(LOW) word=say::saved(lang)/>
    }
}
