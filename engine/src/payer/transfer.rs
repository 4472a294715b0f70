//! The transfer rail: makes the frozen request of a merchant transfer and carries it to WeChat Pay v3.
//! Refuses a merchant without the keys that v3 signs and verifies with.

use super::shortened_to;
use crate::claims::Claimant;
use crate::merchants::Merchant;
use crate::store::payouts::Payout;
use crate::{Engine, Error, vault};
use rules::Fen;
use rules::campaign::Campaign;
use rules::ids::{MchBillno, MchId};
use std::sync::Arc;
use wechat::pay::sign_v3::{MerchantKey, PayKeys};
use wechat::pay::transfer::{
    CASH_MARKETING, CASH_MARKETING_INFOS, Outcome, RED_PACKET_MOST_FEN, ReportInfo, Transfer, TransferAnswer,
    UserRecvStyle, is_notify_url,
};
use wechat::pay::{PayClientV3, Stamp, public_key};

impl Engine {
    /// The complete body of a new transfer; its signature is made anew for each call.
    pub(super) fn transfer_body(
        &self,
        campaign: &Campaign,
        who: &Claimant,
        mch_billno: &MchBillno,
        amount: Fen,
    ) -> Result<String, Error> {
        let info = |info_type: &str, text: &str| ReportInfo {
            info_type: info_type.to_owned(),
            info_content: shortened_to(text, 32),
        };
        let [name, award] = CASH_MARKETING_INFOS;
        let as_packet = amount.get() <= RED_PACKET_MOST_FEN;
        let request = Transfer {
            appid: who.appid.as_str().to_owned(),
            out_bill_no: mch_billno.as_str().to_owned(),
            transfer_scene_id: CASH_MARKETING.to_owned(),
            openid: who.openid.as_str().to_owned(),
            transfer_amount: amount.get(),
            transfer_remark: shortened_to(&campaign.name, 32),
            notify_url: self.notify_url(&campaign.mch_id),
            user_recv_perception: None,
            transfer_scene_report_infos: vec![info(name, &campaign.name), info(award, &campaign.texts.wishing)],
            user_recv_style: Some(if as_packet { UserRecvStyle::RedPacket } else { UserRecvStyle::ConfirmPage }),
        };
        request.request_json().map_err(Error::broken)
    }

    /// Where WeChat tells a transfer's end; nowhere while this server has no address that WeChat takes.
    fn notify_url(&self, mch_id: &MchId) -> Option<String> {
        let url = format!("{}/pay/notify/{mch_id}/v3", self.settings().public_url);
        Some(url).filter(|url| is_notify_url(url))
    }

    /// Starts a transfer, or repeats it: the same bytes under the same number.
    pub(super) async fn start_transfer(&self, payout: &Payout) -> Outcome {
        let request = &payout.request;
        let started = async {
            let client = self.pay_client_v3(&request.mch_id).await?;
            let nonce_str = self.draw().upper(32);
            let stamp = Stamp { now_secs: self.clock().now().secs(), nonce_str: &nonce_str };
            Ok::<_, Error>(client.start_transfer(&request.body, stamp).await)
        };
        started.await.unwrap_or_else(|error| Outcome::Unknown { code: None, why: error.to_string() })
    }

    /// Asks what became of a transfer.
    pub(super) async fn query_transfer(&self, payout: &Payout) -> TransferAnswer {
        let request = &payout.request;
        let answer = async {
            let asked = Transfer::from_frozen(&request.body).map_err(Error::broken)?;
            let client = self.pay_client_v3(&request.mch_id).await?;
            let nonce_str = self.draw().upper(32);
            let stamp = Stamp { now_secs: self.clock().now().secs(), nonce_str: &nonce_str };
            Ok::<_, Error>(client.query_transfer(&asked.ours(request.mch_id.as_str()), stamp).await)
        };
        answer.await.unwrap_or_else(|error| TransferAnswer::Unknown { code: None, why: error.to_string() })
    }

    /// Asks WeChat to cancel a transfer.
    pub(crate) async fn cancel(&self, payout: &Payout) -> Outcome {
        let request = &payout.request;
        let answer = async {
            let asked = Transfer::from_frozen(&request.body).map_err(Error::broken)?;
            let client = self.pay_client_v3(&request.mch_id).await?;
            let nonce_str = self.draw().upper(32);
            let stamp = Stamp { now_secs: self.clock().now().secs(), nonce_str: &nonce_str };
            Ok::<_, Error>(client.cancel_transfer(&asked.ours(request.mch_id.as_str()), stamp).await)
        };
        answer.await.unwrap_or_else(|error| Outcome::Unknown { code: None, why: error.to_string() })
    }

    /// Asks for a transfer of which only the number is known.
    pub(crate) async fn find_transfer(&self, mch_id: &MchId, mch_billno: &MchBillno) -> TransferAnswer {
        let answer = async {
            let client = self.pay_client_v3(mch_id).await?;
            let nonce_str = self.draw().upper(32);
            let stamp = Stamp { now_secs: self.clock().now().secs(), nonce_str: &nonce_str };
            Ok::<_, Error>(client.find_transfer(mch_billno.as_str(), stamp).await)
        };
        answer.await.unwrap_or_else(|error| TransferAnswer::Unknown { code: None, why: error.to_string() })
    }

    async fn pay_client_v3(&self, mch_id: &MchId) -> Result<Arc<PayClientV3>, Error> {
        let merchant = self.merchant(mch_id).await?;
        let keys = pay_keys(&merchant)?;
        let identity = vault::hash(&format!("{}{}{keys:?}", merchant.cert_pem, merchant.key_pem));
        if let Some(client) = self.payer().transfers.ready(mch_id, &identity) {
            return Ok(client);
        }
        let serial_no = public_key::from_certificate_pem(&merchant.cert_pem).map_err(Error::broken)?.serial_no;
        let key = MerchantKey::new(mch_id.as_str(), &serial_no, &merchant.key_pem).map_err(Error::broken)?;
        let url = self.payer().pay_url.parse().map_err(Error::broken)?;
        let client = PayClientV3::new(url, key, keys, self.payer().ca_pem.as_deref()).map_err(Error::broken)?;
        Ok(self.payer().transfers.keep(mch_id, identity, client))
    }
}

/// WeChat Pay's keys, as this merchant has them.
pub(crate) fn pay_keys(merchant: &Merchant) -> Result<PayKeys, Error> {
    let v3 = merchant.v3.as_ref().ok_or_else(|| Error::broken("the merchant has no keys for v3"))?;
    PayKeys::default().with_public_key(&v3.pub_key_id, &v3.pub_key_pem).map_err(Error::broken)
}
