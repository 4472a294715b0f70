//! The way out to WeChat: its hosts, and a client that fetches one bounded JSON answer at a time.
//! It follows no redirect, uses no proxy, never retries by itself, and never logs.

use crate::error::{Error, Kind};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// The most that is read of an answer, in bytes.
pub const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// Where WeChat lives. Paths are added to these, so a base may carry a path of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// `https://api.weixin.qq.com`: `cgi-bin` and `sns` calls.
    pub api: Url,
    /// `https://open.weixin.qq.com`: the OAuth page.
    pub open: Url,
    /// `https://mp.weixin.qq.com`: QR images, subscription pages.
    pub mp: Url,
    /// `https://api.mch.weixin.qq.com`: WeChat Pay.
    pub pay: Url,
    /// `https://res.wx.qq.com`: the JS-SDK.
    pub js: Url,
}

impl Hosts {
    /// The real ones.
    pub fn real() -> Hosts {
        let url = |text| Url::parse(text).expect("the constants below are URLs");
        Hosts {
            api: url("https://api.weixin.qq.com"),
            open: url("https://open.weixin.qq.com"),
            mp: url("https://mp.weixin.qq.com"),
            pay: url("https://api.mch.weixin.qq.com"),
            js: url("https://res.wx.qq.com"),
        }
    }

    /// The script of the JS-SDK.
    pub fn js_sdk(&self) -> Url {
        at(&self.js, "/open/js/jweixin-1.6.0.js")
    }
}

/// `path` (with its leading slash) below `base`.
pub(crate) fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(None);
    url.set_fragment(None);
    url
}

/// A client of the official accounts' HTTP interface. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    hosts: Hosts,
}

/// One call: its path, and what must not be repeated in an error about it.
pub(crate) struct Call<'a> {
    pub path: &'static str,
    pub secrets: &'a [&'a str],
    pub at_token_endpoint: bool,
}

impl Client {
    /// A client with 3 s to connect and 8 s in all.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(hosts: Hosts) -> Result<Client, Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(8))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|_| Error::new(Kind::Invalid, "client", "TLS cannot be set up"))?;
        Ok(Client { http, hosts })
    }

    /// The hosts it talks to.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, call: Call<'_>, query: &[(&str, &str)]) -> Result<T, Error> {
        let mut url = at(&self.hosts.api, call.path);
        url.query_pairs_mut().extend_pairs(query);
        self.json(call, self.http.get(url)).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, call: Call<'_>, body: &Value) -> Result<T, Error> {
        let url = at(&self.hosts.api, call.path);
        self.json(call, self.http.post(url).json(body)).await
    }

    async fn json<T: DeserializeOwned>(&self, call: Call<'_>, request: reqwest::RequestBuilder) -> Result<T, Error> {
        let Fetched { status, body, .. } = fetch(call.path, request).await?;
        let unreadable = |said| Error::new(Kind::Unreadable, call.path, said);
        // WeChat sends JSON under text/plain too: the content decides, not the header.
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let Some(answer) = parsed.filter(Value::is_object) else {
            return Err(if status.is_server_error() {
                Error::new(Kind::Unreachable, call.path, format!("HTTP {}", status.as_u16()))
            } else {
                unreadable(format!("HTTP {}, not a JSON object", status.as_u16()))
            });
        };
        let errcode = match answer.get("errcode") {
            None | Some(Value::Null) => 0,
            Some(code) => number(code).ok_or_else(|| unreadable("errcode is no number".into()))?,
        };
        if errcode != 0 {
            let errmsg = answer.get("errmsg").and_then(Value::as_str).unwrap_or("");
            return Err(Error::refused(call.path, errcode, errmsg, call.secrets, call.at_token_endpoint));
        }
        if status.is_server_error() {
            let said = format!("HTTP {}", status.as_u16());
            return Err(Error::new(Kind::Unreachable, call.path, said));
        }
        if !status.is_success() {
            return Err(unreadable(format!("HTTP {}", status.as_u16())));
        }
        serde_json::from_value(answer).map_err(|_| unreadable("a field is missing or odd".into()))
    }
}

/// One whole answer.
pub(crate) struct Fetched {
    pub status: reqwest::StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

/// Sends, and reads at most [`MAX_ANSWER_BYTES`].
pub(crate) async fn fetch(call: &'static str, request: reqwest::RequestBuilder) -> Result<Fetched, Error> {
    let broke = |error: reqwest::Error| Error::transport(call, &error);
    let mut response = request.send().await.map_err(broke)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broke)? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::new(Kind::Unreadable, call, "the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Fetched { status, headers, body })
}

/// A number that may come as text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}
