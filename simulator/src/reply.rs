//! Passive replies: checks what the server answered and turns it into a line of the chat with its link.
//! It refuses everything that makes real WeChat show its apology: bad XML, swapped names, an unencrypted answer.

use crate::config::{Account, MessageMode};
use crate::crypto::signature;
use crate::xml::{Leaf, leaves};

/// What WeChat shows when a reply is missing or malformed.
pub(crate) const APOLOGY: &str = "该公众号提供的服务出现故障，请稍后再试";

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    /// `success` or nothing: the chat stays as it is.
    Nothing,
    /// Something to show.
    Said(Said),
    /// Something WeChat cannot show.
    Broken,
}

/// A line, the link found in it, and the words that the link stands on (none for a bare address).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) url: Option<String>,
    pub(crate) words: Option<String>,
}

impl Said {
    fn of(text: &str, url: Option<String>) -> Self {
        Self { text: text.to_owned(), url, words: None }
    }
}

/// Understands the body of an answer with status 200.
/// <https://developers.weixin.qq.com/doc/service/guide/product/message/Passive_user_reply_message>
pub(crate) fn understand(account: &Account, openid: &str, body: &[u8]) -> Heard {
    if body.is_empty() || body == b"success" {
        return Heard::Nothing;
    }
    open(account, body).and_then(|document| read(account, openid, &document)).map_or(Heard::Broken, Heard::Said)
}

fn find<'a>(document: &'a [Leaf], path: &str) -> Option<&'a str> {
    document.iter().find(|leaf| leaf.path == path).map(|leaf| leaf.text.as_str())
}

/// The reply's fields, out of their envelope where the mode wants one.
fn open(account: &Account, body: &[u8]) -> Option<Vec<Leaf>> {
    let outer = leaves(body).ok()?;
    if account.message_mode == MessageMode::Plain {
        return Some(outer);
    }
    let field = |name: &str| find(&outer, name).map(str::trim);
    let sealed = field("Encrypt")?;
    let (timestamp, nonce) = (field("TimeStamp")?, field("Nonce")?);
    let token = account.token.as_deref()?;
    if field("MsgSignature")? != signature(&[token, timestamp, nonce, sealed]) {
        return None;
    }
    let (message, appid) = account.aes_key()?.decrypt(sealed).ok()?;
    if appid == account.appid { leaves(message.as_bytes()).ok() } else { None }
}

fn read(account: &Account, openid: &str, document: &[Leaf]) -> Option<Said> {
    let get = |path: &str| find(document, path);
    if get("ToUserName")? != openid || get("FromUserName")? != account.original_id {
        return None;
    }
    get("CreateTime")?.trim().parse::<i64>().ok()?;
    match get("MsgType")? {
        "text" => {
            let content = get("Content").filter(|content| !content.is_empty() && content.len() <= 2048)?;
            Some(line(content))
        }
        "news" => {
            let (title, description) =
                (get("Articles/item/Title")?, get("Articles/item/Description").unwrap_or_default());
            let url = get("Articles/item/Url").map(str::to_owned).filter(|url| !url.is_empty());
            let text = [title, description].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            Some(Said::of(&text.join("\n"), url))
        }
        "image" => get("Image/MediaId").map(|_| Said::of("[图片]", None)),
        "voice" => get("Voice/MediaId").map(|_| Said::of("[语音]", None)),
        "video" => get("Video/MediaId").map(|_| Said::of("[视频]", None)),
        "music" => Some(Said::of("[音乐]", get("Music/MusicUrl").map(str::to_owned))),
        "transfer_customer_service" => Some(Said::of("[转接人工客服]", None)),
        _ => None,
    }
}

/// A text as the chat shows it: tags gone, their words kept, the first link beside it.
pub(crate) fn line(content: &str) -> Said {
    let (mut text, mut rest) = (String::new(), content);
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        let tag = &rest[open..];
        let is_anchor = tag.starts_with("<a ") || tag.starts_with("</a>");
        match tag.find('>') {
            Some(close) if is_anchor => rest = &tag[close + 1..],
            _ => {
                text.push('<');
                rest = &tag[1..];
            }
        }
    }
    text.push_str(rest);
    match anchor(content) {
        Some((url, words)) => Said { text, url: Some(url), words: Some(words) },
        None => Said { text, url: bare(content), words: None },
    }
}

/// The address of the first `<a href>`, and the words inside it.
fn anchor(content: &str) -> Option<(String, String)> {
    let (tag, inside) = content[content.find("<a ")?..].split_once('>')?;
    let words = inside.split("</a>").next()?;
    let value = tag.split_once("href=")?.1;
    let quote = value.chars().next().filter(|quote| *quote == '"' || *quote == '\'')?;
    let url = value[1..].split(quote).next()?;
    is_web(url).then(|| (url.to_owned(), words.to_owned()))
}

/// The first bare address, which ends at white space.
fn bare(content: &str) -> Option<String> {
    let at = [content.find("http://"), content.find("https://")].into_iter().flatten().min()?;
    content[at..].split(char::is_whitespace).next().map(str::to_owned)
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_gives_its_words_and_its_address() {
        let said = line("你好，<a href=\"http://h/c/demo?t=1&x=2\">点我领红包</a>，1 < 2");
        assert_eq!(said.text, "你好，点我领红包，1 < 2");
        assert_eq!(said.url.as_deref(), Some("http://h/c/demo?t=1&x=2"));
        assert_eq!(said.words.as_deref(), Some("点我领红包"));
    }

    #[test]
    fn a_bare_address_ends_at_white_space() {
        let said = line("领红包：https://h/c/demo?t=1\n48 小时内有效");
        assert_eq!(said.url.as_deref(), Some("https://h/c/demo?t=1"));
        assert_eq!(line("没有链接").url, None);
    }
}
