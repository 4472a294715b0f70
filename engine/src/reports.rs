//! Lists and exports: claims page by page, as many as there are.
//! Refuses to hold a whole export in memory.

use crate::store::claims::{self as store, Listed};
use crate::{Engine, Error};
use rules::claim::Row;
use rules::ids::{CampaignId, ClaimId, Openid};
use rules::time::UnixMs;

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
    /// One page of a campaign's claims, its testers' among them, newest first, before the claim `before`.
    pub async fn claims(&self, campaign: CampaignId, before: Option<ClaimId>, limit: i64) -> Result<Vec<Row>, Error> {
        let page = store::page(self.db().read(), campaign, true, before, limit.clamp(1, 500)).await?;
        Ok(page.into_iter().map(|listed| listed.row).collect())
    }

    /// The newest claims that a campaign's figures count.
    pub async fn latest_claims(&self, campaign: CampaignId, limit: i64) -> Result<Vec<Row>, Error> {
        let page = store::page(self.db().read(), campaign, false, None, limit.clamp(1, 500)).await?;
        Ok(page.into_iter().map(|listed| listed.row).collect())
    }

    /// The same with everything an export shows.
    pub async fn exported_claims(
        &self,
        campaign: CampaignId,
        before: Option<ClaimId>,
        limit: i64,
    ) -> Result<Vec<ExportedClaim>, Error> {
        let page = store::page(self.db().read(), campaign, true, before, limit).await?;
        Ok(page
            .into_iter()
            .map(|Listed { row, payee, payout_at, ip }| ExportedClaim { row, payee, paid_at: payout_at, ip })
            .collect())
    }
}
