//! Web OAuth's page: who asks, for which account, with which scope, and the redirect with a single-use code.
//! It refuses whatever WeChat's own page refuses: a wrong order of parameters, a foreign domain, an account without the right.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::answer::{Answer, HTML, query};
use crate::clock::DAY_MS;
use crate::config::{Account, Kind};
use crate::proxy;
use crate::sim::Sim;
use crate::world::Phone;
use crate::xml::escape_html;

/// A code lives five minutes.
pub(crate) const CODE_MS: i64 = 300_000;

/// What a person allowed an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) appid: String,
    pub(crate) phone: String,
    pub(crate) openid: String,
    pub(crate) unionid: String,
    pub(crate) userinfo: bool,
    pub(crate) snapshot: bool,
}

/// A code, and whether it was exchanged already.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) grant: Grant,
    pub(crate) made_ms: i64,
    pub(crate) used: bool,
}

/// Codes and the tokens they became; each with the time of its end.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Grants {
    pub(crate) codes: BTreeMap<String, Code>,
    pub(crate) access: BTreeMap<String, (Grant, i64)>,
    pub(crate) refresh: BTreeMap<String, (Grant, i64)>,
    pruned_ms: i64,
}

impl Grants {
    /// Forgets what ended long ago, at most once a minute.
    pub(crate) fn prune(&mut self, now_ms: i64) {
        if now_ms - self.pruned_ms < 60_000 {
            return;
        }
        self.pruned_ms = now_ms;
        self.codes.retain(|_, code| code.made_ms + DAY_MS > now_ms);
        self.access.retain(|_, (_, dies_ms)| *dies_ms + DAY_MS > now_ms);
        self.refresh.retain(|_, (_, dies_ms)| *dies_ms > now_ms);
    }
}

/// A wrong request to the page: its number, if it has one, and its text.
struct Wrong(Option<u32>, &'static str);

/// What the query asks for, checked.
struct Asked<'a> {
    account: &'a Account,
    redirect_uri: Url,
    userinfo: bool,
    state: Option<String>,
}

/// `GET /connect/oauth2/authorize`
/// <https://developers.weixin.qq.com/doc/service/guide/h5/auth>
pub(crate) async fn authorize(Shared(sim): Shared<Arc<Sim>>, headers: HeaderMap, RawQuery(raw): RawQuery) -> Response {
    let raw = raw.unwrap_or_default();
    let query = query(Some(&raw));
    let asked = match check(&sim, &raw, &query) {
        Ok(asked) => asked,
        Err(Wrong(number, text)) => return error_page(number, text),
    };
    let Some(mut phone) = who(&sim, &headers, &query) else { return outside_page() };
    phone.snapshot |= query.get("forceSnapShot").is_some_and(|said| said == "true");
    if asked.userinfo && !phone.snapshot && asks(&headers, &query) {
        return consent_page(asked.account, &raw, &phone);
    }
    let code = format!("0{}", sim.word(31).replace(['-', '_'], "x"));
    let grant = grant(&sim, &asked, &phone);
    let now_ms = sim.now_ms();
    sim.change(|state| {
        state.grants.prune(now_ms);
        state.grants.codes.insert(code.clone(), Code { grant, made_ms: now_ms, used: false });
    });
    let mut target = with_code(asked.redirect_uri, &code, asked.state.as_deref());
    if let Some(origin) = proxy::phone_origin(&headers) {
        target = proxy::to_phone(&sim, &origin, &target);
    }
    match HeaderValue::from_str(&target) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        Err(_) => error_page(Some(10003), "redirect_uri 参数错误"),
    }
}

/// Whether a person sees the consent page: on a phone's own origin, or with `sim_ask=1`, until the page's button said
/// yes. A program that knows only the contract gets its code at once.
fn asks(headers: &HeaderMap, query: &BTreeMap<String, String>) -> bool {
    let said = |name: &str| query.get(name).is_some_and(|value| value == "1");
    !said("sim_consent") && (said("sim_ask") || proxy::phone_of_host(headers).is_some())
}

fn check<'a>(sim: &'a Sim, raw: &str, query: &BTreeMap<String, String>) -> Result<Asked<'a>, Wrong> {
    let get = |name: &str| query.get(name).map_or("", String::as_str);
    let appid = get("appid");
    if appid.is_empty() {
        return Err(Wrong(Some(10012), "appid 不能为空"));
    }
    if get("redirect_uri").is_empty() {
        return Err(Wrong(Some(10011), "redirect_uri 不能为空"));
    }
    if get("scope").is_empty() {
        return Err(Wrong(Some(10010), "scope 不能为空"));
    }
    if query.get("state").is_some_and(String::is_empty) {
        return Err(Wrong(Some(10013), "state 不能为空"));
    }
    let account = sim.config.account(appid).ok_or(Wrong(None, "AppID 参数错误"))?;
    let known = ["appid", "redirect_uri", "response_type", "scope", "state"];
    let names = url::form_urlencoded::parse(raw.as_bytes()).map(|(name, _)| name.into_owned());
    let order: Vec<String> = names.filter(|name| known.contains(&name.as_str())).collect();
    if order != known[..order.len().clamp(4, 5)] || get("response_type") != "code" {
        return Err(Wrong(None, "Scope 参数错误或没有 Scope 权限"));
    }
    let userinfo = match get("scope") {
        "snsapi_base" => false,
        "snsapi_userinfo" => true,
        _ => return Err(Wrong(None, "Scope 参数错误或没有 Scope 权限")),
    };
    if account.kind != Kind::Service || !account.verified {
        return Err(Wrong(Some(10005), "此公众号并没有这些scope的权限"));
    }
    let wrong_uri = || Wrong(Some(10003), "redirect_uri 参数错误");
    let redirect_uri = Url::parse(get("redirect_uri")).map_err(|_| wrong_uri())?;
    let server = Url::parse(&sim.places.server).map_err(|_| wrong_uri())?;
    if !matches!(redirect_uri.scheme(), "http" | "https") || redirect_uri.host() != server.host() {
        return Err(wrong_uri());
    }
    let state = query.get("state").cloned();
    if state.as_ref().is_some_and(|state| state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Err(Wrong(None, "state 参数错误"));
    }
    Ok(Asked { account, redirect_uri, userinfo, state })
}

/// Whose WeChat asks: the query's phone, else the phone whose origin this is, else the cookie's.
pub(crate) fn who(sim: &Sim, headers: &HeaderMap, query: &BTreeMap<String, String>) -> Option<Phone> {
    let from_cookie = || {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| *name == "sim_phone").map(|(_, id)| id.to_owned())
    };
    let id = query.get("sim_phone").cloned().or_else(|| proxy::phone_of_host(headers)).or_else(from_cookie)?;
    sim.read(|state| state.phones.get(&id).cloned())
}

/// What the person allows, as a virtual one on a snapshot page.
///
/// Real WeChat opens a snapshot only for `snsapi_userinfo`. Here a phone in snapshot mode is virtual under `snsapi_base`
/// too: whoever pays must refuse `is_snapshotuser` whatever scope it asked for, and a server that asks for the base scope
/// only could otherwise never show that it does.
fn grant(sim: &Sim, asked: &Asked<'_>, phone: &Phone) -> Grant {
    let virtual_id = || format!("o{}", sim.word(27));
    Grant {
        appid: asked.account.appid.clone(),
        phone: phone.id.clone(),
        openid: if phone.snapshot { virtual_id() } else { phone.openid(&asked.account.appid) },
        unionid: if phone.snapshot { virtual_id() } else { phone.unionid() },
        userinfo: asked.userinfo,
        snapshot: phone.snapshot,
    }
}

/// Appends code and state, behind whatever query the address has already.
fn with_code(mut redirect_uri: Url, code: &str, state: Option<&str>) -> String {
    let mut pairs = redirect_uri.query_pairs_mut();
    pairs.append_pair("code", code);
    pairs.append_pair("state", state.unwrap_or_default());
    drop(pairs);
    redirect_uri.into()
}

/// A page in WeChat's plain style.
pub(crate) fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title}</title><style>body{{margin:0;background:#f7f7f7;\
         color:#1b1b19;font:16px/1.6 -apple-system,'PingFang SC','Noto Sans CJK SC',sans-serif;text-align:center}}\
         main{{max-width:420px;margin:0 auto;padding:72px 24px}}h1{{font-size:20px;font-weight:600}}p{{color:#55554f}}\
         button{{min-height:44px;min-width:184px;border:0;border-radius:8px;background:#07c160;color:#fff;font:inherit;\
         font-weight:600}}.icon{{font-size:56px}}</style></head><body><main>{body}</main></body></html>",
        title = escape_html(title),
    );
    Answer::ok(HTML, html).send()
}

fn error_page(number: Option<u32>, text: &str) -> Response {
    let number = number.map(|number| format!("<p>错误码：{number}</p>")).unwrap_or_default();
    page("出错了", &format!("<h1>{}</h1>{number}", escape_html(text)))
}

fn outside_page() -> Response {
    page("抱歉，出错了", "<h1>请在微信客户端打开链接</h1>")
}

/// The consent page: one plain form that repeats the question with the person's yes.
fn consent_page(account: &Account, raw: &str, phone: &Phone) -> Response {
    let mut fields = String::new();
    let asked = url::form_urlencoded::parse(raw.as_bytes());
    let asked = asked.filter(|(name, _)| name != "sim_phone" && name != "sim_consent");
    for (name, value) in
        asked.chain([("sim_phone".into(), phone.id.as_str().into()), ("sim_consent".into(), "1".into())])
    {
        fields.push_str(&format!(
            "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
            escape_html(&name),
            escape_html(&value)
        ));
    }
    let body = format!(
        "<div class=\"icon\">{icon}</div><h1>{name} 申请使用</h1><p>你的昵称、头像</p>\
         <form method=\"get\" action=\"/connect/oauth2/authorize\">{fields}<button>允许</button></form>",
        icon = escape_html(&account.icon),
        name = escape_html(&account.name),
    );
    page("微信登录", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_appended_behind_an_existing_query() {
        let url = Url::parse("http://a.example/cb?x=1").unwrap();
        assert_eq!(with_code(url, "C", Some("s/=")), "http://a.example/cb?x=1&code=C&state=s%2F%3D");
        let url = Url::parse("http://a.example/cb").unwrap();
        assert_eq!(with_code(url, "C", Some("s")), "http://a.example/cb?code=C&state=s");
    }
}
