//! Callbacks of WeChat Pay v3: verified first, then decrypted (AES-256-GCM), then read.
//! It decrypts nothing that WeChat Pay did not sign, and answers a probe with a refusal.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012712115>

use super::bill::Bill;
use super::sign_v3::{PayKeys, Rejected as NotSigned, Signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;
use std::fmt;

/// The most of a callback's body that anybody should read, in bytes.
pub const MAX_NOTICE_BYTES: usize = 64 * 1024;
/// The body of an answer that ends the repetitions.
pub const SUCCESS: &str = r#"{"code":"SUCCESS"}"#;

const FINISHED: &str = "MCHTRANSFER.BILL.FINISHED";
const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The body of an answer that makes WeChat deliver again. The words are for WeChat's people.
pub fn fail(message: &str) -> String {
    serde_json::json!({ "code": "FAIL", "message": message }).to_string()
}

/// The merchant's APIv3 key: 32 bytes, as the console sets it.
#[derive(Clone)]
pub struct Apiv3Key(LessSafeKey);

/// The text is no APIv3 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an APIv3 key has 32 bytes")]
pub struct NotAnApiv3Key;

impl TryFrom<&str> for Apiv3Key {
    type Error = NotAnApiv3Key;

    fn try_from(text: &str) -> Result<Self, NotAnApiv3Key> {
        let key = UnboundKey::new(&AES_256_GCM, text.as_bytes()).map_err(|_| NotAnApiv3Key)?;
        Ok(Apiv3Key(LessSafeKey::new(key)))
    }
}

impl fmt::Debug for Apiv3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Apiv3Key {
    /// Decrypts base64 whose last 16 bytes are the tag; nothing when key, nonce, data or text do not fit together.
    pub fn decrypt(&self, nonce: &str, associated_data: &str, ciphertext: &str) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = nonce.as_bytes().try_into().ok()?;
        let mut text = STANDARD.decode(ciphertext).ok()?;
        let aad = Aad::from(associated_data.as_bytes());
        let plain = self.0.open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut text).ok()?;
        Some(plain.to_vec())
    }
}

/// Why a callback was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not signed by WeChat Pay, or not now.
    #[error("{0}")]
    Signature(NotSigned),
    /// The envelope is not what the page promises.
    #[error("the envelope cannot be read")]
    Envelope,
    /// The APIv3 key does not open it.
    #[error("the content does not open: is it another APIv3 key?")]
    Decrypt,
    /// An event that is not spoken here.
    #[error("this event is not handled here")]
    OtherEvent,
    /// What was inside is no bill with merchant, person and amount.
    #[error("the content cannot be read")]
    Content,
}

/// A transfer reached its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferNotice {
    /// The id of this notice; a repetition has the same.
    pub id: String,
    /// The bill; compare it with yours by [`Bill::difference`].
    pub bill: Bill,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct Resource {
    algorithm: String,
    ciphertext: String,
    nonce: String,
    #[serde(default)]
    associated_data: String,
}

/// Opens a callback about a transfer.
///
/// # Errors
/// [`Rejected`] says why not: answer 4xx or 5xx with [`fail`].
pub fn open(
    keys: &PayKeys,
    apiv3_key: &Apiv3Key,
    signed: &Signed,
    body: &[u8],
    now_secs: i64,
) -> Result<TransferNotice, Rejected> {
    keys.verify(signed, body, now_secs).map_err(Rejected::Signature)?;
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| Rejected::Envelope)?;
    let Envelope { id, event_type, resource } = envelope;
    if event_type != FINISHED {
        return Err(Rejected::OtherEvent);
    }
    if resource.algorithm != ALGORITHM {
        return Err(Rejected::Envelope);
    }
    let plain =
        apiv3_key.decrypt(&resource.nonce, &resource.associated_data, &resource.ciphertext).ok_or(Rejected::Decrypt)?;
    let bill = Bill::read(&plain).ok_or(Rejected::Content)?;
    if bill.mch_id.is_none() || bill.openid.is_none() || bill.transfer_amount.is_none() {
        return Err(Rejected::Content);
    }
    Ok(TransferNotice { id, bill })
}
