//! Message push: WeChat's verification of the address and every event and message of an account.
//! Refuses what is not signed, not fresh, not encrypted where it must be, or a second body under one nonce.
//!
//! <https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html>

use crate::site::Site;
use axum::body::Body;
use axum::extract::{Path, Query as UrlQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::inbox::{Answer, Push};
use engine::{Error, Said};
use rules::ids::Appid;
use std::time::Duration;
use wechat::callback::{self, Keys, MAX_PUSH_BYTES, Query, Rejected};
use wechat::message;

/// WeChat waits five seconds; a body that takes longer than this is not waited for.
const BODY_TIME: Duration = Duration::from_secs(4);

/// `GET /wechat/{appid}`: WeChat verifies the address.
pub async fn verify(State(site): State<Site>, Path(appid): Path<String>, UrlQuery(query): UrlQuery<Query>) -> Response {
    let keys = match keys(&site, &appid).await {
        Ok((_, keys)) => keys,
        Err(response) => return *response,
    };
    match callback::verify_url(&keys, &query, site.engine().clock().now().secs()) {
        Ok(echostr) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], echostr).into_response(),
        Err(rejected) => reject(&appid, &rejected),
    }
}

/// `POST /wechat/{appid}`: an event or a message.
pub async fn push(
    State(site): State<Site>,
    Path(appid): Path<String>,
    UrlQuery(query): UrlQuery<Query>,
    body: Body,
) -> Response {
    let (account, keys) = match keys(&site, &appid).await {
        Ok(found) => found,
        Err(response) => return *response,
    };
    let body = match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, MAX_PUSH_BYTES)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or was cut off").into_response(),
        Err(_) => return (StatusCode::REQUEST_TIMEOUT, "the body took too long").into_response(),
    };
    let push = match callback::open(&keys, &query, &body, site.engine().clock().now().secs()) {
        Ok(push) => push,
        Err(rejected) => return reject(&appid, &rejected),
    };
    let timestamp = query.timestamp.unwrap_or_default();
    let nonce = query.nonce.unwrap_or_default();
    let received =
        Push { account: &account, timestamp: &timestamp, nonce: &nonce, body: &body, message: &push.message };
    match site.engine().receive(&received).await {
        Ok(Answer::Silence) => "success".into_response(),
        Ok(Answer::Replayed) => (StatusCode::FORBIDDEN, "this nonce was used for another message").into_response(),
        Ok(Answer::Text(text)) => {
            let sealing = Sealing { site: &site, keys: &keys, timestamp: &timestamp, nonce: &nonce };
            sealing.reply(&push, &text)
        }
        Err(error) => broken(&appid, &error),
    }
}

async fn keys(site: &Site, appid: &str) -> Result<(rules::account::Account, Keys), Box<Response>> {
    let unknown = || Box::new((StatusCode::NOT_FOUND, "no such account").into_response());
    let appid_ok = Appid::try_from(appid).map_err(|_| unknown())?;
    let found = site.engine().credentials(&appid_ok).await.map_err(|error| match error.said() {
        Said::NotFound => unknown(),
        _ => Box::new(broken(appid, &error)),
    })?;
    let keys = found.callback.ok_or_else(unknown)?;
    Ok((found.account, keys))
}

fn reject(appid: &str, rejected: &Rejected) -> Response {
    tracing::info!(account.appid = appid, why = %rejected, "a push was refused");
    let status = match rejected {
        Rejected::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Rejected::Xml(_) | Rejected::Envelope | Rejected::Padding => StatusCode::BAD_REQUEST,
        Rejected::Signature | Rejected::Stale | Rejected::NotEncrypted | Rejected::WrongAppid => StatusCode::FORBIDDEN,
    };
    (status, rejected.to_string()).into_response()
}

/// Not handled: the status makes WeChat deliver the same push again.
fn broken(appid: &str, error: &Error) -> Response {
    tracing::error!(account.appid = appid, %error, "a push could not be handled; WeChat will deliver it again");
    (StatusCode::SERVICE_UNAVAILABLE, "try again").into_response()
}

struct Sealing<'a> {
    site: &'a Site,
    keys: &'a Keys,
    timestamp: &'a str,
    nonce: &'a str,
}

impl Sealing<'_> {
    /// The passive reply. It depends on the push alone, so a repetition is answered byte for byte the same.
    fn reply(&self, push: &callback::Push, text: &str) -> Response {
        let message = &push.message;
        let secs = self.timestamp.parse().unwrap_or(message.create_time);
        let xml = message::text_reply(&message.from_user_name, &message.to_user_name, secs, text);
        let xml = if let Some(key) = &push.opened_with {
            let seed = format!("{} {} {} {text}", self.keys.appid, self.timestamp, self.nonce);
            let mut random = [0; 16];
            let letters = hex::encode(self.site.engine().vault().mac("passive reply", seed.as_bytes()));
            random.copy_from_slice(&letters.as_bytes()[..16]);
            callback::seal_reply(self.keys, key, &xml, secs, self.nonce, random)
        } else {
            xml
        };
        ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], xml).into_response()
    }
}
