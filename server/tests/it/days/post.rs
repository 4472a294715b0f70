//! The post of a day: WeChat's callbacks about transfers, carried by hand, so that the seed says what happens to each:
//! delivered, lost, kept for later and overtaken, doubled, or spoilt first.
//! Refuses to end well when a spoilt one is taken, or a genuine one is turned away.

use super::dice::Dice;
use super::world::{World, is_broken};
use engine::Engine;
use engine::notices::Noticed;
use rules::ids::MchId;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wechat::pay::sign_v3::{CLOCK_DIFFERENCE_SECS, Signed};

/// A callback as WeChat signed it.
#[derive(Debug, Clone, Deserialize)]
struct Letter {
    id: u64,
    bill_no: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Letter {
    fn signed(&self) -> Signed {
        Signed::of(|name| self.headers.get(name).map(String::as_str))
    }

    fn signed_at(&self) -> i64 {
        self.signed().timestamp.parse().unwrap()
    }
}

/// What is on its way, and the dice for it: their own, so that a seed without transfers lives the same days.
pub struct Post {
    bag: Vec<Letter>,
    dice: Dice,
}

impl Post {
    /// An empty bag.
    pub fn of(seed: u64) -> Self {
        Self { bag: Vec::new(), dice: Dice::of(seed.rotate_left(32) ^ 0x706f_7374) }
    }
}

impl World {
    /// All callbacks that are due, and those that were kept, in any order.
    pub async fn post_comes(&mut self) {
        let due: Vec<Letter> = serde_json::from_value(self.sim("/_sim/callbacks", &json!({})).await).unwrap();
        let mut bag = std::mem::take(&mut self.post.bag);
        bag.extend(due);
        if bag.is_empty() {
            return;
        }
        let merchant = self.campaign().await.mch_id;
        while !bag.is_empty() {
            let letter = bag.swap_remove(self.post.dice.below(bag.len()));
            match self.post.dice.below(10) {
                // WeChat sends it again after a while.
                0 => self.steps.note(&format!("the callback about {} is lost", letter.bill_no)),
                1 | 2 => self.post.bag.push(letter),
                3 => {
                    let spoilt = Letter { body: format!("{} ", letter.body), ..letter.clone() };
                    self.delivers(&merchant, &spoilt, false).await;
                    self.delivers(&merchant, &letter, true).await;
                }
                4 | 5 => {
                    self.delivers(&merchant, &letter, true).await;
                    self.delivers(&merchant, &letter, true).await;
                }
                _ => self.delivers(&merchant, &letter, true).await,
            }
        }
    }

    async fn delivers(&mut self, merchant: &MchId, letter: &Letter, genuine: bool) {
        let (mch_id, signed, body) = (merchant.clone(), letter.signed(), letter.body.clone());
        let took = move |engine: Engine| async move { engine.receive_notice(&mch_id, &signed, body.as_bytes()).await };
        let Some(end) = self.does(took).await else { return };
        self.steps.note(&format!("the callback about {}: {end:?}", letter.bill_no));
        let fresh = (self.secs() - letter.signed_at()).unsigned_abs() <= CLOCK_DIFFERENCE_SECS;
        match end {
            Ok(Noticed::Learned) => {
                assert!(genuine && fresh, "a spoilt callback was taken: {letter:?}");
                self.counts.callbacks += 1;
                let taken: Value = self.sim(&format!("/_sim/callbacks/{}/taken", letter.id), &json!({})).await;
                assert!(taken["waiting"].is_u64(), "{taken}");
            }
            Ok(Noticed::Rejected(why)) => assert!(!(genuine && fresh), "a genuine callback was refused: {why}"),
            Ok(Noticed::NotOurs(_)) if self.fires.lost.contains_key(&letter.bill_no) => {}
            Ok(Noticed::NotOurs(field)) => panic!("a callback about a bill of ours differs in {field}: {letter:?}"),
            Err(error) => assert!(!is_broken(&error), "a callback: {error}"),
        }
    }
}
