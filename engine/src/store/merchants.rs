//! Rows of merchants.
//! Refuses to hold a key or certificate unsealed.

use super::{Tx, exec, get, row};
use crate::error::Error;
use rules::ids::MchId;
use rules::time::UnixMs;
use sea_orm::ConnectionTrait;

/// A merchant's secrets, still sealed.
#[derive(Debug, Clone)]
pub struct SealedMerchant {
    pub apiv2_key: String,
    pub cert_pem: String,
    pub key_pem: String,
    pub v3: Option<SealedV3>,
}

/// What a merchant needs for API v3, still sealed but for the name of the key.
#[derive(Debug, Clone)]
pub struct SealedV3 {
    pub apiv3_key: String,
    pub pub_key_id: String,
    pub pub_key_pem: String,
}

pub async fn by_id(db: &impl ConnectionTrait, mch_id: &MchId) -> Result<Option<SealedMerchant>, Error> {
    let row = row(db, "SELECT * FROM merchants WHERE mch_id = $1", [mch_id.as_str().into()]).await?;
    let Some(r) = row else { return Ok(None) };
    let (apiv3_key, pub_key_id, pub_key_pem): (Option<String>, Option<String>, Option<String>) =
        (get(&r, "apiv3_key")?, get(&r, "pub_key_id")?, get(&r, "pub_key_pem")?);
    let v3 = match (apiv3_key, pub_key_id, pub_key_pem) {
        (Some(apiv3_key), Some(pub_key_id), Some(pub_key_pem)) => Some(SealedV3 { apiv3_key, pub_key_id, pub_key_pem }),
        (None, None, None) => None,
        (_, _, _) => return Err(Error::broken("a merchant with half of its keys for v3")),
    };
    Ok(Some(SealedMerchant {
        apiv2_key: get(&r, "apiv2_key")?,
        cert_pem: get(&r, "cert_pem")?,
        key_pem: get(&r, "key_pem")?,
        v3,
    }))
}

/// Enters a merchant, or its new secrets; without keys for v3 those that are there stay.
pub async fn put(tx: &mut Tx, mch_id: &MchId, sealed: &SealedMerchant, now: UnixMs) -> Result<(), Error> {
    let sql =
        "INSERT INTO merchants (mch_id, apiv2_key, cert_pem, key_pem, created_at, apiv3_key, pub_key_id, pub_key_pem)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (mch_id) DO UPDATE SET apiv2_key = excluded.apiv2_key, cert_pem = excluded.cert_pem,
            key_pem = excluded.key_pem, apiv3_key = COALESCE(excluded.apiv3_key, merchants.apiv3_key),
            pub_key_id = COALESCE(excluded.pub_key_id, merchants.pub_key_id),
            pub_key_pem = COALESCE(excluded.pub_key_pem, merchants.pub_key_pem)";
    let v3 = |of: fn(&SealedV3) -> &str| sealed.v3.as_ref().map(of);
    let values = [
        mch_id.as_str().into(),
        sealed.apiv2_key.as_str().into(),
        sealed.cert_pem.as_str().into(),
        sealed.key_pem.as_str().into(),
        now.0.into(),
        v3(|v3| &v3.apiv3_key).into(),
        v3(|v3| &v3.pub_key_id).into(),
        v3(|v3| &v3.pub_key_pem).into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}
