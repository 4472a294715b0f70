//! The master key: seals secrets at rest, cookies and states on the way.
//! Refuses to open what was sealed for another purpose or with another key.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{aead, hkdf, hmac};
use std::fmt;

/// What a sealed text is for; a text sealed for one purpose opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An AppSecret, token, AES key, API key or private key in the database.
    Secret,
    /// A passive reply kept for repeated deliveries.
    Reply,
    /// A follower's session cookie.
    Session,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Secret => b"lingbao secret",
            Self::Reply => b"lingbao reply",
            Self::Session => b"lingbao session",
        }
    }
}

/// Why a text did not open: it was changed, belongs elsewhere, or the master key is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unopened;

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sealed value does not open: it was changed, or the master key is not the one it was sealed with")
    }
}

impl std::error::Error for Unopened {}

impl From<Unopened> for crate::Error {
    fn from(error: Unopened) -> Self {
        Self::broken(error)
    }
}

/// Holds keys derived from the master key.
#[derive(Clone)]
pub struct Vault {
    prk: hkdf::Prk,
    draw: crate::Draw,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(Secret)")
    }
}

struct Len32;

impl hkdf::KeyType for Len32 {
    fn len(&self) -> usize {
        32
    }
}

impl Vault {
    /// A vault over a 32-byte master key.
    pub fn new(master_key: &[u8; 32], draw: crate::Draw) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"lingbao master key").extract(master_key);
        Self { prk, draw }
    }

    fn key(&self, label: &[u8]) -> [u8; 32] {
        let mut key = [0; 32];
        self.prk
            .expand(&[label], Len32)
            .and_then(|okm| okm.fill(&mut key))
            .expect("32 bytes are within what HKDF gives");
        key
    }

    fn cipher(&self, purpose: Purpose) -> aead::LessSafeKey {
        let key = self.key(purpose.label());
        aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &key).expect("the key has 32 bytes"))
    }

    /// Seals `text` for `purpose`; the result is URL-safe.
    pub fn seal(&self, purpose: Purpose, text: &str) -> String {
        let nonce: [u8; 12] = self.draw.bytes();
        let mut bytes = text.as_bytes().to_vec();
        self.cipher(purpose)
            .seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aead::Aad::empty(), &mut bytes)
            .expect("texts are far shorter than what AES-GCM takes");
        let mut sealed = nonce.to_vec();
        sealed.append(&mut bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// Opens what `seal` made.
    pub fn open(&self, purpose: Purpose, sealed: &str) -> Result<String, Unopened> {
        let mut sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unopened)?;
        let (nonce, bytes) = sealed.split_at_mut_checked(12).ok_or(Unopened)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unopened)?;
        let plain = self.cipher(purpose).open_in_place(nonce, aead::Aad::empty(), bytes).map_err(|_| Unopened)?;
        String::from_utf8(plain.to_vec()).map_err(|_| Unopened)
    }

    /// An authentication code of 32 bytes over `message` under the name `label`.
    pub fn mac(&self, label: &str, message: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.key(format!("lingbao mac {label}").as_bytes()));
        let mut code = [0; 32];
        code.copy_from_slice(hmac::sign(&key, message).as_ref());
        code
    }

    /// What the database remembers of its master key, so that a node with another key refuses to start.
    pub fn fingerprint(&self) -> String {
        STANDARD.encode(&self.mac("fingerprint", b"")[..12])
    }
}

/// SHA-256 of a bearer code in hex: what the database keeps instead of the code.
pub fn hash(code: &str) -> String {
    use sha2::Digest;
    hex::encode(sha2::Sha256::digest(code.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(byte: u8) -> Vault {
        Vault::new(&[byte; 32], crate::Draw::seeded(1))
    }

    #[test]
    fn what_is_sealed_opens_only_for_its_purpose_and_its_key() {
        let sealed = vault(1).seal(Purpose::Secret, "秘密");
        assert_eq!(vault(1).open(Purpose::Secret, &sealed).as_deref(), Ok("秘密"));
        assert_eq!(vault(1).open(Purpose::Session, &sealed), Err(Unopened));
        assert_eq!(vault(2).open(Purpose::Secret, &sealed), Err(Unopened));
        let mut changed = sealed.into_bytes();
        let last = changed.len() - 1;
        changed[last] = if changed[last] == b'A' { b'B' } else { b'A' };
        assert!(vault(1).open(Purpose::Secret, std::str::from_utf8(&changed).unwrap()).is_err());
        for broken in ["", "A", "!!!!", "AAAAAAAAAAAAAAAA"] {
            assert_eq!(vault(1).open(Purpose::Secret, broken), Err(Unopened), "{broken}");
        }
    }

    #[test]
    fn two_seals_of_one_text_differ() {
        let vault = vault(1);
        assert_ne!(vault.seal(Purpose::Secret, "a"), vault.seal(Purpose::Secret, "a"));
        assert_ne!(vault.fingerprint(), super::Vault::new(&[2; 32], crate::Draw::system()).fingerprint());
    }
}
