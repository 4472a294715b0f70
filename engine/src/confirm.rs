//! Confirmations: what opens WeChat's page on which a follower takes a transfer.
//! Refuses to give it to anybody but the person it was made for, or after its day.

use crate::store::payouts as store;
use crate::{Engine, Error};
use rules::ids::{Appid, CampaignId, MchId, Openid};

/// A transfer that waits for its follower.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are WeChat's own words")]
pub struct Confirmation {
    pub mch_id: MchId,
    pub appid: Appid,
    pub package_info: String,
}

impl Engine {
    /// The transfer that waits for this person's confirmation, as a follower or as a tester, if one does.
    pub async fn confirmation(
        &self,
        campaign: CampaignId,
        payee: &Openid,
        rehearsal: bool,
    ) -> Result<Option<Confirmation>, Error> {
        let waiting = store::waiting_of(self.db().read(), campaign, payee, rehearsal, self.clock().now()).await?;
        Ok(waiting.map(|(mch_id, appid, package_info)| Confirmation { mch_id, appid, package_info }))
    }
}
