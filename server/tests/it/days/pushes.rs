//! What WeChat pushes to us in the days: follows, leaves and messages, each delivered until it is answered, and sometimes
//! again although it was. Refuses two answers to one push, and holds us to what an answer promises.

use super::world::World;
use engine::Engine;
use engine::inbox::{Answer, Push};
use rules::Fen;
use rules::account::{Account, OnFollow};
use rules::ids::Appid;
use wechat::message::{Content, Message};

/// How often WeChat delivers a push that nobody answers.
const DELIVERIES: usize = 3;

impl World {
    /// Somebody follows an account.
    pub(super) async fn follows(&mut self, who: usize, appid: &str) {
        let content = Content::Subscribe { scene: None, ticket: None, event_key: None };
        self.people[who].follows.insert(appid.to_owned());
        self.pushed(who, appid, content).await;
    }

    /// Somebody leaves an account.
    pub(super) async fn leaves(&mut self, who: usize, appid: &str) {
        self.people[who].follows.remove(appid);
        self.pushed(who, appid, Content::Unsubscribe).await;
    }

    /// Somebody writes 「红包」 to an account.
    pub(super) async fn asks_for_a_packet(&mut self, who: usize, appid: &str) {
        let content = Content::Text { content: "红包".to_owned(), msg_id: Some(self.dice.below(1 << 40) as u64) };
        self.pushed(who, appid, content).await;
    }

    /// A push, and what its person reads in the answer.
    async fn pushed(&mut self, who: usize, appid: &str, content: Content) {
        let account = self.engine().credentials(&Appid::try_from(appid).unwrap()).await.unwrap().account;
        let message = Message {
            to_user_name: account.appid.to_string(),
            from_user_name: self.people[who].openids[appid].clone(),
            create_time: self.secs(),
            content,
        };
        // A push to an account that pays at once may make a claim.
        let before = match account.on_follow {
            OnFollow::Pay => Some(self.counters().await),
            OnFollow::Reply => None,
        };
        let answers = self.delivered(&account, &message).await;
        if let Some(before) = before {
            self.proves_caps(&before).await;
        }
        assert!(answers.windows(2).all(|two| two[0] == two[1]), "one push, two answers: {answers:?}");
        if let Some(Answer::Text(text)) = answers.last() {
            self.reads(who, text);
        }
    }

    /// The answers to a push as WeChat delivers it: until it is answered, at most three times; sometimes again although it
    /// was.
    async fn delivered(&mut self, account: &Account, message: &Message) -> Vec<Answer> {
        let (mut nonce, timestamp) = (self.dice.below(1 << 40).to_string(), self.secs().to_string());
        let mut answers = Vec::new();
        for _ in 0..DELIVERIES {
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
        answers
    }

    /// What a reply brings: the code of a ticket, or the promise of a packet that the follow itself claimed.
    fn reads(&mut self, who: usize, text: &str) {
        if let Some((_, rest)) = text.split_once("?t=") {
            let code = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
            self.people[who].tickets.push(code);
        }
        if let Some((_, rest)) = text.split_once('¥') {
            let yuan: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            let amount = Fen::parse_yuan(&yuan).unwrap_or_else(|wrong| panic!("{text}: {wrong}"));
            self.learns_of_a_packet(who, amount, "a follow");
        }
    }
}
