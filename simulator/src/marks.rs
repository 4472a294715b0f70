//! What an account notes about its followers: remarks, and the blacklist.
//! It refuses lists that are too long, and openids of another account.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::cgi::done;
use crate::follower::verified;
use crate::sim::Sim;
use crate::tokens::{json_body, with_token};
use crate::world::State;

/// Openids of one page of the blacklist.
const PAGE: usize = 1_000;
/// Openids that one call may put on the blacklist or take off it.
const BATCH: usize = 20;
/// Characters of a remark.
const REMARK: usize = 29;

/// The notes of one account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Marks {
    pub(crate) remarks: BTreeMap<String, String>,
    blacklist: BTreeSet<String>,
}

/// All calls of this file.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/cgi-bin/user/info/updateremark", any(update_remark))
        .route("/cgi-bin/tags/members/getblacklist", any(get_blacklist))
        .route("/cgi-bin/tags/members/batchblacklist", any(blacklist))
        .route("/cgi-bin/tags/members/batchunblacklist", any(unblacklist))
}

fn known(state: &State, appid: &str, openid: &str) -> Result<(), ApiError> {
    state.person(appid, openid).map(|_| ()).ok_or(ApiError(40003, "invalid openid"))
}

/// `POST /cgi-bin/user/info/updateremark`
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_updateremark>
async fn update_remark(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let body = json_body(&method, &body)?;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (openid, remark) = (text("openid"), text("remark"));
        if remark.chars().count() > REMARK {
            return Err(ApiError(45002, "content size out of limit"));
        }
        sim.change(|state| {
            known(state, &account.appid, &openid)?;
            state.marks.entry(account.appid.clone()).or_default().remarks.insert(openid, remark);
            Ok(done())
        })
    })
    .await
}

/// `POST /cgi-bin/tags/members/getblacklist`
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/blacklist/api_getblacklist>
async fn get_blacklist(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let body = json_body(&method, &body)?;
        let begin = body["begin_openid"].as_str().unwrap_or_default();
        Ok(sim.read(|state| {
            let all = state.marks.get(&account.appid).map(|marks| &marks.blacklist);
            let behind = all.into_iter().flatten().filter(|openid| openid.as_str() > begin);
            let page: Vec<&String> = behind.take(PAGE).collect();
            let total = all.map_or(0, BTreeSet::len);
            match page.last() {
                None => json!({ "total": total, "count": 0, "next_openid": "" }),
                Some(last) => {
                    json!({ "total": total, "count": page.len(), "data": { "openid": page }, "next_openid": last })
                }
            }
        }))
    })
    .await
}

/// `POST /cgi-bin/tags/members/batchblacklist`
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/blacklist/api_batchblacklist>
async fn blacklist(Shared(sim): Shared<Arc<Sim>>, method: Method, RawQuery(raw): RawQuery, body: Bytes) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let openids = openids(&json_body(&method, &body)?)?;
        sim.change(|state| {
            openids.iter().try_for_each(|openid| known(state, &account.appid, openid))?;
            state.marks.entry(account.appid.clone()).or_default().blacklist.extend(openids);
            Ok(done())
        })
    })
    .await
}

/// `POST /cgi-bin/tags/members/batchunblacklist`
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/blacklist/api_batchunblacklist>
async fn unblacklist(Shared(sim): Shared<Arc<Sim>>, method: Method, RawQuery(raw): RawQuery, body: Bytes) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let openids = openids(&json_body(&method, &body)?)?;
        sim.change(|state| {
            openids.iter().try_for_each(|openid| known(state, &account.appid, openid))?;
            let marks = state.marks.entry(account.appid.clone()).or_default();
            marks.blacklist.retain(|openid| !openids.contains(openid));
            Ok(done())
        })
    })
    .await
}

/// The list of a call, from one openid to twenty.
fn openids(body: &Value) -> Result<BTreeSet<String>, ApiError> {
    let list = body["openid_list"].as_array().filter(|list| (1..=BATCH).contains(&list.len()));
    let list = list.ok_or(ApiError(40032, "invalid openid list size"))?;
    Ok(list.iter().map(|openid| openid.as_str().unwrap_or_default().to_owned()).collect())
}
