//! Tracked links: one campaign, one account, one placement.
//! Refuses to be reused for another account once published.

use crate::ids::{AccountId, CampaignId, LinkCode, LinkId};
use serde::{Deserialize, Serialize};

/// One tracked link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Our row.
    pub id: LinkId,
    /// The code in `/l/{code}`.
    pub code: LinkCode,
    /// The campaign it counts for.
    pub campaign: CampaignId,
    /// The account it promotes.
    pub account: AccountId,
    /// Where it stands, in staff's words (文章图标, 海报 …).
    pub placement: String,
    /// False once staff switched it off; visits then see the hub page.
    pub active: bool,
}
