//! Small things every page needs: cookies, the caller's address, languages, answers with the right headers.
//! Refuses to believe X-Forwarded-For from anybody but a trusted proxy.

use crate::config::Config;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use rules::say::{Lang, notice as say};
use sha2::Digest;
use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| pair.trim().split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// A `Set-Cookie` value: HttpOnly, SameSite=Lax, and Secure exactly when the public address is https.
pub fn set_cookie(config: &Config, name: &str, value: &str, max_age_secs: i64) -> HeaderValue {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_secs}{secure}");
    HeaderValue::from_str(&text).expect("cookie values are made of URL-safe characters")
}

/// The address of the person at the far end: the last hop that is not a trusted proxy.
pub fn caller_ip(config: &Config, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |ip: &IpAddr| config.trusted_proxies.contains(ip);
    let peer = peer.ip().to_canonical();
    if !trusted(&peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    let mut hops: Vec<&str> = hops.map(str::trim).collect();
    while let Some(hop) = hops.pop() {
        match hop.parse::<IpAddr>() {
            Ok(ip) if trusted(&ip.to_canonical()) => {}
            Ok(ip) => return ip.to_canonical(),
            Err(_) => return peer,
        }
    }
    peer
}

/// The first value of a query's key; anything else in a query is nobody's business.
pub fn asked(query: Option<&str>, key: &str) -> Option<String> {
    url::form_urlencoded::parse(query?.as_bytes()).find(|(k, _)| k == key).map(|(_, value)| value.into_owned())
}

/// The reader's language: `?lang=`, else the cookie, else Chinese.
pub fn lang(query: Option<&str>, headers: &HeaderMap) -> Lang {
    query.or_else(|| cookie(headers, "lb_lang")).map_or(Lang::Zh, Lang::of)
}

/// What kind of program asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// WeChat's own browser.
    WeChat,
    /// Another browser: it has to be told to open the page in WeChat.
    Browser,
    /// A crawler that says so.
    Bot,
    /// Anything else.
    Other,
}

/// Reads the user agent.
pub fn agent(headers: &HeaderMap) -> Agent {
    let ua = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or("").to_ascii_lowercase();
    // Cubot makes phones, which people use.
    let ua = ua.replace("cubot", "");
    if ["bot", "spider", "crawl", "slurp"].iter().any(|mark| ua.contains(mark)) {
        Agent::Bot
    } else if ua.contains("micromessenger") {
        Agent::WeChat
    } else if ua.starts_with("mozilla/") {
        Agent::Browser
    } else {
        Agent::Other
    }
}

/// A redirect that is never cached.
pub fn redirect(to: &str) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or_else(|_| HeaderValue::from_static("/"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, to), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))])
        .into_response()
}

/// A redirect to `path` where followers' pages live now, for a request that came to another public name: a cookie set
/// here would not come back there, and WeChat brings people back there. A bare address or a local name is a proxy's or
/// a developer's own way to us.
pub fn to_entry_host(config: &Config, headers: &HeaderMap, path: &str) -> Option<Response> {
    let host = headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    let (_, entry) = config.entry_url.split_once("://")?;
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let public = name.contains('.') && !name.ends_with(".localhost") && name.parse::<IpAddr>().is_err();
    (public && host != entry).then(|| redirect(&format!("{}{path}", config.entry_url)))
}

static FOLLOWER_POLICY: LazyLock<HeaderValue> =
    LazyLock::new(|| HeaderValue::from_str(&follower_policy("'none'")).expect("a policy is made of ASCII"));

fn follower_policy(scripts: &str) -> String {
    let style = hash(app::claim::CSS);
    format!(
        "default-src 'none'; script-src {scripts}; style-src 'sha256-{style}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// SHA-256 as a policy names it.
fn hash(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text.as_bytes()))
}

/// The page of a transfer's confirmation: it runs its one script and WeChat's JS-SDK, and nothing else.
pub fn confirm_page(html: String, sdk_url: &url::Url) -> Response {
    let scripts = format!("'sha256-{}' {}", hash(app::claim::SCRIPT), sdk_url.origin().ascii_serialization());
    let mut response = page(StatusCode::OK, html);
    if let Ok(policy) = HeaderValue::from_str(&follower_policy(&scripts)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A page for followers: no script, no framing, not cached.
pub fn page(status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, FOLLOWER_POLICY.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Not "no-referrer": with it a browser hides where a form was posted from, even from ourselves.
        (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, Html(html)).into_response()
}

/// The answer to a verb that was not carried out, for followers.
pub fn broke(error: &engine::Error, lang: Lang) -> Response {
    use engine::Said;
    let plain = |headline: &str, next: &str| app::entry::plain_page(lang, headline, next);
    match error.said() {
        Said::NotFound => not_found(lang),
        Said::Busy => {
            let mut response = page(StatusCode::SERVICE_UNAVAILABLE, busy(lang).to_owned());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
            response
        }
        Said::Broken { number } => {
            tracing::error!(%error, "a follower's request failed");
            page(StatusCode::INTERNAL_SERVER_ERROR, plain(say::broke(lang), &say::broke_next(number, lang)))
        }
        Said::Forbidden | Said::Invalid(_) | Said::Conflict(_) => {
            page(StatusCode::FORBIDDEN, plain(say::forbidden(lang), say::forbidden_next(lang)))
        }
    }
}

/// Made once: whoever is told that all are busy should not make us busier.
fn busy(lang: Lang) -> &'static str {
    static PAGES: LazyLock<[String; 2]> = LazyLock::new(|| {
        [Lang::Zh, Lang::En].map(|lang| app::entry::plain_page(lang, say::busy(lang), say::busy_next(lang)))
    });
    let [zh, en] = &*PAGES;
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

/// A page that is not there.
pub fn not_found(lang: Lang) -> Response {
    page(StatusCode::NOT_FOUND, app::entry::plain_page(lang, say::not_found(lang), say::not_found_next(lang)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_about_addresses() {
        let config = Config::check(&crate::config::gather(None, std::iter::empty()).unwrap()).unwrap();
        let proxy = "127.0.0.1:1".parse().unwrap();
        let stranger = "198.51.100.9:1".parse().unwrap();
        let ip = |peer, list: &str| caller_ip(&config, peer, &headers(&[("x-forwarded-for", list)])).to_string();
        assert_eq!(ip(proxy, "203.0.113.5"), "203.0.113.5");
        assert_eq!(ip(proxy, "1.2.3.4, 203.0.113.5"), "203.0.113.5", "the far end may write what it likes before");
        assert_eq!(ip(proxy, "203.0.113.5, 127.0.0.1"), "203.0.113.5");
        assert_eq!(ip(proxy, "nonsense"), "127.0.0.1");
        assert_eq!(ip(stranger, "203.0.113.5"), "198.51.100.9");
    }

    #[test]
    fn only_another_public_name_is_sent_to_where_the_pages_live() {
        let settings = [("LINGBAO__SERVER__LINK_URL".to_owned(), "https://new.example".to_owned())];
        let config = Config::check(&crate::config::gather(None, settings.into_iter()).unwrap()).unwrap();
        let sent = |host: &str| to_entry_host(&config, &headers(&[("host", host)]), "/l/coffee");
        for stays in ["new.example", "NEW.example", "127.0.0.1:3000", "[::1]:3000", "localhost:3000", "app:3000"] {
            assert!(sent(stays).is_none(), "{stays}");
        }
        assert!(sent("p1.phone.localhost:3100").is_none());
        for moves in ["old.example", "old.example:8443", "new.example.evil.example"] {
            let to = sent(moves).unwrap().headers()[header::LOCATION].to_str().unwrap().to_owned();
            assert_eq!(to, "https://new.example/l/coffee", "{moves}");
        }
        assert!(to_entry_host(&config, &headers(&[]), "/l/coffee").is_none());
    }

    #[test]
    fn cookies_and_agents_are_read() {
        let h =
            headers(&[("cookie", "a=1; lb_s=xyz; b=2"), ("user-agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50")]);
        assert_eq!(cookie(&h, "lb_s"), Some("xyz"));
        assert_eq!(cookie(&h, "lb"), None);
        assert_eq!(agent(&h), Agent::WeChat);
        assert_eq!(agent(&headers(&[])), Agent::Other);
    }

    #[test]
    fn people_in_wechat_are_told_from_crawlers_whatever_their_phone_is_called() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";
        const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        let wechat = [
            format!("{IPHONE} MicroMessenger/8.0.50(0x18003237) NetType/WIFI Language/zh_CN"),
            format!(
                "Mozilla/5.0 (Linux; Android 13; 22081212C Build/TKQ1.220829.002; wv) {WEBKIT} Version/4.0 Chrome/107.0.5304.141 Mobile Safari/537.36 XWEB/5023 MMWEBSDK/20230303 MMWEBID/6973 MicroMessenger/8.0.34.2340(0x2800225B) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
            ),
            format!(
                "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20 Build/SP1A.210812.016; wv) {WEBKIT} Version/4.0 Chrome/107.0.5304.141 Mobile Safari/537.36 XWEB/5023 MMWEBSDK/20230303 MicroMessenger/8.0.34.2340(0x2800225B) WeChat/arm64 Weixin NetType/4G Language/zh_CN ABI/arm64"
            ),
            format!("Mozilla/5.0 (Linux; Android 9; CUBOT_X19) {WEBKIT} Mobile Safari/537.36 MicroMessenger/8.0.2"),
            format!(
                "{WINDOWS} {WEBKIT} Chrome/107.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) XWEB/9129 Flue"
            ),
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) NetType/WIFI MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.4(0x13080410) XWEB/1156 Flue".to_owned(),
        ];
        let bots = [
            format!("{IPHONE} MicroMessenger/7.0.12 NetType/WIFI Language/zh_CN mpcrawler"),
            format!("{IPHONE} MicroMessenger/7.0.12 Mpcrawler"),
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)".to_owned(),
            format!("Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) {WEBKIT} (compatible; bingbot/2.0)"),
            "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)".to_owned(),
        ];
        let browsers = [
            format!("{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36"),
            format!("Mozilla/5.0 (Linux; Android 10; CUBOT X30) {WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36"),
        ];
        let others = ["curl/8.5.0".to_owned(), String::new()];
        let table = [
            (Agent::WeChat, &wechat[..]),
            (Agent::Bot, &bots[..]),
            (Agent::Browser, &browsers[..]),
            (Agent::Other, &others[..]),
        ];
        for (expected, uas) in table {
            for ua in uas {
                assert_eq!(agent(&headers(&[("user-agent", ua)])), expected, "{ua}");
            }
        }
    }
}
