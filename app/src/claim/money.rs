//! The states that show an amount: on its way, sent, received, failed, returned, claimed before.
//! Refuses to promise; each says only what is known, and what the person does next.

use crate::claim::Face;
use crate::claim::frame::{Mark, amount, campaign_cover, claim_path, packet};
use leptos::prelude::*;
use rules::Fen;
use rules::payout::{Back, State};
use rules::say::{claim as say, rehearsal as say_rehearsal};
use rules::time::UnixMs;

/// Queued, being sent or not known: the packet is still closed, the amount already stands on it.
pub fn paying(face: &Face, fen: Fen) -> AnyView {
    let lang = face.lang;
    let flap = view! {
        <h1>{amount(fen)} <span class="word">{say::paying_word(lang)}</span></h1>
    };
    let seam = view! {
        <span class="open still" aria-hidden="true">
            <svg viewBox="0 0 24 24"><circle cx="5" cy="12" r="2" /><circle cx="12" cy="12" r="2" /><circle cx="19" cy="12" r="2" /></svg>
        </span>
    };
    packet(face, flap.into_any(), seam.into_any(), say::paying_text(lang).to_owned())
}

/// WeChat took it: where to open it.
pub fn sent(face: &Face, fen: Fen, chat: Option<&str>) -> AnyView {
    let lang = face.lang;
    let text = chat.map_or_else(|| say::sent_elsewhere(lang).to_owned(), |chat| say::sent_in_chat(chat, lang));
    let look = view! {
        <p><a class="quiet" href=claim_path(&face.slug)>{say::sent_look_again(lang)}</a></p>
    };
    result(face, fen, Mark::Envelope, say::sent_word(lang), text, Some(look.into_any()))
}

/// The follower has it.
pub fn collected(face: &Face, fen: Fen) -> AnyView {
    let lang = face.lang;
    result(face, fen, Mark::Check, say::collected_word(lang), say::collected_text(lang).to_owned(), None)
}

/// Definitely not sent: what the person can do, then look again.
pub fn failed(face: &Face, fen: Fen, why: &str) -> AnyView {
    let lang = face.lang;
    let look = view! {
        <p class="text">{say::failed_next(lang)}</p>
        <p><a class="button" href=claim_path(&face.slug)>{say::look_again(lang)}</a></p>
    };
    result(face, fen, Mark::Cross, say::failed_word(lang), why.to_owned(), Some(look.into_any()))
}

/// Went back to the merchant.
pub fn returned(face: &Face, fen: Fen, why: Back) -> AnyView {
    let lang = face.lang;
    let text =
        if face.rehearsal.is_some() { say_rehearsal::returned_text(lang) } else { say::returned_text(why, lang) };
    view! {
        {campaign_cover(face)}
        <section class="result">
            {Mark::Back.draw()}
            <h1>{say::returned_headline(lang)}</h1>
            <p class="past">{amount(fen)}</p>
            <p class="text">{text}</p>
        </section>
    }
    .into_any()
}

/// The earlier claim: how much, when, and what became of it.
pub fn already(face: &Face, fen: Fen, at: UnixMs, now: State, back: Back) -> AnyView {
    let lang = face.lang;
    let mark = match now {
        State::Collected => Mark::Check,
        State::Sent | State::WaitingConfirm => Mark::Envelope,
        State::Queued | State::Sending | State::Unknown => Mark::Clock,
        State::Returned => Mark::Back,
        State::Failed => Mark::Cross,
    };
    view! {
        {campaign_cover(face)}
        <section class="result">
            {mark.draw()}
            <h1>{say::already_headline(lang)}</h1>
            <p class="past">{amount(fen)}</p>
            <p class="fact">{format!("{} · {}", say::claimed_at(at, fen, lang), say::payout_word(now, lang))}</p>
            <p class="text">{say::payout_next(now, back, lang)}</p>
        </section>
    }
    .into_any()
}

/// A cover, the amount with its word, one sentence, and what comes next.
pub(super) fn result(
    face: &Face,
    fen: Fen,
    mark: Mark,
    word: &'static str,
    text: String,
    next: Option<AnyView>,
) -> AnyView {
    view! {
        {campaign_cover(face)}
        <section class="result">
            <h1>{amount(fen)} <span class="word">{mark.draw()}{word}</span></h1>
            <p class="text">{text}</p>
            {next}
        </section>
    }
    .into_any()
}
