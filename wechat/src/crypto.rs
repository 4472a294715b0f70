//! The cipher of the message push: AES-256-CBC under the account's EncodingAESKey, with WeChat's own envelope.
//! It refuses a length that does not fit to the byte; whether the appid is ours is for the caller to say.
//!
//! Page: <https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Message_encryption_and_decryption_instructions.html>

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use std::fmt;

/// PKCS#7 is applied to blocks of 32 bytes here, twice the block of the cipher.
const PAD_BLOCK: usize = 32;
const RANDOM_BYTES: usize = 16;
const HEAD_BYTES: usize = RANDOM_BYTES + 4;

/// The 43 characters do not fill the last byte; WeChat's console deals out keys with bits set there.
const KEY_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The key of an account's message encryption, as its console shows it: 43 letters and digits.
#[derive(Clone, PartialEq, Eq)]
pub struct EncodingAesKey([u8; 32]);

/// The text is not an EncodingAESKey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an EncodingAESKey is 43 letters and digits")]
pub struct NotAnEncodingAesKey;

/// Why an encrypted text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Not base64.
    #[error("the encrypted text is not base64")]
    Base64,
    /// Empty, too short, or not whole cipher blocks.
    #[error("the encrypted text has a wrong length")]
    Length,
    /// The padding is broken.
    #[error("the padding of the decrypted text is broken")]
    Padding,
    /// The length inside, the message and the appid do not fit together.
    #[error("the decrypted text does not fit together")]
    Layout,
}

impl TryFrom<&str> for EncodingAesKey {
    type Error = NotAnEncodingAesKey;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        if text.len() != 43 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(NotAnEncodingAesKey);
        }
        let bytes = KEY_BASE64.decode(format!("{text}=")).map_err(|_| NotAnEncodingAesKey)?;
        bytes.try_into().map(EncodingAesKey).map_err(|_| NotAnEncodingAesKey)
    }
}

impl fmt::Debug for EncodingAesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl EncodingAesKey {
    /// Encrypts `message` for `appid`: base64 of AES over `random16 | length | message | appid | padding`.
    pub fn encrypt(&self, appid: &str, random16: [u8; 16], message: &[u8]) -> String {
        let length = u32::try_from(message.len()).expect("a message is far below 4 GiB");
        let mut plain = Vec::with_capacity(HEAD_BYTES + message.len() + appid.len() + PAD_BLOCK);
        plain.extend_from_slice(&random16);
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(message);
        plain.extend_from_slice(appid.as_bytes());
        let pad = PAD_BLOCK - plain.len() % PAD_BLOCK;
        let filler = u8::try_from(pad).expect("a pad is at most 32");
        plain.resize(plain.len() + pad, filler);

        let sealed = cbc::Encryptor::<aes::Aes256>::new(&self.0.into(), &self.iv().into())
            .encrypt_padded_vec::<NoPadding>(&plain);
        STANDARD.encode(sealed)
    }

    /// Decrypts what [`encrypt`](Self::encrypt) or WeChat made, to the message and the appid behind it.
    ///
    /// A last byte that is no pad (0, or above 32) counts as no padding, as in WeChat's own sample; message and
    /// appid must then still fit to the byte.
    ///
    /// # Errors
    /// [`CryptoError`] says which part is broken. Check the signature first: these answers help a forger.
    pub fn decrypt(&self, encrypted: &str) -> Result<(Vec<u8>, String), CryptoError> {
        let sealed = STANDARD.decode(encrypted.trim()).map_err(|_| CryptoError::Base64)?;
        if sealed.len() < 2 * RANDOM_BYTES || sealed.len() % RANDOM_BYTES != 0 {
            return Err(CryptoError::Length);
        }
        let plain = cbc::Decryptor::<aes::Aes256>::new(&self.0.into(), &self.iv().into())
            .decrypt_padded_vec::<NoPadding>(&sealed)
            .map_err(|_| CryptoError::Length)?;
        take_apart(&plain)
    }

    /// The initialisation vector is the beginning of the key.
    fn iv(&self) -> [u8; 16] {
        let mut iv = [0; 16];
        iv.copy_from_slice(&self.0[..16]);
        iv
    }
}

fn take_apart(plain: &[u8]) -> Result<(Vec<u8>, String), CryptoError> {
    let last = usize::from(*plain.last().ok_or(CryptoError::Length)?);
    let padded = (1..=PAD_BLOCK).contains(&last);
    let body = if padded {
        let end = plain.len().checked_sub(last).ok_or(CryptoError::Padding)?;
        let (body, pad) = plain.split_at(end);
        if pad.iter().any(|b| usize::from(*b) != last) {
            return Err(CryptoError::Padding);
        }
        body
    } else {
        plain
    };
    // Without padding, anything left over shows up as an impossible appid: then the padding is to blame.
    let blame = if padded { CryptoError::Layout } else { CryptoError::Padding };
    let (head, rest) = body.split_at_checked(HEAD_BYTES).ok_or(blame)?;
    let length: [u8; 4] = head[RANDOM_BYTES..].try_into().expect("the head is 20 bytes");
    let length = usize::try_from(u32::from_be_bytes(length)).map_err(|_| blame)?;
    let (message, appid) = rest.split_at_checked(length).ok_or(blame)?;
    let sane = !appid.is_empty() && appid.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
    if !sane {
        return Err(blame);
    }
    let appid = String::from_utf8(appid.to_vec()).map_err(|_| blame)?;
    Ok((message.to_vec(), appid))
}
