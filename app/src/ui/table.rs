//! Tables: a caption for readers, a head that stays, and cards instead of columns on a phone.
//! Refuses layouts without `<tbody>`, which a browser would repair and hydration would trip over.

use crate::context::lang;
use crate::ui::icon::{Icon, icon};
use leptos::prelude::*;
use rules::say::dashboard as say;

/// The head of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its word.
    pub word: &'static str,
    /// True for figures and money: right-aligned.
    pub figures: bool,
}

/// A column of words.
pub const fn words(word: &'static str) -> Column {
    Column { word, figures: false }
}

/// A column of figures.
pub const fn figures(word: &'static str) -> Column {
    Column { word, figures: true }
}

/// A table whose rows are its children, each a `<tr>`.
#[component]
pub fn Table(
    /// What the table holds, for those who cannot see it.
    caption: &'static str,
    /// The columns' heads.
    columns: Vec<Column>,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let heads = columns
        .into_iter()
        .map(|column| view! { <th scope="col" class:figure=column.figures>{column.word}</th> })
        .collect_view();
    view! {
        <div class="table-frame">
            <table>
                <caption class="hidden">{caption}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{children()}</tbody>
            </table>
        </div>
    }
}

/// A button that copies a text, and says so.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: String,
) -> impl IntoView {
    let lang = lang();
    let copied = RwSignal::new(false);
    view! {
        <button
            type="button"
            class="quiet small"
            on:click=move |_| {
                crate::browser::copy(&text);
                copied.set(true);
            }
        >
            {icon(Icon::Copy)}
            <span aria-live="polite">
                {move || if copied.get() { say::copied(lang) } else { say::copy(lang) }}
            </span>
        </button>
    }
}

/// The icon and name of an account, side by side.
pub fn account_name(picture: String, name: String) -> AnyView {
    let picture = if picture.is_empty() { icon(Icon::Accounts) } else { picture.into_any() };
    view! { <span class="account"><span class="account-icon" aria-hidden="true">{picture}</span>{name}</span> }
        .into_any()
}
