//! Pushes made by hand, as WeChat or somebody who is not WeChat would send them.
//! Refuses to be kind: whatever a story changes in it goes out as it is.

use crate::world::{BOOKS, COFFEE, FUWU, World};
use wechat::callback::signature;
use wechat::crypto::EncodingAesKey;

/// What an account's console shows.
#[derive(Clone, Copy)]
pub struct Console {
    /// Its appid.
    pub appid: &'static str,
    /// `gh_…`
    pub original_id: &'static str,
    /// Its token.
    pub token: &'static str,
    /// Its key.
    pub aes_key: &'static str,
}

/// The safe-mode account.
pub const SAFE: Console = Console {
    appid: COFFEE,
    original_id: "gh_shanyecoffee",
    token: "shanyetoken2026",
    aes_key: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
};

/// The compatible-mode account.
pub const COMPATIBLE: Console = Console {
    appid: BOOKS,
    original_id: "gh_mandubooks",
    token: "mandutoken2026",
    aes_key: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
};

/// The plain-mode account.
pub const PLAIN: Console = Console {
    appid: FUWU,
    original_id: "gh_lingbaofuwu",
    token: "fuwutoken2026",
    aes_key: "7rTzK2mW9pXq4vB8nL1cD6fG3hJ5sA0yE2uR7iO9wQM",
};

impl Console {
    /// The key, ready to encrypt.
    pub fn key(&self) -> EncodingAesKey {
        EncodingAesKey::try_from(self.aes_key).unwrap()
    }

    /// An event of this follower at this second.
    pub fn event(&self, openid: &str, event: &str, at_secs: i64) -> String {
        format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
             <CreateTime>{at_secs}</CreateTime><MsgType><![CDATA[event]]></MsgType>\
             <Event><![CDATA[{event}]]></Event><EventKey></EventKey></xml>",
            self.original_id
        )
    }

    /// The parcel of a message: plain, signed.
    pub fn plain(&self, xml: &str, at_secs: i64, nonce: &str) -> Parcel {
        let timestamp = at_secs.to_string();
        let signed = signature(&[self.token, &timestamp, nonce]);
        let query = vec![("signature", signed), ("timestamp", timestamp), ("nonce", nonce.to_owned())];
        Parcel { appid: self.appid.to_owned(), query, body: xml.to_owned() }
    }

    /// The parcel of an encrypted text that is already made.
    pub fn enveloped(&self, encrypted: &str, at_secs: i64, nonce: &str) -> Parcel {
        let body = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
            self.original_id
        );
        let mut parcel = self.plain(&body, at_secs, nonce);
        let covered = signature(&[self.token, &at_secs.to_string(), nonce, encrypted]);
        parcel.query.push(("encrypt_type", "aes".to_owned()));
        parcel.query.push(("msg_signature", covered));
        parcel
    }

    /// The parcel of a message: encrypted for our own appid, signed twice.
    pub fn sealed(&self, xml: &str, at_secs: i64, nonce: &str) -> Parcel {
        let encrypted = self.key().encrypt(self.appid, *b"sixteen letters.", xml.as_bytes());
        self.enveloped(&encrypted, at_secs, nonce)
    }

    /// The text of a sealed or plain answer.
    pub fn reads(&self, answer: &str) -> String {
        match answer.split_once("<Encrypt><![CDATA[") {
            Some((_, rest)) => {
                let (message, appid) = self.key().decrypt(rest.split("]]>").next().unwrap()).unwrap();
                assert_eq!(appid, self.appid);
                String::from_utf8(message).unwrap()
            }
            None => answer.to_owned(),
        }
    }
}

/// A request ready to go out.
#[derive(Clone)]
pub struct Parcel {
    /// The account in the path.
    pub appid: String,
    /// The query.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Parcel {
    /// The same with another value in the query.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        for (_, old) in self.query.iter_mut().filter(|(n, _)| *n == name) {
            value.clone_into(old);
        }
        self
    }

    /// The same without a part of the query.
    pub fn without(mut self, name: &str) -> Self {
        self.query.retain(|(n, _)| *n != name);
        self
    }

    /// The path with its query.
    pub fn path(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("/wechat/{}?{query}", self.appid)
    }
}

impl World {
    /// Delivers a parcel: the status and the answer.
    pub async fn delivers(&self, parcel: &Parcel) -> (u16, String) {
        let request = self.http.post(self.url(&parcel.path())).header("content-type", "text/xml");
        let response = request.body(parcel.body.clone()).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Now, in seconds.
    pub fn secs(&self) -> i64 {
        self.clock.now().secs()
    }
}
