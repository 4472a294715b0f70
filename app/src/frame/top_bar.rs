//! The top bar: which campaign, how live, in which language and theme, and who is signed in.
//! Refuses to act: it navigates, remembers a choice, or signs out.

use super::{Campaigns, Live, Pulse, api, keep_picked, picked};
use crate::browser;
use crate::context::lang;
use crate::ui::icon::{Icon, icon};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use rules::say::{Lang, dashboard as say, states};

/// The top bar.
#[component]
pub fn TopBar() -> impl IntoView {
    let lang = lang();
    view! {
        <header class="top-bar">
            <Switcher/>
            <Dot/>
            <span class="grow"></span>
            <button
                type="button"
                class="quiet"
                data-test="lang-switch"
                aria-label=say::other_language_label(lang)
                on:click=move |_| browser::set_lang(match lang {
                    Lang::Zh => Lang::En,
                    Lang::En => Lang::Zh,
                })
            >
                {icon(Icon::Language)}
                <span>{say::other_language(lang)}</span>
            </button>
            <ThemeSwitch/>
            <Person/>
        </header>
    }
}

/// Chooses the campaign that the live page and the claims show.
#[component]
fn Switcher() -> impl IntoView {
    let lang = lang();
    let picked = picked();
    let path = use_location().pathname;
    let Campaigns(campaigns) = expect_context();
    let navigate = use_navigate();
    let choose = Callback::new(move |slug: String| {
        let here = path.get_untracked();
        let here = if here == "/admin/claims" { "/admin/claims" } else { "/admin" };
        navigate(&keep_picked(here, Some(&slug)), leptos_router::NavigateOptions::default());
    });
    let shown = move || matches!(path.get().trim_end_matches('/'), "/admin" | "/admin/claims");
    view! {
        <div class="switcher" class:gone=move || !shown()>
            <label class="hidden" for="switcher">{say::choose_campaign(lang)}</label>
            <Suspense>
                {move || Suspend::new(async move {
                    let names = campaigns.await.unwrap_or_default();
                    let current = picked.get().or_else(|| super::api::usual(&names));
                    let options = names.into_iter().map(|campaign| {
                        let slug = campaign.slug.as_str().to_owned();
                        let chosen = current.as_deref() == Some(slug.as_str());
                        let word = format!("{} · {}", campaign.name, states::campaign(campaign.state, lang));
                        view! { <option value=slug selected=chosen>{word}</option> }
                    });
                    view! {
                        <select id="switcher" on:change=move |event| choose.run(event_target_value(&event))>
                            {options.collect_view()}
                        </select>
                    }
                })}
            </Suspense>
        </div>
    }
}

/// The live dot with its age: colour, icon and words.
#[component]
fn Dot() -> impl IntoView {
    let lang = lang();
    let Live(pulse) = expect_context();
    let class = move || match pulse.get() {
        Pulse::Off => "dot gone",
        Pulse::Connecting => "dot warn",
        Pulse::Heard(secs) if secs > 10 => "dot warn",
        Pulse::Heard(_) => "dot ok",
        Pulse::Cut => "dot bad",
    };
    let words = move || match pulse.get() {
        Pulse::Off => String::new(),
        Pulse::Connecting => say::live_connecting(lang).to_owned(),
        Pulse::Heard(secs) => say::live_age(secs, lang),
        Pulse::Cut => say::live_cut(lang).to_owned(),
    };
    view! { <span class=class data-test="live-dot"><i aria-hidden="true"></i>{words}</span> }
}

/// As the system, light, dark, and round again.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let lang = lang();
    let theme = RwSignal::new("auto".to_owned());
    // The server's choice is read after hydration, so that both sides first write the same.
    Effect::new(move |_| theme.set(browser::page_theme()));
    let word = move || {
        theme.with(|theme| match theme.as_str() {
            "light" => say::theme_light(lang),
            "dark" => say::theme_dark(lang),
            _ => say::theme_auto(lang),
        })
    };
    let turn = move |_| {
        let next = theme.with_untracked(|theme| match theme.as_str() {
            "auto" => "light",
            "light" => "dark",
            _ => "auto",
        });
        browser::set_theme(next);
        theme.set(next.to_owned());
    };
    view! {
        <button type="button" class="quiet" data-test="theme-switch" on:click=turn>
            {icon(Icon::Theme)}
            <span class="hidden">{say::theme(lang)} " "</span>
            <span>{word}</span>
        </button>
    }
}

/// Who is signed in, what they may do, and the way out.
#[component]
fn Person() -> impl IntoView {
    let lang = lang();
    let me = Resource::new_blocking(|| (), |()| api::me());
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                me.await.ok().map(|operator| {
                    let login = operator.login.clone();
                    view! {
                        <details class="menu">
                            <summary aria-label=say::person(lang)>{icon(Icon::Person)}<span>{login}</span></summary>
                            <div class="menu-body">
                                <p><b>{operator.login}</b><br/>{states::role(operator.role, lang)}</p>
                                <form method="post" action="/api/viewer/sign_out">
                                    <button type="submit" class="quiet" data-test="sign-out">{say::sign_out(lang)}</button>
                                </form>
                            </div>
                        </details>
                    }
                })
            })}
        </Suspense>
    }
}
