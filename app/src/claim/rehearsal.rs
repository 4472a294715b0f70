//! What the claim page of a draft's tester has beside everybody else's: a strip that says what it is, and one more try.
//! Refuses to look like the real thing: the strip stands on top of every state.

use crate::claim::Face;
use crate::claim::frame::{Mark, claim_path, packet};
use crate::claim::told::{Told, told};
use leptos::prelude::*;
use rules::Fen;
use rules::rehearsal::Refusal;
use rules::say::{claim as say_claim, rehearsal as say};

/// What marks the page of a tester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// What the next packet holds.
    pub amount: Fen,
    /// How staff see this person in their list.
    pub openid_masked: String,
    /// How many packets they had when the page was made: its form asks for the one after these, and only once.
    pub claims: i64,
    /// The next packet's form, or why there is none.
    pub next: Result<String, Refusal>,
}

/// On top of every state of a tester's page.
pub fn strip(face: &Face) -> Option<AnyView> {
    let rehearsal = face.rehearsal.as_ref()?;
    let lang = face.lang;
    let strip = view! {
        <p class="strip" data-test="rehearsal">
            <b>{say::mark(lang)}</b>
            <span>{say::strip(lang)}</span>
            <small>{say::known_as(&rehearsal.openid_masked, lang)}</small>
        </p>
    };
    Some(strip.into_any())
}

/// The closed packet with its one button.
pub fn ready(face: &Face, rehearsal: &Rehearsal, form_token: &str) -> AnyView {
    let lang = face.lang;
    let seam = form(
        face,
        rehearsal,
        form_token,
        view! {
            <button class="open" type="submit" data-test="claim" aria-label=say_claim::claim_button_name(lang)>
                {say_claim::claim_button(lang)}
            </button>
        }
        .into_any(),
    );
    let flap = view! {
        <h1>{say::ready_headline(lang)}</h1>
        <p class="greeting">{say::next_amount(rehearsal.amount, lang)}</p>
    };
    packet(face, flap.into_any(), seam, say::ready_text(lang).to_owned())
}

/// Under what became of the packet before: the way to one more, or why there is none. While the one before is under
/// way the page itself says so.
pub fn next(face: &Face) -> Option<AnyView> {
    let rehearsal = face.rehearsal.as_ref()?;
    let lang = face.lang;
    let next = match &rehearsal.next {
        Ok(form_token) => {
            let button = view! {
                <button class="button" type="submit" data-test="claim">{say::again(lang)}</button>
            };
            form(face, rehearsal, form_token, button.into_any())
        }
        Err(Refusal::UnderWay) => return None,
        Err(refusal) => {
            view! { <p class="text">{say::headline(*refusal, lang)} " · " {say::explanation(*refusal, lang)}</p> }
                .into_any()
        }
    };
    Some(view! { <section class="result next">{next}</section> }.into_any())
}

/// Not one more, and nothing before it to show.
pub fn refused(face: &Face, refusal: Refusal) -> AnyView {
    let lang = face.lang;
    let mark = match refusal {
        Refusal::Held | Refusal::UnderWay | Refusal::DayFull => Mark::Clock,
        Refusal::WrongLink | Refusal::Removed | Refusal::Full | Refusal::NotDraft | Refusal::NotFunded => Mark::Info,
    };
    let waits = matches!(refusal, Refusal::Held | Refusal::UnderWay | Refusal::NotFunded | Refusal::Full);
    let next = waits.then(|| (claim_path(&face.slug), say_claim::look_again(lang)));
    let (headline, text) = (say::headline(refusal, lang), say::explanation(refusal, lang).to_owned());
    told(face, Told { mark, headline, text, next })
}

fn form(face: &Face, rehearsal: &Rehearsal, form_token: &str, button: AnyView) -> AnyView {
    view! {
        <form method="post" action="/api/public/rehearse">
            <input type="hidden" name="campaign" value=face.slug.to_string() />
            <input type="hidden" name="form_token" value=form_token.to_owned() />
            <input type="hidden" name="after" value=rehearsal.claims />
            {button}
        </form>
    }
    .into_any()
}
