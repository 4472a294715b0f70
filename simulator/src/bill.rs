//! How a merchant gets its fund-flow bill: in one step by v2, or by v3 with an address and a hash first.
//! It refuses the bill of a day that is not over, and of one on which no money moved.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State as Shared};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use ring::hmac;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};

use crate::answer::Answer;
use crate::clock::beijing_day;
use crate::faults::{Kind, On};
use crate::fundflow::csv;
use crate::listen::ClientCertificate;
use crate::pay_v2::{self, Failure, Fields};
use crate::pay_v3::{Refusal, Verified, under_faults};
use crate::sim::Sim;

type World = Shared<Arc<Sim>>;

/// The number of a Beijing day from its date.
pub(crate) fn day(date: &str, format: &str) -> Option<i64> {
    let date = NaiveDate::parse_from_str(date, format).ok()?;
    Some(date.signed_duration_since(NaiveDate::default()).num_days())
}

/// The bill of a day as a file.
pub(crate) fn file(sim: &Sim, day: i64) -> Option<String> {
    let start_fen = sim.limits().balance_fen;
    sim.read(|state| csv(state, &sim.config.merchant.mch_id, start_fen, day))
}

/// The bill of a day that is over.
fn past(sim: &Sim, day: i64) -> Option<String> {
    file(sim, day).filter(|_| day < beijing_day(sim.now_ms()))
}

/// `GET /v3/bill/fundflowbill`
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013071238>
pub(crate) async fn apply(Shared(sim): World, request: Verified) -> Response {
    under_faults(&sim, (On::Fundflow, ""), |_| applied(&sim, &request)).await
}

fn applied(sim: &Sim, request: &Verified) -> Result<Value, Refusal> {
    let value = |name: &str| request.query.get(name).map_or("", String::as_str);
    if !matches!(value("account_type"), "" | "BASIC") {
        return Err(Refusal::param("资金账户类型account_type错误"));
    }
    if !value("tar_type").is_empty() {
        return Err(Refusal::param("不支持的压缩类型tar_type"));
    }
    let day = day(value("bill_date"), "%Y-%m-%d").ok_or_else(|| Refusal::param("账单日期bill_date格式错误"))?;
    let file = past(sim, day).ok_or_else(|| Refusal::new("NO_STATEMENT_EXIST", "请求的账单文件不存在"))?;
    Ok(json!({
        "hash_type": "SHA1", "hash_value": hex::encode(Sha1::digest(file.as_bytes())),
        "download_url": format!("{}/v3/billdownload/file?token={}", sim.places.pay_url, token(sim, day)),
    }))
}

/// A word that only this merchant's request for this day leads to.
fn token(sim: &Sim, day: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, sim.config.merchant.apiv2_key.as_bytes());
    format!("{}{day}", hex::encode(hmac::sign(&key, day.to_string().as_bytes())))
}

/// `GET /v3/billdownload/file`: the file itself, the one answer of v3 that carries no signature.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013071238>
pub(crate) async fn download(Shared(sim): World, request: Verified) -> Response {
    let given = request.query.get("token").map_or("", String::as_str);
    let day = given.get(64..).and_then(|day| day.parse().ok()).filter(|day| token(&sim, *day) == given);
    match day.and_then(|day| past(&sim, day)) {
        Some(file) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], file).into_response(),
        None => (StatusCode::BAD_REQUEST, "{\"code\":\"INVALID_REQUEST\",\"message\":\"token失效\"}").into_response(),
    }
}

/// `POST /pay/downloadfundflow`: the file, or an error as XML.
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011983281>
pub(crate) async fn download_v2(
    Shared(sim): World,
    Extension(certificate): Extension<ClientCertificate>,
    method: Method,
    body: Bytes,
) -> Response {
    let fields = match pay_v2::read(&method, certificate, &body) {
        Ok(fields) => fields,
        Err(failure) => return pay_v2::compose(Err(failure), &Fields::new()).send(),
    };
    let strike = sim.faults.strike(On::Fundflow);
    let spoilt = match strike.as_ref().map(|strike| (strike.kind, strike)) {
        Some((Kind::LostRequest | Kind::LostAnswer, _)) => return crate::answer::cut(),
        Some((Kind::Http500, _)) => return crate::answer::http_500(),
        Some((Kind::SystemerrorBefore, _)) => Some(Failure::business("SYSTEMERROR", "下载失败，请尝试再次查询")),
        Some((Kind::ErrCode, strike)) => Some(Failure::business(&strike.code, &strike.code)),
        Some((Kind::Delay | Kind::DelayBefore, strike)) => {
            strike.wait().await;
            None
        }
        Some(_) | None => None,
    };
    let result = spoilt.map_or_else(|| asked_v2(&sim, &fields), Err);
    match result {
        Ok(file) => Answer::ok(crate::answer::XML, file).send(),
        Err(failure) => pay_v2::compose(Err(failure), &fields).send(),
    }
}

fn asked_v2(sim: &Sim, fields: &Fields) -> Result<String, Failure> {
    let value = |name: &str| fields.get(name).map_or("", String::as_str);
    if value("sign_type") != "HMAC-SHA256" {
        return Err(Failure::bad("SIGN_ERROR", "签名类型错误，目前仅支持HMAC-SHA256"));
    }
    let key = &sim.config.merchant.apiv2_key;
    let signer = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let right = hmac::sign(&signer, pay_v2::text_to_sign(fields.iter(), key).as_bytes());
    if value("sign") != hex::encode_upper(right) {
        return Err(Failure::bad("SIGN_ERROR", "签名错误"));
    }
    if value("mch_id") != sim.config.merchant.mch_id || sim.config.account(value("appid")).is_none() {
        return Err(Failure::param("商户号和appid不匹配"));
    }
    if value("account_type") != "Basic" {
        return Err(Failure::param("资金账户类型错误"));
    }
    let day = day(value("bill_date"), "%Y%m%d").ok_or_else(|| Failure::param("无效的对账单日期"))?;
    past(sim, day).ok_or_else(|| Failure::business("NO_BILL_EXIST", "账单不存在"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_day_the_clock_counts() {
        assert_eq!(day("1970-01-02", "%Y-%m-%d"), Some(beijing_day(16 * 3_600_000)));
        assert_eq!(day("19700101", "%Y%m%d"), Some(0));
        assert_eq!(day("nonsense", "%Y%m%d"), None);
    }
}
