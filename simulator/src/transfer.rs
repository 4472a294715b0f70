//! Merchant transfers as calls: make, ask, cancel; and what the receiver's phone does with one.
//! It refuses to book one `out_bill_no` twice: the same request finds the bill as it is now, another one is told so.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::clock::{DAY_MS, beijing};
use crate::faults::{Kind, On, Strike};
use crate::pay_v3::{Refusal, Verified, under_faults};
use crate::phone::Refused;
use crate::sim::Sim;
use crate::transfer_form::{Form, number_ok, read};
use crate::transfers::{Stage, Transfer};
use crate::world::State;

type World = Shared<Arc<Sim>>;

/// A query knows the bills of the last thirty days.
const KNOWN_MS: i64 = 30 * DAY_MS;

/// All calls. They are not nested: a signature covers the whole path, which a nested router would cut.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    let below = |path: &str| format!("/v3/fund-app/mch-transfer/transfer-bills{path}");
    Router::new()
        .route(&below(""), post(create))
        .route(&below("/out-bill-no/{number}"), get(by_number))
        .route(&below("/transfer-bill-no/{number}"), get(by_wechats_number))
        .route(&below("/out-bill-no/{number}/cancel"), post(cancel))
}

/// RFC 3339 in Beijing, as v3 writes times.
pub(crate) fn time(at_ms: i64) -> String {
    beijing(at_ms, "%Y-%m-%dT%H:%M:%S+08:00")
}

/// `POST /v3/fund-app/mch-transfer/transfer-bills`
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716434>
async fn create(Shared(sim): World, request: Verified) -> Response {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let bill_no = asked["out_bill_no"].as_str().unwrap_or_default();
    under_faults(&sim, (On::Transfer, bill_no), |strike| make(&sim, &request, strike)).await
}

fn make(sim: &Sim, request: &Verified, strike: Option<&Strike>) -> Result<Value, Refusal> {
    let form = read(sim, &request.body, request.key_named.as_deref())?;
    let (now_ms, wechat_no, package) = (sim.now_ms(), format!("13300{}", sim.digits(27)), sim.word(120));
    sim.change(|state| {
        if let Some((_, booked)) = state.transfers.find(&form.out_bill_no) {
            let same = booked.openid == form.openid
                && booked.amount_fen == form.transfer_amount
                && booked.appid == form.appid
                && booked.scene_id == form.transfer_scene_id;
            return if same {
                Ok(created(booked))
            } else {
                Err(Refusal::new("INVALID_REQUEST", "单号已存在但信息不一致，请查单后比较确认"))
            };
        }
        let (phone, refused) = allowed(sim, state, &form, now_ms)?;
        let (stage, next) = match refused {
            Some(reason) => (Stage::Fail(reason.to_owned()), None),
            None => first(strike, now_ms),
        };
        let mut bill = bill(form, phone, wechat_no, package, now_ms, stage);
        bill.next = next.or_else(|| (bill.stage == Stage::WaitUserConfirm).then(|| bill.overdue(now_ms)));
        let said = created(&bill);
        book(state, bill);
        Ok(said)
    })
}

/// A new bill's state, and what follows it.
fn first(strike: Option<&Strike>, now_ms: i64) -> (Stage, Option<(i64, Stage)>) {
    let Some(strike) = strike else { return (Stage::WaitUserConfirm, None) };
    let later_ms = now_ms.saturating_add(i64::try_from(strike.ms).unwrap_or(i64::MAX));
    if strike.kind == Kind::Accepted {
        (Stage::Accepted, Some((later_ms, Stage::WaitUserConfirm)))
    } else if strike.kind == Kind::Processing {
        (Stage::Processing, Some((later_ms, Stage::WaitUserConfirm)))
    } else if strike.kind == Kind::Failed {
        let reason = if strike.code.is_empty() { "TRANSFER_RISK" } else { &strike.code };
        (Stage::Processing, Some((later_ms, Stage::Fail(reason.to_owned()))))
    } else {
        (Stage::WaitUserConfirm, None)
    }
}

/// Whether the merchant may pay this user now; tells the user's phone, and the reason why the bill fails at once.
fn allowed(sim: &Sim, state: &mut State, form: &Form, now_ms: i64) -> Result<(String, Option<&'static str>), Refusal> {
    let limits = sim.limits();
    let person = state.person(&form.appid, &form.openid).ok_or_else(|| Refusal::param("appid与openid不匹配"))?;
    let phone = person.id.clone();
    if state.transfers.tally.count_this_second(now_ms) > limits.transfers_per_sec {
        return Err(Refusal::new("FREQUENCY_LIMIT_EXCEED", "频率超限，请稍后重试"));
    }
    if state.transfers.tally.paid_fen(now_ms) + form.transfer_amount > limits.merchant_transfer_fen_per_day {
        return Err(Refusal::new("INVALID_REQUEST", "超过商户单日转账额度，核实产品设置是否准确"));
    }
    if state.spent_fen() + form.transfer_amount > limits.balance_fen {
        return Err(Refusal::new("NOT_ENOUGH", "资金不足"));
    }
    let today = state.transfers.tally.received(&phone, now_ms);
    let reason = if today.count >= limits.user_transfers_per_day {
        Some("DAY_RECEIVED_COUNT_EXCEED")
    } else if today.fen + form.transfer_amount > limits.user_transfer_fen_per_day {
        Some("DAY_RECEIVED_QUOTA_EXCEED")
    } else {
        None
    };
    Ok((phone, reason))
}

/// The bill that a request asks for.
fn bill(form: Form, phone: String, wechat_no: String, package: String, now_ms: i64, stage: Stage) -> Transfer {
    Transfer {
        out_bill_no: form.out_bill_no,
        transfer_bill_no: wechat_no,
        appid: form.appid,
        openid: form.openid,
        phone,
        amount_fen: form.transfer_amount,
        remark: form.transfer_remark,
        scene_id: form.transfer_scene_id,
        perception: form.user_recv_perception.unwrap_or_else(|| "活动奖励".to_owned()),
        style: form.user_recv_style.map_or_else(|| "CONFIRM_PAGE".to_owned(), |style| style.kind),
        user_name: form.user_name,
        notify_url: form.notify_url,
        package,
        created_ms: now_ms,
        updated_ms: now_ms,
        stage,
        next: None,
    }
}

/// Books a bill, and shows it in the receiver's wallet unless it failed at once.
pub(crate) fn book(state: &mut State, bill: Transfer) {
    let (phone, over) = (bill.phone.clone(), bill.stage.is_final());
    let at = state.transfers.book(bill);
    if let Some(owner) = state.phones.get_mut(&phone).filter(|_| !over) {
        owner.transfers.push(at);
    }
}

/// What making a bill says, now or again.
fn created(bill: &Transfer) -> Value {
    let mut said = json!({
        "out_bill_no": bill.out_bill_no, "transfer_bill_no": bill.transfer_bill_no,
        "create_time": time(bill.created_ms), "state": bill.stage.word(),
    });
    if bill.stage == Stage::WaitUserConfirm {
        said["package_info"] = json!(bill.package);
    }
    if let Stage::Fail(reason) = &bill.stage {
        said["fail_reason"] = json!(reason);
    }
    said
}

/// What a query says.
fn described(sim: &Sim, bill: &Transfer, strike: Option<&Strike>) -> Value {
    let hidden = strike.is_some_and(|strike| strike.kind == Kind::Processing);
    let mut said = json!({
        "mch_id": sim.config.merchant.mch_id, "out_bill_no": bill.out_bill_no,
        "transfer_bill_no": bill.transfer_bill_no, "appid": bill.appid,
        "state": if hidden { Stage::Processing.word() } else { bill.stage.word() },
        "transfer_amount": bill.amount_fen, "transfer_remark": bill.remark, "openid": bill.openid,
        "create_time": time(bill.created_ms), "update_time": time(bill.updated_ms),
    });
    if let Some(name) = &bill.user_name {
        said["user_name"] = json!(name);
    }
    if let (Stage::Fail(reason), false) = (&bill.stage, hidden) {
        said["fail_reason"] = json!(reason);
    }
    said
}

/// `GET /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}`
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716437>
async fn by_number(Shared(sim): World, Path(number): Path<String>, _verified: Verified) -> Response {
    under_faults(&sim, (On::TransferQuery, &number), |strike| {
        if !number_ok(&number) {
            return Err(Refusal::param("商户单号out_bill_no格式错误"));
        }
        ask(&sim, strike, |state| state.transfers.find(&number).map(|(_, bill)| bill.clone()))
    })
    .await
}

/// `GET /v3/fund-app/mch-transfer/transfer-bills/transfer-bill-no/{transfer_bill_no}`
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716457>
async fn by_wechats_number(Shared(sim): World, Path(number): Path<String>, _verified: Verified) -> Response {
    under_faults(&sim, (On::TransferQuery, &number), |strike| {
        ask(&sim, strike, |state| state.transfers.find_wechats(&number).cloned())
    })
    .await
}

fn ask(sim: &Sim, strike: Option<&Strike>, find: impl FnOnce(&State) -> Option<Transfer>) -> Result<Value, Refusal> {
    let found = sim.read(find).filter(|bill| sim.now_ms() - bill.created_ms <= KNOWN_MS);
    found.map(|bill| described(sim, &bill, strike)).ok_or_else(Refusal::not_found)
}

/// `POST /v3/fund-app/mch-transfer/transfer-bills/out-bill-no/{out_bill_no}/cancel`
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012716458>
async fn cancel(Shared(sim): World, Path(number): Path<String>, request: Verified) -> Response {
    under_faults(&sim, (On::TransferCancel, &number), |_| {
        if !request.body.is_empty() && serde_json::from_slice::<serde_json::Map<String, Value>>(&request.body).is_err()
        {
            return Err(Refusal::param("请求体不是合法的JSON"));
        }
        let (limits, now_ms) = (sim.limits(), sim.now_ms());
        sim.change(|state| {
            let (at, _) = state.transfers.find(&number).ok_or_else(Refusal::not_found)?;
            if state.transfers.cancels.count_this_second(now_ms) > limits.cancels_per_sec {
                return Err(Refusal::new("FREQUENCY_LIMIT_EXCEED", "频率超限，请稍后重试"));
            }
            if !state.transfers.cancel(at, now_ms, i64::from(limits.cancel_way_secs) * 1000) {
                return Err(Refusal::new("INVALID_REQUEST", "当前单据状态不支持撤销"));
            }
            let bill = state.transfers.bill(at).ok_or_else(Refusal::not_found)?;
            Ok(json!({
                "out_bill_no": bill.out_bill_no, "transfer_bill_no": bill.transfer_bill_no,
                "state": bill.stage.word(), "update_time": time(bill.updated_ms),
            }))
        })
    })
    .await
}

/// What a receiver's phone shows before the confirmation, found by `package_info` as the page hands it over.
pub(crate) fn offered(sim: &Sim, id: &str, asked: &Offer) -> Result<Value, Refused> {
    sim.read(|state| {
        let phone = state.phones.get(id).ok_or_else(|| Refused(404, format!("there is no phone {id}")))?;
        let bill = state.transfers.all().iter().rev().find(|bill| bill.package == asked.package);
        let bill = bill.ok_or_else(|| Refused(404, "no transfer has this package".to_owned()))?;
        if asked.mch_id != sim.config.merchant.mch_id || asked.app_id != bill.appid {
            return Err(Refused(409, "mchId or appId is not the transfer's".to_owned()));
        }
        if bill.phone != phone.id {
            return Err(Refused(409, "当前微信与指定收款用户不一致".to_owned()));
        }
        let payer = sim.config.account(&bill.appid).map(|account| account.name.as_str());
        Ok(json!({
            "bill_no": bill.out_bill_no, "amount_fen": bill.amount_fen, "payer": payer, "remark": bill.remark,
            "perception": bill.perception, "style": bill.style, "state": bill.stage.word_in_wallet(),
        }))
    })
}

/// What a page asks its WeChat to show: the arguments of `requestMerchantTransfer`.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Offer {
    #[serde(rename = "mchId")]
    mch_id: String,
    #[serde(rename = "appId")]
    app_id: String,
    package: String,
}

/// The receiver confirms; twice is the same as once. Tells the amount and the state afterwards.
pub(crate) fn confirm(sim: &Sim, id: &str, bill_no: &str, fails: Option<&str>) -> Result<(i64, &'static str), Refused> {
    let (now_ms, way_ms) = (sim.now_ms(), i64::from(sim.limits().transfer_way_secs) * 1000);
    sim.change(|state| {
        let phone = state.phones.get(id).ok_or_else(|| Refused(404, format!("there is no phone {id}")))?;
        let found = state.transfers.find(bill_no).filter(|(at, _)| phone.transfers.contains(at));
        let (at, bill) = found.ok_or_else(|| Refused(404, format!("no transfer {bill_no} waits here")))?;
        let amount_fen = bill.amount_fen;
        state.transfers.confirm(at, now_ms, way_ms, fails).map_err(|why| Refused(409, why))?;
        Ok((amount_fen, state.transfers.bill(at).map_or("", |bill| bill.stage.word_in_wallet())))
    })
}
