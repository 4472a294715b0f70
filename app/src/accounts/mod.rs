//! The official accounts: their list, and the desk of one with its form, its callback address and its secrets.
//! Refuses to show a stored secret, even to an administrator.

pub mod api;
mod form;

use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::told::call;
use crate::ui::dialog::Confirm;
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::page::{Waiting, ask, once, param, show};
use crate::ui::table::{CopyButton, Table, account_name, words};
use api::{AccountDesk, AccountList};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::account::{Account, Mode};
use rules::ids::AccountId;
use rules::operator::Role;
use rules::say::{Lang, dashboard as say, setup, states};

const STATE: &str = "state";

/// The page at `/admin/accounts`.
pub struct AccountsPage;

#[lazy_route]
impl LazyRoute for AccountsPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let list = ask(once(), |_| call(api::list_accounts()));
        view! {
            <Title text=say::accounts(lang())/>
            {show(list, 0, |list: AccountList| view! { <List list/> }.into_any())}
        }
        .into_any()
    }
}

/// The list, or the first step where it is empty.
#[component]
fn List(list: AccountList) -> impl IntoView {
    let lang = lang();
    let new = list.role.covers(Role::Marketer).then(|| {
        view! { <a class="primary" data-test="new-account" href="/admin/accounts/new">{setup::account_new(lang)}</a> }
    });
    let columns = vec![
        words(say::account(lang)),
        words("AppID"),
        words(setup::kind(lang)),
        words(setup::mode(lang)),
        words(setup::secrets(lang)),
        words(say::state(lang)),
    ];
    let body = if list.accounts.is_empty() {
        empty(setup::accounts_none(lang), setup::accounts_next(lang), ().into_any())
    } else {
        let rows = list.accounts.into_iter().map(|account| row(account, lang)).collect_view();
        view! { <section class="card"><Table caption=say::accounts(lang) columns>{rows}</Table></section> }.into_any()
    };
    view! {
        <div class="title-row">
            <div><h1>{say::accounts(lang)}</h1><p class="lead">{setup::accounts_lead(lang)}</p></div>
            <span class="grow"></span>
            {new}
        </div>
        {body}
    }
}

/// One account's row.
fn row(account: Account, lang: Lang) -> AnyView {
    let retired = account.retired_at.is_some();
    let mode = match account.mode {
        Mode::Edit => states::mode(Mode::Edit, lang).to_owned(),
        Mode::Developer => {
            format!("{} · {}", states::mode(Mode::Developer, lang), states::message_mode(account.message_mode, lang))
        }
    };
    let secret = |stored: bool, name: &'static str| stored.then(|| view! { <code>{name}</code> " " });
    let none = !(account.has_appsecret || account.has_token || account.has_aes_key);
    view! {
        <tr class:faded=retired>
            <td class="head">
                <a href=format!("/admin/accounts/{}", account.id)>{account_name(account.icon, account.name)}</a>
            </td>
            <td data-label="AppID"><code>{account.appid.to_string()}</code></td>
            <td data-label=setup::kind(lang)>{states::kind(account.kind, lang)}</td>
            <td data-label=setup::mode(lang)>{mode}</td>
            <td data-label=setup::secrets(lang)>
                <span>
                    {secret(account.has_appsecret, "AppSecret")}
                    {secret(account.has_token, "Token")}
                    {secret(account.has_aes_key, "EncodingAESKey")}
                    {none.then_some("–")}
                </span>
            </td>
            <td data-label=say::state(lang)>{use_chip(retired, lang)}</td>
        </tr>
    }
    .into_any()
}

fn use_chip(retired: bool, lang: Lang) -> AnyView {
    if retired { chip(Tone::Still, setup::retired(lang)) } else { chip(Tone::Ok, setup::in_use(lang)) }
}

/// The page at `/admin/accounts/new`.
pub struct NewAccountPage;

#[lazy_route]
impl LazyRoute for NewAccountPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        one(ask(once(), |_| call(api::read_account(None))))
    }
}

/// The page at `/admin/accounts/{id}`.
pub struct AccountPage;

#[lazy_route]
impl LazyRoute for AccountPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        one(ask(param("id"), |id| {
            let id = id.and_then(|id| id.parse::<AccountId>().ok()).ok_or(AppError::NotFound);
            call(async move { api::read_account(Some(id?)).await })
        }))
    }
}

fn one(desk: Waiting) -> AnyView {
    view! {
        <Title text=say::accounts(lang())/>
        {show(desk, 0, |desk: AccountDesk| view! { <Desk desk/> }.into_any())}
    }
    .into_any()
}

/// One account, or a new one.
#[component]
fn Desk(desk: AccountDesk) -> impl IntoView {
    let lang = lang();
    let change = Change::of(desk);
    let title = change.part(move |desk| match &desk.account {
        Some(account) => account.name.clone(),
        None => setup::account_new(lang).to_owned(),
    });
    let state = change.part(|desk| desk.account.as_ref().map(|account| account.retired_at.is_some()));
    view! {
        <div class="title-row">
            <h1>{move || title.get()}</h1>
            {move || state.get().map(|retired| use_chip(retired, lang))}
            <span class="grow"></span>
            <a class="button" href="/admin/accounts">{setup::back(lang)}</a>
            <Retire change/>
        </div>
        <Outcome failed=change.sentence(STATE, lang) done=change.is_done(STATE) word=say::saved(lang)/>
        <CallbackUrl change/>
        <form::AccountFormCard change/>
    }
}

/// Out of use, or back.
#[component]
fn Retire(change: Change<AccountDesk>) -> impl IntoView {
    let lang = lang();
    let account = change.part(|desk| {
        let account = desk.account.as_ref().filter(|_| desk.role.covers(Role::Marketer))?;
        Some((account.id, account.name.clone(), account.retired_at.is_some()))
    });
    move || {
        let (id, name, retired) = account.get()?;
        Some(if retired {
            let restore = move |_| change.run(STATE, api::restore_account(id));
            view! {
                <button type="button" class="button" data-test="restore" disabled=change.is_busy() on:click=restore>{setup::restore(lang)}</button>
            }
            .into_any()
        } else {
            view! {
                <Confirm
                    word=setup::retire(lang)
                    title=setup::retire_title(&name, lang)
                    effect=setup::retire_effect(&name, lang)
                    class="button"
                    test="retire"
                    disabled=change.is_busy()
                    agreed=move |()| change.run(STATE, api::retire_account(id))
                />
            }
            .into_any()
        })
    }
}

/// The address to enter in WeChat's console.
#[component]
fn CallbackUrl(change: Change<AccountDesk>) -> impl IntoView {
    let lang = lang();
    let told = change.part(|desk| {
        let account = desk.account.as_ref()?;
        Some((account.mode, format!("{}/wechat/{}", desk.public_url, account.appid)))
    });
    move || {
        let (mode, url) = told.get()?;
        let address = match mode {
            Mode::Developer => view! {
                <span class="copyable"><code data-test="callback-url">{url.clone()}</code><CopyButton text=url/></span>
                <p class="help">{setup::callback_help(lang)}</p>
            }
            .into_any(),
            Mode::Edit => view! { <p class="help">{setup::callback_edit_mode(lang)}</p> }.into_any(),
        };
        Some(view! { <section class="card"><h2>{setup::callback(lang)}</h2>{address}</section> })
    }
}
