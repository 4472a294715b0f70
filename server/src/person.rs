//! Who a follower is: a sealed cookie after web OAuth, and the state that proves where OAuth began.
//! Refuses a state that is not ours, not this browser's, or older than ten minutes.

use crate::config::Config;
use crate::web;
use axum::http::{HeaderMap, HeaderValue};
use data_encoding::{Encoding, Specification};
use engine::vault::{Purpose, Vault};
use rules::ids::{Appid, Openid, Unionid};
use rules::time::{UnixMs, hours, minutes};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;

/// The session cookie's name.
pub const SESSION: &str = "lb_s";
/// The browser's mark.
pub const BROWSER: &str = "lb_b";
const SESSION_MS: i64 = hours(12);
const STATE_MS: i64 = minutes(10);

/// A follower as web OAuth identified them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The service account under which the openid stands.
    pub appid: Appid,
    /// The person there.
    pub openid: Openid,
    /// The person across accounts, when WeChat said so.
    pub unionid: Option<Unionid>,
    /// When they were identified.
    pub at: UnixMs,
}

impl Person {
    /// The person of this request's cookie, if it is one for `appid` and young enough.
    pub fn of(vault: &Vault, headers: &HeaderMap, appid: &Appid, now: UnixMs) -> Option<Self> {
        let sealed = web::cookie(headers, SESSION)?;
        let person: Self = serde_json::from_str(&vault.open(Purpose::Session, sealed).ok()?).ok()?;
        let young = (0..SESSION_MS).contains(&now.since(person.at));
        (young && person.appid == *appid).then_some(person)
    }

    /// The cookie for this person.
    pub fn cookie(&self, config: &Config, vault: &Vault) -> HeaderValue {
        let text = serde_json::to_string(self).expect("a person is plain data");
        web::set_cookie(config, SESSION, &vault.seal(Purpose::Session, &text), SESSION_MS / 1000)
    }

    /// Proves that a form was made for this person and this campaign.
    pub fn form_token(&self, vault: &Vault, slug: &rules::ids::Slug) -> String {
        let message = format!("{} {} {slug}", self.appid, self.openid);
        hex::encode(&vault.mac("claim form", message.as_bytes())[..16])
    }

    /// True when a form with this token was made for this person and this campaign.
    pub fn made_form(&self, vault: &Vault, slug: &rules::ids::Slug, token: &str) -> bool {
        self.form_token(vault, slug).as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// The mark of this request's browser, or a new one and the cookie to set.
pub fn browser(config: &Config, draw: &engine::Draw, headers: &HeaderMap) -> (String, Option<HeaderValue>) {
    match web::cookie(headers, BROWSER)
        .filter(|mark| mark.len() == 24 && mark.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        Some(mark) => (mark.to_owned(), None),
        None => {
            let mark = draw.code();
            let cookie = web::set_cookie(config, BROWSER, &mark, 30 * 24 * 3600);
            (mark, Some(cookie))
        }
    }
}

/// Where OAuth began: carried by WeChat in `state`, letters and digits only, at most 128.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Our own relative path to return to.
    pub path: String,
    /// How often OAuth was begun again for this visit.
    pub attempt: u8,
}

/// The longest path that fits into a state.
pub const PATH_MAX: usize = 62;

impl Origin {
    /// Writes the state: path, time and attempt, and a code over them and the browser's mark.
    /// `None` when the path is too long.
    pub fn state(&self, vault: &Vault, browser: &str, now: UnixMs) -> Option<String> {
        if self.path.len() > PATH_MAX {
            return None;
        }
        let secs = u32::try_from(now.secs()).ok()?;
        let mut bytes = vec![self.attempt];
        bytes.extend(secs.to_be_bytes());
        bytes.extend(self.path.as_bytes());
        let code = Self::code(vault, &bytes, browser);
        bytes.extend(code);
        Some(LETTERS.encode(&bytes))
    }

    /// Reads a state that came back. `None` when it is not ours, not this browser's, or too old.
    pub fn read(vault: &Vault, state: &str, browser: &str, now: UnixMs) -> Option<Self> {
        let bytes = LETTERS.decode(state.as_bytes()).ok().filter(|_| state.len() <= 128)?;
        let (body, code) = bytes.split_at_checked(bytes.len().checked_sub(12)?)?;
        if !bool::from(Self::code(vault, body, browser).as_slice().ct_eq(code)) {
            return None;
        }
        let (attempt, rest) = body.split_first()?;
        let (secs, path) = rest.split_first_chunk::<4>()?;
        let age = now.secs() - i64::from(u32::from_be_bytes(*secs));
        let path = std::str::from_utf8(path).ok()?.to_owned();
        // A path of ours begins with one slash: never another site's address.
        let ours = path.starts_with('/') && !path.starts_with("//") && !path.contains('\\');
        (ours && (-60..STATE_MS / 1000).contains(&age)).then_some(Self { path, attempt: *attempt })
    }

    fn code(vault: &Vault, body: &[u8], browser: &str) -> [u8; 12] {
        let mut message = body.to_vec();
        message.push(0);
        message.extend(browser.as_bytes());
        let mut code = [0; 12];
        code.copy_from_slice(&vault.mac("oauth state", &message)[..12]);
        code
    }
}

/// Lower-case letters and digits, no padding: all that WeChat allows in a state.
static LETTERS: LazyLock<Encoding> = LazyLock::new(|| {
    let mut letters = Specification::new();
    letters.symbols.push_str("abcdefghijklmnopqrstuvwxyz234567");
    letters.encoding().expect("32 different symbols make an encoding")
});

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::new(&[7; 32], engine::Draw::seeded(1))
    }

    const NOW: UnixMs = UnixMs(1_795_000_000_000);

    #[test]
    fn a_state_comes_back_only_to_its_own_browser_and_in_time() {
        let longest = format!("/c/{}?t={}", "a".repeat(24), "k".repeat(32));
        let origin = Origin { path: longest, attempt: 1 };
        let state = origin.state(&vault(), "browser-one", NOW).unwrap();
        assert!(state.len() <= 128 && state.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", state.len());
        let read = |state: &str, browser, now| Origin::read(&vault(), state, browser, now);
        assert_eq!(read(&state, "browser-one", NOW), Some(origin));
        assert_eq!(read(&state, "browser-two", NOW), None);
        assert_eq!(read(&state, "browser-one", NOW.plus(STATE_MS)), None);
        let mut forged = state.into_bytes();
        forged[12] = if forged[12] == b'a' { b'b' } else { b'a' };
        assert_eq!(read(std::str::from_utf8(&forged).unwrap(), "browser-one", NOW), None);
        for nonsense in ["", "a", "ÄÖ", &"a".repeat(500)] {
            assert_eq!(read(nonsense, "browser-one", NOW), None);
        }
    }

    #[test]
    fn a_state_never_leads_to_another_site() {
        for path in ["//evil.example", "https://evil.example", "/\\evil.example", ""] {
            let state = Origin { path: path.to_owned(), attempt: 0 }.state(&vault(), "b", NOW).unwrap();
            assert_eq!(Origin::read(&vault(), &state, "b", NOW), None, "{path}");
        }
    }

    #[test]
    fn a_session_opens_only_for_its_account_and_its_time() {
        let config = Config::check(&crate::config::gather(None, std::iter::empty()).unwrap()).unwrap();
        let appid = Appid::try_from("wx12345678").unwrap();
        let person = Person { appid: appid.clone(), openid: "oMing".try_into().unwrap(), unionid: None, at: NOW };
        let cookie = person.cookie(&config, &vault());
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", pair.parse().unwrap());
        assert_eq!(Person::of(&vault(), &headers, &appid, NOW), Some(person));
        assert_eq!(Person::of(&vault(), &headers, &"wx999999".try_into().unwrap(), NOW), None);
        assert_eq!(Person::of(&vault(), &headers, &appid, NOW.plus(SESSION_MS)), None);
    }
}
