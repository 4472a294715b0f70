//! The live page: one reading of all its figures.
//! Refuses to read raw events; it sums rollups.

use crate::store::{accounts, budgets, links, live as store};
use crate::{Engine, Error};
use rules::ids::CampaignId;
use rules::live::{Figures, LinkFigures, Point, Snapshot, share};
use rules::time::{BeijingDay, UnixMs};

const MINUTES: i64 = 60;

impl Engine {
    /// All that the live page shows of one campaign now.
    pub async fn live(&self, campaign: CampaignId) -> Result<Snapshot, Error> {
        let db = self.db().read();
        let now = self.clock().now();
        let since = now.minute() - MINUTES + 1;
        Ok(Snapshot {
            at: now,
            total: store::total(db, campaign, 0).await?,
            today: store::total(db, campaign, first_minute(now.day())).await?,
            links: self.link_figures(campaign).await?,
            series: fill(&store::series(db, campaign, since).await?, since),
            budget: budgets::of_campaign(db, campaign).await?.ok_or_else(Error::not_found)?,
            unknown_payouts: store::unknown_payouts(db, campaign).await?,
        })
    }

    async fn link_figures(&self, campaign: CampaignId) -> Result<Vec<LinkFigures>, Error> {
        let db = self.db().read();
        let sums = store::per_link(db, campaign).await?;
        let known = store::known_by(db, campaign).await?;
        let accounts = accounts::all(db).await?;
        let links = links::of_campaign(db, campaign).await?;
        let mut result = Vec::new();
        let unattributed = sums.iter().filter(|(_, link, _)| link.is_none()).map(|(account, _, _)| (*account, None));
        for (account, link) in links.iter().map(|l| (l.account, Some(l))).chain(unattributed) {
            let id = link.map(|l| l.id);
            let Some(who) = accounts.iter().find(|a| a.id == account) else { continue };
            let figures = sums.iter().find(|(a, l, _)| *a == account && *l == id).map_or(Figures::default(), |s| s.2);
            result.push(LinkFigures {
                link: id,
                code: link.map(|l| l.code.as_str().to_owned()).unwrap_or_default(),
                placement: link.map(|l| l.placement.clone()).unwrap_or_default(),
                account,
                account_name: who.name.clone(),
                account_icon: who.icon.clone(),
                known_by: known.iter().rfind(|(l, _, _)| *l == id).map(|k| k.1),
                figures,
                estimated_follows: 0,
            });
        }
        estimate(&mut result);
        Ok(result)
    }
}

/// Shares each account's follows without a link among its links, by their visits that no known follow explains.
fn estimate(links: &mut [LinkFigures]) {
    let unknown: Vec<_> = links.iter().filter(|l| l.link.is_none()).map(|l| (l.account, l.figures.follows)).collect();
    for (account, follows) in unknown {
        let own = |l: &&mut LinkFigures| l.account == account && l.link.is_some();
        // Visits whose follow is known already explain no other.
        let open: Vec<i64> = links.iter_mut().filter(own).map(|l| l.figures.visits - l.figures.follows).collect();
        let shares = share(follows, &open);
        links.iter_mut().filter(own).zip(shares).for_each(|(link, share)| link.estimated_follows = share);
    }
}

fn first_minute(day: BeijingDay) -> i64 {
    day.0 * 24 * 60 - 8 * 60
}

/// One point for each of the 60 minutes from `since`, with zeros where nothing happened.
fn fill(points: &[Point], since: i64) -> Vec<Point> {
    (since..since + MINUTES)
        .map(|minute| {
            let at = UnixMs(minute * 60_000);
            points.iter().find(|p| p.at == at).copied().unwrap_or(Point { at, figures: Figures::default() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chart_has_a_point_for_every_minute() {
        let seen = Point { at: UnixMs(3 * 60_000), figures: Figures { visits: 2, ..Figures::default() } };
        let filled = fill(&[seen], 1);
        assert_eq!(filled.len(), 60);
        assert_eq!(filled[2], seen);
        assert_eq!(filled[0].figures, Figures::default());
    }

    #[test]
    fn a_day_begins_at_beijing_midnight() {
        let midnight = UnixMs::from_beijing(2026, 11, 21, 0, 0);
        assert_eq!(first_minute(midnight.day()), midnight.minute());
    }
}
