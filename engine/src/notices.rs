//! Callbacks of WeChat Pay v3 about transfers: verified, opened, compared with our record, learned once.
//! Refuses a bill that is not ours as we wrote it; a repetition or a late one changes nothing.

use crate::payer::transfer::pay_keys;
use crate::store::{alerts, payouts as store};
use crate::{Engine, Error};
use rules::alert::Kind;
use rules::ids::{MchBillno, MchId};
use rules::payout::{Event, Rail, State};
use wechat::pay::notify::{self, Apiv3Key, Rejected, TransferNotice};
use wechat::pay::sign_v3::Signed;
use wechat::pay::transfer::Transfer;

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// Learned, or known already: it need not come again.
    Learned,
    /// Not signed, or not to be opened.
    Rejected(Rejected),
    /// No such bill, or not with these values; the field that differs.
    NotOurs(&'static str),
}

impl Engine {
    /// Takes a callback of this merchant. Errors: not found when the merchant is not ours or has no keys for v3; busy.
    pub async fn receive_notice(&self, mch_id: &MchId, signed: &Signed, body: &[u8]) -> Result<Noticed, Error> {
        let merchant = self.merchant(mch_id).await?;
        let Some(v3) = &merchant.v3 else { return Err(Error::not_found()) };
        let apiv3_key = Apiv3Key::try_from(v3.apiv3_key.as_str()).map_err(Error::broken)?;
        let now_secs = self.clock().now().secs();
        match notify::open(&pay_keys(&merchant)?, &apiv3_key, signed, body, now_secs) {
            Ok(notice) => self.learn_notice(mch_id, notice).await,
            Err(rejected) => Ok(Noticed::Rejected(rejected)),
        }
    }

    async fn learn_notice(&self, mch_id: &MchId, notice: TransferNotice) -> Result<Noticed, Error> {
        let Ok(number) = MchBillno::try_from(notice.bill.out_bill_no.as_str()) else {
            return Ok(Noticed::NotOurs("out_bill_no"));
        };
        // A worker may be learning at this moment: then the payout is looked at once more.
        for _ in 0..3 {
            let found = store::by_number(self.db().read(), &number).await?;
            let Some(payout) = found.filter(|payout| payout.request.rail == Rail::Transfer) else {
                return Ok(Noticed::NotOurs("out_bill_no"));
            };
            let asked = Transfer::from_frozen(&payout.request.body).map_err(Error::broken)?;
            let ours = asked.ours(payout.request.mch_id.as_str());
            let differs = if payout.request.mch_id == *mch_id { notice.bill.difference(&ours) } else { Some("mch_id") };
            if let Some(field) = differs {
                self.raise(Kind::BillDiffers, number.as_str(), field).await?;
                return Ok(Noticed::NotOurs(field));
            }
            let heard = crate::payouts::heard_from_bill(&payout, notice.bill.clone());
            if payout.state.is_final() {
                self.compare_ends(&number, payout.state, heard.event).await?;
                return Ok(Noticed::Learned);
            }
            if self.learn(&payout, &heard).await? {
                return Ok(Noticed::Learned);
            }
        }
        Err(crate::Said::Busy.into())
    }

    /// A second end is either the first one again or something that a person has to see.
    async fn compare_ends(&self, number: &MchBillno, state: State, told: Event) -> Result<(), Error> {
        let same = matches!(
            (state, told),
            (State::Collected, Event::Taken)
                | (State::Returned, Event::GivenBack)
                | (State::Failed, Event::TurnedOut)
                | (_, Event::DontKnow | Event::Waits)
        );
        if same { Ok(()) } else { self.raise(Kind::BillDiffers, number.as_str(), state.name()).await }
    }

    async fn raise(&self, kind: Kind, object: &str, detail: &str) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        alerts::raise(&mut tx, kind, object, detail, self.clock().now()).await?;
        tx.commit().await
    }
}
