//! The states without an amount: refused, being checked, not in WeChat, one more step, busy, broke.
//! Refuses to tell the inner reason of a rule, and to leave a person without a next step where there is one.

use crate::claim::Face;
use crate::claim::frame::{Mark, campaign_cover, claim_path, hub_path, packet};
use leptos::prelude::*;
use rules::eligibility::Refusal;
use rules::say::{Lang, claim as say, refusal as why};
use rules::time::UnixMs;

/// A headline with its mark, a sentence, and one next step.
pub struct Told {
    /// The drawing above the headline.
    pub mark: Mark,
    /// What happened.
    pub headline: &'static str,
    /// Why, and what to do.
    pub text: String,
    /// Where to go from here: address and words.
    pub next: Option<(String, &'static str)>,
}

/// The low cover and what there is to tell.
pub fn told(face: &Face, told: Told) -> AnyView {
    let next = told.next.map(|(href, words)| view! { <p><a class="button" href=href>{words}</a></p> });
    view! {
        {campaign_cover(face)}
        <section class="result">
            {told.mark.draw()}
            <h1>{told.headline}</h1>
            <p class="text">{told.text}</p>
            {next}
        </section>
    }
    .into_any()
}

/// Not granted, with its one reason.
pub fn refused(face: &Face, refusal: Refusal, opens_at: Option<UnixMs>) -> AnyView {
    let lang = face.lang;
    let mark = match refusal {
        Refusal::NotStarted | Refusal::Paused | Refusal::UsedUpForNow => Mark::Clock,
        Refusal::AlreadyClaimed => Mark::Check,
        Refusal::Ended
        | Refusal::NoTicket
        | Refusal::WrongTicket
        | Refusal::ExpiredTicket
        | Refusal::AccountGone
        | Refusal::EarlierFollower
        | Refusal::NotFollowing
        | Refusal::FollowUnseen
        | Refusal::UsedUp => Mark::Info,
    };
    let opens = opens_at.filter(|_| refusal == Refusal::NotStarted).map(|at| {
        view! { <p class="fact">{format!("{} {}", say::opens_at(lang), say::moment(at, lang))}</p> }
    });
    let next = next_step(face, refusal).map(|(href, words)| view! { <p><a class="button" href=href>{words}</a></p> });
    view! {
        {campaign_cover(face)}
        <section class="result">
            {mark.draw()}
            <h1>{why::headline(refusal, lang)}</h1>
            {opens}
            <p class="text">{why::explanation(refusal, lang)}</p>
            {next}
        </section>
    }
    .into_any()
}

fn next_step(face: &Face, refusal: Refusal) -> Option<(String, &'static str)> {
    let lang: Lang = face.lang;
    match refusal {
        Refusal::NoTicket => Some((hub_path(&face.slug), say::hub_link_first(lang))),
        Refusal::WrongTicket
        | Refusal::ExpiredTicket
        | Refusal::AccountGone
        | Refusal::NotFollowing
        | Refusal::FollowUnseen => Some((hub_path(&face.slug), say::hub_link(lang))),
        Refusal::AlreadyClaimed => Some((claim_path(&face.slug), say::see_my_claim(lang))),
        Refusal::NotStarted | Refusal::Paused | Refusal::UsedUp | Refusal::UsedUpForNow => {
            Some((claim_path(&face.slug), say::look_again(lang)))
        }
        Refusal::Ended | Refusal::EarlierFollower => None,
    }
}

/// In another browser: a code to scan and the link to copy. The code is a whole `<svg>` made by this server.
pub fn not_in_wechat(face: &Face, url: &str, qr_svg: &str) -> AnyView {
    let lang = face.lang;
    let svg = qr_svg.find("<svg").map_or("", |at| &qr_svg[at..]).to_owned();
    view! {
        {campaign_cover(face)}
        <section class="result">
            <h1>{say::not_in_wechat_headline(lang)}</h1>
            <p class="text">{say::not_in_wechat_text(lang)}</p>
            <div class="qr" role="img" aria-label=say::not_in_wechat_qr(lang) inner_html=svg></div>
            <p class="text">{say::not_in_wechat_copy(lang)}</p>
            <p class="copy">{url.to_owned()}</p>
        </section>
    }
    .into_any()
}

/// A snapshot cannot claim: an arrow to WeChat's own button.
pub fn snapshot(face: &Face) -> AnyView {
    let lang = face.lang;
    view! {
        {campaign_cover(face)}
        <section class="result">
            <h1>{say::snapshot_headline(lang)}</h1>
            <p class="text">{say::snapshot_text(lang)}</p>
            <svg class="arrow" viewBox="0 0 120 120" aria-hidden="true" focusable="false">
                <path d="M12 8C14 62 48 96 106 104M84 86l24 18-26 14" />
            </svg>
        </section>
    }
    .into_any()
}

/// A link, since an answer to a form may not lead to another origin.
pub fn continue_here(face: &Face, url: &str) -> AnyView {
    let lang = face.lang;
    let flap = view! {
        <h1>{say::continue_headline(lang)}</h1>
        <p class="greeting">{face.greeting.clone()}</p>
    };
    let seam = view! { <a class="open go" href=url.to_owned()>{say::continue_button(lang)}</a> };
    packet(face, flap.into_any(), seam.into_any(), say::continue_text(lang).to_owned())
}

/// Something of ours broke: nothing is lost, and a number to tell staff.
pub fn broke(face: &Face, number: &str) -> AnyView {
    let lang = face.lang;
    view! {
        {campaign_cover(face)}
        <section class="result">
            {Mark::Cross.draw()}
            <h1>{say::broke_headline(lang)}</h1>
            <p class="text">{say::broke_text(lang)}</p>
            <p><a class="button" href=claim_path(&face.slug)>{say::try_again(lang)}</a></p>
            <p class="fact">{format!("{} {number}", say::number(lang))}</p>
        </section>
    }
    .into_any()
}
