//! What went wrong in a call to WeChat, sorted by what the caller can do about it.
//! It refuses to carry a secret, a token or a query string into any text that may be logged.

use std::fmt;

/// The sort of a failure: programs decide by this, never by a message.
///
/// Codes: <https://developers.weixin.qq.com/doc/offiaccount/Getting_Started/Global_Return_Code.html>
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Time ran out, the connection broke, or a gateway answered 5xx: nobody knows whether it happened.
    Unreachable,
    /// An answer came, but it is not what the page promises.
    Unreadable,
    /// WeChat is busy (-1): the same request may be sent again later.
    Busy,
    /// The access_token is invalid, expired, or no longer the latest (40001, 40014, 42001).
    TokenInvalid,
    /// The appsecret is wrong (40125, or 40001 at a token endpoint).
    SecretWrong,
    /// Our address is not on the account's allow list (40164 and its kin); the address as WeChat saw it, or empty.
    IpNotAllowed(String),
    /// The OAuth code or refresh_token is bad or too old: authorise again (40029, 42003, 40030, 42002, 42007).
    CodeInvalid,
    /// The OAuth code was used before (40163): never try it again.
    CodeUsed,
    /// A quota is used up (45009 for the day, 45011 for the minute).
    QuotaReached,
    /// This account may not use this call (48001, 48004, 43116).
    NotGranted,
    /// The openid does not follow, or is not of this account (40003, 43004, 50005).
    NotFollowing,
    /// The account or its secret is frozen or limited (40243, 50002, 50004, 50007).
    Frozen,
    /// The request itself is wrong and will stay wrong.
    Invalid,
    /// Anything else.
    Other,
}

/// A failed call.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    call: &'static str,
    errcode: Option<i64>,
    said: String,
}

impl Error {
    pub(crate) fn new(kind: Kind, call: &'static str, said: impl Into<String>) -> Self {
        Error { kind, call, errcode: None, said: said.into() }
    }

    /// An answer with `errcode != 0`. Every one of `secrets` is struck out of the message.
    pub(crate) fn refused(
        call: &'static str,
        errcode: i64,
        errmsg: &str,
        secrets: &[&str],
        at_token_endpoint: bool,
    ) -> Self {
        let mut said = errmsg.to_owned();
        for secret in secrets.iter().filter(|s| s.len() >= 4) {
            said = said.replace(secret, "***");
        }
        let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
        Error { kind: kind_of(errcode, errmsg, at_token_endpoint), call, errcode: Some(errcode), said }
    }

    /// What a transport failure means. The URL is left out: its query holds secrets.
    pub(crate) fn transport(call: &'static str, error: &reqwest::Error) -> Self {
        let said = if error.is_timeout() {
            "time ran out"
        } else if error.is_connect() {
            "no connection"
        } else if error.is_builder() {
            return Error::new(Kind::Invalid, call, "the request cannot be built");
        } else {
            "the connection broke"
        };
        Error::new(Kind::Unreachable, call, said)
    }

    /// The sort of this failure.
    pub fn kind(&self) -> Kind {
        self.kind.clone()
    }

    /// WeChat's own number, when it answered one.
    pub fn errcode(&self) -> Option<i64> {
        self.errcode
    }

    /// The path of the call, without host and query.
    pub fn call(&self) -> &'static str {
        self.call
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errcode {
            Some(errcode) => write!(f, "{}: errcode {errcode}, {}", self.call, self.said),
            None => write!(f, "{}: {}", self.call, self.said),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, {self})", self.kind)
    }
}

impl std::error::Error for Error {}

fn kind_of(errcode: i64, errmsg: &str, at_token_endpoint: bool) -> Kind {
    match errcode {
        -1 | 268487001 | 268487002 => Kind::Busy,
        40001 if at_token_endpoint => Kind::SecretWrong,
        40125 => Kind::SecretWrong,
        40001 | 40014 | 42001 => Kind::TokenInvalid,
        40164 | 61004 | 89503 | 89506 | 89507 => Kind::IpNotAllowed(address_in(errmsg)),
        40029 | 40030 | 42002 | 42003 | 42007 => Kind::CodeInvalid,
        40163 => Kind::CodeUsed,
        45009 | 45011 => Kind::QuotaReached,
        43116 | 48001 | 48004 => Kind::NotGranted,
        40003 | 43004 | 50005 => Kind::NotFollowing,
        40243 | 50002 | 50004 | 50007 => Kind::Frozen,
        40002 | 40013 | 40032 | 40033 | 40037 | 40097 | 41001 | 41002 | 41004 | 41008 | 41009 | 43002 | 44002
        | 44004 | 45002 | 47001 | 47003 | 49003 | 61451 | 9001001 => Kind::Invalid,
        _ => Kind::Other,
    }
}

/// The address in `invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: …`.
fn address_in(errmsg: &str) -> String {
    errmsg
        .split(|c: char| c.is_whitespace() || c == ',')
        .find_map(|word| word.parse::<std::net::IpAddr>().ok())
        .map(|address| address.to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_is_not_allowed_is_told() {
        let said = "invalid ip 1.2.3.4 ipv6 ::ffff:1.2.3.4, not in whitelist rid: 1-2-3";
        let error = Error::refused("/cgi-bin/stable_token", 40164, said, &[], true);
        assert_eq!(error.kind(), Kind::IpNotAllowed("1.2.3.4".into()));
        assert_eq!(error.errcode(), Some(40164));
    }

    #[test]
    fn the_same_number_means_a_wrong_secret_only_at_a_token_endpoint() {
        let at = |token_endpoint| Error::refused("/x", 40001, "", &[], token_endpoint).kind();
        assert_eq!(at(true), Kind::SecretWrong);
        assert_eq!(at(false), Kind::TokenInvalid);
    }

    #[test]
    fn a_secret_that_the_platform_echoes_is_struck_out() {
        let error = Error::refused("/x", 40125, "bad secret hunter22", &["hunter22"], true);
        assert!(!format!("{error} {error:?}").contains("hunter22"));
    }
}
