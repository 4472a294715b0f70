//! The log of what staff did, written in the same transaction as the deed.
//! Refuses to be changed afterwards.

use crate::store::{Tx, operators as store};
use crate::{Engine, Error};
use rules::operator::Operator;

/// Notes that `by` did `action` to the row `object`.
pub(crate) async fn note(engine: &Engine, tx: &mut Tx, by: &Operator, action: &str, object: i64) -> Result<(), Error> {
    let now = engine.clock().now();
    store::note(tx, engine.draw().id(now), by.id, action, object, now).await
}
