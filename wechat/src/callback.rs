//! The account's callback: URL verification, opening a push, sealing a reply.
//! It refuses whatever is not signed, not fresh, or not encrypted where the account demands it; it answers nobody.
//!
//! Pages: <https://developers.weixin.qq.com/doc/offiaccount/Basic_Information/Access_Overview.html>,
//! <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html>

use crate::crypto::{CryptoError, EncodingAesKey};
use crate::message::{self, Message};
use crate::xml::{self, XmlError, cdata};
use serde::Deserialize;
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

/// How far a timestamp may be from our clock, in seconds, either way.
pub const FRESH_SECS: u64 = 300;
/// The longest push that is looked at, in bytes.
pub const MAX_PUSH_BYTES: usize = 256 * 1024;

/// The message mode that the account's console shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageMode {
    /// 明文: pushes and replies in plain.
    Plain,
    /// 兼容: pushes carry both; only the encrypted part is believed, and replies are encrypted.
    Compatible,
    /// 安全: pushes and replies are encrypted.
    Safe,
}

/// What an account's console and we have agreed on.
#[derive(Clone)]
pub struct Keys {
    /// The account's appid.
    pub appid: String,
    /// The Token of the server configuration.
    pub token: String,
    /// The message mode.
    pub mode: MessageMode,
    /// The EncodingAESKey first, then the one before it, for as long as both are seen.
    pub aes_keys: Vec<EncodingAesKey>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("appid", &self.appid)
            .field("token", &"Secret")
            .field("mode", &self.mode)
            .field("aes_keys", &self.aes_keys)
            .finish()
    }
}

/// The query of a callback, as it came.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Query {
    /// SHA-1 over token, timestamp and nonce; there in every mode.
    pub signature: Option<String>,
    /// Unix seconds.
    pub timestamp: Option<String>,
    /// A random word.
    pub nonce: Option<String>,
    /// Only in the verification of the URL: what to answer.
    pub echostr: Option<String>,
    /// `aes` when the body is encrypted.
    pub encrypt_type: Option<String>,
    /// SHA-1 over token, timestamp, nonce and the encrypted text.
    pub msg_signature: Option<String>,
    /// The sender; not always there, never signed, never believed.
    pub openid: Option<String>,
}

/// Why a callback is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A signature is missing or wrong.
    #[error("the signature is missing or does not fit")]
    Signature,
    /// The timestamp is more than five minutes away, or not a number.
    #[error("the timestamp is not of these minutes")]
    Stale,
    /// A plain push to an account that encrypts.
    #[error("the push is not encrypted although the account is not in plain mode")]
    NotEncrypted,
    /// The encrypted part cannot be taken apart.
    #[error("the encrypted part of the push cannot be opened")]
    Envelope,
    /// The padding inside is broken.
    #[error("the padding of the encrypted push is broken")]
    Padding,
    /// Encrypted for another account.
    #[error("the push was encrypted for another appid")]
    WrongAppid,
    /// The XML is refused.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// Longer than any push of WeChat.
    #[error("the push is too long")]
    TooLarge,
}

/// A push that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// What it says.
    pub message: Message,
    /// The key that opened it, when it came encrypted: the reply must be sealed with the same one.
    pub opened_with: Option<EncodingAesKey>,
}

/// SHA-1 over the sorted and joined parts, in lower-case hex: `signature` and `msg_signature` alike.
pub fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex::encode(Sha1::digest(parts.concat()))
}

/// Verifies the GET of the server configuration; answer the returned text, byte for byte and nothing else.
///
/// # Errors
/// [`Rejected::Signature`] or [`Rejected::Stale`].
pub fn verify_url(keys: &Keys, query: &Query, now_secs: i64) -> Result<String, Rejected> {
    check(query.signature.as_deref(), keys, query, None)?;
    fresh(query, now_secs)?;
    query.echostr.clone().ok_or(Rejected::Signature)
}

/// Verifies and opens the POST of a push.
///
/// With `encrypt_type=aes` only the encrypted part is believed, in compatible and safe mode alike; a push in
/// plain is believed only for an account in plain mode.
///
/// # Errors
/// [`Rejected`]; answer 403 and nothing more.
pub fn open(keys: &Keys, query: &Query, body: &[u8], now_secs: i64) -> Result<Push, Rejected> {
    if body.len() > MAX_PUSH_BYTES {
        return Err(Rejected::TooLarge);
    }
    let says_aes = query.encrypt_type.as_deref() == Some("aes");
    if query.signature.is_some() || !says_aes {
        check(query.signature.as_deref(), keys, query, None)?;
    }
    let encrypted = if says_aes { xml::read(body)?.word("Encrypt")? } else { None };
    let Some(encrypted) = encrypted else {
        // Who says "encrypted" and sends nothing encrypted is not believed in plain either.
        return if says_aes { Err(Rejected::NotEncrypted) } else { open_plain(keys, query, body, now_secs) };
    };
    check(query.msg_signature.as_deref(), keys, query, Some(&encrypted))?;
    fresh(query, now_secs)?;
    let (key, inner) = decrypt(keys, &encrypted)?;
    Ok(Push { message: message::parse(&inner)?, opened_with: Some(key.clone()) })
}

fn open_plain(keys: &Keys, query: &Query, body: &[u8], now_secs: i64) -> Result<Push, Rejected> {
    if keys.mode != MessageMode::Plain {
        return Err(Rejected::NotEncrypted);
    }
    check(query.signature.as_deref(), keys, query, None)?;
    fresh(query, now_secs)?;
    Ok(Push { message: message::parse(body)?, opened_with: None })
}

/// Seals a reply to an encrypted push, in exactly the layout of WeChat's page.
///
/// `key` is the one that opened the push: while a new key spreads through WeChat, a reply under the other key
/// cannot be read there.
pub fn seal_reply(
    keys: &Keys,
    key: &EncodingAesKey,
    reply_xml: &str,
    timestamp_secs: i64,
    nonce: &str,
    random16: [u8; 16],
) -> String {
    let encrypted = key.encrypt(&keys.appid, random16, reply_xml.as_bytes());
    let timestamp = timestamp_secs.to_string();
    let signed = signature(&[&keys.token, &timestamp, nonce, &encrypted]);
    format!(
        "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature>\
         <TimeStamp>{timestamp}</TimeStamp><Nonce>{}</Nonce></xml>",
        cdata(&encrypted),
        cdata(&signed),
        cdata(nonce),
    )
}

fn check(given: Option<&str>, keys: &Keys, query: &Query, encrypted: Option<&str>) -> Result<(), Rejected> {
    let (Some(given), Some(timestamp), Some(nonce)) = (given, &query.timestamp, &query.nonce) else {
        return Err(Rejected::Signature);
    };
    if keys.token.is_empty() {
        // Everybody could sign with nothing.
        return Err(Rejected::Signature);
    }
    let mut parts = vec![keys.token.as_str(), timestamp, nonce];
    parts.extend(encrypted);
    let expected = signature(&parts);
    if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) { Ok(()) } else { Err(Rejected::Signature) }
}

fn fresh(query: &Query, now_secs: i64) -> Result<(), Rejected> {
    let timestamp = query.timestamp.as_deref().unwrap_or_default();
    match timestamp.parse::<i64>() {
        Ok(at) if at.abs_diff(now_secs) <= FRESH_SECS => Ok(()),
        _ => Err(Rejected::Stale),
    }
}

/// The first key that opens it for our appid, and the message inside; the current key's complaint if none does.
fn decrypt<'k>(keys: &'k Keys, encrypted: &str) -> Result<(&'k EncodingAesKey, Vec<u8>), Rejected> {
    let mut complaint = None;
    for key in &keys.aes_keys {
        let refused = match key.decrypt(encrypted) {
            Ok((message, appid)) if appid == keys.appid => return Ok((key, message)),
            Ok(_) => Rejected::WrongAppid,
            Err(CryptoError::Padding) => Rejected::Padding,
            Err(CryptoError::Base64 | CryptoError::Length | CryptoError::Layout) => Rejected::Envelope,
        };
        complaint.get_or_insert(refused);
    }
    Err(complaint.unwrap_or(Rejected::Envelope))
}
