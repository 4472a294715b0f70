//! Where tokens are kept between fetches, and the rule of how often one may be forced.
//! It refuses to say how a store works: one process may use memory, several nodes a database.

use async_trait::async_trait;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// WeChat refreshes by force only this long after the last time, in milliseconds.
pub const FORCE_GAP_MS: i64 = 30_000;
/// WeChat refreshes by force this often a day.
pub const FORCE_PER_DAY: usize = 20;
/// One day, in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

/// Which of an account's two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held {
    /// The access_token of every `cgi-bin` call.
    AccessToken,
    /// The ticket that signs JS-SDK configurations.
    JsapiTicket,
}

impl Held {
    /// A word for a column or a key.
    pub fn as_str(self) -> &'static str {
        match self {
            Held::AccessToken => "access_token",
            Held::JsapiTicket => "jsapi_ticket",
        }
    }
}

/// A token and its end.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The token itself: a secret.
    pub value: String,
    /// When WeChat stops taking it, in unix milliseconds.
    pub expires_at_ms: i64,
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredToken(Secret, until {})", self.expires_at_ms)
    }
}

/// The store failed; the reason is its own.
#[derive(Debug, thiserror::Error)]
#[error("the token store failed: {0}")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the store's own error.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
        StoreError(cause.into())
    }
}

/// What all nodes of a service share about an account's tokens.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// The token that was saved last, whatever its age.
    async fn load(&self, appid: &str, held: Held) -> Result<Option<StoredToken>, StoreError>;

    /// Keeps this token instead of the one before.
    async fn save(&self, appid: &str, held: Held, token: &StoredToken) -> Result<(), StoreError>;

    /// Whether an access_token may be refreshed by force now; a yes is recorded in the same step.
    /// [`force_allowed`] is the rule.
    async fn may_force(&self, appid: &str, now_ms: i64) -> Result<bool, StoreError>;
}

#[async_trait]
impl<S: TokenStore + ?Sized> TokenStore for Arc<S> {
    async fn load(&self, appid: &str, held: Held) -> Result<Option<StoredToken>, StoreError> {
        (**self).load(appid, held).await
    }

    async fn save(&self, appid: &str, held: Held, token: &StoredToken) -> Result<(), StoreError> {
        (**self).save(appid, held, token).await
    }

    async fn may_force(&self, appid: &str, now_ms: i64) -> Result<bool, StoreError> {
        (**self).may_force(appid, now_ms).await
    }
}

/// The rule: at least [`FORCE_GAP_MS`] after the last one, and fewer than [`FORCE_PER_DAY`] in the last 24 hours.
pub fn force_allowed(forced_at_ms: &[i64], now_ms: i64) -> bool {
    let since = |at: &&i64| now_ms.saturating_sub(**at);
    let lately = forced_at_ms.iter().filter(|at| since(at) < DAY_MS).count();
    let gap = forced_at_ms.iter().all(|at| since(&at) >= FORCE_GAP_MS);
    gap && lately < FORCE_PER_DAY
}

/// A store for one process: everything is gone when it ends.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    tokens: HashMap<(String, Held), StoredToken>,
    forced: HashMap<String, Vec<i64>>,
}

impl MemoryStore {
    fn inner(&self) -> std::sync::MutexGuard<'_, Memory> {
        // Every change is one insertion: what a panicking thread left behind is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn load(&self, appid: &str, held: Held) -> Result<Option<StoredToken>, StoreError> {
        let key = (appid.to_owned(), held);
        Ok(self.inner().tokens.get(&key).cloned())
    }

    async fn save(&self, appid: &str, held: Held, token: &StoredToken) -> Result<(), StoreError> {
        let key = (appid.to_owned(), held);
        self.inner().tokens.insert(key, token.clone());
        Ok(())
    }

    async fn may_force(&self, appid: &str, now_ms: i64) -> Result<bool, StoreError> {
        let mut inner = self.inner();
        let forced = inner.forced.entry(appid.to_owned()).or_default();
        forced.retain(|at| now_ms.saturating_sub(*at) < DAY_MS);
        let allowed = force_allowed(forced, now_ms);
        if allowed {
            forced.push(now_ms);
        }
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn force_keeps_its_distance_and_its_number_a_day() {
        assert!(force_allowed(&[], 0));
        assert!(!force_allowed(&[1_000], 30_999));
        assert!(force_allowed(&[1_000], 31_000));
        let twenty: Vec<i64> = (0..20).map(|n| n * FORCE_GAP_MS).collect();
        assert!(!force_allowed(&twenty, DAY_MS - 1));
        assert!(force_allowed(&twenty, DAY_MS));
    }
}
