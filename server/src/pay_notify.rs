//! Callbacks of WeChat Pay v3: a transfer reached its end.
//! Refuses what is not signed, not fresh or a probe, and what is not ours as we wrote it.
//!
//! <https://pay.weixin.qq.com/doc/v3/merchant/4012712115>

use crate::site::Site;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Said;
use engine::notices::Noticed;
use rules::ids::MchId;
use std::time::Duration;
use wechat::pay::notify::{self, MAX_NOTICE_BYTES, Rejected};
use wechat::pay::sign_v3::Signed;

/// WeChat waits five seconds; a body that takes longer than this is not waited for.
const BODY_TIME: Duration = Duration::from_secs(4);

/// `POST /pay/notify/{mch_id}/v3`.
pub async fn v3(State(site): State<Site>, Path(mch_id): Path<String>, headers: HeaderMap, body: Body) -> Response {
    let Ok(mch_id) = MchId::try_from(mch_id) else { return fail(StatusCode::NOT_FOUND, "no such merchant") };
    let body = match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, MAX_NOTICE_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return fail(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut off"),
        Err(_) => return fail(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
    };
    let signed = Signed::of(|name| headers.get(name).and_then(|value| value.to_str().ok()));
    match site.engine().receive_notice(&mch_id, &signed, &body).await {
        Ok(Noticed::Learned) => answer(StatusCode::OK, notify::SUCCESS.to_owned()),
        Ok(Noticed::Rejected(rejected)) => {
            tracing::info!(mch_id = %mch_id, why = %rejected, "a callback of WeChat Pay was refused");
            fail(status_of(rejected), &rejected.to_string())
        }
        Ok(Noticed::NotOurs(field)) => {
            tracing::warn!(mch_id = %mch_id, field, "a callback of WeChat Pay is about no bill of ours");
            fail(StatusCode::CONFLICT, "no such bill")
        }
        Err(error) if *error.said() == Said::NotFound => fail(StatusCode::NOT_FOUND, "no such merchant"),
        Err(error) => {
            tracing::error!(mch_id = %mch_id, %error, "a callback could not be handled; WeChat Pay will deliver it again");
            fail(StatusCode::SERVICE_UNAVAILABLE, "try again")
        }
    }
}

const fn status_of(rejected: Rejected) -> StatusCode {
    match rejected {
        Rejected::Signature(_) => StatusCode::UNAUTHORIZED,
        Rejected::Envelope | Rejected::Content | Rejected::OtherEvent => StatusCode::BAD_REQUEST,
        // Staff may be about to enter the new key: the same callback opens then.
        Rejected::Decrypt => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn fail(status: StatusCode, why: &str) -> Response {
    answer(status, notify::fail(why))
}

fn answer(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
