//! The form of an account, the same for a new one and for one that exists.
//! Refuses to prefill a secret: an empty one keeps what is stored.

use super::api::{self, AccountDesk};
use crate::browser::Sent;
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::ui::field::{Choice, Errors, Field, Secret, Summary, guard_unsaved};
use crate::ui::note::Outcome;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use rules::account::{Account, AccountForm, Kind, MessageMode, Mode, OnFollow};
use rules::operator::Role;
use rules::say::{dashboard as say, setup, states};

const PLACE: &str = "account";

fn read(sent: &Sent) -> AccountForm {
    AccountForm {
        name: sent.field("name"),
        appid: sent.field("appid"),
        original_id: sent.field("original_id"),
        kind: sent.field("kind"),
        mode: sent.field("mode"),
        message_mode: sent.field("message_mode"),
        on_follow: sent.field("on_follow"),
        icon: sent.field("icon"),
        qr: sent.field("qr"),
        follow_url: sent.field("follow_url"),
        appsecret: sent.field("appsecret"),
        token: sent.field("token"),
        encoding_aes_key: sent.field("encoding_aes_key"),
    }
}

fn written(account: Option<&Account>) -> AccountForm {
    let Some(account) = account else {
        return AccountForm {
            kind: Kind::Subscription.name().to_owned(),
            mode: Mode::Developer.name().to_owned(),
            message_mode: MessageMode::Safe.name().to_owned(),
            on_follow: OnFollow::Reply.name().to_owned(),
            ..AccountForm::default()
        };
    };
    AccountForm {
        name: account.name.clone(),
        appid: account.appid.to_string(),
        original_id: account.original_id.to_string(),
        kind: account.kind.name().to_owned(),
        mode: account.mode.name().to_owned(),
        message_mode: account.message_mode.name().to_owned(),
        on_follow: account.on_follow.name().to_owned(),
        icon: account.icon.clone(),
        qr: account.qr.clone(),
        follow_url: account.follow_url.clone(),
        ..AccountForm::default()
    }
}

/// The form in its card. A new account, once added, is shown at its own address.
#[component]
pub fn AccountFormCard(
    /// The account's desk.
    change: Change<AccountDesk>,
) -> impl IntoView {
    let lang = lang();
    let errors = change.fields(PLACE);
    let unsaved = RwSignal::new(false);
    guard_unsaved(unsaved);
    let shown = change.part(|desk| (desk.account.clone(), desk.role));
    let navigate = use_navigate();
    let go = Callback::new(move |path: String| navigate(&path, leptos_router::NavigateOptions::default()));
    let submit = move |event| {
        let form = read(&Sent::take(&event));
        let id = change.page.with_untracked(|desk| desk.account.as_ref().map(|account| account.id));
        if let Err(errors) = form.check(lang) {
            change.refuse(PLACE, AppError::Invalid(errors));
            return;
        }
        match id {
            Some(id) => change.run_then(PLACE, api::edit_account(id, form), move || unsaved.set(false)),
            None => change.run_then(PLACE, api::add_account(form), move || {
                unsaved.set(false);
                if let Some(id) = change.page.with_untracked(|desk| desk.account.as_ref().map(|account| account.id)) {
                    go.run(format!("/admin/accounts/{id}"));
                }
            }),
        }
    };
    let fields = move || {
        let (account, role) = shown.get();
        let edits = role.covers(Role::Marketer);
        view! {
            <fieldset class="bare" disabled=!edits>
                <Fields account role errors/>
            </fieldset>
            {edits.then(|| view! {
                <button type="submit" class="primary" data-test="save-account" disabled=change.is_busy()>{say::save(lang)}</button>
            })}
        }
    };
    view! {
        <form class="card form" on:submit=submit on:input=move |_| unsaved.set(true)>
            <Summary errors/>
            {fields}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=say::saved(lang)/>
        </form>
    }
}

/// The fields: who the account is, how it speaks to us, and its secrets.
#[component]
fn Fields(account: Option<Account>, role: Role, errors: Errors) -> impl IntoView {
    let lang = lang();
    let form = written(account.as_ref());
    let known = account.is_some();
    let stored = account.map(|a| (a.has_appsecret, a.has_token, a.has_aes_key));
    let (appsecret, token, aes_key) = stored.unwrap_or_default();
    let no_secrets = !role.covers(Role::Administrator);
    let appid_help = if known { setup::appid_fixed(lang) } else { setup::appid_help(lang) };
    let kinds = Kind::ALL.iter().map(|kind| (kind.name().to_owned(), states::kind(*kind, lang).to_owned()));
    let modes = Mode::ALL.iter().map(|mode| (mode.name().to_owned(), states::mode(*mode, lang).to_owned()));
    let wraps = MessageMode::ALL.iter().map(|m| (m.name().to_owned(), states::message_mode(*m, lang).to_owned()));
    let on_follow = OnFollow::ALL.iter().map(|o| (o.name().to_owned(), states::on_follow(*o, lang).to_owned()));
    view! {
        <div class="fields two">
            <Field name="name" label=setup::account_name(lang) help=setup::account_name_help(lang) value=form.name errors/>
            <Field name="icon" label=setup::icon(lang) help=setup::icon_help(lang) value=form.icon errors/>
            <Field name="appid" label="AppID" help=appid_help value=form.appid fixed=known errors/>
            <Field name="original_id" label=setup::original_id(lang) help=setup::original_id_help(lang) value=form.original_id errors/>
            <Choice name="kind" label=setup::kind(lang) options=kinds.collect() value=form.kind errors/>
            <Choice name="mode" label=setup::mode(lang) help=setup::mode_help(lang) options=modes.collect() value=form.mode errors/>
            <Choice name="message_mode" label=setup::message_mode(lang) help=setup::message_mode_help(lang) options=wraps.collect() value=form.message_mode errors/>
            <Choice name="on_follow" label=setup::on_follow(lang) help=setup::on_follow_help(lang) options=on_follow.collect() value=form.on_follow errors/>
            <Field name="follow_url" label=setup::follow_url(lang) help=setup::follow_url_help(lang) value=form.follow_url errors/>
            <Field name="qr" label=setup::account_qr(lang) help=setup::account_qr_help(lang) value=form.qr errors/>
        </div>
        <h3>{setup::secrets(lang)}</h3>
        <p class="lead">{if no_secrets { setup::secrets_admin_only(lang) } else { setup::secrets_help(lang) }}</p>
        <div class="fields three">
            <Secret name="appsecret" label="AppSecret" stored=appsecret fixed=no_secrets errors/>
            <Secret name="token" label="Token" stored=token fixed=no_secrets errors/>
            <Secret name="encoding_aes_key" label="EncodingAESKey" stored=aes_key fixed=no_secrets errors/>
        </div>
    }
}
