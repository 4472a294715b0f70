//! The form of a campaign, the same for a new one and for its settings.
//! Refuses in the browser what the server would refuse: both run the same check.

use super::api::{self, CampaignDesk, NewCampaign};
use super::prize;
use crate::browser::{self, Sent};
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::ui::field::{Choice, Errors, Field, Kind, Summary, guard_unsaved};
use crate::ui::note::{Outcome, Tone, note};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use rules::Fen;
use rules::account::Account;
use rules::campaign::{Campaign, CampaignForm, Scope};
use rules::operator::Role;
use rules::prize::form::PrizeForm;
use rules::say::{dashboard as say, prize as prize_say, setup, states};
use rules::time::{hours, minutes};

const PLACE: &str = "settings";

/// The accounts that can pay: service accounts in use.
pub fn payers(accounts: Vec<Account>) -> Vec<Account> {
    let pays = |account: &Account| account.kind == rules::account::Kind::Service && account.retired_at.is_none();
    accounts.into_iter().filter(pays).collect()
}

fn read(sent: &Sent) -> CampaignForm {
    CampaignForm {
        slug: sent.field("slug"),
        name: sent.field("name"),
        payer: sent.field("payer"),
        send_name: sent.field("send_name"),
        greeting: sent.field("greeting"),
        wishing: sent.field("wishing"),
        rules: sent.field("rules"),
        opens_at: sent.field("opens_at"),
        closes_at: sent.field("closes_at"),
        prize: prize::read(sent),
        scope: sent.field("scope"),
        asserted_cap: sent.field("asserted_cap"),
    }
}

fn written(campaign: &Campaign) -> CampaignForm {
    CampaignForm {
        slug: campaign.slug.to_string(),
        name: campaign.name.clone(),
        payer: campaign.payer.to_string(),
        send_name: campaign.texts.send_name.clone(),
        greeting: campaign.texts.greeting.clone(),
        wishing: campaign.texts.wishing.clone(),
        rules: campaign.texts.rules.clone(),
        opens_at: campaign.opens_at.to_input(),
        closes_at: campaign.closes_at.to_input(),
        prize: PrizeForm::of(&campaign.prize, campaign.scene_id),
        scope: campaign.scope.name().to_owned(),
        asserted_cap: campaign.asserted_cap.to_string(),
    }
}

/// A new campaign: its form, then its desk.
#[component]
pub fn Create(
    /// What the form needs.
    new: NewCampaign,
) -> impl IntoView {
    let lang = lang();
    let change = Change::of(None);
    let names = expect_context::<crate::frame::TopBarTold>().0;
    let unsaved = RwSignal::new(false);
    guard_unsaved(unsaved);
    let navigate = use_navigate();
    Effect::new(move |_| {
        if let Some(id) = change.page.get() {
            unsaved.set(false);
            names.refetch();
            navigate(&format!("/admin/campaigns/{id}"), leptos_router::NavigateOptions::default());
        }
    });
    let submit = move |event| {
        let form = read(&Sent::take(&event));
        match form.check(lang) {
            Ok(_) => change.run(PLACE, api::create_campaign(form)),
            Err(errors) => change.refuse(PLACE, AppError::Invalid(errors)),
        }
    };
    let empty = CampaignForm {
        prize: PrizeForm::between("1.00", "1.00"),
        asserted_cap: "100.00".to_owned(),
        scope: Scope::Campaign.name().to_owned(),
        ..CampaignForm::default()
    };
    let no_payer = new.payers.is_empty().then(|| note(Tone::Warn, setup::payer_none(lang).to_owned()));
    let errors = change.fields(PLACE);
    view! {
        {no_payer}
        <form class="card form" on:submit=submit on:input=move |_| unsaved.set(true)>
            <Summary errors/>
            <Fields form=empty payers=new.payers has_run=false available=None errors/>
            <div class="form-end">
                <button type="submit" class="primary" data-test="create-campaign" disabled=change.is_busy()>{setup::create(lang)}</button>
                <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::saved(lang)/>
            </div>
        </form>
    }
}

/// The settings of a campaign that exists.
#[component]
pub fn Settings(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let unsaved = RwSignal::new(false);
    guard_unsaved(unsaved);
    let errors = change.fields(PLACE);
    let settings = change.part(|desk| (desk.campaign.clone(), desk.role));
    let available = change.part(|desk| desk.budget.available);
    let rules_apart = change.part(|desk| (desk.campaign.id, desk.rules_apart));
    let submit = move |event| {
        let form = read(&Sent::take(&event));
        let id = change.page.with_untracked(|desk| desk.campaign.id);
        match form.check(lang) {
            Ok(_) => change.run_then(PLACE, api::edit_campaign(id, form), move || unsaved.set(false)),
            Err(errors) => change.refuse(PLACE, AppError::Invalid(errors)),
        }
    };
    let fields = move || {
        let (campaign, role) = settings.get();
        let payers = change.page.with_untracked(|desk| payers(desk.accounts.clone()));
        let edits = role.covers(Role::Marketer);
        view! {
            <fieldset class="bare" disabled=!edits>
                <Fields form=written(&campaign) payers has_run=campaign.started_at.is_some() available=Some(available) errors/>
            </fieldset>
            <p class="apart">
                <a data-test="rules-apart" href=move || format!("/admin/campaigns/{}/prizes", rules_apart.get().0)>
                    {prize_say::apart_link(lang)}
                </a>
                " "
                <small>{move || prize_say::apart_count(rules_apart.get().1, lang)}</small>
            </p>
            {edits.then(|| view! {
                <button type="submit" class="primary" data-test="save-campaign" disabled=change.is_busy()>{say::save(lang)}</button>
            })}
        }
    };
    view! {
        <form class="card form" on:submit=submit on:input=move |_| unsaved.set(true)>
            <h2>{setup::settings(lang)}</h2>
            <Summary errors/>
            {fields}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::saved(lang)/>
        </form>
    }
}

/// The fields, in the order in which a campaign is thought up.
#[component]
fn Fields(
    form: CampaignForm,
    payers: Vec<Account>,
    has_run: bool,
    available: Option<Memo<Fen>>,
    errors: Errors,
) -> impl IntoView {
    let lang = lang();
    let payers: Vec<_> = payers.into_iter().map(|payer| (payer.id.to_string(), payer.name)).collect();
    let scopes: Vec<_> =
        Scope::ALL.iter().map(|scope| (scope.name().to_owned(), states::scope(*scope, lang).to_owned())).collect();
    let scope_help = if has_run { setup::scope_fixed(lang) } else { "" };
    let slug_help = if has_run { setup::scope_fixed(lang) } else { setup::slug_help(lang) };
    let payer_help = if has_run { setup::scope_fixed(lang) } else { setup::payer_help(lang) };
    let for_days = |days: i64, word: &'static str| {
        let fill = move |_| {
            let start = browser::now();
            browser::fill("f-opens_at", &start.to_input());
            browser::fill("f-closes_at", &start.plus(hours(24 * days) + minutes(1)).to_input());
        };
        view! { <button type="button" class="button small" on:click=fill>{word}</button> }
    };
    view! {
        <div class="fields two">
            <Field name="name" label=setup::name(lang) help=setup::name_help(lang) value=form.name errors/>
            <Field name="slug" label=setup::slug(lang) help=slug_help value=form.slug fixed=has_run errors/>
            <Choice name="payer" label=setup::payer(lang) help=payer_help options=payers value=form.payer fixed=has_run errors/>
            <Choice name="scope" label=setup::scope(lang) help=scope_help options=scopes value=form.scope fixed=has_run errors/>
        </div>
        <h3>{setup::texts(lang)}</h3>
        <div class="fields two">
            <Field name="send_name" label=setup::send_name(lang) help=setup::send_name_help(lang) value=form.send_name errors/>
            <Field name="wishing" label=setup::wishing(lang) help=setup::wishing_help(lang) value=form.wishing errors/>
        </div>
        <Field name="greeting" label=setup::greeting(lang) help=setup::greeting_help(lang) value=form.greeting errors/>
        <Field name="rules" kind=Kind::Lines label=setup::rules(lang) help=setup::rules_help(lang) value=form.rules errors/>
        <h3>
            {setup::window(lang)}
            " "
            <small>{for_days(7, setup::from_now_7(lang))} {for_days(30, setup::from_now_30(lang))}</small>
        </h3>
        <div class="fields two">
            <Field name="opens_at" kind=Kind::Time label=setup::opens_at(lang) help=setup::beijing_time(lang) value=form.opens_at errors/>
            <Field name="closes_at" kind=Kind::Time label=setup::closes_at(lang) help=setup::beijing_time(lang) value=form.closes_at errors/>
        </div>
        <h3>{setup::prize(lang)}</h3>
        <prize::Editor form=form.prize available errors/>
        <div class="fields three">
            <Field name="asserted_cap" kind=Kind::Money label=setup::asserted_cap(lang) help=setup::asserted_cap_help(lang) value=form.asserted_cap errors/>
        </div>
    }
}
