//! Budgets: what a campaign may still grant.
//! Refuses to take back money that is already granted, and a change by somebody who has not seen the one before it.

use crate::store::budgets::{self as store, Transfer};
use crate::store::{alerts, campaigns, caps, links, live};
use crate::{Engine, Error, audit};
use rules::Fen;
use rules::alert;
use rules::cap::{Cap, CapUse, Kind, Use};
use rules::forecast;
use rules::ids::{AccountId, CampaignId};
use rules::ledger::{Budget, Changes, Entry, Event};
use rules::operator::Operator;
use rules::say::{Lang, campaign as say, money};
use rules::time::UnixMs;

impl Engine {
    /// The budget of a campaign. Errors: not found.
    pub async fn budget(&self, campaign: CampaignId) -> Result<Budget, Error> {
        store::of_campaign(self.db().read(), campaign).await?.ok_or_else(Error::not_found)
    }

    /// The same, and how often staff changed it so far: what a form names that changes it. Errors: not found.
    pub async fn budget_seen(&self, campaign: CampaignId) -> Result<(Budget, Changes), Error> {
        store::seen(self.db().read(), campaign).await?.ok_or_else(Error::not_found)
    }

    /// Funds a budget or takes free money back, for somebody who has `seen` all changes before this one: asked again,
    /// because its answer was lost, it is refused. Errors: a conflict when the budget was changed since, and only then;
    /// the free part is smaller; the amount is nothing.
    pub async fn change_budget(
        &self,
        by: &Operator,
        campaign: CampaignId,
        event: Event,
        amount: Fen,
        seen: Changes,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| self.change_budget_once(by, campaign, event, amount, seen, lang)).await?;
        self.touch();
        Ok(())
    }

    async fn change_budget_once(
        &self,
        by: &Operator,
        campaign: CampaignId,
        event: Event,
        amount: Fen,
        seen: Changes,
        lang: Lang,
    ) -> Result<(), Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        // The lock is a statement of its own: the next one sees what was committed while this one waited.
        store::lock(&mut tx, campaign).await?;
        let (budget, changes) = store::seen(tx.conn(), campaign).await?.ok_or_else(Error::not_found)?;
        if changes != seen {
            return Err(Error::conflict(money::budget_moved(lang)));
        }
        let fits = match event {
            Event::Fund => budget.funded().and_then(|funded| funded.checked_add(amount)).is_some(),
            Event::Withdraw => true,
            Event::Reserve | Event::Pay | Event::Void | Event::Return => false,
        };
        if amount.is_zero() || !fits {
            return Err(Error::field("amount", say::money_wrong(lang)));
        }
        let (id, line) = (self.draw().id(now), budget.line);
        let change = Transfer { id, line, event, amount, payout: None, operator: Some(by.id), at: now };
        if !store::transfer(&mut tx, &[change]).await? {
            return Err(Error::field("amount", say::budget_short(lang)));
        }
        audit::note(self, &mut tx, by, &format!("budget.{}", event.name()), campaign.0).await?;
        tx.commit().await
    }

    /// The caps of a campaign with what was used of each, those on time for this day and this hour.
    pub async fn caps(&self, campaign: CampaignId) -> Result<Vec<CapUse>, Error> {
        let now = self.clock().now();
        let tx = self.db().begin_read().await?;
        let used = caps::used(tx.conn(), campaign, now).await?;
        let bucket = |kind| match kind {
            Kind::Asserted | Kind::Account | Kind::Link => 0,
            Kind::Day => now.day().0,
            Kind::Hour => rules::cap::hour(now),
        };
        let with_use = |cap: Cap| {
            let counter = Use { kind: cap.kind, object: cap.object, bucket: bucket(cap.kind) };
            CapUse { cap, used: used.get(&counter).copied().unwrap_or(Fen::ZERO) }
        };
        Ok(caps::of_campaign(tx.conn(), campaign).await?.into_iter().map(with_use).collect())
    }

    /// Sets a cap on an account, a link, the day or the hour, or takes it away with `None`. What was granted before
    /// counts. Errors: the cap on asserted evidence is part of the campaign's form; the object is not in the campaign.
    pub async fn set_cap(
        &self,
        by: &Operator,
        campaign: CampaignId,
        kind: Kind,
        object: i64,
        limit: Option<Fen>,
    ) -> Result<(), Error> {
        self.retried(|| self.set_cap_once(by, campaign, kind, object, limit)).await
    }

    async fn set_cap_once(
        &self,
        by: &Operator,
        campaign: CampaignId,
        kind: Kind,
        object: i64,
        limit: Option<Fen>,
    ) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        let known = match kind {
            Kind::Asserted => false,
            Kind::Day | Kind::Hour => object == 0,
            Kind::Account => campaigns::member_of(tx.conn(), campaign, AccountId(object)).await?.is_some(),
            Kind::Link => {
                let links = links::of_campaign(tx.conn(), campaign).await?;
                links.iter().any(|link| link.id.0 == object)
            }
        };
        if !known {
            return Err(Error::not_found());
        }
        caps::set(&mut tx, campaign, kind, object, limit).await?;
        let action = if limit.is_some() { "cap.set" } else { "cap.remove" };
        audit::note(self, &mut tx, by, &format!("{action}.{}", kind.name()), campaign.0).await?;
        tx.commit().await?;
        self.touch();
        Ok(())
    }

    /// Spreads a campaign's budget evenly over the hours left, or no longer. Errors: not found.
    pub async fn set_pacing(&self, by: &Operator, campaign: CampaignId, paced: bool) -> Result<(), Error> {
        self.retried(|| self.set_pacing_once(by, campaign, paced)).await
    }

    async fn set_pacing_once(&self, by: &Operator, campaign: CampaignId, paced: bool) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        if campaigns::set_paced(&mut tx, campaign, paced).await? == 0 {
            return Err(Error::not_found());
        }
        audit::note(self, &mut tx, by, if paced { "pacing.on" } else { "pacing.off" }, campaign.0).await?;
        tx.commit().await?;
        self.touch();
        Ok(())
    }

    /// Sets below which free amount somebody is told; zero tells nobody. It is told at once when less is left already.
    /// Errors: not found.
    pub async fn set_low(&self, by: &Operator, campaign: CampaignId, low: Fen) -> Result<(), Error> {
        self.retried(|| self.set_low_once(by, campaign, low)).await
    }

    async fn set_low_once(&self, by: &Operator, campaign: CampaignId, low: Fen) -> Result<(), Error> {
        let now = self.clock().now();
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            if campaigns::set_low(&mut tx, campaign, low).await? == 0 {
                return Err(Error::not_found());
            }
            let of = campaigns::by_id(tx.conn(), campaign).await?.ok_or_else(Error::not_found)?;
            let left = store::of_campaign(tx.conn(), campaign).await?.ok_or_else(Error::not_found)?.available;
            if left < low {
                alerts::raise(&mut tx, alert::Kind::LowBudget, of.slug.as_str(), &left.to_string(), now).await?;
            }
            audit::note(self, &mut tx, by, "budget.low", campaign.0).await?;
            tx.commit().await
        })
        .await
    }

    /// When a campaign's budget will be empty at the pace of its last quarter of an hour. Errors: not found.
    pub async fn empty_at(&self, campaign: CampaignId) -> Result<Option<UnixMs>, Error> {
        let now = self.clock().now();
        let tx = self.db().begin_read().await?;
        let available = store::of_campaign(tx.conn(), campaign).await?.ok_or_else(Error::not_found)?.available;
        let since = now.plus(-forecast::WINDOW_MS).minute() + 1;
        let granted = live::total(tx.conn(), campaign, since).await?.granted_fen;
        Ok(forecast::empty_at(available, granted, forecast::WINDOW_MS, now))
    }

    /// One page of a line's statement, the newest transfer first, before the transfer `before`.
    pub async fn statement(&self, campaign: CampaignId, before: Option<i64>, limit: i64) -> Result<Vec<Entry>, Error> {
        store::statement(self.db().read(), campaign, before, limit.clamp(1, 500)).await
    }
}
