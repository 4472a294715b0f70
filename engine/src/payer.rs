//! The payer: makes the frozen request of a payout on its campaign's rail and carries it to WeChat Pay.
//! Refuses to make a second request for the same payout, to change its rail, or to call inside a transaction.

pub(crate) mod transfer;

use crate::claims::Claimant;
use crate::merchants::Merchant;
use crate::store::payouts::{Frozen, Payout};
use crate::{Engine, Error, draw, vault};
use rules::Fen;
use rules::campaign::Campaign;
use rules::ids::{Appid, MchBillno, MchId};
use rules::payout::Rail;
use rules::time::UnixMs;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use wechat::pay::redpack::{self, HbAnswer, Outcome, SendRedpack};
use wechat::pay::transfer::{self as transfer_pay, TransferAnswer};
use wechat::pay::{PayClient, PayClientV3};

/// Clients of WeChat Pay, for each rail one per merchant.
pub struct Payer {
    pay_url: String,
    ca_pem: Option<Vec<u8>>,
    redpacks: Clients<PayClient>,
    transfers: Clients<PayClientV3>,
}

/// Clients by merchant, each with the hash of the keys it was made with.
struct Clients<T>(Mutex<HashMap<MchId, (String, Arc<T>)>>);

/// What WeChat answered to a payout's request.
pub(crate) enum Sent {
    /// On the red packet rail.
    Redpack(Outcome),
    /// On the transfer rail.
    Transfer(transfer_pay::Outcome),
}

/// What WeChat answered to the question what became of a payout.
pub(crate) enum Told {
    /// On the red packet rail.
    Redpack(HbAnswer),
    /// On the transfer rail.
    Transfer(TransferAnswer),
}

impl Payer {
    /// A payer that calls `pay_url`; with `ca_pem` only that root is trusted, else the built-in ones.
    pub fn new(pay_url: String, ca_pem: Option<Vec<u8>>) -> Self {
        Self { pay_url, ca_pem, redpacks: Clients(Mutex::default()), transfers: Clients(Mutex::default()) }
    }
}

impl<T> Clients<T> {
    fn ready(&self, mch_id: &MchId, identity: &str) -> Option<Arc<T>> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.get(mch_id).filter(|(kept, _)| kept == identity).map(|(_, client)| Arc::clone(client))
    }

    fn keep(&self, mch_id: &MchId, identity: String, client: T) -> Arc<T> {
        let client = Arc::new(client);
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.insert(mch_id.clone(), (identity, Arc::clone(&client)));
        client
    }
}

/// About an eighth of a second: a day has fewer than 2^20 of them, which is four characters.
const EIGHTH_MS: i64 = 128;

impl Engine {
    /// The complete signed request of a new payout; made once and never again.
    pub(crate) fn freeze(
        &self,
        apiv2_key: &str,
        campaign: &Campaign,
        who: &Claimant,
        amount: Fen,
        now: UnixMs,
    ) -> Result<Frozen, Error> {
        let mch_billno = self.new_billno(now)?;
        let rail = campaign.rail;
        let body = match rail {
            Rail::Redpack => self.redpack_body(apiv2_key, campaign, who, &mch_billno, amount)?,
            Rail::Transfer => self.transfer_body(campaign, who, &mch_billno, amount)?,
        };
        Ok(Frozen { rail, mch_id: campaign.mch_id.clone(), appid: who.appid.clone(), mch_billno, body })
    }

    fn redpack_body(
        &self,
        apiv2_key: &str,
        campaign: &Campaign,
        who: &Claimant,
        mch_billno: &MchBillno,
        amount: Fen,
    ) -> Result<String, Error> {
        let request = SendRedpack {
            mch_billno: mch_billno.as_str().to_owned(),
            mch_id: campaign.mch_id.as_str().to_owned(),
            wxappid: who.appid.as_str().to_owned(),
            send_name: campaign.texts.send_name.clone(),
            re_openid: who.openid.as_str().to_owned(),
            total_amount: amount.get(),
            wishing: campaign.texts.wishing.clone(),
            client_ip: self.settings().client_ip.clone(),
            act_name: shortened(&campaign.name, 32),
            remark: shortened(&campaign.name, 256),
            scene_id: campaign.scene_id.map(|scene| scene.name().to_owned()),
        };
        request.request_xml(apiv2_key, &self.draw().upper(32)).map_err(Error::broken)
    }

    /// `LB` + yyMMdd (Beijing) + the time of day in four characters + 16 random ones (80 bits): 28, never sequential. The
    /// time makes numbers of one moment neighbours: their index grows at its end instead of all over.
    fn new_billno(&self, now: UnixMs) -> Result<MchBillno, Error> {
        let t = now.beijing();
        let eighths = now.since(now.day().start()) / EIGHTH_MS;
        let (time, chance) = (draw::upper_of(eighths, 4), self.draw().upper(16));
        Ok(MchBillno::try_from(format!("LB{:02}{:02}{:02}{time}{chance}", t.year % 100, t.month, t.day))?)
    }

    async fn pay_client(&self, mch_id: &MchId, merchant: &Merchant) -> Result<Arc<PayClient>, Error> {
        let identity = vault::hash(&format!("{}{}", merchant.cert_pem, merchant.key_pem));
        if let Some(client) = self.payer().redpacks.ready(mch_id, &identity) {
            return Ok(client);
        }
        let url = self.payer().pay_url.parse().map_err(Error::broken)?;
        let ca = self.payer().ca_pem.as_deref();
        let client = PayClient::new(url, merchant.cert_pem.as_bytes(), merchant.key_pem.as_bytes(), ca);
        Ok(self.payer().redpacks.keep(mch_id, identity, client.map_err(Error::broken)?))
    }

    /// Sends the frozen request of a payout on its rail, signed with the merchant's key of today.
    pub(crate) async fn send(&self, payout: &Payout) -> Sent {
        match payout.request.rail {
            Rail::Redpack => Sent::Redpack(self.send_redpack(payout).await),
            Rail::Transfer => Sent::Transfer(self.start_transfer(payout).await),
        }
    }

    /// Asks on its rail what became of a payout.
    pub(crate) async fn ask(&self, payout: &Payout) -> Told {
        match payout.request.rail {
            Rail::Redpack => Told::Redpack(self.ask_redpack(payout).await),
            Rail::Transfer => Told::Transfer(self.query_transfer(payout).await),
        }
    }

    async fn send_redpack(&self, payout: &Payout) -> Outcome {
        let request = &payout.request;
        let sent = async {
            let merchant = self.merchant(&request.mch_id).await?;
            let client = self.pay_client(&request.mch_id, &merchant).await?;
            let body = redpack::signed_with(&request.body, &merchant.apiv2_key).map_err(Error::broken)?;
            Ok::<_, Error>(client.send_redpack(&body).await)
        };
        sent.await.unwrap_or_else(|error| Outcome::Unknown { err_code: None, why: error.to_string() })
    }

    async fn ask_redpack(&self, payout: &Payout) -> HbAnswer {
        let request = &payout.request;
        self.find_packet(&request.mch_id, &request.appid, &request.mch_billno).await
    }

    /// Asks what became of the packet with this number.
    pub(crate) async fn find_packet(&self, mch_id: &MchId, appid: &Appid, mch_billno: &MchBillno) -> HbAnswer {
        let answer = async {
            let merchant = self.merchant(mch_id).await?;
            let client = self.pay_client(mch_id, &merchant).await?;
            let (mch_id, appid, billno) = (mch_id.as_str(), appid.as_str(), mch_billno.as_str());
            Ok::<_, Error>(client.gethbinfo(mch_id, appid, billno, &merchant.apiv2_key, &self.draw().upper(32)).await)
        };
        answer.await.unwrap_or_else(|error| HbAnswer::Unknown { err_code: None, why: error.to_string() })
    }
}

/// The beginning of `text` that fits into `bytes` bytes.
fn shortened(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}

/// The beginning of `text`, at most `chars` characters.
fn shortened_to(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(super::shortened("新店开业", 7), "新店");
        assert_eq!(super::shortened("abc", 7), "abc");
        assert_eq!(super::shortened("", 7), "");
    }
}
