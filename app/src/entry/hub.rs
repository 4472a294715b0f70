//! The hub page: all active accounts of a campaign, and what this person received already.
//! Refuses to show anything about another person; what is claimed comes in for the one who asks.

use crate::claim::Face;
use crate::claim::frame::{self, Document, document};
use leptos::prelude::*;
use rules::Fen;
use rules::payout::State;
use rules::say::{Lang, claim as say};

/// One account in the list.
#[derive(Debug, Clone)]
pub struct HubEntry {
    /// The account's avatar: an emoji, a picture's path on this server, or empty.
    pub icon: String,
    /// The account's name.
    pub account: String,
    /// The tracked link of this account.
    pub link_url: String,
    /// What this person received through it.
    pub claimed: Option<Fen>,
}

/// The whole document; `claimed` is this person's packet in the campaign, if there is one.
pub fn hub_page(face: &Face, entries: &[HubEntry], claimed: Option<(Fen, State)>) -> String {
    Owner::new().with(|| {
        document(Document {
            lang: face.lang,
            title: face.name.clone(),
            refresh: false,
            language_href: Some(frame::switch(face.lang)),
            main: main(face, entries, claimed),
        })
    })
}

fn main(face: &Face, entries: &[HubEntry], claimed: Option<(Fen, State)>) -> AnyView {
    let lang = face.lang;
    let received = claimed.map(|(fen, now)| {
        view! {
            <a class="received" href=frame::claim_path(&face.slug)>
                <span>{say::hub_claimed(lang)}</span>
                <strong>{frame::amount(fen)}</strong>
                <span>{say::payout_word(now, lang)}</span>
            </a>
        }
    });
    let hint = claimed.is_none().then(|| view! { <p class="text">{say::hub_hint(lang)}</p> });
    let list = if entries.is_empty() {
        view! { <p class="text">{say::hub_empty(lang)}</p> }.into_any()
    } else {
        let rows: Vec<_> = entries.iter().map(|entry| row(entry, lang)).collect();
        view! { <ul class="accounts">{rows}</ul> }.into_any()
    };
    view! {
        <main data-page="hub">
            {frame::cover(frame::avatar(&face.sponsor_icon, &face.sponsor), &face.name, &face.greeting)}
            <section class="result">
                {received}
                <h1>{say::hub_heading(lang)}</h1>
                {hint}
                {list}
            </section>
            <div class="below">
                <dl class="small">
                    <dt>{say::who_heading(lang)}</dt>
                    <dd>{say::who_text(&face.sponsor, lang)}</dd>
                </dl>
            </div>
        </main>
    }
    .into_any()
}

fn row(entry: &HubEntry, lang: Lang) -> AnyView {
    let state = match entry.claimed {
        Some(fen) => view! { <span class="done">"✓ "{say::hub_received(fen, lang)}</span> }.into_any(),
        None => view! { <span class="follow">{say::hub_follow(lang)}</span> }.into_any(),
    };
    view! {
        <li>
            <a href=entry.link_url.clone()>
                {frame::avatar(&entry.icon, &entry.account)}
                <span class="name">{entry.account.clone()}</span>
                {state}
            </a>
        </li>
    }
    .into_any()
}
