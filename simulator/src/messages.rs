//! Messages that an account sends by itself: customer-service messages and template messages.
//! It refuses them outside their windows, to people who do not follow, and for accounts without the right.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Shared};
use axum::http::Method;
use axum::response::Response;
use axum::routing::any;
use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::cgi::done;
use crate::clock::DAY_MS;
use crate::config::{Account, Kind, Mode};
use crate::follower::{NOT_GRANTED, verified};
use crate::phone::chat;
use crate::push::{Happening, deliver};
use crate::reply::{Address, Said, line};
use crate::sim::Sim;
use crate::tokens::{json_body, with_token};
use crate::world::{Phone, State, Writer};

/// A customer-service message may follow what a person wrote for so long.
const AFTER_A_TEXT_MS: i64 = 2 * DAY_MS;
/// And a follow for so long.
const AFTER_A_FOLLOW_MS: i64 = 60_000;
/// A template message with a `client_msg_id` is sent once within this time.
const ONCE_MS: i64 = 600_000;

/// All calls of this file.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/cgi-bin/message/custom/send", any(custom_send))
        .route("/cgi-bin/message/template/send", any(template_send))
}

/// The receiver of a message, who must follow the account.
fn receiver<'a>(state: &'a State, appid: &str, body: &Value, absent: ApiError) -> Result<&'a Phone, ApiError> {
    let openid = body["touser"].as_str().unwrap_or_default();
    let phone = state.person(appid, openid).ok_or(ApiError(40003, "invalid openid"))?;
    if phone.follows.contains_key(appid) { Ok(phone) } else { Err(absent) }
}

/// Whether the account may still write to this person by itself.
fn in_window(phone: &Phone, appid: &str, now_ms: i64) -> bool {
    let follow = phone.follows.get(appid).is_some_and(|follow| now_ms - follow.since_ms <= AFTER_A_FOLLOW_MS);
    let mine = phone.chats.iter().filter(|line| line.appid == appid && line.from == Writer::Me);
    follow || mine.map(|line| line.at).max().is_some_and(|at| now_ms - at <= AFTER_A_TEXT_MS)
}

/// What a customer-service message shows.
fn shown(body: &Value) -> Result<Said, ApiError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let plain = |text: &str| Said { text: text.to_owned(), address: None };
    match body["msgtype"].as_str().unwrap_or_default() {
        "text" => match text(&body["text"]["content"]) {
            content if content.is_empty() => Err(ApiError(44004, "empty content")),
            content if content.len() > 2048 => Err(ApiError(45002, "content size out of limit")),
            content => Ok(line(&content)),
        },
        "news" => {
            let articles = body["news"]["articles"].as_array().filter(|articles| articles.len() == 1);
            let article = &articles.ok_or(ApiError(45008, "article size out of limit"))?[0];
            let url = text(&article["url"]);
            let address = (!url.is_empty()).then_some(Address { url, words: None });
            Ok(Said { text: format!("{}\n{}", text(&article["title"]), text(&article["description"])), address })
        }
        "image" => Ok(plain("[图片]")),
        "voice" => Ok(plain("[语音]")),
        "video" => Ok(plain("[视频]")),
        "music" => Ok(plain("[音乐]")),
        "miniprogrampage" => Ok(plain("[小程序]")),
        "mpnews" | "mpnewsarticle" => Ok(plain("[图文]")),
        "msgmenu" => Ok(plain(&text(&body["msgmenu"]["head_content"]))),
        "wxcard" => Ok(plain("[卡券]")),
        _ => Err(ApiError(40008, "invalid message type")),
    }
}

/// `POST /cgi-bin/message/custom/send`
/// <https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage>
async fn custom_send(Shared(sim): Shared<Arc<Sim>>, method: Method, RawQuery(raw): RawQuery, body: Bytes) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let body = json_body(&method, &body)?;
        let said = shown(&body)?;
        let now_ms = sim.now_ms();
        sim.change(|state| {
            let phone = receiver(state, &account.appid, &body, ApiError(50005, "user is unsubscribed"))?;
            if !in_window(phone, &account.appid, now_ms) {
                return Err(ApiError(45015, "response out of time limit or subscription is canceled"));
            }
            let id = phone.id.clone();
            state.say(&id, chat(&account.appid, Writer::Account, said, now_ms));
            Ok(done())
        })
    })
    .await
}

/// Puts a template message into its receiver's chat and tells its number, and whether it is new: a `client_msg_id` that
/// was sent before is not.
fn send_template(sim: &Sim, account: &Account, body: &Value) -> Result<(u64, bool), ApiError> {
    if account.kind != Kind::Service {
        return Err(NOT_GRANTED);
    }
    if body["template_id"].as_str().unwrap_or_default().is_empty() {
        return Err(ApiError(40037, "invalid template_id"));
    }
    let data = body["data"].as_object().ok_or(ApiError(47001, "data format error"))?;
    let values = data.values().filter_map(|field| field["value"].as_str());
    let text = values.fold("[模板消息]".to_owned(), |text, value| format!("{text}\n{value}"));
    let url = body["url"].as_str().filter(|url| !url.is_empty());
    let said = Said { text, address: url.map(|url| Address { url: url.to_owned(), words: None }) };
    let (now_ms, fresh) = (sim.now_ms(), 1_000_000_000 + sim.draw(1_000_000_000));
    sim.change(|state| {
        let id = receiver(state, &account.appid, body, ApiError(43004, "require subscribe"))?.id.clone();
        state.templates.retain(|_, (_, at_ms)| now_ms - *at_ms < ONCE_MS);
        if let Some(once) = body["client_msg_id"].as_str() {
            let key = format!("{}/{id}/{once}", account.appid);
            if let Some((sent, _)) = state.templates.get(&key) {
                return Ok((*sent, false));
            }
            state.templates.insert(key, (fresh, now_ms));
        }
        state.say(&id, chat(&account.appid, Writer::Account, said, now_ms));
        Ok((fresh, true))
    })
}

/// `POST /cgi-bin/message/template/send`; a push tells later that it arrived.
/// <https://developers.weixin.qq.com/doc/service/api/notify/template/api_sendtemplatemessage>
async fn template_send(
    Shared(sim): Shared<Arc<Sim>>,
    method: Method,
    RawQuery(raw): RawQuery,
    body: Bytes,
) -> Response {
    with_token(&sim, raw.as_deref(), |account, _| {
        verified(account)?;
        let body = json_body(&method, &body)?;
        let (msgid, new) = send_template(&sim, account, &body)?;
        if new && account.mode == Mode::Developer {
            let openid = body["touser"].as_str().unwrap_or_default().to_owned();
            tokio::spawn(arrived(Arc::clone(&sim), account.clone(), openid, msgid));
        }
        Ok(json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid }))
    })
    .await
}

/// Tells the account's server that a template message arrived.
async fn arrived(sim: Arc<Sim>, account: Account, openid: String, msgid: u64) {
    let (deliveries, _) = deliver(&sim, &account, &openid, &Happening::Arrived(msgid)).await;
    tracing::debug!(deliveries = deliveries.len(), "a template message was reported");
    sim.touch();
}
