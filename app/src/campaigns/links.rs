//! A campaign's tracked links: one for each account and placement, with its address, its QR code and its switch.
//! Refuses to give a published code to another account: a link is switched off, never moved.

use super::api::{self, CampaignDesk};
use crate::browser::{Sent, empty_form};
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::ui::dialog::Confirm;
use crate::ui::field::{Choice, Field, Summary};
use crate::ui::note::{Outcome, Tone, chip, empty};
use crate::ui::table::{CopyButton, Table, account_name, figures, words};
use leptos::prelude::*;
use rules::account::FieldError;
use rules::ids::LinkCode;
use rules::link::Link;
use rules::operator::Role;
use rules::say::{Lang, campaign as say_campaign, dashboard as say, setup};

const PLACE: &str = "links";

/// Reads where a link stands and its code (empty: one is made); all that is wrong comes back at once.
///
/// # Errors
/// The fields `placement` and `code`.
pub fn check(placement: &str, code: &str, lang: Lang) -> Result<(String, Option<LinkCode>), Vec<FieldError>> {
    let mut errors = Vec::new();
    let placement = placement.trim();
    if placement.is_empty() || placement.chars().count() > 30 {
        errors.push(FieldError::new("placement", setup::placement_wrong(lang)));
    }
    let code = Some(code.trim()).filter(|code| !code.is_empty()).map(LinkCode::try_from).transpose();
    if code.is_err() {
        errors.push(FieldError::new("code", say_campaign::link_code_wrong(lang)));
    }
    match code {
        Ok(code) if errors.is_empty() => Ok((placement.to_owned(), code)),
        Ok(_) | Err(_) => Err(errors),
    }
}

/// The links of a campaign.
#[component]
pub fn Links(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let links = change.part(|desk| desk.links.clone());
    let list = move || {
        let links = links.get();
        if links.is_empty() {
            return empty(say::no_links_yet(lang), say::no_links_next(lang), ().into_any());
        }
        let columns = vec![
            words(say::account(lang)),
            words(setup::placement(lang)),
            words(say::link(lang)),
            words(say::state(lang)),
            figures(say::actions(lang)),
        ];
        let rows = links.into_iter().map(|link| view! { <LinkRow change link/> }).collect_view();
        view! { <Table caption=setup::links(lang) columns>{rows}</Table> }.into_any()
    };
    view! {
        <section class="card">
            <h2>{setup::links(lang)}</h2>
            <p class="lead">{setup::links_lead(lang)}</p>
            {list}
            <AddLink change/>
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=setup::link_changed(lang)/>
        </section>
    }
}

/// One link's row.
#[component]
fn LinkRow(change: Change<CampaignDesk>, link: Link) -> impl IntoView {
    let lang = lang();
    let (edits, picture, name, url) = change.page.with_untracked(|desk| {
        let account = desk.accounts.iter().find(|account| account.id == link.account);
        let (picture, name) = account.map(|account| (account.icon.clone(), account.name.clone())).unwrap_or_default();
        (desk.role.covers(Role::Marketer), picture, name, format!("{}/l/{}", desk.entry_url, link.code))
    });
    let Link { id, code, campaign, placement, active, .. } = link;
    let state = if active { chip(Tone::Ok, setup::active(lang)) } else { chip(Tone::Still, setup::switched_off(lang)) };
    let switch = if !edits {
        ().into_any()
    } else if active {
        view! {
            <Confirm
                word=setup::switch_off(lang)
                title=setup::switch_off_title(code.as_str(), lang)
                effect=setup::switch_off_effect(lang)
                test=format!("off-{code}")
                disabled=change.is_busy()
                agreed=move |()| change.run(PLACE, api::set_link_active(campaign, id, false))
            />
        }
        .into_any()
    } else {
        view! {
            <button
                type="button"
                class="quiet small"
                disabled=change.is_busy()
                on:click=move |_| change.run(PLACE, api::set_link_active(campaign, id, true))
            >
                {setup::switch_on(lang)}
            </button>
        }
        .into_any()
    };
    view! {
        <tr class:faded=!active data-test=format!("link-{code}")>
            <td class="head">{account_name(picture, name)}</td>
            <td data-label=setup::placement(lang)>{placement}</td>
            <td data-label=say::link(lang)>
                <span class="copyable"><code>{url.clone()}</code><CopyButton text=url/></span>
            </td>
            <td data-label=say::state(lang)>{state}</td>
            <td class="actions">
                <a class="quiet small" href=format!("/admin/qr/{code}.svg") target="_blank" rel="external noopener">{setup::qr(lang)}</a>
                {switch}
            </td>
        </tr>
    }
}

/// Adds one more link.
#[component]
fn AddLink(change: Change<CampaignDesk>) -> impl IntoView {
    let lang = lang();
    let open = change.part(|desk| {
        let active = desk.members.iter().filter(|member| member.active);
        let active: Vec<_> =
            active.map(|member| (member.account.id.to_string(), member.account.name.clone())).collect();
        (desk.role.covers(Role::Marketer) && !active.is_empty()).then_some((desk.campaign.id, active))
    });
    let errors = change.fields(PLACE);
    move || {
        let (id, options) = open.get()?;
        let submit = move |event: web_sys::SubmitEvent| {
            let sent = Sent::take(&event);
            let (placement, code) = (sent.field("placement"), sent.field("code"));
            let Ok(account) = sent.field("account").parse() else { return };
            match check(&placement, &code, lang) {
                Ok(_) => {
                    change.run_then(PLACE, api::add_link(id, account, placement, code), move || empty_form(&event))
                }
                Err(errors) => change.refuse(PLACE, AppError::Invalid(errors)),
            }
        };
        Some(view! {
            <form class="inline" on:submit=submit>
                <Summary errors/>
                <Choice name="account" label=say::account(lang) options errors/>
                <Field name="placement" label=setup::placement(lang) help=setup::placement_help(lang) errors/>
                <Field name="code" label=setup::link_code(lang) help=setup::link_code_help(lang) errors/>
                <button type="submit" class="button" data-test="add-link" disabled=change.is_busy()>{setup::add(lang)}</button>
            </form>
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_needs_its_place_and_may_have_a_name() {
        assert_eq!(check(" 海报 ", "", Lang::Zh), Ok(("海报".to_owned(), None)));
        assert!(matches!(check("海报", "poster-1", Lang::Zh), Ok((_, Some(code))) if code.as_str() == "poster-1"));
        let wrong = check(" ", "No Such", Lang::En).expect_err("both are wrong");
        assert_eq!(wrong.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), ["placement", "code"]);
    }
}
