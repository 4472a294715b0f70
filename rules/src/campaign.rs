//! A campaign: its period, its state, its texts and what it may pay.
//! Refuses to run outside its window or to be changed where a change would pay somebody twice.

use crate::Fen;
use crate::account::{FieldError, names};
use crate::ids::{AccountId, CampaignId, MchId, Slug};
use crate::payout::Rail;
use crate::prize::form::PrizeForm;
use crate::prize::{PrizeRule, SceneId};
use crate::say::Lang;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};

/// Where a campaign stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being set up; nobody can claim.
    Draft,
    /// Open within its window.
    Running,
    /// Stopped for now by staff.
    Paused,
    /// Over for good.
    Closed,
}
names!(State { Draft = "draft", Running = "running", Paused = "paused", Closed = "closed" });

/// What staff do to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Draft or paused → running.
    Start,
    /// Running → paused.
    Pause,
    /// Anything → closed.
    Close,
}
names!(Event { Start = "start", Pause = "pause", Close = "close" });

/// A step that the campaign's state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTransition {
    /// Where it stood.
    pub from: State,
    /// What was asked.
    pub event: Event,
}

impl State {
    /// The state after `event`.
    pub const fn event(self, event: Event) -> Result<Self, InvalidTransition> {
        match (self, event) {
            (Self::Draft | Self::Paused, Event::Start) => Ok(Self::Running),
            (Self::Running, Event::Pause) => Ok(Self::Paused),
            (Self::Draft | Self::Running | Self::Paused, Event::Close) => Ok(Self::Closed),
            (Self::Draft | Self::Running | Self::Paused | Self::Closed, _) => {
                Err(InvalidTransition { from: self, event })
            }
        }
    }
}

/// How often one person may claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Once in the whole campaign.
    Campaign,
    /// Once for each account followed.
    Account,
}
names!(Scope { Campaign = "campaign", Account = "account" });

/// The words followers and WeChat see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// Who sends the packet, at most 10 Chinese characters (32 bytes), shown by WeChat.
    pub send_name: String,
    /// One line on the cover of the claim page.
    pub greeting: String,
    /// WeChat's wish inside the packet (at most 128 bytes).
    pub wishing: String,
    /// The rules in the page's fold.
    pub rules: String,
}

/// One campaign as staff see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Our row.
    pub id: CampaignId,
    /// Its name in URLs.
    pub slug: Slug,
    /// Its name on screens.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// The service account that identifies followers and whose merchant pays.
    pub payer: AccountId,
    /// The merchant that pays.
    pub mch_id: MchId,
    /// What people read.
    pub texts: Texts,
    /// From when claims are taken.
    pub opens_at: UnixMs,
    /// Until when claims are taken.
    pub closes_at: UnixMs,
    /// How much a packet holds.
    pub prize: PrizeRule,
    /// WeChat's scene for red packets outside its ordinary limits.
    pub scene_id: Option<SceneId>,
    /// How often one person may claim; fixed when it first runs.
    pub scope: Scope,
    /// How new payouts travel; those under way keep their own.
    pub rail: Rail,
    /// At most this much in all goes out on asserted evidence (edit-mode links).
    pub asserted_cap: Fen,
    /// True when its budget is spread evenly over the hours left.
    pub paced: bool,
    /// Somebody is told when less than this is left to grant; nothing is told at zero.
    pub low: Fen,
    /// When it first ran.
    pub started_at: Option<UnixMs>,
}

/// Whether claims are taken at an instant, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own sentence")]
pub enum Opening {
    Open,
    NotStarted,
    Paused,
    Ended,
}

impl Campaign {
    /// Whether claims are taken at `now`.
    pub fn opening(&self, now: UnixMs) -> Opening {
        match self.state {
            State::Closed => Opening::Ended,
            _ if now >= self.closes_at => Opening::Ended,
            State::Draft => Opening::NotStarted,
            State::Paused => Opening::Paused,
            State::Running if now < self.opens_at => Opening::NotStarted,
            State::Running => Opening::Open,
        }
    }
}

/// What staff type to create or change a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of Campaign, as typed; money in yuan, times as datetime-local")]
pub struct CampaignForm {
    pub slug: String,
    pub name: String,
    pub payer: String,
    pub send_name: String,
    pub greeting: String,
    pub wishing: String,
    pub rules: String,
    pub opens_at: String,
    pub closes_at: String,
    #[serde(flatten)]
    pub prize: PrizeForm,
    pub scope: String,
    pub asserted_cap: String,
}

/// A campaign form whose every field has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of Campaign")]
pub struct CheckedCampaign {
    pub slug: Slug,
    pub name: String,
    pub payer: AccountId,
    pub texts: Texts,
    pub opens_at: UnixMs,
    pub closes_at: UnixMs,
    pub prize: PrizeRule,
    pub scene_id: Option<SceneId>,
    pub scope: Scope,
    pub asserted_cap: Fen,
}

impl CampaignForm {
    /// Reads every field; all that is wrong comes back at once.
    pub fn check(&self, lang: Lang) -> Result<CheckedCampaign, Vec<FieldError>> {
        use crate::say::campaign as say;
        let mut errors = Vec::new();
        let mut note = |field: &str, why: &str| errors.push(FieldError::new(field, why));
        let slug = Slug::try_from(self.slug.trim()).map_err(|_| note("slug", say::slug_wrong(lang))).ok();
        let scope = self.scope.parse().map_err(|_| note("scope", say::scope_wrong(lang))).ok();
        let payer = self.payer.parse().map_err(|_| note("payer", say::payer_wrong(lang))).ok();
        for (field, text, bytes) in [
            ("name", &self.name, 90),
            ("send_name", &self.send_name, 32),
            ("wishing", &self.wishing, 128),
            ("greeting", &self.greeting, 120),
        ] {
            if text.trim().is_empty() || text.trim().len() > bytes || text.trim().contains(unspeakable) {
                note(field, if field == "send_name" { say::send_name_wrong(lang) } else { say::text_wrong(lang) });
            }
        }
        let opens = UnixMs::parse_beijing(&self.opens_at);
        let closes = UnixMs::parse_beijing(&self.closes_at);
        if opens.is_none() {
            note("opens_at", say::time_wrong(lang));
        }
        if closes.is_none() || closes <= opens {
            note("closes_at", say::window_wrong(lang));
        }
        let asserted_cap =
            Fen::parse_yuan(&self.asserted_cap).map_err(|_| note("asserted_cap", say::money_wrong(lang))).ok();
        let prize = self.prize.check(Rail::Redpack, lang).map_err(|wrong| errors.extend(wrong)).ok();
        let (
            Some(slug),
            Some(scope),
            Some(payer),
            Some(opens_at),
            Some(closes_at),
            Some((prize, scene_id)),
            Some(asserted_cap),
            true,
        ) = (slug, scope, payer, opens, closes, prize, asserted_cap, errors.is_empty())
        else {
            return Err(errors);
        };
        Ok(CheckedCampaign {
            slug,
            name: self.name.trim().to_owned(),
            payer,
            texts: Texts {
                send_name: self.send_name.trim().to_owned(),
                greeting: self.greeting.trim().to_owned(),
                wishing: self.wishing.trim().to_owned(),
                rules: self.rules.trim().chars().take(4000).collect(),
            },
            opens_at,
            closes_at,
            prize,
            scene_id,
            scope,
            asserted_cap,
        })
    }
}

/// Characters that WeChat Pay's XML cannot carry.
fn unspeakable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// An account's place in a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub account: crate::account::Account,
    /// The key of its edit-mode link: a bearer right, so `None` for whoever may only look.
    pub edit_key: Option<crate::ids::EditKey>,
    /// False once staff took it out of the campaign.
    pub active: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_moves_only_along_its_arrows() {
        use {Event::*, State::*};
        let table = [
            (Draft, Start, Some(Running)),
            (Draft, Pause, None),
            (Draft, Close, Some(Closed)),
            (Running, Start, None),
            (Running, Pause, Some(Paused)),
            (Running, Close, Some(Closed)),
            (Paused, Start, Some(Running)),
            (Paused, Pause, None),
            (Paused, Close, Some(Closed)),
            (Closed, Start, None),
            (Closed, Pause, None),
            (Closed, Close, None),
        ];
        for (from, event, to) in table {
            assert_eq!(from.event(event).ok(), to, "{from:?} {event:?}");
        }
    }

    fn form() -> CampaignForm {
        CampaignForm {
            slug: "demo".into(),
            name: "见面礼".into(),
            payer: "7".into(),
            send_name: "领包".into(),
            greeting: "你好".into(),
            wishing: "开心".into(),
            rules: String::new(),
            opens_at: "2026-11-21T00:00".into(),
            closes_at: "2026-12-21T00:00".into(),
            prize: PrizeForm::between("1", "3"),
            scope: "campaign".into(),
            asserted_cap: "100".into(),
        }
    }

    #[test]
    fn every_wrong_field_of_a_form_is_named_at_once() {
        assert!(form().check(Lang::Zh).is_ok());
        let wrong = CampaignForm {
            slug: "Bad Slug".into(),
            closes_at: "2026-11-20T00:00".into(),
            prize: PrizeForm::between("0.5", "3"),
            send_name: "一二三四五六七八九十十一".into(),
            ..form()
        };
        let fields: Vec<_> = wrong.check(Lang::Zh).unwrap_err().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, ["slug", "send_name", "closes_at", "prize_min"]);
    }

    #[test]
    fn claims_are_taken_only_while_running_and_within_the_window() {
        let checked = form().check(Lang::Zh).unwrap();
        let at = |state, now: UnixMs| {
            Campaign {
                id: CampaignId(1),
                slug: checked.slug.clone(),
                name: checked.name.clone(),
                state,
                payer: checked.payer,
                mch_id: "1900000109".try_into().unwrap(),
                texts: checked.texts.clone(),
                opens_at: checked.opens_at,
                closes_at: checked.closes_at,
                prize: checked.prize.clone(),
                scene_id: checked.scene_id,
                scope: checked.scope,
                rail: Rail::Redpack,
                asserted_cap: checked.asserted_cap,
                paced: false,
                low: Fen::ZERO,
                started_at: None,
            }
            .opening(now)
        };
        let (opens, closes) = (checked.opens_at, checked.closes_at);
        assert_eq!(at(State::Running, opens.plus(-1)), Opening::NotStarted);
        assert_eq!(at(State::Running, opens), Opening::Open);
        assert_eq!(at(State::Running, closes.plus(-1)), Opening::Open);
        assert_eq!(at(State::Running, closes), Opening::Ended);
        assert_eq!(at(State::Paused, opens), Opening::Paused);
        assert_eq!(at(State::Draft, opens), Opening::NotStarted);
        assert_eq!(at(State::Closed, opens), Opening::Ended);
    }
}
