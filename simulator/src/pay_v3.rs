//! The envelope of WeChat Pay v3: the merchant's signature on each request, and WeChat's on each answer, also on errors.
//! It refuses a request that is not signed over exactly the bytes that came, by the merchant, within five minutes.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::answer::{cut, http_500};
use crate::faults::{Kind, On, Strike};
use crate::sim::Sim;

/// A timestamp further away than this is refused, in seconds.
const MOST_APART_SECS: i64 = 300;
const SCHEMA: &str = "WECHATPAY2-SHA256-RSA2048 ";

/// A refused request: WeChat's code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    message: String,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    /// A field outside its rules.
    pub(crate) fn param(message: &str) -> Self {
        Self::new("PARAM_ERROR", message)
    }

    /// No such bill.
    pub(crate) fn not_found() -> Self {
        Self::new("NOT_FOUND", "记录不存在")
    }

    /// The system is busy.
    fn busy() -> Self {
        Self::new("SYSTEM_ERROR", "系统异常，请用相同参数重新调用")
    }

    fn signature(message: &str) -> Self {
        Self::new("SIGN_ERROR", message)
    }

    /// The status that goes with the code.
    fn status(&self) -> StatusCode {
        match self.code.as_str() {
            "SIGN_ERROR" => StatusCode::UNAUTHORIZED,
            "NO_AUTH" | "NOT_ENOUGH" | "USER_ERROR" | "ACCOUNT_ERROR" => StatusCode::FORBIDDEN,
            "NOT_FOUND" | "RESOURCE_NOT_EXISTS" => StatusCode::NOT_FOUND,
            "FREQUENCY_LIMIT_EXCEED" | "FREQUENCY_LIMITED" | "RATELIMIT_EXCEEDED" => StatusCode::TOO_MANY_REQUESTS,
            "SYSTEM_ERROR" | "SYSTEMERROR" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// A request whose signature was verified.
pub(crate) struct Verified {
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// Which key of WeChat's sealed the request's fields.
    pub(crate) key_named: Option<String>,
}

impl FromRequest<Arc<Sim>> for Verified {
    type Rejection = Response;

    async fn from_request(request: Request, sim: &Arc<Sim>) -> Result<Self, Response> {
        let (method, headers) = (request.method().clone(), request.headers().clone());
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let raw_query = request.uri().query().map(str::to_owned);
        let body = Bytes::from_request(request, sim).await.map_err(IntoResponse::into_response)?;
        verify(sim, &method, &path, &headers, &body).map_err(|refusal| answer(sim, Err(refusal)).send(sim))?;
        let key_named = text(&headers, "wechatpay-serial").map(str::to_owned);
        Ok(Self { query: crate::answer::query(raw_query.as_deref()), body, key_named })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The named values of an Authorization header.
fn parts(header: &str) -> Option<BTreeMap<&str, &str>> {
    let values = header.strip_prefix(SCHEMA)?.split(',');
    values.map(|part| part.trim().split_once('=').map(|(name, value)| (name, value.trim_matches('"')))).collect()
}

/// Checks headers and signature.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012365342>
fn verify(sim: &Sim, method: &Method, path: &str, headers: &HeaderMap, body: &Bytes) -> Result<(), Refusal> {
    let accepted = text(headers, "accept").is_some_and(|kinds| kinds.contains("json") || kinds.contains("*/*"));
    if !accepted || text(headers, "user-agent").is_none_or(str::is_empty) {
        return Err(Refusal::param("Http头缺少Accept或User-Agent"));
    }
    if !body.is_empty() && !text(headers, "content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::param("Http头Content-Type必须为application/json"));
    }
    let wrong = || Refusal::signature("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》");
    let parts = text(headers, "authorization").and_then(parts).ok_or_else(wrong)?;
    let part = |name: &str| parts.get(name).copied().filter(|value| !value.is_empty()).ok_or_else(wrong);
    let (mchid, serial, nonce) = (part("mchid")?, part("serial_no")?, part("nonce_str")?);
    let (timestamp, signature) = (part("timestamp")?, part("signature")?);
    if mchid != sim.config.merchant.mch_id {
        return Err(Refusal::signature("商户号不存在"));
    }
    if serial != sim.keys.serial_no {
        return Err(Refusal::signature("商户证书序列号有误"));
    }
    let secs: i64 = timestamp.parse().map_err(|_| wrong())?;
    if (sim.now_ms() / 1000 - secs).abs() > MOST_APART_SECS {
        return Err(Refusal::signature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    let mut message = format!("{method}\n{path}\n{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    if sim.keys.is_merchants(&message, signature) {
        Ok(())
    } else {
        Err(Refusal::signature("签名错误，请检查后再试"))
    }
}

/// An answer before it is signed.
pub(crate) struct Reply {
    status: StatusCode,
    body: String,
}

/// What a call says.
fn answer(sim: &Sim, result: Result<Value, Refusal>) -> Reply {
    match result {
        Ok(value) => Reply { status: StatusCode::OK, body: value.to_string() },
        Err(refusal) => {
            tracing::debug!(code = refusal.code, at = sim.now_ms(), "a v3 call was refused");
            let body = json!({ "code": refusal.code, "message": refusal.message }).to_string();
            Reply { status: refusal.status(), body }
        }
    }
}

/// Headers that prove a body to be WeChat's.
pub(crate) fn signed_headers(sim: &Sim, body: &str) -> Vec<(&'static str, String)> {
    let (timestamp, nonce) = ((sim.now_ms() / 1000).to_string(), sim.word(32));
    let signature = sim.keys.sign(&format!("{timestamp}\n{nonce}\n{body}\n"));
    vec![
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-serial", sim.config.merchant.pub_key_id.clone()),
        ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048".to_owned()),
    ]
}

/// Another signature than WeChat's, of the same shape.
pub(crate) fn forge(headers: &mut [(&'static str, String)]) {
    for (name, value) in headers {
        if *name == "wechatpay-signature" {
            *value = value.chars().rev().filter(|letter| *letter != '=').chain("==".chars()).collect();
        }
    }
}

impl Reply {
    /// The answer as it goes out.
    fn send(self, sim: &Sim) -> Response {
        let headers = signed_headers(sim, &self.body);
        self.with(sim, headers)
    }

    /// The answer under a signature that is not WeChat's.
    fn send_forged(self, sim: &Sim) -> Response {
        let mut headers = signed_headers(sim, &self.body);
        forge(&mut headers);
        self.with(sim, headers)
    }

    /// The answer cut in its middle, as it was signed.
    fn broken(mut self) -> Self {
        let middle = (0..=self.body.len() / 2).rev().find(|at| self.body.is_char_boundary(*at)).unwrap_or(0);
        self.body.truncate(middle);
        self
    }

    fn with(self, sim: &Sim, headers: Vec<(&'static str, String)>) -> Response {
        let mut response = (self.status, self.body).into_response();
        let all = response.headers_mut();
        all.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        let request_id = [("request-id", format!("08{}", hex::encode_upper(sim.bytes::<16>())))];
        for (name, value) in headers.into_iter().chain(request_id) {
            let value = HeaderValue::try_from(value).expect("numbers, base64 and ids are visible ASCII");
            all.insert(HeaderName::from_static(name), value);
        }
        response
    }
}

/// The answer to work that was done, as soon as the disk has it.
async fn kept(sim: &Sim, result: Result<Value, Refusal>) -> Reply {
    let result = if sim.settled().await { result } else { Err(Refusal::busy()) };
    answer(sim, result)
}

/// Does a call's work, with the fault that waits for it, if any.
pub(crate) async fn under_faults(
    sim: &Sim,
    (on, bill_no): (On, &str),
    work: impl FnOnce(Option<&Strike>) -> Result<Value, Refusal>,
) -> Response {
    let Some(strike) = sim.faults.strike_bill(on, bill_no) else { return kept(sim, work(None)).await.send(sim) };
    sim.touch();
    let refuse = |refusal: Refusal| answer(sim, Err(refusal)).send(sim);
    match strike.kind {
        Kind::LostRequest => cut(),
        Kind::Http500 => http_500(),
        Kind::SystemerrorBefore => refuse(Refusal::busy()),
        Kind::Notenough => refuse(Refusal::new("NOT_ENOUGH", "资金不足")),
        Kind::NoAuth => refuse(Refusal::new("NO_AUTH", "商户无此接口权限")),
        Kind::NotFound | Kind::NotFoundAsSystemerror => refuse(Refusal::not_found()),
        Kind::ErrCode => refuse(Refusal::new(&strike.code, &strike.code)),
        Kind::Delay => {
            let reply = kept(sim, work(None)).await;
            strike.wait().await;
            reply.send(sim)
        }
        Kind::DelayBefore => {
            strike.wait().await;
            kept(sim, work(None)).await.send(sim)
        }
        Kind::LostAnswer => {
            kept(sim, work(Some(&strike))).await;
            cut()
        }
        Kind::BrokenJson | Kind::BrokenXml => kept(sim, work(Some(&strike))).await.broken().send(sim),
        Kind::BadSignature => kept(sim, work(Some(&strike))).await.send_forged(sim),
        // Work that was refused is refused; only work that was done is answered with "busy".
        Kind::SystemerrorAfter => kept(sim, work(Some(&strike)).and(Err(Refusal::busy()))).await.send(sim),
        Kind::Accepted
        | Kind::Processing
        | Kind::Failed
        | Kind::Signtest
        | Kind::Late
        | Kind::OutOfOrder
        | Kind::Duplicate
        | Kind::Unclear
        | Kind::Random => kept(sim, work(Some(&strike))).await.send(sim),
    }
}

/// `GET /v3/certificates`: a merchant that verifies with a public key has no platform certificates.
pub(crate) async fn certificates(Shared(sim): Shared<Arc<Sim>>, _verified: Verified) -> Response {
    let message = "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥";
    answer(&sim, Err(Refusal::new("RESOURCE_NOT_EXISTS", message))).send(&sim)
}

/// Everything else of v3.
pub(crate) fn unknown(sim: &Sim) -> Response {
    answer(sim, Err(Refusal::new("RESOURCE_NOT_EXISTS", "请求的资源不存在"))).send(sim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authorization_is_read_in_any_order() {
        let header = "WECHATPAY2-SHA256-RSA2048 signature=\"a=b/c==\", mchid=\"1\",nonce_str=\"n\"";
        let parts = parts(header).unwrap();
        assert_eq!((parts["mchid"], parts["signature"], parts["nonce_str"]), ("1", "a=b/c==", "n"));
        assert!(super::parts("Bearer x").is_none());
        assert!(super::parts("WECHATPAY2-SHA256-RSA2048 nonsense").is_none());
    }
}
