//! The v3 signature, to the byte as openssl makes it over the lines of the official page.
//! The keys beside this file were made for these tests and belong to nobody.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use wechat::pay::public_key::{self, NotAPublicKey};
use wechat::pay::sign_v3::{MerchantKey, PROBE, PayKeys, Rejected, Request, Signed};

pub const MERCHANT_KEY: &str = include_str!("keys/merchant_key.pem");
const MERCHANT_KEY_PKCS1: &str = include_str!("keys/merchant_key_pkcs1.pem");
const MERCHANT_CERT: &str = include_str!("keys/merchant_cert.pem");
const WECHAT_KEY: &str = include_str!("keys/wechat_key.pem");
const WECHAT_PUBLIC_KEY: &str = include_str!("keys/wechat_public_key.pem");
const WECHAT_CERT: &str = include_str!("keys/wechat_cert.pem");
const EC_KEY: &str = include_str!("keys/ec_key.pem");
pub const SERIAL: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";
const WECHAT_SERIAL: &str = "7132D72A03E93CDDF8C03BBD1F37EEDF";
pub const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0116000001092024111300326400001234";
pub const NOW: i64 = 1554208460;

/// The merchant of these tests.
pub fn merchant() -> MerchantKey {
    MerchantKey::new("1900000109", SERIAL, MERCHANT_KEY).unwrap()
}

/// WeChat Pay's keys as the merchant has them.
pub fn keys() -> PayKeys {
    PayKeys::default().with_public_key(PUBLIC_KEY_ID, WECHAT_PUBLIC_KEY).unwrap()
}

/// The headers under which WeChat Pay signs `body`.
pub fn signed_by_wechat(body: &str, timestamp: i64) -> Signed {
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(WECHAT_KEY.as_bytes()).unwrap() else {
        panic!("the fixture is PKCS#8");
    };
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let message = format!("{timestamp}\nnonce1\n{body}\n");
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    Signed {
        timestamp: timestamp.to_string(),
        nonce: "nonce1".into(),
        signature: STANDARD.encode(signature),
        serial: PUBLIC_KEY_ID.into(),
    }
}

#[test]
fn a_request_is_signed_as_openssl_signs_it() {
    let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
    let post =
        Request { method: "POST", path: "/v3/fund-app/mch-transfer/transfer-bills", body: "{\"appid\":\"wx1\"}" };
    let post_signature = "VOokWThd2nEDoDCCT3PdOg2BkfWP3b8OcVPnib8/FloHNJ8sOoVRrQZSeqdf6aJ/ytnmarI6JuXTi6oJDpoBZb5/6lyuXHrmNEEZTGdBmCoWrU7s0w6JitVhVfja2kwsUrpwRGe4SAEEZ0/AKkEkmxNK4BusMY4sl/cfWGFhHxU0lCrjeUPeVSB+jiqWvQh+KYKD2QRD0rEn9+q/OZ6Itxq76EmACUj0f3+EXoINWcgOfpizGzjbvQ71jlwr3VqVOfiONHbAPtZWOP92BPTsZ3l1L4kljn3uszwpguoqqtgfowH0SgjQZLdk4lUmJPrOPkoqx82loaiswyWcI5pKEQ==";
    let get = Request { method: "GET", path: "/v3/certificates", body: "" };
    let get_signature = "sD62AqGvr5uKQc/P1aOMXHxmKOdm+AryERV9hTNmPXs6nHNqbBUOO8VG/doxKsrkjuDc9b4FvvyHe46Ce6UbYbXh2gSmMyTer7B0507gIrZQt0G5WgQMB0lc4did36TWHJET6dccMGqM8nUIVl4S4DsMR2xwN07AT1NgFA8cM0crcTUrinSWvnh8x3x2BVu+OtSfkq2J0E6HLIR4r3Mr4H4sUM8S5l6NhaEUURZLy74xeyvyGX6QsAitKZLrjlRFt/QljIOpZj/nQH10E5qnYmv7KECbGm9ZHVOvb0dlB0gORnU+lSWEZuIvDxO+2WFK5AghlKgDFoMhA9bZhGbcUQ==";
    let pkcs1 = MerchantKey::new("1900000109", SERIAL, MERCHANT_KEY_PKCS1).unwrap();
    for (request, signature) in [(post, post_signature), (get, get_signature)] {
        let expected = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000109\",nonce_str=\"{nonce}\",timestamp=\"{NOW}\",serial_no=\"{SERIAL}\",signature=\"{signature}\""
        );
        assert_eq!(merchant().authorization(&request, nonce, NOW), expected);
        assert_eq!(pkcs1.authorization(&request, nonce, NOW), expected);
    }
}

#[test]
fn what_wechat_signed_is_believed_under_its_key_and_its_certificate() {
    let body = "{\"state\":\"SUCCESS\"}";
    // Made by openssl with the key beside this file.
    let golden = "U78fSbhg/A8yypR6YOe6ea3FMnNrSQmeDo3WrqyGpyVRQpN9aduLklrhGext1jib6OLN1nDcapCM7unM2Hm8NjnKBa0NOeTKR8JY6+nm1oaBDKTmiaPJNZuNQFAFQf+pxrPPHrADYIlKYLEKLlB8slpUhqgexQDdWrOOSetpTOGCy85oEP/Eflg/Nh+vDE45vH2O0EN35IOrReJVMw40p/WuWfJ6Z5r8ytHVMfoC13JawsUOAPa6NH85csFWZJfmguzdzjGuoSyGtvUajjqCn9Ih4NY1BaY9M/YyndQ+vFi8BZueznUECD/JhJTREgM8BWbT6uwSTBvRcMY87tl8xA==";
    let signed = signed_by_wechat(body, NOW);
    assert_eq!(signed.signature, golden);
    let keys = keys().with_certificate(WECHAT_CERT).unwrap();
    assert_eq!(keys.verify(&signed, body.as_bytes(), NOW), Ok(()));
    let by_certificate = Signed { serial: WECHAT_SERIAL.into(), ..signed };
    assert_eq!(keys.verify(&by_certificate, body.as_bytes(), NOW), Ok(()));
    assert_eq!(keys.public_key_id(), Some(PUBLIC_KEY_ID));
}

#[test]
fn a_signature_that_is_not_wechats_not_of_now_or_a_probe_is_refused() {
    let body = "{\"state\":\"SUCCESS\"}";
    let signed = signed_by_wechat(body, NOW);
    let verify = |signed: &Signed, body: &str, now| keys().verify(signed, body.as_bytes(), now);
    assert_eq!(verify(&signed, body, NOW + 299), Ok(()));
    assert_eq!(verify(&signed, body, NOW - 299), Ok(()));
    assert_eq!(verify(&signed, body, NOW + 300), Err(Rejected::Stale));
    assert_eq!(verify(&signed, body, NOW - 300), Err(Rejected::Stale));
    assert_eq!(verify(&signed, "{\"state\":\"FAIL\"}", NOW), Err(Rejected::Wrong));
    assert_eq!(verify(&Signed::default(), body, NOW), Err(Rejected::Missing));
    let changed = |change: fn(&mut Signed)| {
        let mut signed = signed.clone();
        change(&mut signed);
        verify(&signed, body, NOW)
    };
    assert_eq!(changed(|s| s.serial.clear()), Err(Rejected::Missing));
    assert_eq!(changed(|s| s.serial = WECHAT_SERIAL.into()), Err(Rejected::UnknownKey));
    assert_eq!(changed(|s| s.nonce = "nonce2".into()), Err(Rejected::Wrong));
    assert_eq!(changed(|s| s.timestamp = (NOW + 1).to_string()), Err(Rejected::Wrong));
    assert_eq!(changed(|s| s.timestamp = "today".into()), Err(Rejected::Stale));
    assert_eq!(changed(|s| s.signature = "not base64".into()), Err(Rejected::Wrong));
    assert_eq!(changed(|s| s.signature.insert_str(0, PROBE)), Err(Rejected::Probe));
}

#[test]
fn headers_are_read_as_they_come_and_a_missing_one_is_empty() {
    let signed = Signed::of(|name| (name != "wechatpay-nonce").then_some(" text "));
    assert_eq!((signed.serial.as_str(), signed.nonce.as_str()), ("text", ""));
}

#[test]
fn keys_are_taken_from_public_keys_and_certificates_and_from_nothing_else() {
    let certified = public_key::from_certificate_pem(WECHAT_CERT).unwrap();
    assert_eq!(certified.serial_no, WECHAT_SERIAL);
    assert_eq!(Ok(certified.key), public_key::from_public_key_pem(WECHAT_PUBLIC_KEY));
    assert_eq!(public_key::from_certificate_pem(MERCHANT_CERT).unwrap().serial_no, SERIAL);
    for wrong in ["", "hello", WECHAT_KEY, MERCHANT_CERT, &WECHAT_PUBLIC_KEY.replace("MIIB", "MIIC")] {
        assert_eq!(public_key::from_public_key_pem(wrong), Err(NotAPublicKey), "{wrong}");
    }
    let elliptic = rcgen::KeyPair::generate().unwrap();
    assert_eq!(public_key::from_public_key_pem(&elliptic.public_key_pem()), Err(NotAPublicKey));
    let elliptic = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&elliptic).unwrap();
    assert_eq!(public_key::from_certificate_pem(&elliptic.pem()), Err(NotAPublicKey));
    for wrong in ["", "hello", WECHAT_PUBLIC_KEY, EC_KEY] {
        assert!(MerchantKey::new("1900000109", SERIAL, wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_merchants_key_is_never_printed() {
    let printed = format!("{:?}", merchant());
    assert!(printed.contains("Secret") && printed.len() < 100, "{printed}");
}
