//! Machines that burn: an older backup comes back, and the days go on while everything stands still.
//! Refuses a packet that is granted or sent meanwhile.

use super::world::World;
use crate::database;
use engine::operators::console;
use engine::restore::Since;
use engine::strangers::Standstill;
use engine::{Engine, crash};
use rules::bill::DayBill;
use rules::ids::MchId;
use rules::say::Lang;
use rules::time::{BeijingDay, UnixMs};
use std::collections::BTreeMap;

/// How many machines of one seed burn at most.
const MOST: u64 = 3;
/// How many rounds of people open what they have before a fire.
const OPENED: usize = 6;
/// How many try again at once when everything goes on.
const CROWD: usize = 30;
/// How often a standstill is looked at in the end, a day apart.
const LOOKS: usize = 12;

/// What burnt.
#[derive(Debug, Default)]
pub struct Fires {
    /// Whether machines of this seed burn at all.
    pub may: bool,
    /// All backups, the oldest first.
    backups: Vec<String>,
    burnt: u64,
    /// Bills at WeChat that no book of ours knows any more, and since when.
    pub lost: BTreeMap<String, UnixMs>,
    /// How many bills WeChat had when everything came to stand still; nothing when nothing does.
    stands: Option<usize>,
}

impl Fires {
    /// True while nothing may be granted.
    pub const fn stand_still(&self) -> bool {
        self.stands.is_some()
    }
}

impl World {
    /// Backups, fires and what staff do afterwards, now and then.
    pub(super) async fn fire_watch(&mut self) {
        if !self.fires.may {
            return;
        }
        match self.dice.below(24) {
            0 | 1 => self.makes_a_backup().await,
            2 if self.fires.burnt < MOST => self.machine_burns().await,
            3..10 => self.staff_answer_for_the_gap().await,
            _ => {}
        }
    }

    async fn makes_a_backup(&mut self) {
        let file = self.file(&format!("backup-{}", self.fires.backups.len()));
        self.engine().backup(&file).await.unwrap();
        self.steps.note("a backup is made");
        self.fires.backups.push(file);
    }

    async fn machine_burns(&mut self) {
        // Whoever looks for a backup that day does not always find the newest one.
        if self.fires.backups.is_empty() {
            return;
        }
        let backup = self.dice.one_of(&self.fires.backups).clone();
        self.fires.burnt += 1;
        self.counts.fires += 1;
        crash::revive();
        for _ in 0..OPENED {
            self.people_open_their_packets().await;
        }
        self.steps.note("the machine burns, and the backup comes back");
        self.starts_on_another_machine(self.fires.burnt).await;
        self.engine().restore(&backup, Since::Unknown).await.unwrap();
        self.dies().await;
        self.forgets_what_burnt().await;
    }

    /// What people were promised without a claim that is left is lost; so are bills whose payout is not there any more.
    async fn forgets_what_burnt(&mut self) {
        let bills = self.bill_numbers().await;
        let ours = self.payout_numbers().await;
        let now = self.clock.now();
        self.fires.lost.retain(|bill, _| !ours.contains(bill));
        for bill in bills.iter().filter(|bill| !ours.contains(*bill)) {
            self.fires.lost.entry(bill.clone()).or_insert(now);
        }
        self.fires.stands = Some(bills.len());
        let mut claims = self.claims_by_payee().await;
        for person in &mut self.people {
            let mut theirs = claims.remove(person.payee.as_str()).unwrap_or_default();
            person.promised.retain(|promised| {
                let at = theirs.iter().position(|amount| amount == promised);
                at.map(|at| theirs.swap_remove(at)).is_some()
            });
        }
        let id = self.campaign().await.id;
        self.caps_are_looked_up(id).await;
        let lost = self.fires.lost.len();
        self.steps.note(&format!("{lost} bills are not in our books"));
    }

    /// Staff import some of the bills that are wanted, and look whether the standstill is over.
    async fn staff_answer_for_the_gap(&mut self) {
        if !self.fires.stand_still() {
            return;
        }
        let missing = self.engine().missing_after_restore().await.unwrap();
        let today = self.clock.now().day();
        let wanted = missing.map(|missing| missing.wanted).unwrap_or_default();
        let over = wanted.into_iter().flat_map(|(mch_id, days)| days.into_iter().map(move |day| (mch_id.clone(), day)));
        for (mch_id, day) in over.filter(|(_, day)| *day < today).collect::<Vec<_>>() {
            if self.dice.chance(70) {
                self.bill_is_imported(&mch_id, day).await;
            }
        }
        if self.dice.chance(20) {
            self.steps.note("dies before the gap is settled");
            crash::revive();
            self.dies().await;
        }
        let look = |engine: Engine| async move { engine.settle_after_restore(&console()).await };
        match self.staff("the gap is looked at", look).await {
            Some(Standstill::Ended(_) | Standstill::None(_)) => self.everything_goes_on().await,
            Some(Standstill::GoesOn { .. }) | None => {}
        }
    }

    pub(super) async fn bill_is_imported(&mut self, mch_id: &MchId, day: BeijingDay) {
        let file = self.sim_text(&format!("/_sim/bill?date={day}")).await;
        let bill = server::fund_flow::read(file.as_bytes()).unwrap_or_else(|_| DayBill::of_nothing(day));
        let mch_id = mch_id.clone();
        let import = |e: Engine| async move { e.import_bill(&console(), Some(mch_id), &bill, Lang::En).await };
        self.staff(&format!("the bill of {day} is imported"), import).await;
    }

    async fn everything_goes_on(&mut self) {
        let stood = self.fires.stands.take();
        let claims = self.lost_claims().await;
        self.steps.note(&format!("everything goes on, {claims} claims were lost"));
        assert_eq!(Some(self.bill_numbers().await.len()), stood, "packets were sent while everything stood still");
        self.counts.lost_claims += claims;
        self.ended_ones_are_sent_anew().await;
        let again: Vec<usize> = (0..self.people.len()).filter(|_| self.dice.chance(30)).take(CROWD).collect();
        for who in &again {
            self.opens_tickets(*who).await;
        }
        self.claim(&again).await;
    }

    /// Whatever stands still in the end is answered for.
    pub(super) async fn nothing_stands_still(&mut self) {
        for _ in 0..LOOKS {
            if !self.fires.stand_still() {
                return;
            }
            self.passes(24 * 3600).await;
            self.staff_answer_for_the_gap().await;
        }
        let missing = self.engine().missing_after_restore().await.unwrap();
        panic!("after {LOOKS} days everything still stands: {missing:?}");
    }

    /// A new database for the next machine, where the master key is.
    async fn starts_on_another_machine(&mut self, number: u64) {
        let url = match database::Kind::of_this_run() {
            database::Kind::Sqlite => format!("sqlite://{}", self.file(&format!("machine-{number}.db"))),
            database::Kind::Postgres => crate::postgres::create().await,
        };
        let burnt = std::mem::replace(&mut self.config.database_url, url);
        self.dies().await;
        database::remove(&burnt).await;
    }
}
