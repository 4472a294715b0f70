//! What the browser starts: the pages of `app`, brought to life where the server has written them.
//! Refuses everything else.

/// Hydrates the page; the script that the server's HTML names calls it once.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_lazy(app::App);
}
