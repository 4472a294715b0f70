//! Web OAuth in WeChat's browser: the address that asks, and the calls that exchange and use the answer.
//! It keeps no session and checks no `state`: that is the caller's.
//!
//! Page: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/Wechat_webpage_authorization.html>

use crate::error::{Error, Kind};
use crate::http::{Call, Client};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;
use url::Url;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `snsapi_base`: silently, the openid only.
    Base,
    /// `snsapi_userinfo`: with a consent page; only after the user's tap, or WeChat shows a snapshot.
    UserInfo,
}

impl Scope {
    /// As WeChat spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Base => "snsapi_base",
            Scope::UserInfo => "snsapi_userinfo",
        }
    }
}

/// The address of the OAuth page; parameters in the one order that WeChat accepts, with `#wechat_redirect`.
///
/// `state` comes back unchanged: letters and digits, at most 128 bytes.
pub fn authorise_url(open: &Url, appid: &str, redirect_uri: &str, scope: Scope, state: &str) -> String {
    format!(
        "{}?appid={}&redirect_uri={}&response_type=code&scope={}&state={}#wechat_redirect",
        crate::http::at(open, "/connect/oauth2/authorize"),
        encode_uri_component(appid),
        encode_uri_component(redirect_uri),
        scope.as_str(),
        encode_uri_component(state),
    )
}

/// The answer to a code: who this is.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct UserToken {
    /// This user's token, unrelated to the account's.
    pub access_token: String,
    /// Its life in seconds.
    pub expires_in: i64,
    /// Renews it for 30 days.
    #[serde(default)]
    pub refresh_token: String,
    /// The user under this account.
    pub openid: String,
    /// The scopes that were granted, joined by commas.
    #[serde(default)]
    pub scope: String,
    /// The person across all accounts of one open platform account.
    #[serde(default, deserialize_with = "word")]
    pub unionid: Option<String>,
    /// A virtual user of a snapshot page: everything about it is fake. Never pay, never count.
    #[serde(default, deserialize_with = "flag")]
    pub is_snapshotuser: bool,
}

impl fmt::Debug for UserToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserToken")
            .field("access_token", &"Secret")
            .field("refresh_token", &"Secret")
            .field("scope", &self.scope)
            .field("is_snapshotuser", &self.is_snapshotuser)
            .finish_non_exhaustive()
    }
}

/// A user's profile, as far as it is still given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserInfo {
    /// The user under this account.
    pub openid: String,
    /// The nickname.
    #[serde(default)]
    pub nickname: String,
    /// The picture's address; it dies when the user changes the picture.
    #[serde(default)]
    pub headimgurl: String,
    /// The person across all accounts of one open platform account.
    #[serde(default, deserialize_with = "word")]
    pub unionid: Option<String>,
}

impl Client {
    /// Exchanges the code of a redirect. A code works once: never call this twice with the same one.
    ///
    /// # Errors
    /// [`Kind::CodeUsed`], [`Kind::CodeInvalid`], [`Kind::SecretWrong`], [`Kind::Busy`], or a failed call.
    pub async fn exchange_code(&self, appid: &str, secret: &str, code: &str) -> Result<UserToken, Error> {
        let call = Call { path: "/sns/oauth2/access_token", secrets: &[secret, code], at_token_endpoint: true };
        let query = [("appid", appid), ("secret", secret), ("code", code), ("grant_type", "authorization_code")];
        named(call.path, self.get(call, &query).await?)
    }

    /// Renews a user's token.
    ///
    /// # Errors
    /// [`Kind::CodeInvalid`] when the user must authorise again, or a failed call.
    pub async fn refresh(&self, appid: &str, refresh_token: &str) -> Result<UserToken, Error> {
        let call = Call { path: "/sns/oauth2/refresh_token", secrets: &[refresh_token], at_token_endpoint: false };
        let query = [("appid", appid), ("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        named(call.path, self.get(call, &query).await?)
    }

    /// A user's profile; the token must have been granted `snsapi_userinfo`.
    ///
    /// # Errors
    /// [`Kind::NotGranted`] without that scope (and for some snapshot users), or a failed call.
    pub async fn userinfo(&self, access_token: &str, openid: &str) -> Result<UserInfo, Error> {
        let call = Call { path: "/sns/userinfo", secrets: &[access_token], at_token_endpoint: false };
        let query = [("access_token", access_token), ("openid", openid), ("lang", "zh_CN")];
        self.get(call, &query).await
    }

    /// Whether a user's token still works for this openid.
    ///
    /// # Errors
    /// Only when the question could not be answered.
    pub async fn check(&self, access_token: &str, openid: &str) -> Result<bool, Error> {
        let call = Call { path: "/sns/auth", secrets: &[access_token], at_token_endpoint: false };
        let query = [("access_token", access_token), ("openid", openid)];
        match self.get::<Value>(call, &query).await {
            Ok(_) => Ok(true),
            Err(error) => match error.kind() {
                Kind::NotFollowing | Kind::TokenInvalid => Ok(false),
                _ => Err(error),
            },
        }
    }
}

/// An answer without an openid names nobody, whatever else it holds.
fn named(path: &'static str, token: UserToken) -> Result<UserToken, Error> {
    if token.openid.is_empty() {
        return Err(Error::new(Kind::Unreadable, path, "the openid is empty"));
    }
    Ok(token)
}

/// An empty text is none.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()))
}

/// `1`, `"1"` and `true` are yes; absent, `0` and the like are no.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(yes) => yes,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !matches!(text.as_str(), "" | "0" | "false"),
        _ => false,
    })
}

/// JavaScript's `encodeURIComponent`.
fn encode_uri_component(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
