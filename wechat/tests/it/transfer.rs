//! Transfers: what is frozen, and what every answer proves.
//! The table of answers is the contract with money: a line that changes here changes who is paid twice.

use crate::servers::serve;
use crate::sign_v3::{NOW, PUBLIC_KEY_ID, SERIAL, keys, merchant, signed_by_wechat};
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use wechat::pay::err_code::Reaction;
use wechat::pay::redpack::Invalid;
use wechat::pay::sign_v3::{PROBE, Request as SignedRequest, Signed};
use wechat::pay::transfer::{
    BillState, Code, FailReason, Fault, Ours, Outcome, ReportInfo, Transfer, TransferAnswer, UserRecvStyle,
};
use wechat::pay::{PayClientV3, Stamp};

const BILL: &str = "LB261120ABCDEFGHJKLMNPQRST23";
const PATH: &str = "/v3/fund-app/mch-transfer/transfer-bills";
const STAMP: Stamp<'static> = Stamp { now_secs: NOW, nonce_str: "593BEC0C930BF1AFEB40B4A08C8FB242" };
const OURS: Ours<'static> = Ours {
    out_bill_no: BILL,
    mch_id: "1900000109",
    appid: "wx8888888888888888",
    openid: "oxTWIuGaIt6gTKsQRLau2M0yL16E",
    transfer_amount: 123,
};

fn info(info_type: &str, info_content: &str) -> ReportInfo {
    ReportInfo { info_type: info_type.into(), info_content: info_content.into() }
}

fn transfer() -> Transfer {
    Transfer {
        appid: OURS.appid.into(),
        out_bill_no: BILL.into(),
        transfer_scene_id: "1000".into(),
        openid: OURS.openid.into(),
        transfer_amount: 123,
        transfer_remark: "新店开业".into(),
        notify_url: Some("https://a.example/pay/notify/1900000109/v3".into()),
        user_recv_perception: Some("活动奖励".into()),
        transfer_scene_report_infos: vec![info("活动名称", "新店开业"), info("奖励说明", "关注有礼")],
        user_recv_style: Some(UserRecvStyle::RedPacket),
    }
}

/// What a server was asked.
#[derive(Clone)]
struct Asked {
    method: Method,
    path: String,
    headers: HeaderMap,
    body: String,
}

/// An answer, and how it is signed.
#[derive(Clone)]
struct Answer {
    status: u16,
    body: String,
    signed: Option<Signed>,
}

fn signed(status: u16, body: &Value) -> Answer {
    let body = body.to_string();
    Answer { status, signed: Some(signed_by_wechat(&body, NOW)), body }
}

/// A client and a server that gives one answer; what it was asked is kept.
async fn paying(answer: Answer) -> (PayClientV3, Arc<Mutex<Vec<Asked>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let handler = move |request: Request| {
        let (kept, answer) = (Arc::clone(&kept), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let body = String::from_utf8(body.to_vec()).unwrap();
            let asked = Asked { method: parts.method, path: parts.uri.to_string(), headers: parts.headers, body };
            kept.lock().unwrap().push(asked);
            let mut headers = HeaderMap::new();
            if let Some(signed) = &answer.signed {
                headers.insert("wechatpay-timestamp", signed.timestamp.parse().unwrap());
                headers.insert("wechatpay-nonce", signed.nonce.parse().unwrap());
                headers.insert("wechatpay-signature", signed.signature.parse().unwrap());
                headers.insert("wechatpay-serial", signed.serial.parse().unwrap());
            }
            (StatusCode::from_u16(answer.status).unwrap(), headers, answer.body)
        }
    };
    let base = serve(Router::new().fallback(handler)).await;
    (PayClientV3::new(base, merchant(), keys(), None).unwrap(), seen)
}

fn bill(state: &str) -> Value {
    json!({
        "out_bill_no": BILL,
        "transfer_bill_no": "1330000071100999991182020050700019480001",
        "create_time": "2026-11-20T10:34:56+08:00",
        "state": state
    })
}

async fn started(answer: Answer) -> Outcome {
    let (client, seen) = paying(answer).await;
    let frozen = transfer().request_json().unwrap();
    let outcome = client.start_transfer(&frozen, STAMP).await;
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "one request");
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", PATH));
    assert_eq!(seen[0].body, frozen, "byte for byte");
    outcome
}

async fn started_with(state: &str, more: Value) -> Outcome {
    let mut answer = bill(state);
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    started(signed(200, &answer)).await
}

#[test]
fn a_transfer_is_frozen_as_the_page_shows_it() {
    let expected = r#"{"appid":"wx8888888888888888","out_bill_no":"LB261120ABCDEFGHJKLMNPQRST23","transfer_scene_id":"1000","openid":"oxTWIuGaIt6gTKsQRLau2M0yL16E","transfer_amount":123,"transfer_remark":"新店开业","notify_url":"https://a.example/pay/notify/1900000109/v3","user_recv_perception":"活动奖励","transfer_scene_report_infos":[{"info_type":"活动名称","info_content":"新店开业"},{"info_type":"奖励说明","info_content":"关注有礼"}],"user_recv_style":{"type":"RED_PACKET"}}"#;
    assert_eq!(transfer().request_json().unwrap(), expected);
    let plain = Transfer { notify_url: None, user_recv_perception: None, user_recv_style: None, ..transfer() };
    let frozen = plain.request_json().unwrap();
    assert!(!frozen.contains("null") && !frozen.contains("user_recv"), "{frozen}");
    let page = Transfer { user_recv_style: Some(UserRecvStyle::ConfirmPage), ..transfer() };
    assert!(page.request_json().unwrap().ends_with(r#""user_recv_style":{"type":"CONFIRM_PAGE"}}"#));
}

#[test]
fn a_transfer_that_would_be_refused_is_not_frozen() {
    let check = |change: fn(&mut Transfer)| {
        let mut transfer = transfer();
        change(&mut transfer);
        transfer.request_json().map(drop).map_err(|Invalid { field, .. }| field)
    };
    assert_eq!(check(|t| t.out_bill_no = "1".repeat(33)), Err("out_bill_no"));
    assert_eq!(check(|t| t.out_bill_no = "LB-1".into()), Err("out_bill_no"));
    assert_eq!(check(|t| t.appid.clear()), Err("appid"));
    assert_eq!(check(|t| t.openid = "o<x>".into()), Err("openid"));
    assert_eq!(check(|t| t.transfer_remark = "字".repeat(33)), Err("transfer_remark"));
    assert_eq!(check(|t| t.transfer_remark = "字".repeat(32)), Ok(()));
    assert_eq!(check(|t| t.transfer_amount = 9), Err("transfer_amount"));
    assert_eq!(check(|t| t.transfer_amount = -123), Err("transfer_amount"));
    assert_eq!(check(|t| t.transfer_amount = 10), Ok(()));
    assert_eq!(check(|t| t.transfer_amount = 20_000), Ok(()));
    assert_eq!(check(|t| t.transfer_amount = 20_001), Err("transfer_amount"), "too much for a red packet");
    let by_page = |amount| {
        let user_recv_style = Some(UserRecvStyle::ConfirmPage);
        Transfer { transfer_amount: amount, user_recv_style, ..transfer() }.request_json().map(drop)
    };
    assert_eq!(by_page(199_999), Ok(()));
    assert_eq!(by_page(200_000).unwrap_err().field, "transfer_amount");
    assert_eq!(check(|t| t.transfer_scene_report_infos.clear()), Err("transfer_scene_report_infos"));
    assert_eq!(check(|t| drop(t.transfer_scene_report_infos.pop())), Err("transfer_scene_report_infos"));
    assert_eq!(check(|t| t.transfer_scene_report_infos.reverse()), Err("transfer_scene_report_infos"));
    assert_eq!(check(|t| t.transfer_scene_report_infos[1].info_content = "字".repeat(33)), Err("info_content"));
    assert_eq!(check(|t| t.transfer_scene_report_infos[0].info_type = "字".repeat(16)), Err("info_type"));
    assert_eq!(check(|t| t.user_recv_perception = Some("工资".into())), Err("user_recv_perception"));
    assert_eq!(check(|t| t.notify_url = Some("http://a.example/x".into())), Err("notify_url"));
    assert_eq!(check(|t| t.notify_url = Some("https://a.example/x?y=1".into())), Err("notify_url"));
    assert_eq!(check(|t| t.notify_url = Some("http://127.0.0.1:3000/x".into())), Ok(()));
    assert_eq!(check(|t| t.notify_url = Some("x".into())), Err("notify_url"));
}

#[tokio::test]
async fn a_request_carries_its_signature_and_names_the_key_for_the_answer() {
    let (client, seen) = paying(signed(200, &bill("ACCEPTED"))).await;
    let frozen = transfer().request_json().unwrap();
    client.start_transfer(&frozen, STAMP).await;
    let asked = seen.lock().unwrap().pop().unwrap();
    let said = |name: &str| asked.headers[name].to_str().unwrap();
    let signed = SignedRequest { method: "POST", path: PATH, body: &frozen };
    assert_eq!(said("authorization"), merchant().authorization(&signed, STAMP.nonce_str, NOW));
    assert!(said("authorization").contains(SERIAL));
    assert_eq!(said("wechatpay-serial"), PUBLIC_KEY_ID);
    assert_eq!((said("accept"), said("content-type")), ("application/json", "application/json"));
    assert!(said("user-agent").starts_with("lingbao/"));
}

#[tokio::test]
async fn every_state_of_the_table_has_its_end() {
    let transfer_bill_no = Some("1330000071100999991182020050700019480001".to_owned());
    for state in ["ACCEPTED", "PROCESSING", "TRANSFERING", "CANCELING", "WAIT_USER_CONFIRM"] {
        let sent = Outcome::Sent { transfer_bill_no: transfer_bill_no.clone() };
        assert_eq!(started_with(state, json!({})).await, sent, "{state}");
    }
    let waiting = started_with("WAIT_USER_CONFIRM", json!({ "package_info": "affffddafdfafddffda==" })).await;
    let package_info = "affffddafdfafddffda==".to_owned();
    assert_eq!(waiting, Outcome::Waiting { transfer_bill_no: transfer_bill_no.clone(), package_info });
    assert_eq!(started_with("SUCCESS", json!({})).await, Outcome::Success { transfer_bill_no });
    let ended = |reason: &str, fault| Outcome::Ended { reason: reason.into(), fault };
    let failed = started_with("FAIL", json!({ "fail_reason": "OVERDUE_CLOSE" })).await;
    assert_eq!(failed, ended("OVERDUE_CLOSE", Fault::Expired));
    assert_eq!(started_with("FAIL", json!({})).await, ended("", Fault::Unsaid));
    assert_eq!(started_with("CANCELLED", json!({})).await, ended("CANCELLED", Fault::Cancelled));
    assert!(matches!(started_with("CANCELED", json!({})).await, Outcome::Unknown { .. }), "it has two L");
    assert!(matches!(started_with("TRANSFERRING", json!({})).await, Outcome::Unknown { .. }), "it has one R");
}

#[tokio::test]
async fn an_answer_about_another_bill_is_unknown() {
    for (name, value) in [
        ("out_bill_no", json!("LB2")),
        ("openid", json!("oSomebodyElse")),
        ("appid", json!("wx1")),
        ("mch_id", json!("1")),
        ("transfer_amount", json!(124)),
    ] {
        let outcome = started_with("SUCCESS", json!({ name: value })).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{name}");
    }
}

#[tokio::test]
async fn a_yes_that_wechat_did_not_sign_is_unknown() {
    let whole = signed(200, &bill("SUCCESS"));
    let genuine = whole.signed.clone().unwrap();
    for forged in [
        None,
        Some(Signed { signature: "AAAA".into(), ..genuine.clone() }),
        Some(Signed { signature: format!("{PROBE}AAAA"), ..genuine.clone() }),
        Some(Signed { serial: "PUB_KEY_ID_2".into(), ..genuine.clone() }),
        Some(signed_by_wechat(&whole.body, NOW - 300)),
        Some(signed_by_wechat("{}", NOW)),
    ] {
        let answer = Answer { signed: forged.clone(), ..whole.clone() };
        assert!(matches!(started(answer).await, Outcome::Unknown { .. }), "{forged:?}");
    }
}

#[tokio::test]
async fn every_code_of_the_table_has_its_end() {
    for code in Code::ALL {
        let body = json!({ "code": code.as_str(), "message": "some words" });
        let unsigned = Answer { status: 403, body: body.to_string(), signed: None };
        for answer in [signed(400, &body), unsigned] {
            match started(answer).await {
                Outcome::Refused { code: said, message } => {
                    assert!(code.means_not_sent());
                    assert_eq!((said, message.as_str()), (*code, "some words"));
                }
                Outcome::Unknown { code: said, .. } => {
                    assert!(!code.means_not_sent(), "{code}");
                    assert_eq!(said.as_deref(), Some(code.as_str()));
                }
                other => panic!("{code}: {other:?}"),
            }
        }
        let gateway = signed(500, &body);
        assert!(matches!(started(gateway).await, Outcome::Unknown { .. }), "{code} under HTTP 500");
        let forged = Answer { signed: Some(signed_by_wechat("{}", NOW)), ..signed(400, &body) };
        assert!(matches!(started(forged).await, Outcome::Unknown { code: None, .. }), "{code} forged");
    }
    let doubtful: Vec<_> = Code::ALL.iter().filter(|code| !code.means_not_sent()).map(|code| code.as_str()).collect();
    assert_eq!(doubtful, ["INVALID_REQUEST", "NOT_FOUND", "RESOURCE_NOT_EXISTS", "SYSTEM_ERROR"]);
    assert!(Code::ALL.iter().all(|code| code.reaction() != Reaction::NewNumberAllowed), "no code proves an end");
}

#[tokio::test]
async fn what_is_no_answer_of_the_page_is_unknown() {
    let unsigned = |status, body: &str| Answer { status, body: body.into(), signed: None };
    let answers = [
        signed(400, &json!({ "code": "SOMETHING_NEW", "message": "x" })),
        signed(200, &json!({ "code": "PARAM_ERROR", "message": "x" })),
        signed(202, &bill("SUCCESS")),
        signed(204, &json!({})),
        signed(302, &bill("SUCCESS")),
        signed(200, &json!([])),
        unsigned(502, "<html>Bad Gateway</html>"),
        unsigned(400, ""),
        unsigned(200, ""),
    ];
    for answer in answers {
        let (status, body) = (answer.status, answer.body.clone());
        assert!(matches!(started(answer).await, Outcome::Unknown { .. }), "{status} {body}");
    }
    let closed = "http://127.0.0.1:1".parse().unwrap();
    let client = PayClientV3::new(closed, merchant(), keys(), None).unwrap();
    let frozen = transfer().request_json().unwrap();
    assert!(matches!(client.start_transfer(&frozen, STAMP).await, Outcome::Unknown { code: None, .. }));
    assert!(matches!(client.start_transfer("not ours", STAMP).await, Outcome::Unknown { .. }));
    assert!(PayClientV3::new("http://a".parse().unwrap(), merchant(), keys(), Some(b"nothing")).is_err());
}

async fn asked(answer: Answer) -> TransferAnswer {
    let (client, seen) = paying(answer).await;
    let told = client.query_transfer(&OURS, STAMP).await;
    let asked = seen.lock().unwrap().pop().unwrap();
    assert_eq!((asked.method.as_str(), asked.body.as_str()), ("GET", ""));
    assert_eq!(asked.path, format!("{PATH}/out-bill-no/{BILL}"));
    let signed = SignedRequest { method: "GET", path: &asked.path, body: "" };
    assert_eq!(asked.headers["authorization"], merchant().authorization(&signed, STAMP.nonce_str, NOW));
    told
}

fn found(state: &str) -> Value {
    let mut found = bill(state);
    found["mch_id"] = OURS.mch_id.into();
    found["appid"] = OURS.appid.into();
    found["openid"] = OURS.openid.into();
    found["transfer_amount"] = OURS.transfer_amount.into();
    found
}

#[tokio::test]
async fn a_bill_that_is_found_tells_its_state_if_it_is_ours() {
    let TransferAnswer::Found(bill) = asked(signed(200, &found("SUCCESS"))).await else { panic!("not found") };
    assert_eq!((bill.state, bill.transfer_amount), (BillState::Success, Some(123)));
    let mut other = found("SUCCESS");
    other["transfer_amount"] = 124.into();
    assert_eq!(asked(signed(200, &other)).await, TransferAnswer::Differs { field: "transfer_amount" });
    let unsigned = Answer { signed: None, ..signed(200, &found("SUCCESS")) };
    assert!(matches!(asked(unsigned).await, TransferAnswer::Unknown { .. }));
}

#[tokio::test]
async fn not_found_is_only_what_says_so_and_never_a_failure() {
    let no = |status, code: &str| signed(status, &json!({ "code": code, "message": "记录不存在" }));
    assert_eq!(asked(no(404, "NOT_FOUND")).await, TransferAnswer::NotFound);
    assert_eq!(asked(no(404, "RESOURCE_NOT_EXISTS")).await, TransferAnswer::NotFound);
    for doubtful in [
        no(500, "NOT_FOUND"),
        no(429, "FREQUENCY_LIMITED"),
        no(400, "PARAM_ERROR"),
        Answer { status: 404, body: "no such page".into(), signed: None },
        Answer { signed: Some(signed_by_wechat("{}", NOW)), ..no(404, "NOT_FOUND") },
    ] {
        let body = doubtful.body.clone();
        assert!(matches!(asked(doubtful).await, TransferAnswer::Unknown { .. }), "{body}");
    }
}

#[tokio::test]
async fn a_cancelled_bill_is_not_cancelled_until_wechat_says_so() {
    let (client, seen) = paying(signed(200, &bill("CANCELING"))).await;
    let outcome = client.cancel_transfer(&OURS, STAMP).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let asked = seen.lock().unwrap().pop().unwrap();
    assert_eq!(asked.path, format!("{PATH}/out-bill-no/{BILL}/cancel"));
    assert_eq!((asked.method.as_str(), asked.body.as_str()), ("POST", "{}"));
}

#[test]
fn every_reason_has_somebody_who_can_do_something_about_it() {
    for reason in FailReason::ALL {
        assert_eq!(FailReason::fault_of(reason.as_str()), reason.fault());
    }
    for (text, fault) in [
        ("REAL_NAME_CHECK_FAIL", Fault::Person),
        ("BANK_CARD_ERROR", Fault::Person),
        ("DAY_RECEIVED_COUNT_EXCEED", Fault::PersonLimit),
        ("RESERVATION_SCENE_NOT_MATCH", Fault::Merchant),
        ("BUDGET_NOT_ENOUGH", Fault::Merchant),
        ("OVERDUE_CLOSE", Fault::Expired),
        ("MCH_CANCEL", Fault::Cancelled),
        ("SOMETHING_NEW", Fault::Unsaid),
        ("", Fault::Unsaid),
    ] {
        assert_eq!(FailReason::fault_of(text), fault, "{text}");
    }
}
