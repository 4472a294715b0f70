//! The prize rules of one campaign side by side: those of single accounts and grades of evidence, then its own.
//! Refuses a total for a part of the claims; the same editor draws what to expect of each rule.

pub mod api;

use crate::browser::Sent;
use crate::campaigns::{amounts, prize};
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::told::call;
use crate::ui::dialog::Confirm;
use crate::ui::field::{Choice, Summary, guard_unsaved};
use crate::ui::note::Outcome;
use crate::ui::number::yuan;
use crate::ui::page::{ask, moving, param, show};
use crate::ui::table::{Table, figures, words};
use api::PrizeDesk;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::account::FieldError;
use rules::follow::Grade;
use rules::ids::CampaignId;
use rules::operator::Role;
use rules::payout::Rail;
use rules::prize::form::PrizeForm;
use rules::prize::{PrizeRule, Whose};
use rules::say::{Lang, dashboard, prize as say};

const PLACE: &str = "prizes";
/// Where the form begins, for whoever asks to change a rule.
const FORM: &str = "rule";

/// The page at `/admin/campaigns/{id}/prizes`.
pub struct PrizesPage;

#[lazy_route]
impl LazyRoute for PrizesPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let desk = ask(param("id"), |id| {
            let id = id.and_then(|id| id.parse::<CampaignId>().ok()).ok_or(AppError::NotFound);
            call(async move { api::read_prizes(id?).await })
        });
        view! {
            <Title text=say::apart(lang())/>
            {show(desk, 0, |desk: PrizeDesk| view! { <Desk desk/> }.into_any())}
        }
        .into_any()
    }
}

/// Whom a rule is for, in words.
fn named(whose: Whose, desk: &PrizeDesk, lang: Lang) -> String {
    match whose {
        Whose::Account(id) => {
            let account = desk.accounts.iter().find(|(account, _)| *account == id);
            account.map(|(_, name)| name.clone()).unwrap_or_default()
        }
        Whose::Grade(grade) => say::of_grade(grade, lang),
    }
}

/// The rules as a table, and the form for one of them.
#[component]
fn Desk(desk: PrizeDesk) -> impl IntoView {
    let lang = lang();
    let campaign = format!("/admin/campaigns/{}", desk.campaign.id);
    let name = desk.campaign.name.clone();
    let edits = desk.role.covers(Role::Marketer);
    let first = desk.accounts.first().map_or(Whose::Grade(Grade::Asserted), |(account, _)| Whose::Account(*account));
    let start = RwSignal::new((first, PrizeForm::of(&without_total(&desk.campaign.prize), desk.campaign.scene_id)));
    let change = Change::of(desk);
    let table = moving(move || table(&change.page.get(), edits.then_some((change, start)), lang));
    let form = if edits {
        view! { <Form change start/> }.into_any()
    } else {
        view! { <p class="help">{say::apart_marketer_only(lang)}</p> }.into_any()
    };
    view! {
        <div class="title-row">
            <div><h1>{say::apart(lang)} " " <small>{name}</small></h1><p class="lead">{say::apart_lead(lang)}</p></div>
            <span class="grow"></span>
            <a class="button" href=campaign>{say::back_to_campaign(lang)}</a>
        </div>
        <section class="card">{table}</section>
        {form}
    }
}

/// A rule to begin with: a part of the claims cannot have a total, so a split becomes its range.
fn without_total(rule: &PrizeRule) -> PrizeRule {
    match rule.split() {
        Some(split) => PrizeRule::between(split.min, split.max),
        None => rule.clone(),
    }
}

type Editing = (Change<PrizeDesk>, RwSignal<(Whose, PrizeForm)>);

/// Each rule with what to expect of it; the campaign's own is for everybody else.
fn table(desk: &PrizeDesk, editing: Option<Editing>, lang: Lang) -> AnyView {
    let columns = vec![
        words(say::whose(lang)),
        words(say::rule(lang)),
        figures(say::average(lang)),
        words(say::expected(lang)),
        figures(dashboard::actions(lang)),
    ];
    let row = |hook: String, whose: String, rule: &PrizeRule, actions: AnyView| {
        view! {
            <tr data-test=hook>
                <td class="head">{whose}</td>
                <td data-label=say::rule(lang)>
                    <span class="stack">{say::kind(rule.kind(), lang)}<small>{amounts(rule)}</small></span>
                </td>
                <td class="figure" data-label=say::average(lang)>{yuan(rule.expected_fen())}</td>
                <td class="drawn">{prize::bars(&rule.distribution(), lang)}</td>
                <td class="actions">{actions}</td>
            </tr>
        }
        .into_any()
    };
    let mut rows = Vec::new();
    for (whose, rule) in &desk.apart {
        let name = named(*whose, desk, lang);
        let actions = editing.map(|editing| actions(editing, desk, (*whose, rule), &name, lang));
        rows.push(row(format!("rule-{whose}"), name, rule, actions.into_any()));
    }
    rows.push(row(
        "rule-campaign".to_owned(),
        say::everybody_else(lang).to_owned(),
        &desk.campaign.prize,
        ().into_any(),
    ));
    view! { <Table caption=say::apart(lang) columns>{rows}</Table> }.into_any()
}

/// Into the form with it, or away.
fn actions(
    (change, start): Editing,
    desk: &PrizeDesk,
    (whose, rule): (Whose, &PrizeRule),
    name: &str,
    lang: Lang,
) -> AnyView {
    let id = desk.campaign.id;
    let form = PrizeForm::of(rule, desk.campaign.scene_id);
    let edit = move |_| {
        start.set((whose, form.clone()));
        crate::browser::focus(FORM);
    };
    view! {
        <button type="button" class="quiet small" data-test="change-rule" on:click=edit>{say::change(lang)}</button>
        <Confirm
            word=say::drop(lang)
            title=say::drop_title(name, lang)
            effect=say::drop_effect(lang)
            test="drop-rule"
            disabled=change.is_busy()
            agreed=move |()| change.run(PLACE, api::drop_prize_apart(id, whose))
        />
    }
    .into_any()
}

/// One rule: whom it is for, and how it draws.
#[component]
fn Form(change: Change<PrizeDesk>, start: RwSignal<(Whose, PrizeForm)>) -> impl IntoView {
    let lang = lang();
    let unsaved = RwSignal::new(false);
    guard_unsaved(unsaved);
    let errors = change.fields(PLACE);
    let submit = move |event| {
        let sent = Sent::take(&event);
        let form = prize::read(&sent);
        let id = change.page.with_untracked(|desk| desk.campaign.id);
        let whose = sent.field("whose").parse::<Whose>();
        match (whose, form.check(Rail::Redpack, lang)) {
            (Ok(whose), Ok(_)) => {
                change.run_then(PLACE, api::set_prize_apart(id, whose, form), move || unsaved.set(false));
            }
            (Ok(_), Err(errors)) => change.refuse(PLACE, AppError::Invalid(errors)),
            (Err(_), _) => {
                let wrong = vec![FieldError::new("whose", say::whose_wrong(lang))];
                change.refuse(PLACE, AppError::Invalid(wrong));
            }
        }
    };
    let fields = moving(move || {
        let (whose, form) = start.get();
        let options = change.page.with_untracked(|desk| {
            let accounts = desk.accounts.iter().map(|(account, _)| Whose::Account(*account));
            let all = accounts.chain(Grade::ALL.iter().copied().map(Whose::Grade));
            all.map(|one| (one.to_string(), named(one, desk, lang))).collect::<Vec<_>>()
        });
        view! {
            <div class="fields three">
                <Choice name="whose" label=say::whose(lang) options value=whose.to_string() errors/>
            </div>
            <prize::Editor form available=None apart=true errors/>
        }
        .into_any()
    });
    view! {
        <form class="card form" on:submit=submit on:input=move |_| unsaved.set(true)>
            <h2 id=FORM tabindex="-1">{say::apart_add(lang)}</h2>
            <Summary errors/>
            {fields}
            <button type="submit" class="primary" data-test="save-rule" disabled=change.is_busy()>{say::apart_save(lang)}</button>
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::apart_saved(lang)/>
        </form>
    }
}
