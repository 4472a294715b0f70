//! The small calls of `cgi-bin` that need no state: quotas, own addresses, and the answer to a path nobody knows.
//! It refuses an unknown path as WeChat does: HTTP 200 with errcode 40066, never an empty 404.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::answer::{ApiError, JSON, PLAIN, api};
use crate::sim::Sim;
use crate::tokens::{json_body, with_token};

/// What a call says that has nothing to tell.
pub(crate) fn done() -> Value {
    json!({ "errcode": 0, "errmsg": "ok" })
}

/// `POST /cgi-bin/clear_quota`: nothing is counted here, so there is nothing to clear.
/// <https://developers.weixin.qq.com/doc/service/api/apimanage/api_clearquota>
pub(crate) async fn clear_quota(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        let body = json_body(&method, &body)?;
        if body.get("appid").and_then(Value::as_str) != Some(&account.appid) {
            return Err(ApiError(40013, "invalid appid"));
        }
        Ok(done())
    })
    .await
}

/// `GET /cgi-bin/get_api_domain_ip` and `/cgi-bin/getcallbackip`: everything is on this machine.
/// <https://developers.weixin.qq.com/doc/service/api/base/api_getapidomainip>
pub(crate) async fn own_addresses(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    with_token(&sim, raw.as_deref(), |_, _| Ok(json!({ "ip_list": ["127.0.0.1"] }))).await
}

/// Another method at a call that is a GET.
pub(crate) async fn require_get(Shared(sim): Shared<Arc<Sim>>) -> Response {
    api::<()>(&sim, JSON, Err(ApiError(43001, "require GET method"))).send()
}

/// A path that no call has: below `cgi-bin` and `sns` WeChat says so in JSON, elsewhere the page is missing.
pub(crate) async fn unknown(Shared(sim): Shared<Arc<Sim>>, uri: Uri) -> Response {
    let kind = match uri.path().split('/').nth(1) {
        Some("cgi-bin") => JSON,
        Some("sns") => PLAIN,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    api::<()>(&sim, kind, Err(ApiError(40066, "invalid url"))).send()
}
