//! What every request needs: the engine, the settings, WeChat's client and a few caches.
//! Refuses to hold anything that another node would have to know.

use crate::config::Config;
use crate::person::Person;
use engine::Engine;
use engine::tokens::Tokens;
use leptos::config::LeptosOptions;
use moka::future::Cache;
use std::sync::Arc;
use std::time::Duration;
use wechat::access_token::{Keeper, Source};

/// Shared by all requests. Cheap to clone.
#[derive(Clone)]
pub struct Site(Arc<Parts>);

struct Parts {
    engine: Engine,
    config: Config,
    wechat: wechat::http::Client,
    keeper: Keeper<Tokens>,
    codes: Cache<String, (String, Person)>,
    sign_ins: crate::staff::Attempts,
    leptos: LeptosOptions,
}

impl Site {
    /// A site over a running engine.
    pub fn new(engine: Engine, config: Config, wechat: wechat::http::Client, leptos: LeptosOptions) -> Self {
        let codes = Cache::builder().max_capacity(100_000).time_to_live(Duration::from_secs(300)).build();
        let sign_ins = crate::staff::Attempts::default();
        let keeper = Keeper::new(wechat.clone(), engine.tokens(), Source::Stable);
        Self(Arc::new(Parts { engine, config, wechat, keeper, codes, sign_ins, leptos }))
    }

    /// The verbs.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// WeChat.
    pub fn wechat(&self) -> &wechat::http::Client {
        &self.0.wechat
    }

    /// The accounts' tokens and tickets.
    pub fn keeper(&self) -> &Keeper<Tokens> {
        &self.0.keeper
    }

    /// OAuth codes exchanged in the last five minutes: the browser that brought each, and who it was.
    pub fn codes(&self) -> &Cache<String, (String, Person)> {
        &self.0.codes
    }

    /// Recent sign-in attempts.
    pub fn sign_ins(&self) -> &crate::staff::Attempts {
        &self.0.sign_ins
    }
}

impl axum::extract::FromRef<Site> for LeptosOptions {
    fn from_ref(site: &Site) -> Self {
        site.0.leptos.clone()
    }
}
