//! The HTML document around every dashboard page.
//! Refuses inline styles of its own and any script without this answer's nonce.

use crate::context::{cookie, lang};
use leptos::prelude::*;
use leptos_meta::MetaTags;

/// The document: language and theme of the reader, the style sheet beside the WASM, and the page.
/// `options.site_pkg_dir` is the hashed folder that `xtask site` wrote.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = cookie("lb_theme").filter(|theme| matches!(theme.as_str(), "light" | "dark"));
    let style = format!("/{}/lingbao.css", options.site_pkg_dir);
    let icon = format!("/{}/icon.svg", options.site_pkg_dir);
    view! {
        <!DOCTYPE html>
        <html lang=lang().tag() data-theme=theme.unwrap_or_else(|| "auto".to_owned())>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"/>
                <meta name="robots" content="noindex"/>
                <meta name="referrer" content="same-origin"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href=icon type="image/svg+xml"/>
                <link rel="stylesheet" href=style/>
                <HydrationScripts options/>
                <MetaTags/>
            </head>
            <body>
                <crate::App/>
            </body>
        </html>
    }
}
