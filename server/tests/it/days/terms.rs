//! The terms of a seed's campaign: how often one person may claim, what a packet holds, by which rail it is paid, and what
//! a follow of the service account brings. They are chosen before it starts; some of them staff change later.
//! Refuses terms that staff could not set.

use super::world::World;
use crate::world::FUWU;
use engine::Engine;
use engine::operators::console;
use rules::Fen;
use rules::account::{CheckedAccount, OnFollow};
use rules::campaign::{CheckedCampaign, Scope};
use rules::cap::Kind as Cap;
use rules::ids::Appid;
use rules::payout::Rail;
use rules::prize::{PrizeRule, Split, Tier};
use rules::say::Lang;

/// From how many packets to how many a total of ordinary days is split into: they run out within a day or two.
pub(super) const FEW: (i64, i64) = (15, 70);
/// The same in storms: enough for all crowds of a day.
pub(super) const MANY: (i64, i64) = (300, 900);

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

impl World {
    /// The demo, still a draft, gets its terms and starts.
    pub(super) async fn starts_on_its_terms(&mut self) {
        let draft = self.campaign().await;
        self.scope = if self.dice.chance(30) { Scope::Account } else { Scope::Campaign };
        let asserted_cap = if self.dice.chance(50) { fen(self.dice.between(0, 1_500)) } else { draft.asserted_cap };
        self.caps.insert((Cap::Asserted, 0), asserted_cap.get());
        let prize = self.a_rule(FEW);
        let scope = self.scope.name();
        self.steps.note(&format!("one packet per {scope}, {asserted_cap} yuan on asserted evidence; {prize:?}"));
        let terms = CheckedCampaign {
            slug: draft.slug,
            name: draft.name,
            payer: draft.payer,
            texts: draft.texts,
            opens_at: draft.opens_at,
            closes_at: draft.closes_at,
            prize,
            scene_id: draft.scene_id,
            scope: self.scope,
            asserted_cap,
        };
        let rail = *self.dice.one_of(Rail::ALL);
        self.steps.note(&format!("paid by {}", rail.name()));
        let engine = self.engine();
        engine.edit_campaign(&console(), draft.id, terms, Lang::En).await.unwrap();
        engine.set_rail(&console(), draft.id, rail, Lang::En).await.unwrap();
        engine.start_unrehearsed(&console(), draft.id, Lang::En).await.unwrap();
        if self.dice.chance(50) {
            self.follow_brings(OnFollow::Pay).await;
        }
        self.fires.may = self.dice.chance(40);
    }

    /// A rule of any kind; a total is split into so many packets.
    fn a_rule(&self, packets: (i64, i64)) -> PrizeRule {
        match self.dice.below(5) {
            0 => PrizeRule::Fixed(fen(self.dice.between(100, 300))),
            1 => PrizeRule::Range(fen(100), fen(self.dice.between(150, 400))),
            2 => {
                let tiers = [(100, 6), (188, 3), (388, 1)];
                PrizeRule::Tiers(tiers.map(|(amount, weight)| Tier { amount: fen(amount), weight }).to_vec())
            }
            3 => PrizeRule::Bounded(self.a_total(packets)),
            _ => PrizeRule::Pool(self.a_total(packets)),
        }
    }

    fn a_total(&self, (low, high): (i64, i64)) -> Split {
        let packets = self.dice.between(low, high);
        let total = fen(packets * self.dice.between(120, 300));
        Split { total, packets: u32::try_from(packets).unwrap(), min: fen(100), max: fen(400) }
    }

    /// Staff set a rule of any kind. Where packets of a total are out already no other total can take its place: then
    /// everybody gets something between the usual ends.
    pub(super) async fn prize_changes(&mut self, packets: (i64, i64)) {
        let rule = self.a_rule(packets);
        if !self.prize_is(rule).await {
            self.prize_is(PrizeRule::Range(fen(100), fen(300))).await;
        }
    }

    async fn prize_is(&mut self, rule: PrizeRule) -> bool {
        let id = self.campaign().await.id;
        let what = format!("the prize is {rule:?}");
        let verb = move |e: Engine| async move { e.set_prize(&console(), id, rule, Lang::En).await };
        self.staff(&what, verb).await.is_some()
    }

    /// Staff choose anew what a follow of the service account brings.
    pub(super) async fn on_follow_changes(&mut self) {
        let on_follow = *self.dice.one_of(OnFollow::ALL);
        self.follow_brings(on_follow).await;
    }

    async fn follow_brings(&mut self, on_follow: OnFollow) {
        let fuwu = self.engine().credentials(&Appid::try_from(FUWU).unwrap()).await.unwrap().account;
        let id = fuwu.id;
        let form = CheckedAccount {
            name: fuwu.name,
            appid: fuwu.appid,
            original_id: fuwu.original_id,
            kind: fuwu.kind,
            mode: fuwu.mode,
            message_mode: fuwu.message_mode,
            on_follow,
            icon: fuwu.icon,
            qr: fuwu.qr,
            follow_url: fuwu.follow_url,
            // Secrets that are not typed stay.
            appsecret: None,
            token: None,
            encoding_aes_key: None,
        };
        let verb = move |e: Engine| async move { e.edit_account(&console(), id, form, Lang::En).await };
        self.staff(&format!("to follow the service account is to {}", on_follow.name()), verb).await;
    }
}
