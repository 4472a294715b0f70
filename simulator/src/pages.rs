//! Pages that are not protocol: the phones' desk with its files, the JS-SDK, and an account's profile with a follow button.
//! It refuses to let a browser see the desk from an IP address: frames of `*.phone.localhost` keep their cookies only below it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Router, middleware};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::answer::query;
use crate::config::Account;
use crate::oauth::{page, who};
use crate::phone;
use crate::sim::Sim;
use crate::xml::escape_html;

include!(concat!(env!("OUT_DIR"), "/phone_files.rs"));

const TOKENS: &[u8] = include_bytes!("../../style/tokens.css");
const JS_SDK: &[u8] = include_bytes!("js/jweixin-1.6.0.js");

/// All pages.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/", get(|| async { Redirect::to("/phone") }))
        .route("/phone", get(desk))
        .route("/phone/", get(desk))
        .route("/phone/{name}", get(file))
        .route("/_phone/bridge.js", get(|| async { named("bridge.js") }))
        .route("/open/js/{name}", get(|| async { content("sdk.js", JS_SDK) }))
        .route("/mp/profile_ext", get(profile).post(profile_follow))
        .layer(middleware::map_response(fresh))
}

/// Pages may change with the next build: browsers ask each time.
async fn fresh(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// The desk. A browser that navigates to an IP address is sent to `phone.localhost`: a frame of another site
/// would get none of the server's `SameSite` cookies.
async fn desk(headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let (name, port) = text(header::HOST).rsplit_once(':').unwrap_or((text(header::HOST), "80"));
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode.as_bytes() == b"navigate");
    if navigates && matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return Redirect::temporary(&format!("http://phone.localhost:{port}/phone")).into_response();
    }
    named("index.html")
}

async fn file(Path(name): Path<String>) -> Response {
    if name == "tokens.css" { content(&name, TOKENS) } else { named(&name) }
}

fn named(name: &str) -> Response {
    match FILES.iter().find(|(file, _)| *file == name) {
        Some((_, bytes)) => content(name, bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn content(name: &str, bytes: &'static [u8]) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest" | "json") => "application/json",
        _ => "application/octet-stream",
    };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// The account that `__biz` names.
fn by_biz<'a>(sim: &'a Sim, query: &BTreeMap<String, String>) -> Option<&'a Account> {
    // A `+` of base64 that was not escaped arrives as a blank.
    let biz = query.get("__biz")?.replace(' ', "+");
    let original_id = String::from_utf8(STANDARD.decode(biz).ok()?).ok()?;
    sim.config.accounts.iter().find(|account| account.original_id == original_id)
}

fn no_account() -> Response {
    page("出错了", "<h1>链接已失效</h1>")
}

/// `GET /mp/profile_ext?action=home&__biz=…`: who the account is, and a button for a known phone.
async fn profile(Shared(sim): Shared<Arc<Sim>>, headers: HeaderMap, RawQuery(raw): RawQuery) -> Response {
    let query = query(raw.as_deref());
    let Some(account) = by_biz(&sim, &query) else { return no_account() };
    let phone = who(&sim, &headers, &query);
    let button = match &phone {
        None => "<p>请在微信客户端打开链接</p>".to_owned(),
        Some(phone) if phone.follows.contains_key(&account.appid) => "<p>已关注</p>".to_owned(),
        Some(phone) => format!(
            "<form method=\"post\" action=\"/mp/profile_ext\"><input type=\"hidden\" name=\"__biz\" value=\"{}\">\
             <input type=\"hidden\" name=\"sim_phone\" value=\"{}\"><button>关注</button></form>",
            STANDARD.encode(&account.original_id),
            escape_html(&phone.id),
        ),
    };
    let body = format!(
        "<div class=\"icon\">{}</div><h1>{}</h1>{button}",
        escape_html(&account.icon),
        escape_html(&account.name)
    );
    page(&account.name, &body)
}

/// The button: follows, and says what to do next.
async fn profile_follow(Shared(sim): Shared<Arc<Sim>>, headers: HeaderMap, body: Bytes) -> Response {
    let fields: BTreeMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let Some(account) = by_biz(&sim, &fields) else { return no_account() };
    let Some(phone) = who(&sim, &headers, &fields) else {
        return page("抱歉，出错了", "<h1>请在微信客户端打开链接</h1>");
    };
    match phone::follow(&sim, &phone.id, &account.appid, None).await {
        Ok(_) => page(&account.name, "<h1>已关注</h1><p>回到聊天列表，打开公众号</p>"),
        Err(refused) => page("出错了", &format!("<h1>{}</h1>", escape_html(&refused.1))),
    }
}
