//! Merchants of WeChat Pay: their API key and client certificate, sealed at rest.
//! Refuses to give an unsealed secret to anything but the payer.

use crate::store::merchants::{self as store, SealedMerchant, SealedV3};
use crate::store::rails;
use crate::vault::Purpose;
use crate::{Engine, Error, audit};
use rules::ids::{AccountId, MchId};
use rules::operator::Operator;
use sea_orm::ConnectionTrait;
use wechat::pay::notify::Apiv3Key;
use wechat::pay::public_key;
use wechat::pay::sign_v3::{MerchantKey, PayKeys};

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
    /// What transfers need besides; without it those that are there stay.
    pub v3: Option<NewV3>,
}

/// A merchant's keys for API v3, as they are entered.
pub struct NewV3 {
    /// The APIv3 key: 32 bytes.
    pub apiv3_key: String,
    /// The id of WeChat Pay's public key, `PUB_KEY_ID_…`.
    pub pub_key_id: String,
    /// WeChat Pay's public key, `pub_key.pem`.
    pub pub_key_pem: String,
}

/// What is stored of a merchant, beside what is about to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// Nothing that entering it would change: it only adds.
    Nothing,
    /// All of it; these parts are others than those about to be entered.
    All(Vec<&'static str>),
}

/// A merchant's opened secrets, for the payer.
pub(crate) struct Merchant {
    pub apiv2_key: String,
    pub cert_pem: String,
    pub key_pem: String,
    pub v3: Option<NewV3>,
}

impl Engine {
    /// Enters a merchant, or its new keys and certificate, and binds it to a service account that pays with it.
    /// Errors: the keys for v3 are none, or do not fit the certificate.
    pub async fn put_merchant(&self, by: &Operator, merchant: NewMerchant, payer: AccountId) -> Result<(), Error> {
        let now = self.clock().now();
        let seal = |text: &str| self.vault().seal(Purpose::Secret, text);
        if let Some(v3) = &merchant.v3 {
            check_v3(&merchant, v3)?;
        }
        let sealed = SealedMerchant {
            apiv2_key: seal(&merchant.apiv2_key),
            cert_pem: seal(&merchant.cert_pem),
            key_pem: seal(&merchant.key_pem),
            v3: merchant.v3.as_ref().map(|v3| SealedV3 {
                apiv3_key: seal(&v3.apiv3_key),
                pub_key_id: v3.pub_key_id.clone(),
                pub_key_pem: seal(&v3.pub_key_pem),
            }),
        };
        self.retried(|| async {
            let mut tx = self.db().begin().await?;
            store::put(&mut tx, &merchant.mch_id, &sealed, now).await?;
            rails::open_for(&mut tx, &merchant.mch_id).await?;
            crate::store::accounts::bind_merchant(&mut tx, payer, &merchant.mch_id).await?;
            audit::note(self, &mut tx, by, "merchant.put", payer.0).await?;
            tx.commit().await
        })
        .await
    }

    /// Compares a merchant with what is stored: which parts entering it would change. Tells no secret.
    pub async fn differing(&self, merchant: &NewMerchant, payer: AccountId) -> Result<Kept, Error> {
        let stored = match self.merchant(&merchant.mch_id).await {
            Ok(stored) => Some(stored),
            Err(error) if *error.said() == crate::Said::NotFound => None,
            Err(error) => return Err(error),
        };
        let bound = crate::store::accounts::merchant_of(self.db().read(), payer).await?;
        let rebinds = bound.as_ref().is_some_and(|bound| *bound != merchant.mch_id);
        let Some(stored) = stored else {
            return Ok(if rebinds { Kept::All(vec!["mch_id of its payer"]) } else { Kept::Nothing });
        };
        let parts = [
            ("mch_id of its payer", rebinds),
            ("apiv2_key", stored.apiv2_key != merchant.apiv2_key),
            ("certificate", stored.cert_pem != merchant.cert_pem),
            ("private key", stored.key_pem != merchant.key_pem),
        ];
        let differing: Vec<_> = parts.into_iter().filter(|(_, differs)| *differs).map(|(part, _)| part).collect();
        Ok(if bound.is_none() && differing.is_empty() { Kept::Nothing } else { Kept::All(differing) })
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
            v3: match &sealed.v3 {
                Some(v3) => Some(NewV3 {
                    apiv3_key: open(&v3.apiv3_key)?,
                    pub_key_id: v3.pub_key_id.clone(),
                    pub_key_pem: open(&v3.pub_key_pem)?,
                }),
                None => None,
            },
        })
    }
}

/// Keys that cannot sign, verify or decrypt are refused when they are entered, not when the first follower waits.
fn check_v3(merchant: &NewMerchant, v3: &NewV3) -> Result<(), Error> {
    let serial_no =
        public_key::from_certificate_pem(&merchant.cert_pem).map_err(|e| Error::field("cert_pem", e.to_string()))?;
    MerchantKey::new(merchant.mch_id.as_str(), &serial_no.serial_no, &merchant.key_pem)
        .map_err(|e| Error::field("key_pem", e.to_string()))?;
    Apiv3Key::try_from(v3.apiv3_key.as_str()).map_err(|e| Error::field("apiv3_key", e.to_string()))?;
    PayKeys::default()
        .with_public_key(&v3.pub_key_id, &v3.pub_key_pem)
        .map_err(|e| Error::field("pub_key_pem", e.to_string()))?;
    Ok(())
}
