//! What a page is told when a server function could not do what was asked.
//! Refuses to carry a cause: only what the reader may know and can act on.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use rules::account::FieldError;
use rules::say::{Lang, dashboard as say};
use serde::{Deserialize, Serialize};

/// Why a server function did not do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    /// Nobody is signed in, or the session ended.
    SignedOut,
    /// The role does not cover it.
    Forbidden,
    /// No such thing.
    NotFound,
    /// Fields of the form are wrong.
    Invalid(Vec<FieldError>),
    /// It stands against what is already so; the sentence says why.
    Conflict(String),
    /// Too much at once; trying again helps.
    Busy,
    /// Something broke inside; the number finds it in the log.
    Broken(String),
    /// The server did not answer, or not in our words.
    Unreachable,
}

impl AppError {
    /// One sentence: what happened and what to do.
    pub fn sentence(&self, lang: Lang) -> String {
        match self {
            Self::SignedOut => say::signed_out(lang).to_owned(),
            Self::Forbidden => say::forbidden(lang).to_owned(),
            Self::NotFound => say::not_found(lang).to_owned(),
            Self::Invalid(_) => say::fix_these(lang).to_owned(),
            Self::Conflict(sentence) => sentence.clone(),
            Self::Busy => say::busy(lang).to_owned(),
            Self::Broken(number) => say::broken(number, lang),
            Self::Unreachable => say::unreachable(lang).to_owned(),
        }
    }

    /// True when what was asked for may have been done all the same.
    pub const fn leaves_doubt(&self) -> bool {
        match self {
            Self::Busy | Self::Broken(_) | Self::Unreachable => true,
            Self::SignedOut | Self::Forbidden | Self::NotFound | Self::Invalid(_) | Self::Conflict(_) => false,
        }
    }

    /// The fields that are wrong; none for every other error.
    pub fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::Invalid(fields) => fields.clone(),
            Self::SignedOut
            | Self::Forbidden
            | Self::NotFound
            | Self::Conflict(_)
            | Self::Busy
            | Self::Broken(_)
            | Self::Unreachable => Vec::new(),
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Self::Unreachable
    }
}

#[cfg(feature = "ssr")]
impl From<engine::Error> for AppError {
    fn from(error: engine::Error) -> Self {
        use engine::Said;
        let (status, said) = match error.said() {
            Said::NotFound => (http::StatusCode::NOT_FOUND, Self::NotFound),
            Said::Invalid(fields) => (http::StatusCode::UNPROCESSABLE_ENTITY, Self::Invalid(fields.clone())),
            Said::Conflict(sentence) => (http::StatusCode::CONFLICT, Self::Conflict(sentence.clone())),
            Said::Forbidden => (http::StatusCode::FORBIDDEN, Self::Forbidden),
            Said::Busy => (http::StatusCode::SERVICE_UNAVAILABLE, Self::Busy),
            Said::Broken { number } => {
                tracing::error!(%number, cause = error.cause(), "a server function broke");
                (http::StatusCode::INTERNAL_SERVER_ERROR, Self::Broken(number.clone()))
            }
        };
        crate::context::answer_with(status);
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_way_to_the_browser() {
        let error = AppError::Invalid(vec![FieldError::new("name", "请填写")]);
        assert_eq!(AppError::de(error.ser()), error);
        assert_eq!(error.fields().len(), 1);
    }

    #[test]
    fn an_answer_that_is_not_ours_is_unreachable() {
        assert_eq!(AppError::de("<html>502</html>".into()), AppError::Unreachable);
    }
}
