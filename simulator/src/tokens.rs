//! Tokens of official accounts: classic and stable access tokens, the jsapi_ticket, and the check of every call.
//! It refuses a token that was replaced, forced out or expired, each with the code real WeChat uses.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::Method;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{ApiError, JSON, api, need, query, under_faults};
use crate::clock::{DAY_MS, beijing_day};
use crate::config::Account;
use crate::faults::On;
use crate::sim::Sim;
use crate::world::State;

/// A token lives two hours.
const LIFE_MS: i64 = 7_200_000;
/// A replaced token lives five minutes more; a stable one is renewed five minutes before its end.
const OVERLAP_MS: i64 = 300_000;
/// Forced refreshes are at least this far apart.
const FORCE_PAUSE_MS: i64 = 30_000;
/// Forced refreshes per Beijing day.
const FORCE_PER_DAY: u32 = 20;

/// All tokens of all accounts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tokens {
    issued: BTreeMap<String, Issued>,
    accounts: BTreeMap<String, OfAccount>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Issued {
    appid: String,
    dies_ms: i64,
    replaced: bool,
    #[serde(default)]
    stable: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct OfAccount {
    classic: Option<String>,
    stable: Option<String>,
    forced_ms: Option<i64>,
    forced_on: (i64, u32),
    /// The ticket of each type, with the time of its end.
    tickets: BTreeMap<String, (String, i64)>,
}

#[derive(Serialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: i64,
}

impl Tokens {
    fn issue(&mut self, appid: &str, token: &str, stable: bool, now_ms: i64) {
        self.issued.retain(|_, issued| issued.dies_ms + DAY_MS > now_ms);
        let issued = Issued { appid: appid.to_owned(), dies_ms: now_ms + LIFE_MS, replaced: false, stable };
        self.issued.insert(token.to_owned(), issued);
    }

    fn retire(&mut self, token: Option<String>, dies_ms: i64) {
        if let Some(issued) = token.and_then(|token| self.issued.get_mut(&token)) {
            issued.replaced = true;
            issued.dies_ms = issued.dies_ms.min(dies_ms);
        }
    }

    /// Ends all stable tokens of an account at once, also the one that was living out its last five minutes.
    fn force_out(&mut self, appid: &str, now_ms: i64) {
        for issued in self.issued.values_mut().filter(|issued| issued.stable && issued.appid == appid) {
            issued.replaced |= issued.dies_ms > now_ms;
            issued.dies_ms = issued.dies_ms.min(now_ms);
        }
    }

    fn left_ms(&self, token: &str, now_ms: i64) -> i64 {
        self.issued.get(token).map_or(0, |issued| issued.dies_ms - now_ms)
    }

    fn classic(&mut self, appid: &str, fresh: String, now_ms: i64) -> TokenAnswer {
        let old = self.accounts.entry(appid.to_owned()).or_default().classic.replace(fresh.clone());
        self.retire(old, now_ms + OVERLAP_MS);
        self.issue(appid, &fresh, false, now_ms);
        TokenAnswer { access_token: fresh, expires_in: LIFE_MS / 1000 }
    }

    fn stable(&mut self, appid: &str, force: bool, fresh: String, now_ms: i64) -> TokenAnswer {
        let account = self.accounts.entry(appid.to_owned()).or_default();
        let old = account.stable.clone();
        let day = beijing_day(now_ms);
        if account.forced_on.0 != day {
            account.forced_on = (day, 0);
        }
        let paused = account.forced_ms.is_none_or(|last| now_ms - last >= FORCE_PAUSE_MS);
        let forced = force && paused && account.forced_on.1 < FORCE_PER_DAY;
        let current = old.clone().map(|token| (self.left_ms(&token, now_ms), token));
        if let Some((left_ms, token)) = current
            && !forced
            && left_ms >= OVERLAP_MS
        {
            return TokenAnswer { access_token: token, expires_in: left_ms / 1000 };
        }
        let account = self.accounts.entry(appid.to_owned()).or_default();
        account.stable = Some(fresh.clone());
        if forced {
            account.forced_ms = Some(now_ms);
            account.forced_on.1 += 1;
        }
        if forced {
            self.force_out(appid, now_ms);
        }
        self.retire(old, i64::MAX);
        self.issue(appid, &fresh, true, now_ms);
        TokenAnswer { access_token: fresh, expires_in: LIFE_MS / 1000 }
    }

    fn check(&self, token: &str, now_ms: i64) -> Result<&str, ApiError> {
        let not_latest = "invalid credential, access_token is invalid or not latest, could get access_token by \
                          getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r";
        let looks_right = token.len() >= 100 && token.split_once('_').is_some_and(|(no, _)| no.parse::<u32>().is_ok());
        match self.issued.get(token) {
            None if looks_right => Err(ApiError(40001, not_latest)),
            None => Err(ApiError(40014, "invalid access_token")),
            Some(issued) if issued.dies_ms > now_ms => Ok(&issued.appid),
            Some(issued) if issued.replaced => Err(ApiError(40001, not_latest)),
            Some(_) => Err(ApiError(42001, "access_token expired")),
        }
    }
}

/// A fresh token in WeChat's form: a number, an underscore and many URL-safe characters.
fn fresh_token(sim: &Sim) -> String {
    format!("{}_{}", 86 + sim.draw(10), sim.word(133))
}

/// The account that an appid and secret name, or why not.
pub(crate) fn credentials<'a>(sim: &'a Sim, appid: &str, secret: &str) -> Result<&'a Account, ApiError> {
    if appid.is_empty() {
        return Err(ApiError(41002, "appid missing"));
    }
    let account = sim.config.account(appid).ok_or(ApiError(40013, "invalid appid"))?;
    if secret.is_empty() {
        return Err(ApiError(41004, "appsecret missing"));
    }
    if account.appsecret.as_deref() != Some(secret) {
        return Err(ApiError(40125, "invalid appsecret, view more at http://t.cn/LJ1QcD"));
    }
    Ok(account)
}

/// The account whose access token stands in the query, or why not.
pub(crate) fn by_token<'a>(sim: &'a Sim, query: &BTreeMap<String, String>) -> Result<&'a Account, ApiError> {
    let token = need(query, "access_token", ApiError(41001, "access_token missing"))?;
    let now_ms = sim.now_ms();
    let appid = sim.read(|state| state.tokens.check(token, now_ms).map(str::to_owned))?;
    sim.config.account(&appid).ok_or(ApiError(40013, "invalid appid"))
}

/// Does the work of a call that wants an account's access token, with the fault that waits for it, if any.
pub(crate) async fn with_token<T: Serialize>(
    sim: &Sim,
    raw: Option<&str>,
    work: impl FnOnce(&Account, &BTreeMap<String, String>) -> Result<T, ApiError>,
) -> Response {
    let query = query(raw);
    let work = || api(sim, JSON, by_token(sim, &query).and_then(|account| work(account, &query)));
    under_faults(sim, On::Api, JSON, work).await
}

/// A body that must be JSON, or why not.
pub(crate) fn json_body(method: &Method, body: &[u8]) -> Result<Value, ApiError> {
    if method != Method::POST {
        return Err(ApiError(43002, "require POST method"));
    }
    if body.is_empty() {
        return Err(ApiError(44002, "empty post data"));
    }
    serde_json::from_slice(body).map_err(|_| ApiError(47001, "data format error"))
}

/// `GET /cgi-bin/token`: a new token each time.
/// <https://developers.weixin.qq.com/doc/service/api/base/api_getaccesstoken>
pub(crate) async fn token(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let work = || {
        let query = query(raw.as_deref());
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let result = if get("grant_type") == "client_credential" {
            credentials(&sim, get("appid"), get("secret")).map(|account| {
                let (fresh, now_ms) = (fresh_token(&sim), sim.now_ms());
                sim.change(|state: &mut State| state.tokens.classic(&account.appid, fresh, now_ms))
            })
        } else {
            Err(ApiError(40002, "invalid grant_type"))
        };
        api(&sim, JSON, result)
    };
    under_faults(&sim, On::Token, JSON, work).await
}

/// `POST /cgi-bin/stable_token`: the same token while it is valid.
/// <https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken>
pub(crate) async fn stable_token(Shared(sim): Shared<Arc<Sim>>, method: Method, body: Bytes) -> Response {
    let work = || {
        let result = json_body(&method, &body).and_then(|body| {
            let get = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
            if get("grant_type") != "client_credential" {
                return Err(ApiError(40002, "invalid grant_type"));
            }
            let account = credentials(&sim, get("appid"), get("secret"))?;
            let force = body.get("force_refresh").and_then(Value::as_bool).unwrap_or(false);
            let (fresh, now_ms) = (fresh_token(&sim), sim.now_ms());
            Ok(sim.change(|state| state.tokens.stable(&account.appid, force, fresh, now_ms)))
        });
        api(&sim, JSON, result)
    };
    under_faults(&sim, On::Token, JSON, work).await
}

/// `GET /cgi-bin/ticket/getticket`: the ticket that JS-SDK signatures are made with.
/// <https://developers.weixin.qq.com/doc/service/guide/h5/jssdk>
pub(crate) async fn get_ticket(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let work = |account: &Account, query: &BTreeMap<String, String>| {
        let kind = query.get("type").filter(|kind| *kind == "jsapi" || *kind == "wx_card");
        let kind = kind.ok_or(ApiError(40097, "invalid args"))?;
        let (fresh, now_ms) = (sim.word(86), sim.now_ms());
        let (ticket, dies_ms) = sim.change(|state| {
            let of = state.tokens.accounts.entry(account.appid.clone()).or_default();
            let kept = of.tickets.get(kind).filter(|kept| kept.1 - now_ms > OVERLAP_MS).cloned();
            kept.unwrap_or_else(|| {
                let made = (fresh, now_ms + LIFE_MS);
                of.tickets.insert(kind.clone(), made.clone());
                made
            })
        });
        Ok(json!({ "errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": (dies_ms - now_ms) / 1000 }))
    };
    with_token(&sim, raw.as_deref(), work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_token_stays_until_five_minutes_before_its_end() {
        let mut tokens = Tokens::default();
        let first = tokens.stable("wx", false, "1".into(), 0);
        assert_eq!((first.access_token.as_str(), first.expires_in), ("1", 7200));
        let again = tokens.stable("wx", false, "2".into(), LIFE_MS - OVERLAP_MS);
        assert_eq!((again.access_token.as_str(), again.expires_in), ("1", 300));
        let renewed = tokens.stable("wx", false, "3".into(), LIFE_MS - OVERLAP_MS + 1);
        assert_eq!(renewed.access_token, "3");
        assert_eq!(tokens.check("1", LIFE_MS - 1), Ok("wx"));
        assert!(tokens.check("1", LIFE_MS).is_err());
    }

    #[test]
    fn a_forced_refresh_kills_the_old_token_but_not_twice_within_thirty_seconds() {
        let mut tokens = Tokens::default();
        tokens.stable("wx", false, "1".into(), 0);
        assert_eq!(tokens.stable("wx", true, "2".into(), 1000).access_token, "2");
        assert!(tokens.check("1", 1000).is_err());
        assert_eq!(tokens.stable("wx", true, "3".into(), 20_000).access_token, "2");
        let mut now_ms = 31_000;
        for n in 0..19 {
            assert_eq!(tokens.stable("wx", true, format!("n{n}"), now_ms).access_token, format!("n{n}"));
            now_ms += FORCE_PAUSE_MS;
        }
        assert_eq!(tokens.stable("wx", true, "too many".into(), now_ms).access_token, "n18");
    }

    #[test]
    fn a_forced_refresh_in_the_overlap_ends_both_tokens_and_no_classic_one() {
        let mut tokens = Tokens::default();
        let now_ms = LIFE_MS - OVERLAP_MS + 1;
        tokens.classic("wx", "classic".into(), 1000);
        tokens.stable("other", false, "another account's".into(), 1000);
        tokens.stable("wx", false, "1".into(), 0);
        tokens.stable("wx", false, "2".into(), now_ms);
        assert!(tokens.check("1", now_ms).is_ok() && tokens.check("2", now_ms).is_ok());
        tokens.stable("wx", true, "3".into(), now_ms);
        assert_eq!(tokens.check("1", now_ms).unwrap_err().0, 40001);
        assert_eq!(tokens.check("2", now_ms).unwrap_err().0, 40001);
        assert!(["3", "classic", "another account's"].iter().all(|token| tokens.check(token, now_ms).is_ok()));
    }

    #[test]
    fn a_classic_token_retires_its_predecessor_after_five_minutes() {
        let mut tokens = Tokens::default();
        tokens.classic("wx", "1".into(), 0);
        tokens.classic("wx", "2".into(), 1000);
        assert!(tokens.check("1", 300_999).is_ok());
        assert_eq!(tokens.check("1", 301_000).unwrap_err().0, 40001);
        assert_eq!(tokens.check("2", 1000 + LIFE_MS).unwrap_err().0, 42001);
        assert_eq!(tokens.check("nonsense", 0).unwrap_err().0, 40014);
    }
}
