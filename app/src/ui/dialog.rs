//! A question before something that others will feel: a native dialog that names the object and the effect.
//! Refuses to ask "are you sure?" without saying what happens.

use crate::context::lang;
use leptos::html::Dialog;
use leptos::prelude::*;
use rules::say::dashboard as say;

/// A button that asks first. The answer is given once, then the dialog closes.
#[component]
pub fn Confirm(
    /// The word on the button, and on the button that agrees.
    #[prop(into)]
    word: String,
    /// The question, naming the object.
    #[prop(into)]
    title: String,
    /// What will happen.
    #[prop(into)]
    effect: String,
    /// The button's classes.
    #[prop(default = "quiet small")]
    class: &'static str,
    /// The hook for browser tests.
    #[prop(optional, into)]
    test: String,
    /// True while the button must not be used.
    #[prop(into)]
    disabled: Signal<bool>,
    /// Called when the reader agreed.
    #[prop(into)]
    agreed: Callback<()>,
    /// True while what stands inside keeps the reader from agreeing.
    #[prop(optional, into)]
    blocked: Signal<bool>,
    /// What stands between the effect and the buttons.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let lang = lang();
    let dialog = NodeRef::<Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            // Fails only when it is open already.
            let _open = dialog.show_modal();
        }
    };
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let yes_test = format!("{test}-yes");
    let yes = word.clone();
    view! {
        <button type="button" class=class data-test=test disabled=disabled on:click=open>{word}</button>
        <dialog node_ref=dialog class="dialog">
            <h2>{title}</h2>
            <p>{effect}</p>
            {children.map(|inside| inside())}
            <div class="dialog-buttons">
                <button type="button" class="quiet" on:click=move |_| close()>{say::cancel(lang)}</button>
                <button
                    type="button"
                    class="primary"
                    data-test=yes_test
                    disabled=blocked
                    on:click=move |_| {
                        close();
                        agreed.run(());
                    }
                >
                    {yes}
                </button>
            </div>
        </dialog>
    }
}
