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
}

pub async fn by_id(db: &impl ConnectionTrait, mch_id: &MchId) -> Result<Option<SealedMerchant>, Error> {
    let row = row(db, "SELECT * FROM merchants WHERE mch_id = $1", [mch_id.as_str().into()]).await?;
    let Some(r) = row else { return Ok(None) };
    Ok(Some(SealedMerchant {
        apiv2_key: get(&r, "apiv2_key")?,
        cert_pem: get(&r, "cert_pem")?,
        key_pem: get(&r, "key_pem")?,
    }))
}

pub async fn put(tx: &mut Tx, mch_id: &MchId, sealed: &SealedMerchant, now: UnixMs) -> Result<(), Error> {
    let sql = "INSERT INTO merchants (mch_id, apiv2_key, cert_pem, key_pem, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (mch_id) DO UPDATE SET apiv2_key = excluded.apiv2_key, cert_pem = excluded.cert_pem,
            key_pem = excluded.key_pem";
    let values = [
        mch_id.as_str().into(),
        sealed.apiv2_key.as_str().into(),
        sealed.cert_pem.as_str().into(),
        sealed.key_pem.as_str().into(),
        now.0.into(),
    ];
    exec(tx.conn(), sql, values).await?;
    Ok(())
}
