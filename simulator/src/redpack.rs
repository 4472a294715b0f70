//! Cash red packets: what a request must look like, when it is booked, and what a query says about it later.
//! It refuses to book one `mch_billno` twice: the same request gets the same answer, another one FATAL_ERROR.

use std::net::Ipv4Addr;

use crate::books::{Packet, Where};
use crate::clock::{DAY_MS, beijing};
use crate::config::Kind as AccountKind;
use crate::faults::{Kind, Strike};
use crate::pay_v2::{Failure, Fields, Said, signed};
use crate::sim::Sim;
use crate::world::{Line, NOTICE, State, Writer};

/// The fields of `sendredpack`, with those of its first edition that old SDKs still send; the signature covers these
/// and no others.
const SEND: &[&str] = &[
    "act_name",
    "client_ip",
    "consume_mch_id",
    "logo_imgurl",
    "max_value",
    "mch_billno",
    "mch_id",
    "min_value",
    "msgappid",
    "nick_name",
    "nonce_str",
    "re_openid",
    "remark",
    "risk_info",
    "scene_id",
    "send_name",
    "share_content",
    "share_imgurl",
    "share_url",
    "sub_mch_id",
    "total_amount",
    "total_num",
    "wishing",
    "wxappid",
];
/// The fields of `gethbinfo`.
const QUERY: &[&str] = &["appid", "bill_type", "mch_billno", "mch_id", "nonce_str"];
/// Why a packet failed, as the query says it.
const REASON: &str = "发放失败，该用户账号存在风险，已被微信拦截";
/// A query knows the packets of the last thirty days.
const KNOWN_MS: i64 = 30 * DAY_MS;

fn get<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map_or("", String::as_str)
}

fn within(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count())
}

fn number_ok(fields: &Fields) -> Result<(), Failure> {
    let number = get(fields, "mch_billno");
    if within(number, 28) && number.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(Failure::param("订单号必填，且长度不能超过28个字符，只能为数字或字母"))
    }
}

/// Checks the form of a request, in the words of the official table.
fn form(sim: &Sim, fields: &Fields) -> Result<i64, Failure> {
    let texts = [
        ("nonce_str", 32, "nonce_str字段必填，并且少于32个字符"),
        ("wxappid", 32, "appid字段必填，最长为32个字符"),
        ("re_openid", 32, "re_openid字段为必填，并且少于32个字符"),
        ("send_name", 32, "send_name字段为必填，并且少于32个字符"),
        ("wishing", 128, "wishing为必填，并且少于128个字符"),
        ("act_name", 32, "act_name字段必填，并且少于32个字符"),
        ("remark", 256, "remark字段为必填，并且少于256个字符"),
    ];
    for (name, most, des) in texts {
        if !within(get(fields, name), most) {
            return Err(Failure::param(des));
        }
    }
    number_ok(fields)?;
    if get(fields, "client_ip").parse::<Ipv4Addr>().is_err() {
        return Err(Failure::param("client_ip必须是合法的IP字符串"));
    }
    if get(fields, "total_num") != "1" {
        return Err(Failure::param("total_num必须为1"));
    }
    let digits = get(fields, "total_amount");
    let amount_fen = digits.parse::<i64>().ok().filter(|fen| *fen > 0 && digits.bytes().all(|b| b.is_ascii_digit()));
    let amount_fen = amount_fen.ok_or_else(|| Failure::param("红包金额参数错误"))?;
    let account = sim.config.account(get(fields, "wxappid"));
    if get(fields, "mch_id") != sim.config.merchant.mch_id || account.is_none_or(|a| a.kind != AccountKind::Service) {
        return Err(Failure::param("商户号和wxappid不匹配"));
    }
    if get(fields, "risk_info").len() > 128 {
        return Err(Failure::param("risk_info最长为128个字符"));
    }
    Ok(amount_fen)
}

fn amount_ok(fields: &Fields, amount_fen: i64) -> Result<(), Failure> {
    let scene = get(fields, "scene_id");
    if scene.is_empty() {
        return if (100..=20_000).contains(&amount_fen) {
            Ok(())
        } else {
            Err(Failure::business("MONEY_LIMIT", "每个红包的平均金额必须在1.00元到200.00元之间"))
        };
    }
    if !scene.strip_prefix("PRODUCT_").is_some_and(|no| matches!(no, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8")) {
        return Err(Failure::param("该场景未开通"));
    }
    if (30..=49_900).contains(&amount_fen) {
        Ok(())
    } else {
        Err(Failure::business("MONEY_LIMIT", "每个红包的平均金额必须在0.30元到499.00元之间"))
    }
}

/// `sendredpack` after the envelope.
pub(crate) fn send(sim: &Sim, fields: &Fields, strike: Option<&Strike>) -> Result<Said, Failure> {
    signed(fields, SEND, &sim.config.merchant.apiv2_key)?;
    let amount_fen = form(sim, fields)?;
    let (now_ms, list_id) = (sim.now_ms(), format!("10000{}", sim.digits(23)));
    let packet = sim.change(|state| {
        if let Some((_, booked)) = state.books.find(get(fields, "mch_billno")) {
            let same = booked.openid == get(fields, "re_openid")
                && booked.amount_fen == amount_fen
                && booked.appid == get(fields, "wxappid");
            return if same {
                Ok(booked.clone())
            } else {
                Err(Failure::business("FATAL_ERROR", "openid和原始单参数不一致或金额不一致，请检查原单号"))
            };
        }
        amount_ok(fields, amount_fen)?;
        let phone = allowed(sim, state, fields, amount_fen, now_ms)?;
        let place = strike.filter(|strike| strike.kind == Kind::Failed).map_or(Where::Sent, |strike| {
            Where::Failed(now_ms.saturating_add(i64::try_from(strike.ms).unwrap_or(i64::MAX)))
        });
        let packet = packet(fields, phone, amount_fen, list_id, now_ms, place);
        book(state, packet.clone());
        Ok(packet)
    })?;
    if strike.is_some_and(|strike| strike.kind == Kind::Processing) {
        return Err(Failure::business("PROCESSING", "请求已受理，请稍后使用原单号查询发放结果"));
    }
    let text = |value: &str| value.to_owned();
    Ok(vec![
        ("return_code", text("SUCCESS")),
        ("return_msg", text("发放成功")),
        ("result_code", text("SUCCESS")),
        ("err_code", text("SUCCESS")),
        ("err_code_des", text("发放成功")),
        ("mch_billno", packet.bill_no),
        ("mch_id", packet.mch_id),
        ("wxappid", packet.appid),
        ("re_openid", packet.openid),
        ("total_amount", packet.amount_fen.to_string()),
        ("send_listid", packet.list_id),
        ("send_time", beijing(packet.sent_ms, "%Y%m%d%H%M%S")),
    ])
}

/// Whether the merchant may pay this user now; tells the user's phone.
fn allowed(sim: &Sim, state: &mut State, fields: &Fields, amount_fen: i64, now_ms: i64) -> Result<String, Failure> {
    let limits = sim.limits.lock().expect("no thread panics while it holds the limits").clone();
    let person = state.person(get(fields, "wxappid"), get(fields, "re_openid"));
    let phone = person.ok_or_else(|| Failure::business("OPENID_ERROR", "openid和appid不匹配"))?.id.clone();
    if state.books.tally.count_this_second(now_ms) > limits.packets_per_sec {
        return Err(Failure::business("FREQ_LIMIT", "超过频率限制，请稍后再试"));
    }
    let today = state.books.tally.received(&phone, now_ms);
    if today.count >= limits.user_packets_per_day {
        return Err(Failure::business("SENDNUM_LIMIT", "该用户今日领取红包个数超过限制"));
    }
    if today.fen + amount_fen > limits.user_fen_per_day {
        return Err(Failure::business("RCVDAMOUNT_LIMIT", "该用户今日领取金额超过限制"));
    }
    if state.books.tally.paid_fen(now_ms) + amount_fen > limits.merchant_fen_per_day {
        return Err(Failure::business("SENDAMOUNT_LIMIT", "您的商户号今日发放金额超过限制"));
    }
    if state.spent_fen() + amount_fen > limits.balance_fen {
        return Err(Failure::business("NOTENOUGH", "帐号余额不足，请到商户平台充值后再重试"));
    }
    Ok(phone)
}

/// The packet that a request asks for.
fn packet(fields: &Fields, phone: String, amount_fen: i64, list_id: String, sent_ms: i64, place: Where) -> Packet {
    let text = |name: &str| get(fields, name).to_owned();
    Packet {
        bill_no: text("mch_billno"),
        mch_id: text("mch_id"),
        appid: text("wxappid"),
        openid: text("re_openid"),
        phone,
        amount_fen,
        send_name: text("send_name"),
        wishing: text("wishing"),
        act_name: text("act_name"),
        remark: text("remark"),
        list_id,
        sent_ms,
        place,
    }
}

/// Books the packet: money, wallet, and a bubble in the chat. One that fails reaches neither wallet nor chat.
fn book(state: &mut State, packet: Packet) {
    let at = state.books.book(packet.clone());
    if packet.place == Where::Sent
        && let Some(owner) = state.phones.get_mut(&packet.phone)
    {
        owner.wallet.push(at);
        let follows = owner.follows.contains_key(&packet.appid);
        let line = Line {
            appid: if follows { packet.appid.clone() } else { NOTICE.to_owned() },
            from: Writer::Account,
            text: format!("[微信红包] {}：{}", packet.send_name, packet.wishing),
            url: None,
            words: None,
            bill_no: Some(packet.bill_no.clone()),
            at: packet.sent_ms,
        };
        state.say(&packet.phone, line);
    }
}

/// `gethbinfo` after the envelope.
pub(crate) fn query(sim: &Sim, fields: &Fields, strike: Option<&Strike>) -> Result<Said, Failure> {
    signed(fields, QUERY, &sim.config.merchant.apiv2_key)?;
    if !within(get(fields, "nonce_str"), 32) {
        return Err(Failure::param("nonce_str字段必填，并且少于32个字符"));
    }
    number_ok(fields)?;
    if get(fields, "bill_type") != "MCHT" {
        return Err(Failure::param("bill_type字段必填，且必须为MCHT"));
    }
    let account = sim.config.account(get(fields, "appid"));
    if get(fields, "mch_id") != sim.config.merchant.mch_id || account.is_none_or(|a| a.kind != AccountKind::Service) {
        return Err(Failure::param("商户号和appid不匹配"));
    }
    let now_ms = sim.now_ms();
    let found = sim.read(|state| state.books.find(get(fields, "mch_billno")).map(|(_, packet)| packet.clone()));
    let packet = found.filter(|packet| packet.appid == get(fields, "appid") && now_ms - packet.sent_ms <= KNOWN_MS);
    let packet = packet.ok_or_else(Failure::not_found)?;
    Ok(describe(packet, strike.is_some_and(|strike| strike.kind == Kind::Processing), now_ms))
}

fn describe(packet: Packet, still_sending: bool, now_ms: i64) -> Said {
    let text = |value: &str| value.to_owned();
    let time = |at_ms: i64| beijing(at_ms, "%Y-%m-%d %H:%M:%S");
    let status = match packet.place {
        Where::Sent if still_sending => "SENDING",
        Where::Sent => "SENT",
        Where::Collected(_) => "RECEIVED",
        Where::Returning(_) => "RFUND_ING",
        Where::Returned(_) => "REFUND",
        Where::Failed(known_ms) if now_ms < known_ms => "SENDING",
        Where::Failed(_) => "FAILED",
    };
    let amount = packet.amount_fen.to_string();
    let mut said: Said = vec![
        ("return_code", text("SUCCESS")),
        ("return_msg", text("OK")),
        ("result_code", text("SUCCESS")),
        ("err_code", text("SUCCESS")),
        ("err_code_des", text("OK")),
        ("mch_billno", packet.bill_no),
        ("mch_id", packet.mch_id),
        ("detail_id", packet.list_id),
        ("status", text(status)),
        ("send_type", text("API")),
        ("hb_type", text("NORMAL")),
        ("total_num", text("1")),
        ("total_amount", amount.clone()),
        ("send_time", time(packet.sent_ms)),
        ("wishing", packet.wishing),
        ("remark", packet.remark),
        ("act_name", packet.act_name),
    ];
    match packet.place {
        Where::Sent | Where::Returning(_) => {}
        Where::Failed(known_ms) if now_ms < known_ms => {}
        Where::Failed(_) => said.push(("reason", text(REASON))),
        Where::Returned(at_ms) => said.extend([("refund_time", time(at_ms)), ("refund_amount", amount)]),
        Where::Collected(at_ms) => {
            // The only nested element of the family; `hblist` is written as XML by the answer itself.
            said.push(("hblist/openid", packet.openid));
            said.push(("hblist/amount", amount));
            said.push(("hblist/rcv_time", time(at_ms)));
        }
    }
    said
}
