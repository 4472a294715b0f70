//! Payouts as staff look at them: page by page, by what they wait for, or one with all its facts.
//! Refuses to act; what staff do about a payout is in `ageing`.

use crate::store::payout_list as store;
use crate::{Engine, Error};
use rules::ids::{MchBillno, PayoutId};
use rules::payout_list::{Facts, Filter, Row};

impl Engine {
    /// One page of payouts, the newest first, before the payout `before`.
    pub async fn payouts(&self, filter: Filter, before: Option<PayoutId>, limit: i64) -> Result<Vec<Row>, Error> {
        store::page(self.db().read(), filter, before, self.clock().now(), limit.clamp(1, 500)).await
    }

    /// The payouts longest beyond their deadline, and how many there are in all.
    pub async fn overdue(&self, limit: i64) -> Result<(Vec<Row>, i64), Error> {
        let now = self.clock().now();
        let tx = self.db().begin_read().await?;
        let oldest = store::oldest_overdue(tx.conn(), now, limit.clamp(1, 500)).await?;
        Ok((oldest, store::count(tx.conn(), Filter::Overdue, now).await?))
    }

    /// The payout with this number, as a list of one or none.
    pub async fn payouts_numbered(&self, number: &MchBillno) -> Result<Vec<Row>, Error> {
        store::by_number(self.db().read(), number).await
    }

    /// Everything known of one payout. Errors: not found.
    pub async fn payout(&self, id: PayoutId) -> Result<Facts, Error> {
        let tx = self.db().begin_read().await?;
        store::facts(tx.conn(), id).await?.ok_or_else(Error::not_found)
    }
}
