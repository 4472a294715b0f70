//! The top bar: which campaign, how live, in which language and theme, and who is signed in.
//! Refuses to act: it navigates, remembers a choice, or signs out.

use super::{Live, Pulse, TopBarTold, api, keep_picked, picked};
use crate::browser;
use crate::context::lang;
use crate::ui::icon::{Icon, icon};
use crate::ui::page::{show_quietly, text};
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
    let TopBarTold(told) = expect_context();
    let navigate = use_navigate();
    let choose = Callback::new(move |slug: String| {
        let here = path.get_untracked();
        let here = if here == "/admin/claims" { "/admin/claims" } else { "/admin" };
        navigate(&keep_picked(here, Some(&slug)), leptos_router::NavigateOptions::default());
    });
    let class = text(move || match path.get().trim_end_matches('/') {
        "/admin" | "/admin/claims" => "switcher".to_owned(),
        _ => "switcher gone".to_owned(),
    });
    let options = show_quietly(told, move |frame: api::Frame| {
        let usual = api::usual(&frame.campaigns).unwrap_or_default();
        let current = text(move || picked.get().unwrap_or_else(|| usual.clone()));
        let options = frame.campaigns.into_iter().map(|campaign| {
            let slug = campaign.slug.as_str().to_owned();
            let chosen = current.with_untracked(|current| *current == slug);
            let word = format!("{} · {}", campaign.name, states::campaign(campaign.state, lang));
            view! { <option value=slug selected=chosen>{word}</option> }.into_any()
        });
        view! {
            <select id="switcher" prop:value=current on:change=move |event| choose.run(event_target_value(&event))>
                {options.collect::<Vec<_>>()}
            </select>
        }
        .into_any()
    });
    view! {
        <div class=class>
            <label class="hidden" for="switcher">{say::choose_campaign(lang)}</label>
            {options}
        </div>
    }
}

/// The live dot with its age: colour, icon and words.
#[component]
fn Dot() -> impl IntoView {
    let lang = lang();
    let Live(pulse) = expect_context();
    let class = text(move || {
        let class = match pulse.get() {
            Pulse::Off => "dot gone",
            Pulse::Connecting => "dot warn",
            Pulse::Heard(secs) if secs > 10 => "dot warn",
            Pulse::Heard(_) => "dot ok",
            Pulse::Cut => "dot bad",
        };
        class.to_owned()
    });
    let words = text(move || match pulse.get() {
        Pulse::Off => String::new(),
        Pulse::Connecting => say::live_connecting(lang).to_owned(),
        Pulse::Heard(secs) => say::live_age(secs, lang),
        Pulse::Cut => say::live_cut(lang).to_owned(),
    });
    view! { <span class=class data-test="live-dot"><i aria-hidden="true"></i>{words}</span> }
}

/// As the system, light, dark, and round again.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let lang = lang();
    let theme = RwSignal::new("auto".to_owned());
    // The server's choice is read after hydration, so that both sides first write the same.
    Effect::new(move |_| theme.set(browser::page_theme()));
    let word = text(move || {
        let word = theme.with(|theme| match theme.as_str() {
            "light" => say::theme_light(lang),
            "dark" => say::theme_dark(lang),
            _ => say::theme_auto(lang),
        });
        word.to_owned()
    });
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
    let TopBarTold(told) = expect_context();
    show_quietly(told, move |frame: api::Frame| {
        let operator = frame.operator;
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
        .into_any()
    })
}
