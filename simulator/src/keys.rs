//! The keys of API v3: WeChat Pay's own pair signs, the merchant's public key verifies, the APIv3 key seals callbacks.
//! It refuses to make RSA keys, which no library here can: both pairs are fixed, published with this source, and worth nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use crate::Error;
use crate::tls::Certificates;

/// The merchant's key of every simulator.
pub(crate) const MERCHANT_KEY_PEM: &str = include_str!("demo_keys/worthless_merchant_key.pem");
/// WeChat Pay's public key of every simulator.
pub(crate) const PUB_KEY_PEM: &str = include_str!("demo_keys/worthless_wechatpay_pub.pem");
const WECHATPAY_KEY_PEM: &str = include_str!("demo_keys/worthless_wechatpay_key.pem");

/// Keys ready for use.
pub(crate) struct Keys {
    /// Of the merchant's certificate, in upper-case hex.
    pub(crate) serial_no: String,
    own: RsaKeyPair,
    merchant: Option<UnparsedPublicKey<Vec<u8>>>,
    chance: SystemRandom,
}

impl Keys {
    /// The keys that belong to these certificates. Those of a folder from before API v3 cannot verify a merchant.
    pub(crate) fn open(certificates: &Certificates) -> Result<Self, Error> {
        let wrong = |what: &str| Error::new(format!("the stored certificates are not usable: {what}"));
        let own = rsa(WECHATPAY_KEY_PEM).ok_or_else(|| wrong("WeChat Pay's own key"))?;
        let merchant = rsa(&certificates.key_pem)
            .map(|pair| UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref().to_vec()));
        if merchant.is_none() {
            tracing::warn!("the merchant's key is not RSA, so API v3 refuses every signature; start with a new folder");
        }
        let certificate = CertificateDer::from_pem_slice(certificates.cert_pem.as_bytes())
            .map_err(|error| wrong(&error.to_string()))?;
        let serial = serial(&certificate).ok_or_else(|| wrong("the merchant's certificate has no serial number"))?;
        Ok(Self { serial_no: hex::encode_upper(serial), own, merchant, chance: SystemRandom::new() })
    }

    /// Signs with WeChat Pay's key; base64.
    pub(crate) fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.own.public().modulus_len()];
        self.own
            .sign(&RSA_PKCS1_SHA256, &self.chance, message.as_bytes(), &mut signature)
            .expect("the key is sound and the signature has its length");
        STANDARD.encode(signature)
    }

    /// Whether the merchant's key made this signature.
    pub(crate) fn is_merchants(&self, message: &[u8], signature: &str) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        self.merchant.as_ref().is_some_and(|key| key.verify(message, &signature).is_ok())
    }
}

/// A PKCS#8 key, if it is RSA.
fn rsa(pem: &str) -> Option<RsaKeyPair> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
}

/// Seals a text with AES-256-GCM: ciphertext and tag as base64. `None` when the key has not 32 bytes.
pub(crate) fn seal(key: &str, nonce: &str, aad: &str, text: &str) -> Option<String> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.as_bytes()).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    let mut sealed = text.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(aad.as_bytes()), &mut sealed).ok()?;
    Some(STANDARD.encode(sealed))
}

/// The serial number of a certificate: the first integer of its body, behind the version.
fn serial(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    const INTEGER: u8 = 0x02;
    let (body, _) = element(SEQUENCE, element(SEQUENCE, certificate)?.0)?;
    let after_version = element(VERSION, body).map_or(body, |(_, rest)| rest);
    let (number, _) = element(INTEGER, after_version)?;
    Some(number.strip_prefix(&[0]).unwrap_or(number))
}

/// The content of the DER element with this tag at the beginning, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk::<2>()?)), rest.get(2..)?),
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vector_of_the_cipher_is_met() {
        let sealed = seal("a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb", "uluk4a9R25RW", "associatedData", "message");
        assert_eq!(sealed.as_deref(), Some("ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI="));
        assert_eq!(seal("too short", "uluk4a9R25RW", "", "message"), None);
    }

    #[test]
    fn the_merchants_certificate_has_a_serial_number_of_forty_hex_digits() {
        let certificates = Certificates::open(None, "1900000109").unwrap();
        let keys = Keys::open(&certificates).unwrap();
        assert_eq!(keys.serial_no.len(), 40);
        assert!(keys.merchant.is_some());
        assert!(!keys.is_merchants(b"x", &keys.sign("x")));
    }
}
