//! What pages ask of the browser: cookies, forms, the clipboard, a reload.
//! Refuses to run on the server; every function is called from an event or an effect only.

use rules::say::Lang;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlFormElement, SubmitEvent};

fn document() -> Option<web_sys::Document> {
    web_sys::window()?.document()
}

/// The language the server wrote this page in.
pub fn page_lang() -> Lang {
    let tag = document().and_then(|page| page.document_element()).and_then(|html| html.get_attribute("lang"));
    Lang::of(&tag.unwrap_or_default())
}

/// The theme the server wrote: `auto`, `light` or `dark`.
pub fn page_theme() -> String {
    let html = document().and_then(|page| page.document_element());
    html.and_then(|html| html.get_attribute("data-theme")).unwrap_or_else(|| "auto".to_owned())
}

/// Shows the page in a theme at once and remembers it for a year.
pub fn set_theme(theme: &str) {
    let Some(html) = document().and_then(|page| page.document_element()) else { return };
    // A browser that refuses an attribute of ours keeps the former theme; the cookie still holds for the next page.
    let _kept = html.set_attribute("data-theme", theme);
    remember("lb_theme", theme);
}

/// Brings an element into view and gives it the keyboard.
pub fn bring(element: &web_sys::HtmlElement) {
    element.scroll_into_view();
    // An element that cannot take the keyboard was still brought into view.
    let _unfocused = element.focus();
}

/// The word above the field with this id; `None` on the server and where there is no such field.
pub fn label_of(id: &str) -> Option<String> {
    if !cfg!(target_arch = "wasm32") {
        return None;
    }
    let label = document()?.query_selector(&format!("label[for='{id}']")).ok()??;
    label.text_content().filter(|text| !text.is_empty())
}

/// Remembers the language for a year and shows this page again in it.
pub fn set_lang(lang: Lang) {
    remember("lb_lang", lang.name());
    reload();
}

/// Loads this page again.
pub fn reload() {
    if let Some(window) = web_sys::window() {
        // Refused only while the page is being left, and then it is reloaded anyway.
        let _leaving = window.location().reload();
    }
}

fn remember(name: &str, value: &str) {
    let Some(page) = document().and_then(|page| page.dyn_into::<HtmlDocument>().ok()) else { return };
    let https =
        web_sys::window().and_then(|w| w.location().protocol().ok()).is_some_and(|protocol| protocol == "https:");
    let secure = if https { "; Secure" } else { "" };
    // Without cookies the choice holds for this page only.
    let _forgotten = page.set_cookie(&format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax{secure}"));
}

/// What a form holds when it is sent.
pub struct Sent(Option<web_sys::FormData>);

impl Sent {
    /// Takes over the event: the page stays and its form is read.
    pub fn take(event: &SubmitEvent) -> Self {
        event.prevent_default();
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        Self(form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()))
    }

    /// The same while the form is still being filled: what it holds after the input that `event` tells of.
    pub fn so_far(event: &web_sys::Event) -> Self {
        let touched = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let form = touched.and_then(|element| element.closest("form").ok().flatten());
        let form = form.and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        Self(form.and_then(|form| web_sys::FormData::new_with_form(&form).ok()))
    }

    /// The text of one field; empty when there is none.
    pub fn field(&self, name: &str) -> String {
        self.0.as_ref().and_then(|form| form.get(name).as_string()).unwrap_or_default()
    }
}

/// Empties the form that was sent.
pub fn empty_form(event: &SubmitEvent) {
    if let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) {
        form.reset();
    }
}

/// Puts a text on the clipboard.
pub fn copy(text: &str) {
    if let Some(window) = web_sys::window() {
        // The promise's end is not awaited: where copying is forbidden the text stands beside the button.
        let _promise = window.navigator().clipboard().write_text(text);
    }
}

/// Sets the value of an input on this page by its id.
pub fn fill(id: &str, value: &str) {
    if let Some(input) = document().and_then(|page| page.get_element_by_id(id))
        && let Ok(input) = input.dyn_into::<web_sys::HtmlInputElement>()
    {
        input.set_value(value);
    }
}

/// Moves the focus to an element of this page, so that a reader hears what changed.
pub fn focus(id: &str) {
    if let Some(element) = document().and_then(|page| page.get_element_by_id(id))
        && let Ok(element) = element.dyn_into::<web_sys::HtmlElement>()
    {
        // An element that cannot take the focus leaves it where it was.
        let _kept = element.focus();
    }
}

/// The browser's clock, to prefill a form that its reader then sees and can change.
pub fn now() -> rules::time::UnixMs {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit an i64 for 290 million years")]
    rules::time::UnixMs(web_sys::js_sys::Date::now() as i64)
}
