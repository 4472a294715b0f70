//! Follows as WeChat pushes them to an account in safe mode, and the links in the replies.
//! Refuses a reply that it cannot open as WeChat does.

use crate::load::Run;
use engine::Draw;
use rules::ids::{Openid, TicketCode};
use wechat::callback::{self, Keys, Query};
use wechat::message::Content;

/// The demo's subscription account in safe mode.
pub const SHOP: &str = "wx1a2b3c4d5e6f0001";

/// `n` new people and the pushes of their follows at `secs`. `batch` keeps them apart from those before.
pub fn follows(keys: &Keys, secs: i64, batch: usize, n: usize) -> (Vec<Openid>, Vec<Vec<u8>>) {
    (0..n)
        .map(|i| {
            let openid = Openid::try_from(format!("oBench-{batch:04}-{i:016}")).expect("an openid's letters");
            let push = follow(keys, &openid, secs, &format!("{batch:04}{i:08}"));
            (openid, push)
        })
        .unzip()
}

fn follow(keys: &Keys, openid: &Openid, secs: i64, nonce: &str) -> Vec<u8> {
    let xml = format!(
        "<xml><ToUserName><![CDATA[gh_shanyecoffee]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
         <CreateTime>{secs}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>\
         <EventKey><![CDATA[]]></EventKey></xml>"
    );
    // A sealed reply and a sealed push are one format: only the place of the signature differs.
    let sealed = callback::seal_reply(keys, &keys.aes_keys[0], &xml, secs, nonce, Draw::system().bytes());
    let covered = word(&sealed, "MsgSignature");
    let signature = callback::signature(&[&keys.token, &secs.to_string(), nonce]);
    let path = format!(
        "/wechat/{SHOP}?signature={signature}&timestamp={secs}&nonce={nonce}&openid={openid}\
         &encrypt_type=aes&msg_signature={covered}"
    );
    let body = format!(
        "<xml><ToUserName><![CDATA[gh_shanyecoffee]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt></xml>",
        word(&sealed, "Encrypt")
    );
    post(&path, "text/xml", "", &body)
}

/// Opens the sealed replies as WeChat does and takes each person's ticket out of them.
pub fn tickets(keys: &Keys, now_secs: i64, run: &Run) -> Result<Vec<TicketCode>, String> {
    // A reply is written to the person, not to the account.
    let keys = &Keys { original_id: String::new(), ..keys.clone() };
    let ticket = |answer: &String| {
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let query = Query {
            timestamp: Some(between(body, "<TimeStamp>", "</TimeStamp>").to_owned()),
            nonce: Some(word(body, "Nonce").to_owned()),
            encrypt_type: Some("aes".to_owned()),
            msg_signature: Some(word(body, "MsgSignature").to_owned()),
            ..Query::default()
        };
        let reply = callback::open(keys, &query, body.as_bytes(), now_secs).map_err(|e| format!("a reply: {e}"))?;
        let Content::Text { content, .. } = reply.message.content else {
            return Err("a reply is no text".to_owned());
        };
        let code = between(&content, "?t=", "\"");
        TicketCode::try_from(code).map_err(|_| format!("a reply without its link: {content}"))
    };
    run.answers.iter().map(ticket).collect()
}

/// The bytes of a POST.
pub fn post(path: &str, content_type: &str, cookie: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\nCookie: {cookie}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The text of an element that stands in CDATA.
fn word<'a>(xml: &'a str, name: &str) -> &'a str {
    between(xml, &format!("<{name}><![CDATA["), "]]>")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}
