//! The inbox: every verified push of WeChat is recorded once and answered the same however often it comes.
//! Refuses a nonce that comes back with another body.

use crate::desk::{Answers, Work};
use crate::store::inbox::{self as store, Envelope};
use crate::store::{Tx, campaigns, followers, live as rollups};
use crate::vault::{self, Purpose};
use crate::{Engine, Error, crash};
use rules::account::Account;
use rules::ids::Openid;
use rules::live::Figures;
use rules::say::{Lang, reply as say};
use rules::time::{UnixMs, hours, minutes};
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
    message: Message,
    die: u64,
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
            let mut answers = Vec::new();
            for received in batch {
                answers.push(engine.receive_in(&mut tx, received, now).await?);
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
            message: push.message.clone(),
            die: self.draw().number(),
        };
        let leader = self.clone();
        let lead = move || {
            tokio::spawn(async move { leader.pushes_desk().lead(&PushWork(&leader)).await });
        };
        self.pushes_desk().ask(received, lead).await
    }

    /// Handles one push inside the batch's transaction, unless it came before.
    async fn receive_in(&self, tx: &mut Tx, received: &Received, now: UnixMs) -> Result<Answer, Error> {
        let envelope = Envelope {
            account: received.account.id,
            stamp: &received.stamp,
            nonce: &received.nonce,
            body_hash: &received.body_hash,
            at: now,
        };
        if let Some((hash, reply)) = store::seen_nonce(tx, &envelope).await? {
            return if hash == received.body_hash { self.open_answer(&reply) } else { Ok(Answer::Replayed) };
        }
        let key = received.message.dedupe_key();
        let reply = match store::seen_event(tx, received.account.id, &key).await? {
            Some(reply) => reply,
            None => {
                let text = self.handle(tx, received, now).await?;
                let reply = self.vault().seal(Purpose::Reply, &text);
                store::keep_event(tx, received.account.id, &key, kind(&received.message), &reply, now).await?;
                reply
            }
        };
        store::keep_nonce(tx, &envelope, &reply).await?;
        self.open_answer(&reply)
    }

    fn open_answer(&self, sealed: &str) -> Result<Answer, Error> {
        let text = self.vault().open(Purpose::Reply, sealed)?;
        Ok(if text.is_empty() { Answer::Silence } else { Answer::Text(text) })
    }

    async fn handle(&self, tx: &mut Tx, push: &Received, now: UnixMs) -> Result<String, Error> {
        let (account, message) = (&push.account, &push.message);
        let Ok(openid) = Openid::try_from(message.from_user_name.as_str()) else { return Ok(String::new()) };
        // A time that cannot be is not believed: it would outlast every later event.
        let event_at = UnixMs(message.create_time.saturating_mul(1000).clamp(0, now.plus(minutes(5)).0));
        match &message.content {
            Content::Subscribe { scene, .. } => {
                let event = crate::followers::Followed {
                    account,
                    openid: &openid,
                    scene: scene.as_deref(),
                    at: event_at,
                    die: push.die,
                };
                self.followed(tx, &event, now).await
            }
            Content::Unsubscribe => {
                if followers::left(tx, account.id, &openid, event_at).await? {
                    self.count_unfollow(tx, account, now).await?;
                }
                Ok(String::new())
            }
            Content::Text { content, .. } => {
                followers::wrote(tx, account.id, &openid, event_at).await?;
                if say::asks_for_packet(content) {
                    self.another_ticket(tx, account, &openid, push.die, now).await
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

const fn kind(message: &Message) -> &'static str {
    match &message.content {
        Content::Subscribe { .. } => "subscribe",
        Content::Unsubscribe => "unsubscribe",
        Content::Text { .. } => "text",
        _ => "other",
    }
}
