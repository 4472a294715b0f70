//! The rehearsal of a draft: the check list before the start, the testers' link, and what each of them claimed.
//! Refuses to go on once the campaign runs; its testers are people like all others then.

use super::api::{self, CampaignDesk};
use crate::change::Change;
use crate::claims::state_chip;
use crate::context::lang;
use crate::money::said;
use crate::ui::dialog::Confirm;
use crate::ui::icon::{Icon, icon};
use crate::ui::note::{Outcome, Tone, chip};
use crate::ui::number::yuan;
use crate::ui::page::moving;
use crate::ui::table::{CopyButton, Table, figures, words};
use leptos::prelude::*;
use rules::claim::State as Claim;
use rules::ids::CampaignId;
use rules::operator::Role;
use rules::rehearsal::{Checks, Packet, Rehearsal as Told, Tester};
use rules::say::{Lang, dashboard as say, rehearsal as words_of};
use std::time::Duration;

const PLACE: &str = "rehearsal";
/// How often the list is read again while it is shown: somebody stands there with a phone in the hand.
const AGAIN: Duration = Duration::from_secs(3);

/// So many packets of a tester are shown, the newest; the list of claims has them all.
const SHOWN: usize = 4;

/// The card of a draft; nothing for a campaign that ran.
#[component]
pub fn Rehearsal(
    /// The campaign's desk.
    change: Change<CampaignDesk>,
) -> impl IntoView {
    let lang = lang();
    let is_draft = change.part(|desk| desk.rehearsal.is_some());
    Effect::new(move |_| {
        if is_draft.get() {
            keep_reading(change);
        }
    });
    moving(move || if is_draft.get() { card(change, lang) } else { ().into_any() })
}

/// Reads the rehearsal again and again until the page is left or the draft started.
fn keep_reading(change: Change<CampaignDesk>) {
    let again = set_interval_with_handle(
        move || {
            leptos::task::spawn_local(async move {
                let Some(id) = change.page.try_with_untracked(|desk| desk.campaign.id) else { return };
                let told = api::read_rehearsal(id).await.and_then(|told| told.read());
                // What cannot be read now is read three seconds later; a change under way brings its own.
                if let Ok(rehearsal) = told
                    && change.page.try_with_untracked(|desk| desk.rehearsal != rehearsal) == Some(true)
                    && change.is_busy().try_get_untracked() == Some(false)
                {
                    change.page.try_update(|desk| desk.rehearsal = rehearsal);
                }
            });
        },
        AGAIN,
    );
    on_cleanup(move || {
        if let Ok(again) = again {
            again.clear();
        }
    });
}

fn card(change: Change<CampaignDesk>, lang: Lang) -> AnyView {
    let checks = checks(change);
    let link = change.part(|desk| {
        let key = desk.rehearsal.as_ref().and_then(|told| told.key.clone());
        (desk.role, desk.campaign.id, key.map(|key| (key.to_string(), link_of(desk, key.as_str()))))
    });
    let amount = change.part(|desk| desk.rehearsal.as_ref().map(|told| told.amount));
    let testers = change.part(|desk| {
        let testers = desk.rehearsal.as_ref().map(|told: &Told| told.testers.clone()).unwrap_or_default();
        (desk.role, desk.campaign.id, testers)
    });
    view! {
        <section class="card" data-test="rehearsal">
            <h2>{words_of::heading(lang)}</h2>
            <p class="lead">
                {words_of::lead(lang)} " "
                {move || amount.get().map(|amount| words_of::next_amount(amount, lang))}
            </p>
            <div class="rehearsal">
                <div>
                    <h3>{words_of::checks(lang)}</h3>
                    {list(checks, lang)}
                </div>
                {moving(move || {
                    let (role, id, link) = link.get();
                    self::link(change, (role, id), link, lang)
                })}
            </div>
            <h3>{words_of::testers(lang)}</h3>
            {moving(move || {
                let (role, id, testers) = testers.get();
                table(change, (role, id), testers, lang)
            })}
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=words_of::changed(lang)/>
        </section>
    }
    .into_any()
}

fn link_of(desk: &CampaignDesk, key: &str) -> String {
    format!("{}/c/{}?tester={key}", desk.entry_url, desk.campaign.slug)
}

/// What is to be seen to before the start, as it stands now; nothing once the campaign ran.
pub fn checks(change: Change<CampaignDesk>) -> Memo<Option<Checks>> {
    change.part(|desk| desk.rehearsal.as_ref().map(|told| told.checks))
}

/// The check list.
pub fn list(checks: Memo<Option<Checks>>, lang: Lang) -> AnyView {
    moving(move || {
        let Some(checks) = checks.get() else { return ().into_any() };
        let line = |test: &'static str, done: bool, word: &'static str| {
            let (tone, sign) = if done { ("ok", Icon::Ok) } else { ("warn", Icon::Warn) };
            let (said, seen) = if done { (words_of::is_done(lang), "hidden") } else { (words_of::is_open(lang), tone) };
            let done = if done { "yes" } else { "no" };
            view! {
                <li data-test=test data-done=done>
                    <span class=tone>{icon(sign)}</span>
                    <span>{word}</span>
                    <small class=seen>{said}</small>
                </li>
            }
            .into_any()
        };
        view! {
            <ul class="checks">
                {line("check-account", checks.has_account, words_of::check_account(lang))}
                {line("check-funded", checks.is_funded, words_of::check_funded(lang))}
                {line("check-rehearsed", checks.is_rehearsed, words_of::check_rehearsed(lang))}
            </ul>
        }
        .into_any()
    })
}

/// The link with its code, for those who may hand it out.
fn link(
    change: Change<CampaignDesk>,
    (role, id): (Role, CampaignId),
    link: Option<(String, String)>,
    lang: Lang,
) -> AnyView {
    if !role.covers(Role::Marketer) {
        return view! { <p class="help">{words_of::link_hidden(lang)}</p> }.into_any();
    }
    let Some((key, link)) = link else {
        return view! {
            <div>
                <p class="help">{words_of::no_link(lang)}</p>
                <button
                    type="button"
                    class="button"
                    data-test="tester-link-make"
                    disabled=change.is_busy()
                    on:click=move |_| change.run(PLACE, api::rotate_tester_key(id))
                >
                    {words_of::make_link(lang)}
                </button>
            </div>
        }
        .into_any();
    };
    // Another key is another picture: the end of it tells the browser so.
    let picture = format!("/admin/qr/testers/{id}?v={}", key.get(key.len().saturating_sub(4)..).unwrap_or(""));
    view! {
        <div class="tester-link">
            <img class="qr" src=picture alt=words_of::qr(lang) width="132" height="132"/>
            <div>
                <h3>{words_of::link(lang)}</h3>
                <p class="copyable"><code data-test="tester-link">{link.clone()}</code><CopyButton text=link/></p>
                <p class="help">{words_of::link_help(lang)}</p>
                <Confirm
                    word=words_of::rotate(lang)
                    title=words_of::rotate_title(lang)
                    effect=words_of::rotate_effect(lang)
                    class="button small"
                    test="tester-link-rotate"
                    disabled=change.is_busy()
                    agreed=move |()| change.run(PLACE, api::rotate_tester_key(id))
                />
            </div>
        </div>
    }
    .into_any()
}

fn table(change: Change<CampaignDesk>, (role, id): (Role, CampaignId), testers: Vec<Tester>, lang: Lang) -> AnyView {
    if testers.is_empty() {
        return view! { <p class="help">{words_of::testers_none(lang)}</p> }.into_any();
    }
    let edits = role.covers(Role::Marketer);
    let columns = vec![
        words(words_of::tester(lang)),
        words(words_of::added_at(lang)),
        words(words_of::packets(lang)),
        figures(say::actions(lang)),
    ];
    let rows: Vec<_> = testers.into_iter().map(|tester| row(change, id, tester, edits, lang)).collect();
    view! { <Table caption=words_of::testers(lang) columns>{rows}</Table> }.into_any()
}

fn row(change: Change<CampaignDesk>, id: CampaignId, tester: Tester, edits: bool, lang: Lang) -> AnyView {
    let Tester { id: tester, openid_masked, active, added_at, packets } = tester;
    let packets = if packets.is_empty() {
        view! { <span class="still">{words_of::packets_none(lang)}</span> }.into_any()
    } else {
        let more = packets.len() > SHOWN;
        let all = more.then(|| view! { <li class="help">{words_of::packets_in_all(packets.len(), lang)}</li> });
        let packets: Vec<_> = packets.into_iter().take(SHOWN).map(|packet| self::packet(packet, lang)).collect();
        view! { <ul class="test-packets">{packets}{all}</ul> }.into_any()
    };
    let actions = if !edits {
        ().into_any()
    } else if active {
        view! {
            <Confirm
                word=words_of::remove(lang)
                title=words_of::remove_title(lang)
                effect=words_of::remove_effect(lang)
                test="remove-tester"
                disabled=change.is_busy()
                agreed=move |()| change.run(PLACE, api::set_tester(id, tester, false))
            />
        }
        .into_any()
    } else {
        view! {
            <button
                type="button"
                class="quiet small"
                data-test="add-tester"
                disabled=change.is_busy()
                on:click=move |_| change.run(PLACE, api::set_tester(id, tester, true))
            >
                {words_of::back_in(lang)}
            </button>
        }
        .into_any()
    };
    view! {
        <tr class:faded=!active data-test="tester">
            <td class="head">
                <code>{openid_masked}</code>
                {(!active).then(|| view! { " " {chip(Tone::Still, words_of::removed(lang))} })}
            </td>
            <td class="nowrap" data-label=words_of::added_at(lang)>{added_at.beijing().to_string()}</td>
            <td data-label=words_of::packets(lang)>{packets}</td>
            <td class="actions">{actions}</td>
        </tr>
    }
    .into_any()
}

/// A packet in its tester's row.
fn packet(packet: Packet, lang: Lang) -> AnyView {
    let error = (!packet.err_code.is_empty()).then(|| said(&packet.err_code, lang));
    view! {
        <li data-test="test-packet" data-state=packet.state.name()>
            {state_chip(Claim::Granted, packet.state, lang)}
            <b class="figure">"¥" {yuan(packet.amount)}</b>
            <code>{packet.mch_billno.to_string()}</code>
            {error}
        </li>
    }
    .into_any()
}
