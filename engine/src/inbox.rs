//! The inbox: every verified push of WeChat is recorded once and answered the same however often it comes.
//! Refuses a nonce that comes back with another body.

use crate::desk::{Answers, Work};
use crate::followers::Followed;
use crate::store::inbox::{self as store, Envelope, Seen};
use crate::store::{Tx, campaigns, followers, live as rollups};
use crate::vault::{self, Purpose};
use crate::{Engine, Error, crash};
use rules::account::Account;
use rules::ids::Openid;
use rules::live::Figures;
use rules::say::{Lang, reply as say};
use rules::time::{UnixMs, hours, minutes};
use std::collections::HashSet;
use wechat::message::{Content, Message};

/// Nonces are kept this long; timestamps are believed for five minutes only.
const NONCE_LIFE_MS: i64 = hours(1);

/// A verified push.
pub struct Push<'a> {
    /// The account it is for.
    pub account: &'a Account,
    /// The query's timestamp.
    pub timestamp: &'a str,
    /// The query's nonce.
    pub nonce: &'a str,
    /// The body, to tell a repetition from a forgery.
    pub body: &'a [u8],
    /// What it says.
    pub message: &'a Message,
}

/// A push as it waits at the desk. The die is thrown once and kept when the batch is tried again.
pub(crate) struct Received {
    account: Account,
    stamp: String,
    nonce: String,
    body_hash: String,
    /// Who sent it, if that is an openid at all.
    openid: Option<Openid>,
    message: Message,
    die: u64,
}

impl Received {
    fn envelope<'a>(&'a self, dedupe_key: &'a str, at: UnixMs) -> Envelope<'a> {
        let (account, stamp, nonce, body_hash) = (self.account.id, &*self.stamp, &*self.nonce, &*self.body_hash);
        Envelope { account, stamp, nonce, body_hash, dedupe_key, kind: kind(&self.message), at }
    }

    /// When it happened. A time that cannot be is not believed: it would outlast every later event.
    fn event_at(&self, now: UnixMs) -> UnixMs {
        UnixMs(self.message.create_time.saturating_mul(1000).clamp(0, now.plus(minutes(5)).0))
    }
}

/// What to do with a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Reply with this text.
    Text(String),
    /// Nothing to say.
    Silence,
    /// The nonce came before with another body.
    Replayed,
}

/// The desk's work.
struct PushWork<'e>(&'e Engine);

impl Work for PushWork<'_> {
    type Request = Received;
    type Answer = Answer;

    async fn carry_out<'a>(&'a self, batch: &'a [&'a Received]) -> Answers<Answer> {
        let engine = self.0;
        let now = engine.clock().now();
        let once = || async {
            let mut tx = engine.db().begin().await?;
            let mut answers = vec![Answer::Silence; batch.len()];
            let mut waiting = (0..batch.len()).collect();
            while let Some(round) = next_round(batch, &mut waiting) {
                engine.receive_in(&mut tx, batch, &round, &mut answers, now).await?;
            }
            crash::point("push_before_commit");
            tx.commit().await.map(|()| answers)
        };
        let answers = engine.retried(once).await?;
        crash::point("push_after_commit");
        engine.wake_worker();
        engine.touch();
        Ok(answers)
    }
}

impl Engine {
    /// Records a push and handles it, once; the same push again gets the same answer. The answer is durable when it is
    /// given. Errors: busy (WeChat delivers the push again).
    pub async fn receive(&self, push: &Push<'_>) -> Result<Answer, Error> {
        let received = Received {
            account: push.account.clone(),
            stamp: push.timestamp.to_owned(),
            nonce: push.nonce.to_owned(),
            body_hash: vault::hash(&String::from_utf8_lossy(push.body)),
            openid: Openid::try_from(push.message.from_user_name.as_str()).ok(),
            message: push.message.clone(),
            die: self.draw().number(),
        };
        let leader = self.clone();
        let lead = || async move { leader.pushes_desk().lead(&PushWork(&leader)).await };
        self.pushes_desk().ask(received, lead).await
    }

    /// Handles a round inside the batch's transaction, but for what came before.
    async fn receive_in(
        &self,
        tx: &mut Tx,
        batch: &[&Received],
        round: &[usize],
        answers: &mut [Answer],
        now: UnixMs,
    ) -> Result<(), Error> {
        let keys: Vec<String> = round.iter().map(|at| batch[*at].message.dedupe_key()).collect();
        let envelopes: Vec<Envelope<'_>> =
            round.iter().zip(&keys).map(|(at, key)| batch[*at].envelope(key, now)).collect();
        let seen = store::seen(tx, &envelopes).await?;
        let fresh: Vec<&Received> =
            round.iter().zip(&seen).filter(|(_, seen)| seen.is_none()).map(|(at, _)| batch[*at]).collect();
        let mut texts = self.handle(tx, &fresh, now).await?.into_iter();
        let (mut events, mut nonces) = (Vec::new(), Vec::new());
        for ((at, envelope), seen) in round.iter().zip(&envelopes).zip(seen) {
            let reply = match seen {
                Some(Seen::Nonce { body_hash, .. }) if body_hash != envelope.body_hash => {
                    answers[*at] = Answer::Replayed;
                    continue;
                }
                Some(Seen::Nonce { reply, .. }) => {
                    answers[*at] = self.open_answer(&reply)?;
                    continue;
                }
                Some(Seen::Event { reply }) => reply,
                None => {
                    let text = texts.next().ok_or_else(|| Error::broken("a push without its answer"))?;
                    let reply = self.vault().seal(Purpose::Reply, &text);
                    events.push((*envelope, reply.clone()));
                    reply
                }
            };
            answers[*at] = self.open_answer(&reply)?;
            nonces.push((*envelope, reply));
        }
        if !events.is_empty() {
            store::keep_events(tx, &events).await?;
        }
        if !nonces.is_empty() {
            store::keep_nonces(tx, &nonces).await?;
        }
        Ok(())
    }

    fn open_answer(&self, sealed: &str) -> Result<Answer, Error> {
        let text = self.vault().open(Purpose::Reply, sealed)?;
        Ok(if text.is_empty() { Answer::Silence } else { Answer::Text(text) })
    }

    /// The texts that answer new pushes, each of another person: follows together, everything else one after the other.
    async fn handle(&self, tx: &mut Tx, pushes: &[&Received], now: UnixMs) -> Result<Vec<String>, Error> {
        let mut texts = vec![String::new(); pushes.len()];
        let (mut follows, mut places) = (Vec::new(), Vec::new());
        for (at, push) in pushes.iter().enumerate() {
            let Some(openid) = &push.openid else { continue };
            if let Content::Subscribe { scene, .. } = &push.message.content {
                let (account, scene) = (&push.account, scene.as_deref());
                follows.push(Followed { account, openid, scene, at: push.event_at(now), die: push.die });
                places.push(at);
            } else {
                texts[at] = self.handle_other(tx, push, openid, now).await?;
            }
        }
        for (at, text) in places.into_iter().zip(self.followed(tx, &follows, now).await?) {
            texts[at] = text;
        }
        Ok(texts)
    }

    async fn handle_other(&self, tx: &mut Tx, push: &Received, openid: &Openid, now: UnixMs) -> Result<String, Error> {
        let (account, event_at) = (&push.account, push.event_at(now));
        match &push.message.content {
            Content::Unsubscribe => {
                if followers::left(tx, account.id, openid, event_at).await? {
                    self.count_unfollow(tx, account, now).await?;
                }
                Ok(String::new())
            }
            Content::Text { content, .. } => {
                followers::wrote(tx, account.id, openid, event_at).await?;
                if say::asks_for_packet(content) {
                    self.another_ticket(tx, account, openid, push.die, now).await
                } else {
                    Ok(String::new())
                }
            }
            _ => Ok(String::new()),
        }
    }

    async fn count_unfollow(&self, tx: &mut Tx, account: &Account, now: UnixMs) -> Result<(), Error> {
        for campaign in campaigns::open_with(tx.conn(), account.id, now).await? {
            let key = rollups::Key { campaign: campaign.id, account: account.id, link: None, minute: now.minute() };
            let delta = Figures { unfollows: 1, ..Figures::default() }.into();
            rollups::add(tx, self.settings().node, &rollups::one(key, &delta)).await?;
        }
        Ok(())
    }

    /// Drops what no repetition can ask for any more.
    pub async fn tidy_inbox(&self) -> Result<u64, Error> {
        let before = self.clock().now().plus(-NONCE_LIFE_MS);
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            let dropped = store::forget_nonces(&mut tx, before).await?;
            tx.commit().await?;
            Ok(dropped)
        })
        .await
    }

    /// The language of passive replies.
    pub(crate) const fn reply_lang(&self) -> Lang {
        Lang::Zh
    }
}

/// Takes out of those that wait, in their order, the pushes of which no two have the person, the event or the nonce in
/// common, so that they can be handled together. Whoever has to wait stays behind what they wait for.
fn next_round(batch: &[&Received], waiting: &mut Vec<usize>) -> Option<Vec<usize>> {
    let (mut people, mut events, mut nonces) = (HashSet::new(), HashSet::new(), HashSet::new());
    let (round, later) = waiting.iter().partition(|at| {
        let push = batch[**at];
        let account = push.account.id;
        // All three are noted even of a push that waits.
        let person = people.insert((account, &push.message.from_user_name));
        let event = events.insert((account, push.message.dedupe_key()));
        nonces.insert((account, &push.stamp, &push.nonce)) && event && person
    });
    *waiting = later;
    Some(round).filter(|round: &Vec<usize>| !round.is_empty())
}

const fn kind(message: &Message) -> &'static str {
    match &message.content {
        Content::Subscribe { .. } => "subscribe",
        Content::Unsubscribe => "unsubscribe",
        Content::Text { .. } => "text",
        _ => "other",
    }
}
