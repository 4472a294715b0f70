//! Form fields: the label above, the help below, the error under its own field, and a summary on top.
//! Refuses a field without a label, and to show a stored secret.

use crate::context::lang;
use leptos::prelude::*;
use rules::account::FieldError;
use rules::say::{dashboard as say, setup};

/// The wrong fields of the form around.
pub type Errors = Signal<Vec<FieldError>>;

/// What kind of input a field is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// One line.
    #[default]
    Text,
    /// Several lines.
    Lines,
    /// Yuan with at most two decimals.
    Money,
    /// A Beijing time.
    Time,
    /// Never shown again once stored.
    Secret,
}

fn error_of(errors: Errors, name: &str) -> Signal<Option<String>> {
    let name = name.to_owned();
    Signal::derive(move || {
        errors.with(|errors| errors.iter().find(|error| error.field == name).map(|error| error.why.clone()))
    })
}

/// Label, control, help and error in their order.
#[component]
fn Frame(
    name: String,
    label: String,
    help: &'static str,
    error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="field" class:wrong=move || error.get().is_some()>
            <label for=format!("f-{name}")>{label}</label>
            {children()}
            <p class="help" id=format!("h-{name}")>{help}</p>
            <p class="error" id=format!("e-{name}")>{move || error.get().unwrap_or_default()}</p>
        </div>
    }
}

/// One field that is typed.
#[component]
pub fn Field(
    /// Its name in the form, and in the errors.
    #[prop(into)]
    name: String,
    /// The word above it.
    #[prop(into)]
    label: String,
    /// The sentence below it.
    #[prop(optional)]
    help: &'static str,
    /// What it holds at first; a secret holds nothing.
    #[prop(optional, into)]
    value: String,
    /// What kind of input it is.
    #[prop(optional)]
    kind: Kind,
    /// True when it can be read but not changed.
    #[prop(optional, into)]
    fixed: bool,
    /// The form's errors.
    errors: Errors,
) -> impl IntoView {
    let error = error_of(errors, &name);
    let id = format!("f-{name}");
    let described = format!("h-{name} e-{name}");
    let wrong = move || error.get().map(|_| "true");
    let input = match kind {
        Kind::Lines => view! {
            <textarea id=id name=name.clone() rows="5" aria-describedby=described aria-invalid=wrong readonly=fixed>{value}</textarea>
        }
        .into_any(),
        Kind::Money => view! {
            <span class="money">
                <span aria-hidden="true">"¥"</span>
                <input id=id name=name.clone() type="text" inputmode="decimal" autocomplete="off" value=value
                    aria-describedby=described aria-invalid=wrong readonly=fixed/>
            </span>
        }
        .into_any(),
        Kind::Time => view! {
            <input id=id name=name.clone() type="datetime-local" value=value aria-describedby=described aria-invalid=wrong readonly=fixed/>
        }
        .into_any(),
        Kind::Secret => view! {
            <input id=id name=name.clone() type="password" autocomplete="new-password" spellcheck="false"
                aria-describedby=described aria-invalid=wrong readonly=fixed/>
        }
        .into_any(),
        Kind::Text => view! {
            <input id=id name=name.clone() type="text" autocomplete="off" value=value aria-describedby=described
                aria-invalid=wrong readonly=fixed/>
        }
        .into_any(),
    };
    view! { <Frame name label help error>{input}</Frame> }
}

/// One field that is chosen from a list of values and words.
#[component]
pub fn Choice(
    /// Its name in the form, and in the errors.
    name: &'static str,
    /// The word above it.
    label: &'static str,
    /// The sentence below it.
    #[prop(optional)]
    help: &'static str,
    /// The values and their words.
    options: Vec<(String, String)>,
    /// The value chosen at first.
    #[prop(optional, into)]
    value: String,
    /// True when it can be read but not changed.
    #[prop(optional, into)]
    fixed: bool,
    /// The form's errors.
    errors: Errors,
) -> impl IntoView {
    let error = error_of(errors, name);
    let wrong = move || error.get().map(|_| "true");
    // A disabled list is not sent with its form: only the chosen value stays in a fixed one.
    let options = options
        .into_iter()
        .filter(|(key, _)| !fixed || *key == value)
        .map(|(key, word)| {
            let chosen = key == value;
            view! { <option value=key selected=chosen>{word}</option> }
        })
        .collect_view();
    view! {
        <Frame name=name.to_owned() label=label.to_owned() help error>
            <select id=format!("f-{name}") name=name aria-describedby=format!("h-{name} e-{name}") aria-invalid=wrong>
                {options}
            </select>
        </Frame>
    }
}

/// A secret that is written and never read: says whether one is stored.
#[component]
pub fn Secret(
    /// Its name in the form, and in the errors.
    name: &'static str,
    /// The word above it, in WeChat's own spelling.
    label: &'static str,
    /// True when one is stored.
    stored: bool,
    /// True when this reader may not enter one.
    #[prop(optional, into)]
    fixed: bool,
    /// The form's errors.
    errors: Errors,
) -> impl IntoView {
    let lang = lang();
    let help = if stored { setup::secret_stored(lang) } else { setup::secret_missing(lang) };
    view! { <Field name label help kind=Kind::Secret fixed errors/> }
}

/// All that is wrong, on top of the form, each a link to its field.
#[component]
pub fn Summary(
    /// The form's errors.
    errors: Errors,
) -> impl IntoView {
    let lang = lang();
    let place = NodeRef::<leptos::html::Div>::new();
    // Whoever saved at the foot of a long form is brought to what is wrong.
    Effect::new(move |_| {
        if errors.with(|errors| !errors.is_empty())
            && let Some(place) = place.get_untracked()
        {
            crate::browser::bring(&place);
        }
    });
    view! {
        <div role="alert" tabindex="-1" node_ref=place>
            {move || {
                let errors = errors.get();
                (!errors.is_empty()).then(|| view! {
                    <div class="summary">
                        <p>{say::fix_these(lang)}</p>
                        <ul>
                            {errors.into_iter().map(|error| {
                                let id = format!("f-{}", error.field);
                                let said = match crate::browser::label_of(&id) {
                                    Some(label) => format!("{label}: {}", error.why),
                                    None => error.why,
                                };
                                view! {
                                    <li>
                                        <a href=format!("#{id}") rel="external" on:click=move |event| {
                                            event.prevent_default();
                                            crate::browser::focus(&id);
                                        }>{said}</a>
                                    </li>
                                }
                            }).collect_view()}
                        </ul>
                    </div>
                })
            }}
        </div>
    }
}

/// Asks before the page is left while a form holds what was not saved.
pub fn guard_unsaved(unsaved: RwSignal<bool>) {
    let listening = window_event_listener(leptos::ev::beforeunload, move |event| {
        if unsaved.get_untracked() {
            event.prevent_default();
        }
    });
    on_cleanup(move || listening.remove());
}
