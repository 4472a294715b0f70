//! Asking what became of a red packet.
//! It never turns *not found* into *failed*: a packet that cannot be found may still be on its way.
//!
//! Page: <https://pay.weixin.qq.com/doc/v2/partner/4011983160>

use super::PayClient;
use super::sign_v2::{SignType, sign};
use super::xml;
use crate::xml::Element;
use std::collections::BTreeMap;

const PATH: &str = "/mmpaymkttransfers/gethbinfo";

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
    /// Who opened it.
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
            Ok(answer) => read(&answer, mch_id, mch_billno),
            Err(why) => HbAnswer::Unknown { err_code: None, why },
        }
    }
}

fn read(answer: &Element, mch_id: &str, mch_billno: &str) -> HbAnswer {
    let unknown = |why: String| HbAnswer::Unknown { err_code: None, why };
    let fields = match xml::fields(answer) {
        Ok(fields) => fields,
        Err(e) => return unknown(e.to_string()),
    };
    let said = |name: &str| fields.get(name).map_or("", |text| text.trim());
    let word = |name: &str| Some(said(name).to_owned()).filter(|text| !text.is_empty());
    if said("return_code") != "SUCCESS" || said("result_code") != "SUCCESS" {
        if said("err_code") == "NOT_FOUND" && said("result_code") != "SUCCESS" {
            return HbAnswer::NotFound;
        }
        let what = word("err_code_des").or_else(|| word("return_msg"));
        let what = what.unwrap_or_else(|| "no reason given".to_owned());
        return HbAnswer::Unknown { err_code: word("err_code"), why: what };
    }
    if said("mch_billno") != mch_billno || word("mch_id").is_some_and(|id| id != mch_id) {
        return unknown("the answer is about another packet".to_owned());
    }
    let (Some(status), Ok(total_amount)) = (word("status"), said("total_amount").parse()) else {
        return unknown("the answer has no status or no amount".to_owned());
    };
    let opened = opened(answer);
    HbAnswer::Found(HbInfo {
        status: HbStatus::from(status.as_str()),
        reason: word("reason"),
        detail_id: word("detail_id"),
        total_amount,
        send_time: word("send_time"),
        refund_time: word("refund_time"),
        refund_amount: said("refund_amount").parse().ok(),
        openid: opened.as_ref().and_then(|hb| hb.0.clone()),
        rcv_time: opened.and_then(|hb| hb.1),
    })
}

/// Openid and time of the first `<hbinfo>` in `<hblist>`, when there is one.
fn opened(answer: &Element) -> Option<(Option<String>, Option<String>)> {
    let list = answer.children.iter().find(|c| c.name == "hblist")?;
    let hbinfo = list.children.iter().find(|c| c.name == "hbinfo")?;
    let word = |name: &str| {
        let field = hbinfo.children.iter().find(|c| c.name == name)?;
        Some(field.text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    Some((word("openid"), word("rcv_time")))
}
