//! The claim page: one whole HTML document for every state a follower can be in; only a transfer's confirmation has a
//! script.
//! Refuses to decide or to load anything; what is true comes in as a [`View`], and goes out as text.

pub(crate) mod below;
mod confirm;
pub mod frame;
mod money;
mod rehearsal;
#[cfg(test)]
mod tests;
mod told;

pub use confirm::{Ask, SCRIPT};
pub use frame::CSS;
pub use rehearsal::Rehearsal;

use crate::claim::frame::{Document, document};
use leptos::prelude::*;
use rules::Fen;
use rules::eligibility::Refusal;
use rules::ids::Slug;
use rules::payout::{Back, State};
use rules::say::{Lang, claim as say};
use rules::time::UnixMs;

/// What every page of a campaign shows of it.
#[derive(Debug, Clone)]
pub struct Face {
    /// The campaign's name in URLs.
    pub slug: Slug,
    /// The campaign's name as people read it.
    pub name: String,
    /// Who gives the packets.
    pub sponsor: String,
    /// The sponsor's avatar: an emoji, a picture's path on this server (`/media/…`), or empty.
    pub sponsor_icon: String,
    /// One line of welcome.
    pub greeting: String,
    /// The rules as staff wrote them; line breaks are kept.
    pub rules: String,
    /// What marks the page of a draft's tester; nothing on everybody else's.
    pub rehearsal: Option<Rehearsal>,
    /// The language of the page.
    pub lang: Lang,
}

/// Where the follower stands.
#[derive(Debug, Clone)]
pub enum View {
    /// May claim now.
    Ready {
        /// Proves that the form came from us.
        form_token: String,
    },
    /// Granted; queued, being sent, or WeChat's answer is not known. The page looks again every three seconds.
    Paying {
        /// How much.
        amount: Fen,
    },
    /// WeChat took it and the follower has to open it.
    Sent {
        /// How much.
        amount: Fen,
        /// The service account in whose chat it lies, when the follower follows it; else it is in 服务通知.
        chat: Option<String>,
    },
    /// A transfer that the follower has to confirm.
    Confirm {
        /// How much.
        amount: Fen,
        /// What WeChat's page is opened with.
        ask: Ask,
    },
    /// The follower has the money.
    Collected {
        /// How much.
        amount: Fen,
    },
    /// Definitely not sent.
    Failed {
        /// How much it would have been.
        amount: Fen,
        /// What the person can do, in their language.
        why: String,
    },
    /// Went back.
    Returned {
        /// How much it was.
        amount: Fen,
        /// Why.
        why: Back,
    },
    /// Claimed before.
    Already {
        /// How much it was.
        amount: Fen,
        /// When.
        at: UnixMs,
        /// What became of it.
        now: State,
        /// Why it went back, if it did.
        back: Back,
    },
    /// Waits for a review.
    Held {
        /// The longest it takes, in hours.
        hours: i64,
    },
    /// Not granted.
    Refused {
        /// The one reason.
        refusal: Refusal,
        /// When the campaign opens, if it has not yet.
        opens_at: Option<UnixMs>,
    },
    /// Opened the testers' link of a draft, or wanted one more packet of it, and may not.
    NotRehearsed {
        /// Why.
        refusal: rules::rehearsal::Refusal,
    },
    /// Opened in another browser.
    NotInWechat {
        /// This page's address, to copy.
        url: String,
        /// A QR code of it: a whole `<svg>`, made by this server.
        qr_svg: String,
    },
    /// Opened by WeChat's snapshot user.
    Snapshot,
    /// WeChat has not yet said who this is.
    Continue {
        /// Where WeChat says it.
        url: String,
    },
    /// Too many at once.
    Busy,
    /// Something of ours broke.
    Broke {
        /// The number to tell staff.
        number: String,
    },
}

impl View {
    /// The state's name, as the page's `data-state`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Paying { .. } => "paying",
            Self::Sent { .. } => "sent",
            Self::Confirm { .. } => "confirm_needed",
            Self::Collected { .. } => "collected",
            Self::Failed { .. } => "failed",
            Self::Returned { .. } => "returned",
            Self::Already { .. } => "already",
            Self::Held { .. } => "held",
            Self::Refused { .. } => "refused",
            Self::NotRehearsed { .. } => "not_rehearsed",
            Self::NotInWechat { .. } => "not_in_wechat",
            Self::Snapshot => "snapshot",
            Self::Continue { .. } => "continue",
            Self::Busy => "busy",
            Self::Broke { .. } => "broke",
        }
    }

    /// Where the language link leads. In another browser the personal link must survive the switch; a snapshot has no links.
    fn language_href(&self, lang: Lang) -> Option<String> {
        match self {
            Self::NotInWechat { url, .. } => Some(frame::in_language(url, frame::other(lang))),
            Self::Snapshot => None,
            Self::Ready { .. }
            | Self::Paying { .. }
            | Self::Sent { .. }
            | Self::Confirm { .. }
            | Self::Collected { .. }
            | Self::Failed { .. }
            | Self::Returned { .. }
            | Self::Already { .. }
            | Self::Held { .. }
            | Self::Refused { .. }
            | Self::NotRehearsed { .. }
            | Self::Continue { .. }
            | Self::Busy
            | Self::Broke { .. } => Some(frame::switch(lang)),
        }
    }
}

/// The whole document for this person now.
pub fn page(face: &Face, view: &View) -> String {
    Owner::new().with(|| {
        document(Document {
            lang: face.lang,
            title: face.name.clone(),
            refresh: matches!(view, View::Paying { .. }),
            language_href: view.language_href(face.lang),
            main: main(face, view),
        })
    })
}

fn main(face: &Face, view: &View) -> AnyView {
    let refusal = if let View::Refused { refusal, .. } = view {
        Some(refusal.name())
    } else if let View::NotRehearsed { refusal } = view {
        Some(refusal.name())
    } else {
        None
    };
    let shows_next = !matches!(view, View::Ready { .. } | View::NotRehearsed { .. });
    let next = shows_next.then(|| rehearsal::next(face)).flatten();
    view! {
        <main data-state=view.name() data-refusal=refusal data-rehearsal=face.rehearsal.is_some().then_some("yes")>
            {rehearsal::strip(face)}
            {state(face, view)}
            {next}
            {below::below(face, matches!(view, View::Ready { .. }))}
        </main>
    }
    .into_any()
}

fn state(face: &Face, view: &View) -> AnyView {
    let lang = face.lang;
    match view {
        View::Ready { form_token } => match &face.rehearsal {
            Some(rehearsal) => rehearsal::ready(face, rehearsal, form_token),
            None => ready(face, form_token),
        },
        View::Paying { amount } => money::paying(face, *amount),
        View::Sent { amount, chat } => money::sent(face, *amount, chat.as_deref()),
        View::Confirm { amount, ask } => confirm::waiting(face, *amount, ask),
        View::Collected { amount } => money::collected(face, *amount),
        View::Failed { amount, why } => money::failed(face, *amount, why),
        View::Returned { amount, why } => money::returned(face, *amount, *why),
        View::Already { amount, at, now, back } => money::already(face, *amount, *at, *now, *back),
        View::Held { hours } => told::told(
            face,
            told::Told {
                mark: frame::Mark::Clock,
                headline: say::held_headline(lang),
                text: say::held_text(*hours, lang),
                next: Some((frame::claim_path(&face.slug), say::look_again(lang))),
            },
        ),
        View::Refused { refusal, opens_at } => told::refused(face, *refusal, *opens_at),
        View::NotRehearsed { refusal } => rehearsal::refused(face, *refusal),
        View::NotInWechat { url, qr_svg } => told::not_in_wechat(face, url, qr_svg),
        View::Snapshot => told::snapshot(face),
        View::Continue { url } => told::continue_here(face, url),
        View::Busy => told::told(
            face,
            told::Told {
                mark: frame::Mark::Clock,
                headline: say::busy_headline(lang),
                text: say::busy_text(lang).to_owned(),
                next: Some((frame::claim_path(&face.slug), say::try_again(lang))),
            },
        ),
        View::Broke { number } => told::broke(face, number),
    }
}

/// The closed packet with its one button. The form is the first of the page and its own fields suffice.
fn ready(face: &Face, form_token: &str) -> AnyView {
    let lang = face.lang;
    let seam = view! {
        <form method="post" action="/api/public/claim">
            <input type="hidden" name="campaign" value=face.slug.to_string() />
            <input type="hidden" name="form_token" value=form_token.to_owned() />
            <button class="open" type="submit" data-test="claim" aria-label=say::claim_button_name(lang)>
                {say::claim_button(lang)}
            </button>
        </form>
    };
    let flap = view! {
        <h1>{say::ready_headline(lang)}</h1>
        <p class="greeting">{face.greeting.clone()}</p>
    };
    frame::packet(face, flap.into_any(), seam.into_any(), say::ready_text(lang).to_owned())
}
