//! The vectors of Tencent's own sample code and of public SDKs, to the byte.
//! A vector that fails here is a bug in the crate, never in the vector.

use wechat::callback::{self, Keys, MessageMode, Push, Query};
use wechat::crypto::EncodingAesKey;
use wechat::message::Content;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn key(text: &str) -> EncodingAesKey {
    EncodingAesKey::try_from(text).unwrap()
}

/// A push of a sample: its account, its query, its body.
struct Sample {
    appid: &'static str,
    token: &'static str,
    key: &'static str,
    timestamp: &'static str,
    nonce: &'static str,
    msg_signature: &'static str,
}

impl Sample {
    fn opens(&self, body: &str) -> Push {
        let keys = Keys {
            appid: self.appid.into(),
            token: self.token.into(),
            mode: MessageMode::Compatible,
            aes_keys: vec![key(self.key)],
        };
        let query = Query {
            timestamp: Some(self.timestamp.into()),
            nonce: Some(self.nonce.into()),
            encrypt_type: Some("aes".into()),
            msg_signature: Some(self.msg_signature.into()),
            ..Query::default()
        };
        callback::open(&keys, &query, body.as_bytes(), self.timestamp.parse().unwrap()).unwrap()
    }
}

/// Every byte: opened to this random prefix, message and appid, and sealed from them again.
fn is_exactly(key_text: &str, encrypted: &str, random16: &[u8; 16], message: &str, appid: &str) {
    let key = key(key_text);
    assert_eq!(key.decrypt(encrypted), Ok((message.as_bytes().to_vec(), appid.to_owned())));
    assert_eq!(key.encrypt(appid, *random16, message.as_bytes()), encrypted);
}

/// `WXBizMsgCryptTest.testAesEncrypt2` of the Java sample.
#[test]
fn a_reply_with_a_video_is_encrypted() {
    let reply = "<xml><ToUserName><![CDATA[oia2Tj我是中文jewbmiOUlr6X-1crbLOvLw]]></ToUserName><FromUserName><![CDATA[gh_7f083739789a]]></FromUserName><CreateTime>1407743423</CreateTime><MsgType><![CDATA[video]]></MsgType><Video><MediaId><![CDATA[eYJ1MbwPRJtOvIEabaxHs7TX2D-HV71s79GUxqdUkjm6Gs2Ed1KF3ulAOA9H1xG0]]></MediaId><Title><![CDATA[testCallBackReplyVideo]]></Title><Description><![CDATA[testCallBackReplyVideo]]></Description></Video></xml>";
    let encrypted = "jn1L23DB+6ELqJ+6bruv23M2GmYfkv0xBh2h+XTBOKVKcgDFHle6gqcZ1cZrk3e1qjPQ1F4RsLWzQRG9udbKWesxlkupqcEcW7ZQweImX9+wLMa0GaUzpkycA8+IamDBxn5loLgZpnS7fVAbExOkK5DYHBmv5tptA9tklE/fTIILHR8HLXa5nQvFb3tYPKAlHF3rtTeayNf0QuM+UW/wM9enGIDIJHF7CLHiDNAYxr+r+OrJCmPQyTy8cVWlu9iSvOHPT/77bZqJucQHQ04sq7KZI27OcqpQNSto2OdHCoTccjggX5Z9Mma0nMJBU+jLKJ38YB1fBIz+vBzsYjrTmFQ44YfeEuZ+xRTQwr92vhA9OxchWVINGC50qE/6lmkwWTwGX9wtQpsJKhP+oS7rvTY8+VdzETdfakjkwQ5/Xka042OlUb1/slTwo4RscuQ+RdxSGvDahxAJ6+EAjLt9d8igHngxIbf6YyqqROxuxqIeIch3CssH/LqRs+iAcILvApYZckqmA7FNERspKA5f8GoJ9sv8xmGvZ9Yrf57cExWtnX8aCMMaBropU/1k+hKP5LVdzbWCG0hGwx/dQudYR/eXp3P0XxjlFiy+9DMlaFExWUZQDajPkdPrEeOwofJb";
    is_exactly(LETTERS, encrypted, b"aaaabbbbccccdddd", reply, "wxb11529c136998cb6");
}

/// `WXBizMsgCryptTest.testVerifyUrl` of the Java sample, and the same of wechatpy.
#[test]
fn encrypted_echoes_are_signed_and_opened() {
    let encrypted = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==";
    let signed = callback::signature(&["QDG6eK", "1409659589", "263014780", encrypted]);
    assert_eq!(signed, "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3");
    let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    is_exactly(key, encrypted, b"c41b64491c2468d0", "1616140317555161061", "wx5823bf96d3bd56c7");

    let encrypted = "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==";
    let signed = callback::signature(&["123456", "1411443780", "437374425", encrypted]);
    assert_eq!(signed, "dd6b9c95b495b3f7e2901bfbc76c664930ffdb96");
    let key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR";
    is_exactly(key, encrypted, b"2304fc2fe146f1f8", "5927782489442352469", "wx49f0ab532d5d035a");
}

/// `Sample.py`: compatible mode, with the same fields in plain beside the encrypted part.
#[test]
fn the_push_of_the_python_sample_is_opened() {
    let encrypted = "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXpbUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlpKn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE=";
    let message = "<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>\n<FromUserName><![CDATA[oyORnuP8q7ou2gfYjqLzSIWZf0rs]]></FromUserName>\n<CreateTime>1409735668</CreateTime>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[abcdteT]]></Content>\n<MsgId>6054768590064713728</MsgId>\n</xml>";
    is_exactly(LETTERS, encrypted, b"89465c840c5f116f", message, "wx2c2769f8efd9abc2");
    let sample = Sample {
        appid: "wx2c2769f8efd9abc2",
        token: "spamtest",
        key: LETTERS,
        timestamp: "1409735669",
        nonce: "1320562132",
        msg_signature: "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
    };
    let body =
        message.replace('\n', "").replace("</xml>", &format!("<Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"));
    let push = sample.opens(&body);
    assert_eq!(push.message.dedupe_key(), "msg:oyORnuP8q7ou2gfYjqLzSIWZf0rs:6054768590064713728");
    let said = Content::Text { content: "abcdteT".into(), msg_id: Some(6_054_768_590_064_713_728) };
    assert_eq!(push.message.content, said);
}

/// `Sample.cpp`: safe mode.
#[test]
fn the_push_of_the_cpp_sample_is_opened() {
    let sample = Sample {
        appid: "wx2c2769f8efd9abc2",
        token: "spamtest",
        key: LETTERS,
        timestamp: "1410349438",
        nonce: "298025754",
        msg_signature: "003fee52ecc56afb46c00b5c7721be87860ce785",
    };
    let push = sample.opens("<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[mfBCs65c67CeJw22u4VT2TD73q5H06+ocrAIxswCaeZ/d/Lw0msSZFHY0teqgSYiI1zR2gD2DKrB3TIrmX/liNSDrGqS8jSI/WPeKB5VPr7Ezr7gomZAyGCwJSgT1TRFWPfONGJMxuj2nk4faTuspAuVIFQ6SHwZuJBZC7mcJp7Cgr9cUhATQWDbOPaE7ukZBTV2YqyzH+UI2AK+J1S47cE79k1RX8t0hcTz/O0hlK8DGXKnvYv88qKQcI7z4iaajqHfRVZKBNyOODabs+It+ZfM3dWTeFcPgDbGtIEnpt/EDtuuA/zMvtkaKdHdswPnVZQ+xdwbYr3ldGvfT8HlEYEgkgKaThxTFobVlwzu2ZkXCjicbP3xdr15Iq48ObgzPpqYuZ3IEoyggZDKClquk0u0orMck4GTF/XyE8yGzc4=]]></Encrypt></xml>");
    assert_eq!((push.message.to_user_name.as_str(), push.message.create_time), ("gh_10f6c3c3ac5a", 1_410_349_438));
    assert_eq!(push.message.dedupe_key(), "msg:oyORnuP8q7ou2gfYjqLzSIWZf0rs:6057404712141979648");
}

/// The console's debugging tool, as the page on message pushes shows it: a key of zeros, an event nobody knows.
#[test]
fn the_push_and_the_reply_of_the_debugging_tool_are_exact() {
    let zeros = "A".repeat(43);
    let sample = Sample {
        appid: "wx134c8103faa5a59e",
        token: "AAAAA",
        key: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        timestamp: "1715943329",
        nonce: "1590219412",
        msg_signature: "6c12a4205838198b8fa631b3220723bb07f1015c",
    };
    let push = sample.opens("<xml><ToUserName><![CDATA[gh_97417a04a28d]]></ToUserName><Encrypt><![CDATA[D7yzvUNAL930rd28wf21s4hvXhz0L6Uit/p2Di6C5DHyYGpEgdBRnKjBec34JwoQXicwaZC7fOVihW80F4VtsdvE//1vr7oAbqjDv8KenVp+ajKYpJnyQ4zMRhIC+a31fCVOMC03FfzV/QuC94kBP55a+Za3sJgvAn+ZbsNqZI5DkyuzkhQN8OBqCzFhizGmy0xpM0MEA4agpvE+RuNO1rhHTtuJB5yltw1FiYzecSXJ+y/D2r81VkRn2eYjh2ltsoyfbDR7Is6ookXIFxTfyeNyeHxMeT4KN5WpCDmSbTcUYrbBUlkGLJ9n/rU8YOywma6G7aTb7KZKOqCxgfoUlYEZPk4FUL/TK7ShriFDMVCLyjQJ15Ob++agDWtcxhfUfe6HIoIpRW8mKNBQiY/Jd1svvuskA1wLef1RTtzKfMpagSCX/laZINmdnX4zrF6kIaR9P4xQrWXbsTFHTYe0Mg==]]></Encrypt></xml>");
    assert_eq!(push.message.content, Content::OtherEvent { event: "debug_demo".into(), event_key: None });
    let reply = "<xml><demo_resp>[CDATA[good luck]]</demo_resp></xml>";
    let sealed = "hE8R6mGXHkJJjU72KxzKUd1GEkKJaEZq7vRL8XgK3o+00k8JGq6+pZJUIlTSyhsX+bxIBQ72g3GyvDdIZcr6+3HAZbSvPT9t/o11MI7d6WELwqrGd7jMnV0zv3Zc9Nq7";
    is_exactly(&zeros, sealed, b"999951349e8ee746", reply, sample.appid);
    let signed = callback::signature(&["AAAAA", "1713424427", "415670741", sealed]);
    assert_eq!(signed, "03e0812039325c2712ef5f0f980fd14c70d6e307");
}

/// wechatpy's `test_crypto.py`: a pad of one, and a reply with line breaks around its elements.
#[test]
fn the_push_and_the_reply_of_wechatpy_are_exact() {
    let sample = Sample {
        appid: "wx49f0ab532d5d035a",
        token: "123456",
        key: "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
        timestamp: "1411525903",
        nonce: "461056294",
        msg_signature: "74d92dfeb87ba7c714f89d98870ae5eb62dff26d",
    };
    let push = sample.opens("<xml><ToUserName><![CDATA[wx49f0ab532d5d035a]]></ToUserName>\n<Encrypt><![CDATA[RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mCPatfjsu6IHCrsTyeDXzF6Bv283dGymzxh6ydJRvZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/TywZBtDh1yCF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54SNdshoQgWYEvccTKe7FS709/5t6NMxuGhcUGAPOQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQVhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0=]]></Encrypt>\n<AgentID><![CDATA[1]]></AgentID>\n</xml>");
    assert_eq!(push.message.from_user_name, "messense");
    let said = Content::Text { content: "test".into(), msg_id: Some(4_363_689_963_896_700_987) };
    assert_eq!(push.message.content, said);
    let reply = "<xml>\n<MsgType><![CDATA[text]]></MsgType>\n<Content><![CDATA[test]]></Content>\n<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n<ToUserName><![CDATA[messense]]></ToUserName>\n<AgentID>1</AgentID>\n<CreateTime>1411525903</CreateTime>\n</xml>";
    let sealed = "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzHrluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstttyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p9FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIkdQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kFxtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3";
    is_exactly(sample.key, sealed, b"1234567890123456", reply, sample.appid);
    let signed = callback::signature(&["123456", "1411525903", "461056294", sealed]);
    assert_eq!(signed, "407518b7649e86ef23978113f92d27afa9296533");
}
