//! How this WeChat answers: JSON with errcode and rid, small pages, and the faults that spoil an answer.
//! It refuses HTTP error statuses for business errors: `cgi-bin` and `sns` say everything with status 200.

use std::collections::BTreeMap;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::json;

use crate::faults::{Kind, On};
use crate::sim::Sim;

/// JSON as `cgi-bin` labels it.
pub(crate) const JSON: &str = "application/json; encoding=utf-8";
/// JSON as `sns` labels it.
pub(crate) const PLAIN: &str = "text/plain";
/// A page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// XML of the payment side.
pub(crate) const XML: &str = "text/plain; charset=utf-8";

/// Marks an answer that must never be sent: the connection is cut instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

/// An answer before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Status 200.
    pub(crate) fn ok(kind: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status: StatusCode::OK, kind, body: body.into() }
    }

    /// The answer as it goes out.
    pub(crate) fn send(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(self.kind));
        response
    }

    /// The first half of the answer, as if the rest had been lost.
    pub(crate) fn broken(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }
}

/// No answer at all: the connection is cut.
pub(crate) fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// HTTP 500 as a gateway says it.
pub(crate) fn http_500() -> Response {
    let page = "<html><head><title>500 Internal Server Error</title></head><body>500</body></html>";
    Answer { status: StatusCode::INTERNAL_SERVER_ERROR, kind: HTML, body: page.into() }.send()
}

/// A business error of `cgi-bin` or `sns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ApiError(pub(crate) i64, pub(crate) &'static str);

/// A value or an error as JSON with status 200.
pub(crate) fn api<T: Serialize>(sim: &Sim, kind: &'static str, result: Result<T, ApiError>) -> Answer {
    let body = match result {
        Ok(value) => serde_json::to_string(&value).expect("answers are plain data"),
        Err(ApiError(errcode, text)) => {
            json!({ "errcode": errcode, "errmsg": format!("{text} rid: {}", rid(sim)) }).to_string()
        }
    };
    Answer::ok(kind, body)
}

/// A request id: seconds, and two random words.
fn rid(sim: &Sim) -> String {
    format!("{:08x}-{}-{}", sim.now_ms() / 1000, hex::encode(sim.bytes::<4>()), hex::encode(sim.bytes::<4>()))
}

/// Does a call's work, with the fault that waits for it, if any.
pub(crate) async fn under_faults(sim: &Sim, on: On, kind: &'static str, work: impl FnOnce() -> Answer) -> Response {
    let Some(strike) = sim.faults.strike(on) else { return work().send() };
    sim.touch();
    match strike.kind {
        Kind::LostRequest => cut(),
        Kind::LostAnswer => {
            work();
            cut()
        }
        Kind::Delay => {
            let answer = work();
            strike.wait().await;
            answer.send()
        }
        Kind::DelayBefore => {
            strike.wait().await;
            work().send()
        }
        Kind::Http500 => http_500(),
        Kind::BrokenXml => work().broken().send(),
        Kind::ErrCode => {
            let errcode = strike.code.parse::<i64>().unwrap_or(-1);
            let body = json!({ "errcode": errcode, "errmsg": format!("injected rid: {}", rid(sim)) });
            Answer::ok(kind, body.to_string()).send()
        }
        _ => api::<()>(sim, kind, Err(ApiError(-1, "system error"))).send(),
    }
}

/// The query of a request as a map; the first value of a name wins.
pub(crate) fn query(raw: Option<&str>) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
        map.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    map
}

/// A query value, or the error for its absence.
pub(crate) fn need<'a>(query: &'a BTreeMap<String, String>, name: &str, absent: ApiError) -> Result<&'a str, ApiError> {
    query.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or(absent)
}
