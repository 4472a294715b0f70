//! The event stream of one campaign: each change of its figures, and a beat every two seconds.
//! Refuses to outlive its page: leaving closes the connection.

use crate::frame::{Live, Pulse};
use leptos::prelude::*;
use rules::live::Snapshot;
use std::time::Duration;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

/// Listens to `/admin/live?campaign={slug}` while the page is open: figures go into `snapshot`, the age into the dot.
pub fn listen(slug: String, snapshot: RwSignal<Snapshot>) {
    let Live(pulse) = expect_context();
    let Ok(source) = EventSource::new(&format!("/admin/live?campaign={slug}")) else {
        pulse.set(Pulse::Cut);
        return;
    };
    pulse.set(Pulse::Connecting);
    on(&source, "message", move |event| {
        pulse.set(Pulse::Heard(0));
        let data = event.dyn_into::<MessageEvent>().ok().and_then(|message| message.data().as_string());
        // What cannot be read belongs to another version of the server; the next page load brings both together.
        if let Some(read) = data.and_then(|data| serde_json::from_str(&data).ok()) {
            snapshot.set(read);
        }
    });
    on(&source, "tick", move |_| pulse.set(Pulse::Heard(0)));
    on(&source, "error", move |_| pulse.set(Pulse::Cut));
    let second = set_interval_with_handle(
        move || {
            if let Pulse::Heard(secs) = pulse.get_untracked() {
                pulse.set(Pulse::Heard(secs.saturating_add(1)));
            }
        },
        Duration::from_secs(1),
    );
    let source = StoredValue::new_local(source);
    on_cleanup(move || {
        source.with_value(EventSource::close);
        if let Ok(second) = second {
            second.clear();
        }
        pulse.try_set(Pulse::Off);
    });
}

/// Calls `heard` for each event of that name, for as long as the source lives.
fn on(source: &EventSource, name: &str, heard: impl Fn(Event) + 'static) {
    let heard = Closure::<dyn Fn(Event)>::new(heard).into_js_value();
    // Adding a listener fails only for an object that is none, and this one is a closure.
    let _added = source.add_event_listener_with_callback(name, heard.unchecked_ref());
}
