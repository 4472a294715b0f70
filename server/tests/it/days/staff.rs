//! What staff do in a day: rails, caps, budgets and pauses, payouts held, hurried, sent anew and cancelled.
//! Refuses nothing that the engine refuses: only what broke is a fault.

use super::world::{MORNING, World};
use crate::world::{BOOKS, COFFEE, FUWU};
use engine::Engine;
use engine::operators::console;
use rules::Fen;
use rules::ageing::Ageing;
use rules::campaign::Event;
use rules::cap::Kind as Cap;
use rules::ids::{Appid, CampaignId};
use rules::ledger;
use rules::payout::{PAID_SINCE_BACKUP, Rail, State};
use rules::say::Lang;
use rules::time::BeijingDay;

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

/// Staff send nothing to somebody whom WeChat's bill says was paid under another number.
pub(super) fn may_be_sent(payout: &Ageing) -> bool {
    payout.err_code != PAID_SINCE_BACKUP
}

impl World {
    pub(super) async fn rail_changes(&mut self) {
        let campaign = self.campaign().await;
        let (id, merchant, rail) = (campaign.id, campaign.mch_id, *self.dice.one_of(Rail::ALL));
        match self.dice.below(4) {
            0 => {
                let verb = move |e: Engine| async move { e.stop_rail(&console(), &merchant, rail).await };
                self.staff("a rail is stopped", verb).await;
            }
            1 => {
                let verb = move |e: Engine| async move { e.resume_rail(&console(), &merchant, rail).await };
                self.staff("a rail is resumed", verb).await;
            }
            _ => {
                let verb = move |e: Engine| async move { e.set_rail(&console(), id, rail, Lang::En).await };
                self.staff(&format!("the rail is {}", rail.name()), verb).await;
            }
        }
    }

    /// Staff pace the money, put a cap on something, or let it all flow again.
    pub(super) async fn cap_changes(&mut self) {
        let id = self.campaign().await.id;
        match self.dice.below(10) {
            0 | 1 => {
                let paced = self.dice.chance(30);
                self.pacing_is(id, paced).await;
            }
            2..6 => {
                self.pacing_is(id, false).await;
                let set: Vec<_> = self.caps.keys().copied().filter(|(kind, _)| *kind != Cap::Asserted).collect();
                for on in set {
                    self.cap_is(id, on, None).await;
                }
            }
            _ => {
                let on = self.something_to_cap(id).await;
                let limit = fen(self.dice.between(0, 3_000));
                self.cap_is(id, on, Some(limit)).await;
            }
        }
    }

    async fn pacing_is(&mut self, id: CampaignId, paced: bool) {
        let verb = move |e: Engine| async move { e.set_pacing(&console(), id, paced).await };
        self.staff(&format!("pacing is {paced}"), verb).await;
    }

    /// What a cap may be on: its kind, and which account or link.
    async fn something_to_cap(&self, id: CampaignId) -> (Cap, i64) {
        match self.dice.below(4) {
            0 => (Cap::Hour, 0),
            1 => (Cap::Day, 0),
            2 => {
                let appid = Appid::try_from(*self.dice.one_of(&[COFFEE, BOOKS, FUWU])).unwrap();
                (Cap::Account, self.engine().credentials(&appid).await.unwrap().account.id.0)
            }
            _ => {
                let links = self.engine().links(id).await.unwrap();
                (Cap::Link, self.dice.one_of(&links).id.0)
            }
        }
    }

    /// Staff set or take away a cap on something; what they were told is remembered.
    async fn cap_is(&mut self, id: CampaignId, on: (Cap, i64), limit: Option<Fen>) {
        let (kind, object) = on;
        let verb = move |e: Engine| async move { e.set_cap(&console(), id, kind, object, limit).await };
        let done = self.staff(&format!("the cap on {} is {limit:?}", kind.name()), verb).await;
        match (done, limit) {
            (Some(()), Some(limit)) => {
                self.caps.insert(on, limit.get());
            }
            (Some(()), None) => {
                self.caps.remove(&on);
            }
            (None, _) => self.caps_are_looked_up(id).await,
        }
    }

    /// Nobody was told whether a cap was set.
    pub(super) async fn caps_are_looked_up(&mut self, id: CampaignId) {
        let set = self.engine().caps(id).await.unwrap();
        // The one on asserted evidence is the campaign's own.
        self.caps.retain(|(kind, _), _| *kind == Cap::Asserted);
        self.caps.extend(set.iter().map(|found| ((found.cap.kind, found.cap.object), found.cap.limit.get())));
    }

    pub(super) async fn budget_changes(&mut self) {
        let amount = self.dice.between(1, 20_000);
        let event = *self.dice.one_of(&[ledger::Event::Fund, ledger::Event::Withdraw]);
        self.change_budget(event, amount).await;
    }

    pub(super) async fn change_budget(&mut self, event: ledger::Event, amount: i64) {
        let id = self.campaign().await.id;
        let verb = move |e: Engine| async move {
            let (_, seen) = e.budget_seen(id).await?;
            e.change_budget(&console(), id, event, fen(amount), seen, Lang::En).await
        };
        self.staff(&format!("{} {amount} fen", event.name()), verb).await;
    }

    pub(super) async fn ended_ones_are_sent_anew(&mut self) {
        for payout in self.payouts_that_ended_without_money().await {
            if self.dice.chance(70) {
                let verb = move |e: Engine| async move { e.reissue(&console(), payout, Lang::En).await.map(|_| ()) };
                self.staff("sent anew", verb).await;
            }
        }
    }

    pub(super) async fn payout_is_held_or_hurried(&mut self) {
        for payout in self.engine().ageing().await.unwrap().into_iter().filter(may_be_sent) {
            let (id, name) = (payout.payout, payout.state.name());
            match self.dice.below(6) {
                0 => {
                    let verb = move |e: Engine| async move { e.hold_payout(&console(), id, Lang::En).await };
                    self.staff(&format!("one that is {name} is held"), verb).await;
                }
                1 | 2 => {
                    let verb = move |e: Engine| async move { e.retry_now(&console(), id, Lang::En).await };
                    self.staff(&format!("one that is {name} is hurried"), verb).await;
                }
                _ => {}
            }
        }
    }

    /// What waits because its person was paid since a backup is not sent any more, once all bills say that it was not.
    pub(super) async fn those_paid_otherwise_are_given_up(&mut self) {
        let waiting: Vec<_> = self.engine().ageing().await.unwrap();
        let waiting: Vec<_> = waiting.into_iter().filter(|payout| payout.held && !may_be_sent(payout)).collect();
        if waiting.is_empty() {
            return;
        }
        let mch_id = self.campaign().await.mch_id;
        for day in MORNING.day().0..self.clock.now().day().0 {
            self.bill_is_imported(&mch_id, BeijingDay(day)).await;
        }
        for payout in waiting {
            let verb = move |e: Engine| async move { e.give_up(&console(), payout.payout, Lang::En).await };
            self.staff("given up", verb).await;
        }
    }

    /// Transfers that nobody confirmed yet are taken back, some of them twice.
    pub(super) async fn transfers_are_cancelled(&mut self) {
        for payout in self.engine().ageing().await.unwrap() {
            if payout.state == State::WaitingConfirm {
                for _ in 0..self.dice.below(3) {
                    let id = payout.payout;
                    let verb = move |e: Engine| async move { e.cancel_transfer(&console(), id, Lang::En).await };
                    self.staff("a transfer is cancelled", verb).await;
                }
            }
        }
    }

    pub(super) async fn campaign_pauses(&mut self) {
        let id = self.campaign().await.id;
        for (event, what) in [(Event::Pause, "the campaign pauses"), (Event::Start, "and goes on")] {
            let verb = move |e: Engine| async move { e.move_campaign(&console(), id, event, Lang::En).await };
            self.staff(what, verb).await;
            let by = self.dice.between(1, 900);
            self.passes(by).await;
        }
    }
}
