//! What happens in a day: people follow, claim, open and leave; staff turn every switch; WeChat and the machine fail.
//! Refuses nothing that a bad day may bring, and takes no answer for granted but one that promised money.

use super::world::{Person, World, is_broken};
use crate::world::{BOOKS, COFFEE, FUWU, NOODLE};
use engine::claims::{Claimant, Claimed};
use engine::inbox::{Answer, Push};
use engine::operators::console;
use engine::{Engine, Error, crash};
use futures::future::join_all;
use rules::Fen;
use rules::campaign::Event;
use rules::cap::Kind as Cap;
use rules::ids::{Appid, CampaignId, EditKey, Openid, Slug, TicketCode, Unionid};
use rules::ledger;
use rules::payout::Rail;
use rules::say::Lang;
use rules::time::hours;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wechat::message::{Content, Message};

/// Things to do in a day.
const DEEDS: usize = 26;
/// Where calls are spoilt: those that pay, and questions about them.
pub(super) const PLACES: [&str; 4] = ["sendredpack", "gethbinfo", "transfer", "transfer_query"];
/// Refusals of every kind of reaction, by rail.
const CODES: [(&str, &[&str]); 2] = [
    (
        "sendredpack",
        &["SEND_FAILED", "FREQ_LIMIT", "SENDNUM_LIMIT", "CA_ERROR", "SIGN_ERROR", "OPENID_ERROR", "NEW_CODE"],
    ),
    ("transfer", &["FREQUENCY_LIMIT_EXCEED", "SYSTEM_ERROR", "SIGN_ERROR", "NEW_CODE"]),
];

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

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
            self.does_something().await;
            self.time_passes().await;
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
            30..40 => self.somebody_tries_again().await,
            40..46 => self.somebody_writes().await,
            46..52 => self.somebody_leaves().await,
            52..58 => self.somebody_opens_the_edit_link().await,
            58..72 => self.people_open_their_packets().await,
            72..77 => self.rail_changes().await,
            77..81 => self.cap_changes().await,
            81..85 => self.budget_changes().await,
            85..89 => self.ended_ones_are_sent_anew().await,
            89..92 => self.payout_is_held_or_hurried().await,
            92..95 => self.campaign_pauses().await,
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
        let unionid = seen["unionid"].as_str().map(|id| Unionid::try_from(id).unwrap());
        self.people.push(Person {
            phone,
            ip: made["ip"].as_str().unwrap().to_owned(),
            openids,
            payee,
            unionid: unionid.filter(|_| self.dice.chance(70)),
            follows: BTreeSet::new(),
            tickets: Vec::new(),
            promised_fen: None,
        });
        self.people.len() - 1
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

    async fn somebody_writes(&mut self) {
        let Some(who) = self.anybody() else { return };
        let appid = *self.dice.one_of(&[COFFEE, BOOKS, FUWU]);
        let content = Content::Text { content: "红包".to_owned(), msg_id: Some(self.dice.below(1 << 40) as u64) };
        self.steps.note(&format!("somebody writes to {appid}"));
        self.pushed(who, appid, content).await;
    }

    async fn somebody_leaves(&mut self) {
        let Some(who) = self.anybody() else { return };
        let Some(appid) = self.people[who].follows.pop_first() else { return };
        self.steps.note(&format!("somebody leaves {appid}"));
        self.pushed(who, &appid, Content::Unsubscribe).await;
        if self.dice.chance(50) {
            let back = self.dice.between(1, 600);
            self.passes(back).await;
            self.steps.note("and comes back");
            self.follows(who, &appid).await;
        }
    }

    async fn follows(&mut self, who: usize, appid: &str) {
        let content = Content::Subscribe { scene: None, ticket: None, event_key: None };
        self.people[who].follows.insert(appid.to_owned());
        self.pushed(who, appid, content).await;
    }

    /// A push as WeChat delivers it: until it is answered, at most three times; sometimes again although it was.
    async fn pushed(&mut self, who: usize, appid: &str, content: Content) {
        let account = self.engine().credentials(&Appid::try_from(appid).unwrap()).await.unwrap().account;
        let message = Message {
            to_user_name: account.appid.to_string(),
            from_user_name: self.people[who].openids[appid].clone(),
            create_time: self.secs(),
            content,
        };
        let (mut nonce, timestamp) = (self.dice.below(1 << 40).to_string(), self.secs().to_string());
        let mut answers = Vec::new();
        for _ in 0..3 {
            let (account, message) = (account.clone(), message.clone());
            let (nonce_now, timestamp) = (nonce.clone(), timestamp.clone());
            let answer = self.does(move |engine: Engine| async move {
                let body = format!("{message:?}");
                let (nonce, body) = (nonce_now.as_str(), body.as_bytes());
                engine.receive(&Push { account: &account, timestamp: &timestamp, nonce, body, message: &message }).await
            });
            match answer.await {
                Some(Ok(answer)) => {
                    answers.push(answer);
                    if self.dice.chance(75) {
                        break;
                    }
                }
                // The desk's task died: nobody knows what became of the push, and WeChat delivers it again.
                Some(Err(error)) => assert!(error.is_busy(), "a push: {error}"),
                None => {}
            }
            if self.dice.chance(50) {
                nonce = self.dice.below(1 << 40).to_string();
            }
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "one push, two answers: {answers:?}");
        if let Some(Answer::Text(text)) = answers.pop()
            && let Some((_, rest)) = text.split_once("?t=")
        {
            let code = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            self.people[who].tickets.push(code);
        }
    }

    async fn opens_tickets(&mut self, who: usize) {
        let campaign = self.campaign().await;
        for code in self.people[who].tickets.clone() {
            let (campaign, payee) = (campaign.clone(), self.people[who].payee.clone());
            let code = TicketCode::try_from(code).unwrap();
            let opened =
                self.does(move |engine: Engine| async move { engine.open_ticket(&campaign, &code, &payee).await });
            if let Some(opened) = opened.await {
                let opened = opened.unwrap_or_else(|error| panic!("a ticket: {error}"));
                self.steps.note(&format!("a ticket: {opened:?}"));
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
            let opened = opened.unwrap_or_else(|error| panic!("an edit-mode link: {error}"));
            self.steps.note(&format!("an edit-mode link: {opened:?}"));
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
    }

    fn told(&mut self, who: usize, answer: Result<Claimed, Error>, died: bool) {
        match answer {
            Ok(Claimed::Granted(amount)) => {
                let before = self.people[who].promised_fen.replace(amount.get());
                assert_eq!(before, None, "somebody is promised a second packet");
                self.counts.granted += 1;
                self.steps.note(&format!("a claim: {} fen", amount.get()));
            }
            Ok(Claimed::Refused(why)) => self.steps.note(&format!("a claim: {why:?}")),
            Err(error) => {
                assert!(!is_broken(&error) && (died || error.is_busy()), "a claim: {error}");
                self.steps.note("a claim: no answer");
            }
        }
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

    async fn rail_changes(&mut self) {
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

    async fn cap_changes(&mut self) {
        let id = self.campaign().await.id;
        let account = Appid::try_from(*self.dice.one_of(&[COFFEE, BOOKS, FUWU])).unwrap();
        let account = self.engine().credentials(&account).await.unwrap().account.id;
        let limit = self.dice.chance(50).then(|| fen(self.dice.between(0, 3_000)));
        match self.dice.below(4) {
            0 => {
                let paced = self.dice.chance(30);
                let verb = move |e: Engine| async move { e.set_pacing(&console(), id, paced).await };
                self.staff("pacing", verb).await;
            }
            kind => {
                let (kind, object) = [(Cap::Hour, 0), (Cap::Day, 0), (Cap::Account, account.0)][kind - 1];
                let verb = move |e: Engine| async move { e.set_cap(&console(), id, kind, object, limit).await };
                self.staff(&format!("the cap on {} is {limit:?}", kind.name()), verb).await;
            }
        }
    }

    async fn budget_changes(&mut self) {
        let amount = self.dice.between(1, 20_000);
        let event = *self.dice.one_of(&[ledger::Event::Fund, ledger::Event::Withdraw]);
        self.change_budget(event, amount).await;
    }

    pub(super) async fn change_budget(&mut self, event: ledger::Event, amount: i64) {
        let id = self.campaign().await.id;
        let verb = move |e: Engine| async move { e.change_budget(&console(), id, event, fen(amount), Lang::En).await };
        self.staff(&format!("{} {amount} fen", event.name()), verb).await;
    }

    async fn ended_ones_are_sent_anew(&mut self) {
        for payout in self.payouts_that_ended_without_money().await {
            if self.dice.chance(70) {
                let verb = move |e: Engine| async move { e.reissue(&console(), payout, Lang::En).await.map(|_| ()) };
                self.staff("sent anew", verb).await;
            }
        }
    }

    async fn payout_is_held_or_hurried(&mut self) {
        for payout in self.engine().ageing().await.unwrap() {
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

    async fn campaign_pauses(&mut self) {
        let id = self.campaign().await.id;
        for (event, what) in [(Event::Pause, "the campaign pauses"), (Event::Start, "and goes on")] {
            let verb = move |e: Engine| async move { e.move_campaign(&console(), id, event, Lang::En).await };
            self.staff(what, verb).await;
            let by = self.dice.between(1, 900);
            self.passes(by).await;
        }
    }

    /// One packet is left. One to three people press at once while staff take the money out; afterwards there is money
    /// again. Where one presses alone, nobody can make up for a decision about money that is gone: a batch of more is
    /// done again in halves, on what is left then.
    async fn last_packet_is_raced_for(&mut self) {
        let many = self.dice.below(3) + 1;
        let people = self.people_with_tickets(many).await;
        let id = self.campaign().await.id;
        let left = self.engine().budget(id).await.unwrap().available.get();
        let last = self.dice.between(100, 250);
        let event = if left > last { ledger::Event::Withdraw } else { ledger::Event::Fund };
        if left != last {
            self.change_budget(event, (left - last).abs()).await;
        }
        let engine = self.engine();
        let takes_out = tokio::spawn(async move {
            let left = engine.budget(id).await?.available;
            engine.change_budget(&console(), id, ledger::Event::Withdraw, left, Lang::En).await
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
        let mch_id = self.campaign().await.mch_id;
        for rail in Rail::ALL {
            let mch_id = &mch_id;
            self.insists(|e| async move { e.resume_rail(&console(), mch_id, *rail).await }).await;
        }
        for payout in self.engine().ageing().await.unwrap().into_iter().filter(|payout| payout.held) {
            self.insists(|e| async move { e.retry_now(&console(), payout.payout, Lang::En).await }).await;
        }
        let latest = self.clock.now().plus(hours(24 * 8));
        while self.open_payouts().await > 0 && self.clock.now() < latest {
            self.passes(6 * 3600).await;
        }
        self.proves_the_end(latest).await;
    }
}
