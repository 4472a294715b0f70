//! What WeChat and other people's tools send beside the page's own samples, and what becomes of it.
//! Each line is a form that was seen or that XML and URLs allow; none may change what a push means.

use axum::extract::Query as UrlQuery;
use axum::http::Uri;
use wechat::callback::{self, Keys, MessageMode, Push, Query, Rejected};
use wechat::crypto::EncodingAesKey;
use wechat::message::{self, Content, Message, XmlError};

const NOW: i64 = 1_700_000_000;
const APPID: &str = "wxb11529c136998cb6";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
const TEXT: &str = "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oMing]]></FromUserName><CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[领]]></Content><MsgId>9</MsgId></xml>";

fn keys(mode: MessageMode) -> Keys {
    let aes_keys = vec![EncodingAesKey::try_from(KEY).unwrap()];
    Keys { appid: APPID.into(), token: "lingbao".into(), mode, aes_keys }
}

/// A query as the server's framework reads it from an address.
fn query(text: &str) -> Query {
    let uri: Uri = format!("/wechat/{APPID}?{text}").parse().unwrap();
    UrlQuery::try_from_uri(&uri).unwrap().0
}

fn signature() -> String {
    callback::signature(&["lingbao", &NOW.to_string(), "n1"])
}

fn opens_plain(asked: &str, body: &str) -> Result<Push, Rejected> {
    callback::open(&keys(MessageMode::Plain), &query(asked), body.as_bytes(), NOW)
}

fn read(xml: &str) -> Result<Message, XmlError> {
    message::parse(xml.as_bytes())
}

/// The sample with one part written in another way.
fn with(from: &str, to: &str) -> Result<Message, XmlError> {
    assert!(TEXT.contains(from), "{from}");
    read(&TEXT.replace(from, to))
}

#[test]
fn the_query_may_come_in_any_order_and_with_parts_that_nobody_knows() {
    let s = signature();
    let asked = [
        format!("signature={s}&timestamp={NOW}&nonce=n1&openid=oMing"),
        format!("openid=oMing&nonce=n1&timestamp={NOW}&signature={s}"),
        format!("from=mp&nonce=n1&signature={s}&timestamp={NOW}&new_part=%E9%A2%86&empty="),
        format!("encrypt_type=raw&signature={s}&timestamp={NOW}&nonce=n1"),
        format!("encrypt_type=&signature={s}&timestamp={NOW}&nonce=n1"),
    ];
    for asked in asked {
        let push = opens_plain(&asked, TEXT).unwrap();
        assert_eq!((push.message.from_user_name.as_str(), push.opened_with), ("oMing", None), "{asked}");
    }
    let encrypted = keys(MessageMode::Safe).aes_keys[0].encrypt(APPID, [7; 16], TEXT.as_bytes());
    let covered = callback::signature(&["lingbao", &NOW.to_string(), "n1", &encrypted]);
    let asked = format!("msg_signature={covered}&x=1&encrypt_type=aes&openid=o&nonce=n1&timestamp={NOW}&signature={s}");
    let body = format!("<xml>\n  <Encrypt>{encrypted}\n</Encrypt>\n<ToUserName>gh_1</ToUserName></xml>");
    let push = callback::open(&keys(MessageMode::Safe), &query(&asked), body.as_bytes(), NOW).unwrap();
    assert_eq!(push.message, read(TEXT).unwrap());
}

#[test]
fn raw_is_no_way_around_encryption() {
    let asked = format!("encrypt_type=raw&signature={}&timestamp={NOW}&nonce=n1", signature());
    for mode in [MessageMode::Compatible, MessageMode::Safe] {
        let push = callback::open(&keys(mode), &query(&asked), TEXT.as_bytes(), NOW);
        assert_eq!(push, Err(Rejected::NotEncrypted));
    }
}

#[test]
fn a_signature_is_lower_case_hex_and_nothing_else() {
    let signed = |s: &str| opens_plain(&format!("signature={s}&timestamp={NOW}&nonce=n1"), TEXT).map(drop);
    let good = signature();
    assert_eq!(signed(&good), Ok(()));
    for bad in [good.to_uppercase(), format!("%20{good}"), format!("{good}%0a"), good[..39].to_owned(), String::new()] {
        assert_eq!(signed(&bad), Err(Rejected::Signature), "{bad}");
    }
}

#[test]
fn the_echo_is_decoded_once_and_answered_to_the_byte() {
    let echo = |echostr: &str| {
        let asked = format!("echostr={echostr}&signature={}&timestamp={NOW}&nonce=n1", signature());
        callback::verify_url(&keys(MessageMode::Safe), &query(&asked), NOW)
    };
    let echoes = [
        ("4375120948345356249", "4375120948345356249"),
        ("a%2Bb%2Fc%3D%3D", "a+b/c=="),
        ("a=b==", "a=b=="),
        ("a+b", "a b"),
        ("%252B", "%2B"),
        ("%3Cxml%3E%26amp%3B%0A", "<xml>&amp;\n"),
        ("%E9%A2%86", "领"),
        ("", ""),
    ];
    for (sent, answered) in echoes {
        assert_eq!(echo(sent), Ok(answered.to_owned()), "{sent}");
    }
    let without = format!("signature={}&timestamp={NOW}&nonce=n1", signature());
    let without = callback::verify_url(&keys(MessageMode::Safe), &query(&without), NOW);
    assert_eq!(without, Err(Rejected::Signature));
}

#[test]
fn an_empty_body_is_refused_in_every_mode() {
    let plain = format!("signature={}&timestamp={NOW}&nonce=n1", signature());
    for body in ["", " ", "\r\n"] {
        assert_eq!(opens_plain(&plain, body), Err(Rejected::Xml(XmlError::Malformed)), "{body:?}");
        let safe = query(&format!("{plain}&encrypt_type=aes&msg_signature={}", "0".repeat(40)));
        let push = callback::open(&keys(MessageMode::Safe), &safe, body.as_bytes(), NOW);
        assert_eq!(push, Err(Rejected::Xml(XmlError::Malformed)), "{body:?}");
    }
}

#[test]
fn comments_blanks_and_line_ends_between_the_elements_mean_nothing() {
    let plain = read(TEXT).unwrap();
    for between in ["\n", "\r\n", "  \t", "<!-- a comment -->", "\r\n<!--\r\n<MsgId>1</MsgId>\r\n-->\r\n"] {
        let spread = TEXT.replace("><", &format!(">{between}<"));
        let spread = spread.replace(&format!(">{between}<![CDATA["), "><![CDATA[");
        let spread = spread.replace(&format!("]]>{between}</"), "]]></");
        assert_eq!(read(&spread), Ok(plain.clone()), "{between:?}");
        assert_eq!(read(&format!("{between}{spread}{between}")), Ok(plain.clone()), "around, {between:?}");
    }
    assert_eq!(read(&format!("\u{feff}<?xml version='1.0' encoding='utf-8'?>\r\n{TEXT}\r\n")), Ok(plain.clone()));
    assert_eq!(with("<xml>", "<xml version=\"1\" xmlns=\"urn:x\">"), Ok(plain));
}

#[test]
fn numbers_and_words_are_the_same_in_cdata_and_between_blanks() {
    let plain = read(TEXT).unwrap();
    assert_eq!(with("<MsgId>9<", "<MsgId><![CDATA[9]]><"), Ok(plain.clone()));
    assert_eq!(with("<MsgId>9<", "<MsgId>\n  9\n<"), Ok(plain.clone()));
    assert_eq!(with("<CreateTime>1700000000<", "<CreateTime><![CDATA[1700000000]]><"), Ok(plain.clone()));
    assert_eq!(with("<CreateTime>1700000000<", "<CreateTime>\r\n<![CDATA[1700000000]]>\r\n<"), Ok(plain.clone()));
    assert_eq!(with("<![CDATA[text]]>", "text"), Ok(plain.clone()));
    assert_eq!(with("<![CDATA[oMing]]>", "\n<![CDATA[oMing]]>\n"), Ok(plain));
}

#[test]
fn a_push_without_its_time_is_refused_because_repetitions_could_not_be_told() {
    let missing = Err(XmlError::Missing("CreateTime"));
    assert_eq!(with("<CreateTime>1700000000</CreateTime>", ""), missing);
    assert_eq!(with("<CreateTime>1700000000</CreateTime>", "<CreateTime/>"), missing);
    assert_eq!(with("<CreateTime>1700000000<", "<CreateTime><![CDATA[]]><"), missing);
}

#[test]
fn a_msg_id_fills_sixty_four_bits_and_no_more() {
    let numbered = |id: &str| with("<MsgId>9<", &format!("<MsgId>{id}<")).map(|message| message.dedupe_key());
    assert_eq!(numbered("18446744073709551615"), Ok("msg:oMing:18446744073709551615".into()));
    assert_eq!(numbered("9007199254740993"), Ok("msg:oMing:9007199254740993".into()), "no number of JavaScript's");
    for bad in ["18446744073709551616", "-1", "9.0", "0x9"] {
        assert_eq!(numbered(bad), Err(XmlError::NotANumber("MsgId")), "{bad}");
    }
    assert_eq!(with("<MsgId>9</MsgId>", "").unwrap().dedupe_key(), "event:oMing:1700000000:text:领");
}

#[test]
fn types_and_events_that_nobody_knows_are_read_all_the_same() {
    let kind = with("<![CDATA[text]]>", "<![CDATA[finder_video]]>").unwrap();
    assert_eq!(kind.content, Content::Other { msg_type: "finder_video".into(), msg_id: Some(9) });
    let event = |inner: &str| {
        let event = with("<![CDATA[text]]></MsgType>", &format!("<![CDATA[event]]></MsgType>{inner}"));
        event.unwrap().content
    };
    let other =
        |event: &str, key: Option<&str>| Content::OtherEvent { event: event.into(), event_key: key.map(str::to_owned) };
    assert_eq!(event("<Event>user_info_modified</Event><OpenID>o</OpenID>"), other("user_info_modified", None));
    let scanned = "<Event><![CDATA[scancode_waitmsg]]></Event><EventKey><![CDATA[k]]></EventKey><ScanCodeInfo><ScanType><![CDATA[qrcode]]></ScanType><ScanResult><![CDATA[1]]></ScanResult><Event>subscribe</Event></ScanCodeInfo>";
    assert_eq!(event(scanned), other("scancode_waitmsg", Some("k")), "what is nested says nothing");
    let popup = "<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent><List><TemplateId>a</TemplateId></List><List><TemplateId>b</TemplateId></List></SubscribeMsgPopupEvent>";
    assert_eq!(event(popup), other("subscribe_msg_popup_event", None));
    let mass = "<Event>MASSSENDJOBFINISH</Event><MsgID>1</MsgID><Status>send success</Status><TotalCount>1</TotalCount><CopyrightCheckResult><Count>1</Count><ResultList><item><Status>2</Status></item><item><Status>3</Status></item></ResultList></CopyrightCheckResult>";
    assert_eq!(event(mass), other("MASSSENDJOBFINISH", None));
}

#[test]
fn what_people_type_arrives_as_they_typed_it() {
    let said = |cdata: &str| match with("<![CDATA[领]]>", cdata).unwrap().content {
        Content::Text { content, .. } => content,
        other => panic!("{other:?}"),
    };
    assert_eq!(said("<![CDATA[🧧👨‍👩‍👧‍👦 /:rose [Smile]]]>"), "🧧👨‍👩‍👧‍👦 /:rose [Smile]");
    assert_eq!(said("&#x1F9E7;&#128125;"), "🧧👽");
    assert_eq!(said("<![CDATA[一\r\n二\n三\r四]]>"), "一\n二\n三\n四", "XML knows one kind of line end");
    assert_eq!(said("<![CDATA[ <a href=\"x\">&amp;</a> ]]>"), " <a href=\"x\">&amp;</a> ");
    assert_eq!(said("<![CDATA[]]>"), "");
}
