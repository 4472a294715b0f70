//! The v3 signature of WeChat Pay, RSASSA-PKCS1-v1_5 with SHA-256: ours on requests, theirs on answers and callbacks.
//! It believes no signature of a key it was not given, none that is five minutes off, and no probe.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>

use super::public_key::{self, NotAPublicKey};
use crate::error::{Error, Kind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::fmt;

/// The scheme, as it stands in `Authorization`.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// A signature that begins like this is WeChat's own test whether we look: it must be refused.
pub const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// From this difference of the clocks on, in seconds, a signature is refused.
pub const CLOCK_DIFFERENCE_SECS: u64 = 300;

/// A merchant's API certificate: its number and its private key.
pub struct MerchantKey {
    mch_id: String,
    serial_no: String,
    key: RsaKeyPair,
}

impl fmt::Debug for MerchantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MerchantKey").field("mch_id", &self.mch_id).field("key", &"Secret").finish_non_exhaustive()
    }
}

impl MerchantKey {
    /// The key of `apiclient_key.pem`; `serial_no` is the serial number of the certificate beside it.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when the PEM holds no RSA key of 2048 bits or more.
    pub fn new(mch_id: &str, serial_no: &str, key_pem: &str) -> Result<MerchantKey, Error> {
        let invalid = |said| Error::new(Kind::Invalid, "merchant key", said);
        let pem = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
            .map_err(|_| invalid("the merchant's key is no readable PEM"))?;
        let key = match &pem {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(invalid("the merchant's key is no RSA key")),
        };
        let key = key.map_err(|_| invalid("the merchant's key is no RSA key of 2048 bits or more"))?;
        Ok(MerchantKey { mch_id: mch_id.to_owned(), serial_no: serial_no.to_owned(), key })
    }

    /// Whose key it is.
    pub fn mch_id(&self) -> &str {
        &self.mch_id
    }

    /// The header `Authorization` of one request. `path` carries the query if there is one; `body` is empty for a GET.
    pub fn authorization(&self, request: &Request<'_>, nonce_str: &str, timestamp: i64) -> String {
        let signature = self.sign(&request.message(nonce_str, timestamp));
        let (mch_id, serial_no) = (&self.mch_id, &self.serial_no);
        format!(
            "{SCHEME} mchid=\"{mch_id}\",nonce_str=\"{nonce_str}\",timestamp=\"{timestamp}\",\
             serial_no=\"{serial_no}\",signature=\"{signature}\""
        )
    }

    /// The signature over `message`, in base64. This padding uses no chance: the same message has the same signature.
    pub fn sign(&self, message: &str) -> String {
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("the signature is as long as the key's modulus");
        STANDARD.encode(signature)
    }
}

/// What is signed of a request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// Path and query, as they are sent.
    pub path: &'a str,
    /// The body, byte for byte as it is sent.
    pub body: &'a str,
}

impl Request<'_> {
    /// The five lines that are signed; each ends with a line feed, the empty body of a GET too.
    pub fn message(&self, nonce_str: &str, timestamp: i64) -> String {
        format!("{}\n{}\n{timestamp}\n{nonce_str}\n{}\n", self.method, self.path, self.body)
    }
}

/// The `Wechatpay-…` headers of an answer or a callback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signed {
    /// `Wechatpay-Timestamp`, unix seconds.
    pub timestamp: String,
    /// `Wechatpay-Nonce`.
    pub nonce: String,
    /// `Wechatpay-Signature`, base64.
    pub signature: String,
    /// `Wechatpay-Serial`: which key signed.
    pub serial: String,
}

impl Signed {
    /// Reads the headers; one that is missing is empty, and an empty one is refused by [`PayKeys::verify`].
    pub fn of<'a>(header: impl Fn(&'static str) -> Option<&'a str>) -> Signed {
        let text = |name| header(name).unwrap_or_default().trim().to_owned();
        Signed {
            timestamp: text("wechatpay-timestamp"),
            nonce: text("wechatpay-nonce"),
            signature: text("wechatpay-signature"),
            serial: text("wechatpay-serial"),
        }
    }
}

/// Why a signature was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// A header is missing.
    #[error("there is no signature")]
    Missing,
    /// WeChat tests whether we look at signatures.
    #[error("this is a probe of WeChat's")]
    Probe,
    /// The clocks differ by five minutes or more, or there is no time in it.
    #[error("the timestamp is five minutes off or more")]
    Stale,
    /// Signed with a key that we were not given.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("the signature is wrong")]
    Wrong,
}

/// WeChat Pay's own keys, by the name under which it signs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PayKeys {
    keys: BTreeMap<String, Vec<u8>>,
    public_key_id: Option<String>,
}

impl PayKeys {
    /// Adds the WeChat Pay public key (`PUB_KEY_ID_…`) that the merchant's console shows.
    ///
    /// # Errors
    /// [`NotAPublicKey`].
    pub fn with_public_key(mut self, id: &str, pem: &str) -> Result<PayKeys, NotAPublicKey> {
        let key = public_key::from_public_key_pem(pem)?;
        self.keys.insert(id.to_owned(), key);
        self.public_key_id = Some(id.to_owned());
        Ok(self)
    }

    /// Adds a platform certificate; it is known by its serial number.
    ///
    /// # Errors
    /// [`NotAPublicKey`].
    pub fn with_certificate(mut self, pem: &str) -> Result<PayKeys, NotAPublicKey> {
        let certified = public_key::from_certificate_pem(pem)?;
        self.keys.insert(certified.serial_no, certified.key);
        Ok(self)
    }

    /// The id of the public key, which a request names so that its answer is signed with it.
    pub fn public_key_id(&self) -> Option<&str> {
        self.public_key_id.as_deref()
    }

    /// Believes that WeChat Pay signed `body` now.
    ///
    /// # Errors
    /// [`Rejected`] says why not.
    pub fn verify(&self, signed: &Signed, body: &[u8], now_secs: i64) -> Result<(), Rejected> {
        let Signed { timestamp, nonce, signature, serial } = signed;
        if signature.starts_with(PROBE) {
            return Err(Rejected::Probe);
        }
        if [timestamp, nonce, signature, serial].iter().any(|text| text.is_empty()) {
            return Err(Rejected::Missing);
        }
        let at: i64 = timestamp.parse().map_err(|_| Rejected::Stale)?;
        if at.abs_diff(now_secs) >= CLOCK_DIFFERENCE_SECS {
            return Err(Rejected::Stale);
        }
        let key = self.keys.get(serial).ok_or(Rejected::UnknownKey)?;
        let signature = STANDARD.decode(signature).map_err(|_| Rejected::Wrong)?;
        let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key)
            .verify(&message, &signature)
            .map_err(|_| Rejected::Wrong)
    }
}
