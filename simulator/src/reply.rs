//! Passive replies: checks what the server answered and turns it into a line of the chat with its link.
//! It refuses everything that makes real WeChat show its apology: bad XML, swapped names, an unencrypted answer.

use url::Url;

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

/// A line and the address found in it: the first one that is a claim link, else the first one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) address: Option<Address>,
}

/// An address, and the words that it stands on (none for a bare one).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) words: Option<String>,
}

impl Address {
    /// Whether this leads to a claim page, `/c/{campaign}`.
    pub(crate) fn is_claim(&self) -> bool {
        Url::parse(&self.url).is_ok_and(|url| url.path().starts_with("/c/"))
    }
}

impl Said {
    fn of(text: &str, addresses: Vec<Address>) -> Self {
        let claim = addresses.iter().position(Address::is_claim).unwrap_or(0);
        Self { text: text.to_owned(), address: addresses.into_iter().nth(claim) }
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
            let text = [title, description].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
            Some(Said::of(&text.join("\n"), bare(document, "Articles/item/Url")))
        }
        "image" => get("Image/MediaId").map(|_| Said::of("[图片]", Vec::new())),
        "voice" => get("Voice/MediaId").map(|_| Said::of("[语音]", Vec::new())),
        "video" => get("Video/MediaId").map(|_| Said::of("[视频]", Vec::new())),
        "music" => Some(Said::of("[音乐]", bare(document, "Music/MusicUrl"))),
        "transfer_customer_service" => Some(Said::of("[转接人工客服]", Vec::new())),
        _ => None,
    }
}

/// The addresses that stand alone in fields of this path.
fn bare(document: &[Leaf], path: &str) -> Vec<Address> {
    let fields = document.iter().filter(|leaf| leaf.path == path && !leaf.text.is_empty());
    fields.map(|leaf| Address { url: leaf.text.clone(), words: None }).collect()
}

/// A text as the chat shows it: tags gone, their words kept, its link beside it.
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
    Said::of(&text, addresses(content))
}

/// All addresses of a text in their order: those of `<a href>`, and bare ones, which end at white space.
fn addresses(content: &str) -> Vec<Address> {
    let (mut found, mut rest) = (Vec::new(), content);
    while let Some(at) = ["<a ", "http://", "https://"].iter().filter_map(|start| rest.find(start)).min() {
        rest = &rest[at..];
        if !rest.starts_with("<a ") {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            found.push(Address { url: rest[..end].to_owned(), words: None });
            rest = &rest[end..];
        } else if let Some((address, behind)) = anchor(rest) {
            found.push(address);
            rest = behind;
        } else {
            rest = &rest["<a ".len()..];
        }
    }
    found
}

/// The address of the `<a href>` at the beginning, and the text behind it.
fn anchor(content: &str) -> Option<(Address, &str)> {
    let (tag, inside) = content.split_once('>')?;
    let (words, behind) = inside.split_once("</a>").unwrap_or((inside, ""));
    let value = tag.split_once("href=")?.1;
    let quote = value.chars().next().filter(|quote| *quote == '"' || *quote == '\'')?;
    let url = value[1..].split(quote).next().filter(|url| is_web(url))?;
    Some((Address { url: url.to_owned(), words: Some(words.to_owned()) }, behind))
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(content: &str) -> Option<(String, Option<String>)> {
        line(content).address.map(|address| (address.url, address.words))
    }

    #[test]
    fn an_anchor_gives_its_words_and_its_address() {
        let text = "你好，<a href=\"http://h/c/demo?t=1&x=2\">点我领红包</a>，1 < 2";
        assert_eq!(line(text).text, "你好，点我领红包，1 < 2");
        assert_eq!(address(text), Some(("http://h/c/demo?t=1&x=2".into(), Some("点我领红包".into()))));
    }

    #[test]
    fn a_bare_address_ends_at_white_space() {
        let found = address("领红包：https://h/c/demo?t=1\n48 小时内有效");
        assert_eq!(found, Some(("https://h/c/demo?t=1".into(), None)));
        assert_eq!(address("没有链接"), None);
    }

    #[test]
    fn the_claim_link_is_found_among_others() {
        let text =
            "先看 http://h/p/demo 和 <a href='http://h/l/x?to=/c/demo'>这里</a>，再 <a href='http://h/c/demo'>领</a>";
        let found = line(text).address.unwrap();
        assert!(found.is_claim());
        assert_eq!((found.url.as_str(), found.words.as_deref()), ("http://h/c/demo", Some("领")));
        let other = line("<a name='x'>a</a> <a href='http://h/p/demo'>b</a>").address.unwrap();
        assert!(!other.is_claim() && other.url == "http://h/p/demo");
    }
}
