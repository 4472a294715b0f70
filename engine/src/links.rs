//! Tracked links and visits: every open of a link is recorded, people and bots apart.
//! Refuses to call a visit by a machine a person's, or to drop it.

use crate::desk::{Answers, Work};
use crate::store::live::{Delta, Key};
use crate::store::{links as store, live as rollups};
use crate::{Engine, Error, audit};
use rules::ids::{AccountId, CampaignId, LinkCode, LinkId, Openid};
use rules::link::Link;
use rules::live::Figures;
use rules::operator::Operator;
use rules::say::{Lang, campaign as say};
use rules::time::hours;

/// How far back a visit still explains a follow: 24 hours.
pub(crate) const VISIT_COUNTS_MS: i64 = hours(24);

/// Who opened a link.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The random mark of the browser.
    pub browser: &'a str,
    /// The person, when the browser has a session.
    pub payee: Option<&'a Openid>,
    /// The address it came from.
    pub ip: &'a str,
    /// True when its user agent says it is a machine.
    pub bot: bool,
}

/// The desk's work.
struct VisitWork<'e>(&'e Engine);

impl Work for VisitWork<'_> {
    type Request = store::Visit;
    type Answer = ();

    async fn carry_out<'a>(&'a self, batch: &'a [&'a store::Visit]) -> Answers<()> {
        let engine = self.0;
        let mut figures = rollups::Deltas::default();
        for visit in batch {
            let (people, bots) = if visit.bot { (0, 1) } else { (1, 0) };
            let delta = Delta::from(Figures { visits: people, bots, ..Figures::default() });
            let minute = visit.at.minute();
            let key = Key { campaign: visit.campaign, account: visit.account, link: Some(visit.link), minute };
            rollups::sum(&mut figures, key, &delta);
        }
        let once = || async {
            let mut tx = engine.db().begin().await?;
            store::record_visits(&mut tx, batch).await?;
            rollups::add(&mut tx, engine.settings().node, &figures).await?;
            tx.commit().await
        };
        engine.retried(once).await?;
        engine.touch();
        Ok(batch.iter().map(|_| ()).collect())
    }
}

impl Engine {
    /// The links of a campaign, oldest first.
    pub async fn links(&self, campaign: CampaignId) -> Result<Vec<Link>, Error> {
        store::of_campaign(self.db().read(), campaign).await
    }

    /// The link of a code. Errors: not found.
    pub async fn link_by_code(&self, code: &LinkCode) -> Result<Link, Error> {
        store::by_code(self.db().read(), code).await?.ok_or_else(Error::not_found)
    }

    /// Adds a link; without a code one is drawn. Errors: code taken; the account is not in the campaign.
    pub async fn add_link(
        &self,
        by: &Operator,
        campaign: CampaignId,
        account: AccountId,
        placement: String,
        code: Option<LinkCode>,
        lang: Lang,
    ) -> Result<Link, Error> {
        let now = self.clock().now();
        let code = match code {
            Some(code) => code,
            None => LinkCode::try_from(&self.draw().code()[..8])?,
        };
        let placement = placement.trim().chars().take(30).collect();
        let link = Link { id: LinkId(self.draw().id(now)), code, campaign, account, placement, active: true };
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            crate::store::campaigns::member_of(tx.conn(), campaign, account).await?.ok_or_else(Error::not_found)?;
            if !store::insert(&mut tx, &link, now).await? {
                return Err(Error::field("code", say::link_code_taken(lang)));
            }
            audit::note(self, &mut tx, by, "link.add", link.id.0).await?;
            tx.commit().await
        })
        .await?;
        self.touch();
        Ok(link)
    }

    /// Switches a link on or off; a link that is off leads to the hub page.
    pub async fn set_link_active(&self, by: &Operator, id: LinkId, active: bool) -> Result<(), Error> {
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            if store::set_active(&mut tx, id, active).await? == 0 {
                return Err(Error::not_found());
            }
            audit::note(self, &mut tx, by, if active { "link.on" } else { "link.off" }, id.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Records that somebody opened a link. Errors: busy.
    pub async fn visited(&self, link: &Link, visitor: Visitor<'_>) -> Result<(), Error> {
        let now = self.clock().now();
        let visit = store::Visit {
            id: self.draw().id(now),
            link: link.id,
            campaign: link.campaign,
            account: link.account,
            browser: visitor.browser.to_owned(),
            payee: visitor.payee.cloned(),
            ip: visitor.ip.to_owned(),
            bot: visitor.bot,
            at: now,
        };
        let leader = self.clone();
        let lead = || async move { leader.visits_desk().lead(&VisitWork(&leader)).await };
        self.visits_desk().ask(visit, lead).await
    }

    /// Gives the last day's visits of a browser the person that web OAuth found behind it.
    pub async fn identified(&self, browser: &str, payee: &Openid) -> Result<(), Error> {
        let since = self.clock().now().plus(-VISIT_COUNTS_MS);
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            store::identify_visits(&mut tx, browser, payee, since).await?;
            tx.commit().await
        })
        .await
    }
}
