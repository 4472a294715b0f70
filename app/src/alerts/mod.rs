//! The alerts: what somebody has to look at, and the chat robots that tell it outside.
//! Refuses to show a robot's address once it is stored.

pub mod api;

use crate::browser::{Sent, empty_form};
use crate::change::Change;
use crate::context::lang;
use crate::money::tabs;
use crate::told::call;
use crate::ui::dialog::Confirm;
use crate::ui::field::{Field, Kind as Input, Summary};
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::page::{ask, moving, once, show};
use crate::ui::table::{Table, figures, words};
use api::{Alerts, Robot};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::alert::{Alert, Kind};
use rules::operator::Role;
use rules::payout::Rail;
use rules::say::{Lang, alert as say_alert, dashboard as say, money};

const ADD: &str = "robot-add";
const ROBOT: &str = "robot";
const TEST: &str = "robot-test";

/// The page at `/admin/alerts`.
pub struct AlertsPage;

#[lazy_route]
impl LazyRoute for AlertsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let lang = lang();
        let alerts = ask(once(), |_| call(api::read_alerts()));
        view! {
            <Title text=money::alerts(lang)/>
            {tabs()}
            <div class="title-row">
                <div><h1>{money::alerts(lang)}</h1><p class="lead">{money::alerts_lead(lang)}</p></div>
            </div>
            {show(alerts, 0, |alerts: Alerts| view! { <Desk alerts/> }.into_any())}
        }
        .into_any()
    }
}

/// The alerts, then the robots.
#[component]
fn Desk(alerts: Alerts) -> impl IntoView {
    let lang = lang();
    let change = Change::of(alerts);
    let list = change.part(|page| page.alerts.clone());
    let body = moving(move || {
        let list = list.get();
        if list.is_empty() {
            return empty(money::alerts_none(lang), money::alerts_next(lang), ().into_any());
        }
        let columns = vec![
            words(money::what(lang)),
            words(money::object(lang)),
            words(money::last_at(lang)),
            words(money::first_at(lang)),
            figures(money::how_often(lang)),
        ];
        let rows: Vec<_> = list.into_iter().map(|alert| row(alert, lang)).collect();
        view! { <Table caption=money::alerts(lang) columns>{rows}</Table> }.into_any()
    });
    view! {
        <section class="card" data-test="alerts">{body}</section>
        <Robots change/>
    }
}

const fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::RailPaused | Kind::BillDiffers | Kind::BillForgotten => Tone::Bad,
        Kind::PayoutHeldUp | Kind::Overdue | Kind::PaidSinceBackup | Kind::LowBudget => Tone::Warn,
    }
}

/// What an alert is about, as a way to it.
fn object(alert: &Alert, lang: Lang) -> AnyView {
    let Alert { object, detail, .. } = alert;
    let (href, words) = match alert.kind {
        Kind::RailPaused => {
            let (merchant, rail) = object.split_once(' ').unwrap_or((object, ""));
            let rail = rail.parse::<Rail>().map_or("", |rail| money::rail(rail, lang));
            ("/admin/rails".to_owned(), format!("{merchant} {rail}"))
        }
        Kind::PayoutHeldUp | Kind::BillDiffers | Kind::BillForgotten | Kind::PaidSinceBackup => {
            (format!("/admin/payouts?show={object}"), object.clone())
        }
        Kind::Overdue => ("/admin/payouts?show=overdue".to_owned(), rules::say::payout::see_all(lang).to_owned()),
        Kind::LowBudget => (format!("/admin?campaign={object}"), object.clone()),
    };
    let detail = match alert.kind {
        Kind::LowBudget => view! { <span>{say::available(lang)} " ¥" {detail.clone()}</span> }.into_any(),
        Kind::RailPaused
        | Kind::PayoutHeldUp
        | Kind::BillDiffers
        | Kind::BillForgotten
        | Kind::PaidSinceBackup
        | Kind::Overdue => crate::money::said(detail, lang),
    };
    view! { <span class="stack"><a href=href>{words}</a><small>{detail}</small></span> }.into_any()
}

fn row(alert: Alert, lang: Lang) -> AnyView {
    let what = say_alert::what(alert.kind, lang);
    view! {
        <tr data-test=format!("alert-{}", alert.kind.name())>
            <td class="head"><span class="told">{chip(tone(alert.kind), say_alert::name(alert.kind, lang))}<span>{what}</span></span></td>
            <td data-label=money::object(lang)>{object(&alert, lang)}</td>
            <td class="nowrap" data-label=money::last_at(lang)>{alert.last_at.beijing().to_string()}</td>
            <td class="nowrap" data-label=money::first_at(lang)>{alert.first_at.beijing().to_string()}</td>
            <td class="figure" data-label=money::how_often(lang)>{alert.times.to_string()}</td>
        </tr>
    }
    .into_any()
}

/// The robots, and the form for a new one.
#[component]
fn Robots(change: Change<Alerts>) -> impl IntoView {
    let lang = lang();
    let robots = change.part(|page| (page.robots.clone(), page.role.covers(Role::Administrator)));
    let errors = change.fields(ADD);
    let list = moving(move || {
        let (robots, may) = robots.get();
        if robots.is_empty() {
            return view! { <p class="help">{money::robots_none(lang)}</p> }.into_any();
        }
        let robots = robots.into_iter().map(|robot| self::robot(robot, may, change, lang));
        view! { <ul class="settings">{robots.collect::<Vec<_>>()}</ul> }.into_any()
    });
    let submit = move |event: web_sys::SubmitEvent| {
        let sent = Sent::take(&event);
        let call = api::add_robot(sent.field("robot_name"), sent.field("url"));
        change.run_then(ADD, call, move || empty_form(&event));
    };
    let form = moving(move || {
        match robots.get().1 {
        true => view! {
            <form class="inline" on:submit=submit>
                <Summary errors/>
                <Field name="robot_name" label=money::robot_name(lang) help=money::robot_name_help(lang) errors/>
                <Field name="url" kind=Input::Secret label=money::robot_url(lang) help=money::robot_url_help(lang) errors/>
                <button type="submit" class="primary" data-test="add-robot" disabled=change.is_busy()>{money::robot_add(lang)}</button>
            </form>
        }
        .into_any(),
        false => view! { <p class="help">{money::robots_admin_only(lang)}</p> }.into_any(),
    }
    });
    view! {
        <section class="card" data-test="robots">
            <h2>{money::robots(lang)}</h2>
            <p class="lead">{money::robots_lead(lang)}</p>
            {list}
            <Outcome failed=change.sentence(TEST, lang) done=change.is_done(TEST) word=money::robot_tested(lang)/>
            <Outcome failed=change.sentence(ROBOT, lang) done=change.is_done(ROBOT) word=money::robot_added(lang)/>
            {form}
            <Outcome failed=change.sentence(ADD, lang) done=change.is_done(ADD) word=money::robot_added(lang)/>
        </section>
    }
}

fn robot(robot: Robot, may: bool, change: Change<Alerts>, lang: Lang) -> AnyView {
    let Robot { id, name, kind } = robot;
    let shown = if name.is_empty() { money::robot(kind, lang).to_owned() } else { name };
    let buttons = may.then(|| {
        view! {
            <button type="button" class="button small" data-test="test-robot" disabled=change.is_busy()
                on:click=move |_| change.run(TEST, api::test_robot(id))>{money::robot_test(lang)}</button>
            <Confirm
                word=money::robot_remove(lang)
                title=money::robot_remove_title(&shown, lang)
                effect=money::robot_remove_effect(lang)
                test="remove-robot"
                disabled=change.is_busy()
                agreed=move |()| change.run(ROBOT, api::remove_robot(id))
            />
        }
    });
    view! {
        <li class="setting"><b>{shown.clone()}</b><span class="grow help">{money::robot(kind, lang)}</span>{buttons}</li>
    }
    .into_any()
}
