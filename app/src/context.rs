//! What every page may ask for: the reader's language, who they are, and where the outside world finds us.
//! Refuses to guess: what the server did not provide is an error, not a default person.

use rules::say::Lang;

/// Where followers find us, without a trailing slash, for example `https://lingbao.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryUrl(pub String);

/// Where WeChat finds us, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(pub String);

/// The reader's language: on the server from the request, in the browser from the page.
pub fn lang() -> Lang {
    leptos::prelude::use_context::<Lang>().unwrap_or_default()
}

#[cfg(feature = "ssr")]
mod server {
    use super::{EntryUrl, PublicUrl};
    use crate::error::AppError;
    use leptos::prelude::use_context;

    /// The engine behind this request.
    ///
    /// # Errors
    /// [`AppError::Unreachable`] when the server provided none.
    pub fn engine() -> Result<engine::Engine, AppError> {
        use_context().ok_or(AppError::Unreachable)
    }

    /// Who is asking.
    ///
    /// # Errors
    /// [`AppError::SignedOut`] when nobody is signed in.
    pub fn operator() -> Result<rules::operator::Operator, AppError> {
        use_context().ok_or_else(|| {
            answer_with(http::StatusCode::UNAUTHORIZED);
            AppError::SignedOut
        })
    }

    /// The address followers use; empty when the server gave none.
    pub fn entry_url() -> String {
        use_context::<EntryUrl>().map(|url| url.0).unwrap_or_default()
    }

    /// The address WeChat uses; empty when the server gave none.
    pub fn public_url() -> String {
        use_context::<PublicUrl>().map(|url| url.0).unwrap_or_default()
    }

    /// Sets the status of the answer, where there is one to set.
    pub fn answer_with(status: http::StatusCode) {
        if let Some(answer) = use_context::<leptos_axum::ResponseOptions>() {
            answer.set_status(status);
        }
    }

    /// The value of a cookie of this request.
    pub fn cookie(name: &str) -> Option<String> {
        let parts = use_context::<http::request::Parts>()?;
        let cookies = parts.headers.get(http::header::COOKIE)?.to_str().ok()?;
        cookies.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then(|| value.to_owned())
        })
    }
}
#[cfg(feature = "ssr")]
pub use server::*;
