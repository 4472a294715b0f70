//! The fund-flow bill of a Beijing day: every movement of the merchant's money, as the CSV that WeChat hands out.
//! It refuses to tell of money that is only held: a transfer nobody confirmed has not left the account.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::books::Where;
use crate::clock::{DAY_MS, beijing, beijing_day};
use crate::transfers::Stage;
use crate::world::State;

const HEAD: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号";
const SUMS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// How a bill is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SlipKind {
    /// A row is missing.
    Omit,
    /// A row stands twice.
    Double,
    /// A row says one fen more.
    Amount,
    /// A row of somebody else's payment stands among ours.
    Foreign,
}

/// An error that was planted into the bill of a day.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Slip {
    pub(crate) kind: SlipKind,
    pub(crate) bill_no: String,
    pub(crate) day: i64,
}

/// One movement.
#[derive(Debug, Clone)]
struct Flow {
    at_ms: i64,
    wechat_no: String,
    bill_no: String,
    business: &'static str,
    kind: &'static str,
    income: bool,
    amount_fen: i64,
    balance_fen: i64,
    remark: String,
}

/// All movements up to the end of a day, in their order, each with the balance after it.
fn journal(state: &State, start_fen: i64, day: i64) -> Vec<Flow> {
    let mut flows = Vec::new();
    let mut add =
        |at_ms, numbers: (&str, &str), words: (&'static str, &'static str), income, amount_fen, remark: &str| {
            flows.push(Flow {
                at_ms,
                wechat_no: numbers.0.to_owned(),
                bill_no: numbers.1.to_owned(),
                business: words.0,
                kind: words.1,
                income,
                amount_fen,
                balance_fen: 0,
                remark: remark.replace([',', '\r', '\n'], " "),
            });
        };
    for packet in state.books.all() {
        let numbers = (packet.list_id.as_str(), packet.bill_no.as_str());
        if !matches!(packet.place, Where::Failed(_)) {
            add(packet.sent_ms, numbers, ("现金红包", "现金红包"), false, packet.amount_fen, &packet.remark);
        }
        if let Where::Returned(at_ms) = packet.place {
            add(at_ms, numbers, ("现金红包", "现金红包退款"), true, packet.amount_fen, "红包超时未领取退回");
        }
    }
    for bill in state.transfers.all().iter().filter(|bill| bill.stage == Stage::Success) {
        let numbers = (bill.transfer_bill_no.as_str(), bill.out_bill_no.as_str());
        add(bill.updated_ms, numbers, ("商家转账", "商家转账"), false, bill.amount_fen, &bill.remark);
    }
    flows.retain(|flow| beijing_day(flow.at_ms) <= day);
    flows.sort_by_key(|flow| flow.at_ms);
    let mut balance_fen = start_fen;
    for flow in &mut flows {
        balance_fen += if flow.income { flow.amount_fen } else { -flow.amount_fen };
        flow.balance_fen = balance_fen;
    }
    flows
}

/// The movements of one day, with the errors that were planted there.
fn flows(state: &State, start_fen: i64, day: i64) -> Vec<Flow> {
    let mut flows = journal(state, start_fen, day);
    flows.retain(|flow| beijing_day(flow.at_ms) == day);
    for slip in state.slips.iter().filter(|slip| slip.day == day) {
        let at = flows.iter().position(|flow| flow.bill_no == slip.bill_no);
        match (slip.kind, at) {
            (SlipKind::Omit, Some(at)) => {
                flows.remove(at);
            }
            (SlipKind::Double, Some(at)) => flows.insert(at, flows[at].clone()),
            (SlipKind::Amount, Some(at)) => flows[at].amount_fen += 1,
            (SlipKind::Foreign, _) => {
                flows.push(foreign(slip, flows.last().map_or(start_fen, |flow| flow.balance_fen)))
            }
            (SlipKind::Omit | SlipKind::Double | SlipKind::Amount, None) => {}
        }
    }
    flows
}

/// One yuan, paid a second before midnight by nobody we know.
fn foreign(slip: &Slip, balance_fen: i64) -> Flow {
    Flow {
        at_ms: (slip.day + 1) * DAY_MS - 8 * 3_600_000 - 1000,
        wechat_no: number("foreign", &slip.bill_no),
        bill_no: slip.bill_no.clone(),
        business: "现金红包",
        kind: "现金红包",
        income: false,
        amount_fen: 100,
        balance_fen,
        remark: "其他系统".to_owned(),
    }
}

/// Twenty-eight digits that belong to these words.
fn number(first: &str, second: &str) -> String {
    let hash = Sha256::new().chain_update(first).chain_update("/").chain_update(second).finalize();
    format!("4200{}", hash.iter().take(24).map(|byte| char::from(b'0' + byte % 10)).collect::<String>())
}

/// Fen as yuan.
fn yuan(fen: i64) -> String {
    format!("{}{}.{:02}", if fen < 0 { "-" } else { "" }, fen.abs() / 100, fen.abs() % 100)
}

fn row(flow: &Flow, mch_id: &str) -> String {
    let values = [
        beijing(flow.at_ms, "%Y-%m-%d %H:%M:%S"),
        flow.wechat_no.clone(),
        number(flow.kind, &flow.bill_no),
        flow.business.to_owned(),
        flow.kind.to_owned(),
        if flow.income { "收入" } else { "支出" }.to_owned(),
        yuan(flow.amount_fen),
        yuan(flow.balance_fen),
        format!("{mch_id}API"),
        flow.remark.clone(),
        flow.bill_no.clone(),
    ];
    values.map(|value| format!("`{value}")).join(",")
}

/// The CSV of a day: a mark, a head, the rows, and their sums. `None` when no money moved.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4013071233>
pub(crate) fn csv(state: &State, mch_id: &str, start_fen: i64, day: i64) -> Option<String> {
    let flows = flows(state, start_fen, day);
    if flows.is_empty() {
        return None;
    }
    let mut sums = BTreeMap::from([(true, (0_usize, 0_i64)), (false, (0, 0))]);
    for flow in &flows {
        let sum = sums.entry(flow.income).or_default();
        *sum = (sum.0 + 1, sum.1 + flow.amount_fen);
    }
    let (income, spending) = (sums[&true], sums[&false]);
    let mut lines = vec![format!("\u{feff}{HEAD}")];
    lines.extend(flows.iter().map(|flow| row(flow, mch_id)));
    lines.push(SUMS.to_owned());
    let (income_fen, spending_fen) = (yuan(income.1), yuan(spending.1));
    lines.push(format!("`{},`{},`{income_fen},`{},`{spending_fen}", flows.len(), income.0, spending.0));
    lines.push(String::new());
    Some(lines.join("\r\n"))
}

/// The number an error is about: the given one, or else the first of the day that no other error is about.
pub(crate) fn target(state: &State, kind: SlipKind, bill_no: Option<String>, day: i64) -> Option<String> {
    if kind == SlipKind::Foreign {
        let made = || format!("FOREIGN{day}{:03}", state.slips.len() + 1);
        return Some(bill_no.unwrap_or_else(made));
    }
    let mut journal = journal(state, 0, day).into_iter().filter(|flow| beijing_day(flow.at_ms) == day);
    let free = |flow: &Flow| !state.slips.iter().any(|slip| slip.day == day && slip.bill_no == flow.bill_no);
    let found = journal.find(|flow| bill_no.as_ref().map_or_else(|| free(flow), |bill_no| flow.bill_no == *bill_no));
    found.map(|flow| flow.bill_no)
}
