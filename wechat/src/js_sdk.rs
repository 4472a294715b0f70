//! The JS-SDK's signature, for `wx.config` on a page.
//! It fetches no ticket and trusts no URL: sign only pages of your own.
//!
//! Page: <https://developers.weixin.qq.com/doc/offiaccount/OA_Web_Apps/JS-SDK.html> (annex 1)

use serde::Serialize;
use sha1::{Digest, Sha1};

/// What `wx.config` wants, in its spelling (`nonceStr` with a capital S).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Config {
    /// The account's appid.
    pub app_id: String,
    /// Unix seconds.
    pub timestamp: i64,
    /// The random word that was signed.
    pub nonce_str: String,
    /// The signature.
    pub signature: String,
}

impl Config {
    /// Signs `url`, the address of the page as the browser shows it.
    pub fn new(app_id: &str, ticket: &str, nonce_str: &str, timestamp: i64, url: &str) -> Config {
        Config {
            app_id: app_id.to_owned(),
            timestamp,
            nonce_str: nonce_str.to_owned(),
            signature: sign(ticket, nonce_str, timestamp, url),
        }
    }
}

/// SHA-1 in lower-case hex over ticket, nonce, time (unix seconds) and URL. The fragment is left out, and a bare
/// host gets its slash, as in the address bar.
pub fn sign(ticket: &str, noncestr: &str, timestamp: i64, url: &str) -> String {
    let url = as_the_browser_says(url);
    let text = format!("jsapi_ticket={ticket}&noncestr={noncestr}&timestamp={timestamp}&url={url}");
    hex::encode(Sha1::digest(text))
}

fn as_the_browser_says(url: &str) -> String {
    let page = url.split('#').next().unwrap_or_default();
    let host = page.split_once("://").map_or(page, |(_, rest)| rest);
    if host.contains(['/', '?']) { page.to_owned() } else { format!("{page}/") }
}
