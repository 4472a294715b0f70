//! Everything that exists in this WeChat: phones, what they follow and say, and the books beside them.
//! It refuses to hold its lock across a network call; every verb takes the state, changes it, and lets go.

use std::collections::{BTreeMap, HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::books::Books;
use crate::follower::Scene;
use crate::fundflow::Slip;
use crate::oauth::Grants;
use crate::tokens::Tokens;
use crate::transfers::Transfers;

/// A phone keeps this many lines per account; older ones fall off.
const LINES_MAX: usize = 100;
/// A phone keeps this many lines in all.
const CHAT_MAX: usize = 400;
/// The world holds this many phones.
const PHONES_MAX: usize = 200_000;
/// The chat that shows packets of accounts the phone does not follow (服务通知).
pub(crate) const NOTICE: &str = "notice";

/// The whole state, as it is saved.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    pub(crate) offset_ms: i64,
    pub(crate) phones: BTreeMap<String, Phone>,
    pub(crate) books: Books,
    pub(crate) transfers: Transfers,
    pub(crate) slips: Vec<Slip>,
    pub(crate) tokens: Tokens,
    pub(crate) grants: Grants,
    pub(crate) scenes: BTreeMap<String, Scene>,
    #[serde(skip)]
    people: HashMap<String, (String, String)>,
}

/// One phone and the person who holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Phone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) ip: String,
    secret: String,
    pub(crate) snapshot: bool,
    pub(crate) follows: BTreeMap<String, Follow>,
    pub(crate) chats: VecDeque<Line>,
    /// Its packets, by their places in the books.
    pub(crate) wallet: Vec<usize>,
    /// Its transfers, likewise.
    #[serde(default)]
    pub(crate) transfers: Vec<usize>,
}

/// How a phone came to follow an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Follow {
    pub(crate) since_ms: i64,
    /// The scene of the QR code; `None` for a follow from the profile.
    pub(crate) scene: Option<String>,
    /// Whether the scene is an integer (`QR_SCENE`, `QR_LIMIT_SCENE`).
    #[serde(default)]
    pub(crate) by_number: bool,
}

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Writer {
    Account,
    Me,
    System,
}

/// One line of a chat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) appid: String,
    pub(crate) from: Writer,
    pub(crate) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The part of the text that the link stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) words: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bill_no: Option<String>,
    pub(crate) at: i64,
}

impl Phone {
    /// The person's openid under an account: stable, 28 characters, the first six shared by that account's users.
    pub(crate) fn openid(&self, appid: &str) -> String {
        format!("o{}{}", shorten(&[appid], 5), shorten(&[&self.secret, appid], 22))
    }

    /// The person's unionid; all accounts of this world share one Open Platform account.
    pub(crate) fn unionid(&self) -> String {
        format!("o{}", shorten(&[&self.secret, "open platform"], 27))
    }

    /// The User-Agent of WeChat's browser on this phone: every second one is an Android.
    pub(crate) fn user_agent(&self) -> &'static str {
        if self.id.bytes().map(usize::from).sum::<usize>() % 2 == 0 {
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
             Mobile/15E148 MicroMessenger/8.0.50(0x18003237) NetType/4G Language/zh_CN"
        } else {
            "Mozilla/5.0 (Linux; Android 14; V2309A Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
             Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160117 MMWEBSDK/20240501 MMWEBID/4471 \
             MicroMessenger/8.0.50.2701(0x2800325A) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
        }
    }

    fn say(&mut self, line: Line) {
        let same = self.chats.iter().filter(|old| old.appid == line.appid).count();
        if same >= LINES_MAX
            && let Some(oldest) = self.chats.iter().position(|old| old.appid == line.appid)
        {
            self.chats.remove(oldest);
        }
        if self.chats.len() >= CHAT_MAX {
            self.chats.pop_front();
        }
        self.chats.push_back(line);
    }
}

/// URL-safe characters of a hash over the parts.
fn shorten(parts: &[&str], length: usize) -> String {
    let mut encoded = URL_SAFE_NO_PAD.encode(Sha256::digest(parts.join("/").as_bytes()));
    encoded.truncate(length);
    encoded
}

impl State {
    /// Rebuilds what is not saved.
    pub(crate) fn index(&mut self, appids: &[String]) {
        self.people.clear();
        for (id, phone) in &self.phones {
            for appid in appids {
                self.people.insert(phone.openid(appid), (id.clone(), appid.clone()));
            }
        }
        self.books.index();
        self.transfers.index();
    }

    /// Lets everything happen that is due on both rails; tells how much changed.
    pub(crate) fn step_due(&mut self, now_ms: i64, refund_way_ms: i64) -> usize {
        self.books.give_back_due(now_ms, refund_way_ms) + self.transfers.step_due(now_ms)
    }

    /// What the merchant cannot spend any more.
    pub(crate) fn spent_fen(&self) -> i64 {
        self.books.spent_fen() + self.transfers.spent_fen()
    }

    /// Adds a phone; `None` when the world is full or the id is taken.
    pub(crate) fn add_phone(&mut self, made: NewPhone, appids: &[String]) -> Option<&Phone> {
        if self.phones.len() >= PHONES_MAX || self.phones.contains_key(&made.id) {
            return None;
        }
        let phone = Phone {
            id: made.id.clone(),
            name: made.name,
            ip: made.ip,
            secret: made.secret,
            snapshot: false,
            follows: BTreeMap::new(),
            chats: VecDeque::new(),
            wallet: Vec::new(),
            transfers: Vec::new(),
        };
        for appid in appids {
            self.people.insert(phone.openid(appid), (made.id.clone(), appid.clone()));
        }
        Some(self.phones.entry(made.id).or_insert(phone))
    }

    /// Removes a phone; its packets stay in the books.
    pub(crate) fn remove_phone(&mut self, id: &str) -> bool {
        self.people.retain(|_, (phone, _)| phone != id);
        self.phones.remove(id).is_some()
    }

    /// Whose openid this is under the account, if anybody's.
    pub(crate) fn person(&self, appid: &str, openid: &str) -> Option<&Phone> {
        let (phone, of) = self.people.get(openid)?;
        if of == appid { self.phones.get(phone) } else { None }
    }

    /// Puts a line into a phone's chat; a phone that is gone hears nothing.
    pub(crate) fn say(&mut self, phone: &str, line: Line) {
        if let Some(phone) = self.phones.get_mut(phone) {
            phone.say(line);
        }
    }
}

/// A phone about to exist.
pub(crate) struct NewPhone {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) ip: String,
    pub(crate) secret: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_openid_per_account_and_one_unionid() {
        let mut state = State::default();
        let appids = ["wxa".to_owned(), "wxb".to_owned()];
        let made = NewPhone { id: "p1".into(), name: "Ming".into(), ip: "183.1.2.3".into(), secret: "s".into() };
        let phone = state.add_phone(made, &appids).unwrap().clone();
        assert_eq!(phone.openid("wxa").len(), 28);
        assert_eq!(phone.unionid().len(), 28);
        assert_ne!(phone.openid("wxa"), phone.openid("wxb"));
        assert!(state.person("wxa", &phone.openid("wxa")).is_some());
        assert!(state.person("wxb", &phone.openid("wxa")).is_none());
    }

    #[test]
    fn a_chat_never_grows_without_end() {
        let mut state = State::default();
        let made = NewPhone { id: "p1".into(), name: String::new(), ip: String::new(), secret: String::new() };
        state.add_phone(made, &[]);
        for n in 0..1000 {
            let line = Line {
                appid: format!("wx{}", n % 3),
                from: Writer::Me,
                text: n.to_string(),
                url: None,
                words: None,
                bill_no: None,
                at: n,
            };
            state.say("p1", line);
        }
        let chats = &state.phones["p1"].chats;
        assert_eq!(chats.len(), 300);
        assert_eq!(chats.back().unwrap().text, "999");
    }
}
