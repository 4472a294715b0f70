//! Official accounts: what kind they are, how they speak to us, and what that allows.
//! Refuses to hold a secret; secrets stay sealed in the engine.

use crate::ids::{AccountId, Appid, OriginalId};
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order a form lists them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name that tables, URLs and exports use.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::ids::NotAName;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(crate::ids::NotAName { what: stringify!($type) }),
                }
            }
        }
    };
}
pub(crate) use names;

/// What WeChat calls the account: 订阅号 or 服务号.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 订阅号: cannot identify readers by web OAuth.
    Subscription,
    /// 服务号: verified, can identify readers and pay.
    Service,
}
names!(Kind { Subscription = "subscription", Service = "service" });

/// Who answers a follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The account's console answers by itself; no push reaches us.
    Edit,
    /// WeChat pushes every event to us and we answer.
    Developer,
}
names!(Mode { Edit = "edit", Developer = "developer" });

/// How pushes are wrapped.
/// <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageMode {
    /// 明文模式.
    Plain,
    /// 兼容模式: plain fields and an envelope; only the envelope is believed.
    Compatible,
    /// 安全模式: an envelope only.
    Safe,
}
names!(MessageMode { Plain = "plain", Compatible = "compatible", Safe = "safe" });

/// What a follow of a service account brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFollow {
    /// A reply with a personal link to the claim page.
    #[default]
    Reply,
    /// The packet itself: the follow makes the claim, and the reply tells the amount.
    Pay,
}
names!(OnFollow { Reply = "reply", Pay = "pay" });

/// One official account as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Our row.
    pub id: AccountId,
    /// WeChat's id of the account.
    pub appid: Appid,
    /// `gh_…`, the name used inside pushes.
    pub original_id: OriginalId,
    /// The name followers know.
    pub name: String,
    /// Subscription or service account.
    pub kind: Kind,
    /// Edit or developer mode.
    pub mode: Mode,
    /// How pushes are wrapped (developer mode).
    pub message_mode: MessageMode,
    /// What a follow brings; only a service account can pay.
    pub on_follow: OnFollow,
    /// One emoji or character shown as the account's icon.
    pub icon: String,
    /// What the account's QR image encodes; empty when not given.
    pub qr: String,
    /// The account's article or profile link on WeChat's hosts; empty when not given.
    pub follow_url: String,
    /// True when an AppSecret is stored.
    pub has_appsecret: bool,
    /// True when the callback's token is stored.
    pub has_token: bool,
    /// True when the callback's EncodingAESKey is stored.
    pub has_aes_key: bool,
    /// Until when the former mode's evidence is still accepted after a switch.
    pub grace_until: Option<UnixMs>,
    /// When staff took it out of use.
    pub retired_at: Option<UnixMs>,
}

impl Account {
    /// True when the token is stored, and the AES key where pushes are encrypted: what verifying a push takes.
    pub const fn can_open_pushes(&self) -> bool {
        self.has_token && (self.has_aes_key || matches!(self.message_mode, MessageMode::Plain))
    }

    /// True while an edit-mode link may stand as evidence.
    pub fn accepts_edit_key(&self, now: UnixMs) -> bool {
        self.retired_at.is_none() && (self.mode == Mode::Edit || self.grace_until.is_some_and(|until| now < until))
    }
}

/// What staff enter to add or change an account. An empty secret keeps the one stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of Account, as typed")]
pub struct AccountForm {
    pub name: String,
    pub appid: String,
    pub original_id: String,
    pub kind: String,
    pub mode: String,
    pub message_mode: String,
    pub on_follow: String,
    pub icon: String,
    pub qr: String,
    pub follow_url: String,
    pub appsecret: String,
    pub token: String,
    pub encoding_aes_key: String,
}

/// One field of a form and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the form.
    pub field: String,
    /// One sentence.
    pub why: String,
}

impl FieldError {
    /// `field` is wrong because `why`.
    pub fn new(field: &str, why: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into() }
    }
}

/// An account form whose every field has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Account")]
pub struct CheckedAccount {
    pub name: String,
    pub appid: Appid,
    pub original_id: OriginalId,
    pub kind: Kind,
    pub mode: Mode,
    pub message_mode: MessageMode,
    pub on_follow: OnFollow,
    pub icon: String,
    pub qr: String,
    pub follow_url: String,
    pub appsecret: Option<String>,
    pub token: Option<String>,
    pub encoding_aes_key: Option<String>,
}

impl AccountForm {
    /// Reads every field; all that is wrong comes back at once, in the language `lang`.
    pub fn check(&self, lang: crate::say::Lang) -> Result<CheckedAccount, Vec<FieldError>> {
        use crate::say::account as say;
        let mut errors = Vec::new();
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 30 {
            errors.push(FieldError::new("name", say::name_wrong(lang)));
        }
        let appid = Appid::try_from(self.appid.trim());
        let original_id = OriginalId::try_from(self.original_id.trim());
        if appid.is_err() {
            errors.push(FieldError::new("appid", say::appid_wrong(lang)));
        }
        if original_id.is_err() {
            errors.push(FieldError::new("original_id", say::original_id_wrong(lang)));
        }
        for (field, link) in [("follow_url", &self.follow_url), ("qr", &self.qr)] {
            if !wechat_link(link) {
                errors.push(FieldError::new(field, say::link_wrong(lang)));
            }
        }
        let aes = some(&self.encoding_aes_key);
        if aes.as_ref().is_some_and(|key| key.len() != 43 || !key.bytes().all(|b| b.is_ascii_alphanumeric())) {
            errors.push(FieldError::new("encoding_aes_key", say::aes_key_wrong(lang)));
        }
        let token = some(&self.token);
        if token.as_ref().is_some_and(|t| !(3..=32).contains(&t.len()) || !t.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            errors.push(FieldError::new("token", say::token_wrong(lang)));
        }
        let (Ok(kind), Ok(mode)) = (self.kind.parse(), self.mode.parse()) else {
            errors.push(FieldError::new("kind", say::kind_wrong(lang)));
            return Err(errors);
        };
        let on_follow = self.on_follow.parse().unwrap_or_default();
        if on_follow == OnFollow::Pay && (kind, mode) != (Kind::Service, Mode::Developer) {
            errors.push(FieldError::new("on_follow", say::on_follow_wrong(lang)));
        }
        let (Ok(appid), Ok(original_id), true) = (appid, original_id, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(CheckedAccount {
            name,
            appid,
            original_id,
            kind,
            mode,
            message_mode: self.message_mode.parse().unwrap_or(MessageMode::Safe),
            on_follow,
            icon: self.icon.trim().chars().take(8).collect(),
            qr: self.qr.trim().to_owned(),
            follow_url: self.follow_url.trim().to_owned(),
            appsecret: some(&self.appsecret),
            token,
            encoding_aes_key: aes,
        })
    }
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// True for nothing, or a link to WeChat's own hosts: staff may send followers nowhere else.
fn wechat_link(link: &str) -> bool {
    let link = link.trim();
    if link.is_empty() {
        return true;
    }
    ["https://mp.weixin.qq.com/", "https://weixin.qq.com/", "http://weixin.qq.com/"]
        .iter()
        .any(|host| link.starts_with(host))
        && link.len() <= 500
        && !link.contains(|c: char| c.is_whitespace() || c.is_control() || "\"'<>\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::say::Lang;

    fn form() -> AccountForm {
        AccountForm {
            name: "山野咖啡".into(),
            appid: "wx1a2b3c4d5e6f0001".into(),
            original_id: "gh_shanye".into(),
            kind: "subscription".into(),
            mode: "developer".into(),
            message_mode: "safe".into(),
            encoding_aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG".into(),
            token: "token2026".into(),
            ..AccountForm::default()
        }
    }

    #[test]
    fn a_whole_form_passes_and_every_wrong_field_is_named() {
        assert!(form().check(Lang::Zh).is_ok());
        let wrong = AccountForm {
            name: " ".into(),
            appid: "wx/..".into(),
            original_id: String::new(),
            encoding_aes_key: "short".into(),
            token: "a".into(),
            follow_url: "https://mp.weixin.qq.com.evil.example/".into(),
            qr: "javascript:alert(1)".into(),
            ..form()
        };
        let fields: Vec<_> = wrong.check(Lang::En).unwrap_err().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["name", "appid", "original_id", "follow_url", "qr", "encoding_aes_key", "token"]);
    }

    #[test]
    fn an_edit_key_stands_only_in_edit_mode_or_its_grace() {
        let account = |mode, grace: Option<i64>, retired: Option<i64>| Account {
            id: AccountId(1),
            appid: "wx1234".try_into().unwrap(),
            original_id: "gh_x".try_into().unwrap(),
            name: String::new(),
            kind: Kind::Subscription,
            mode,
            message_mode: MessageMode::Plain,
            on_follow: OnFollow::Reply,
            icon: String::new(),
            qr: String::new(),
            follow_url: String::new(),
            has_appsecret: false,
            has_token: false,
            has_aes_key: false,
            grace_until: grace.map(UnixMs),
            retired_at: retired.map(UnixMs),
        };
        let now = UnixMs(1000);
        assert!(account(Mode::Edit, None, None).accepts_edit_key(now));
        assert!(!account(Mode::Developer, None, None).accepts_edit_key(now));
        assert!(account(Mode::Developer, Some(1001), None).accepts_edit_key(now));
        assert!(!account(Mode::Developer, Some(1000), None).accepts_edit_key(now));
        assert!(!account(Mode::Edit, None, Some(1)).accepts_edit_key(now));
    }
}
