//! Keeps an account's tokens: one fetch at a time, shared by everybody who waits, renewed before the end.
//! It refuses to fetch again for those who waited through a failure, and to force more often than the store allows.

use super::{Fetched, Held, StoreError, StoredToken, TokenStore};
use crate::error::{Error, Kind};
use crate::http::Client;
use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// WeChat renews the stable token this long before its end, and takes both until then, in milliseconds.
const RENEW_BEFORE_MS: i64 = 300_000;
/// After a renewal failed while the old token still works, this long passes before the next try.
const RENEW_PAUSE_MS: i64 = 10_000;
/// While another node forces a new token, its store is looked into this often and this many times.
const FORCE_LOOK_EVERY: Duration = Duration::from_millis(100);
const FORCE_LOOKS: u32 = 15;

/// Which endpoint gives the access_token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The stable one: any number of nodes.
    Stable,
    /// The classic one: only one node may fetch, the others share its store.
    Classic,
}

/// Keeps the tokens of any number of accounts.
pub struct Keeper<S> {
    client: Client,
    store: S,
    source: Source,
    slots: Mutex<HashMap<(String, Held), Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    /// How many fetches have ended: who waited through one shares its failure.
    ended: AtomicU64,
    inner: tokio::sync::Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    token: Option<StoredToken>,
    renew_at_ms: i64,
    failure: Option<Error>,
}

/// Who asks, and when.
#[derive(Clone, Copy)]
struct Asker<'a> {
    appid: &'a str,
    secret: &'a str,
    now_ms: i64,
}

impl<S: TokenStore> Keeper<S> {
    /// A keeper that fetches with `client` and shares through `store`.
    pub fn new(client: Client, store: S, source: Source) -> Keeper<S> {
        Keeper { client, store, source, slots: Mutex::default() }
    }

    /// The client it fetches with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The store it shares through.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// A working access_token, at `now_ms` unix milliseconds.
    ///
    /// # Errors
    /// Why it could not be fetched; everybody who waited gets the same.
    pub async fn token(&self, appid: &str, secret: &str, now_ms: i64) -> Result<String, Error> {
        let asker = Asker { appid, secret, now_ms };
        self.held(Held::AccessToken, asker, None).await
    }

    /// A working access_token that is not `rejected`: for after WeChat answered 40001, 40014 or 42001.
    ///
    /// First another's newer token is looked for, here, in the store and at the stable endpoint; only when all
    /// still say `rejected` is a new one forced.
    ///
    /// # Errors
    /// [`Kind::TokenInvalid`] when no more force is allowed now, or a failed call.
    pub async fn token_other_than(
        &self,
        appid: &str,
        secret: &str,
        rejected: &str,
        now_ms: i64,
    ) -> Result<String, Error> {
        let asker = Asker { appid, secret, now_ms };
        self.held(Held::AccessToken, asker, Some(rejected)).await
    }

    /// A working jsapi_ticket, at `now_ms` unix milliseconds.
    ///
    /// # Errors
    /// Why it could not be fetched.
    pub async fn jsapi_ticket(&self, appid: &str, secret: &str, now_ms: i64) -> Result<String, Error> {
        let asker = Asker { appid, secret, now_ms };
        self.held(Held::JsapiTicket, asker, None).await
    }

    /// Makes one call with the access_token; when it is refused as invalid, once more with another.
    ///
    /// # Errors
    /// The call's own error, or why there is no token.
    pub async fn call<T, F, R>(&self, appid: &str, secret: &str, now_ms: i64, call: F) -> Result<T, Error>
    where
        F: Fn(String) -> R,
        R: Future<Output = Result<T, Error>>,
    {
        let token = self.token(appid, secret, now_ms).await?;
        match call(token.clone()).await {
            Err(error) if error.kind() == Kind::TokenInvalid => {
                let other = self.token_other_than(appid, secret, &token, now_ms).await?;
                call(other).await
            }
            answer => answer,
        }
    }

    async fn held(&self, held: Held, asker: Asker<'_>, rejected: Option<&str>) -> Result<String, Error> {
        let slot = self.slot(asker.appid, held);
        let seen = slot.ended.load(Ordering::Acquire);
        let mut inner = slot.inner.lock().await;
        if let Some(token) = inner.usable(asker.now_ms, rejected) {
            return Ok(token);
        }
        if slot.ended.load(Ordering::Acquire) != seen
            && let Some(failure) = &inner.failure
        {
            return Err(failure.clone());
        }
        let fetched = self.renew(held, asker, rejected).await;
        slot.ended.fetch_add(1, Ordering::AcqRel);
        inner.learn(fetched, asker.now_ms, rejected)
    }

    /// A token from the store if it is newer than ours, else from WeChat.
    async fn renew(&self, held: Held, asker: Asker<'_>, rejected: Option<&str>) -> Result<StoredToken, Error> {
        let shared = self.store.load(asker.appid, held).await.map_err(store)?;
        if let Some(token) = shared
            && Some(token.value.as_str()) != rejected
            && asker.now_ms < token.expires_at_ms - RENEW_BEFORE_MS
        {
            return Ok(token);
        }
        let fetched = match held {
            // The ticket's own slot is locked while the token's is asked; never the other way round.
            Held::JsapiTicket => {
                let Asker { appid, secret, now_ms } = asker;
                let client = self.client.clone();
                let fetch = move |token: String| {
                    let client = client.clone();
                    async move { client.jsapi_ticket(&token).await }
                };
                Box::pin(self.call(appid, secret, now_ms, fetch)).await?
            }
            Held::AccessToken => self.fetch_token(asker, rejected).await?,
        };
        let token = StoredToken { value: fetched.value, expires_at_ms: asker.now_ms + fetched.expires_in_secs * 1000 };
        let saved = self.store.save(asker.appid, held, &token).await;
        saved.map_err(store).map(|()| token)
    }

    async fn fetch_token(&self, asker: Asker<'_>, rejected: Option<&str>) -> Result<Fetched, Error> {
        let Asker { appid, secret, now_ms } = asker;
        if self.source == Source::Stable {
            let current = self.client.stable_token(appid, secret, false).await?;
            if Some(current.value.as_str()) != rejected {
                return Ok(current);
            }
        }
        if rejected.is_some() {
            let allowed = self.store.may_force(appid, now_ms).await.map_err(store)?;
            if !allowed {
                return self.forced_by_another(asker, rejected).await;
            }
        }
        match self.source {
            Source::Stable => self.client.stable_token(appid, secret, true).await,
            Source::Classic => self.client.classic_token(appid, secret).await,
        }
    }

    /// No force is allowed now: mostly because another node uses it at this moment, and its token is about to arrive.
    async fn forced_by_another(&self, asker: Asker<'_>, rejected: Option<&str>) -> Result<Fetched, Error> {
        for _ in 0..FORCE_LOOKS {
            tokio::time::sleep(FORCE_LOOK_EVERY).await;
            let shared = self.store.load(asker.appid, Held::AccessToken).await.map_err(store)?;
            if let Some(token) = shared.filter(|token| Some(token.value.as_str()) != rejected) {
                let expires_in_secs = (token.expires_at_ms - asker.now_ms) / 1000;
                return Ok(Fetched { value: token.value, expires_in_secs });
            }
        }
        let said = "the access_token is refused, and no new one may be forced yet";
        Err(Error::new(Kind::TokenInvalid, "access_token", said))
    }

    fn slot(&self, appid: &str, held: Held) -> Arc<Slot> {
        // A panicking thread can only have left a slot more or less behind.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = slots.entry((appid.to_owned(), held)).or_default();
        Arc::clone(slot)
    }
}

impl Inner {
    fn usable(&self, now_ms: i64, rejected: Option<&str>) -> Option<String> {
        let token = self.token.as_ref()?;
        let good = now_ms < self.renew_at_ms && Some(token.value.as_str()) != rejected;
        good.then(|| token.value.clone())
    }

    fn learn(
        &mut self,
        fetched: Result<StoredToken, Error>,
        now_ms: i64,
        rejected: Option<&str>,
    ) -> Result<String, Error> {
        match fetched {
            Ok(token) => {
                let life_ms = token.expires_at_ms - now_ms;
                self.renew_at_ms = token.expires_at_ms - RENEW_BEFORE_MS.min(life_ms / 10);
                self.failure = None;
                let value = token.value.clone();
                self.token = Some(token);
                Ok(value)
            }
            Err(failure) => {
                self.failure = Some(failure.clone());
                let old = self
                    .token
                    .as_ref()
                    .filter(|token| now_ms < token.expires_at_ms && Some(token.value.as_str()) != rejected);
                match old {
                    Some(token) => {
                        self.renew_at_ms = now_ms + RENEW_PAUSE_MS;
                        Ok(token.value.clone())
                    }
                    None => Err(failure),
                }
            }
        }
    }
}

fn store(error: StoreError) -> Error {
    Error::new(Kind::Other, "token store", error.to_string())
}
