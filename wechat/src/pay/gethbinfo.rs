//! Asking what became of a red packet.
//! It never turns *not found* into *failed*: a packet that cannot be found may still be on its way.
//!
//! Page: <https://pay.weixin.qq.com/doc/v2/partner/4011983160>

use super::PayClient;
use super::sign_v2::{SignType, sign};
use super::xml;
use crate::xml::{Element, XmlError};
use std::collections::BTreeMap;

const PATH: &str = "/mmpaymkttransfers/gethbinfo";

/// What is read of an answer, beside the packet's list of openings.
const READ: &[&str] = &[
    "return_code",
    "return_msg",
    "result_code",
    "err_code",
    "err_code_des",
    "mch_billno",
    "mch_id",
    "appid",
    "wxappid",
    "status",
    "reason",
    "detail_id",
    "total_amount",
    "send_time",
    "refund_time",
    "refund_amount",
];

/// What became of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HbStatus {
    /// `SENDING`: on its way; may still fail, even a day later.
    Sending,
    /// `SENT`: delivered, not opened.
    Sent,
    /// `FAILED`: failed for good.
    Failed,
    /// `RECEIVED`: opened.
    Received,
    /// `RFUND_ING`: going back to the merchant.
    RefundIng,
    /// `REFUND`: back at the merchant.
    Refund,
    /// A status that is not in the table.
    Unrecognised(String),
}

impl From<&str> for HbStatus {
    fn from(text: &str) -> HbStatus {
        match text {
            "SENDING" => HbStatus::Sending,
            "SENT" => HbStatus::Sent,
            "FAILED" => HbStatus::Failed,
            "RECEIVED" => HbStatus::Received,
            "RFUND_ING" => HbStatus::RefundIng,
            "REFUND" => HbStatus::Refund,
            other => HbStatus::Unrecognised(other.to_owned()),
        }
    }
}

/// A packet that was found. Times are `yyyy-MM-dd HH:mm:ss`, Beijing; amounts in fen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HbInfo {
    /// What became of it.
    pub status: HbStatus,
    /// Why it failed, for people only; may stand beside `SENDING` too.
    pub reason: Option<String>,
    /// WeChat's number.
    pub detail_id: Option<String>,
    /// How much.
    pub total_amount: i64,
    /// When it was sent.
    pub send_time: Option<String>,
    /// When it went back.
    pub refund_time: Option<String>,
    /// How much went back.
    pub refund_amount: Option<i64>,
    /// Who opened it, when the answer says so; it is for the caller to compare with whom it was sent to.
    pub openid: Option<String>,
    /// When it was opened; may be missing although it was.
    pub rcv_time: Option<String>,
}

/// The answer to the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HbAnswer {
    /// Found.
    Found(HbInfo),
    /// `NOT_FOUND`: still processing, never landed, or older than 30 days. No proof of a failure: ask again in
    /// minutes, or send the same request again.
    NotFound,
    /// No answer to believe.
    Unknown {
        /// The code as it came, if WeChat answered at all.
        err_code: Option<String>,
        /// For people only.
        why: String,
    },
}

impl PayClient {
    /// Asks for a packet of the last 30 days. `appid` is the red packet's `wxappid`.
    pub async fn gethbinfo(&self, mch_id: &str, appid: &str, mch_billno: &str, key: &str, nonce_str: &str) -> HbAnswer {
        let fields = [
            ("nonce_str", nonce_str),
            ("mch_billno", mch_billno),
            ("mch_id", mch_id),
            ("appid", appid),
            ("bill_type", "MCHT"),
        ];
        let mut fields: BTreeMap<String, String> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        fields.insert("sign".into(), sign(&fields, key, SignType::Md5));
        match self.post(PATH, &xml::write(&fields)).await {
            Ok(answer) => {
                let asked = [("mch_billno", mch_billno), ("mch_id", mch_id), ("appid", appid), ("wxappid", appid)];
                read(&answer, &asked).unwrap_or_else(|e| HbAnswer::Unknown { err_code: None, why: e.to_string() })
            }
            Err(why) => HbAnswer::Unknown { err_code: None, why },
        }
    }
}

/// `asked` holds what an answer must not contradict, whether it says *found* or *not found*.
fn read(answer: &Element, asked: &[(&str, &str)]) -> Result<HbAnswer, XmlError> {
    let fields = xml::only(answer, READ)?;
    let said = |name: &str| fields.get(name).map_or("", String::as_str);
    let word = |name: &str| fields.get(name).cloned();
    let unknown = |err_code, why: &str| Ok(HbAnswer::Unknown { err_code, why: why.to_owned() });
    // Without its code: what another packet met with says nothing about ours.
    if asked.iter().any(|(name, asked)| fields.get(*name).is_some_and(|said| said != asked)) {
        return unknown(None, "the answer is about another packet");
    }
    if said("return_code") != "SUCCESS" || said("result_code") != "SUCCESS" {
        if said("err_code") == "NOT_FOUND" && said("result_code") != "SUCCESS" {
            return Ok(HbAnswer::NotFound);
        }
        let what = word("err_code_des").or_else(|| word("return_msg"));
        return unknown(word("err_code"), what.as_deref().unwrap_or("no reason given"));
    }
    if !fields.contains_key("mch_billno") {
        return unknown(None, "the answer does not say which packet it is about");
    }
    let (Some(status), Ok(total_amount)) = (word("status"), said("total_amount").parse()) else {
        return unknown(None, "the answer has no status or no amount");
    };
    let opened = opened(answer)?;
    Ok(HbAnswer::Found(HbInfo {
        status: HbStatus::from(status.as_str()),
        reason: word("reason"),
        detail_id: word("detail_id"),
        total_amount,
        send_time: word("send_time"),
        refund_time: word("refund_time"),
        refund_amount: said("refund_amount").parse().ok(),
        openid: opened.get("openid").cloned(),
        rcv_time: opened.get("rcv_time").cloned(),
    }))
}

/// Openid and time of the `<hbinfo>` in `<hblist>`, when there is one; a packet for one person is opened once.
fn opened(answer: &Element) -> Result<BTreeMap<String, String>, XmlError> {
    let list = answer.only("hblist")?;
    let hbinfo = list.map(|list| list.only("hbinfo")).transpose()?.flatten();
    hbinfo.map_or_else(|| Ok(BTreeMap::new()), |hbinfo| xml::only(hbinfo, &["openid", "rcv_time"]))
}
