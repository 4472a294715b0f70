//! Where access tokens and jsapi tickets are kept for all nodes: sealed, in the database.
//! Refuses to fetch; `wechat` does that, and asks here first.

use crate::store::tokens as store;
use crate::vault::Purpose;
use crate::{Engine, Error};
use wechat::access_token::{Held, StoreError, StoredToken, TokenStore, force_allowed};

/// The engine's database as `wechat`'s token store.
#[derive(Clone)]
pub struct Tokens(Engine);

impl Engine {
    /// The token store of this installation.
    pub fn tokens(&self) -> Tokens {
        Tokens(self.clone())
    }
}

const fn column(held: Held) -> &'static str {
    match held {
        Held::AccessToken => "access_token",
        Held::JsapiTicket => "jsapi_ticket",
    }
}

fn failed(error: impl Into<Error>) -> StoreError {
    StoreError::new(error.into().to_string())
}

#[async_trait::async_trait]
impl TokenStore for Tokens {
    async fn load(&self, appid: &str, held: Held) -> Result<Option<StoredToken>, StoreError> {
        let Some((sealed, expires_at_ms)) = store::load(self.0.db(), appid, column(held)).await.map_err(failed)? else {
            return Ok(None);
        };
        let value = self.0.vault().open(Purpose::Secret, &sealed).map_err(failed)?;
        Ok(Some(StoredToken { value, expires_at_ms }))
    }

    async fn save(&self, appid: &str, held: Held, token: &StoredToken) -> Result<(), StoreError> {
        let sealed = self.0.vault().seal(Purpose::Secret, &token.value);
        let save = || store::save(self.0.db(), appid, column(held), &sealed, token.expires_at_ms);
        self.0.retried(save).await.map_err(failed)
    }

    async fn may_force(&self, appid: &str, now_ms: i64) -> Result<bool, StoreError> {
        let force = || store::force(self.0.db(), appid, now_ms, |forced| force_allowed(forced, now_ms));
        self.0.retried(force).await.map_err(failed)
    }
}
