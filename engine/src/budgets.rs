//! Budgets: what a campaign may still grant.
//! Refuses to take back money that is already granted.

use crate::store::budgets::{self as store, Transfer};
use crate::{Engine, Error, audit};
use rules::Fen;
use rules::ids::CampaignId;
use rules::ledger::{Budget, Event};
use rules::operator::Operator;
use rules::say::{Lang, campaign as say};

impl Engine {
    /// The budget of a campaign. Errors: not found.
    pub async fn budget(&self, campaign: CampaignId) -> Result<Budget, Error> {
        store::of_campaign(self.db().read(), campaign).await?.ok_or_else(Error::not_found)
    }

    /// Funds a budget or takes free money back. Errors: the free part is smaller; the amount is nothing.
    pub async fn change_budget(
        &self,
        by: &Operator,
        campaign: CampaignId,
        event: Event,
        amount: Fen,
        lang: Lang,
    ) -> Result<(), Error> {
        if amount.is_zero() || !matches!(event, Event::Fund | Event::Withdraw) {
            return Err(Error::field("amount", say::money_wrong(lang)));
        }
        let now = self.clock().now();
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let budget = store::of_campaign(tx.conn(), campaign).await?.ok_or_else(Error::not_found)?;
            if event == Event::Fund && budget.funded().and_then(|funded| funded.checked_add(amount)).is_none() {
                return Err(Error::field("amount", say::money_wrong(lang)));
            }
            let line = budget.line;
            let id = self.draw().id(now);
            let change = Transfer { id, line, event, amount, payout: None, operator: Some(by.id), at: now };
            if !store::transfer(&mut tx, &change).await? {
                return Err(Error::field("amount", say::budget_short(lang)));
            }
            audit::note(self, &mut tx, by, &format!("budget.{}", event.name()), campaign.0).await?;
            tx.commit().await
        })
        .await?;
        self.touch();
        Ok(())
    }
}
