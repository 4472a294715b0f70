//! Lists and exports: claims, follows and payouts page by page, as many as there are.
//! Refuses to hold a whole export in memory.

pub use crate::store::claims::masked;

use crate::store::claims::{self as store, Listed};
use crate::store::reports;
use crate::{Engine, Error};
use rules::Fen;
use rules::claim::Row;
use rules::follow::{Attribution, Grade, Novelty};
use rules::ids::{CampaignId, ClaimId, FollowId, Openid, PayoutId};
use rules::payout::{Rail, State};
use rules::time::UnixMs;

/// One line of the export of follows.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of a follow")]
pub struct ExportedFollow {
    pub id: FollowId,
    pub at: UnixMs,
    pub account_name: String,
    /// Unknown in edit mode: nobody pushes who followed.
    pub openid: Option<Openid>,
    /// The link it is counted for; empty when unknown.
    pub link_code: String,
    pub attribution: Attribution,
    pub novelty: Novelty,
    pub grade: Grade,
}

/// One line of the export of payouts.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of a payout")]
pub struct ExportedPayout {
    pub id: PayoutId,
    pub claim: ClaimId,
    pub account_name: String,
    pub payee: Openid,
    pub mch_billno: String,
    pub mch_id: String,
    pub rail: Rail,
    pub state: State,
    pub amount: Fen,
    pub attempts: i64,
    pub err_code: String,
    pub err_code_des: String,
    pub created_at: UnixMs,
    pub accepted_at: Option<UnixMs>,
    pub ended_at: Option<UnixMs>,
    pub rehearsal: bool,
}

/// One line of the export of claims.
#[derive(Debug, Clone)]
pub struct ExportedClaim {
    /// What lists show.
    pub row: Row,
    /// The payee's openid in full; exports are for staff who reconcile.
    pub payee: Openid,
    /// When WeChat accepted the packet.
    pub paid_at: Option<UnixMs>,
    /// The address of the request.
    pub ip: String,
}

impl Engine {
    /// The payouts of so many claims of a campaign, its testers' among them, newest first, before the claim `before`: a
    /// claim that was paid anew has a row for each.
    pub async fn claims(&self, campaign: CampaignId, before: Option<ClaimId>, limit: usize) -> Result<Vec<Row>, Error> {
        let page = store::page(self.db().read(), campaign, true, before, sql(limit.clamp(1, 500))).await?;
        Ok(page.into_iter().map(|listed| listed.row).collect())
    }

    /// The payouts of the newest claims that a campaign's figures count.
    pub async fn latest_claims(&self, campaign: CampaignId, limit: usize) -> Result<Vec<Row>, Error> {
        let page = store::page(self.db().read(), campaign, false, None, sql(limit.clamp(1, 500))).await?;
        Ok(page.into_iter().map(|listed| listed.row).collect())
    }

    /// The same with everything an export shows.
    pub async fn exported_claims(
        &self,
        campaign: CampaignId,
        before: Option<ClaimId>,
        limit: usize,
    ) -> Result<Vec<ExportedClaim>, Error> {
        let page = store::page(self.db().read(), campaign, true, before, sql(limit)).await?;
        Ok(page
            .into_iter()
            .map(|Listed { row, payee, payout_at, ip }| ExportedClaim { row, payee, paid_at: payout_at, ip })
            .collect())
    }

    /// One page of a campaign's follows, newest first, before the follow `before`.
    pub async fn exported_follows(
        &self,
        campaign: CampaignId,
        before: Option<FollowId>,
        limit: usize,
    ) -> Result<Vec<ExportedFollow>, Error> {
        reports::follows(self.db().read(), campaign, before, sql(limit)).await
    }

    /// One page of a campaign's payouts, newest first, before the payout `before`.
    pub async fn exported_payouts(
        &self,
        campaign: CampaignId,
        before: Option<PayoutId>,
        limit: usize,
    ) -> Result<Vec<ExportedPayout>, Error> {
        reports::payouts(self.db().read(), campaign, before, sql(limit)).await
    }
}

/// A limit as statements take it.
fn sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
