//! Pushes that must be believed, and pushes that must not.
//! Every refusal is named, so that a forger's success cannot hide behind another mistake.

use wechat::callback::{self, Keys, MessageMode, Query, Rejected};
use wechat::crypto::{CryptoError, EncodingAesKey};
use wechat::message::{self, Article, Content, XmlError};

const NOW: i64 = 1_700_000_000;
const APPID: &str = "wxb11529c136998cb6";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const OLDER_KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const FOLLOW: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oMing]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event></xml>";

fn key(text: &str) -> EncodingAesKey {
    EncodingAesKey::try_from(text).unwrap()
}

fn keys(mode: MessageMode) -> Keys {
    Keys { appid: APPID.into(), token: "lingbao".into(), mode, aes_keys: vec![key(KEY)] }
}

fn plain_query(at: i64) -> Query {
    let timestamp = at.to_string();
    Query {
        signature: Some(callback::signature(&["lingbao", &timestamp, "n1"])),
        timestamp: Some(timestamp),
        nonce: Some("n1".into()),
        ..Query::default()
    }
}

fn aes_query(at: i64, encrypted: &str) -> Query {
    let timestamp = at.to_string();
    let parts = ["lingbao", &timestamp, "n1", encrypted];
    Query { encrypt_type: Some("aes".into()), msg_signature: Some(callback::signature(&parts)), ..plain_query(at) }
}

fn safe_body(encrypted: &str) -> String {
    format!("<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>")
}

/// AES over exactly these bytes, whatever they are.
fn raw_encrypt(plain: &[u8]) -> String {
    use aes::cipher::block_padding::NoPadding;
    use aes::cipher::{BlockModeEncrypt, KeyIvInit};
    use base64::Engine;
    use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let engine = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    let key: [u8; 32] = engine.decode(format!("{KEY}=")).unwrap().try_into().unwrap();
    let iv: [u8; 16] = key[..16].try_into().unwrap();
    let sealed = cbc::Encryptor::<aes::Aes256>::new(&key.into(), &iv.into()).encrypt_padded_vec::<NoPadding>(plain);
    STANDARD.encode(sealed)
}

/// `random | length | message | appid | pad`, padded by `pad` to whole blocks as the test likes.
fn raw_plain(length: u32, message: &str, appid: &str, pad: &[u8]) -> Vec<u8> {
    let mut plain = vec![b'r'; 16];
    plain.extend_from_slice(&length.to_be_bytes());
    plain.extend_from_slice(message.as_bytes());
    plain.extend_from_slice(appid.as_bytes());
    plain.extend_from_slice(pad);
    plain
}

fn refused(mode: MessageMode, query: &Query, body: &str) -> Rejected {
    callback::open(&keys(mode), query, body.as_bytes(), NOW).unwrap_err()
}

#[test]
fn a_signed_plain_push_is_believed_for_a_plain_account_only() {
    let push = callback::open(&keys(MessageMode::Plain), &plain_query(NOW), FOLLOW.as_bytes(), NOW);
    assert_eq!(push.unwrap().opened_with, None);
    for mode in [MessageMode::Compatible, MessageMode::Safe] {
        assert_eq!(refused(mode, &plain_query(NOW), FOLLOW), Rejected::NotEncrypted);
        let claims_aes = aes_query(NOW, "");
        assert_eq!(refused(mode, &claims_aes, FOLLOW), Rejected::NotEncrypted);
    }
}

#[test]
fn an_encrypted_push_is_believed_in_every_mode_and_its_plain_fields_are_not() {
    let encrypted = key(KEY).encrypt(APPID, [7; 16], FOLLOW.as_bytes());
    let lies = FOLLOW
        .replace("oMing", "oMallory")
        .replace("</xml>", &format!("<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"));
    for mode in [MessageMode::Plain, MessageMode::Compatible, MessageMode::Safe] {
        for body in [safe_body(&encrypted), lies.clone()] {
            let query = aes_query(NOW, &encrypted);
            let push = callback::open(&keys(mode), &query, body.as_bytes(), NOW).unwrap();
            assert_eq!(push.opened_with, Some(key(KEY)));
            assert_eq!(push.message.from_user_name, "oMing");
        }
    }
}

#[test]
fn a_forged_missing_or_misplaced_signature_is_refused() {
    let encrypted = key(KEY).encrypt(APPID, [7; 16], FOLLOW.as_bytes());
    let body = safe_body(&encrypted);
    let good = aes_query(NOW, &encrypted);
    let forged = [
        Query { msg_signature: None, ..good.clone() },
        Query { msg_signature: good.signature.clone(), ..good.clone() },
        Query { signature: Some("0".repeat(40)), ..good.clone() },
        Query { nonce: Some("n2".into()), ..good.clone() },
        Query { nonce: None, ..good.clone() },
        Query { timestamp: None, ..good.clone() },
    ];
    for query in forged {
        assert_eq!(refused(MessageMode::Safe, &query, &body), Rejected::Signature);
    }
    let other = key(KEY).encrypt(APPID, [8; 16], FOLLOW.as_bytes());
    assert_eq!(refused(MessageMode::Safe, &good, &safe_body(&other)), Rejected::Signature);
    let unsigned = Query { signature: None, ..plain_query(NOW) };
    assert_eq!(refused(MessageMode::Plain, &unsigned, FOLLOW), Rejected::Signature);
    let nothing = Query::default();
    assert_eq!(refused(MessageMode::Plain, &nothing, FOLLOW), Rejected::Signature);
}

#[test]
fn an_account_without_a_token_believes_nobody() {
    let keys = Keys { token: String::new(), ..keys(MessageMode::Plain) };
    let timestamp = NOW.to_string();
    let query = Query {
        signature: Some(callback::signature(&["", &timestamp, "n1"])),
        timestamp: Some(timestamp),
        nonce: Some("n1".into()),
        ..Query::default()
    };
    let push = callback::open(&keys, &query, FOLLOW.as_bytes(), NOW);
    assert_eq!(push, Err(Rejected::Signature));
}

#[test]
fn a_push_of_an_hour_ago_or_of_tomorrow_is_refused() {
    for at in [NOW - 3600, NOW - 301, NOW + 301, i64::MIN, i64::MAX] {
        assert_eq!(refused(MessageMode::Plain, &plain_query(at), FOLLOW), Rejected::Stale);
        let encrypted = key(KEY).encrypt(APPID, [7; 16], FOLLOW.as_bytes());
        let query = aes_query(at, &encrypted);
        assert_eq!(refused(MessageMode::Safe, &query, &safe_body(&encrypted)), Rejected::Stale);
    }
}

#[test]
fn a_push_for_another_appid_is_refused() {
    let encrypted = key(KEY).encrypt("wx0000000000000000", [7; 16], FOLLOW.as_bytes());
    let query = aes_query(NOW, &encrypted);
    assert_eq!(refused(MessageMode::Safe, &query, &safe_body(&encrypted)), Rejected::WrongAppid);
}

#[test]
fn during_a_rotation_the_older_key_still_opens() {
    let encrypted = key(OLDER_KEY).encrypt(APPID, [7; 16], FOLLOW.as_bytes());
    let query = aes_query(NOW, &encrypted);
    let mut keys = keys(MessageMode::Safe);
    let body = safe_body(&encrypted);
    assert!(callback::open(&keys, &query, body.as_bytes(), NOW).is_err());
    keys.aes_keys.push(key(OLDER_KEY));
    let push = callback::open(&keys, &query, body.as_bytes(), NOW).unwrap();
    assert_eq!(push.opened_with, Some(key(OLDER_KEY)));
    assert!(format!("{push:?}").contains("opened_with: Some(Secret)"));
}

#[test]
fn during_a_rotation_the_reply_is_read_with_the_key_of_the_push() {
    let mut keys = keys(MessageMode::Safe);
    keys.aes_keys.push(key(OLDER_KEY));
    for text in [KEY, OLDER_KEY] {
        let encrypted = key(text).encrypt(APPID, [7; 16], FOLLOW.as_bytes());
        let query = aes_query(NOW, &encrypted);
        let push = callback::open(&keys, &query, safe_body(&encrypted).as_bytes(), NOW).unwrap();
        let sealed = callback::seal_reply(&keys, &push.opened_with.unwrap(), "<xml>hi</xml>", NOW, "n1", [9; 16]);
        let sealed = wechat::xml::read(sealed.as_bytes()).unwrap().word("Encrypt").unwrap().unwrap();
        assert_eq!(key(text).decrypt(&sealed), Ok((b"<xml>hi</xml>".to_vec(), APPID.to_owned())));
    }
}

#[test]
fn broken_padding_is_refused_by_name() {
    // 16 + 4 + 9 + 18 = 47 bytes of content; 17 more make 64.
    let content = |pad: &[u8]| raw_plain(9, "<xml></x>", APPID, pad);
    let uneven = [&[1; 16][..], &[17]].concat();
    for pad in [vec![0; 17], vec![33; 17], vec![255; 17], uneven] {
        let encrypted = raw_encrypt(&content(&pad));
        assert_eq!(key(KEY).decrypt(&encrypted), Err(CryptoError::Padding));
        let query = aes_query(NOW, &encrypted);
        let body = safe_body(&encrypted);
        assert_eq!(refused(MessageMode::Safe, &query, &body), Rejected::Padding);
    }
    assert!(key(KEY).decrypt(&raw_encrypt(&content(&[17; 17]))).is_ok());
}

#[test]
fn a_last_byte_that_is_no_pad_counts_as_none_when_all_else_fits() {
    // 16 + 4 + 10 + 18 = 48 bytes: whole blocks without any padding.
    let plain = raw_plain(10, "<xml></xml", APPID, &[]);
    let (message, appid) = key(KEY).decrypt(&raw_encrypt(&plain)).unwrap();
    assert_eq!(message, b"<xml></xml");
    assert_eq!(appid, APPID);
}

#[test]
fn a_length_that_does_not_fit_is_refused() {
    for length in [0, 8, 10, 27, 28, 1000, u32::MAX] {
        let plain = raw_plain(length, "<xml></x>", APPID, &[17; 17]);
        let opened = key(KEY).decrypt(&raw_encrypt(&plain));
        match opened {
            Ok((_, appid)) => assert_ne!(appid, APPID, "{length}"),
            Err(error) => assert_eq!(error, CryptoError::Layout, "{length}"),
        }
    }
    let short = raw_encrypt(&[32; 32]);
    assert_eq!(key(KEY).decrypt(&short), Err(CryptoError::Layout));
}

#[test]
fn what_is_no_ciphertext_is_refused() {
    let key = key(KEY);
    assert_eq!(key.decrypt("not base64!"), Err(CryptoError::Base64));
    assert_eq!(key.decrypt(""), Err(CryptoError::Length));
    assert_eq!(key.decrypt("AAAA"), Err(CryptoError::Length));
    let query = aes_query(NOW, "AAAA");
    let body = safe_body("AAAA");
    assert_eq!(refused(MessageMode::Safe, &query, &body), Rejected::Envelope);
}

#[test]
fn a_key_of_another_length_or_alphabet_is_refused_and_a_good_one_stays_secret() {
    for text in ["", "short", &KEY[1..], &format!("{KEY}="), &"-".repeat(43)] {
        assert!(EncodingAesKey::try_from(text).is_err());
    }
    assert_eq!(format!("{:?}", key(KEY)), "Secret");
    assert!(!format!("{:?}", keys(MessageMode::Safe)).contains("lingbao"));
}

#[test]
fn a_push_that_is_too_long_is_refused_before_anything_else() {
    let body = " ".repeat(callback::MAX_PUSH_BYTES + 1);
    assert_eq!(refused(MessageMode::Plain, &Query::default(), &body), Rejected::TooLarge);
}

fn event(inner: &str) -> Result<Content, XmlError> {
    let xml = format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>oMing</FromUserName><CreateTime>123456789</CreateTime><MsgType>event</MsgType>{inner}</xml>"
    );
    message::parse(xml.as_bytes()).map(|message| message.content)
}

#[test]
fn events_are_told_apart_whatever_the_case_of_their_names() {
    let subscribe = |scene: Option<&str>, ticket: Option<&str>, key: Option<&str>| {
        Ok(Content::Subscribe {
            scene: scene.map(str::to_owned),
            ticket: ticket.map(str::to_owned),
            event_key: key.map(str::to_owned),
        })
    };
    assert_eq!(event("<Event>subscribe</Event><EventKey></EventKey>"), subscribe(None, None, None));
    assert_eq!(
        event("<Event>Subscribe</Event><EventKey>qrscene_link7</EventKey><Ticket><![CDATA[T]]></Ticket>"),
        subscribe(Some("link7"), Some("T"), Some("qrscene_link7"))
    );
    assert_eq!(
        event("<Event>subscribe</Event><EventKey>last_trade_no_4</EventKey>"),
        subscribe(None, None, Some("last_trade_no_4"))
    );
    assert_eq!(event("<Event>unsubscribe</Event>"), Ok(Content::Unsubscribe));
    for name in ["SCAN", "scan"] {
        let scanned = event(&format!("<Event>{name}</Event><EventKey>7</EventKey>"));
        let scene = "7".into();
        assert_eq!(scanned, Ok(Content::Scan { scene, ticket: None }));
    }
    assert_eq!(
        event("<Event>VIEW</Event><EventKey>https://a.example/?x=1&amp;y=2</EventKey>"),
        Ok(Content::View { url: "https://a.example/?x=1&y=2".into() })
    );
    assert_eq!(event("<Event>CLICK</Event><EventKey>K</EventKey>"), Ok(Content::Click { key: "K".into() }));
    assert_eq!(
        event(
            "<Event>TEMPLATESENDJOBFINISH</Event><MsgID>200163836</MsgID><Status><![CDATA[failed: system failed]]></Status>"
        ),
        Ok(Content::TemplateSendJobFinish { msg_id: Some(200163836), status: "failed: system failed".into() })
    );
    assert_eq!(
        event(
            "<Event>pic_weixin</Event><EventKey>6</EventKey><SendPicsInfo><Count>1</Count><PicList><item><PicMd5Sum>x</PicMd5Sum></item></PicList></SendPicsInfo>"
        ),
        Ok(Content::OtherEvent { event: "pic_weixin".into(), event_key: Some("6".into()) })
    );
    assert_eq!(event(""), Err(XmlError::Missing("Event")));
}

#[test]
fn the_same_event_has_the_same_dedupe_key_and_another_has_not() {
    let key = |inner: &str| {
        let content = event(inner).unwrap();
        let message =
            message::Message { to_user_name: "gh_1".into(), from_user_name: "oMing".into(), create_time: 5, content };
        message.dedupe_key()
    };
    let follow = key("<Event>subscribe</Event>");
    assert_eq!(follow, key("<Event>SUBSCRIBE</Event><EventKey/>"));
    assert_ne!(follow, key("<Event>unsubscribe</Event>"));
    assert_ne!(key("<Event>CLICK</Event><EventKey>a</EventKey>"), key("<Event>CLICK</Event><EventKey>b</EventKey>"));
}

#[test]
fn two_followers_with_one_msg_id_do_not_silence_each_other() {
    let said_by = |openid: &str| {
        let xml = format!(
            "<xml><ToUserName>gh_1</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>5</CreateTime><MsgType>text</MsgType><Content>领</Content><MsgId>7</MsgId></xml>"
        );
        message::parse(xml.as_bytes()).unwrap().dedupe_key()
    };
    assert_eq!(said_by("oMing"), "msg:oMing:7");
    assert_eq!(said_by("oMing"), said_by("oMing"));
    assert_ne!(said_by("oMing"), said_by("oHong"));
}

#[test]
fn replies_keep_their_order_and_survive_what_people_write() {
    let reply = message::text_reply("oMing", "gh_1", 7, "a]]>b <a href=\"https://x\">领</a>\u{0}\n&");
    assert_eq!(
        reply,
        "<xml><ToUserName><![CDATA[oMing]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName><CreateTime>7</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[a]]]]><![CDATA[>b <a href=\"https://x\">领</a>\n&]]></Content></xml>"
    );
    let read = message::parse(reply.as_bytes()).unwrap();
    let content = "a]]>b <a href=\"https://x\">领</a>\n&".to_owned();
    let text = Content::Text { content, msg_id: None };
    assert_eq!(read.content, text);

    let article = Article { title: "T".into(), description: "D".into(), pic_url: "P".into(), url: "U".into() };
    assert_eq!(
        message::news_reply("oMing", "gh_1", 7, &[article]),
        "<xml><ToUserName><![CDATA[oMing]]></ToUserName><FromUserName><![CDATA[gh_1]]></FromUserName><CreateTime>7</CreateTime><MsgType><![CDATA[news]]></MsgType><ArticleCount>1</ArticleCount><Articles><item><Title><![CDATA[T]]></Title><Description><![CDATA[D]]></Description><PicUrl><![CDATA[P]]></PicUrl><Url><![CDATA[U]]></Url></item></Articles></xml>"
    );
}
