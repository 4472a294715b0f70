//! XML that must be refused, and XML that must not.
//! The attacks are the known ones: DTDs, entities, doubled fields, depth, length, and half a document.

use wechat::message::{self, Content, XmlError};
use wechat::pay;
use wechat::xml::{MAX_BYTES, MAX_ELEMENTS};

fn text(content: &str) -> String {
    format!(
        "<xml><ToUserName>gh_1</ToUserName><FromUserName>oMing</FromUserName><CreateTime>1</CreateTime><MsgType>text</MsgType>{content}<MsgId>9</MsgId></xml>"
    )
}

fn said(xml: &str) -> Result<String, XmlError> {
    message::parse(xml.as_bytes()).map(|message| match message.content {
        Content::Text { content, .. } => content,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_dtd_is_refused_whatever_it_declares() {
    let entity = "<!DOCTYPE xml [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>";
    for dtd in [entity, "<!DOCTYPE xml>", "<!DOCTYPE xml SYSTEM \"http://a/\">"] {
        let xml = format!("{dtd}{}", text("<Content>x</Content>"));
        assert_eq!(said(&xml), Err(XmlError::Forbidden("a DTD")));
        let pay = pay::xml::parse(format!("{dtd}<xml><a>1</a></xml>").as_bytes());
        assert_eq!(pay, Err(XmlError::Forbidden("a DTD")));
    }
    assert!(said(&text("<!ENTITY x \"y\"><Content>x</Content>")).is_err());
}

#[test]
fn only_predefined_and_numeric_entities_are_known() {
    assert_eq!(said(&text("<Content>&lt;&gt;&amp;&quot;&apos;&#39046;&#x5305;</Content>")), Ok("<>&\"'领包".into()));
    assert_eq!(said(&text("<Content>&lol;</Content>")), Err(XmlError::Forbidden("an entity of its own")));
    for bad in ["&#0;", "&#x1;", "&#xd800;", "&#99999999999;", "&", "& b", "&;"] {
        let xml = text(&format!("<Content>{bad}</Content>"));
        assert!(said(&xml).is_err(), "{bad}");
    }
}

#[test]
fn processing_instructions_are_refused_except_the_declaration() {
    let good = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{}", text("<Content>x</Content>"));
    assert_eq!(said(&good), Ok("x".into()));
    let forbidden = Err(XmlError::Forbidden("a processing instruction"));
    assert_eq!(said(&text("<?php x ?><Content>x</Content>")), forbidden);
    assert_eq!(said(&text("<?xml version=\"1.0\"?><Content>x</Content>")), forbidden);
}

#[test]
fn cdata_and_text_are_the_same_and_may_be_mixed() {
    assert_eq!(said(&text("<Content>a<![CDATA[<b>]]>c</Content>")), Ok("a<b>c".into()));
    assert_eq!(said(&text("<Content/>")), Ok(String::new()));
    assert_eq!(said(&text("<Content> a\r\nb </Content>")), Ok(" a\nb ".into()));
    assert_eq!(said(&text("<!-- x --><Content>x</Content><New><Deep/></New>")), Ok("x".into()));
}

#[test]
fn a_known_field_twice_is_refused_and_an_unknown_one_is_not() {
    let twice = text("<Content>a</Content><Content>b</Content>");
    assert_eq!(said(&twice), Err(XmlError::Duplicate("Content".into())));
    let sender = text("<Content>a</Content><FromUserName>oMallory</FromUserName>");
    assert_eq!(said(&sender), Err(XmlError::Duplicate("FromUserName".into())));
    assert_eq!(said(&text("<Content>a</Content><New/><New/>")), Ok("a".into()));
    let pay = pay::xml::parse(b"<xml><a>1</a><a>2</a></xml>");
    assert_eq!(pay, Err(XmlError::Duplicate("a".into())));
}

#[test]
fn a_document_that_ends_early_or_goes_on_is_refused() {
    let whole = text("<Content><![CDATA[x]]></Content>");
    for end in 0..whole.len() {
        assert!(message::parse(&whole.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(said(&format!("{whole}\n")).is_ok());
    for more in ["x", "<xml/>", "<![CDATA[x]]>", "</xml>"] {
        assert!(said(&format!("{whole}{more}")).is_err(), "{more}");
    }
    assert!(said(&text("<Content>x</content>")).is_err());
}

#[test]
fn what_is_missing_or_no_number_is_named() {
    assert_eq!(said(&text("")), Err(XmlError::Missing("Content")));
    let odd = text("<Content>x</Content>").replace("<CreateTime>1<", "<CreateTime>soon<");
    assert_eq!(said(&odd), Err(XmlError::NotANumber("CreateTime")));
    let nobody = text("<Content>x</Content>").replace("oMing", " ");
    assert_eq!(said(&nobody), Err(XmlError::Missing("FromUserName")));
    assert_eq!(said("<html/>"), Err(XmlError::Root));
    assert_eq!(message::parse(b"<xml>\xff</xml>"), Err(XmlError::NotText));
    assert_eq!(message::parse(b"<xml>\x01</xml>"), Err(XmlError::NotText));
    assert_eq!(message::parse(b""), Err(XmlError::Malformed));
}

#[test]
fn the_deep_and_the_huge_are_refused() {
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(5000), "</a>".repeat(5000));
    assert_eq!(message::parse(deep.as_bytes()), Err(XmlError::TooDeep));
    let many = format!("<xml>{}</xml>", "<a/>".repeat(MAX_ELEMENTS));
    assert_eq!(message::parse(many.as_bytes()), Err(XmlError::TooLong));
    let long = format!("<xml>{}</xml>", " ".repeat(MAX_BYTES));
    assert_eq!(message::parse(long.as_bytes()), Err(XmlError::TooLong));
}
