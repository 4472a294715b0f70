//! Every vector of the reference that this crate can compute, to the byte.
//! A vector that fails here is a bug in the crate, never in the vector.

use std::collections::BTreeMap;
use url::Url;
use wechat::callback::{self, Keys, MessageMode, Query};
use wechat::crypto::EncodingAesKey;
use wechat::message::Content;
use wechat::oauth::{Scope, authorise_url};
use wechat::pay::sign_v2::{self, SignType};
use wechat::{js_sdk, pay};

const V2_ENCRYPT: &str = "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==";
const V2_MESSAGE: &str = "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n<FromUserName><![CDATA[mycreate]]></FromUserName>\n<CreateTime>1409659813</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[hello]]></Content>\n<MsgId>4561255354251345929</MsgId>\n<AgentID>218</AgentID>\n</xml>";

fn key(text: &str) -> EncodingAesKey {
    EncodingAesKey::try_from(text).unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn v1_the_signature_of_a_callback() {
    assert_eq!(callback::signature(&["test", "1410685589", "test"]), "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff");
}

#[test]
fn v1_the_url_is_verified_by_its_echo() {
    let keys = Keys { appid: "wx1".into(), token: "test".into(), mode: MessageMode::Safe, aes_keys: vec![] };
    let query = Query {
        signature: Some("f21891de399b4e33a1a93c9a7b8a8fffb5a443ff".into()),
        timestamp: Some("1410685589".into()),
        nonce: Some("test".into()),
        echostr: Some("5 + 5 = <10>".into()),
        ..Query::default()
    };
    let echo = callback::verify_url(&keys, &query, 1410685589 + 300);
    assert_eq!(echo, Ok("5 + 5 = <10>".into()));
    let late = callback::verify_url(&keys, &query, 1410685589 + 301);
    assert_eq!(late, Err(callback::Rejected::Stale));
    let early = callback::verify_url(&keys, &query, 1410685589 - 301);
    assert_eq!(early, Err(callback::Rejected::Stale));
}

#[test]
fn v2_a_push_with_a_pad_of_thirty_is_decrypted() {
    let key = key("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
    let (message, appid) = key.decrypt(V2_ENCRYPT).unwrap();
    assert_eq!(String::from_utf8(message).unwrap(), V2_MESSAGE, "to the last byte");
    assert_eq!(appid, "wx5823bf96d3bd56c7");
    // The cipher is deterministic: only this random prefix and a pad of thirty give these bytes again.
    assert_eq!(32 - (16 + 4 + V2_MESSAGE.len() + appid.len()) % 32, 30);
    assert_eq!(key.encrypt(&appid, *b"0960688932c47ef1", V2_MESSAGE.as_bytes()), V2_ENCRYPT);
}

#[test]
fn v2_the_whole_push_is_opened() {
    let keys = Keys {
        appid: "wx5823bf96d3bd56c7".into(),
        token: "QDG6eK".into(),
        mode: MessageMode::Safe,
        aes_keys: vec![key("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C")],
    };
    let query = Query {
        timestamp: Some("1409659813".into()),
        nonce: Some("1372623149".into()),
        encrypt_type: Some("aes".into()),
        msg_signature: Some("477715d11cdb4164915debcba66cb864d751f3e6".into()),
        ..Query::default()
    };
    let body = format!(
        "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName><Encrypt><![CDATA[{V2_ENCRYPT}]]></Encrypt></xml>"
    );
    let push = callback::open(&keys, &query, body.as_bytes(), 1409659813).unwrap();
    assert_eq!(push.opened_with.as_ref(), keys.aes_keys.first());
    assert_eq!(push.message.from_user_name, "mycreate");
    assert_eq!(push.message.create_time, 1409659813);
    assert_eq!(push.message.dedupe_key(), "msg:mycreate:4561255354251345929");
    let said = Content::Text { content: "hello".into(), msg_id: Some(4561255354251345929) };
    assert_eq!(push.message.content, said);
}

#[test]
fn v3_encryption_with_a_key_whose_last_bits_are_set() {
    let key = key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG");
    let sealed = key.encrypt("wxb11529c136998cb6", *b"aaaabbbbccccdddd", "我是中文abcd123".as_bytes());
    assert_eq!(sealed, "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==");
    let (message, appid) = key.decrypt(&sealed).unwrap();
    assert_eq!(message, "我是中文abcd123".as_bytes());
    assert_eq!(appid, "wxb11529c136998cb6");
}

#[test]
fn v3_a_sealed_reply_has_exactly_the_layout_of_the_page() {
    let keys = Keys {
        appid: "wxb11529c136998cb6".into(),
        token: "pamtest".into(),
        mode: MessageMode::Safe,
        aes_keys: vec![key("abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")],
    };
    let sealed =
        callback::seal_reply(&keys, &keys.aes_keys[0], "我是中文abcd123", 1409304348, "xxxxxx", *b"aaaabbbbccccdddd");
    assert_eq!(
        sealed,
        "<xml><Encrypt><![CDATA[jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==]]></Encrypt><MsgSignature><![CDATA[82c962d39941aa48552f90ef55aa323dc620cc10]]></MsgSignature><TimeStamp>1409304348</TimeStamp><Nonce><![CDATA[xxxxxx]]></Nonce></xml>"
    );
}

#[test]
fn v5_the_js_sdk_signature() {
    let ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg";
    let sign = |url| js_sdk::sign(ticket, "Wm3WZYTPz0wzccnW", 1414587457, url);
    let expected = "0f9de62fce790f9a083d5c99e95740ceb90c27ed";
    assert_eq!(sign("http://mp.weixin.qq.com?params=value"), expected);
    assert_eq!(sign("http://mp.weixin.qq.com?params=value#part"), expected);
    assert_eq!(sign("https://a.example"), sign("https://a.example/"));
    assert_eq!(sign("https://a.example#x"), sign("https://a.example/"));
    let config = js_sdk::Config::new("wx1", ticket, "N", 5, "https://a.example/");
    let shape = serde_json::to_value(&config).unwrap();
    assert_eq!(shape["appId"], "wx1");
    assert_eq!(shape["nonceStr"], "N");
    assert_eq!(shape["timestamp"], 5);
}

#[test]
fn v6_the_v2_signature_in_both_ways() {
    let key = "192006250b4c09247ec02edce69f6a2d";
    let mut fields = fields(&[
        ("appid", "wxd930ea5d5a258f4f"),
        ("mch_id", "10000100"),
        ("device_info", "1000"),
        ("body", "test"),
        ("nonce_str", "ibuaiVcKdpRxkhJA"),
        ("attach", ""),
        ("sign", "not part of it"),
    ]);
    assert_eq!(
        sign_v2::signing_string(&fields),
        "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA"
    );
    let md5 = "9A0A8659F005D6984697E2CA0A9CF3B7";
    let hmac = "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6";
    assert_eq!(sign_v2::sign(&fields, key, SignType::Md5), md5);
    assert_eq!(sign_v2::sign(&fields, key, SignType::HmacSha256), hmac);
    assert!(!sign_v2::verify(&fields, key, SignType::Md5));
    fields.insert("sign".into(), md5.into());
    assert!(sign_v2::verify(&fields, key, SignType::Md5));
    assert!(!sign_v2::verify(&fields, key, SignType::HmacSha256));
    fields.remove("sign");
    assert!(!sign_v2::verify(&fields, key, SignType::Md5));
}

#[test]
fn v7_a_red_packet_is_signed_and_frozen() {
    let xml = crate::redpack::packet()
        .request_xml("192006250b4c09247ec02edce69f6a2d", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS")
        .unwrap();
    let fields = pay::xml::parse(xml.as_bytes()).unwrap();
    assert_eq!(
        sign_v2::signing_string(&fields),
        "act_name=抽奖&client_ip=192.0.2.10&mch_billno=1000009820260101000000000001&mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&remark=感谢参与&scene_id=PRODUCT_2&send_name=Shop&total_amount=100&total_num=1&wishing=恭喜发财&wxappid=wx8888888888888888"
    );
    assert_eq!(fields["sign"], "603BAD41FF1FB932D367A44755EAD442");
    assert_eq!(pay::xml::write(&fields), xml);
}

#[test]
fn v8_the_pay_sign_of_a_page() {
    let sign = |sign_type| {
        sign_v2::js_pay_sign(
            "mock-appid",
            1601234567,
            "mock-nonce",
            "prepay_id=mock-prepay-id",
            "mock-v2-secret-key",
            sign_type,
        )
    };
    assert_eq!(sign(SignType::Md5), "C52D6B09E8A039D6E8696A014BB37160");
    assert_eq!(sign(SignType::HmacSha256), "BAC9240577E86EDC7753264E502196C61F78F24777E9E7CCE82A7BD97F906EED");
}

#[test]
fn the_authorise_url_has_its_one_order_and_its_fragment() {
    let url = authorise_url(
        &Url::parse("https://open.weixin.qq.com").unwrap(),
        "wx520c15f417810387",
        "https://chong.qq.com/php/index.php?d=&c=wxAdapter&m=mobileDeal&showwxpaytitle=1&vb2ctag=4_2030_5_1194_60",
        Scope::Base,
        "123",
    );
    assert_eq!(
        url,
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx520c15f417810387&redirect_uri=https%3A%2F%2Fchong.qq.com%2Fphp%2Findex.php%3Fd%3D%26c%3DwxAdapter%26m%3DmobileDeal%26showwxpaytitle%3D1%26vb2ctag%3D4_2030_5_1194_60&response_type=code&scope=snsapi_base&state=123#wechat_redirect"
    );
}
