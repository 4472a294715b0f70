//! Signatures and envelopes of the message push, written from the protocol's description alone.
//! It refuses to share a line with the `wechat` crate: two implementations that agree prove something, one echo proves nothing.

use aes::Aes256;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use sha1::{Digest, Sha1};

/// Padding goes up to this many bytes, twice the cipher's own block.
const BLOCK: usize = 32;

/// SHA-1 in lower-case hex over the sorted parts, glued together.
pub(crate) fn signature(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex::encode(Sha1::digest(sorted.concat().as_bytes()))
}

/// The account's AES key.
#[derive(Clone)]
pub(crate) struct AesKey([u8; 32]);

impl AesKey {
    /// Reads the 43 characters of the console; its last one may carry left-over bits.
    pub(crate) fn parse(encoded: &str) -> Option<Self> {
        let config = GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(DecodePaddingMode::Indifferent);
        let lenient = GeneralPurpose::new(&alphabet::STANDARD, config);
        let bytes = lenient.decode(encoded).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// Wraps a message: 16 random bytes, length, message, appid; answers base64.
    pub(crate) fn encrypt(&self, appid: &str, random: [u8; 16], message: &str) -> String {
        let length = u32::try_from(message.len()).expect("a push is far below four gigabytes");
        let mut plain = random.to_vec();
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(message.as_bytes());
        plain.extend_from_slice(appid.as_bytes());
        let pad = BLOCK - plain.len() % BLOCK;
        plain.resize(plain.len() + pad, u8::try_from(pad).expect("a pad is at most 32"));
        let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&self.0, &self.0[..16])
            .expect("the key has 32 bytes and the vector 16");
        STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain))
    }

    /// Opens an envelope and tells (message, appid), or in one sentence why it cannot.
    pub(crate) fn decrypt(&self, encoded: &str) -> Result<(String, String), &'static str> {
        let sealed = STANDARD.decode(encoded).map_err(|_| "the envelope is not base64")?;
        let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&self.0, &self.0[..16])
            .expect("the key has 32 bytes and the vector 16");
        let mut plain =
            cipher.decrypt_padded_vec::<NoPadding>(&sealed).map_err(|_| "the envelope is not whole blocks")?;
        let pad = usize::from(*plain.last().ok_or("the envelope is empty")?);
        if (1..=BLOCK).contains(&pad) {
            plain.truncate(plain.len().saturating_sub(pad));
        }
        let body = plain.get(16..).ok_or("the envelope is too short")?;
        let (length, rest) = body.split_at_checked(4).ok_or("the envelope has no length")?;
        let length = u32::from_be_bytes(length.try_into().expect("four bytes were split off"));
        let length = usize::try_from(length).map_err(|_| "the length is absurd")?;
        let (message, appid) = rest.split_at_checked(length).ok_or("the length does not fit the envelope")?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| "the envelope is not UTF-8");
        Ok((text(message)?, text(appid)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_of_the_public_sample_is_met() {
        assert_eq!(signature(&["test", "1410685589", "test"]), "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff");
    }

    #[test]
    fn the_old_official_envelope_opens() {
        let sealed = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
        assert_eq!(
            signature(&["QDG6eK", "1409659813", "1372623149", sealed]),
            "477715d11cdb4164915debcba66cb864d751f3e6"
        );
        let key = AesKey::parse("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
        let (message, appid) = key.decrypt(sealed).unwrap();
        assert_eq!(appid, "wx5823bf96d3bd56c7");
        assert!(message.starts_with("<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n"));
        assert!(message.contains("<Content><![CDATA[hello]]></Content>\n"));
        assert!(message.ends_with("<AgentID>218</AgentID>\n</xml>\n") || message.ends_with("</xml>"));
    }

    #[test]
    fn a_fixed_random_gives_the_published_envelope() {
        let key = AesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
        let sealed = key.encrypt("wxb11529c136998cb6", *b"aaaabbbbccccdddd", "我是中文abcd123");
        assert_eq!(sealed, "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==");
        assert_eq!(
            signature(&["pamtest", "1409304348", "xxxxxx", &sealed]),
            "82c962d39941aa48552f90ef55aa323dc620cc10"
        );
        let opened = key.decrypt(&sealed).unwrap();
        assert_eq!(opened, ("我是中文abcd123".to_owned(), "wxb11529c136998cb6".to_owned()));
    }

    #[test]
    fn a_damaged_envelope_is_refused_in_words() {
        let key = AesKey::parse("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG").unwrap();
        assert!(key.decrypt("not base64!").is_err());
        assert!(key.decrypt("AAAA").is_err());
        assert!(key.decrypt(&STANDARD.encode([7u8; 64])).is_err());
    }
}
