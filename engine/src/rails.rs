//! Rails: which one a campaign's new payouts take, how each merchant's rail stands, and how fast it goes.
//! Refuses to touch a payout that is under way: it ends on the rail where it started.

use crate::store::payouts::{self, Payout};
use crate::store::{Tx, campaigns, merchants, rails as store};
use crate::{Engine, Error, audit};
use rules::ids::{CampaignId, MchId};
use rules::operator::Operator;
use rules::payout::Rail;
use rules::rail::{Bucket, RailRow, Standing};
use rules::say::{Lang, campaign as say};
use rules::time::UnixMs;
use wechat::pay::transfer::REAL_NAME_FROM_FEN;

impl Engine {
    /// Chooses the rail of a campaign's new payouts, also while it runs. Errors: the merchant has no keys for it; its
    /// prizes are more than it carries.
    pub async fn set_rail(&self, by: &Operator, id: CampaignId, rail: Rail, lang: Lang) -> Result<(), Error> {
        self.retried(|| self.set_rail_once(by, id, rail, lang)).await
    }

    async fn set_rail_once(&self, by: &Operator, id: CampaignId, rail: Rail, lang: Lang) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        let campaign = campaigns::by_id(tx.conn(), id).await?.ok_or_else(Error::not_found)?;
        if rail == Rail::Transfer {
            let merchant = merchants::by_id(tx.conn(), &campaign.mch_id).await?;
            if merchant.is_none_or(|merchant| merchant.v3.is_none()) {
                return Err(Error::field("rail", say::rail_not_ready(lang)));
            }
            if campaign.prize.max().get() >= REAL_NAME_FROM_FEN {
                return Err(Error::field("rail", say::rail_too_much(lang)));
            }
        }
        campaigns::set_rail(&mut tx, id, rail).await?;
        audit::note(self, &mut tx, by, &format!("campaign.rail_{}", rail.name()), id.0).await?;
        tx.commit().await
    }

    /// How every merchant's rails stand.
    pub async fn rails(&self) -> Result<Vec<RailRow>, Error> {
        store::all(self.db().read()).await
    }

    /// Opens a rail that is paused or stopped. Errors: not found.
    pub async fn resume_rail(&self, by: &Operator, mch_id: &MchId, rail: Rail) -> Result<(), Error> {
        self.set_standing(by, mch_id, rail, Standing::Open).await?;
        self.wake_worker();
        Ok(())
    }

    /// Stops a rail until somebody resumes it; what is being sent at this moment still ends. Errors: not found.
    pub async fn stop_rail(&self, by: &Operator, mch_id: &MchId, rail: Rail) -> Result<(), Error> {
        self.set_standing(by, mch_id, rail, Standing::Stopped).await
    }

    async fn set_standing(&self, by: &Operator, mch_id: &MchId, rail: Rail, standing: Standing) -> Result<(), Error> {
        self.retried(|| self.set_standing_once(by, mch_id, rail, standing)).await
    }

    async fn set_standing_once(
        &self,
        by: &Operator,
        mch_id: &MchId,
        rail: Rail,
        standing: Standing,
    ) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        let row = RailRow { mch_id: mch_id.clone(), rail, standing, reason: String::new(), until: None };
        if !store::set(&mut tx, &row).await? {
            return Err(Error::not_found());
        }
        // The log's object is a row's number; merchants are known by theirs.
        let object = mch_id.as_str().parse().unwrap_or(0);
        audit::note(self, &mut tx, by, &format!("rail.{}_{}", rail.name(), standing.name()), object).await?;
        tx.commit().await
    }
}

/// Leases what is due on every rail that takes payouts, as many as each rail's pace allows and at most `limit` of each.
pub(crate) async fn lease(tx: &mut Tx, now: UnixMs, until: UnixMs, limit: i64) -> Result<Vec<Payout>, Error> {
    let mut leased = Vec::new();
    for RailRow { mch_id, rail, .. } in store::with_due(tx, now).await? {
        let Some(locked) = store::lock(tx, &mch_id, rail).await? else { continue };
        let bucket = match (locked.row.standing, locked.row.until) {
            (Standing::Open, _) => locked.bucket.filled(rail, now),
            (Standing::Paused, Some(until)) if until <= now => {
                let open = RailRow { standing: Standing::Open, reason: String::new(), until: None, ..locked.row };
                store::set(tx, &open).await?;
                Bucket::one(now)
            }
            // Another node heard of a trouble, or somebody stopped it, since it was listed.
            (Standing::Paused | Standing::Stopped, _) => continue,
        };
        let due = payouts::lease_due(tx, (&mch_id, rail), now, until, limit.min(bucket.tokens())).await?;
        let taken = i64::try_from(due.len()).unwrap_or(i64::MAX);
        store::keep_bucket(tx, &mch_id, rail, bucket.less(taken)).await?;
        leased.extend(due);
    }
    Ok(leased)
}
