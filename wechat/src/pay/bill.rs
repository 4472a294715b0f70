//! A transfer bill as WeChat tells it: in the answer to a start, a query or a cancel, and in a callback.
//! It believes no bill whose number, merchant, person or amount is another than ours.

use serde::Deserialize;

/// Where a bill stands. What is not final may still become anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillState {
    /// `ACCEPTED`, `PROCESSING`, `TRANSFERING` (so spelled): WeChat is at work.
    Working,
    /// `WAIT_USER_CONFIRM`: the money is set aside and waits for the person, for 24 hours.
    Waiting {
        /// What the confirm page is opened with.
        package_info: Option<String>,
    },
    /// `SUCCESS`: the person has the money.
    Success,
    /// `FAIL`: it did not happen, for good.
    Failed {
        /// [`FailReason`](super::fail_reason::FailReason), as it came, or empty.
        fail_reason: String,
    },
    /// `CANCELING`: being cancelled; it may still end otherwise.
    Canceling,
    /// `CANCELLED`: cancelled, for good.
    Cancelled,
    /// A state that is not in the table: nothing follows from it.
    Unrecognised(String),
}

/// A bill. Fields that only some answers carry are optional; an amount is in fen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Our number.
    pub out_bill_no: String,
    /// WeChat's number.
    pub transfer_bill_no: Option<String>,
    /// Where it stands.
    pub state: BillState,
    /// The merchant.
    pub mch_id: Option<String>,
    /// The official account.
    pub appid: Option<String>,
    /// The person.
    pub openid: Option<String>,
    /// How much.
    pub transfer_amount: Option<i64>,
}

/// What a bill must be about to be ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ours<'a> {
    /// Our number.
    pub out_bill_no: &'a str,
    /// The merchant.
    pub mch_id: &'a str,
    /// The official account.
    pub appid: &'a str,
    /// The person.
    pub openid: &'a str,
    /// How much, in fen.
    pub transfer_amount: i64,
}

#[derive(Deserialize)]
struct Written {
    out_bill_no: String,
    transfer_bill_no: Option<String>,
    state: String,
    fail_reason: Option<String>,
    package_info: Option<String>,
    #[serde(alias = "mchid")]
    mch_id: Option<String>,
    appid: Option<String>,
    openid: Option<String>,
    transfer_amount: Option<i64>,
}

impl Bill {
    /// Reads the JSON of an answer or a decrypted callback.
    pub(super) fn read(json: &[u8]) -> Option<Bill> {
        let written: Written = serde_json::from_slice(json).ok()?;
        let word = |text: Option<String>| text.filter(|text| !text.is_empty());
        let state = match written.state.as_str() {
            "ACCEPTED" | "PROCESSING" | "TRANSFERING" => BillState::Working,
            "WAIT_USER_CONFIRM" => BillState::Waiting { package_info: word(written.package_info) },
            "SUCCESS" => BillState::Success,
            "FAIL" => BillState::Failed { fail_reason: written.fail_reason.unwrap_or_default() },
            "CANCELING" => BillState::Canceling,
            "CANCELLED" => BillState::Cancelled,
            other => BillState::Unrecognised(other.to_owned()),
        };
        Some(Bill {
            out_bill_no: written.out_bill_no,
            transfer_bill_no: word(written.transfer_bill_no),
            state,
            mch_id: word(written.mch_id),
            appid: word(written.appid),
            openid: word(written.openid),
            transfer_amount: written.transfer_amount,
        })
    }

    /// The first field in which this bill speaks of something else than `ours`; a field it lacks differs in nothing.
    pub fn difference(&self, ours: &Ours<'_>) -> Option<&'static str> {
        let differs = |said: &Option<String>, asked: &str| said.as_deref().is_some_and(|said| said != asked);
        if self.out_bill_no != ours.out_bill_no {
            Some("out_bill_no")
        } else if differs(&self.mch_id, ours.mch_id) {
            Some("mch_id")
        } else if differs(&self.appid, ours.appid) {
            Some("appid")
        } else if differs(&self.openid, ours.openid) {
            Some("openid")
        } else if self.transfer_amount.is_some_and(|amount| amount != ours.transfer_amount) {
            Some("transfer_amount")
        } else {
            None
        }
    }
}
