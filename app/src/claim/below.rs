//! What stands below the fold: how it works, the rules, who gives the packets, privacy, and how to complain.
//! Refuses to hide any of it behind the claim; everybody may read it in every state.

use crate::claim::Face;
use leptos::prelude::*;
use rules::say::claim as say;

/// The lower part of a claim page; the three steps only where there is still something to do.
pub fn below(face: &Face, steps: bool) -> AnyView {
    let lang = face.lang;
    let how = steps.then(|| {
        view! {
            <section class="card">
                <h2>{say::how_heading(lang)}</h2>
                {three_steps([
                    say::how_claim(lang).to_owned(),
                    say::how_find(lang).to_owned(),
                    say::how_open(lang).to_owned(),
                ])}
            </section>
        }
    });
    let rules = (!face.rules.trim().is_empty()).then(|| {
        view! {
            <details class="card">
                <summary>{say::rules_heading(lang)}</summary>
                <p class="rules">{face.rules.trim().to_owned()}</p>
            </details>
        }
    });
    // Before the campaign is known, as for a snapshot, there is nobody to name.
    let known = !face.sponsor.is_empty();
    let who = known.then(|| view! { <dt>{say::who_heading(lang)}</dt><dd>{say::who_text(&face.sponsor, lang)}</dd> });
    let complain = known
        .then(|| view! { <dt>{say::complain_heading(lang)}</dt><dd>{say::complain_text(&face.sponsor, lang)}</dd> });
    view! {
        <div class="below">
            {how}
            {rules}
            <dl class="small">
                {who}
                <dt>{say::privacy_heading(lang)}</dt>
                <dd>{say::privacy_text(lang)}</dd>
                {complain}
            </dl>
        </div>
    }
    .into_any()
}

/// Three numbered steps.
pub fn three_steps(steps: [String; 3]) -> AnyView {
    let steps = steps.map(|step| view! { <li><span>{step}</span></li> });
    view! { <ol class="steps">{steps.into_iter().collect_view()}</ol> }.into_any()
}
