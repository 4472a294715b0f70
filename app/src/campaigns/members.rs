//! The accounts a campaign promotes: add, remove, bring back, and the auto-reply link of those in edit mode.
//! Refuses to delete: an account that left keeps its history and can return.

use super::api::{self, CampaignDesk};
use crate::browser::Sent;
use crate::change::Change;
use crate::context::lang;
use crate::ui::dialog::Confirm;
use crate::ui::field::Choice;
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::table::{CopyButton, Table, account_name, figures, words};
use leptos::prelude::*;
use rules::account::Mode;
use rules::campaign::Member;
use rules::ids::{AccountId, CampaignId};
use rules::operator::Role;
use rules::say::{dashboard as say, setup, states};

const PLACE: &str = "members";

/// The accounts of a campaign.
#[component]
pub fn Members(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let members = change.part(|desk| (desk.members.clone(), desk.campaign.slug.clone()));
    let list = move || {
        let (members, slug) = members.get();
        if members.is_empty() {
            return empty(setup::members_none(lang), setup::members_next(lang), ().into_any());
        }
        let columns = vec![
            words(say::account(lang)),
            words(setup::mode(lang)),
            words(setup::edit_link(lang)),
            figures(say::actions(lang)),
        ];
        let entry_url = change.page.with_untracked(|desk| desk.entry_url.clone());
        let rows = members.into_iter().map(|member| {
            let link = member.edit_key.as_ref().map(|key| format!("{entry_url}/c/{slug}?a={key}"));
            view! { <MemberRow change member link/> }
        });
        let rows = rows.collect_view();
        view! { <Table caption=setup::members(lang) columns>{rows}</Table> }.into_any()
    };
    view! {
        <section class="card">
            <h2>{setup::members(lang)}</h2>
            {list}
            <AddMember change/>
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=setup::member_changed(lang)/>
        </section>
    }
}

/// One account's row.
#[component]
fn MemberRow(change: Change<CampaignDesk>, member: Member, link: Option<String>) -> impl IntoView {
    let lang = lang();
    let (role, id) = change.page.with_untracked(|desk| (desk.role, desk.campaign.id));
    let edits = role.covers(Role::Marketer);
    let Member { account, active, .. } = member;
    let reply = match (account.mode, link) {
        (Mode::Developer, _) => setup::by_push(lang).into_any(),
        (Mode::Edit, None) => setup::edit_link_hidden(lang).into_any(),
        (Mode::Edit, Some(link)) => view! {
            <span class="copyable"><code data-test="edit-link">{link.clone()}</code><CopyButton text=link/></span>
            <small class="help">{setup::edit_link_help(lang)}</small>
        }
        .into_any(),
    };
    let actions = if !edits {
        ().into_any()
    } else if active {
        view! { <Actions change id account=account.id name=account.name.clone() mode=account.mode/> }.into_any()
    } else {
        let account = account.id;
        view! {
            <button
                type="button"
                class="quiet small"
                disabled=change.is_busy()
                on:click=move |_| change.run(PLACE, api::add_member(id, account))
            >
                {setup::back_in(lang)}
            </button>
        }
        .into_any()
    };
    view! {
        <tr class:faded=!active>
            <td class="head">
                {account_name(account.icon, account.name)}
                {(!active).then(|| chip(Tone::Still, setup::removed(lang)))}
            </td>
            <td data-label=setup::mode(lang)>{states::mode(account.mode, lang)} " · " {states::kind(account.kind, lang)}</td>
            <td data-label=setup::edit_link(lang)><div>{reply}</div></td>
            <td class="actions">{actions}</td>
        </tr>
    }
}

/// What can be done with an account that is in the campaign.
#[component]
fn Actions(
    change: Change<CampaignDesk>,
    id: CampaignId,
    account: AccountId,
    name: String,
    mode: Mode,
) -> impl IntoView {
    let lang = lang();
    let rotate = (mode == Mode::Edit).then(|| {
        view! {
            <Confirm
                word=setup::rotate(lang)
                title=setup::rotate_title(lang)
                effect=setup::rotate_effect(&name, lang)
                test="rotate"
                disabled=change.is_busy()
                agreed=move |()| change.run(PLACE, api::rotate_edit_key(id, account))
            />
        }
    });
    view! {
        {rotate}
        <Confirm
            word=setup::remove(lang)
            title=setup::remove_title(&name, lang)
            effect=setup::remove_effect(&name, lang)
            test="remove"
            disabled=change.is_busy()
            agreed=move |()| change.run(PLACE, api::remove_member(id, account))
        />
    }
}

/// Chooses one more account.
#[component]
fn AddMember(change: Change<CampaignDesk>) -> impl IntoView {
    let lang = lang();
    let left = change.part(|desk| {
        let inside = |id: AccountId| desk.members.iter().any(|member| member.account.id == id);
        let free = desk.accounts.iter().filter(|account| account.retired_at.is_none() && !inside(account.id));
        let free: Vec<_> = free.map(|account| (account.id.to_string(), account.name.clone())).collect();
        desk.role.covers(Role::Marketer).then_some((desk.campaign.id, free))
    });
    move || {
        let (id, options) = left.get()?;
        if options.is_empty() {
            return Some(view! { <p class="help">{setup::all_added(lang)}</p> }.into_any());
        }
        let submit = move |event| {
            let sent = Sent::take(&event);
            if let Ok(account) = sent.field("member").parse() {
                change.run(PLACE, api::add_member(id, account));
            }
        };
        Some(
            view! {
                <form class="inline" on:submit=submit>
                    <Choice name="member" label=setup::add_account(lang) options errors=change.fields(PLACE)/>
                    <button type="submit" class="button" data-test="add-member" disabled=change.is_busy()>{setup::add(lang)}</button>
                </form>
            }
            .into_any(),
        )
    }
}
