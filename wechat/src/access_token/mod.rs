//! An account's access_token and jsapi_ticket: the calls that fetch them.
//! The [`Keeper`] makes sure that one fetch serves everybody; nothing here looks at a clock by itself.
//!
//! Pages: <https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken>,
//! <https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Get_access_token.html>

mod keeper;
mod store;

pub use keeper::{Keeper, Source};
pub use store::{
    DAY_MS, FORCE_GAP_MS, FORCE_PER_DAY, Held, MemoryStore, StoreError, StoredToken, TokenStore, force_allowed,
};

use crate::error::{Error, Kind};
use crate::http::{Call, Client};
use serde::Deserialize;
use std::fmt;

/// A fresh token and how long it lives.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The token itself: a secret.
    pub value: String,
    /// Its life in seconds, from now.
    pub expires_in_secs: i64,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetched(Secret, for {} s)", self.expires_in_secs)
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(alias = "ticket")]
    access_token: String,
    expires_in: i64,
}

impl Client {
    /// The stable token: the same for every caller until it is renewed, or a new one by force.
    ///
    /// # Errors
    /// [`Kind::SecretWrong`], [`Kind::IpNotAllowed`], [`Kind::Frozen`], or a failed call.
    pub async fn stable_token(&self, appid: &str, secret: &str, force_refresh: bool) -> Result<Fetched, Error> {
        let call = Call { path: "/cgi-bin/stable_token", secrets: &[secret], at_token_endpoint: true };
        let body = serde_json::json!({
            "grant_type": "client_credential",
            "appid": appid,
            "secret": secret,
            "force_refresh": force_refresh,
        });
        let path = call.path;
        sane(path, self.post(call, &body).await?)
    }

    /// The classic token: every call makes a new one and retires the one before.
    ///
    /// # Errors
    /// As [`stable_token`](Self::stable_token).
    pub async fn classic_token(&self, appid: &str, secret: &str) -> Result<Fetched, Error> {
        let call = Call { path: "/cgi-bin/token", secrets: &[secret], at_token_endpoint: true };
        let query = [("grant_type", "client_credential"), ("appid", appid), ("secret", secret)];
        let path = call.path;
        sane(path, self.get(call, &query).await?)
    }

    /// The ticket that signs JS-SDK configurations; its quota is small, so keep it.
    ///
    /// # Errors
    /// [`Kind::TokenInvalid`], or a failed call.
    pub async fn jsapi_ticket(&self, access_token: &str) -> Result<Fetched, Error> {
        let call = Call { path: "/cgi-bin/ticket/getticket", secrets: &[access_token], at_token_endpoint: false };
        let query = [("access_token", access_token), ("type", "jsapi")];
        let path = call.path;
        sane(path, self.get(call, &query).await?)
    }
}

fn sane(path: &'static str, answer: Answer) -> Result<Fetched, Error> {
    if answer.access_token.is_empty() || !(1..=86_400).contains(&answer.expires_in) {
        return Err(Error::new(Kind::Unreadable, path, "the token is empty or odd"));
    }
    Ok(Fetched { value: answer.access_token, expires_in_secs: answer.expires_in })
}
