//! Tickets: given in the reply to a follow, bound to the first person web OAuth finds behind them.
//! Refuses to bind on a bare open: a link scanner finds nothing and takes nothing.

use crate::store::followers::Follow;
use crate::store::tickets::{self as store, NewTicket};
use crate::store::{Tx, campaigns, followers, links};
use crate::{Engine, Error, vault};
use rules::campaign::Campaign;
use rules::eligibility::Refusal;
use rules::follow::{Attribution, Grade, Novelty};
use rules::ids::{AccountId, EditKey, FollowId, Openid, TicketCode};
use rules::time::UnixMs;

impl Engine {
    /// Issues a ticket for a follow and gives its code, once; only its hash is kept.
    pub(crate) async fn issue_ticket(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        follow: &Follow,
        now: UnixMs,
    ) -> Result<TicketCode, Error> {
        let code = TicketCode::try_from(self.draw().code())?;
        let new = NewTicket {
            code_hash: &vault::hash(code.as_str()),
            campaign: campaign.id,
            account: follow.account,
            follow: follow.id,
            issued_at: now,
            bound_to: None,
        };
        store::insert(tx, &new).await?;
        Ok(code)
    }

    /// A person whom OAuth identified opens a personal link: binds it to them, or says why not.
    pub async fn open_ticket(
        &self,
        campaign: &Campaign,
        code: &TicketCode,
        person: &Openid,
    ) -> Result<Result<(), Refusal>, Error> {
        let hash = vault::hash(code.as_str());
        self.retried(|| self.open_ticket_once(campaign, &hash, person)).await
    }

    async fn open_ticket_once(
        &self,
        campaign: &Campaign,
        hash: &str,
        person: &Openid,
    ) -> Result<Result<(), Refusal>, Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        let Some(held) = store::by_code(tx.conn(), campaign.id, hash).await? else {
            return Ok(Err(Refusal::WrongTicket));
        };
        if let Err(wrong) = held.ticket.open(person, now) {
            return Ok(Err(wrong.into()));
        }
        if !store::bind(&mut tx, hash, person).await? {
            return Ok(Err(Refusal::WrongTicket));
        }
        if let Some(follow) = followers::by_id(tx.conn(), held.follow).await? {
            self.attribute_by_visit(&mut tx, campaign, &follow, person, now).await?;
        }
        tx.commit().await?;
        self.touch();
        Ok(Ok(()))
    }

    /// A person whom OAuth identified opens the static link of an edit-mode account: their word is taken as an
    /// asserted follow, once per person and account. Refused while the account is not in edit mode.
    pub async fn open_edit_key(
        &self,
        campaign: &Campaign,
        key: &EditKey,
        person: &Openid,
    ) -> Result<Result<(), Refusal>, Error> {
        self.retried(|| self.open_edit_key_once(campaign, key, person)).await
    }

    async fn open_edit_key_once(
        &self,
        campaign: &Campaign,
        key: &EditKey,
        person: &Openid,
    ) -> Result<Result<(), Refusal>, Error> {
        let now = self.clock().now();
        let mut tx = self.db().begin().await?;
        let Some(member) = campaigns::locked_member_by_key(&mut tx, campaign.id, key).await? else {
            return Ok(Err(Refusal::WrongTicket));
        };
        if !member.active {
            return Ok(Err(Refusal::AccountGone));
        }
        if !member.account.accepts_edit_key(now) {
            return Ok(Err(Refusal::WrongTicket));
        }
        let account = member.account.id;
        let tickets = store::of_person(tx.conn(), campaign.id, person).await?;
        if let Some(held) = tickets.iter().find(|held| held.account == account) {
            // One follow per person and account; only a ticket that expired unused is given again.
            if !held.ticket.used && held.ticket.open(person, now).is_err() {
                self.hand_out(&mut tx, campaign, account, held.follow, person, now).await?;
                tx.commit().await?;
            }
            return Ok(Ok(()));
        }
        let since = now.plus(-crate::links::VISIT_COUNTS_MS);
        let visited = links::visited_by(tx.conn(), campaign.id, account, person, since).await?;
        let (link, attribution) = match visited {
            Some(link) => (Some(link), Attribution::Ticket),
            None => self.only_link(&tx, campaign, account).await?,
        };
        let follow = Follow {
            id: FollowId(self.draw().id(now)),
            account,
            openid: None,
            campaign: Some(campaign.id),
            link,
            attribution,
            novelty: Novelty::New,
            grade: Grade::Asserted,
            at: now,
        };
        followers::insert(&mut tx, &follow).await?;
        self.count_follow(&mut tx, campaign, &follow).await?;
        self.hand_out(&mut tx, campaign, account, follow.id, person, now).await?;
        tx.commit().await?;
        self.touch();
        Ok(Ok(()))
    }

    /// A ticket that nobody sees: bound to its person at once.
    async fn hand_out(
        &self,
        tx: &mut Tx,
        campaign: &Campaign,
        account: AccountId,
        follow: FollowId,
        person: &Openid,
        now: UnixMs,
    ) -> Result<(), Error> {
        let code_hash = vault::hash(&self.draw().code());
        let new = NewTicket {
            code_hash: &code_hash,
            campaign: campaign.id,
            account,
            follow,
            issued_at: now,
            bound_to: Some(person),
        };
        store::insert(tx, &new).await
    }
}
