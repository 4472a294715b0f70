//! Proves the books: recomputes every balance from its transfers and looks for what must not be.
//! Refuses to mend; it names the first difference.

use crate::store::verify as store;
use crate::{Engine, Error};

/// The first thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The rule that is broken.
    pub rule: String,
    /// Where.
    pub at: String,
}

impl Engine {
    /// Proves the books: `None` when everything agrees.
    pub async fn verify(&self) -> Result<Option<Difference>, Error> {
        let tx = self.db().begin_read().await?;
        Ok(store::first_difference(tx.conn()).await?.map(|(rule, at)| Difference { rule, at }))
    }

    /// How many rules `verify` checks.
    pub const fn rules_verified() -> usize {
        store::count()
    }

    /// All money that WeChat accepted, later returned included, and the number of its bills: WeChat's own books
    /// must show the same whenever nothing is sending or unknown.
    pub async fn sent_total(&self) -> Result<(i64, i64), Error> {
        store::sent_total(self.db().read()).await
    }
}
