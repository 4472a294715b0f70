//! Which account pays for a campaign, known for a second: every claim's form asks for it before anything else.
//! Refuses to decide about a claim; its batch reads the campaign anew.

use crate::store::campaigns;
use crate::{Engine, Error};
use rules::ids::{Appid, Slug};
use rules::time::{UnixMs, secs};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a payer is believed; staff who change it see it at work after so long.
const BELIEVED_MS: i64 = secs(1);

/// The payers that this node looked up.
#[derive(Default)]
pub(crate) struct Payers(Mutex<HashMap<Slug, (Appid, UnixMs)>>);

impl Payers {
    fn known(&self, slug: &Slug, now: UnixMs) -> Option<Appid> {
        let payers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was turned back does not make it last.
        payers.get(slug).filter(|(_, at)| (0..BELIEVED_MS).contains(&now.since(*at))).map(|(appid, _)| appid.clone())
    }

    fn note(&self, slug: &Slug, appid: &Appid, now: UnixMs) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(slug.clone(), (appid.clone(), now));
    }
}

impl Engine {
    /// The account that identifies the followers of a campaign and pays them, as of the last second. Errors: no such
    /// campaign.
    pub async fn payer_of(&self, slug: &Slug) -> Result<Appid, Error> {
        let now = self.clock().now();
        if let Some(appid) = self.payers().known(slug, now) {
            return Ok(appid);
        }
        let appid = campaigns::payer_of(self.db().read(), slug).await?.ok_or_else(Error::not_found)?;
        self.payers().note(slug, &appid, now);
        Ok(appid)
    }
}
