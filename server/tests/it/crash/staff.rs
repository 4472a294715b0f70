//! Staff beside the servers: at the dashboard of whichever runs now, and with an engine of their own on the same books.
//! Refuses to hide why something was not done.

use super::soak::Dice;
use super::world::World;
use crate::world::LOGIN;
use engine::operators::console;
use engine::{Clock, Draw, Engine, Said};
use reqwest::StatusCode;
use rules::Fen;
use rules::ids::{PayoutId, Slug};
use rules::ledger::Event;
use rules::payout::{Rail, State};
use rules::payout_list::Filter;
use rules::say::Lang;
use rules::time::UnixMs;
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
        // WeChat believes no signature of another hour, and its clock jumps here.
        let now = self.asks("clock").await["now_ms"].as_i64().ok_or("the clock says nothing")?;
        Ok(running::open_existing(&config, Clock::still(UnixMs(now)), Draw::system()).await?)
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

    /// Staff do one of many things about money and payouts; tells how many were done.
    pub(super) async fn meddles(&self, dice: &Dice) -> Result<u64, Undone> {
        let engine = self.node().await?;
        let done = meddle(&engine, dice).await;
        engine.close().await?;
        done
    }

    /// Takes all but so much out of the demo's budget.
    pub(super) async fn leaves(&self, left: i64) -> Result<(), Undone> {
        let engine = self.node().await?;
        let demo = engine.campaign_by_slug(&Slug::try_from("demo")?).await?.id;
        let (budget, seen) = engine.budget_seen(demo).await?;
        let most = Fen::new(budget.available.get() - left)?;
        engine.change_budget(&console(), demo, Event::Withdraw, most, seen, Lang::En).await?;
        Ok(engine.close().await?)
    }

    /// Lets go of whatever staff hold.
    pub(super) async fn lets_go(&self) -> Result<(), Undone> {
        let engine = self.node().await?;
        for payout in engine.ageing().await?.into_iter().filter(|payout| payout.held) {
            is_done(engine.retry_now(&console(), payout.payout, Lang::En).await)?;
        }
        Ok(engine.close().await?)
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

async fn meddle(engine: &Engine, dice: &Dice) -> Result<u64, Undone> {
    let demo = engine.campaign_by_slug(&Slug::try_from("demo")?).await?.id;
    let (_, seen) = engine.budget_seen(demo).await?;
    let by = console();
    let mut done = 0;
    match dice.below(6) {
        0..2 => {
            let some = Fen::new(500 + 100 * dice.below(20) as i64)?;
            done += is_done(engine.change_budget(&by, demo, Event::Fund, some, seen, Lang::En).await)?;
        }
        2 => {
            let some = Fen::new(100 + 100 * dice.below(3) as i64)?;
            done += is_done(engine.change_budget(&by, demo, Event::Withdraw, some, seen, Lang::En).await)?;
        }
        3 => {
            for state in [State::Failed, State::Returned] {
                for row in engine.payouts(Filter::At(state), None, 3).await? {
                    done += is_done(engine.reissue(&by, row.payout, Lang::En).await.map(|_| ()))?;
                }
            }
        }
        4 => {
            for payout in engine.ageing().await?.into_iter().filter(|p| p.state == State::Queued).take(2) {
                done += is_done(engine.hold_payout(&by, payout.payout, Lang::En).await)?;
            }
        }
        _ => {
            for payout in engine.ageing().await?.into_iter().filter(|payout| payout.held).take(2) {
                done += is_done(engine.retry_now(&by, payout.payout, Lang::En).await)?;
            }
        }
    }
    Ok(done)
}

/// One for a verb that was carried out, none for one that was refused with a reason; what broke is no answer.
fn is_done(end: Result<(), engine::Error>) -> Result<u64, engine::Error> {
    match end {
        Ok(()) => Ok(1),
        Err(error) if matches!(error.said(), Said::Conflict(_) | Said::Invalid(_) | Said::Busy) => Ok(0),
        Err(error) => Err(error),
    }
}
