//! The server side of web OAuth: code for token, token for profile, and the refresh.
//! It refuses a code twice (40163), late (42003) or at another account (40029), and never tells a profile without consent.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State as Shared};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::{ApiError, PLAIN, api, need, query, under_faults};
use crate::cgi::done;
use crate::clock::DAY_MS;
use crate::faults::On;
use crate::oauth::{CODE_MS, Grant};
use crate::sim::Sim;
use crate::tokens::credentials;

/// A user's token lives two hours.
const LIFE_MS: i64 = 7_200_000;
/// Its refresh token lives thirty days.
const REFRESH_MS: i64 = 30 * DAY_MS;

type Query = BTreeMap<String, String>;

#[derive(Serialize)]
struct UserToken {
    access_token: String,
    expires_in: i64,
    refresh_token: String,
    openid: String,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_snapshotuser: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unionid: Option<String>,
}

/// Issues a pair of tokens for a grant.
fn issue(sim: &Sim, grant: Grant) -> UserToken {
    let (access, refresh, now_ms) =
        (format!("9{}_{}", sim.draw(10), sim.word(86)), format!("9{}_{}", sim.draw(10), sim.word(86)), sim.now_ms());
    sim.change(|state| {
        state.grants.prune(now_ms);
        state.grants.access.insert(access.clone(), (grant.clone(), now_ms + LIFE_MS));
        state.grants.refresh.insert(refresh.clone(), (grant.clone(), now_ms + REFRESH_MS));
    });
    UserToken {
        access_token: access,
        expires_in: LIFE_MS / 1000,
        refresh_token: refresh,
        openid: grant.openid,
        scope: if grant.userinfo { "snsapi_userinfo" } else { "snsapi_base" },
        is_snapshotuser: grant.snapshot.then_some(1),
        unionid: grant.userinfo.then_some(grant.unionid),
    }
}

/// Takes a code: it is used from now on.
fn take_code(sim: &Sim, appid: &str, code: &str) -> Result<Grant, ApiError> {
    let now_ms = sim.now_ms();
    sim.change(|state| {
        let found = state.grants.codes.get_mut(code).filter(|found| found.grant.appid == appid);
        let found = found.ok_or(ApiError(40029, "invalid code"))?;
        if found.used {
            return Err(ApiError(40163, "code been used"));
        }
        if now_ms - found.made_ms > CODE_MS {
            return Err(ApiError(42003, "code expired"));
        }
        found.used = true;
        Ok(found.grant.clone())
    })
}

/// `GET /sns/oauth2/access_token`
/// <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsaccesstoken>
pub(crate) async fn access_token(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let exchange = |query: &Query| {
        let get = |name: &str| query.get(name).map_or("", String::as_str);
        let account = credentials(&sim, get("appid"), get("secret"))?;
        let code = need(query, "code", ApiError(41008, "missing code"))?;
        if get("grant_type") != "authorization_code" {
            return Err(ApiError(40002, "invalid grant_type"));
        }
        Ok(issue(&sim, take_code(&sim, &account.appid, code)?))
    };
    let work = || api(&sim, PLAIN, exchange(&query(raw.as_deref())));
    under_faults(&sim, On::OauthCode, PLAIN, work).await
}

/// `GET /sns/oauth2/refresh_token`: the refresh token rotates.
/// <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsrefreshtoken>
pub(crate) async fn refresh_token(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let refresh = |query: &Query| {
        let appid = need(query, "appid", ApiError(41002, "appid missing"))?;
        sim.config.account(appid).ok_or(ApiError(40013, "invalid appid"))?;
        if query.get("grant_type").is_none_or(|kind| kind != "refresh_token") {
            return Err(ApiError(40002, "invalid grant_type"));
        }
        let token = need(query, "refresh_token", ApiError(41003, "refresh_token missing"))?;
        let now_ms = sim.now_ms();
        let grant = sim.change(|state| match state.grants.refresh.get(token) {
            Some((grant, _)) if grant.appid != appid => Err(ApiError(40030, "invalid refresh_token")),
            Some((_, dies_ms)) if *dies_ms <= now_ms => Err(ApiError(42002, "refresh_token expired")),
            Some(_) => state
                .grants
                .refresh
                .remove(token)
                .map(|(grant, _)| grant)
                .ok_or(ApiError(40030, "invalid refresh_token")),
            None => Err(ApiError(40030, "invalid refresh_token")),
        })?;
        Ok(issue(&sim, grant))
    };
    let work = || api(&sim, PLAIN, refresh(&query(raw.as_deref())));
    under_faults(&sim, On::Api, PLAIN, work).await
}

/// The grant behind a user's token, if the openid is its own.
fn granted(sim: &Sim, query: &Query) -> Result<Grant, ApiError> {
    let token = need(query, "access_token", ApiError(41001, "access_token missing"))?;
    let now_ms = sim.now_ms();
    let grant = sim.read(|state| match state.grants.access.get(token) {
        None => Err(ApiError(40001, "invalid credential, access_token is invalid or not latest")),
        Some((_, dies_ms)) if *dies_ms <= now_ms => Err(ApiError(42001, "access_token expired")),
        Some((grant, _)) => Ok(grant.clone()),
    })?;
    let openid = need(query, "openid", ApiError(41009, "missing openid"))?;
    if openid == grant.openid { Ok(grant) } else { Err(ApiError(40003, "invalid openid")) }
}

/// `GET /sns/userinfo`; a virtual user has a made-up profile (48001, which real WeChat says now and then, is a fault).
/// <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snsuserinfo>
pub(crate) async fn userinfo(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let tell = |query: &Query| -> Result<Value, ApiError> {
        let grant = granted(&sim, query)?;
        if !grant.userinfo {
            return Err(ApiError(48001, "api unauthorized"));
        }
        let (nickname, headimgurl) = if grant.snapshot {
            ("微信用户".to_owned(), "")
        } else {
            let name = sim.read(|state| state.phones.get(&grant.phone).map(|phone| phone.name.clone()));
            (name.unwrap_or_default(), "https://thirdwx.qlogo.cn/mmopen/vi_32/simulator/132")
        };
        Ok(json!({
            "openid": grant.openid, "nickname": nickname, "sex": 0, "language": "", "city": "", "province": "",
            "country": "", "privilege": [], "unionid": grant.unionid, "headimgurl": headimgurl,
        }))
    };
    let work = || api(&sim, PLAIN, tell(&query(raw.as_deref())));
    under_faults(&sim, On::Api, PLAIN, work).await
}

/// `GET /sns/auth`
/// <https://developers.weixin.qq.com/doc/service/api/webdev/access/api_snscheckaccesstoken>
pub(crate) async fn auth(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let work = || api(&sim, PLAIN, granted(&sim, &query(raw.as_deref())).map(|_| done()));
    under_faults(&sim, On::Api, PLAIN, work).await
}
