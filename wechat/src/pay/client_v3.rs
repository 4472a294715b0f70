//! The connection to WeChat Pay v3: signed requests, answers believed by their signature, no client certificate.
//! It follows no redirect, retries nothing, and reads at most 1 MiB of an answer.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>

use super::client::connection;
use super::sign_v3::{MerchantKey, PayKeys, Request, Signed};
use crate::error::{Error, Kind};
use crate::http::{Fetched, at, fetch};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use url::Url;

/// The moment and the random word of one request: both are the caller's.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// Unix seconds.
    pub now_secs: i64,
    /// At most 32 letters and digits, another one for each request.
    pub nonce_str: &'a str,
}

/// A client of WeChat Pay v3 for one merchant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PayClientV3 {
    http: reqwest::Client,
    pay: Url,
    merchant: Arc<MerchantKey>,
    keys: Arc<PayKeys>,
}

/// What came back.
pub(super) enum Answered {
    /// HTTP 200, signed by WeChat Pay.
    Yes(Vec<u8>),
    /// HTTP 4xx with a code.
    No { code: String, message: String },
    /// Nothing to believe.
    Unknown { code: Option<String>, why: String },
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    message: String,
}

impl PayClientV3 {
    /// A client with 3 s to connect and 10 s in all. With `ca_pem` only those roots are trusted, without it the usual
    /// public ones.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the roots cannot be read or TLS cannot be set up.
    pub fn new(pay: Url, merchant: MerchantKey, keys: PayKeys, ca_pem: Option<&[u8]>) -> Result<PayClientV3, Error> {
        let http = connection(ca_pem)?
            .user_agent(concat!("lingbao/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| Error::new(Kind::Invalid, "client", "TLS cannot be set up"))?;
        Ok(PayClientV3 { http, pay, merchant: Arc::new(merchant), keys: Arc::new(keys) })
    }

    /// Whose client it is.
    pub(super) fn mch_id(&self) -> &str {
        self.merchant.mch_id()
    }

    pub(super) async fn get(&self, call: &'static str, path: &str, stamp: Stamp<'_>) -> Answered {
        self.call(call, Method::GET, path, "", stamp).await
    }

    pub(super) async fn post(&self, call: &'static str, path: &str, body: &str, stamp: Stamp<'_>) -> Answered {
        self.call(call, Method::POST, path, body, stamp).await
    }

    async fn call(&self, call: &'static str, method: Method, path: &str, body: &str, stamp: Stamp<'_>) -> Answered {
        let url = at(&self.pay, path);
        let signed = Request { method: method.as_str(), path: url.path(), body };
        let authorization = self.merchant.authorization(&signed, stamp.nonce_str, stamp.now_secs);
        let mut request = self
            .http
            .request(method, url.clone())
            .header("authorization", authorization)
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(id) = self.keys.public_key_id() {
            request = request.header("wechatpay-serial", id);
        }
        match fetch(call, request).await {
            Ok(answer) => self.judge(&answer, stamp.now_secs),
            Err(error) => Answered::Unknown { code: None, why: error.to_string() },
        }
    }

    /// A yes needs a signature. A no may come without one, as from a gateway, but not with a wrong one.
    fn judge(&self, answer: &Fetched, now_secs: i64) -> Answered {
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
        let signed = Signed::of(header);
        let believed = self.keys.verify(&signed, &answer.body, now_secs);
        let unknown = |code, why: String| Answered::Unknown { code, why };
        let status = answer.status;
        if status == StatusCode::OK {
            return match believed {
                Ok(()) => Answered::Yes(answer.body.clone()),
                Err(rejected) => unknown(None, format!("the answer is not believed: {rejected}")),
            };
        }
        let problem: Option<Problem> = serde_json::from_slice(&answer.body).ok();
        let Some(Problem { code, message }) = problem else {
            return unknown(None, format!("HTTP {}", status.as_u16()));
        };
        match believed {
            Err(rejected) if !signed.signature.is_empty() => {
                unknown(None, format!("HTTP {}, and the answer is not believed: {rejected}", status.as_u16()))
            }
            Ok(()) | Err(_) if status.is_client_error() => Answered::No { code, message },
            Ok(()) | Err(_) => unknown(Some(code), message),
        }
    }
}
