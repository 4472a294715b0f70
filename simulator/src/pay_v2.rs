//! The envelope of WeChat Pay v2: certificate, XML, signature, and the three levels of an answer.
//! It refuses a call without the merchant's certificate, and signs nothing here: these answers carry no `sign` in practice.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State as Shared};
use axum::http::{Method, Uri};
use axum::response::Response;
use md5::{Digest, Md5};

use crate::answer::{Answer, XML, cut, http_500};
use crate::faults::{Kind, On, Strike};
use crate::listen::ClientCertificate;
use crate::pay_v3;
use crate::redpack;
use crate::sim::Sim;
use crate::xml::{answer, flat};

/// The fields of a request.
pub(crate) type Fields = BTreeMap<String, String>;

/// Fields of an answer, in WeChat's order.
pub(crate) type Said = Vec<(&'static str, String)>;

/// What a query says about a number it does not know.
const NO_SUCH_BILL: &str = "指定单号数据不存在";

/// A failed answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// False: the request itself was bad (`return_code` FAIL).
    pub(crate) understood: bool,
    pub(crate) code: String,
    pub(crate) des: String,
}

impl Failure {
    /// The request itself is bad: transport, signature or format.
    pub(crate) fn bad(code: &str, des: &str) -> Self {
        Self { understood: false, code: code.to_owned(), des: des.to_owned() }
    }

    /// The request is fine, the business is not.
    pub(crate) fn business(code: &str, des: &str) -> Self {
        Self { understood: true, code: code.to_owned(), des: des.to_owned() }
    }

    /// The call came without the merchant's certificate, or with a stranger's.
    fn no_certificate() -> Self {
        Self::bad("CA_ERROR", "CA证书出错，请登录微信支付商户平台下载证书")
    }

    /// The query knows no such number.
    pub(crate) fn not_found() -> Self {
        Self::business("NOT_FOUND", NO_SUCH_BILL)
    }

    /// Parameters outside their rules.
    pub(crate) fn param(des: &str) -> Self {
        Self::bad("PARAM_ERROR", des)
    }
}

/// The v2 signature with MD5: sorted non-empty fields except `sign`, then the key; upper-case hex.
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011985891>
pub(crate) fn sign<'a>(fields: impl Iterator<Item = (&'a String, &'a String)>, key: &str) -> String {
    hex::encode_upper(Md5::digest(text_to_sign(fields, key).as_bytes()))
}

/// What a v2 signature covers.
pub(crate) fn text_to_sign<'a>(fields: impl Iterator<Item = (&'a String, &'a String)>, key: &str) -> String {
    let mut text = String::new();
    for (name, value) in fields.filter(|(name, value)| *name != "sign" && !value.is_empty()) {
        text.push_str(&format!("{name}={value}&"));
    }
    text.push_str(&format!("key={key}"));
    text
}

/// Checks the signature over the fields that belong to this call; a foreign field that was signed breaks it.
pub(crate) fn signed(fields: &Fields, known: &[&str], key: &str) -> Result<(), Failure> {
    let own = fields.iter().filter(|(name, _)| known.contains(&name.as_str()));
    let right = sign(own, key);
    let given = fields.get("sign").map_or("", String::as_str);
    if given == right { Ok(()) } else { Err(Failure::bad("SIGN_ERROR", "签名错误")) }
}

/// The answer's XML: a success in its fields, or a failure with what the request was about.
pub(crate) fn compose(result: Result<Said, Failure>, fields: &Fields) -> Answer {
    let said = match result {
        Ok(said) => said,
        Err(failure) => {
            let understood = if failure.understood { "SUCCESS" } else { "FAIL" };
            let mut said: Said = vec![
                ("return_code", understood.to_owned()),
                ("return_msg", failure.des.clone()),
                ("result_code", "FAIL".to_owned()),
                ("err_code", failure.code),
                ("err_code_des", failure.des),
            ];
            for name in ["mch_billno", "mch_id", "wxappid", "re_openid", "total_amount"] {
                said.extend(fields.get(name).map(|value| (name, value.clone())));
            }
            said
        }
    };
    Answer::ok(XML, answer(&said))
}

/// Reads the request; `None` stands for a missing certificate.
pub(crate) fn read(method: &Method, certificate: ClientCertificate, body: &[u8]) -> Result<Fields, Failure> {
    if certificate != ClientCertificate::Shown {
        return Err(Failure::no_certificate());
    }
    if method != Method::POST {
        return Err(Failure::bad("REQUIRE_POST_METHOD", "请使用post方法"));
    }
    if body.is_empty() {
        return Err(Failure::bad("XML_ERROR", "输入xml参数格式错误"));
    }
    flat(body).map_err(|_| Failure::bad("XML_ERROR", "输入xml参数格式错误"))
}

/// `POST /mmpaymkttransfers/sendredpack`
/// <https://pay.weixin.qq.com/doc/v2/merchant/4011974053>
pub(crate) async fn sendredpack(
    Shared(sim): Shared<Arc<Sim>>,
    Extension(certificate): Extension<ClientCertificate>,
    method: Method,
    body: Bytes,
) -> Response {
    let fields = match read(&method, certificate, &body) {
        Ok(fields) => fields,
        Err(failure) => return compose(Err(failure), &Fields::new()).send(),
    };
    under_faults(&sim, On::Sendredpack, &fields, |strike| redpack::send(&sim, &fields, strike)).await
}

/// `POST /mmpaymkttransfers/gethbinfo`
/// <https://pay.weixin.qq.com/doc/v2/partner/4011983160>
pub(crate) async fn gethbinfo(
    Shared(sim): Shared<Arc<Sim>>,
    Extension(certificate): Extension<ClientCertificate>,
    method: Method,
    body: Bytes,
) -> Response {
    let fields = match read(&method, certificate, &body) {
        Ok(fields) => fields,
        Err(failure) => return compose(Err(failure), &Fields::new()).send(),
    };
    under_faults(&sim, On::Gethbinfo, &fields, |strike| redpack::query(&sim, &fields, strike)).await
}

/// Everything else below the paths that want a certificate.
pub(crate) async fn closed(Extension(certificate): Extension<ClientCertificate>) -> Response {
    let failure = match certificate {
        ClientCertificate::Absent | ClientCertificate::Wrong => Failure::no_certificate(),
        ClientCertificate::Shown => Failure::business("NO_AUTH", "此请求可能存在风险，已被微信拦截或产品未开通"),
    };
    compose(Err(failure), &Fields::new()).send()
}

/// A path that no call has: JSON with an HTTP status below `/v3`, as API v3 answers, and XML elsewhere.
pub(crate) async fn unknown(Shared(sim): Shared<Arc<Sim>>, uri: Uri) -> Response {
    if uri.path().starts_with("/v3/") {
        return pay_v3::unknown(&sim);
    }
    compose(Err(Failure::bad("NO_AUTH", "接口不存在或产品未开通")), &Fields::new()).send()
}

/// "Accepted, ask later": what WeChat says when it does not know either.
fn busy() -> Failure {
    Failure::business("SYSTEMERROR", "请求已受理，请稍后使用原单号查询发放结果")
}

/// The answer to work that was done. Nothing is said about money, not even by silence, before the disk has it.
async fn kept(sim: &Sim, fields: &Fields, result: Result<Said, Failure>) -> Answer {
    let result = if sim.settled().await { result } else { Err(busy()) };
    compose(result, fields)
}

/// Does a call's work, with the fault that waits for it, if any.
async fn under_faults(
    sim: &Sim,
    on: On,
    fields: &Fields,
    work: impl FnOnce(Option<&Strike>) -> Result<Said, Failure>,
) -> Response {
    let bill_no = fields.get("mch_billno").map_or("", String::as_str);
    let Some(strike) = sim.faults.strike_bill(on, bill_no) else { return kept(sim, fields, work(None)).await.send() };
    sim.touch();
    let refuse = |failure: Failure| compose(Err(failure), fields).send();
    match strike.kind {
        Kind::LostRequest => cut(),
        Kind::Http500 => http_500(),
        Kind::SystemerrorBefore => refuse(busy()),
        Kind::Notenough => refuse(Failure::business("NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试")),
        Kind::NoAuth => refuse(Failure::business("NO_AUTH", "发放失败，此请求可能存在风险，已被微信拦截")),
        Kind::NotFound => refuse(Failure::not_found()),
        // The failure sample of the official page, which contradicts that page's own table of codes.
        Kind::NotFoundAsSystemerror => refuse(Failure::bad("SYSTEMERROR", NO_SUCH_BILL)),
        Kind::ErrCode => refuse(Failure::business(&strike.code, &strike.code)),
        Kind::Delay => {
            let answer = kept(sim, fields, work(None)).await;
            strike.wait().await;
            answer.send()
        }
        Kind::DelayBefore => {
            strike.wait().await;
            kept(sim, fields, work(None)).await.send()
        }
        Kind::LostAnswer => {
            kept(sim, fields, work(Some(&strike))).await;
            cut()
        }
        Kind::BrokenXml => kept(sim, fields, work(Some(&strike))).await.broken().send(),
        // Work that was refused is refused; only work that was done is answered with "busy".
        Kind::SystemerrorAfter => kept(sim, fields, work(Some(&strike)).and(Err(busy()))).await.send(),
        Kind::Processing
        | Kind::Failed
        | Kind::Accepted
        | Kind::BrokenJson
        | Kind::BadSignature
        | Kind::Signtest
        | Kind::Late
        | Kind::OutOfOrder
        | Kind::Duplicate
        | Kind::Unclear
        | Kind::Random => kept(sim, fields, work(Some(&strike))).await.send(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

    fn fields(text: &str) -> Fields {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn the_official_sample_is_signed_as_printed() {
        let text = "appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA";
        assert_eq!(sign(fields(text).iter(), KEY), "9A0A8659F005D6984697E2CA0A9CF3B7");
    }

    #[test]
    fn a_red_packet_is_signed_over_chinese_text_as_it_is() {
        let text = "act_name=抽奖&client_ip=192.0.2.10&mch_billno=1000009820260101000000000001&mch_id=10000098&nonce_str=5K8264ILTKCH16CQ2502SI8ZNMTM67VS&re_openid=oxTWIuGaIt6gTKsQRLau2M0yL16E&remark=感谢参与&scene_id=PRODUCT_2&send_name=Shop&total_amount=100&total_num=1&wishing=恭喜发财&wxappid=wx8888888888888888";
        assert_eq!(sign(fields(text).iter(), KEY), "603BAD41FF1FB932D367A44755EAD442");
    }

    #[test]
    fn a_signed_foreign_field_breaks_the_signature() {
        let mut request = fields("mch_id=1&nonce_str=n");
        request.insert("sign".into(), sign(request.iter(), KEY));
        assert!(signed(&request, &["mch_id", "nonce_str"], KEY).is_ok());
        request.insert("sign_type".into(), "MD5".into());
        request.insert("sign".into(), sign(request.iter(), KEY));
        assert_eq!(signed(&request, &["mch_id", "nonce_str"], KEY).unwrap_err().code, "SIGN_ERROR");
    }
}
