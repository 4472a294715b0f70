//! Campaigns: create, change, start, pause, close; the accounts in them and their edit-mode keys.
//! Refuses a step that would let somebody be paid twice or nobody be paid at all.

use crate::store::{budgets, campaigns as store, rehearsal};
use crate::{Engine, Error, audit, prizes};
use rules::campaign::{Campaign, CheckedCampaign, Event, Member, State};
use rules::ids::{AccountId, CampaignId, EditKey, LineId, Slug};
use rules::operator::Operator;
use rules::say::{Lang, campaign as say, rehearsal as rehearsal_say};
use rules::time::UnixMs;

/// Whether a start asks for a test packet that somebody collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rehearsed {
    /// It does.
    Asked,
    /// Whoever starts takes it upon themselves.
    Waived,
}

impl Engine {
    /// All campaigns, the newest first.
    pub async fn campaigns(&self) -> Result<Vec<Campaign>, Error> {
        store::all(self.db().read()).await
    }

    /// One campaign. Errors: not found.
    pub async fn campaign(&self, id: CampaignId) -> Result<Campaign, Error> {
        store::by_id(self.db().read(), id).await?.ok_or_else(Error::not_found)
    }

    /// The campaign of a URL. Errors: not found.
    pub async fn campaign_by_slug(&self, slug: &Slug) -> Result<Campaign, Error> {
        store::by_slug(self.db().read(), slug).await?.ok_or_else(Error::not_found)
    }

    /// Creates a draft with an empty budget. Errors: slug taken; the payer has no merchant.
    pub async fn create_campaign(&self, by: &Operator, form: CheckedCampaign, lang: Lang) -> Result<CampaignId, Error> {
        let now = self.clock().now();
        self.retried(|| async {
            let id = CampaignId(self.draw().id(now));
            let mut tx = self.db().begin().await?;
            let mch_id = merchant(&tx, form.payer, lang).await?;
            if !store::insert(&mut tx, id, &form, &mch_id, now).await? {
                return Err(Error::field("slug", say::slug_taken(lang)));
            }
            budgets::open_line(&mut tx, LineId(self.draw().id(now)), id).await?;
            self.lay_out(&mut tx, id, None, &form.prize, lang).await?;
            audit::note(self, &mut tx, by, "campaign.create", id.0).await?;
            tx.commit().await?;
            Ok(id)
        })
        .await
    }

    /// Changes a campaign. Errors: slug taken; scope or payer changed after it ran (openids belong to the payer); a total
    /// changed after somebody took a packet of it.
    pub async fn edit_campaign(
        &self,
        by: &Operator,
        id: CampaignId,
        form: CheckedCampaign,
        lang: Lang,
    ) -> Result<(), Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            crate::store::budgets::lock(&mut tx, id).await?;
            let before = store::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
            if before.started_at.is_some() && (before.scope != form.scope || before.payer != form.payer) {
                return Err(Error::field("scope", say::scope_fixed(lang)));
            }
            if before.started_at.is_some() && before.slug != form.slug {
                return Err(Error::field("slug", say::slug_fixed(lang)));
            }
            if before.scene_id != form.scene_id {
                prizes::check_scene(&tx, id, form.scene_id, lang).await?;
            }
            self.lay_out(&mut tx, id, Some(&before.prize), &form.prize, lang).await?;
            let mch_id = merchant(&tx, form.payer, lang).await?;
            if !store::update(&mut tx, id, &form, &mch_id).await? {
                return Err(Error::field("slug", say::slug_taken(lang)));
            }
            audit::note(self, &mut tx, by, "campaign.edit", id.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Starts, pauses or closes a campaign. Errors: its state does not allow the step; it is a draft to be started of
    /// which no tester collected a packet yet.
    pub async fn move_campaign(&self, by: &Operator, id: CampaignId, event: Event, lang: Lang) -> Result<(), Error> {
        self.take_step(by, id, event, Rehearsed::Asked, lang).await
    }

    /// Starts a campaign although nobody may have collected a test packet, which the log says then. Errors: its state
    /// does not allow it.
    pub async fn start_unrehearsed(&self, by: &Operator, id: CampaignId, lang: Lang) -> Result<(), Error> {
        self.take_step(by, id, Event::Start, Rehearsed::Waived, lang).await
    }

    async fn take_step(
        &self,
        by: &Operator,
        id: CampaignId,
        event: Event,
        rehearsed: Rehearsed,
        lang: Lang,
    ) -> Result<(), Error> {
        let now = self.clock().now();
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let before = store::locked(&mut tx, id).await?.ok_or_else(Error::not_found)?;
            let state = before.state.event(event).map_err(|_| Error::conflict(say::transition_wrong(lang)))?;
            let first_start = before.state == State::Draft && event == Event::Start;
            let untested = first_start && !rehearsal::is_collected(tx.conn(), &before).await?;
            if untested && rehearsed == Rehearsed::Asked {
                return Err(Error::conflict(rehearsal_say::not_rehearsed(lang)));
            }
            let how = if untested { "_unrehearsed" } else { "" };
            // WeChat tells follows to the second: a start inside a second must not make its followers earlier ones.
            let at = UnixMs(now.secs() * 1000);
            store::set_state(&mut tx, id, state, at).await?;
            audit::note(self, &mut tx, by, &format!("campaign.{}{how}", event.name()), id.0).await?;
            tx.commit().await
        })
        .await
    }

    /// The accounts of a campaign, removed ones last.
    pub async fn members(&self, id: CampaignId) -> Result<Vec<Member>, Error> {
        store::members(self.db().read(), id).await
    }

    /// Adds an account to a campaign, or puts it back with the key it had.
    pub async fn add_member(&self, by: &Operator, id: CampaignId, account: AccountId) -> Result<(), Error> {
        let key = self.new_edit_key()?;
        self.add_member_with_key(by, id, account, &key).await
    }

    /// Adds an account with a given edit-mode key, for imports.
    pub async fn add_member_with_key(
        &self,
        by: &Operator,
        id: CampaignId,
        account: AccountId,
        key: &EditKey,
    ) -> Result<(), Error> {
        let now = self.clock().now();
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            store::by_id(tx.conn(), id).await?.ok_or_else(Error::not_found)?;
            crate::store::accounts::by_id(tx.conn(), account).await?.ok_or_else(Error::not_found)?;
            store::put_member(&mut tx, id, account, key, now).await?;
            audit::note(self, &mut tx, by, "campaign.add_account", account.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Takes an account out of a campaign: its tickets and links stop, its history stays.
    pub async fn remove_member(&self, by: &Operator, id: CampaignId, account: AccountId) -> Result<(), Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            if store::set_member_active(&mut tx, id, account, false).await? == 0 {
                return Err(Error::not_found());
            }
            audit::note(self, &mut tx, by, "campaign.remove_account", account.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Gives an account's edit-mode link a new key; the old link stops at once.
    pub async fn rotate_edit_key(&self, by: &Operator, id: CampaignId, account: AccountId) -> Result<EditKey, Error> {
        let key = self.new_edit_key()?;
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            if store::set_edit_key(&mut tx, id, account, &key).await? == 0 {
                return Err(Error::not_found());
            }
            audit::note(self, &mut tx, by, "campaign.rotate_key", account.0).await?;
            tx.commit().await?;
            Ok(key.clone())
        })
        .await
    }

    fn new_edit_key(&self) -> Result<EditKey, Error> {
        Ok(EditKey::try_from(self.draw().code())?)
    }
}

async fn merchant(tx: &crate::store::Tx, payer: AccountId, lang: Lang) -> Result<rules::ids::MchId, Error> {
    let bound = crate::store::accounts::merchant_of(tx.conn(), payer).await?;
    bound.ok_or_else(|| Error::field("payer", say::merchant_missing(lang)))
}
