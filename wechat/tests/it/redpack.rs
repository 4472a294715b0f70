//! Red packets: what is frozen, and what every answer proves.
//! The table of answers is the contract with money: a line that changes here changes who is paid twice.

use crate::servers::serve;
use crate::tls::Authority;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use std::sync::{Arc, Mutex};
use url::Url;
use wechat::pay::PayClient;
use wechat::pay::redpack::{ErrCode, HbAnswer, HbStatus, Invalid, Outcome, Reaction, SendRedpack, UnknownErrCode};
use wechat::pay::sign_v2::{SignType, verify};

pub const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const BILL: &str = "1000009820260101000000000001";

/// The packet of vector V7.
pub fn packet() -> SendRedpack {
    SendRedpack {
        mch_billno: BILL.into(),
        mch_id: "10000098".into(),
        wxappid: "wx8888888888888888".into(),
        send_name: "Shop".into(),
        re_openid: "oxTWIuGaIt6gTKsQRLau2M0yL16E".into(),
        total_amount: 100,
        wishing: "恭喜发财".into(),
        client_ip: "192.0.2.10".into(),
        act_name: "抽奖".into(),
        remark: "感谢参与".into(),
        scene_id: Some("PRODUCT_2".into()),
    }
}

fn xml(fields: &[(&str, &str)]) -> String {
    let inner: String = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>\n")).collect();
    format!("<xml>\n{inner}</xml>")
}

pub fn success(changes: &[(&str, &str)]) -> String {
    let mut fields = vec![
        ("return_code", "SUCCESS"),
        ("return_msg", "发放成功"),
        ("result_code", "SUCCESS"),
        ("mch_billno", BILL),
        ("mch_id", "10000098"),
        ("wxappid", "wx8888888888888888"),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
        ("total_amount", "100"),
        ("send_listid", "0010819155201606210907873331"),
        ("send_time", "20160621143330"),
    ];
    fields.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    xml(&fields)
}

/// A merchant's client and a server that gives one answer; what it was sent is kept.
async fn paying(path: &str, status: u16, answer: String) -> (PayClient, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let handler = move |body: String| {
        kept.lock().unwrap().push(body);
        let status = StatusCode::from_u16(status).unwrap();
        let answer = answer.clone();
        async move { (status, answer) }
    };
    let base = serve(Router::new().route(path, post(handler))).await;
    (merchant(base), seen)
}

fn merchant(base: Url) -> PayClient {
    let pair = Authority::new().merchant();
    PayClient::new(base, pair.cert.as_bytes(), pair.key.as_bytes(), None).unwrap()
}

async fn sent(status: u16, answer: String) -> Outcome {
    let (client, seen) = paying("/mmpaymkttransfers/sendredpack", status, answer).await;
    let frozen = packet().request_xml(KEY, "N").unwrap();
    let outcome = client.send_redpack(&frozen).await;
    assert_eq!(*seen.lock().unwrap(), [frozen], "one request, byte for byte");
    outcome
}

async fn failed_with(err_code: &str) -> Outcome {
    let answer = xml(&[
        ("return_code", "SUCCESS"),
        ("return_msg", "x"),
        ("result_code", "FAIL"),
        ("err_code", err_code),
        ("err_code_des", "some words"),
    ]);
    sent(200, answer).await
}

#[tokio::test]
async fn a_success_about_our_packet_is_sent() {
    let expected = Outcome::Sent {
        send_listid: Some("0010819155201606210907873331".into()),
        send_time: Some("20160621143330".into()),
    };
    assert_eq!(sent(200, success(&[])).await, expected);
    // An err_code beside a success is no failure.
    let noisy = success(&[("err_code", "SUCCESS"), ("err_code_des", "发放成功")]);
    assert_eq!(sent(200, noisy).await, expected);
    let zero = success(&[("err_code", "0")]);
    assert_eq!(sent(200, zero).await, expected);
}

#[tokio::test]
async fn a_success_about_another_packet_is_unknown() {
    let others = [
        ("mch_billno", "1000009820260101000000000002"),
        ("mch_billno", ""),
        ("total_amount", "101"),
        ("re_openid", "oSomebodyElse"),
        ("wxappid", "wx1"),
        ("mch_id", "1"),
    ];
    for change in others {
        let outcome = sent(200, success(&[change])).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{change:?}");
    }
}

#[tokio::test]
async fn a_refusal_of_another_packet_is_unknown_and_so_is_its_code() {
    let refusal = |changes: &[(&str, &str)]| {
        let refusal = [("result_code", "FAIL"), ("err_code", "SEND_FAILED"), ("err_code_des", "x")];
        success(&[&refusal, changes].concat())
    };
    let refused = Outcome::Refused { err_code: ErrCode::SendFailed, err_code_des: "x".into() };
    let nothing = [("mch_billno", ""), ("mch_id", ""), ("wxappid", ""), ("re_openid", ""), ("total_amount", "")];
    let blank = refusal(&nothing).replace("</xml>", "<mch_billno/><re_openid> </re_openid></xml>");
    for ours in [refusal(&[]), refusal(&nothing), blank, refusal(&[("appid", "wx8888888888888888")])] {
        assert_eq!(sent(200, ours).await, refused);
    }
    let others = [
        ("mch_billno", "1000009820260101000000000002"),
        ("mch_id", "1"),
        ("wxappid", "wx1"),
        ("appid", "wx1"),
        ("re_openid", "oSomebodyElse"),
        ("total_amount", "101"),
    ];
    for change in others {
        let outcome = sent(200, refusal(&[change])).await;
        assert!(matches!(outcome, Outcome::Unknown { err_code: None, .. }), "{change:?}");
    }
}

#[tokio::test]
async fn a_field_that_nobody_reads_may_stand_there_twice_and_one_that_is_read_may_not() {
    let twice = |answer: String, field: &str| {
        answer.replace("</xml>", &format!("<{field}>1</{field}><{field}>2</{field}></xml>"))
    };
    let outcome = sent(200, twice(success(&[]), "promotion_id")).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
    let answer = asked(200, twice(found(&[]), "promotion_id")).await;
    assert!(matches!(answer, HbAnswer::Found(_)), "{answer:?}");
    for field in ["return_code", "result_code", "err_code", "mch_billno", "re_openid", "send_listid"] {
        let outcome = sent(200, twice(success(&[]), field)).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{field}");
    }
    for field in ["return_code", "status", "mch_billno", "total_amount", "hblist", "refund_amount"] {
        let answer = asked(200, twice(found(&[]), field)).await;
        assert!(matches!(answer, HbAnswer::Unknown { .. }), "{field}");
    }
    let opened_twice = found(&[("</hblist>", "<hbinfo><openid>oSomebodyElse</openid></hbinfo></hblist>")]);
    assert!(matches!(asked(200, opened_twice).await, HbAnswer::Unknown { .. }));
}

#[tokio::test]
async fn every_code_of_the_table_has_its_end() {
    for code in ErrCode::ALL {
        match failed_with(code.as_str()).await {
            Outcome::Refused { err_code, err_code_des } => {
                assert!(code.means_not_sent());
                assert_eq!((err_code, err_code_des.as_str()), (*code, "some words"));
            }
            Outcome::Unknown { err_code, .. } => {
                assert!(!code.means_not_sent());
                assert_eq!(err_code.as_deref(), Some(code.as_str()));
            }
            Outcome::Sent { .. } => panic!("{code}"),
        }
    }
    let doubtful: Vec<_> =
        ErrCode::ALL.iter().filter(|code| !code.means_not_sent()).map(|code| code.as_str()).collect();
    assert_eq!(doubtful, ["SYSTEMERROR", "PROCESSING", "FATAL_ERROR", "NOT_FOUND"]);
    let renumbered: Vec<_> = ErrCode::ALL.iter().filter(|code| code.reaction() == Reaction::NewNumberAllowed).collect();
    assert_eq!(renumbered, [&ErrCode::SendFailed]);
}

#[tokio::test]
async fn a_code_outside_the_table_is_unknown() {
    for code in ["268458547", "NEW_ERROR", "send_failed", "SUCCESS", "0", ""] {
        let outcome = failed_with(code).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{code}");
    }
    assert_eq!("NEW_ERROR".parse::<ErrCode>(), Err(UnknownErrCode));
    assert_eq!("DAY_ OVER_LIMITED".parse(), Ok(ErrCode::DayOverLimited));
}

#[tokio::test]
async fn a_transport_failure_is_unknown_unless_its_code_is_in_the_table() {
    let bare = xml(&[("return_code", "FAIL"), ("return_msg", "签名错误")]);
    assert!(matches!(sent(200, bare).await, Outcome::Unknown { .. }));
    let coded = xml(&[
        ("return_code", "FAIL"),
        ("return_msg", "签名错误"),
        ("result_code", "FAIL"),
        ("err_code", "SIGN_ERROR"),
    ]);
    let refused = Outcome::Refused { err_code: ErrCode::SignError, err_code_des: "签名错误".into() };
    assert_eq!(sent(200, coded).await, refused);
    let two_minds = xml(&[("return_code", "FAIL"), ("result_code", "SUCCESS"), ("err_code", "SEND_FAILED")]);
    assert!(matches!(sent(200, two_minds).await, Outcome::Unknown { .. }));
}

#[tokio::test]
async fn what_is_not_http_200_with_whole_xml_is_unknown() {
    let truncated = success(&[]);
    let truncated = &truncated[..truncated.len() - 4];
    let dtd = format!("<!DOCTYPE xml>{}", success(&[]));
    let doubled = success(&[]).replace("</xml>", "<mch_billno>x</mch_billno></xml>");
    let answers = [
        (500, success(&[])),
        (302, success(&[])),
        (400, "No required SSL certificate was sent".into()),
        (200, String::new()),
        (200, "<html/>".into()),
        (200, "<xml></xml>".into()),
        (200, truncated.into()),
        (200, dtd),
        (200, doubled),
        (200, " ".repeat(2 << 20)),
    ];
    for (status, answer) in answers {
        let outcome = sent(status, answer.clone()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{status} {answer}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_or_cut_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let cut = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        drop(socket);
    });
    let client = merchant(base.parse().unwrap());
    let frozen = packet().request_xml(KEY, "N").unwrap();
    let outcome = client.send_redpack(&frozen).await;
    assert!(matches!(outcome, Outcome::Unknown { err_code: None, .. }));
    cut.await.unwrap();
    let outcome = client.send_redpack(&frozen).await;
    assert!(matches!(outcome, Outcome::Unknown { err_code: None, .. }));
}

#[test]
fn a_request_that_would_be_refused_is_not_frozen() {
    let refused = |change: fn(&mut SendRedpack)| {
        let mut packet = packet();
        change(&mut packet);
        packet.request_xml(KEY, "N").unwrap_err().field
    };
    assert_eq!(refused(|p| p.mch_billno = "1".repeat(29)), "mch_billno");
    assert_eq!(refused(|p| p.mch_billno = "LB-1".into()), "mch_billno");
    assert_eq!(refused(|p| p.mch_billno.clear()), "mch_billno");
    assert_eq!(refused(|p| p.re_openid = "o<x>".into()), "re_openid");
    assert_eq!(refused(|p| p.send_name = "名".repeat(33)), "send_name");
    assert_eq!(refused(|p| p.wishing = "a\nb".into()), "wishing");
    assert_eq!(refused(|p| p.act_name = " ".into()), "act_name");
    assert_eq!(refused(|p| p.remark = "x".repeat(257)), "remark");
    assert_eq!(refused(|p| p.client_ip = "::1".into()), "client_ip");
    assert_eq!(refused(|p| p.scene_id = Some("PRODUCT_9".into())), "scene_id");
    assert_eq!(refused(|p| p.total_amount = 0), "total_amount");
    assert_eq!(refused(|p| p.total_amount = -100), "total_amount");
    let without_scene = |total_amount| {
        let scene_id = None;
        let packet = SendRedpack { total_amount, scene_id, ..packet() };
        packet.request_xml(KEY, "N").map(drop)
    };
    let why = "must be 100 to 20000 fen without a scene";
    let field = "total_amount";
    assert_eq!(without_scene(99), Err(Invalid { field, why }));
    assert_eq!(without_scene(20_001), Err(Invalid { field, why }));
    assert_eq!(without_scene(100), Ok(()));
    assert_eq!(without_scene(20_000), Ok(()));
    let long = packet().request_xml(KEY, &"n".repeat(33)).unwrap_err();
    assert_eq!(long.to_string(), "nonce_str is too long");
}

async fn asked(status: u16, answer: String) -> HbAnswer {
    let (client, seen) = paying("/mmpaymkttransfers/gethbinfo", status, answer).await;
    let answer = client.gethbinfo("10000098", "wx8888888888888888", BILL, KEY, "N").await;
    let request = seen.lock().unwrap().pop().unwrap();
    let request = wechat::pay::xml::parse(request.as_bytes()).unwrap();
    let names: Vec<_> = request.keys().map(String::as_str).collect();
    let expected = ["appid", "bill_type", "mch_billno", "mch_id", "nonce_str", "sign"];
    assert_eq!(names, expected);
    assert!(verify(&request, KEY, SignType::Md5));
    answer
}

fn found(changes: &[(&str, &str)]) -> String {
    let answer = success(&[
        ("detail_id", "10000417012016080830956240040"),
        ("status", "RECEIVED"),
        ("send_type", "API"),
        ("hb_type", "NORMAL"),
        ("total_num", "1"),
        ("send_time", "2016-08-08 21:49:22"),
    ]);
    let list = "<hblist><hbinfo><openid><![CDATA[oxTWIuGaIt6gTKsQRLau2M0yL16E]]></openid><amount>100</amount><rcv_time><![CDATA[2016-08-08 21:49:46]]></rcv_time></hbinfo></hblist></xml>";
    let mut answer = answer.replace("</xml>", list);
    for (from, to) in changes {
        assert!(answer.contains(from));
        answer = answer.replace(from, to);
    }
    answer
}

#[tokio::test]
async fn a_packet_that_is_found_tells_its_state() {
    let HbAnswer::Found(info) = asked(200, found(&[])).await else {
        panic!("not found");
    };
    assert_eq!(info.status, HbStatus::Received);
    assert_eq!(info.total_amount, 100);
    assert_eq!(info.detail_id.unwrap(), "10000417012016080830956240040");
    assert_eq!(info.rcv_time.unwrap(), "2016-08-08 21:49:46");
    assert_eq!(info.openid.unwrap(), "oxTWIuGaIt6gTKsQRLau2M0yL16E");
    let states = [
        ("SENDING", HbStatus::Sending),
        ("SENT", HbStatus::Sent),
        ("FAILED", HbStatus::Failed),
        ("RFUND_ING", HbStatus::RefundIng),
        ("REFUND", HbStatus::Refund),
        ("LOST", HbStatus::Unrecognised("LOST".into())),
    ];
    for (text, status) in states {
        let HbAnswer::Found(info) = asked(200, found(&[("RECEIVED", text)])).await else {
            panic!("{text}");
        };
        assert_eq!(info.status, status);
    }
}

#[tokio::test]
async fn not_found_is_only_what_says_so_and_never_a_failure() {
    let answer = |return_code: &str, err_code: &str| {
        xml(&[
            ("return_code", return_code),
            ("return_msg", "指定单号数据不存在"),
            ("result_code", "FAIL"),
            ("err_code", err_code),
            ("err_code_des", "指定单号数据不存在"),
        ])
    };
    assert_eq!(asked(200, answer("SUCCESS", "NOT_FOUND")).await, HbAnswer::NotFound);
    assert_eq!(asked(200, answer("FAIL", "NOT_FOUND")).await, HbAnswer::NotFound);
    let about = |name: &str, value: &str| {
        answer("SUCCESS", "NOT_FOUND").replace("</xml>", &format!("<{name}>{value}</{name}></xml>"))
    };
    for (name, ours) in [("mch_billno", BILL), ("mch_id", "10000098"), ("appid", "wx8888888888888888"), ("appid", "")] {
        assert_eq!(asked(200, about(name, ours)).await, HbAnswer::NotFound, "{name}");
    }
    for name in ["mch_billno", "mch_id", "appid", "wxappid"] {
        let unknown = asked(200, about(name, "another")).await;
        assert!(matches!(unknown, HbAnswer::Unknown { err_code: None, .. }), "{name}");
        let found = asked(200, found(&[("</xml>", &format!("<{name}>another</{name}></xml>"))])).await;
        assert!(matches!(found, HbAnswer::Unknown { .. }), "{name}");
    }
    for doubtful in [
        answer("FAIL", "SYSTEMERROR"),
        answer("SUCCESS", "SYSTEMERROR"),
        answer("SUCCESS", "FREQ_LIMIT"),
        found(&[(BILL, "1000009820260101000000000002")]),
        found(&[("10000098]]", "10000099]]")]),
        found(&[("<status>", "<state>"), ("</status>", "</state>")]),
        found(&[("[100]", "[much]")]),
        "<xml></xml>".into(),
    ] {
        let unknown = asked(200, doubtful.clone()).await;
        assert!(matches!(unknown, HbAnswer::Unknown { .. }), "{doubtful}");
    }
    let unknown = asked(502, found(&[])).await;
    assert!(matches!(unknown, HbAnswer::Unknown { .. }));
}
