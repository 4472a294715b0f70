//! One page's way to change the world: a server function is called, and the page it returns replaces the one shown.
//! Refuses two changes at once, and to lose an error: it stays until the next change of the same place.

use crate::error::AppError;
use crate::told::Told;
use leptos::prelude::*;
use rules::account::FieldError;
use rules::say::Lang;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;

/// A call whose answer is the page as it is afterwards.
type Calling<P> = Pin<Box<dyn Future<Output = Result<Told<P>, AppError>>>>;

/// What is shown, what is under way, and how the last change of each place ended.
pub struct Change<P: Send + Sync + 'static> {
    /// The page as last known.
    pub page: RwSignal<P>,
    busy: RwSignal<Option<&'static str>>,
    failed: RwSignal<Option<(&'static str, AppError)>>,
    done: RwSignal<Option<&'static str>>,
}

impl<P: Send + Sync + 'static> Clone for Change<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Send + Sync + 'static> Copy for Change<P> {}

impl<P: Clone + PartialEq + DeserializeOwned + Send + Sync + 'static> Change<P> {
    /// Starts from a page.
    pub fn of(page: P) -> Self {
        Self {
            page: RwSignal::new(page),
            busy: RwSignal::new(None),
            failed: RwSignal::new(None),
            done: RwSignal::new(None),
        }
    }

    /// Calls the server for `place`; while one call is under way no other begins.
    pub fn run(self, place: &'static str, call: impl Future<Output = Result<Told<P>, AppError>> + 'static) {
        self.run_then(place, call, || ());
    }

    /// The same, and does `then` once it succeeded.
    pub fn run_then(
        self,
        place: &'static str,
        call: impl Future<Output = Result<Told<P>, AppError>> + 'static,
        then: impl FnOnce() + 'static,
    ) {
        self.run_boxed(place, Box::pin(call), Box::new(then));
    }

    fn run_boxed(self, place: &'static str, call: Calling<P>, then: Box<dyn FnOnce()>) {
        if self.busy.get_untracked().is_some() {
            return;
        }
        self.busy.set(Some(place));
        self.failed.set(None);
        self.done.set(None);
        leptos::task::spawn_local(async move {
            match call.await.and_then(|told| told.read()) {
                Ok(page) => {
                    self.page.set(page);
                    self.done.set(Some(place));
                    then();
                }
                Err(error) => self.refuse(place, error),
            }
            self.busy.set(None);
        });
    }

    /// Shows an error at `place` without asking the server, for what the browser can tell itself.
    pub fn refuse(self, place: &'static str, error: AppError) {
        self.done.set(None);
        self.failed.set(Some((place, error)));
    }

    /// A part of the page, told only when it changes.
    pub fn part<T: Clone + PartialEq + Send + Sync + 'static>(
        self,
        of: impl Fn(&P) -> T + Send + Sync + 'static,
    ) -> Memo<T> {
        Memo::new(move |_| self.page.with(&of))
    }

    /// True while any change is under way.
    pub fn is_busy(self) -> Signal<bool> {
        Signal::derive(move || self.busy.get().is_some())
    }

    /// True when the last change was this place's and succeeded.
    pub fn is_done(self, place: &'static str) -> Signal<bool> {
        Signal::derive(move || self.done.get() == Some(place))
    }

    /// The wrong fields of this place.
    pub fn fields(self, place: &'static str) -> Signal<Vec<FieldError>> {
        Signal::derive(move || {
            self.failed.with(|failed| match failed {
                Some((where_, error)) if *where_ == place => error.fields(),
                Some(_) | None => Vec::new(),
            })
        })
    }

    /// Why this place's last change failed, in a sentence; wrong fields speak for themselves in the form's summary.
    pub fn sentence(self, place: &'static str, lang: Lang) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.failed.with(|failed| match failed {
                Some((where_, error)) if *where_ == place && error.fields().is_empty() => Some(error.sentence(lang)),
                Some(_) | None => None,
            })
        })
    }
}
