//! Storms: days on which most answers about money leave it open what became of it, while hundreds wait to be paid.
//! Refuses the faults that say yes or no: what a storm counts was open, and had to be asked about.

use super::deeds::PLACES;
use super::terms::MANY;
use super::world::World;
use engine::crash;
use engine::operators::console;
use rules::ledger;
use rules::payout::Rail;
use rules::say::Lang;
use serde_json::json;

/// People who come together.
const CROWD: usize = 16;

impl World {
    /// One day of storm, in which so many crowds come.
    pub async fn lives_through_a_storm(&mut self, crowds: u64) {
        self.day += 1;
        let morning = self.secs();
        self.everybody_can_be_paid().await;
        self.answers_are_lost().await;
        for _ in 0..crowds {
            self.a_crowd_is_caught().await;
        }
        while self.secs() < morning + 24 * 3600 {
            if self.dice.chance(20) {
                self.may_die();
            }
            let by = self.dice.between(600, 2 * 3600);
            self.passes(by).await;
            self.some_open_their_packets().await;
            if self.dice.chance(30) {
                self.transfers_are_cancelled().await;
            }
            self.post_comes().await;
        }
        crash::revive();
        self.passes(60).await;
        self.steps.note(&format!("day {} ends at {}", self.day, self.secs()));
    }

    /// Rails are open, and there is money and a packet for everybody.
    async fn everybody_can_be_paid(&mut self) {
        let campaign = self.campaign().await;
        for rail in Rail::ALL {
            let mch_id = &campaign.mch_id;
            self.insists(|e| async move { e.resume_rail(&console(), mch_id, *rail).await }).await;
        }
        self.change_budget(ledger::Event::Fund, 100_000).await;
        self.prize_changes(MANY).await;
    }

    async fn answers_are_lost(&mut self) {
        self.wechat_is_well().await;
        for place in PLACES {
            let (seed, percent) = (self.dice.below(1 << 30), *self.dice.one_of(&[80, 90, 95]));
            let fault = json!({ "on": place, "kind": "unclear", "seed": seed, "percent": percent });
            let told = self.sim("/_sim/faults", &fault).await;
            assert!(told.is_array(), "{told}");
            self.steps.note(&format!("{percent} % of {place} are unclear"));
        }
    }

    /// A crowd claims on one of the rails and is paid, or not, within the next minutes; often something dies meanwhile.
    async fn a_crowd_is_caught(&mut self) {
        let (id, rail) = (self.campaign().await.id, *self.dice.one_of(Rail::ALL));
        let verb = move |e: engine::Engine| async move { e.set_rail(&console(), id, rail, Lang::En).await };
        self.staff(&format!("the rail is {}", rail.name()), verb).await;
        let people = self.people_with_tickets(CROWD).await;
        if self.dice.chance(50) {
            self.may_die();
        }
        self.steps.note("a crowd claims in the storm");
        self.claim(&people).await;
        let by = self.dice.between(1, 1200);
        self.passes(by).await;
        self.post_comes().await;
    }

    fn may_die(&mut self) {
        let (point, passes) = (*self.dice.one_of(crash::POINTS), self.dice.below(12) as u32);
        self.steps.note(&format!("will die at {point} after {passes}"));
        self.will_die_at(point, passes);
    }

    async fn some_open_their_packets(&mut self) {
        for _ in 0..2 {
            self.people_open_their_packets().await;
        }
    }
}
