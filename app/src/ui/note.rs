//! Notes, chips, empty states and skeletons: what a page says when it has no rows to show, or something to add.
//! Refuses to use colour alone: every tone has its icon and its word.

use crate::context::lang;
use crate::error::AppError;
use crate::ui::icon::{Icon, icon};
use crate::ui::page::moving;
use leptos::prelude::*;
use rules::say::dashboard as say;

/// What a note or a chip means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own word")]
pub enum Tone {
    Ok,
    Info,
    Warn,
    Bad,
    Still,
}

impl Tone {
    /// The class of style/dashboard.css.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Still => "still",
        }
    }

    const fn icon(self) -> Icon {
        match self {
            Self::Ok => Icon::Ok,
            Self::Info => Icon::Info,
            Self::Warn => Icon::Warn,
            Self::Bad => Icon::Bad,
            Self::Still => Icon::Pause,
        }
    }
}

/// A state in a row: icon, colour and word.
pub fn chip(tone: Tone, word: &'static str) -> AnyView {
    view! { <span class=format!("chip {}", tone.class())>{icon(tone.icon())}{word}</span> }.into_any()
}

/// A sentence in a box of its own.
pub fn note(tone: Tone, sentence: String) -> AnyView {
    view! { <p class=format!("note {}", tone.class())>{icon(tone.icon())}<span>{sentence}</span></p> }.into_any()
}

/// How a change ended: a sentence when it failed, a word when it succeeded; read aloud as it appears.
#[component]
pub fn Outcome(
    /// Why it failed.
    failed: Signal<Option<String>>,
    /// True when it succeeded.
    done: Signal<bool>,
    /// What is said on success.
    word: &'static str,
) -> impl IntoView {
    view! {
        <div class="outcome" role="status">
            {moving(move || match failed.get() {
                Some(sentence) => note(Tone::Bad, sentence),
                None if done.get() => chip(Tone::Ok, word),
                None => ().into_any(),
            })}
        </div>
    }
}

/// What stands where rows would be, and the next step.
pub fn empty(title: &'static str, next: &'static str, step: AnyView) -> AnyView {
    view! {
        <div class="empty">
            {icon(Icon::Packet)}
            <p class="empty-title">{title}</p>
            <p>{next}</p>
            {step}
        </div>
    }
    .into_any()
}

/// A page that could not be loaded, with a way on.
pub fn failed(error: &AppError) -> AnyView {
    let lang = lang();
    let way_on = match error {
        AppError::SignedOut => {
            view! { <a class="button" href="/admin/sign-in" rel="external">{say::sign_in(lang)}</a> }.into_any()
        }
        AppError::NotFound => view! { <a class="button" href="/admin">{say::back_to_overview(lang)}</a> }.into_any(),
        AppError::Forbidden
        | AppError::Invalid(_)
        | AppError::Conflict(_)
        | AppError::Busy
        | AppError::Broken(_)
        | AppError::Unreachable => {
            view! { <button class="button" on:click=|_| crate::browser::reload()>{say::try_again(lang)}</button> }
                .into_any()
        }
    };
    view! { <div class="failed">{note(Tone::Bad, error.sentence(lang))}{way_on}</div> }.into_any()
}

/// Grey blocks in the size of what is being loaded: figures above, rows below.
#[component]
pub fn Skeleton(
    /// How many figure cards the page begins with.
    #[prop(optional)]
    figures: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="hidden">{say::loading(lang())}</span>
            <div class="figures">
                {(0..figures).map(|_| view! { <div class="card"></div> }.into_any()).collect::<Vec<_>>()}
            </div>
            <div class="card tall"></div>
        </div>
    }
}
