//! Staff beside the servers: at the dashboard of whichever runs now, and with an engine of their own on the same books.
//! Refuses to hide why something was not done.

use super::world::World;
use crate::world::LOGIN;
use engine::operators::console;
use engine::{Clock, Draw, Engine};
use reqwest::StatusCode;
use rules::ids::{PayoutId, Slug};
use rules::payout::{Rail, State};
use rules::say::Lang;
use serde_json::json;
use server::config::{Config, gather};
use server::running;
use std::error::Error;

/// Why something was not done: it was refused, or the database was away.
type Undone = Box<dyn Error>;

impl World {
    /// An engine on the books of this world, beside whatever serves or has just died.
    pub(super) async fn node(&self) -> Result<Engine, Undone> {
        let settings = self.binary();
        let settings =
            settings.as_std().get_envs().filter_map(|(name, value)| Some((name.to_str()?, value?.to_str()?)));
        let settings = settings.filter(|(name, _)| name.starts_with("LINGBAO__"));
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::check(&gather(None, settings)?)?;
        Ok(running::open_existing(&config, Clock::real(), Draw::system()).await?)
    }

    /// The demo goes by this rail from now on.
    pub(super) async fn chooses(&self, rail: Rail) -> Result<(), Undone> {
        let engine = self.node().await?;
        let campaign = engine.campaign_by_slug(&Slug::try_from("demo")?).await?.id;
        let chosen = engine.set_rail(&console(), campaign, rail, Lang::En).await;
        engine.close().await?;
        Ok(chosen?)
    }

    /// Cancels one transfer that its follower has not confirmed; false when there is none.
    pub(super) async fn takes_one_back(&self) -> Result<bool, Undone> {
        let engine = self.node().await?;
        let taken = match waits(&engine).await? {
            Some(payout) => engine.cancel_transfer(&console(), payout, Lang::En).await.map(|()| true),
            None => Ok(false),
        };
        engine.close().await?;
        Ok(taken?)
    }

    /// Somebody of staff signs in at the dashboard: their cookie.
    pub(super) async fn signs_in(&self) -> String {
        let request = self.http.post(format!("{}/api/public/sign_in", self.url)).header("origin", &self.url);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(format!("login={}&password={}", LOGIN.0, LOGIN.1)).send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").expect("the session").to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    /// They press the button that cancels a transfer; nothing when the answer did not come.
    pub(super) async fn presses_cancel(&self, cookie: &str, payout: PayoutId) -> Option<StatusCode> {
        let request = self.http.post(format!("{}/api/finance/act_on_payout", self.url)).header("cookie", cookie);
        let request = request.header("content-type", "application/json").header("accept", "application/json");
        let answer = request.body(json!({ "id": payout, "step": "cancel" }).to_string()).send().await.ok()?;
        Some(answer.status())
    }
}

/// A payout that waits for its follower.
pub(super) async fn waits(engine: &Engine) -> Result<Option<PayoutId>, engine::Error> {
    let open = engine.ageing().await?;
    Ok(open.into_iter().find(|payout| payout.state == State::WaitingConfirm).map(|payout| payout.payout))
}
