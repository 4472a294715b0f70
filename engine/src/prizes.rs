//! Prize rules: set and changed by staff; what they are drawn from is made ready in the same transaction.
//! Refuses to change a total from which somebody has a packet already.

pub(crate) mod stock;

use crate::store::{Tx, budgets, campaigns, prizes as store};
use crate::{Engine, Error, Said, audit};
use rules::campaign::Campaign;
use rules::follow::Grade;
use rules::ids::{AccountId, CampaignId};
use rules::operator::Operator;
use rules::payout::Rail;
use rules::prize::form::PrizeForm;
use rules::prize::{Limits, PrizeRule, Prizes, SceneId};
use rules::say::{Lang, prize as say};

impl Engine {
    /// All prize rules of a campaign. Errors: not found.
    pub async fn prizes(&self, campaign: CampaignId) -> Result<Prizes, Error> {
        store::of_campaign(self.db().read(), campaign).await
    }

    /// Changes the campaign's own rule. Errors: not found; WeChat would not send its amounts; packets of the former
    /// or the new total were taken already.
    pub async fn set_prize(
        &self,
        by: &Operator,
        campaign: CampaignId,
        rule: PrizeRule,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| async {
            let (mut tx, before) = self.begin_change(campaign).await?;
            check(&before, &rule, lang)?;
            self.lay_out(&mut tx, campaign, Some(&before.prize), &rule, lang).await?;
            store::set_rule(&mut tx, campaign, &rule).await?;
            audit::note(self, &mut tx, by, "campaign.prize", campaign.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Gives one account of a campaign a rule of its own, or with `None` the campaign's again. Errors: not found;
    /// the rule has a total; WeChat would not send its amounts.
    pub async fn set_account_prize(
        &self,
        by: &Operator,
        campaign: CampaignId,
        account: AccountId,
        rule: Option<PrizeRule>,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| async {
            let (mut tx, before) = self.begin_change(campaign).await?;
            check_override(&before, rule.as_ref(), lang)?;
            if store::set_account_rule(&mut tx, campaign, account, rule.as_ref()).await? == 0 {
                return Err(Error::not_found());
            }
            audit::note(self, &mut tx, by, "campaign.account_prize", account.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Gives claims of one grade of evidence a rule of their own, or with `None` the campaign's again. Errors: as for
    /// one account.
    pub async fn set_grade_prize(
        &self,
        by: &Operator,
        campaign: CampaignId,
        grade: Grade,
        rule: Option<PrizeRule>,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| async {
            let (mut tx, before) = self.begin_change(campaign).await?;
            check_override(&before, rule.as_ref(), lang)?;
            let mut prizes = store::of_campaign(tx.conn(), campaign).await?;
            match &rule {
                Some(rule) => prizes.grades.insert(grade, rule.clone()),
                None => prizes.grades.remove(&grade),
            };
            store::set_grade_rules(&mut tx, campaign, &prizes).await?;
            audit::note(self, &mut tx, by, "campaign.grade_prize", campaign.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Begins a change of a campaign's rules: its lines first, as claims do, then the campaign itself.
    async fn begin_change(&self, campaign: CampaignId) -> Result<(Tx, Campaign), Error> {
        let mut tx = self.db().begin().await?;
        budgets::lock(&mut tx, campaign).await?;
        let before = campaigns::locked(&mut tx, campaign).await?.ok_or_else(Error::not_found)?;
        Ok((tx, before))
    }

    /// Makes ready what a new rule is drawn from: a pool is cut, a total is set. What belonged to the former rule goes,
    /// unless somebody has a packet of it: then it stays as it is, and only a rule without a total can follow.
    pub(crate) async fn lay_out(
        &self,
        tx: &mut Tx,
        campaign: CampaignId,
        before: Option<&PrizeRule>,
        rule: &PrizeRule,
        lang: Lang,
    ) -> Result<(), Error> {
        if before == Some(rule) {
            return Ok(());
        }
        if before.is_some() && store::is_begun(tx.conn(), campaign).await? {
            return match rule.split() {
                Some(_) => Err(Error::field("prize_total", say::taken_already(lang))),
                None => Ok(()),
            };
        }
        store::clear(tx, campaign).await?;
        match rule {
            PrizeRule::Pool(split) => {
                let slots = split.cut(&mut || self.draw().number());
                store::write_slots(tx, campaign, &slots).await
            }
            PrizeRule::Bounded(split) => {
                store::set_left(campaign, split.whole()).run(tx).await?;
                Ok(())
            }
            PrizeRule::Fixed(_) | PrizeRule::Range(..) | PrizeRule::Tiers(_) => Ok(()),
        }
    }
}

/// The same check that the form makes, with the same sentences. A campaign may change its rail at any time, so its
/// amounts are always such that a red packet can hold.
fn check(campaign: &Campaign, rule: &PrizeRule, lang: Lang) -> Result<(), Error> {
    PrizeForm::of(rule, campaign.scene_id).check(Rail::Redpack, lang).map_err(Said::Invalid)?;
    Ok(())
}

/// Whether the rules beside the campaign's own fit a scene that is to be the campaign's. Errors: one does not.
pub(crate) async fn check_scene(
    tx: &Tx,
    campaign: CampaignId,
    scene: Option<SceneId>,
    lang: Lang,
) -> Result<(), Error> {
    let prizes = store::of_campaign(tx.conn(), campaign).await?;
    if prizes.overrides_fit(Limits::of(Rail::Redpack, scene)) {
        return Ok(());
    }
    Err(Error::field("scene_id", say::apart_scene_in_use(lang)))
}

fn check_override(campaign: &Campaign, rule: Option<&PrizeRule>, lang: Lang) -> Result<(), Error> {
    match rule {
        Some(rule) if rule.split().is_some() => Err(Error::field("prize_kind", say::needs_own_total(lang))),
        Some(rule) => check(campaign, rule, lang),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
