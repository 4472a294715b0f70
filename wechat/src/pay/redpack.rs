//! Sending a cash red packet: the complete request, frozen as text, and what its answer proves.
//! It never says *refused* unless the code proves that nothing was sent; everything doubtful is *unknown*.
//!
//! Page: <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>

pub use super::err_code::{ErrCode, Reaction, UnknownErrCode};
pub use super::gethbinfo::{HbAnswer, HbInfo, HbStatus};

use super::PayClient;
use super::sign_v2::{SignType, sign};
use super::xml;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

const PATH: &str = "/mmpaymkttransfers/sendredpack";

/// What is read of an answer, beside the fields that say which packet it is about.
const READ: &[&str] =
    &["return_code", "return_msg", "result_code", "err_code", "err_code_des", "send_listid", "send_time"];

/// The fields that say which packet an answer is about, as the answer spells them and as the request does.
const ABOUT: &[(&str, &str)] = &[
    ("mch_billno", "mch_billno"),
    ("mch_id", "mch_id"),
    ("wxappid", "wxappid"),
    ("appid", "wxappid"),
    ("re_openid", "re_openid"),
    ("total_amount", "total_amount"),
];

/// One packet to one person. Amounts in fen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRedpack {
    /// Our number, at most 28 letters and digits: the same number is the same packet, for ever.
    pub mch_billno: String,
    /// The merchant.
    pub mch_id: String,
    /// The official account, bound to the merchant, that `re_openid` belongs to.
    pub wxappid: String,
    /// Who sends it, as the person reads it.
    pub send_name: String,
    /// Who gets it.
    pub re_openid: String,
    /// How much, in fen; 100 to 20000 unless a scene allows more or less.
    pub total_amount: i64,
    /// The wish on the packet.
    pub wishing: String,
    /// Our public IPv4 address.
    pub client_ip: String,
    /// The campaign's name.
    pub act_name: String,
    /// A remark.
    pub remark: String,
    /// `PRODUCT_1` to `PRODUCT_8`, when the console has opened one.
    pub scene_id: Option<String>,
}

/// A field that WeChat would refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct Invalid {
    /// The field, as WeChat spells it.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

impl SendRedpack {
    /// The complete signed request. Keep it: every repetition must be this text, byte for byte.
    ///
    /// # Errors
    /// [`Invalid`] names the first field that WeChat would refuse.
    pub fn request_xml(&self, key: &str, nonce_str: &str) -> Result<String, Invalid> {
        self.check(nonce_str)?;
        let amount = self.total_amount.to_string();
        let fields = [
            ("nonce_str", nonce_str),
            ("mch_billno", &self.mch_billno),
            ("mch_id", &self.mch_id),
            ("wxappid", &self.wxappid),
            ("send_name", &self.send_name),
            ("re_openid", &self.re_openid),
            ("total_amount", &amount),
            ("total_num", "1"),
            ("wishing", &self.wishing),
            ("client_ip", &self.client_ip),
            ("act_name", &self.act_name),
            ("remark", &self.remark),
        ];
        let mut fields: BTreeMap<String, String> = fields
            .into_iter()
            .chain(self.scene_id.as_deref().map(|scene| ("scene_id", scene)))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        fields.insert("sign".into(), sign(&fields, key, SignType::Md5));
        Ok(xml::write(&fields))
    }

    fn check(&self, nonce_str: &str) -> Result<(), Invalid> {
        token("nonce_str", nonce_str, 32, "")?;
        token("mch_billno", &self.mch_billno, 28, "")?;
        token("mch_id", &self.mch_id, 32, "")?;
        token("wxappid", &self.wxappid, 32, "_-")?;
        token("re_openid", &self.re_openid, 32, "_-")?;
        words("send_name", &self.send_name, 32)?;
        words("wishing", &self.wishing, 128)?;
        words("act_name", &self.act_name, 32)?;
        words("remark", &self.remark, 256)?;
        let invalid = |field, why| Err(Invalid { field, why });
        if self.client_ip.parse::<Ipv4Addr>().is_err() {
            return invalid("client_ip", "must be an IPv4 address");
        }
        match self.scene_id.as_deref() {
            None if !(100..=20_000).contains(&self.total_amount) => {
                invalid("total_amount", "must be 100 to 20000 fen without a scene")
            }
            _ if self.total_amount < 1 => invalid("total_amount", "must be positive"),
            Some(scene) if !is_scene(scene) => invalid("scene_id", "must be PRODUCT_1 to PRODUCT_8"),
            _ => Ok(()),
        }
    }
}

/// The same request signed with `key`: byte for byte the same while the key is the one it was frozen with. After a
/// change of the merchant's key only the signature changes; number, nonce and all else stay, so it is the same packet.
///
/// # Errors
/// When the frozen text is not a request of ours.
pub fn signed_with<'a>(frozen_xml: &'a str, key: &str) -> Result<Cow<'a, str>, crate::xml::XmlError> {
    let mut fields = xml::parse(frozen_xml.as_bytes())?;
    let frozen = fields.remove("sign").unwrap_or_default();
    let fresh = sign(&fields, key, SignType::Md5);
    if fresh == frozen {
        return Ok(Cow::Borrowed(frozen_xml));
    }
    fields.insert("sign".into(), fresh);
    Ok(Cow::Owned(xml::write(&fields)))
}

fn is_scene(scene: &str) -> bool {
    matches!(scene.strip_prefix("PRODUCT_"), Some(n) if n.len() == 1 && ("1"..="8").contains(&n))
}

pub(super) fn token(field: &'static str, value: &str, max: usize, extra: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || extra.contains(c);
    if value.is_empty() {
        Err(Invalid { field, why: "is empty" })
    } else if value.len() > max {
        Err(Invalid { field, why: "is too long" })
    } else if !value.chars().all(allowed) {
        Err(Invalid { field, why: "holds a character that is not allowed" })
    } else {
        Ok(())
    }
}

/// Text that people read: counted in characters, and without anything that XML would change on its way.
pub(super) fn words(field: &'static str, value: &str, max: usize) -> Result<(), Invalid> {
    let unsafe_in_xml = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    if value.trim().is_empty() {
        Err(Invalid { field, why: "is empty" })
    } else if value.chars().count() > max {
        Err(Invalid { field, why: "is too long" })
    } else if value.contains(unsafe_in_xml) {
        Err(Invalid { field, why: "holds a line break or a control character" })
    } else {
        Ok(())
    }
}

/// What an answer proves about *this* request. An earlier request of the same number may have had another end:
/// after an [`Outcome::Unknown`] ask [`PayClient::gethbinfo`] before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted: the money is out, though not yet opened.
    Sent {
        /// WeChat's number.
        send_listid: Option<String>,
        /// `yyyyMMddHHmmss`, Beijing.
        send_time: Option<String>,
    },
    /// Nothing was sent by this request.
    Refused {
        /// The proof.
        err_code: ErrCode,
        /// For people only.
        err_code_des: String,
    },
    /// Nobody knows: keep the number and the request, and ask.
    Unknown {
        /// The code as it came, if one came.
        err_code: Option<String>,
        /// For people only.
        why: String,
    },
}

impl PayClient {
    /// Sends a request made by [`SendRedpack::request_xml`], or sends it again.
    pub async fn send_redpack(&self, frozen_xml: &str) -> Outcome {
        let request = match xml::parse(frozen_xml.as_bytes()) {
            Ok(request) => request,
            Err(e) => return unknown(None, format!("our own request cannot be read: {e}")),
        };
        let answer = match self.post(PATH, frozen_xml).await {
            Ok(answer) => answer,
            Err(why) => return unknown(None, why),
        };
        let names: Vec<&str> = READ.iter().chain(ABOUT.iter().map(|(said, _)| said)).copied().collect();
        match xml::only(&answer, &names) {
            Ok(answer) => judge(&request, &answer),
            Err(e) => unknown(None, e.to_string()),
        }
    }
}

type Fields = BTreeMap<String, String>;

fn judge(request: &Fields, answer: &Fields) -> Outcome {
    let said = |name: &str| answer.get(name).map_or("", String::as_str);
    let word = |name: &str| answer.get(name).cloned();
    if let Some(name) = difference(request, answer) {
        // Without its code: what another packet met with says nothing about ours.
        return unknown(None, format!("the answer is about another {name}"));
    }
    if said("return_code") == "SUCCESS" && said("result_code") == "SUCCESS" {
        // An err_code of `SUCCESS` or `0` may stand in a success; it means nothing.
        return if answer.contains_key("mch_billno") {
            Outcome::Sent { send_listid: word("send_listid"), send_time: word("send_time") }
        } else {
            unknown(None, "the answer does not say which packet was sent".to_owned())
        };
    }
    let what = word("err_code_des").or_else(|| word("return_msg"));
    let what = what.unwrap_or_else(|| "no reason given".to_owned());
    let code = said("err_code").parse::<ErrCode>().ok();
    let failed = said("result_code") != "SUCCESS" && (said("return_code") == "FAIL" || said("result_code") == "FAIL");
    match code.filter(|code| failed && code.means_not_sent()) {
        Some(err_code) => Outcome::Refused { err_code, err_code_des: what },
        None => unknown(word("err_code"), what),
    }
}

/// The first field in which an answer, whatever it says, speaks of something else than what was asked.
fn difference(request: &Fields, answer: &Fields) -> Option<&'static str> {
    let about_another = |(said, asked): &&(&str, &str)| {
        let asked = request.get(*asked).map(|text| text.trim());
        answer.get(*said).is_some_and(|said| Some(said.as_str()) != asked)
    };
    ABOUT.iter().find(about_another).map(|(said, _)| *said)
}

fn unknown(err_code: Option<String>, why: String) -> Outcome {
    Outcome::Unknown { err_code, why }
}
