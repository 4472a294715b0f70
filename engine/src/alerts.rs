//! Alerts: what somebody has to look at, kept once each and told to chat robots outside every transaction.
//! Refuses to call any host but those of the three robots, and to repeat itself within hours.

use crate::store::alerts::{self as store, RobotRow};
use crate::vault::Purpose;
use crate::{Engine, Error, audit};
use rules::alert::{Alert, Kind, RobotKind, RobotUrl, Untold};
use rules::operator::Operator;
use rules::say::{Lang, alert as say};
use rules::time::secs;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a worker may need to tell what it took; after that another one tells it.
const LEASE_MS: i64 = secs(120);
/// How many alerts a screen shows.
const SHOWN: i64 = 100;

/// A robot as staff see it: without its address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the row")]
pub struct Robot {
    pub id: i64,
    pub name: String,
    pub kind: RobotKind,
}

impl Engine {
    /// The latest alerts.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Error> {
        store::latest(self.db().read(), SHOWN).await
    }

    /// All robots.
    pub async fn robots(&self) -> Result<Vec<Robot>, Error> {
        let rows = store::robots(self.db().read()).await?;
        Ok(rows.into_iter().map(|RobotRow { id, name, kind, .. }| Robot { id, name, kind }).collect())
    }

    /// Adds a robot. Errors: the address is not one of WeCom, DingTalk or Feishu.
    pub async fn add_robot(&self, by: &Operator, name: &str, url: &str, lang: Lang) -> Result<i64, Error> {
        self.retried(|| self.add_robot_once(by, name, url, lang)).await
    }

    async fn add_robot_once(&self, by: &Operator, name: &str, url: &str, lang: Lang) -> Result<i64, Error> {
        let url = RobotUrl::try_from(url).map_err(|_| Error::field("url", say::robot_wrong(lang)))?;
        let now = self.clock().now();
        let id = self.draw().id(now);
        let sealed_url = self.vault().seal(Purpose::Secret, &url.reveal());
        let name = name.trim().chars().take(40).collect();
        let mut tx = self.db().begin().await?;
        store::add_robot(&mut tx, &RobotRow { id, name, kind: url.kind(), sealed_url }, now).await?;
        audit::note(self, &mut tx, by, "robot.add", id).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Takes a robot away. Errors: not found.
    pub async fn remove_robot(&self, by: &Operator, id: i64) -> Result<(), Error> {
        self.retried(|| self.remove_robot_once(by, id)).await
    }

    async fn remove_robot_once(&self, by: &Operator, id: i64) -> Result<(), Error> {
        let mut tx = self.db().begin().await?;
        if !store::remove_robot(&mut tx, id).await? {
            return Err(Error::not_found());
        }
        audit::note(self, &mut tx, by, "robot.remove", id).await?;
        tx.commit().await
    }

    /// Lets a robot say a test sentence. Errors: not found; what the robot answered.
    pub async fn test_robot(&self, by: &Operator, id: i64, lang: Lang) -> Result<(), Error> {
        let robot = store::robot_by_id(self.db().read(), id).await?.ok_or_else(Error::not_found)?;
        self.tell(&robot, say::test(lang)).await.map_err(|why| Error::conflict(why.sentence(lang)))?;
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            audit::note(self, &mut tx, by, "robot.test", id).await?;
            tx.commit().await
        })
        .await
    }

    /// Tells the robots what is due. Returns how many alerts were told.
    pub async fn send_alerts(&self) -> Result<usize, Error> {
        let robots = store::robots(self.db().read()).await?;
        if robots.is_empty() {
            return Ok(0);
        }
        let now = self.clock().now();
        let take = || async {
            let mut tx = self.db().begin().await?;
            let due = store::take_due(&mut tx, now, now.plus(LEASE_MS)).await?;
            tx.commit().await.map(|()| due)
        };
        let due = self.retried(take).await?;
        let mut told = 0;
        for alert in &due {
            let text = say::message(alert, Lang::Zh);
            let results = futures::future::join_all(robots.iter().map(|robot| self.tell(robot, &text))).await;
            for why in results.iter().filter_map(|result| result.as_ref().err()) {
                let why = why.sentence(Lang::En);
                tracing::warn!(alert.kind = alert.kind.name(), why, "a robot did not take an alert; it is told again");
            }
            if results.iter().all(Result::is_ok) {
                let note = || async {
                    let mut tx = self.db().begin().await?;
                    store::sent(&mut tx, alert, now).await?;
                    tx.commit().await
                };
                self.retried(note).await?;
                told += 1;
            }
        }
        Ok(told)
    }

    /// Raises an alert when payouts are past their deadline.
    pub async fn watch_deadlines(&self) -> Result<(), Error> {
        self.retried(|| self.watch_deadlines_once()).await
    }

    async fn watch_deadlines_once(&self) -> Result<(), Error> {
        let now = self.clock().now();
        let open = self.ageing().await?;
        let overdue: Vec<_> = open.iter().filter(|payout| payout.is_overdue(now)).collect();
        let Some(oldest) = overdue.first() else { return Ok(()) };
        let mut tx = self.db().begin().await?;
        let detail = format!("{} · {}", overdue.len(), oldest.mch_billno);
        store::raise(&mut tx, Kind::Overdue, "payouts", &detail, now).await?;
        tx.commit().await
    }

    /// Posts one sentence.
    async fn tell(&self, robot: &RobotRow, text: &str) -> Result<(), Untold> {
        let opened = self.vault().open(Purpose::Secret, &robot.sealed_url).map_err(|_| Untold::AddressLost)?;
        let url = RobotUrl::try_from(opened.as_str()).map_err(|_| Untold::AddressLost)?;
        let base = self.settings().robots_url.clone().unwrap_or_else(|| format!("https://{}", url.kind().host()));
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|_| Untold::Silent)?;
        let request = client.post(format!("{base}{}", url.path())).json(&body(url.kind(), text));
        // The error would print the address, which is a secret.
        let answer = request.send().await.map_err(|_| Untold::Silent)?;
        let answer: Value = answer.json().await.map_err(|_| Untold::Unreadable)?;
        let code = ["errcode", "code", "StatusCode"].iter().find_map(|name| answer.get(name)).and_then(Value::as_i64);
        match code {
            Some(0) => Ok(()),
            Some(code) => Err(Untold::Refused(code)),
            None => Err(Untold::Unreadable),
        }
    }
}

/// A text message as each of the three wants it.
fn body(kind: RobotKind, text: &str) -> Value {
    match kind {
        RobotKind::Wecom | RobotKind::Dingtalk => json!({ "msgtype": "text", "text": { "content": text } }),
        RobotKind::Feishu => json!({ "msg_type": "text", "content": { "text": text } }),
    }
}
