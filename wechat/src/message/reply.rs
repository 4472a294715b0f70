//! Passive replies: the XML that answers a push.
//! It only writes; sealing belongs to [`crate::callback::seal_reply`], and nothing here cuts a text that is too long.
//!
//! Page: <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Passive_user_reply_message.html>

use crate::xml::cdata;

/// The longest text that a passive reply may hold, in bytes of UTF-8.
pub const TEXT_REPLY_MAX_BYTES: usize = 2048;

/// One article of a news reply. WeChat takes one; more only in replies to some events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// The headline.
    pub title: String,
    /// The text below it.
    pub description: String,
    /// The picture's address.
    pub pic_url: String,
    /// What opens when it is tapped.
    pub url: String,
}

/// A text. `to` is the follower's openid, `from` the account's `gh_…` id, `create_time` in unix seconds.
pub fn text_reply(to: &str, from: &str, create_time: i64, content: &str) -> String {
    let body = format!("<Content>{}</Content>", cdata(content));
    envelope(to, from, create_time, "text", &body)
}

/// Articles with a picture. `to` is the follower's openid, `from` the account's `gh_…` id, `create_time` in unix seconds.
pub fn news_reply(to: &str, from: &str, create_time: i64, articles: &[Article]) -> String {
    let items: String = articles.iter().map(item).collect();
    let body = format!("<ArticleCount>{}</ArticleCount><Articles>{items}</Articles>", articles.len());
    envelope(to, from, create_time, "news", &body)
}

fn item(article: &Article) -> String {
    format!(
        "<item><Title>{}</Title><Description>{}</Description><PicUrl>{}</PicUrl><Url>{}</Url></item>",
        cdata(&article.title),
        cdata(&article.description),
        cdata(&article.pic_url),
        cdata(&article.url),
    )
}

fn envelope(to: &str, from: &str, create_time: i64, msg_type: &str, body: &str) -> String {
    format!(
        "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName>\
         <CreateTime>{create_time}</CreateTime><MsgType>{}</MsgType>{body}</xml>",
        cdata(to),
        cdata(from),
        cdata(msg_type),
    )
}
