//! What a request for a merchant transfer must look like, in the words WeChat refuses it with.
//! It refuses nothing that depends on the world's state: limits, balance and known numbers are looked at elsewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use url::{Host, Url};

use crate::config::Kind as AccountKind;
use crate::pay_v3::Refusal;
use crate::sim::Sim;

/// From this amount on the receiver's name is wanted, in fen.
const NAME_FROM_FEN: i64 = 200_000;
/// Below this amount it must be absent, in fen.
const NO_NAME_BELOW_FEN: i64 = 30;
/// The largest transfer that may look like a red packet, in fen.
const RED_PACKET_MAX_FEN: i64 = 20_000;
/// The smallest transfer, in fen.
const LEAST_FEN: i64 = 10;
/// Every scene WeChat has; this merchant may use the first.
const SCENES: [&str; 8] = ["1000", "1002", "1004", "1005", "1009", "1010", "1011", "1013"];

/// A request as it comes.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>
#[derive(Debug, Deserialize)]
pub(crate) struct Form {
    pub(crate) appid: String,
    pub(crate) out_bill_no: String,
    pub(crate) transfer_scene_id: String,
    pub(crate) openid: String,
    pub(crate) user_name: Option<String>,
    pub(crate) transfer_amount: i64,
    pub(crate) transfer_remark: String,
    pub(crate) notify_url: Option<String>,
    pub(crate) user_recv_perception: Option<String>,
    #[serde(default)]
    transfer_scene_report_infos: Vec<ReportInfo>,
    pub(crate) user_recv_style: Option<Style>,
}

#[derive(Debug, Deserialize)]
struct ReportInfo {
    info_type: String,
    info_content: String,
}

/// How the receiver sees it.
#[derive(Debug, Deserialize)]
pub(crate) struct Style {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

fn within(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count())
}

/// Whether a text is a merchant's number for a bill.
pub(crate) fn number_ok(number: &str) -> bool {
    within(number, 32) && number.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Reads and checks a request.
pub(crate) fn read(sim: &Sim, body: &[u8], key_named: Option<&str>) -> Result<Form, Refusal> {
    let form: Form = serde_json::from_slice(body).map_err(|error| Refusal::param(&format!("参数错误：{error}")))?;
    if !number_ok(&form.out_bill_no) {
        return Err(Refusal::param("商户单号out_bill_no必填，只能由数字、大小写字母组成，最长32个字符"));
    }
    if sim.config.account(&form.appid).is_none_or(|account| account.kind != AccountKind::Service) {
        return Err(Refusal::param("商户号和appid没有绑定关系"));
    }
    if !within(&form.openid, 64) {
        return Err(Refusal::param("收款用户openid必填"));
    }
    if !within(&form.transfer_remark, 32) {
        return Err(Refusal::param("转账备注transfer_remark必填，最多允许32个字符"));
    }
    scene(&form)?;
    amount(&form, sim.limits().transfer_max_fen)?;
    name(sim, &form, key_named)?;
    style(&form)?;
    if form.notify_url.as_deref().is_some_and(|url| !address_ok(url)) {
        return Err(Refusal::param("通知地址notify_url必须为公网可访问的HTTPS地址，且不能携带参数"));
    }
    Ok(form)
}

fn scene(form: &Form) -> Result<(), Refusal> {
    let scene = form.transfer_scene_id.as_str();
    if !SCENES.contains(&scene) {
        return Err(Refusal::param("转账场景ID错误"));
    }
    if scene != SCENES[0] {
        return Err(Refusal::new("NO_AUTH", "当前商户号未开通该转账场景"));
    }
    if form.transfer_scene_report_infos.is_empty() {
        return Err(Refusal::param("需传入转账场景报备信息，请检查"));
    }
    let mut types: Vec<&str> = form.transfer_scene_report_infos.iter().map(|info| info.info_type.as_str()).collect();
    types.sort_unstable();
    let mut wanted = ["活动名称", "奖励说明"];
    wanted.sort_unstable();
    if types != wanted {
        return Err(Refusal::param("转账场景报备信息与转账场景不符，请检查"));
    }
    if form.transfer_scene_report_infos.iter().any(|info| !within(&info.info_content, 32)) {
        return Err(Refusal::param("转账场景报备信息内容info_content必填，最多允许32个字符"));
    }
    match form.user_recv_perception.as_deref() {
        None | Some("活动奖励" | "现金奖励") => Ok(()),
        Some(_) => Err(Refusal::new("INVALID_REQUEST", "暂不支持展示当前传入的用户收款感知")),
    }
}

fn amount(form: &Form, most_fen: i64) -> Result<(), Refusal> {
    if form.transfer_amount <= 0 {
        return Err(Refusal::param("转账金额transfer_amount必须大于0"));
    }
    if (LEAST_FEN..=most_fen).contains(&form.transfer_amount) {
        Ok(())
    } else {
        Err(Refusal::new("INVALID_REQUEST", "超过单笔转账上下限，核实产品设置是否准确"))
    }
}

/// The name is sealed with WeChat Pay's public key, which a header must name. It is not opened here.
fn name(sim: &Sim, form: &Form, key_named: Option<&str>) -> Result<(), Refusal> {
    match &form.user_name {
        None if form.transfer_amount >= NAME_FROM_FEN => {
            Err(Refusal::param("转账金额大于等于2000元时，收款用户姓名user_name必填"))
        }
        None => Ok(()),
        Some(_) if form.transfer_amount < NO_NAME_BELOW_FEN => {
            Err(Refusal::param("转账金额小于0.3元时，不支持校验收款用户姓名"))
        }
        Some(_) if key_named != Some(sim.config.merchant.pub_key_id.as_str()) => {
            Err(Refusal::param("请求头Wechatpay-Serial错误，请使用微信支付公钥加密"))
        }
        Some(sealed) if STANDARD.decode(sealed).is_ok_and(|sealed| sealed.len() == 256) => Ok(()),
        Some(_) => Err(Refusal::param("收款用户姓名user_name解密失败")),
    }
}

fn style(form: &Form) -> Result<(), Refusal> {
    match form.user_recv_style.as_ref().map(|style| style.kind.as_str()) {
        None | Some("CONFIRM_PAGE") => Ok(()),
        Some("RED_PACKET") if form.transfer_amount <= RED_PACKET_MAX_FEN => Ok(()),
        Some("RED_PACKET") => Err(Refusal::param("红包样式转账金额不能超过200元")),
        Some(_) => Err(Refusal::param("用户收款样式user_recv_style错误")),
    }
}

/// An address of the internet over https, without a query. Loopback is this world's internet, and may do without TLS.
fn address_ok(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let public = match url.host() {
        Some(Host::Domain(name)) => name.contains('.') && name != "localhost",
        Some(Host::Ipv4(address)) => !address.is_private() && !address.is_loopback() && !address.is_unspecified(),
        Some(Host::Ipv6(_)) | None => false,
    };
    let bare = url.query().is_none() && url.fragment().is_none() && text.len() <= 255;
    bare && (is_loopback(&url) || (url.scheme() == "https" && public))
}

/// Whether an address is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    here && matches!(url.scheme(), "http" | "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_callbacks_is_public_and_bare() {
        for good in ["https://shop.example.com/notify", "http://127.0.0.1:3000/pay/notify/1/v3", "http://localhost/x"] {
            assert!(address_ok(good), "{good}");
        }
        for bad in [
            "http://shop.example.com/notify",
            "https://shop.example.com/n?a=1",
            "https://10.0.0.1/n",
            "x",
            "https://shop/n",
        ] {
            assert!(!address_ok(bad), "{bad}");
        }
    }

    #[test]
    fn a_number_is_at_most_thirty_two_letters_and_digits() {
        assert!(number_ok(&"a1".repeat(16)));
        assert!(!number_ok(&"a".repeat(33)) && !number_ok("a-1") && !number_ok(""));
    }
}
