//! What an account may ask about its followers, and the parametric QR codes that new ones scan.
//! It refuses accounts that real WeChat refuses: unverified ones, and QR codes for subscription accounts.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State as Shared};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::answer::{ApiError, need, query};
use crate::config::{Account, Kind};
use crate::sim::Sim;
use crate::tokens::{json_body, with_token};

/// What an account hears that has not this right.
pub(crate) const NOT_GRANTED: ApiError = ApiError(48001, "api unauthorized");

/// A parametric QR code of an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scene {
    pub(crate) appid: String,
    pub(crate) scene: String,
    /// Whether the scene is an integer (`QR_SCENE`, `QR_LIMIT_SCENE`).
    #[serde(default)]
    pub(crate) by_number: bool,
    pub(crate) dies_ms: Option<i64>,
    pub(crate) url: String,
}

/// The account, if WeChat verified it.
pub(crate) fn verified(account: &Account) -> Result<&Account, ApiError> {
    if account.verified { Ok(account) } else { Err(NOT_GRANTED) }
}

/// One user as `user/info` tells it.
fn describe(sim: &Sim, account: &Account, openid: &str) -> Result<Value, ApiError> {
    sim.read(|state| {
        let phone = state.person(&account.appid, openid).ok_or(ApiError(40003, "invalid openid"))?;
        let Some(follow) = phone.follows.get(&account.appid) else {
            return Ok(json!({ "subscribe": 0, "openid": openid, "unionid": phone.unionid(), "tagid_list": [] }));
        };
        let remark = state.marks.get(&account.appid).and_then(|marks| marks.remarks.get(openid));
        let came = if follow.scene.is_some() { "ADD_SCENE_QR_CODE" } else { "ADD_SCENE_PROFILE_CARD" };
        let scene = follow.scene.as_deref().unwrap_or_default();
        let (number, text) = if follow.by_number { (scene.parse::<u32>().unwrap_or(0), "") } else { (0, scene) };
        Ok(json!({
            "subscribe": 1, "openid": openid, "nickname": "", "sex": 0, "language": "zh_CN", "city": "",
            "province": "", "country": "", "headimgurl": "", "subscribe_time": follow.since_ms / 1000,
            "unionid": phone.unionid(), "remark": remark.map_or("", String::as_str), "groupid": 0, "tagid_list": [],
            "subscribe_scene": came, "qr_scene": number, "qr_scene_str": text,
        }))
    })
}

/// `GET /cgi-bin/user/info`
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo>
pub(crate) async fn user_info(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    with_token(&sim, raw.as_deref(), |account, query| {
        describe(&sim, verified(account)?, need(query, "openid", ApiError(41009, "missing openid"))?)
    })
    .await
}

/// `POST /cgi-bin/user/info/batchget`, at most 100 users.
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_batchuserinfo>
pub(crate) async fn batch_get(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    let work = |account: &Account, _: &BTreeMap<String, String>| {
        verified(account)?;
        let body = json_body(&method, &body)?;
        let list = body.get("user_list").and_then(Value::as_array).filter(|list| (1..=100).contains(&list.len()));
        let list = list.ok_or(ApiError(40032, "invalid openid list size"))?;
        let users: Result<Vec<Value>, ApiError> = list
            .iter()
            .map(|user| describe(&sim, account, user.get("openid").and_then(Value::as_str).unwrap_or_default()))
            .collect();
        Ok(json!({ "user_info_list": users? }))
    };
    with_token(&sim, raw.as_deref(), work).await
}

/// `GET /cgi-bin/user/get`, at most 10 000 openids a page.
/// <https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_getfans>
pub(crate) async fn user_get(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let work = |account: &Account, query: &BTreeMap<String, String>| {
        verified(account)?;
        let mut all: Vec<String> = sim.read(|state| {
            let following = state.phones.values().filter(|phone| phone.follows.contains_key(&account.appid));
            following.map(|phone| phone.openid(&account.appid)).collect()
        });
        all.sort_unstable();
        let total = all.len();
        let after = query.get("next_openid").map_or("", String::as_str);
        let page: Vec<String> = all.into_iter().filter(|openid| openid.as_str() > after).take(10_000).collect();
        Ok(match page.last() {
            None => json!({ "total": total, "count": 0, "next_openid": "" }),
            Some(last) => {
                json!({ "total": total, "count": page.len(), "data": { "openid": page }, "next_openid": last })
            }
        })
    };
    with_token(&sim, raw.as_deref(), work).await
}

/// Reads what kind of code is wanted: its scene, whether that is an integer, and how many seconds the code lives
/// (`None`: for ever).
fn wanted(body: &Value) -> Result<(String, bool, Option<i64>), ApiError> {
    let scene = &body["action_info"]["scene"];
    let text = || scene["scene_str"].as_str().filter(|text| (1..=64).contains(&text.chars().count()));
    let number = |highest: u64| scene["scene_id"].as_u64().filter(|id| (1..=highest).contains(id));
    let seconds = body["expire_seconds"].as_i64().unwrap_or(60).clamp(1, 2_592_000);
    let (scene, by_number, seconds) = match body["action_name"].as_str().unwrap_or_default() {
        "QR_SCENE" => (number(u64::from(u32::MAX)).map(|id| id.to_string()), true, Some(seconds)),
        "QR_STR_SCENE" => (text().map(str::to_owned), false, Some(seconds)),
        "QR_LIMIT_SCENE" => (number(100_000).map(|id| id.to_string()), true, None),
        "QR_LIMIT_STR_SCENE" => (text().map(str::to_owned), false, None),
        _ => return Err(ApiError(40052, "invalid action name")),
    };
    Ok((scene.ok_or(ApiError(40053, "invalid action info"))?, by_number, seconds))
}

/// `POST /cgi-bin/qrcode/create`, verified service accounts only.
/// <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode>
pub(crate) async fn qrcode_create(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    let work = |account: &Account, _: &BTreeMap<String, String>| {
        if verified(account)?.kind != Kind::Service {
            return Err(NOT_GRANTED);
        }
        let (scene, by_number, seconds) = wanted(&json_body(&method, &body)?)?;
        let ticket = format!("gQ{}==", sim.word(92));
        let url = format!("http://weixin.qq.com/q/{}", sim.word(22));
        let now_ms = sim.now_ms();
        let dies_ms = seconds.map(|seconds| now_ms + seconds * 1000);
        let made = Scene { appid: account.appid.clone(), scene, by_number, dies_ms, url: url.clone() };
        sim.change(|state| {
            state.scenes.retain(|_, scene| scene.dies_ms.is_none_or(|dies_ms| dies_ms > now_ms));
            if state.scenes.len() >= 200_000 {
                return Err(ApiError(45009, "reach max api daily quota limit"));
            }
            state.scenes.insert(ticket.clone(), made);
            Ok(())
        })?;
        let mut answer = json!({ "ticket": ticket, "url": url });
        if let Some(seconds) = seconds {
            answer["expire_seconds"] = json!(seconds);
        }
        Ok(answer)
    };
    with_token(&sim, raw.as_deref(), work).await
}

/// `GET /cgi-bin/showqrcode`: the picture of a ticket, 404 for one that does not exist.
/// <https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode>
pub(crate) async fn show_qrcode(Shared(sim): Shared<Arc<Sim>>, RawQuery(raw): RawQuery) -> Response {
    let query = query(raw.as_deref());
    let (ticket, now_ms) = (query.get("ticket").map_or("", String::as_str), sim.now_ms());
    let url = sim.read(|state| {
        let alive = |scene: &&Scene| scene.dies_ms.is_none_or(|dies_ms| dies_ms > now_ms);
        state.scenes.get(ticket).filter(alive).map(|scene| scene.url.clone())
    });
    url.and_then(|url| picture(&url)).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

/// A QR code as SVG.
fn picture(text: &str) -> Option<Response> {
    let code = QrCode::new(text).ok()?;
    let image = code.render::<svg::Color<'_>>().min_dimensions(430, 430).build();
    let mut response = Response::new(Body::from(image));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("image/svg+xml"));
    Some(response)
}
