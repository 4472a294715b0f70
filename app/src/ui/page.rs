//! What every page has in common: it waits for one shape, shows grey blocks meanwhile, and tells why when none comes.
//! Refuses a type per page: resources and moving parts are boxed here once, which keeps the first page light.

use crate::error::AppError;
use crate::told::{Answer, Call, Told};
use crate::ui::note::{Skeleton, failed};
use leptos::prelude::*;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// What a page waits for.
pub type Waiting = Resource<Answer>;

/// Asks once, and again whenever `key` changes.
pub fn ask(key: Signal<Option<String>>, call: fn(Option<String>) -> Call) -> Waiting {
    Resource::new(move || key.get(), call)
}

/// The same; the page's first HTML waits for it.
pub fn ask_first(call: fn(Option<String>) -> Call) -> Waiting {
    Resource::new_blocking(|| None, call)
}

/// A key that never changes.
pub fn once() -> Signal<Option<String>> {
    Signal::stored(None)
}

/// The part of the path named `name`, as a key.
pub fn param(name: &'static str) -> Signal<Option<String>> {
    let params = leptos_router::hooks::use_params_map();
    Signal::derive(move || params.with(|params| params.get(name)))
}

/// Shows what was asked for: `show` makes the page of a shape; `figures` grey cards stand on top of the waiting page.
pub fn show<T: DeserializeOwned + 'static>(
    waiting: Waiting,
    figures: usize,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let read = move |answer: Answer| match answer.and_then(|told| told.such::<T>().read()) {
        Ok(shape) => show(shape),
        Err(error) => failed(&error),
    };
    waited(waiting, Some(figures), Arc::new(read))
}

/// Shows a small part of the frame: nothing while waiting, nothing when it fails.
pub fn show_quietly<T: DeserializeOwned + 'static>(
    waiting: Waiting,
    show: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let read = move |answer: Answer| match answer.and_then(|told| told.such::<T>().read()) {
        Ok(shape) => show(shape),
        Err(_) => ().into_any(),
    };
    waited(waiting, None, Arc::new(read))
}

/// While waiting there is a grey page, or nothing where `skeleton` is `None`.
fn waited(waiting: Waiting, skeleton: Option<usize>, show: Arc<dyn Fn(Answer) -> AnyView + Send + Sync>) -> AnyView {
    view! {
        <Suspense fallback=move || skeleton.map(|figures| view! { <Skeleton figures/> })>
            {move || {
                let show = Arc::clone(&show);
                Suspend::new(async move { show(waiting.await) })
            }}
        </Suspense>
    }
    .into_any()
}

/// Reads what a server function told.
///
/// # Errors
/// Its own, or [`AppError::Unreachable`] for what cannot be read.
pub fn read<T: DeserializeOwned>(answer: Result<Told<T>, AppError>) -> Result<T, AppError> {
    answer.and_then(|told| told.read())
}

/// A part of a page that moves.
pub fn moving(view: impl Fn() -> AnyView + Send + Sync + 'static) -> AnyView {
    let view: Arc<dyn Fn() -> AnyView + Send + Sync> = Arc::new(view);
    (move || view()).into_any()
}

/// Words that move.
pub fn text(words: impl Fn() -> String + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(words)
}
