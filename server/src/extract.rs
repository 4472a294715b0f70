//! What a follower's request brings: a piece of the path, a form, a body that came whole.
//! Refuses in our own words: nobody reads a framework's complaint.

use crate::site::Site;
use crate::web;
use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use rules::say::{Lang, notice as say};
use serde::de::DeserializeOwned;

/// The largest form.
const FORM_MAX: usize = 256 * 1024;

/// The variable piece of a path; one that is no text belongs to a page that is not there.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Self(text)),
            Err(_) => {
                let asked = web::asked(parts.uri.query(), "lang");
                Err(web::not_found(web::lang(asked.as_deref(), &parts.headers)))
            }
        }
    }
}

/// A form with all its fields.
pub struct Sent<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let lang = web::lang(None, request.headers());
        match Form::<T>::from_request(request, state).await {
            Ok(Form(sent)) => Ok(Self(sent)),
            Err(rejection) => Err(refused(rejection.status(), lang)),
        }
    }
}

/// Reads a body whole before anybody works on it: within its size, and within its time however it trickles.
pub async fn whole_body(State(site): State<Site>, request: Request, next: Next) -> Response {
    let lang = web::lang(None, request.headers());
    let (parts, body) = request.into_parts();
    match tokio::time::timeout(site.config().limits.body_within, to_bytes(body, FORM_MAX)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(Err(_)) => refused(StatusCode::PAYLOAD_TOO_LARGE, lang),
        Err(_) => {
            let page = app::entry::plain_page(lang, say::stale(lang), say::stale_next(lang));
            web::page(StatusCode::REQUEST_TIMEOUT, page)
        }
    }
}

fn refused(status: StatusCode, lang: Lang) -> Response {
    web::page(status, app::entry::plain_page(lang, say::forbidden(lang), say::forbidden_next(lang)))
}
