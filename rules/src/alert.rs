//! Alerts: what somebody has to look at, and the chat robots that tell them.
//! Refuses a robot on any host but those of WeCom, DingTalk and Feishu.

use crate::account::names;
use crate::time::UnixMs;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A rail stands still.
    RailPaused,
    /// A payout waits for a person: a wrong key, certificate or field.
    PayoutHeldUp,
    /// WeChat holds something else under our number, or told two ends.
    BillDiffers,
    /// WeChat forgot a payout before its end was known.
    BillForgotten,
    /// Payouts are older than they should be.
    Overdue,
    /// A payout waits, as its person was paid under another number since a backup.
    PaidSinceBackup,
    /// A campaign has less left to grant than staff wanted to be told of.
    LowBudget,
}
names!(Kind {
    RailPaused = "rail_paused",
    PayoutHeldUp = "payout_held_up",
    BillDiffers = "bill_differs",
    BillForgotten = "bill_forgotten",
    Overdue = "overdue",
    PaidSinceBackup = "paid_since_backup",
    LowBudget = "low_budget",
});

/// One alert; what is the same for kind and object is one alert, counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What happened.
    pub kind: Kind,
    /// To what: a bill number, or a merchant and a rail.
    pub object: String,
    /// WeChat's code or a number; for people.
    pub detail: String,
    /// When it was first seen.
    pub first_at: UnixMs,
    /// When it was last seen.
    pub last_at: UnixMs,
    /// How often.
    pub times: i64,
}

/// How long the same alert is not sent again.
pub const QUIET_MS: i64 = crate::time::hours(6);

/// Whose robot it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotKind {
    /// 企业微信: <https://developer.work.weixin.qq.com/document/path/91770>
    Wecom,
    /// 钉钉: <https://open.dingtalk.com/document/robots/custom-robot-access>
    Dingtalk,
    /// 飞书: <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>
    Feishu,
}
names!(RobotKind { Wecom = "wecom", Dingtalk = "dingtalk", Feishu = "feishu" });

impl RobotKind {
    /// The only host that its robots live on.
    pub const fn host(self) -> &'static str {
        match self {
            Self::Wecom => "qyapi.weixin.qq.com",
            Self::Dingtalk => "oapi.dingtalk.com",
            Self::Feishu => "open.feishu.cn",
        }
    }
}

/// Why a robot did not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Untold {
    /// Its stored address cannot be opened, or is no robot's.
    AddressLost,
    /// Its host did not answer.
    Silent,
    /// Its answer cannot be read.
    Unreadable,
    /// It answered with this code.
    Refused(i64),
}

/// A robot's address. Who has it can write into the chat, so it is sealed at rest and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct RobotUrl {
    kind: RobotKind,
    path: String,
}

/// The address is not one of a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotARobot;

impl TryFrom<&str> for RobotUrl {
    type Error = NotARobot;

    fn try_from(text: &str) -> Result<Self, NotARobot> {
        let rest = text.trim().strip_prefix("https://").ok_or(NotARobot)?;
        let (host, path) = rest.split_once('/').ok_or(NotARobot)?;
        let kind = RobotKind::ALL.iter().copied().find(|kind| kind.host() == host).ok_or(NotARobot)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'?' | b'=' | b'&' | b'%');
        if path.is_empty() || path.len() > 400 || !path.bytes().all(plain) {
            return Err(NotARobot);
        }
        Ok(Self { kind, path: format!("/{path}") })
    }
}

impl RobotUrl {
    /// Whose robot it is.
    pub const fn kind(&self) -> RobotKind {
        self.kind
    }

    /// Path and query.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole address.
    pub fn reveal(&self) -> String {
        format!("https://{}{}", self.kind.host(), self.path)
    }
}

impl fmt::Debug for RobotUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RobotUrl({}, Secret)", self.kind.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_robot_lives_on_its_own_host_and_nowhere_else() {
        for (text, kind) in [
            ("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx", RobotKind::Wecom),
            ("https://oapi.dingtalk.com/robot/send?access_token=abc", RobotKind::Dingtalk),
            (" https://open.feishu.cn/open-apis/bot/v2/hook/abc-def ", RobotKind::Feishu),
        ] {
            let url = RobotUrl::try_from(text).unwrap();
            assert_eq!((url.kind(), url.reveal().as_str()), (kind, text.trim()));
            assert!(!format!("{url:?}").contains("abc") && !format!("{url:?}").contains("693a"));
        }
        for text in [
            "",
            "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1",
            "https://qyapi.weixin.qq.com",
            "https://qyapi.weixin.qq.com/",
            "https://qyapi.weixin.qq.com:8080/x",
            "https://qyapi.weixin.qq.com.evil.example/x",
            "https://evil.example/qyapi.weixin.qq.com/x",
            "https://user@qyapi.weixin.qq.com/x",
            "https://qyapi.weixin.qq.com/x#y",
            "https://127.0.0.1/x",
        ] {
            assert_eq!(RobotUrl::try_from(text), Err(NotARobot), "{text}");
        }
    }
}
