//! Merchants of WeChat Pay: their API key and client certificate, sealed at rest.
//! Refuses to give an unsealed secret to anything but the payer.

use crate::store::merchants::{self as store, SealedMerchant};
use crate::vault::Purpose;
use crate::{Engine, Error, audit};
use rules::ids::{AccountId, MchId};
use rules::operator::Operator;
use sea_orm::ConnectionTrait;

/// A merchant as it is entered.
pub struct NewMerchant {
    /// The merchant number.
    pub mch_id: MchId,
    /// The APIv2 key: 32 bytes.
    pub apiv2_key: String,
    /// `apiclient_cert.pem`.
    pub cert_pem: String,
    /// `apiclient_key.pem`.
    pub key_pem: String,
}

/// A merchant's opened secrets, for the payer.
pub(crate) struct Merchant {
    pub apiv2_key: String,
    pub cert_pem: String,
    pub key_pem: String,
}

impl Engine {
    /// Enters a merchant, or its new key and certificate, and binds it to a service account that pays with it.
    pub async fn put_merchant(&self, by: &Operator, merchant: NewMerchant, payer: AccountId) -> Result<(), Error> {
        let now = self.clock().now();
        let seal = |text: &str| self.vault().seal(Purpose::Secret, text);
        let sealed = SealedMerchant {
            apiv2_key: seal(&merchant.apiv2_key),
            cert_pem: seal(&merchant.cert_pem),
            key_pem: seal(&merchant.key_pem),
        };
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            store::put(&mut tx, &merchant.mch_id, &sealed, now).await?;
            crate::store::accounts::bind_merchant(&mut tx, payer, &merchant.mch_id).await?;
            audit::note(self, &mut tx, by, "merchant.put", payer.0).await?;
            tx.commit().await
        })
        .await
    }

    pub(crate) async fn merchant(&self, mch_id: &MchId) -> Result<Merchant, Error> {
        self.merchant_in(self.db().read(), mch_id).await
    }

    /// The same over a given connection: inside a transaction no second connection is waited for.
    pub(crate) async fn merchant_in(&self, db: &impl ConnectionTrait, mch_id: &MchId) -> Result<Merchant, Error> {
        let sealed = store::by_id(db, mch_id).await?.ok_or_else(Error::not_found)?;
        let open = |text: &str| self.vault().open(Purpose::Secret, text);
        Ok(Merchant {
            apiv2_key: open(&sealed.apiv2_key)?,
            cert_pem: open(&sealed.cert_pem)?,
            key_pem: open(&sealed.key_pem)?,
        })
    }
}
