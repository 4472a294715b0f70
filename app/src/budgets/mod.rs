//! The budgets: what each campaign may still grant, what it promised, what it paid, and the form that changes it.
//! Refuses to touch reserved money: it is promised to people.

pub mod api;
mod caps;
mod line;
mod press;
pub mod statement;

use crate::browser::Sent;
use crate::campaigns::api::{CampaignDesk, read_campaign};
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::money::tabs;
use crate::told::call;
use crate::ui::field::{Choice, Errors, Field, Kind, Summary};
use crate::ui::note::{Outcome, empty};
use crate::ui::number::yuan;
use crate::ui::page::{ask, once, param, show};
use crate::ui::table::{Table, figures, words};
use api::{Line, LineDesk, Lines, Step};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use press::Doubts;
use rules::Fen;
use rules::account::FieldError;
use rules::ids::CampaignId;
use rules::ledger::Budget;
use rules::operator::Role;
use rules::say::{Lang, campaign as say_campaign, dashboard as say, money};

const PLACE: &str = "budget";

/// The page at `/admin/budgets`.
pub struct BudgetsPage;

#[lazy_route]
impl LazyRoute for BudgetsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let lines = ask(once(), |_| call(api::read_budgets()));
        let lang = lang();
        view! {
            <Title text=say::budget_lines(lang)/>
            {tabs()}
            <div class="title-row">
                <div><h1>{say::budget_lines(lang)}</h1><p class="lead">{say::budgets_lead(lang)}</p></div>
            </div>
            {show(lines, 0, |lines: Lines| view! { <AllLines lines/> }.into_any())}
        }
        .into_any()
    }
}

/// The page at `/admin/budgets/{id}`.
pub struct LinePage;

#[lazy_route]
impl LazyRoute for LinePage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let desk = ask(param("id"), |id| {
            let id = id.and_then(|id| id.parse::<CampaignId>().ok()).ok_or(AppError::NotFound);
            call(async move { api::read_line(id?).await })
        });
        view! {
            <Title text=say::budget_lines(lang())/>
            {tabs()}
            {show(desk, 0, |desk: LineDesk| view! { <line::Desk desk/> }.into_any())}
        }
        .into_any()
    }
}

/// Every line, and the form for those who may.
#[component]
fn AllLines(lines: Lines) -> impl IntoView {
    let lang = lang();
    let change = Change::of(lines);
    let lines = change.part(|page| page.lines.clone());
    let table = move || {
        let lines = lines.get();
        if lines.is_empty() {
            return empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), ().into_any());
        }
        let columns = vec![
            words(say::campaign(lang)),
            words(say::state(lang)),
            words(money::head_room(lang)),
            figures(say::available(lang)),
            figures(say::reserved(lang)),
            figures(say::paid(lang)),
            figures(say::funded(lang)),
        ];
        let rows = lines.into_iter().map(|line| row(line, lang)).collect_view();
        view! { <Table caption=say::budget_lines(lang) columns>{rows}</Table> }.into_any()
    };
    let options = change.part(|page| {
        let names = page.lines.iter().map(|line| (line.campaign.to_string(), line.name.clone()));
        (page.role.covers(Role::Finance) && !page.lines.is_empty()).then(|| names.collect::<Vec<_>>())
    });
    let errors = change.fields(PLACE);
    let doubts = Doubts::none();
    let submit = move |event: web_sys::SubmitEvent| {
        let sent = Sent::take(&event);
        let Ok(campaign) = sent.field("campaign").parse::<CampaignId>() else { return };
        let of = |page: &Lines| page.lines.iter().find(|line| line.campaign == campaign).map(|line| line.changes);
        let Some(shown) = change.page.with_untracked(of) else { return };
        match asked(&sent, &event, lang) {
            Ok((step, amount)) => {
                let press = doubts.press(campaign, shown);
                let call = api::change_budget(campaign, step, amount, press.seen);
                press.send(change, PLACE, call, api::read_budgets());
            }
            Err(errors) => change.refuse(PLACE, AppError::Invalid(errors)),
        }
    };
    view! {
        <section class="card">{table}</section>
        <section class="card">
            {move || match options.get() {
                Some(options) => view! {
                    <form class="inline" on:submit=submit>
                        <Summary errors/>
                        <Choice name="campaign" label=say::campaign(lang) options errors/>
                        <Amount errors busy=change.is_busy()/>
                    </form>
                }
                .into_any(),
                None => view! { <p class="help">{say::finance_only(lang)}</p> }.into_any(),
            }}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::budget_changed(lang)/>
        </section>
    }
}

/// One line's row.
fn row(line: Line, lang: Lang) -> AnyView {
    let Budget { available, reserved, paid, .. } = line.budget;
    let funded = line.budget.funded().unwrap_or_default();
    view! {
        <tr data-test=format!("budget-{}", line.campaign)>
            <td class="head"><a href=format!("/admin/budgets/{}", line.campaign)>{line.name}</a></td>
            <td data-label=say::state(lang)>{crate::campaigns::state_chip(line.state, lang)}</td>
            <td data-label=money::head_room(lang)>{line::head_room(&line.budget, lang)}</td>
            <td class="figure" data-label=say::available(lang)><b>{yuan(available)}</b></td>
            <td class="figure" data-label=say::reserved(lang)>{yuan(reserved)}</td>
            <td class="figure" data-label=say::paid(lang)>{yuan(paid)}</td>
            <td class="figure" data-label=say::funded(lang)>{yuan(funded)}</td>
        </tr>
    }
    .into_any()
}

/// What the form asks for: which of its two buttons sent it, and how much.
fn asked(sent: &Sent, event: &web_sys::SubmitEvent, lang: Lang) -> Result<(Step, Fen), Vec<FieldError>> {
    let withdraws = event.submitter().is_some_and(|button| button.id() == "withdraw");
    let step = if withdraws { Step::Withdraw } else { Step::Fund };
    match Fen::parse_yuan(&sent.field("amount")) {
        Ok(amount) if !amount.is_zero() => Ok((step, amount)),
        Ok(_) | Err(_) => Err(vec![FieldError::new("amount", say_campaign::money_wrong(lang))]),
    }
}

/// How much, and the two buttons.
#[component]
fn Amount(errors: Errors, busy: Signal<bool>) -> impl IntoView {
    let lang = lang();
    view! {
        <Field name="amount" kind=Kind::Money label=say::yuan(lang) help=say::fund_help(lang) errors/>
        <button type="submit" id="fund" class="primary" data-test="fund" disabled=busy>{say::fund(lang)}</button>
        <button type="submit" id="withdraw" class="button" data-test="withdraw" disabled=busy>{say::withdraw(lang)}</button>
    }
}

/// The budget on a campaign's own desk.
#[component]
pub fn CampaignBudget(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let budget = change.part(|desk| desk.budget);
    let more = change.part(|desk| format!("/admin/budgets/{}", desk.campaign.id));
    let may = change.part(|desk| desk.role.covers(Role::Finance));
    let errors = change.fields(PLACE);
    let doubts = Doubts::none();
    let submit = move |event: web_sys::SubmitEvent| {
        let sent = Sent::take(&event);
        let (id, shown) = change.page.with_untracked(|desk| (desk.campaign.id, desk.budget_changes));
        match asked(&sent, &event, lang) {
            Ok((step, amount)) => {
                let press = doubts.press(id, shown);
                let call = async move {
                    api::change_budget(id, step, amount, press.seen).await?;
                    read_campaign(id).await
                };
                press.send(change, PLACE, call, read_campaign(id));
            }
            Err(errors) => change.refuse(PLACE, AppError::Invalid(errors)),
        }
    };
    let part = |word: &'static str, of: fn(&Budget) -> Fen| {
        view! { <div><dt>{word}</dt><dd>"¥" {move || yuan(budget.with(of))}</dd></div> }
    };
    view! {
        <section class="card">
            <h2>{say::budget_lines(lang)} <a class="more" href=move || more.get()>{money::manage(lang)}</a></h2>
            <dl class="pots">
                {part(say::available(lang), |budget| budget.available)}
                {part(say::reserved(lang), |budget| budget.reserved)}
                {part(say::paid(lang), |budget| budget.paid)}
            </dl>
            {move || if may.get() {
                view! {
                    <form class="inline" on:submit=submit>
                        <Summary errors/>
                        <Amount errors busy=change.is_busy()/>
                    </form>
                }
                .into_any()
            } else {
                view! { <p class="help">{say::finance_only(lang)}</p> }.into_any()
            }}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::budget_changed(lang)/>
        </section>
    }
}
