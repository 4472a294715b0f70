//! The pages before a claim: how to follow one account, all accounts of a campaign, and a plain notice.
//! Refuses to decide or to load anything, and to use a script; everything shown comes in as an argument.

mod hub;
#[cfg(test)]
mod tests;

pub use hub::{HubEntry, hub_page};

use crate::claim::Face;
use crate::claim::frame::{self, Document, Mark, document};
use leptos::prelude::*;
use rules::say::{Lang, claim as say};

/// How to follow one account.
#[derive(Debug, Clone)]
pub struct LinkPage {
    /// The campaign.
    pub face: Face,
    /// The account's name.
    pub account: String,
    /// The account's avatar: an emoji, a picture's path on this server, or empty.
    pub icon: String,
    /// The account's QR code: the picture's address, and the value it stands for (`data-qr`).
    pub qr: Option<(String, String)>,
    /// The account's profile or an article of it, on WeChat's own hosts.
    pub follow_url: Option<String>,
    /// Where the campaign's other accounts are.
    pub hub_url: String,
    /// True when the account's own automatic reply holds the link.
    pub edit_mode: bool,
}

/// The whole document of a tracked link.
pub fn link_page(page: &LinkPage) -> String {
    let face = &page.face;
    Owner::new().with(|| {
        document(Document {
            lang: face.lang,
            title: say::link_headline(&page.account, face.lang),
            refresh: false,
            language_href: Some(frame::switch(face.lang)),
            main: link_main(page),
        })
    })
}

fn link_main(page: &LinkPage) -> AnyView {
    let (face, lang) = (&page.face, page.face.lang);
    let qr = page.qr.clone().map(|(src, value)| {
        view! {
            <img
                class="qr"
                src=src
                data-qr=value
                alt=say::link_qr_name(&page.account, lang)
                width="200"
                height="200"
            />
            <p class="text">{say::link_qr_hint(lang)}</p>
        }
    });
    let open = page.follow_url.clone().map(|href| {
        view! { <p><a class="button" href=href data-test="follow-url">{say::link_open_account(lang)}</a></p> }
    });
    let again = (!page.edit_mode).then(|| view! { <p class="text again">{say::link_followed_before(lang)}</p> });
    view! {
        <main data-page="link">
            {frame::cover(frame::avatar(&page.icon, &page.account), &page.account, &face.greeting)}
            <section class="result">
                <h1>{say::link_headline(&page.account, lang)}</h1>
                {qr}
                {open}
            </section>
            <div class="below">
                <section class="card">
                    <h2>{say::how_heading(lang)}</h2>
                    {crate::claim::below::three_steps(steps(page))}
                    {again}
                </section>
                <p class="centre"><a class="quiet" href=page.hub_url.clone()>{say::hub_link(lang)}</a></p>
                <dl class="small">
                    <dt>{say::who_heading(lang)}</dt>
                    <dd>{say::who_text(&face.sponsor, lang)}</dd>
                </dl>
            </div>
        </main>
    }
    .into_any()
}

fn steps(page: &LinkPage) -> [String; 3] {
    let lang = page.face.lang;
    let first = match (&page.qr, &page.follow_url) {
        (Some(_), _) => say::link_step_press(lang).to_owned(),
        (None, Some(_)) => say::link_step_tap(lang).to_owned(),
        (None, None) => say::link_step_search(&page.account, lang),
    };
    let last = if page.edit_mode { say::link_step_reply_edit(lang) } else { say::link_step_reply(lang) };
    [first, say::link_step_follow(lang).to_owned(), last.to_owned()]
}

/// A page that only says something: an unknown campaign, a missing page, a sign-in that WeChat refused.
pub fn plain_page(lang: Lang, headline: &str, text: &str) -> String {
    Owner::new().with(|| {
        let main = view! {
            <main data-page="plain">
                <header class="cover"></header>
                <section class="result">
                    {Mark::Info.draw()}
                    <h1>{headline.to_owned()}</h1>
                    <p class="text">{text.to_owned()}</p>
                </section>
            </main>
        };
        document(Document {
            lang,
            title: headline.to_owned(),
            refresh: false,
            language_href: None,
            main: main.into_any(),
        })
    })
}
