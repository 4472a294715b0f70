//! What every follower's page is made of: the document around it, the covers, avatars and marks.
//! Refuses event and style attributes and pictures from other hosts, so that the strictest policy holds.

use crate::claim::Face;
use leptos::prelude::*;
use rules::Fen;
use rules::ids::Slug;
use rules::say::{Lang, claim as say};

/// The style of every follower's page: exactly the content of its one `<style>`, for the policy's hash.
pub const CSS: &str = concat!(include_str!("../../../style/tokens.css"), include_str!("../../../style/claim.css"));

/// The parts of a document that differ.
pub struct Document {
    /// The language of the page.
    pub lang: Lang,
    /// What the window is called.
    pub title: String,
    /// True when the page looks again by itself after three seconds.
    pub refresh: bool,
    /// Where the other language is, if anywhere.
    pub language_href: Option<String>,
    /// The page's `<main>`.
    pub main: AnyView,
}

/// The whole document as text, from its doctype on.
pub fn document(parts: Document) -> String {
    let Document { lang, title, refresh, language_href, main } = parts;
    let refresh = refresh.then(|| view! { <meta http-equiv="refresh" content="3" /> });
    let language = language_href.map(|href| {
        view! {
            <footer>
                <a href=href lang=other(lang).tag() rel="nofollow">{say::other_language(lang)}</a>
            </footer>
        }
    });
    let html = view! {
        <html lang=lang.tag()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="referrer" content="same-origin" />
                <meta name="robots" content="noindex, nofollow" />
                <meta name="color-scheme" content="light dark" />
                <meta name="format-detection" content="telephone=no" />
                {refresh}
                <title>{title}</title>
                <style inner_html=CSS></style>
            </head>
            <body>{main}{language}</body>
        </html>
    }
    .to_html();
    // The markers between nodes are for hydration, which never happens here; inside <title> a browser would even show them.
    format!("<!DOCTYPE html>{}", html.replace("<!>", ""))
}

/// The other language.
pub const fn other(lang: Lang) -> Lang {
    match lang {
        Lang::Zh => Lang::En,
        Lang::En => Lang::Zh,
    }
}

/// The link that shows the page at hand in the other language.
pub fn switch(lang: Lang) -> String {
    format!("?lang={}", other(lang).name())
}

/// Path and query of `url` with its language set, so that a switch keeps what a personal link carries.
pub fn in_language(url: &str, lang: Lang) -> String {
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    };
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang="));
    let set = format!("lang={}", lang.name());
    let query: Vec<&str> = kept.chain([set.as_str()]).collect();
    format!("{path}?{}", query.join("&"))
}

/// The claim page of a campaign.
pub fn claim_path(slug: &Slug) -> String {
    format!("/c/{slug}")
}

/// The page that lists a campaign's accounts.
pub fn hub_path(slug: &Slug) -> String {
    format!("/p/{slug}")
}

/// A round avatar: a picture of this server, an emoji, or the first character of the name.
pub fn avatar(icon: &str, name: &str) -> AnyView {
    let icon = icon.trim();
    if icon.starts_with('/') && !icon.starts_with("//") {
        return view! { <span class="avatar"><img src=icon.to_owned() alt="" width="64" height="64" /></span> }
            .into_any();
    }
    let text = if icon.is_empty() || icon.chars().count() > 8 || icon.contains("//") {
        name.trim().chars().next().unwrap_or('·').to_string()
    } else {
        icon.to_owned()
    };
    view! { <span class="avatar" aria-hidden="true">{text}</span> }.into_any()
}

/// A closed packet that fills the first screen: `flap` above the seam, `seam` on it, `hint` under it.
pub fn packet(face: &Face, flap: AnyView, seam: AnyView, hint: String) -> AnyView {
    view! {
        <section class="packet">
            <div class="flap">
                {avatar(&face.sponsor_icon, &face.sponsor)}
                <p class="sponsor">{face.sponsor.clone()}</p>
                {flap}
            </div>
            <div class="seam">{seam}</div>
            <p class="hint">{hint}</p>
        </section>
    }
    .into_any()
}

/// An opened packet: a low cover with an avatar, a name and the line below it.
pub fn cover(avatar: AnyView, name: &str, line: &str) -> AnyView {
    view! {
        <header class="cover">
            <div class="cover-in">
                {avatar}
                <p class="sponsor">{name.to_owned()}</p>
                <p class="line">{line.to_owned()}</p>
            </div>
        </header>
    }
    .into_any()
}

/// The cover of a campaign: its sponsor and its name.
pub fn campaign_cover(face: &Face) -> AnyView {
    cover(avatar(&face.sponsor_icon, &face.sponsor), &face.sponsor, &face.name)
}

/// An amount as the page's hero, its unit small.
pub fn amount(fen: Fen) -> AnyView {
    view! { <span class="amount" data-amount-fen=fen.get().to_string()><small>"¥"</small>{fen.to_string()}</span> }
        .into_any()
}

/// The small drawings beside a headline, so that no state is told by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Done.
    Check,
    /// Takes time.
    Clock,
    /// A packet waits to be opened.
    Envelope,
    /// Something to know.
    Info,
    /// It did not work.
    Cross,
    /// It went back.
    Back,
}

impl Mark {
    const fn class(self) -> &'static str {
        match self {
            Self::Check => "mark ok",
            Self::Clock | Self::Back => "mark warn",
            Self::Envelope => "mark gold",
            Self::Info => "mark info",
            Self::Cross => "mark bad",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Check => "M7 12.5l3.5 3.5L17 9",
            Self::Clock => "M12 7v5.5l3.5 2",
            Self::Envelope => "M6 8h12v9H6zM6 8l6 5 6-5",
            Self::Info => "M12 11v6M12 7.5v.01",
            Self::Cross => "M12 7v6M12 16.5v.01",
            Self::Back => "M9.5 8L6.5 11l3 3M7 11h6.5a3 3 0 0 1 0 6H11",
        }
    }

    /// The drawing itself, silent for screen readers: the headline says it in words.
    pub fn draw(self) -> AnyView {
        view! {
            <svg class=self.class() viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                <circle cx="12" cy="12" r="11" />
                <path d=self.path() />
            </svg>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_of_language_keeps_the_personal_link() {
        for (url, path) in [
            ("https://a.example/c/demo?t=abc", "/c/demo?t=abc&lang=en"),
            ("http://127.0.0.1:3000/c/demo?lang=zh&t=abc", "/c/demo?t=abc&lang=en"),
            ("https://a.example/c/demo", "/c/demo?lang=en"),
            ("https://a.example", "/?lang=en"),
            ("/c/demo?a=key", "/c/demo?a=key&lang=en"),
        ] {
            assert_eq!(in_language(url, Lang::En), path);
        }
    }

    #[test]
    fn an_avatar_never_asks_another_host() {
        let html = |icon: &str| Owner::new().with(|| avatar(icon, "山野咖啡").to_html());
        for foreign in ["//evil.example/x.png", "https://evil.example/x.png", ""] {
            assert!(html(foreign).contains('山') && !html(foreign).contains("evil"), "{foreign}");
        }
        assert!(html("☕").contains('☕'));
        assert!(html("/media/abc").contains("<img"));
    }
}
