//! Writes what was decided about a batch: claims, keys, tickets, reservations, payouts, refusals and figures.
//! Refuses to leave anything out: if one statement finds other rows than were gathered, the whole batch is undone.

use super::Request;
use super::decide::{Decided, Grant, Refused};
use super::gather::{Facts, Ground};
use super::spent::Counted;
use crate::store::budgets::{self, Transfer};
use crate::store::caps::{self, Changes};
use crate::store::claims::{self as store, Key as ClaimKey, NewClaim, NewRefusal, Stand};
use crate::store::live::{self as rollups, Deltas, Key};
use crate::store::payouts::{self, NewPayout};
use crate::store::script::Script;
use crate::store::{Tx, alerts, tickets};
use crate::vault::Purpose;
use crate::{Engine, Error};
use rules::Fen;
use rules::alert;
use rules::campaign::Campaign;
use rules::eligibility::Refusal;
use rules::ids::{ClaimId, PayoutId};
use rules::ledger;
use rules::live::Figures;
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Everything that a batch writes, table by table.
#[derive(Default)]
struct Sheet {
    claims: Vec<NewClaim>,
    keys: Vec<(ClaimKey, ClaimId)>,
    tickets: Vec<(String, ClaimId)>,
    reservations: Vec<Transfer>,
    payouts: Vec<NewPayout>,
    refusals: Vec<NewRefusal>,
    uses: Changes,
    figures: Deltas,
}

/// A grant with all that it stands on.
struct Written<'a> {
    request: &'a Request,
    ground: &'a Ground,
    stand: &'a Stand,
    grant: &'a Grant,
    /// What signs the merchant's requests.
    apiv2_key: &'a str,
}

impl Engine {
    /// Writes a decided batch inside the caller's transaction.
    pub(super) async fn write(
        &self,
        tx: &mut Tx,
        batch: &[&Request],
        facts: &Facts,
        decided: &[Result<Decided, Error>],
        now: UnixMs,
    ) -> Result<(), Error> {
        let mut sheet = Sheet::default();
        let mut keys = HashMap::new();
        for (at, (request, decided)) in batch.iter().zip(decided).enumerate() {
            let Ok(decided) = decided else { continue };
            let ground = facts.grounds.get(&request.slug).ok_or_else(Error::not_found)?;
            match decided {
                Decided::Refused(refused) => self.note_refusal(&mut sheet, request, ground, refused, now),
                Decided::Granted(grant) => {
                    let apiv2_key = match keys.entry(&ground.campaign.mch_id) {
                        Entry::Occupied(opened) => opened.into_mut(),
                        Entry::Vacant(sealed) => sealed.insert(self.apiv2_key(ground)?),
                    };
                    let stand = &facts.stands[at][grant.stand];
                    let written = Written { request, ground, stand, grant, apiv2_key };
                    self.note_grant(&mut sheet, &written, now)?;
                }
            }
        }
        let mut script = Script::default();
        sheet.write(tx.conn(), self.settings().node, &mut script);
        // Always in one order: SQLite keeps what it made of a text.
        let mut grounds: Vec<&Ground> = facts.grounds.values().collect();
        grounds.sort_unstable_by_key(|ground| ground.campaign.id);
        script.add(grounds.into_iter().flat_map(|ground| ground.stock.closing_steps(tx.conn())));
        script.run(tx).await?;
        tell_low_of(tx, facts, &sheet.reservations, now).await
    }

    /// The key that signs the requests of a campaign's merchant; what else is wrong with the merchant the payer meets.
    /// Errors: there is no such merchant.
    fn apiv2_key(&self, ground: &Ground) -> Result<String, Error> {
        let sealed = ground.apiv2_key.as_deref().ok_or_else(Error::not_found)?;
        Ok(self.vault().open(Purpose::Secret, sealed)?)
    }

    fn note_grant(&self, sheet: &mut Sheet, written: &Written<'_>, now: UnixMs) -> Result<(), Error> {
        let Written { request, ground, stand, grant, apiv2_key } = written;
        let (campaign, amount) = (&ground.campaign, grant.amount);
        let claim = grant.claim;
        let payout = PayoutId(self.draw().id(now));
        let line = ground.budget.line;
        sheet.claims.push(NewClaim {
            id: claim,
            campaign: campaign.id,
            account: grant.granted.account,
            follow: stand.follow.id,
            payee: request.who.openid.clone(),
            grade: grant.granted.grade,
            amount,
            ip: request.who.ip.clone(),
            at: now,
        });
        sheet.keys.extend(grant.keys.iter().map(|key| (key.clone(), claim)));
        sheet.tickets.push((stand.held.code_hash.clone(), claim));
        sheet.reservations.push(Transfer {
            id: self.draw().id(now),
            line,
            event: ledger::Event::Reserve,
            amount,
            payout: Some(payout),
            operator: None,
            at: now,
        });
        let request = self.freeze(apiv2_key, campaign, &request.who, amount, now)?;
        sheet.payouts.push(NewPayout { id: payout, claim, line, amount, request, at: now });
        for counter in grant.granted.uses() {
            *sheet.uses.entry((campaign.id, counter)).or_default() += amount.get();
        }
        let key = Key {
            campaign: campaign.id,
            account: grant.granted.account,
            link: grant.granted.link,
            minute: now.minute(),
        };
        rollups::sum(&mut sheet.figures, key, &Figures { claims: 1, granted_fen: amount, ..Figures::default() }.into());
        Ok(())
    }

    fn note_refusal(&self, sheet: &mut Sheet, request: &Request, ground: &Ground, refused: &Refused, now: UnixMs) {
        let campaign = &ground.campaign;
        // "Used up" and "already claimed" are asked by the thousand: they are counted, not stored one by one.
        if !matches!(refused.reason, Refusal::UsedUp | Refusal::UsedUpForNow | Refusal::AlreadyClaimed) {
            sheet.refusals.push(NewRefusal {
                id: self.draw().id(now),
                campaign: campaign.id,
                account: refused.account,
                payee: request.who.openid.clone(),
                reason: refused.reason,
                ip: request.who.ip.clone(),
                at: now,
            });
        }
        let account = refused.account.unwrap_or(campaign.payer);
        let key = Key { campaign: campaign.id, account, link: refused.link, minute: now.minute() };
        rollups::sum(&mut sheet.figures, key, &Figures { refusals: 1, ..Figures::default() }.into());
    }
}

/// Tells somebody of every campaign whose free money this batch brought below what staff asked to be told of.
async fn tell_low_of(tx: &mut Tx, facts: &Facts, reservations: &[Transfer], now: UnixMs) -> Result<(), Error> {
    for ground in facts.grounds.values() {
        let Ground { campaign, budget, .. } = ground;
        let granted: i64 = reservations.iter().filter(|r| r.line == budget.line).map(|r| r.amount.get()).sum();
        // What is free now was already lessened by every decision of the batch.
        let before = Fen::new(budget.available.get() + granted)?;
        tell_low(tx, campaign, (before, budget.available), now).await?;
    }
    Ok(())
}

/// Tells somebody when the free money of a campaign fell, from the one amount to the other, below what staff asked to
/// be told of.
pub(crate) async fn tell_low(
    tx: &mut Tx,
    campaign: &Campaign,
    (before, after): (Fen, Fen),
    now: UnixMs,
) -> Result<(), Error> {
    if before >= campaign.low && after < campaign.low {
        alerts::raise(tx, alert::Kind::LowBudget, campaign.slug.as_str(), &after.to_string(), now).await?;
    }
    Ok(())
}

impl Sheet {
    /// Adds the steps that write, table by table. The lines are locked and the keys were looked at under that lock: a row that is not taken
    /// as gathered means that something is wrong, and undoes the batch.
    fn write(&self, db: &impl ConnectionTrait, node: i64, script: &mut Script) {
        if !self.claims.is_empty() {
            script.add([
                store::insert(db, &self.claims, false),
                store::take_keys(db, &self.keys),
                tickets::use_up(db, &self.tickets),
            ]);
            script.add(budgets::transfer_steps(db, &self.reservations));
            script.add([payouts::queue(db, &self.payouts), caps::add_step(db, &self.uses)]);
        }
        if !self.refusals.is_empty() {
            script.add([store::refuse(db, &self.refusals)]);
        }
        script.add(rollups::add_step(db, node, &self.figures));
    }
}

/// Counts refusals that were answered without a write.
pub(super) async fn count_refusals(tx: &mut Tx, node: i64, counted: &[Counted], now: UnixMs) -> Result<(), Error> {
    let mut figures = Deltas::default();
    for spent in counted {
        let key = rollups::Key { campaign: spent.campaign, account: spent.payer, link: None, minute: now.minute() };
        rollups::sum(&mut figures, key, &Figures { refusals: spent.refused, ..Figures::default() }.into());
    }
    rollups::add(tx, node, &figures).await
}
