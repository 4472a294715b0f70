//! The v2 signature of WeChat Pay: MD5 or HMAC-SHA256 over the sorted fields and the APIv2 key.
//! It never signs `sign` itself nor an empty value, and it compares in constant time.
//!
//! Page: <https://pay.weixin.qq.com/doc/v2/merchant/4011985891>

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// The two ways to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignType {
    /// `MD5`: the default, and the only one for red packets.
    Md5,
    /// `HMAC-SHA256`, keyed with the APIv2 key.
    HmacSha256,
}

impl SignType {
    /// As `sign_type` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            SignType::Md5 => "MD5",
            SignType::HmacSha256 => "HMAC-SHA256",
        }
    }
}

/// `k=v&…` over all fields but `sign` and the empty ones, sorted by key; the APIv2 key is not yet in it.
pub fn signing_string(fields: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = fields
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The signature, in upper-case hex.
pub fn sign(fields: &BTreeMap<String, String>, key: &str, sign_type: SignType) -> String {
    let text = format!("{}&key={key}", signing_string(fields));
    match sign_type {
        SignType::Md5 => hex::encode_upper(Md5::digest(text)),
        SignType::HmacSha256 => {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
            mac.update(text.as_bytes());
            hex::encode_upper(mac.finalize().into_bytes())
        }
    }
}

/// Whether the `sign` among the fields is right. A missing one is wrong.
pub fn verify(fields: &BTreeMap<String, String>, key: &str, sign_type: SignType) -> bool {
    let given = fields.get("sign").map_or("", String::as_str);
    let expected = sign(fields, key, sign_type);
    bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

/// The `paySign` of a page that pays; `timestamp` in unix seconds, `package` is `prepay_id=…`.
///
/// Page: <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=7_7&index=6>
pub fn js_pay_sign(
    appid: &str,
    timestamp: i64,
    nonce_str: &str,
    package: &str,
    key: &str,
    sign_type: SignType,
) -> String {
    let timestamp = timestamp.to_string();
    let fields = [
        ("appId", appid),
        ("timeStamp", &timestamp),
        ("nonceStr", nonce_str),
        ("package", package),
        ("signType", sign_type.as_str()),
    ];
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    sign(&fields, key, sign_type)
}
