//! The frame around every page: the rail with the pages that exist, the top bar, and the place for the page.
//! Refuses entries that lead nowhere.

pub mod api;
mod top_bar;

use crate::context::lang;
use crate::money::is_section;
use crate::told::call;
use crate::ui::icon::{Icon, icon, mark};
use crate::ui::page::{Waiting, ask_first, show_quietly};
use leptos::prelude::*;
use leptos_router::components::{A, Outlet};
use leptos_router::hooks::{use_location, use_query_map};
use rules::say::{bill, dashboard as say, money};

/// How the live page's connection stands, for the dot in the top bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pulse {
    /// This page is not live.
    #[default]
    Off,
    /// Not heard yet.
    Connecting,
    /// Heard so many seconds ago.
    Heard(u32),
    /// The connection is broken; the browser tries again.
    Cut,
}

/// The dot's state, set by the live page.
#[derive(Debug, Clone, Copy)]
pub struct Live(pub RwSignal<Pulse>);

/// What the top bar shows; pages that add or rename a campaign ask for it again.
#[derive(Clone, Copy)]
pub struct TopBarTold(pub Waiting);

/// The campaign that the address names with `?campaign=`, if any.
pub fn picked() -> Memo<Option<String>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get("campaign")).filter(|slug| !slug.is_empty()))
}

/// `path`, with the campaign that is picked now.
pub fn keep_picked(path: &str, picked: Option<&str>) -> String {
    match picked {
        Some(slug) => format!("{path}?campaign={}", leptos_router::location::Url::escape(slug)),
        None => path.to_owned(),
    }
}

/// The frame. Everything inside is one page.
#[component]
pub fn Frame() -> impl IntoView {
    let lang = lang();
    provide_context(Live(RwSignal::new(Pulse::Off)));
    provide_context(TopBarTold(ask_first(|_| call(api::read_frame()))));
    view! {
        <a class="skip" href="#main" rel="external">{say::skip(lang)}</a>
        <div class="frame">
            <Rail/>
            <div class="stage">
                <top_bar::TopBar/>
                {stands_still()}
                <main id="main" tabindex="-1"><Outlet/></main>
            </div>
        </div>
    }
}

/// What stands still is told on every page: icon, colour, words, and the way to it.
fn stands_still() -> AnyView {
    let lang = lang();
    let TopBarTold(told) = expect_context();
    show_quietly(told, move |frame: api::Frame| {
        let said = frame
            .standing_still
            .into_iter()
            .map(|still| view! { <p>{icon(Icon::Bad)}<span>{still}</span></p> }.into_any());
        let said: Vec<_> = said.collect();
        if said.is_empty() {
            return ().into_any();
        }
        let (href, word) = match frame.is_restored {
            true => ("/admin/reconciliation", bill::see(lang)),
            false => ("/admin/rails", money::see_rails(lang)),
        };
        view! {
            <div class="banner" role="alert" data-test="banner">
                <div>{said}</div>
                <a class="button" href=href>{word}</a>
            </div>
        }
        .into_any()
    })
}

/// The pages: a rail at the left, a bar at the bottom of a phone.
#[component]
fn Rail() -> impl IntoView {
    let lang = lang();
    let picked = picked();
    let here = use_location().pathname;
    let entries = [
        ("/admin", Icon::Overview, say::overview(lang), true),
        ("/admin/campaigns", Icon::Campaigns, say::campaigns(lang), false),
        ("/admin/accounts", Icon::Accounts, say::accounts(lang), false),
        ("/admin/claims", Icon::Claims, say::claims(lang), false),
        ("/admin/budgets", Icon::Budgets, say::budgets(lang), false),
        ("/admin/reconciliation", Icon::Reconciliation, bill::title(lang), false),
    ];
    let entries = entries
        .into_iter()
        .map(|(path, picture, word, exact)| {
            let href = move || picked.with(|slug| keep_picked(path, slug.as_deref()));
            // One entry stands for all pages about money.
            let within = move || path == "/admin/budgets" && here.with(|here| is_section(here));
            view! { <li class:within=within><A href=href exact=exact>{icon(picture)}<span>{word}</span></A></li> }
        })
        .collect_view();
    view! {
        <nav class="rail" aria-label=say::main_menu(lang)>
            <a class="brand" href="/admin">
                {mark()}
                <span>{say::product(lang)}</span>
            </a>
            <ul>{entries}</ul>
        </nav>
    }
}
