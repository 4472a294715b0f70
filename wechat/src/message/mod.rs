//! What followers and the platform say to an account: messages and events, read from their XML.
//! It refuses XML with a known field twice or a needed one missing, and it believes nothing about who sent it.
//!
//! Pages: <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html>,
//! <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_event_pushes.html>

mod reply;

pub use crate::xml::XmlError;
pub use reply::{Article, TEXT_REPLY_MAX_BYTES, news_reply, text_reply};

use crate::xml::{self, Element};

/// A message or an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The account's original id (`gh_…`), not its appid.
    pub to_user_name: String,
    /// The follower's openid under this account.
    pub from_user_name: String,
    /// When it was said, in unix seconds.
    pub create_time: i64,
    /// What was said.
    pub content: Content,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A text.
    Text {
        /// The text as it was typed.
        content: String,
        /// The number of the message.
        msg_id: Option<u64>,
    },
    /// A message of another type: image, voice, location …
    Other {
        /// The `MsgType` as WeChat spells it.
        msg_type: String,
        /// The number of the message.
        msg_id: Option<u64>,
    },
    /// Somebody follows.
    Subscribe {
        /// The scene of a parametric QR code, its `qrscene_` removed.
        scene: Option<String>,
        /// The ticket of that QR code.
        ticket: Option<String>,
        /// The `EventKey` as it came, when it was not empty.
        event_key: Option<String>,
    },
    /// Somebody follows no longer. WeChat wants their data deleted.
    Unsubscribe,
    /// A follower scanned a parametric QR code.
    Scan {
        /// Its scene.
        scene: String,
        /// Its ticket.
        ticket: Option<String>,
    },
    /// A menu entry opened a page.
    View {
        /// The page.
        url: String,
    },
    /// A menu entry was tapped.
    Click {
        /// Its key.
        key: String,
    },
    /// A template message reached its end.
    TemplateSendJobFinish {
        /// The number that the sending answered.
        msg_id: Option<u64>,
        /// `success`, `failed:user block` or `failed: system failed`.
        status: String,
    },
    /// Any other event.
    OtherEvent {
        /// The event as WeChat spells it.
        event: String,
        /// Its key, when it was not empty.
        event_key: Option<String>,
    },
}

impl Message {
    /// The same text for every delivery of the same message, to be kept per account.
    ///
    /// Messages go by their sender and `MsgId`; events, which have none, by who, when, and what.
    pub fn dedupe_key(&self) -> String {
        let (event, key) = match &self.content {
            Content::Text { msg_id: Some(id), .. } | Content::Other { msg_id: Some(id), .. } => {
                return format!("msg:{}:{id}", self.from_user_name);
            }
            Content::Text { content, .. } => ("text", content.clone()),
            Content::Other { msg_type, .. } => (msg_type.as_str(), String::new()),
            Content::Subscribe { event_key, .. } => ("subscribe", event_key.clone().unwrap_or_default()),
            Content::Unsubscribe => ("unsubscribe", String::new()),
            Content::Scan { scene, .. } => ("scan", scene.clone()),
            Content::View { url } => ("view", url.clone()),
            Content::Click { key } => ("click", key.clone()),
            Content::TemplateSendJobFinish { msg_id, .. } => {
                ("templatesendjobfinish", msg_id.map(|id| id.to_string()).unwrap_or_default())
            }
            Content::OtherEvent { event, event_key } => (event.as_str(), event_key.clone().unwrap_or_default()),
        };
        format!("event:{}:{}:{}:{key}", self.from_user_name, self.create_time, event.to_ascii_lowercase(),)
    }
}

/// Reads the XML of a push, decrypted if it came encrypted.
///
/// # Errors
/// [`XmlError`]: the document is refused, a field is missing, or a known field stands there twice.
pub fn parse(xml: &[u8]) -> Result<Message, XmlError> {
    let fields = Fields::of(&xml::read(xml)?)?;
    let msg_type = fields.msg_type.clone();
    let content = if msg_type.eq_ignore_ascii_case("event") {
        event(&fields)?
    } else if msg_type.eq_ignore_ascii_case("text") {
        Content::Text {
            content: fields.content.ok_or(XmlError::Missing("Content"))?,
            msg_id: number("MsgId", fields.msg_id)?,
        }
    } else {
        Content::Other { msg_type, msg_id: number("MsgId", fields.msg_id)? }
    };
    Ok(Message {
        to_user_name: fields.to_user_name,
        from_user_name: fields.from_user_name,
        create_time: fields.create_time,
        content,
    })
}

fn event(fields: &Fields) -> Result<Content, XmlError> {
    let event = fields.event.clone().ok_or(XmlError::Missing("Event"))?;
    let event_key = fields.event_key.clone();
    let key = event_key.clone().unwrap_or_default();
    let ticket = fields.ticket.clone();
    Ok(match event.to_ascii_lowercase().as_str() {
        "subscribe" => Content::Subscribe { scene: key.strip_prefix("qrscene_").map(str::to_owned), ticket, event_key },
        "unsubscribe" => Content::Unsubscribe,
        "scan" => Content::Scan { scene: key, ticket },
        "view" => Content::View { url: key },
        "click" => Content::Click { key },
        "templatesendjobfinish" => Content::TemplateSendJobFinish {
            msg_id: number("MsgID", fields.job_id.clone())?,
            status: fields.status.clone().unwrap_or_default(),
        },
        _ => Content::OtherEvent { event, event_key },
    })
}

/// Every field we know, each found at most once, whatever the type of the message.
struct Fields {
    to_user_name: String,
    from_user_name: String,
    create_time: i64,
    msg_type: String,
    msg_id: Option<String>,
    content: Option<String>,
    event: Option<String>,
    event_key: Option<String>,
    ticket: Option<String>,
    job_id: Option<String>,
    status: Option<String>,
}

impl Fields {
    fn of(root: &Element) -> Result<Fields, XmlError> {
        let word = |name| Ok(root.word(name)?.filter(|text| !text.is_empty()));
        let needed = |name| word(name)?.ok_or(XmlError::Missing(name));
        let create_time = needed("CreateTime")?;
        Ok(Fields {
            to_user_name: needed("ToUserName")?,
            from_user_name: needed("FromUserName")?,
            create_time: create_time.parse().map_err(|_| XmlError::NotANumber("CreateTime"))?,
            msg_type: needed("MsgType")?,
            msg_id: word("MsgId")?,
            content: root.only("Content")?.map(|child| child.text.clone()),
            event: word("Event")?,
            event_key: word("EventKey")?,
            ticket: word("Ticket")?,
            job_id: word("MsgID")?,
            status: word("Status")?,
        })
    }
}

fn number(name: &'static str, text: Option<String>) -> Result<Option<u64>, XmlError> {
    text.map(|text| text.parse().map_err(|_| XmlError::NotANumber(name))).transpose()
}
