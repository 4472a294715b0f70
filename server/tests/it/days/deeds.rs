//! What happens in a day: people follow, claim, open and leave; staff turn every switch; WeChat and the machine fail.
//! Refuses nothing that a bad day may bring, and takes no answer for granted but one that promised money.

use super::staff::may_be_sent;
use super::terms::FEW;
use super::world::{Person, World, is_broken};
use crate::world::{BOOKS, COFFEE, FUWU, NOODLE};
use engine::claims::{Claimant, Claimed};
use engine::operators::console;
use engine::{Engine, Error, crash};
use futures::future::join_all;
use rules::Fen;
use rules::campaign::Scope;
use rules::eligibility::Refusal;
use rules::ids::{Appid, CampaignId, EditKey, Openid, Slug, TicketCode, Unionid};
use rules::ledger;
use rules::payout::Rail;
use rules::say::Lang;
use rules::time::hours;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The accounts of the demo.
const ACCOUNTS: usize = 4;
/// Things to do in a day.
const DEEDS: usize = 26;
/// Where calls are spoilt: those that pay, questions about them, and those that take money back.
pub(super) const PLACES: [&str; 5] = ["sendredpack", "gethbinfo", "transfer", "transfer_query", "transfer_cancel"];
/// Refusals of every kind of reaction, by rail.
const CODES: [(&str, &[&str]); 2] = [
    (
        "sendredpack",
        &["SEND_FAILED", "FREQ_LIMIT", "SENDNUM_LIMIT", "CA_ERROR", "SIGN_ERROR", "OPENID_ERROR", "NEW_CODE"],
    ),
    ("transfer", &["FREQUENCY_LIMIT_EXCEED", "SYSTEM_ERROR", "SIGN_ERROR", "NEW_CODE"]),
];

impl World {
    /// One day, as the dice fall.
    pub async fn lives_a_day(&mut self) {
        self.day += 1;
        let morning = self.secs();
        self.faults_of_the_day().await;
        for _ in 0..DEEDS {
            if self.dice.chance(30) {
                let (point, passes) = (*self.dice.one_of(crash::POINTS), self.dice.below(3) as u32);
                self.steps.note(&format!("will die at {point} after {passes}"));
                self.will_die_at(point, passes);
            }
            self.answers_of_the_database();
            self.does_something().await;
            self.time_passes().await;
            crash::lose_answers(0);
            self.fire_watch().await;
        }
        crash::revive();
        let left = morning + 24 * 3600 - self.secs();
        self.passes(left.max(60)).await;
        self.steps.note(&format!("day {} ends at {}", self.day, self.secs()));
    }

    /// Today's faults: how much of what is spoilt, from nothing to most of it.
    async fn faults_of_the_day(&mut self) {
        self.wechat_is_well().await;
        for place in PLACES {
            let (seed, percent) = (self.dice.below(1 << 30), *self.dice.one_of(&[0, 30, 60, 90]));
            if percent > 0 {
                self.sim("/_sim/faults", &json!({ "on": place, "seed": seed, "percent": percent })).await;
            }
            self.steps.note(&format!("{percent} % of {place} fail"));
        }
    }

    /// For a while the database may keep what it is told without saying so.
    fn answers_of_the_database(&mut self) {
        if self.dice.chance(20) {
            let one_in = self.dice.between(2, 20);
            self.steps.note(&format!("the answer to one commit in {one_in} is lost"));
            crash::lose_answers(one_in as u32);
        }
    }

    /// Seconds, minutes or hours; now and then nobody works meanwhile, or the process dies in peace.
    async fn time_passes(&mut self) {
        let by = match self.dice.below(10) {
            0..4 => self.dice.between(1, 20),
            4..8 => self.dice.between(60, 1800),
            _ => self.dice.between(1800, 2 * 3600),
        };
        match self.dice.below(20) {
            0 => {
                self.steps.note(&format!("the clock jumps by {by} s"));
                self.turns(by).await;
            }
            1 => {
                self.steps.note("dies between two rounds");
                crash::revive();
                self.dies().await;
            }
            _ => {}
        }
        self.passes(by).await;
        self.post_comes().await;
    }

    async fn does_something(&mut self) {
        match self.dice.below(100) {
            0..24 => self.somebody_comes().await,
            24..30 => self.a_crowd_comes().await,
            30..38 => self.somebody_tries_again().await,
            38..42 => self.a_link_is_passed_on().await,
            42..47 => self.somebody_writes().await,
            47..52 => self.somebody_leaves().await,
            52..58 => self.somebody_opens_the_edit_link().await,
            58..66 => self.people_open_their_packets().await,
            66..69 => self.transfers_are_cancelled().await,
            69..73 => self.rail_changes().await,
            73..78 => self.cap_changes().await,
            78..81 => self.prize_changes(FEW).await,
            81..83 => self.on_follow_changes().await,
            83..86 => self.budget_changes().await,
            86..90 => self.ended_ones_are_sent_anew().await,
            90..93 => self.payout_is_held_or_hurried().await,
            93..95 => self.campaign_pauses().await,
            95..98 => self.last_packet_is_raced_for().await,
            _ => self.wechat_refuses_with_a_code().await,
        }
    }

    /// A new phone.
    async fn somebody(&mut self) -> usize {
        let made = self.sim("/_sim/phones", &json!({ "name": "Ming" })).await;
        let phone = made["id"].as_str().unwrap().to_owned();
        let seen = self.sim_get(&format!("/_sim/phones/{phone}")).await;
        let openids: BTreeMap<String, String> = serde_json::from_value(seen["openids"].clone()).unwrap();
        let payee = Openid::try_from(openids[FUWU].as_str()).unwrap();
        let unionid = self.unionid_of(Unionid::try_from(seen["unionid"].as_str().unwrap()).unwrap());
        self.people.push(Person {
            phone,
            ip: made["ip"].as_str().unwrap().to_owned(),
            openids,
            payee,
            unionid,
            follows: BTreeSet::new(),
            tickets: Vec::new(),
            promised: Vec::new(),
        });
        self.people.len() - 1
    }

    /// What web OAuth tells of somebody's unionid: often nothing, and now and then that of somebody who came before. One
    /// service account never meets that, but whoever is known to be the same is paid as one.
    fn unionid_of(&self, own: Unionid) -> Option<Unionid> {
        match self.dice.below(20) {
            0..6 => None,
            6 => self.anybody().and_then(|other| self.people[other].unionid.clone()).or(Some(own)),
            _ => Some(own),
        }
    }

    fn anybody(&self) -> Option<usize> {
        (!self.people.is_empty()).then(|| self.dice.below(self.people.len()))
    }

    /// Somebody new follows; most open the link, most of these press the button, some twice at once.
    async fn somebody_comes(&mut self) {
        let appid = *self.dice.one_of(&[COFFEE, BOOKS, FUWU]);
        let who = self.somebody().await;
        self.steps.note(&format!("somebody follows {appid}"));
        self.follows(who, appid).await;
        if self.dice.chance(85) {
            self.opens_tickets(who).await;
            if self.dice.chance(90) {
                let taps = 1 + self.dice.below(3);
                self.claim(&vec![who; taps]).await;
            }
        }
    }

    /// Twelve people press at once: their payouts are under way together.
    async fn a_crowd_comes(&mut self) {
        let people = self.people_with_tickets(12).await;
        self.steps.note("a crowd claims");
        self.claim(&people).await;
    }

    /// New people who followed and opened their link.
    pub(super) async fn people_with_tickets(&mut self, n: usize) -> Vec<usize> {
        let mut people = Vec::new();
        for _ in 0..n {
            let who = self.somebody().await;
            self.follows(who, COFFEE).await;
            self.opens_tickets(who).await;
            people.push(who);
        }
        people
    }

    async fn somebody_tries_again(&mut self) {
        let Some(who) = self.anybody() else { return };
        self.steps.note("somebody tries again");
        if self.dice.chance(50) {
            self.opens_tickets(who).await;
        }
        if self.dice.chance(20) {
            // A link that was passed on.
            let other = self.anybody().unwrap_or(who);
            let codes = self.people[other].tickets.clone();
            self.people[who].tickets.extend(codes);
            self.opens_tickets(who).await;
        }
        self.claim(&[who]).await;
    }

    /// Somebody passes their link on and asks for another one. Both press the button, at once or one after the other: what
    /// they have is one follow.
    async fn a_link_is_passed_on(&mut self) {
        let appid = *self.dice.one_of(&[COFFEE, BOOKS]);
        let (giver, taker) = (self.somebody().await, self.somebody().await);
        self.steps.note(&format!("somebody follows {appid} and passes the link on"));
        self.follows(giver, appid).await;
        let codes = std::mem::take(&mut self.people[giver].tickets);
        self.people[taker].tickets.extend(codes);
        self.asks_for_a_packet(giver, appid).await;
        self.opens_tickets(taker).await;
        self.opens_tickets(giver).await;
        let (first, second) = *self.dice.one_of(&[(giver, taker), (taker, giver)]);
        if self.dice.chance(50) {
            self.claim(&[first, second]).await;
            return;
        }
        self.claim(&[first]).await;
        let by = self.dice.between(1, 600);
        self.passes(by).await;
        self.claim(&[second]).await;
    }

    async fn somebody_writes(&mut self) {
        let Some(who) = self.anybody() else { return };
        let appid = *self.dice.one_of(&[COFFEE, BOOKS, FUWU]);
        self.steps.note(&format!("somebody writes to {appid}"));
        self.asks_for_a_packet(who, appid).await;
    }

    async fn somebody_leaves(&mut self) {
        let Some(who) = self.anybody() else { return };
        let Some(appid) = self.people[who].follows.first().cloned() else { return };
        self.steps.note(&format!("somebody leaves {appid}"));
        self.leaves(who, &appid).await;
        if self.dice.chance(50) {
            let back = self.dice.between(1, 600);
            self.passes(back).await;
            self.steps.note("and comes back");
            self.follows(who, &appid).await;
        }
    }

    pub(super) async fn opens_tickets(&mut self, who: usize) {
        let campaign = self.campaign().await;
        for code in self.people[who].tickets.clone() {
            let (campaign, payee) = (campaign.clone(), self.people[who].payee.clone());
            let code = TicketCode::try_from(code).unwrap();
            let opened =
                self.does(move |engine: Engine| async move { engine.open_ticket(&campaign, &code, &payee).await });
            if let Some(opened) = opened.await {
                self.heard("a ticket", opened);
            }
        }
    }

    /// What opening something brought; no answer when the database went away.
    fn heard(&mut self, what: &str, opened: Result<Result<(), Refusal>, Error>) {
        match opened {
            Ok(opened) => self.steps.note(&format!("{what}: {opened:?}")),
            Err(error) => {
                assert!(error.is_busy(), "{what}: {error}");
                self.steps.note(&format!("{what}: no answer"));
            }
        }
    }

    async fn somebody_opens_the_edit_link(&mut self) {
        let who = if self.dice.chance(70) { self.somebody().await } else { self.anybody().unwrap_or_default() };
        if who >= self.people.len() {
            return;
        }
        let campaign = self.campaign().await;
        let key = self.edit_key(campaign.id).await;
        let payee = self.people[who].payee.clone();
        let opened =
            self.does(move |engine: Engine| async move { engine.open_edit_key(&campaign, &key, &payee).await });
        if let Some(opened) = opened.await {
            self.heard("an edit-mode link", opened);
            self.claim(&[who]).await;
        }
    }

    async fn edit_key(&self, campaign: CampaignId) -> EditKey {
        let members = self.engine().members(campaign).await.unwrap();
        let noodle = members.into_iter().find(|member| member.account.appid.as_str() == NOODLE);
        noodle.and_then(|member| member.edit_key).expect("the demo's edit-mode account has its key")
    }

    fn claimant(&self, who: usize) -> Claimant {
        let person = &self.people[who];
        let (appid, openid) = (Appid::try_from(FUWU).unwrap(), person.payee.clone());
        Claimant { appid, openid, unionid: person.unionid.clone(), ip: person.ip.clone() }
    }

    /// These people press the button at once; whoever is promised a packet is remembered.
    pub(super) async fn claim(&mut self, people: &[usize]) {
        let before = self.counters().await;
        let slug = Slug::try_from("demo").unwrap();
        let taps: Vec<_> = people.iter().map(|who| (*who, self.claimant(*who))).collect();
        let taps = taps.into_iter().map(|(who, claimant)| {
            let (engine, slug) = (self.engine(), slug.clone());
            let tap = tokio::spawn(async move { engine.claim(&slug, &claimant).await });
            async move { (who, tap.await) }
        });
        let answers = join_all(taps.collect::<Vec<_>>()).await;
        let died = self.revives().await;
        for (who, answer) in answers {
            match answer {
                Ok(answer) => self.told(who, answer, died),
                Err(error) => assert!(died, "a claim broke: {error}"),
            }
        }
        self.proves_caps(&before).await;
    }

    fn told(&mut self, who: usize, answer: Result<Claimed, Error>, died: bool) {
        match answer {
            Ok(Claimed::Granted(amount)) => self.learns_of_a_packet(who, amount, "a claim"),
            Ok(Claimed::Refused(why)) => self.steps.note(&format!("a claim: {why:?}")),
            Err(error) => {
                assert!(!is_broken(&error) && (died || error.is_busy()), "a claim: {error}");
                self.steps.note("a claim: no answer");
            }
        }
    }

    /// Somebody is told of a packet of theirs, and of no more of them than they may have.
    pub(super) fn learns_of_a_packet(&mut self, who: usize, amount: Fen, by: &str) {
        let most = match self.scope {
            Scope::Campaign => 1,
            Scope::Account => ACCOUNTS,
        };
        assert!(!self.fires.stand_still(), "a packet is granted while everything stands still");
        let promised = &mut self.people[who].promised;
        promised.push(amount.get());
        assert!(promised.len() <= most, "somebody is promised a packet too many: {promised:?}");
        self.counts.granted += 1;
        self.steps.note(&format!("{by}: {} fen", amount.get()));
    }

    /// Some of those who have something in their wallet open or confirm it; some transfers fail at the last moment.
    pub(super) async fn people_open_their_packets(&mut self) {
        for _ in 0..3 {
            let Some(who) = self.anybody() else { return };
            let phone = self.people[who].phone.clone();
            let seen = self.sim_get(&format!("/_sim/phones/{phone}")).await;
            let wallet: Vec<Value> = seen["wallet"].as_array().unwrap().clone();
            for bill in wallet {
                let (number, state) = (bill["bill_no"].clone(), bill["state"].as_str().unwrap().to_owned());
                let body = match state.as_str() {
                    "waiting_confirm" if self.dice.chance(15) => {
                        json!({ "bill_no": number, "fail_reason": "ACCOUNT_FROZEN" })
                    }
                    "waiting_confirm" | "sent" => json!({ "bill_no": number }),
                    _ => continue,
                };
                let verb = if state == "sent" { "collect" } else { "confirm" };
                let end = self.sim(&format!("/_sim/phones/{phone}/{verb}"), &body).await;
                self.steps.note(&format!("{verb} {number}: {}", end["state"]));
            }
        }
    }

    /// One packet is left. One to three people press at once while staff take the money out; afterwards there is money
    /// again. Where one presses alone, nobody can make up for a decision about money that is gone: a batch of more is
    /// done again in halves, on what is left then.
    async fn last_packet_is_raced_for(&mut self) {
        let many = self.dice.below(3) + 1;
        let people = self.people_with_tickets(many).await;
        let campaign = self.campaign().await;
        let (id, least) = (campaign.id, campaign.prize.min().get());
        let left = self.engine().budget(id).await.unwrap().available.get();
        let last = self.dice.between(least, least + 150);
        let event = if left > last { ledger::Event::Withdraw } else { ledger::Event::Fund };
        if left != last {
            self.change_budget(event, (left - last).abs()).await;
        }
        let engine = self.engine();
        let takes_out = tokio::spawn(async move {
            let (budget, seen) = engine.budget_seen(id).await?;
            engine.change_budget(&console(), id, ledger::Event::Withdraw, budget.available, seen, Lang::En).await
        });
        self.claim(&people).await;
        if let Ok(Err(error)) = takes_out.await {
            assert!(!is_broken(&error), "a withdrawal: {error}");
        }
        self.revives().await;
        self.change_budget(ledger::Event::Fund, 100_000).await;
    }

    async fn wechat_refuses_with_a_code(&mut self) {
        let (place, codes) = *self.dice.one_of(&CODES);
        let code = *self.dice.one_of(codes);
        self.steps.note(&format!("{place} answers {code}"));
        self.sim("/_sim/faults", &json!({ "on": place, "kind": "err_code", "code": code })).await;
    }

    /// WeChat is well again, staff let everything go, and all that is under way comes to its end.
    pub async fn comes_to_rest(&mut self) {
        self.wechat_is_well().await;
        self.nothing_stands_still().await;
        let mch_id = self.campaign().await.mch_id;
        for rail in Rail::ALL {
            let mch_id = &mch_id;
            self.insists(|e| async move { e.resume_rail(&console(), mch_id, *rail).await }).await;
        }
        for payout in self.engine().ageing().await.unwrap().into_iter().filter(|p| p.held && may_be_sent(p)) {
            self.insists(|e| async move { e.retry_now(&console(), payout.payout, Lang::En).await }).await;
        }
        self.those_paid_otherwise_are_given_up().await;
        let latest = self.clock.now().plus(hours(24 * 8));
        while self.open_payouts().await > 0 && self.clock.now() < latest {
            self.passes(6 * 3600).await;
        }
        self.proves_the_end(latest).await;
    }
}
