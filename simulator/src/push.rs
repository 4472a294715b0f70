//! The message push: builds an event as WeChat does, delivers it up to three times, and understands the reply.
//! It refuses a plain reply where the account's mode wants an encrypted one, as the real platform does.

use serde::Serialize;
use tokio::time::Instant;

use crate::config::{Account, MessageMode};
use crate::crypto::signature;
use crate::faults::{Kind, On, Strike};
use crate::reply::{self, Heard};
use crate::sim::Sim;
use crate::xml::cdata;

/// A reply longer than this is malformed.
const REPLY_MAX: usize = 64 * 1024;

/// What happened on a phone.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    Subscribe {
        scene: Option<(String, String)>,
    },
    Scan {
        scene: String,
        ticket: String,
    },
    Unsubscribe,
    Text(String),
    /// A template message with this number arrived.
    Arrived(u64),
}

/// One delivery, as the control calls report it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    ms: u64,
}

/// A request ready to go out.
struct Parcel {
    url: String,
    body: String,
}

/// The push's inner XML.
/// <https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes>
fn message(sim: &Sim, account: &Account, openid: &str, happening: &Happening, at_secs: i64) -> String {
    let inner = match happening {
        Happening::Subscribe { scene: None } => event("subscribe", "", None),
        Happening::Subscribe { scene: Some((scene, ticket)) } => {
            event("subscribe", &format!("qrscene_{scene}"), Some(ticket))
        }
        Happening::Scan { scene, ticket } => event("SCAN", scene, Some(ticket)),
        Happening::Unsubscribe => event("unsubscribe", "", None),
        Happening::Arrived(msgid) => format!(
            "<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[TEMPLATESENDJOBFINISH]]></Event>\n\
             <MsgID>{msgid}</MsgID>\n<Status><![CDATA[success]]></Status>\n"
        ),
        Happening::Text(text) => format!(
            "<MsgType><![CDATA[text]]></MsgType>\n<Content>{}</Content>\n<MsgId>{}</MsgId>\n",
            cdata(text),
            sim.digits(17)
        ),
    };
    format!(
        "<xml><ToUserName>{}</ToUserName>\n<FromUserName>{}</FromUserName>\n<CreateTime>{at_secs}</CreateTime>\n{inner}</xml>",
        cdata(&account.original_id),
        cdata(openid),
    )
}

fn event(name: &str, key: &str, ticket: Option<&str>) -> String {
    let ticket = ticket.map(|ticket| format!("<Ticket>{}</Ticket>\n", cdata(ticket))).unwrap_or_default();
    format!(
        "<MsgType><![CDATA[event]]></MsgType>\n<Event><![CDATA[{name}]]></Event>\n<EventKey>{}</EventKey>\n{ticket}",
        cdata(key)
    )
}

/// The address of the account's server, signed.
fn callback(sim: &Sim, account: &Account, token: &str, timestamp: &str, nonce: &str) -> String {
    let signature = signature(&[token, timestamp, nonce]);
    let (server, appid) = (&sim.places.server, &account.appid);
    format!("{server}/wechat/{appid}?signature={signature}&timestamp={timestamp}&nonce={nonce}")
}

/// What the console does when a URL is entered: asks the server for an echo, and says in one sentence what was wrong.
/// <https://developers.weixin.qq.com/doc/service/guide/dev/push/>
pub(crate) async fn verify(sim: &Sim, account: &Account) -> Result<(), String> {
    let token = account.token.as_deref().ok_or("the account has no token")?;
    let (timestamp, nonce, echostr) = ((sim.now_ms() / 1000).to_string(), sim.digits(10), sim.digits(19));
    let url = format!("{}&echostr={echostr}", callback(sim, account, token, &timestamp, &nonce));
    match in_time(sim, exchange(sim.http.get(url))).await? {
        (200, body) if body == echostr.as_bytes() => Ok(()),
        (200, _) => Err("the server answered something else than the echostr".to_owned()),
        (status, _) => Err(format!("the server answered {status}")),
    }
}

/// Signs and, where the mode wants it, encrypts one delivery.
fn parcel(sim: &Sim, account: &Account, openid: &str, message: &str) -> Parcel {
    let token = account.token.as_deref().unwrap_or_default();
    let (timestamp, nonce) = ((sim.now_ms() / 1000).to_string(), sim.digits(10));
    let mut url = format!("{}&openid={openid}", callback(sim, account, token, &timestamp, &nonce));
    let key = match account.message_mode {
        MessageMode::Plain => None,
        MessageMode::Compatible | MessageMode::Safe => account.aes_key(),
    };
    let Some(key) = key else { return Parcel { url, body: message.to_owned() } };
    let sealed = key.encrypt(&account.appid, sim.bytes(), message);
    let covered = signature(&[token, &timestamp, &nonce, &sealed]);
    url.push_str(&format!("&encrypt_type=aes&msg_signature={covered}"));
    let envelope = format!("<Encrypt>{}</Encrypt>\n", cdata(&sealed));
    let body = match account.message_mode {
        MessageMode::Compatible => {
            // What a follower wrote may hold the same tag: only the last one closes the document.
            format!("{}{envelope}</xml>", message.strip_suffix("</xml>").unwrap_or(message))
        }
        MessageMode::Plain | MessageMode::Safe => {
            format!("<xml>\n    <ToUserName>{}</ToUserName>\n    {envelope}</xml>\n", cdata(&account.original_id))
        }
    };
    Parcel { url, body }
}

/// Delivers what happened, again while nobody answers, and tells what came of it. Of two answers to a doubled push the
/// first one counts.
pub(crate) async fn deliver(
    sim: &Sim,
    account: &Account,
    openid: &str,
    happening: &Happening,
) -> (Vec<Delivery>, Heard) {
    let message = message(sim, account, openid, happening, sim.now_ms() / 1000);
    let mut deliveries = Vec::new();
    let mut heard = Heard::Broken;
    for _ in 0..sim.push_attempts.max(1) {
        let strike = sim.faults.strike(On::Push);
        let parcel = parcel(sim, account, openid, &message);
        let mut rounds = vec![strike.clone()];
        if strike.as_ref().is_some_and(|strike| strike.kind == Kind::Duplicate) {
            rounds.push(None);
        }
        let mut answered = false;
        for strike in rounds {
            let (delivery, body) = attempt(sim, &parcel, strike.as_ref()).await;
            deliveries.push(delivery);
            if let Some(body) = body
                && !answered
            {
                answered = true;
                heard = reply::understand(account, openid, &body);
            }
        }
        if answered {
            break;
        }
    }
    (deliveries, heard)
}

/// One delivery; the body is there only when the server answered 200 in time.
async fn attempt(sim: &Sim, parcel: &Parcel, strike: Option<&Strike>) -> (Delivery, Option<Vec<u8>>) {
    let began = Instant::now();
    let result = match strike.map(|strike| (strike.kind, strike)) {
        Some((Kind::LostRequest, _)) => Err("the request was lost".to_owned()),
        Some((Kind::Delay, strike)) => in_time(sim, async { late(post(sim, parcel).await, strike).await }).await,
        Some((Kind::DelayBefore, strike)) => {
            strike.wait().await;
            in_time(sim, post(sim, parcel)).await
        }
        Some((Kind::LostAnswer, _)) => in_time(sim, post(sim, parcel)).await.and(Err("the answer was lost".to_owned())),
        _ => in_time(sim, post(sim, parcel)).await,
    };
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok((200, body)) => (Delivery { status: Some(200), error: None, ms }, Some(body)),
        Ok((status, _)) => {
            let error = Some(format!("the server answered {status}"));
            (Delivery { status: Some(status), error, ms }, None)
        }
        Err(error) => (Delivery { status: None, error: Some(error), ms }, None),
    }
}

/// What a server answered: its status and its body.
type Answered = Result<(u16, Vec<u8>), String>;

/// An answer on a slow line.
async fn late(answered: Answered, strike: &Strike) -> Answered {
    strike.wait().await;
    answered
}

/// An answer, if it comes before WeChat's patience ends.
async fn in_time(sim: &Sim, answer: impl Future<Output = Answered>) -> Answered {
    let late = || Err(format!("no answer within {} ms", sim.push_timeout.as_millis()));
    tokio::time::timeout(sim.push_timeout, answer).await.unwrap_or_else(|_| late())
}

async fn post(sim: &Sim, parcel: &Parcel) -> Answered {
    let request = sim
        .http
        .post(&parcel.url)
        .header("content-type", "text/xml")
        .header("user-agent", "Mozilla/4.0")
        .header("accept", "*/*")
        .header("pragma", "no-cache")
        .body(parcel.body.clone());
    exchange(request).await
}

/// Sends a request and reads as much of its answer as a reply may have.
async fn exchange(request: reqwest::RequestBuilder) -> Answered {
    let mut response = request.send().await.map_err(said)?;
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(said)? {
        body.extend_from_slice(&part);
        if body.len() > REPLY_MAX {
            break;
        }
    }
    Ok((response.status().as_u16(), body))
}

/// An HTTP error in words, without the address and its signature.
fn said(error: reqwest::Error) -> String {
    let error = error.without_url();
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
