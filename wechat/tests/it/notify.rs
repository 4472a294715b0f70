//! Callbacks of WeChat Pay v3: vector V10, and envelopes as they were recorded.
//! What is not signed is not even decrypted.

use crate::sign_v3::{NOW, keys, signed_by_wechat};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use serde_json::{Value, json};
use wechat::pay::bill::{BillState, Ours};
use wechat::pay::notify::{self, Apiv3Key, Rejected, TransferNotice};
use wechat::pay::sign_v3::{PROBE, Rejected as NotSigned, Signed};

const KEY: &str = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";

fn key() -> Apiv3Key {
    Apiv3Key::try_from(KEY).unwrap()
}

fn plain() -> Value {
    json!({
        "out_bill_no": "LB261120ABCDEFGHJKLMNPQRST23",
        "transfer_bill_no": "1330000071100999991182020050700019480001",
        "state": "SUCCESS",
        "mch_id": "1900000109",
        "transfer_amount": 123,
        "openid": "oxTWIuGaIt6gTKsQRLau2M0yL16E",
        "create_time": "2026-11-20T10:34:56+08:00",
        "update_time": "2026-11-20T10:35:12+08:00"
    })
}

fn envelope(plain: &Value, changes: Value) -> String {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY.as_bytes()).unwrap());
    let mut text = plain.to_string().into_bytes();
    let nonce = Nonce::assume_unique_for_key(*b"uluk4a9R25RW");
    cipher.seal_in_place_append_tag(nonce, Aad::from("mch_payment"), &mut text).unwrap();
    let mut envelope = json!({
        "id": "cf3a4b1e-0d1f-5a1f-8f1e-2b7c6d5e4f3a",
        "create_time": "2026-11-20T10:35:12+08:00",
        "event_type": "MCHTRANSFER.BILL.FINISHED",
        "resource_type": "encrypt-resource",
        "summary": "商家转账单据终态通知",
        "resource": {
            "original_type": "mch_payment",
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(text),
            "associated_data": "mch_payment",
            "nonce": "uluk4a9R25RW"
        }
    });
    for (name, value) in changes.as_object().unwrap() {
        let place = if envelope.get(name).is_some() { &mut envelope } else { &mut envelope["resource"] };
        place[name] = value.clone();
    }
    envelope.to_string()
}

fn opened(body: &str) -> Result<TransferNotice, Rejected> {
    notify::open(&keys(), &key(), &signed_by_wechat(body, NOW), body.as_bytes(), NOW)
}

#[test]
fn v10_aes_256_gcm() {
    let decrypt = |nonce, aad, text| key().decrypt(nonce, aad, text);
    let text = "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=";
    assert_eq!(decrypt("uluk4a9R25RW", "associatedData", text).unwrap(), b"message");
    assert_eq!(decrypt("uluk4a9R25RX", "associatedData", text), None);
    assert_eq!(decrypt("uluk4a9R25RW", "associateddata", text), None);
    assert_eq!(decrypt("uluk4a9R25", "associatedData", text), None);
    assert_eq!(decrypt("uluk4a9R25RW", "associatedData", "vlwSiIajGClcvcOYvOQ7+l+0PAbzzwI="), None);
    assert_eq!(decrypt("uluk4a9R25RW", "associatedData", "AAAA"), None);
    assert_eq!(decrypt("uluk4a9R25RW", "associatedData", "!"), None);
}

#[test]
fn an_apiv3_key_has_thirty_two_bytes_and_is_never_printed() {
    assert!(Apiv3Key::try_from("short").is_err());
    assert!(Apiv3Key::try_from("a".repeat(33).as_str()).is_err());
    assert_eq!(format!("{:?}", key()), "Secret");
}

#[test]
fn a_finished_transfer_is_told() {
    let notice = opened(&envelope(&plain(), json!({}))).unwrap();
    assert_eq!(notice.id, "cf3a4b1e-0d1f-5a1f-8f1e-2b7c6d5e4f3a");
    assert_eq!(notice.bill.state, BillState::Success);
    let ours = Ours {
        out_bill_no: "LB261120ABCDEFGHJKLMNPQRST23",
        mch_id: "1900000109",
        appid: "wx8888888888888888",
        openid: "oxTWIuGaIt6gTKsQRLau2M0yL16E",
        transfer_amount: 123,
    };
    assert_eq!(notice.bill.difference(&ours), None);
    assert_eq!(notice.bill.difference(&Ours { mch_id: "1900000110", ..ours }), Some("mch_id"));
    assert_eq!(notice.bill.difference(&Ours { openid: "oSomebodyElse", ..ours }), Some("openid"));
    assert_eq!(notice.bill.difference(&Ours { transfer_amount: 124, ..ours }), Some("transfer_amount"));
    assert_eq!(notice.bill.difference(&Ours { out_bill_no: "LB2", ..ours }), Some("out_bill_no"));
}

#[test]
fn the_merchant_may_be_spelled_both_ways_and_a_reason_comes_along() {
    let mut other = plain();
    other.as_object_mut().unwrap().remove("mch_id");
    other["mchid"] = "1900000109".into();
    other["state"] = "FAIL".into();
    other["fail_reason"] = "REAL_NAME_CHECK_FAIL".into();
    let bill = opened(&envelope(&other, json!({}))).unwrap().bill;
    assert_eq!(bill.mch_id.as_deref(), Some("1900000109"));
    assert_eq!(bill.state, BillState::Failed { fail_reason: "REAL_NAME_CHECK_FAIL".into() });
}

#[test]
fn a_probe_and_whatever_is_not_signed_are_refused_before_anything_is_decrypted() {
    let body = envelope(&plain(), json!({}));
    let open = |signed: &Signed, body: &str, now| notify::open(&keys(), &key(), signed, body.as_bytes(), now);
    let signed = signed_by_wechat(&body, NOW);
    let probe = Signed { signature: format!("{PROBE}{}", signed.signature), ..signed.clone() };
    assert_eq!(open(&probe, &body, NOW), Err(Rejected::Signature(NotSigned::Probe)));
    assert_eq!(open(&signed, &body, NOW + 300), Err(Rejected::Signature(NotSigned::Stale)));
    assert_eq!(open(&signed, &body.replace("FINISHED", "FINISHEd"), NOW), Err(Rejected::Signature(NotSigned::Wrong)));
    assert_eq!(open(&Signed::default(), "{}", NOW), Err(Rejected::Signature(NotSigned::Missing)));
}

#[test]
fn what_is_signed_and_makes_no_sense_is_refused_by_name() {
    let refused = |changes| opened(&envelope(&plain(), changes)).unwrap_err();
    assert_eq!(refused(json!({ "event_type": "TRANSACTION.SUCCESS" })), Rejected::OtherEvent);
    assert_eq!(refused(json!({ "algorithm": "AEAD_SM4_GCM" })), Rejected::Envelope);
    assert_eq!(refused(json!({ "nonce": "uluk4a9R25RX" })), Rejected::Decrypt);
    assert_eq!(refused(json!({ "associated_data": "" })), Rejected::Decrypt);
    assert_eq!(opened("{}"), Err(Rejected::Envelope));
    for name in ["mch_id", "openid", "transfer_amount", "state", "out_bill_no"] {
        let mut lacking = plain();
        lacking.as_object_mut().unwrap().remove(name);
        assert_eq!(opened(&envelope(&lacking, json!({}))), Err(Rejected::Content), "{name}");
    }
}

#[test]
fn the_answers_are_json() {
    assert_eq!(notify::SUCCESS, r#"{"code":"SUCCESS"}"#);
    assert_eq!(notify::fail("try \"again\""), r#"{"code":"FAIL","message":"try \"again\""}"#);
}
