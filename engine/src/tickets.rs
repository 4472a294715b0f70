//! Tickets: given in the reply to a follow, bound to the first person web OAuth finds behind them.
//! Refuses to bind on a bare open: a link scanner finds nothing and takes nothing.

use crate::store::followers::Follow;
use crate::store::tickets::{self as store, Held, NewTicket};
use crate::store::{Tx, campaigns, followers, links};
use crate::{Engine, Error, vault};
use rules::campaign::{Campaign, Member};
use rules::eligibility::Refusal;
use rules::follow::{Attribution, Grade, Novelty};
use rules::ids::{AccountId, CampaignId, EditKey, FollowId, Openid, TicketCode};
use rules::time::UnixMs;

/// How many unused tickets of one follow stay good; whoever asks for more has the newest ones.
const LIVE_MAX: i64 = 5;

impl Engine {
    /// A ticket for a follow, bound to its person if that is known, and its code, told once; only its hash is kept.
    pub(crate) fn new_ticket<'a>(
        &self,
        campaign: &Campaign,
        follow: &Follow,
        bound_to: Option<&'a Openid>,
        now: UnixMs,
    ) -> Result<(TicketCode, NewTicket<'a>), Error> {
        let code = TicketCode::try_from(self.draw().code())?;
        let new = NewTicket {
            code_hash: vault::hash(code.as_str()),
            campaign: campaign.id,
            account: follow.account,
            follow: follow.id,
            issued_at: now,
            bound_to,
            edit_key_hash: None,
        };
        Ok((code, new))
    }

    /// Takes back all but the newest unused tickets of a follow that somebody asked for again.
    pub(crate) async fn keep_newest_tickets(&self, tx: &mut Tx, follow: FollowId) -> Result<(), Error> {
        store::keep_newest(tx, follow, LIVE_MAX).await
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
        // The line first and the ticket then, as a claim does.
        let visited = self.link_visited(&mut tx, campaign, held.follow, person, now).await?;
        if !store::bind(&mut tx, hash, person).await? {
            return Ok(Err(Refusal::WrongTicket));
        }
        if let Some(link) = visited {
            self.attribute(&mut tx, campaign, held.follow, link).await?;
        }
        tx.commit().await?;
        self.touch();
        Ok(Ok(()))
    }

    /// A person whom OAuth identified opens the static link of an edit-mode account: their word is taken as an
    /// asserted follow, once per person and account. Refused while the account is not in edit mode or the campaign
    /// takes no claims: what nobody can claim is nobody's follow.
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
        if let Err(refusal) = campaign.opening(now).refusal() {
            return Ok(Err(refusal));
        }
        let account = member.account.id;
        let key_hash = vault::hash(key.as_str());
        let tickets = store::of_person(tx.conn(), campaign.id, person).await?;
        if let Some(held) = tickets.iter().find(|held| held.account == account) {
            // One follow per person and account; only a ticket that expired, or lost its key, unused is given again.
            let worn_out = held.ticket.open(person, now).is_err() || held.edit_key_hash.as_ref() != Some(&key_hash);
            if !held.ticket.used && worn_out {
                let again =
                    Asserted { campaign: campaign.id, account, follow: held.follow, person, key_hash: &key_hash };
                self.hand_out(&mut tx, &again, now).await?;
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
        followers::insert(&mut tx, std::slice::from_ref(&follow)).await?;
        self.count_follow(&mut tx, campaign, &follow).await?;
        let asserted = Asserted { campaign: campaign.id, account, follow: follow.id, person, key_hash: &key_hash };
        self.hand_out(&mut tx, &asserted, now).await?;
        tx.commit().await?;
        self.touch();
        Ok(Ok(()))
    }

    /// A ticket that nobody sees: bound to its person at once.
    async fn hand_out(&self, tx: &mut Tx, asserted: &Asserted<'_>, now: UnixMs) -> Result<(), Error> {
        let new = NewTicket {
            code_hash: vault::hash(&self.draw().code()),
            campaign: asserted.campaign,
            account: asserted.account,
            follow: asserted.follow,
            issued_at: now,
            bound_to: Some(asserted.person),
            edit_key_hash: Some(asserted.key_hash),
        };
        store::insert(tx, &[new]).await
    }
}

/// What an opened edit-mode link gives its person a ticket for.
struct Asserted<'a> {
    campaign: CampaignId,
    account: AccountId,
    follow: FollowId,
    person: &'a Openid,
    key_hash: &'a str,
}

/// True while what a ticket stands on is believed: an asserted follow only as long as its account accepts edit-mode
/// links, and only for the key that the account has now.
pub(crate) fn evidence_holds(held: &Held, grade: Grade, member: &Member, now: UnixMs) -> bool {
    match grade {
        Grade::Proven | Grade::Checked => true,
        Grade::Asserted => {
            let key_hash = member.edit_key.as_ref().map(|key| vault::hash(key.as_str()));
            member.account.accepts_edit_key(now) && key_hash.is_some() && key_hash == held.edit_key_hash
        }
    }
}
