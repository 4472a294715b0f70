//! What the simulator plays: accounts, merchant, campaign and links, read from `demo.toml`.
//! It refuses an account that real WeChat could not have, such as developer mode without a token.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::crypto::AesKey;

/// The whole file; tables that only the server reads are skipped.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The official accounts of this world.
    #[serde(rename = "account")]
    pub accounts: Vec<Account>,
    /// The merchant that pays.
    pub merchant: Merchant,
    /// The demo campaign, for the article on the phones.
    pub campaign: Option<Campaign>,
    /// Tracked links of the article.
    #[serde(default, rename = "link")]
    pub links: Vec<Link>,
    /// What the payment side allows.
    #[serde(default)]
    pub limits: Limits,
}

/// Subscription accounts (订阅号) know neither web OAuth nor parametric QR codes; service accounts (服务号) do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 订阅号
    Subscription,
    /// 服务号
    Service,
}

/// Developer mode pushes events to a server; edit mode answers by itself and pushes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Events are pushed.
    Developer,
    /// Automatic replies of the console.
    Edit,
}

/// How a push is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageMode {
    /// 明文
    #[default]
    Plain,
    /// 兼容
    Compatible,
    /// 安全
    Safe,
}

/// One official account.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// `wx…`
    pub appid: String,
    /// `gh_…`
    pub original_id: String,
    /// Subscription or service.
    pub kind: Kind,
    /// Developer or edit.
    pub mode: Mode,
    /// Whether WeChat verified it; without that most calls answer 48001.
    #[serde(default = "yes")]
    pub verified: bool,
    /// Absent: the account calls no interface.
    pub appsecret: Option<String>,
    /// Push token of the console.
    pub token: Option<String>,
    /// Push key of the console.
    pub encoding_aes_key: Option<String>,
    /// Push mode.
    #[serde(default)]
    pub message_mode: MessageMode,
    /// Edit mode's answer to a follow and to messages.
    pub auto_reply: Option<String>,
    /// A character for the icon.
    #[serde(default)]
    pub icon: String,
    /// What its QR code says.
    #[serde(default)]
    pub qr: String,
}

fn yes() -> bool {
    true
}

impl Account {
    /// The push key, if the account has one.
    pub(crate) fn aes_key(&self) -> Option<AesKey> {
        self.encoding_aes_key.as_deref().and_then(AesKey::parse)
    }
}

/// The merchant.
#[derive(Debug, Clone, Deserialize)]
pub struct Merchant {
    /// Merchant number.
    pub mch_id: String,
    /// Signing key of API v2.
    pub apiv2_key: String,
    /// Key of API v3, 32 bytes: seals callbacks. Without it none are sent.
    pub apiv3_key: Option<String>,
    /// The id of WeChat Pay's public key, `PUB_KEY_ID_…`.
    #[serde(default = "pub_key_id")]
    pub pub_key_id: String,
}

fn pub_key_id() -> String {
    "PUB_KEY_ID_0119000001092026010100111111000100".to_owned()
}

/// The demo campaign as the article shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Campaign {
    /// Its path.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// A tracked link of the article.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Link {
    /// `/l/{code}`
    pub code: String,
    /// Which account it promotes.
    pub account: String,
    /// Where it stands.
    pub placement: String,
}

/// Limits of the payment side; generous by default, so that a demonstration never meets them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Accepted packets per second and merchant (WeChat's default: 30).
    pub packets_per_sec: u32,
    /// Packets per user and Beijing day (WeChat's default: 10).
    pub user_packets_per_day: usize,
    /// Fen per user and Beijing day (WeChat's default: 100000).
    pub user_fen_per_day: i64,
    /// Fen per merchant and Beijing day (WeChat's default: 100000000).
    pub merchant_fen_per_day: i64,
    /// The merchant's balance at the very start, in fen.
    pub balance_fen: i64,
    /// How long a refund is under way, in seconds of the simulator's clock: meanwhile a query says `RFUND_ING`.
    /// 0 gives the money back at once; 60 is a good number for a test.
    pub refund_way_secs: u32,
    /// Accepted transfers per second and merchant (WeChat's default: 100).
    pub transfers_per_sec: u32,
    /// Cancellations of transfers per second and merchant (WeChat's default: 20).
    pub cancels_per_sec: u32,
    /// Transfers per user and Beijing day.
    pub user_transfers_per_day: usize,
    /// Fen of transfers per user and Beijing day.
    pub user_transfer_fen_per_day: i64,
    /// Fen of transfers per merchant and Beijing day.
    pub merchant_transfer_fen_per_day: i64,
    /// The largest single transfer, in fen.
    pub transfer_max_fen: i64,
    /// How long a confirmed transfer is under way (`TRANSFERING`), in seconds of the simulator's clock.
    pub transfer_way_secs: u32,
    /// How long a cancellation is under way (`CANCELING`), in seconds of the simulator's clock.
    pub cancel_way_secs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            packets_per_sec: 5_000,
            user_packets_per_day: 1_000,
            user_fen_per_day: 10_000_000,
            merchant_fen_per_day: 10_000_000_000,
            balance_fen: 10_000_000_000,
            refund_way_secs: 0,
            transfers_per_sec: 5_000,
            cancels_per_sec: 5_000,
            user_transfers_per_day: 1_000,
            user_transfer_fen_per_day: 10_000_000,
            merchant_transfer_fen_per_day: 10_000_000_000,
            transfer_max_fen: 2_000_000,
            transfer_way_secs: 0,
            cancel_way_secs: 0,
        }
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is not the expected TOML, or describes an impossible account.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::new(format!("cannot read {}: {error}", path.display())))?;
        Self::parse(&text)
    }

    /// Reads the text of a file; see [`Config::read`].
    ///
    /// # Errors
    /// As for [`Config::read`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let config: Self =
            toml::from_str(text).map_err(|error| Error::new(format!("the configuration is not valid: {error}")))?;
        if config.merchant.apiv3_key.as_ref().is_some_and(|key| key.len() != 32) {
            return Err(Error::new("the merchant's apiv3_key has not 32 characters".to_owned()));
        }
        if !config.merchant.pub_key_id.starts_with("PUB_KEY_ID_") {
            return Err(Error::new("the merchant's pub_key_id does not begin with PUB_KEY_ID_".to_owned()));
        }
        let mut seen = BTreeMap::new();
        for account in &config.accounts {
            let wrong = |why: &str| Err(Error::new(format!("account {}: {why}", account.appid)));
            if seen.insert(&account.appid, ()).is_some() {
                return wrong("the appid stands twice");
            }
            if account.encoding_aes_key.is_some() && account.aes_key().is_none() {
                return wrong("encoding_aes_key is not 43 characters of base64");
            }
            if account.mode == Mode::Developer && account.token.is_none() {
                return wrong("developer mode needs a token");
            }
            if account.message_mode != MessageMode::Plain && account.encoding_aes_key.is_none() {
                return wrong("this message_mode needs an encoding_aes_key");
            }
        }
        Ok(config)
    }

    /// The account with this appid.
    pub(crate) fn account(&self, appid: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.appid == appid)
    }
}
