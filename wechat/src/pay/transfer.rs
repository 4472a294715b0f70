//! Merchant transfers: the complete request, frozen as text, and what the answers to a start, a query or a cancel prove.
//! It never says *refused* unless the code proves that nothing was started; everything doubtful is *unknown*.
//!
//! Page: <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>

pub use super::bill::{Bill, BillState, Ours};
pub use super::code::{Code, UnknownCode};
pub use super::fail_reason::{FailReason, Fault, UnknownFailReason};
pub use super::redpack::Invalid;

use super::client_v3::{Answered, PayClientV3, Stamp};
use super::redpack::{token, words};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

const PATH: &str = "/v3/fund-app/mch-transfer/transfer-bills";
const QUERY: &str = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no";
const CANCEL: &str = "/v3/fund-app/mch-transfer/transfer-bills/out-bill-no/cancel";

/// The scene of cash for a campaign.
pub const CASH_MARKETING: &str = "1000";
/// The least that WeChat transfers, in fen.
pub const LEAST_FEN: i64 = 10;
/// From this amount on WeChat asks for the person's encrypted real name, which is not spoken here.
pub const REAL_NAME_FROM_FEN: i64 = 200_000;
/// The most that can be shown as a red packet.
pub const RED_PACKET_MOST_FEN: i64 = 20_000;
/// What WeChat wants to know about a transfer of scene 1000, in this order.
pub const CASH_MARKETING_INFOS: [&str; 2] = ["活动名称", "奖励说明"];

/// How the person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserRecvStyle {
    /// A page with a button.
    ConfirmPage,
    /// A red packet, up to 200 yuan.
    RedPacket,
}

/// One line of what WeChat wants to know about a scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportInfo {
    /// The question, in WeChat's words; at most 15 characters.
    pub info_type: String,
    /// The answer; at most 32 characters.
    pub info_content: String,
}

/// One transfer to one person. The fields stand in the order in which they are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The official account, bound to the merchant, that `openid` belongs to.
    pub appid: String,
    /// Our number, at most 32 letters and digits: the same number is the same transfer, for ever.
    pub out_bill_no: String,
    /// What it is for: [`CASH_MARKETING`], or another scene that the console has opened.
    pub transfer_scene_id: String,
    /// Who gets it.
    pub openid: String,
    /// How much, in fen; at least 10, below 200,000.
    pub transfer_amount: i64,
    /// A remark, at most 32 characters.
    pub transfer_remark: String,
    /// Where the end is told: https, without a query. Plain http only to this machine, for a simulator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
    /// What the person reads as the reason; scene 1000 knows `活动奖励` (the default) and `现金奖励`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_recv_perception: Option<String>,
    /// What WeChat wants to know; scene 1000 wants exactly [`CASH_MARKETING_INFOS`].
    pub transfer_scene_report_infos: Vec<ReportInfo>,
    /// How the person sees it; a page with a button when it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_recv_style: Option<UserRecvStyle>,
}

impl Transfer {
    /// The complete body. Keep it: every repetition must be this text, byte for byte; only its signature is made anew.
    ///
    /// # Errors
    /// [`Invalid`] names the first field that WeChat would refuse.
    pub fn request_json(&self) -> Result<String, Invalid> {
        token("appid", &self.appid, 32, "_-")?;
        token("out_bill_no", &self.out_bill_no, 32, "")?;
        token("openid", &self.openid, 64, "_-")?;
        words("transfer_remark", &self.transfer_remark, 32)?;
        self.check_amount()?;
        self.check_scene()?;
        if self.notify_url.as_deref().is_some_and(|url| !is_notify_url(url)) {
            return Err(Invalid { field: "notify_url", why: "must be https, without a query" });
        }
        Ok(serde_json::to_string(self).expect("texts and numbers can always be written"))
    }

    fn check_amount(&self) -> Result<(), Invalid> {
        let invalid = |why| Err(Invalid { field: "transfer_amount", why });
        if self.transfer_amount < LEAST_FEN {
            invalid("must be 10 fen or more")
        } else if self.transfer_amount >= REAL_NAME_FROM_FEN {
            invalid("must be below 200000 fen: from there on WeChat asks for a real name")
        } else if self.user_recv_style == Some(UserRecvStyle::RedPacket) && self.transfer_amount > RED_PACKET_MOST_FEN {
            invalid("must be at most 20000 fen to be shown as a red packet")
        } else {
            Ok(())
        }
    }

    fn check_scene(&self) -> Result<(), Invalid> {
        let invalid = |field, why| Err(Invalid { field, why });
        token("transfer_scene_id", &self.transfer_scene_id, 8, "")?;
        let infos = &self.transfer_scene_report_infos;
        for info in infos {
            words("info_type", &info.info_type, 15)?;
            words("info_content", &info.info_content, 32)?;
        }
        if infos.is_empty() {
            return invalid("transfer_scene_report_infos", "is empty");
        }
        if self.transfer_scene_id != CASH_MARKETING {
            return Ok(());
        }
        if !infos.iter().map(|info| info.info_type.as_str()).eq(CASH_MARKETING_INFOS) {
            return invalid("transfer_scene_report_infos", "must be exactly 活动名称 and 奖励说明");
        }
        match self.user_recv_perception.as_deref() {
            None | Some("活动奖励" | "现金奖励") => Ok(()),
            Some(_) => invalid("user_recv_perception", "must be 活动奖励 or 现金奖励"),
        }
    }
}

/// Whether WeChat would take this as `notify_url`.
pub fn is_notify_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => return false,
    };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && here);
    scheme && url.query().is_none() && url.fragment().is_none()
}

/// What the answer to a start or a cancel proves. After an [`Outcome::Unknown`] ask [`PayClientV3::query_transfer`]
/// before anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// WeChat has the bill and is at work, or its state is none of the others yet.
    Sent {
        /// WeChat's number.
        transfer_bill_no: Option<String>,
    },
    /// WeChat set the money aside; the person has to confirm within 24 hours.
    Waiting {
        /// WeChat's number.
        transfer_bill_no: Option<String>,
        /// What the confirm page is opened with.
        package_info: String,
    },
    /// The person has the money.
    Success {
        /// WeChat's number.
        transfer_bill_no: Option<String>,
    },
    /// The bill ended without the money, for good.
    Ended {
        /// `CANCELLED`, or the `fail_reason` as it came.
        reason: String,
        /// Who can do something about it.
        fault: Fault,
    },
    /// Nothing was started by this request.
    Refused {
        /// The proof.
        code: Code,
        /// For people only.
        message: String,
    },
    /// Nobody knows: keep the number and the request, and ask.
    Unknown {
        /// The code as it came, if one came.
        code: Option<String>,
        /// For people only.
        why: String,
    },
}

/// The answer to the question what became of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferAnswer {
    /// Found, and it is ours.
    Found(Bill),
    /// No such bill. No proof of a failure: ask again in minutes, or send the same request again.
    NotFound,
    /// WeChat holds another bill under this number: somebody has to look.
    Differs {
        /// The field in which it differs.
        field: &'static str,
    },
    /// No answer to believe.
    Unknown {
        /// The code as it came, if WeChat answered at all.
        code: Option<String>,
        /// For people only.
        why: String,
    },
}

impl PayClientV3 {
    /// Starts a transfer made by [`Transfer::request_json`], or repeats it.
    pub async fn start_transfer(&self, frozen_json: &str, stamp: Stamp<'_>) -> Outcome {
        let asked = match Transfer::from_frozen(frozen_json) {
            Ok(asked) => asked,
            Err(e) => return unknown(None, e.to_string()),
        };
        match self.post(PATH, PATH, frozen_json, stamp).await {
            Answered::Yes(body) => judge(&body, &asked.ours(self.mch_id())),
            other => no_bill(other),
        }
    }

    /// Asks what became of a bill.
    pub async fn query_transfer(&self, ours: &Ours<'_>, stamp: Stamp<'_>) -> TransferAnswer {
        self.query(ours.out_bill_no, stamp, |bill| bill.difference(ours)).await
    }

    /// Asks for a bill of which only the number is known: who got it, from which official account.
    pub async fn find_transfer(&self, out_bill_no: &str, stamp: Stamp<'_>) -> TransferAnswer {
        let other = |bill: &Bill| {
            let other_merchant = bill.mch_id.as_deref().is_some_and(|mch_id| mch_id != self.mch_id());
            let other_bill = (bill.out_bill_no != out_bill_no).then_some("out_bill_no");
            other_bill.or(other_merchant.then_some("mch_id"))
        };
        self.query(out_bill_no, stamp, other).await
    }

    async fn query(
        &self,
        out_bill_no: &str,
        stamp: Stamp<'_>,
        difference: impl FnOnce(&Bill) -> Option<&'static str>,
    ) -> TransferAnswer {
        let path = format!("{QUERY}/{out_bill_no}");
        let unknown = |code, why| TransferAnswer::Unknown { code, why };
        match self.get(QUERY, &path, stamp).await {
            Answered::Yes(body) => match Bill::read(&body) {
                None => unknown(None, "the answer cannot be read".to_owned()),
                Some(bill) => match difference(&bill) {
                    Some(field) => TransferAnswer::Differs { field },
                    None => TransferAnswer::Found(bill),
                },
            },
            Answered::No { code, .. } if code.parse().is_ok_and(Code::means_not_found) => TransferAnswer::NotFound,
            Answered::No { code, message } => unknown(Some(code), message),
            Answered::Unknown { code, why } => unknown(code, why),
        }
    }

    /// Cancels a bill that was not confirmed yet. The end comes later: ask, or wait for the callback.
    pub async fn cancel_transfer(&self, ours: &Ours<'_>, stamp: Stamp<'_>) -> Outcome {
        let path = format!("{QUERY}/{}/cancel", ours.out_bill_no);
        match self.post(CANCEL, &path, "{}", stamp).await {
            Answered::Yes(body) => judge(&body, ours),
            other => no_bill(other),
        }
    }
}

/// A text that [`Transfer::request_json`] did not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("our own request cannot be read")]
pub struct NotATransfer;

impl Transfer {
    /// Reads what [`Transfer::request_json`] froze.
    ///
    /// # Errors
    /// [`NotATransfer`].
    pub fn from_frozen(json: &str) -> Result<Transfer, NotATransfer> {
        serde_json::from_str(json).map_err(|_| NotATransfer)
    }

    /// What a bill must be about to be this one.
    pub fn ours<'a>(&'a self, mch_id: &'a str) -> Ours<'a> {
        Ours {
            out_bill_no: &self.out_bill_no,
            mch_id,
            appid: &self.appid,
            openid: &self.openid,
            transfer_amount: self.transfer_amount,
        }
    }
}

fn judge(body: &[u8], ours: &Ours<'_>) -> Outcome {
    let Some(bill) = Bill::read(body) else {
        return unknown(None, "the answer cannot be read".to_owned());
    };
    if let Some(field) = bill.difference(ours) {
        return unknown(None, format!("the answer is about another {field}"));
    }
    outcome_of(bill)
}

/// What a believed bill of ours proves.
pub fn outcome_of(bill: Bill) -> Outcome {
    let transfer_bill_no = bill.transfer_bill_no;
    match bill.state {
        BillState::Working | BillState::Canceling | BillState::Waiting { package_info: None } => {
            Outcome::Sent { transfer_bill_no }
        }
        BillState::Waiting { package_info: Some(package_info) } => Outcome::Waiting { transfer_bill_no, package_info },
        BillState::Success => Outcome::Success { transfer_bill_no },
        BillState::Failed { fail_reason } => {
            let fault = FailReason::fault_of(&fail_reason);
            Outcome::Ended { reason: fail_reason, fault }
        }
        BillState::Cancelled => Outcome::Ended { reason: "CANCELLED".to_owned(), fault: Fault::Cancelled },
        BillState::Unrecognised(state) => unknown(None, format!("a state that is not in the table: {state}")),
    }
}

fn no_bill(answered: Answered) -> Outcome {
    match answered {
        Answered::Yes(_) => unknown(None, "an answer that was not read".to_owned()),
        Answered::Unknown { code, why } => unknown(code, why),
        Answered::No { code, message } => match code.parse::<Code>() {
            Ok(known) if known.means_not_sent() => Outcome::Refused { code: known, message },
            Ok(_) | Err(UnknownCode) => unknown(Some(code), message),
        },
    }
}

fn unknown(code: Option<String>, why: String) -> Outcome {
    Outcome::Unknown { code, why }
}
