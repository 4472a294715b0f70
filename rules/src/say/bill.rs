//! What is said about fund-flow bills: why a file is refused, how a day came out, and each difference.
//! Refuses to say "difference" alone; each sentence tells which side has what, and what to do.

use super::{Lang, sentences};
use crate::Fen;
use crate::bill::{Difference, Kind, Movement, Reconciled, Side, WrongFile};
use crate::ids::{MchBillno, MchId};
use crate::time::BeijingDay;

sentences! {
    title: "对账", "Reconciliation";
    lead: "把商户平台下载的资金账单（CSV 原文件）传上来，逐日与我们的账核对",
        "Upload the merchant platform's fund-flow bills (the CSV as it came); each day is compared with our books";
    file: "资金账单文件", "Fund-flow bill";
    file_help: "商户平台 → 交易中心 → 资金账单，选“基本账户”，一次一天，最大 20 MB",
        "Merchant platform, fund-flow bill of the basic account, one day at a time, 20 MB at most";
    upload: "导入", "Import";
    none_yet: "还没有导入过账单", "No bill was imported yet";
    none_next: "账单次日上午 10 点以后可以下载", "WeChat makes a day's bill after ten in the next morning";
    day: "日期", "Day";
    merchant: "商户号", "Merchant";
    ours: "我方", "Ours";
    theirs: "微信支付", "WeChat Pay";
    foreign: "其他系统的行", "Foreign rows";
    paid: "支出", "Paid";
    returned: "退回", "Returned";
    clean: "当天两边完全一致", "Both sides agree on this day";
    differences: "差异", "Differences";
    refused: "这个文件没有导入", "This file was not imported";
    too_large: "文件超过 20 MB：请按天下载；一天就超过的，在服务器上用 lingbao reconcile 导入", "The file is larger than 20 MB: download one day at a time, or import it on the server with lingbao reconcile";
    no_file: "请先选择文件", "Choose a file first";
    no_merchant: "还没有商户号", "There is no merchant yet";
    which_merchant: "有多个商户号，请指明账单属于哪一个（--mch）",
        "there are several merchants: say whose bill it is (--mch)";
    bills_first: "还缺账单，请先补齐", "Bills are still wanted; import those first";
    not_all_asked: "还有付款没向微信查过，请先点「再查一次」", "WeChat was not asked about all of these payments yet; ask again first";
    stands_no_more: "领取和付款已经恢复", "Nothing stands still any more";
    has_a_bill: "这一天已经导入过有内容的账单", "A bill with rows of this day was imported";
    no_bill_day: "没有资金变动的日子", "A day on which nothing moved";
    no_bill: "这一天没有账单", "A day without a bill";
    no_bill_help: "这样的日子微信不生成账单，在这里说明，对账才完整", "WeChat makes no bill for it; say so here, and the days are complete";
    no_bill_effect: "这一天按没有任何收支来对账。如果我方那天有付款，会显示为差异。", "The day is reconciled as one on which nothing moved. If our books paid on it, that is shown as a difference.";
    no_bill_then: "这一天如果付过款，那些人就查不到，可以再领一次。请先在商户平台确认这一天没有账单。", "Whoever was paid on it since the backup is not found, and could claim once more. Make sure at the merchant platform that the day has no bill.";
    no_bill_done: "已更新", "Updated";
    standing_still: "恢复备份后，领取和付款都停着", "After the restore, claims and payouts stand still";
    standing_still_lead: "备份之后付给过谁，要靠账单查清。补齐下面的账单，就会自动恢复。", "The bills tell who was paid since the backup. Once those below are here, everything goes on by itself.";
    wanted: "还缺的账单", "Bills still wanted";
    nameless_title: "还不清楚是谁领走的", "Payments whose claim is not known";
    nameless_help: "红包打开或退回以后，微信才说得出是谁，最多等一天。付款的公众号如果没有活动，请先重新建好它的活动。", "WeChat names the person once the packet is opened or went back, a day at most. Where their account pays for no campaign, enter that campaign again.";
    enter_first: "备份之后新建的商户、公众号和活动，换过付款公众号的草稿，请在补最后一份账单之前重新建好、改好。", "Before the last bill is here, enter the merchants, accounts and campaigns again that were made since the backup, and change drafts again whose payer was changed.";
    all_named: "都查清了。活动都建好以后，点「再查一次」就恢复；半小时没有人操作，也会自动恢复。", "Everybody is named. Ask again once all campaigns are entered, and everything goes on; after half an hour in which nobody does anything it does so by itself.";
    ask_again: "再查一次", "Ask again";
    accept: "不等了，恢复", "Go on without them";
    accept_title: "不等他们，马上恢复领取和付款？", "Let claims and payouts go on without them?";
    see: "去对账", "Reconcile";
    wait_for_end: "这一天还没有结束，账单要次日才完整", "the day is not over; its bill is complete only on the next day";
}

/// Why a file was refused.
pub fn wrong(wrong: &WrongFile, lang: Lang) -> String {
    match (wrong, lang) {
        (WrongFile::NotUtf8, _) => lang
            .pick(
                "文件不是 UTF-8：请上传下载的原文件，不要用 Excel 另存",
                "the file is not UTF-8: use it as it was downloaded, not as Excel saved it",
            )
            .to_owned(),
        (WrongFile::NoColumn(name), Lang::Zh) => format!("这不是资金账单：缺少“{name}”一列"),
        (WrongFile::NoColumn(name), Lang::En) => format!("this is no fund-flow bill: the column {name} is missing"),
        (WrongFile::Line(line), Lang::Zh) => format!("第 {line} 行读不懂"),
        (WrongFile::Line(line), Lang::En) => format!("line {line} cannot be read"),
        (WrongFile::TwoDays(one, other), Lang::Zh) => format!("文件里有 {one} 和 {other} 两天的记录，请一次导入一天"),
        (WrongFile::TwoDays(one, other), Lang::En) => {
            format!("the file holds rows of {one} and of {other}: import one day at a time")
        }
        (WrongFile::Empty, _) => lang.pick("文件里没有记录", "the file holds no row").to_owned(),
        (WrongFile::NoSums, _) => lang
            .pick("文件末尾没有汇总行，下载不完整", "the file ends before its sums: it did not come whole")
            .to_owned(),
        (WrongFile::OtherSums, _) => lang
            .pick(
                "汇总行与明细对不上，文件不完整或被改过",
                "the sums at its end are not those of its rows: it is incomplete or was changed",
            )
            .to_owned(),
    }
}

/// The file names another merchant than the one it is imported for.
pub fn other_merchant(named: &MchId, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("这是商户号 {named} 的账单，我们没有这个商户或它与指明的不同"),
        Lang::En => format!("the bill is of merchant {named}, who is not the one it is imported for"),
    }
}

/// Payments of the bill that was imported before are not in the file.
pub fn drops(payments: usize, first: &MchBillno, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!(
            "这一天已导入的账单里有 {payments} 笔付款（如 {first}）不在这个文件里：请确认是“基本账户”的完整账单"
        ),
        Lang::En => format!(
            "{payments} payments of the bill that was imported for this day ({first}, for one) are not in this file; use the whole bill of the basic account"
        ),
    }
}

/// One difference with its number, and what to do.
pub fn difference(difference: &Difference, lang: Lang) -> String {
    let (mch_billno, text) = (&difference.mch_billno, what_differs(difference, lang));
    match lang {
        Lang::Zh => format!("{mch_billno}：{text}"),
        Lang::En => format!("{mch_billno}: {text}"),
    }
}

/// What differs, and what to do.
pub fn what_differs(difference: &Difference, lang: Lang) -> String {
    let Difference { kind, movement, ours, theirs, .. } = difference;
    let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    match (kind, movement, lang) {
        (Kind::OursAlone, Movement::Paid, Lang::Zh) => {
            format!("我方记为已付 {ours} 元，账单里没有；请在商户平台按单号查询")
        }
        (Kind::OursAlone, Movement::Paid, Lang::En) => {
            format!("our books paid ¥{ours}, the bill has no such row; look the number up at the merchant platform")
        }
        (Kind::OursAlone, Movement::Returned, Lang::Zh) => {
            format!("我方记为已退回 {ours} 元，账单里没有；请在商户平台按单号查询")
        }
        (Kind::OursAlone, Movement::Returned, Lang::En) => {
            format!(
                "our books took ¥{ours} back, the bill has no such row; look the number up at the merchant platform"
            )
        }
        (Kind::TheirsAlone, Movement::Paid, Lang::Zh) => {
            format!("账单付出 {theirs} 元，我方没有记为已付；请查这笔付款的状态")
        }
        (Kind::TheirsAlone, Movement::Paid, Lang::En) => {
            format!("the bill paid ¥{theirs}, our books did not; look at the state of this payout")
        }
        (Kind::TheirsAlone, Movement::Returned, Lang::Zh) => {
            format!("账单退回 {theirs} 元，我方还没有记为退回；稍后会自动查询")
        }
        (Kind::TheirsAlone, Movement::Returned, Lang::En) => {
            format!("the bill took ¥{theirs} back, our books did not yet; WeChat is asked again by itself")
        }
        (Kind::NoSuchPayout, Movement::Paid, Lang::Zh) => {
            format!(
                "账单付出 {theirs} 元，我方在这个商户号下没有这个单号；可能是恢复备份前付的，请在商户平台按单号查询"
            )
        }
        (Kind::NoSuchPayout, Movement::Paid, Lang::En) => {
            format!(
                "the bill paid ¥{theirs} under a number that our books do not have for this merchant, perhaps before a backup came back; look it up at the merchant platform"
            )
        }
        (Kind::NoSuchPayout, Movement::Returned, Lang::Zh) => {
            format!("账单退回 {theirs} 元，我方在这个商户号下没有这个单号；恢复备份时如果已从预算扣除，请注资补回")
        }
        (Kind::NoSuchPayout, Movement::Returned, Lang::En) => {
            format!(
                "the bill took ¥{theirs} back under a number that our books do not have for this merchant; if it was taken off a budget after a restore, fund that budget with it"
            )
        }
        (Kind::Amount, Movement::Paid | Movement::Returned, Lang::Zh) => {
            format!("金额不同，我方 {ours} 元，账单 {theirs} 元；请联系微信支付")
        }
        (Kind::Amount, Movement::Paid | Movement::Returned, Lang::En) => {
            format!("the amounts differ, ours ¥{ours}, the bill's ¥{theirs}; ask WeChat Pay")
        }
        (Kind::Double, Movement::Paid | Movement::Returned, Lang::Zh) => {
            format!("账单里出现了不止一次（{theirs} 元）；请联系微信支付")
        }
        (Kind::Double, Movement::Paid | Movement::Returned, Lang::En) => {
            format!("the bill has it more than once (¥{theirs}); ask WeChat Pay")
        }
    }
}

/// What may still come.
pub fn waiting(n: i64, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{n} 笔可能记在前后一天的账单里，导入那天后再看"),
        Lang::En => format!("{n} may stand in the bill of the day before or after; import that one too"),
    }
}

/// What one side moved, beside the sum that it paid.
pub fn side_beside(side: &Side, lang: Lang) -> String {
    let Side { paid, returned, returned_fen, .. } = side;
    match (lang, returned) {
        (Lang::Zh, 0) => format!("支出 {paid} 笔，没有退回"),
        (Lang::En, 0) => format!("{paid} paid, none returned"),
        (Lang::Zh, _) => format!("支出 {paid} 笔，退回 {returned} 笔 ¥{returned_fen}"),
        (Lang::En, _) => format!("{paid} paid, {returned} returned (¥{returned_fen})"),
    }
}

/// One side in a line.
pub fn side(side: &Side, lang: Lang) -> String {
    let Side { paid, paid_fen, returned, returned_fen } = side;
    match lang {
        Lang::Zh => format!("支出 {paid} 笔 {paid_fen} 元，退回 {returned} 笔 {returned_fen} 元"),
        Lang::En => format!("paid {paid} (¥{paid_fen}), returned {returned} (¥{returned_fen})"),
    }
}

/// A day in a line.
pub fn summary(day: &Reconciled, lang: Lang) -> String {
    let (ours, theirs) = (side(&day.ours, lang), side(&day.theirs, lang));
    let (date, foreign) = (day.bill.day, day.bill.foreign);
    match lang {
        Lang::Zh => format!("{date}：我方{ours}；账单{theirs}；其他系统 {foreign} 行"),
        Lang::En => format!("{date}: ours {ours}; the bill's {theirs}; {foreign} foreign rows"),
    }
}

/// The question before a day without a bill is entered.
pub fn no_bill_title(day: BeijingDay, mch_id: &MchId, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("商户号 {mch_id} 在 {day} 没有任何资金变动？"),
        Lang::En => format!("No money of merchant {mch_id} moved on {day}?"),
    }
}

/// What going on without names means.
pub fn accept_effect(people: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("这 {people} 笔付给了谁无法查清，他们可能再领一次。确认后领取和付款马上恢复，不能撤回。"),
        Lang::En => format!(
            "Nobody knows who got these {people} payments; those people could claim once more. Claims and payouts go on at once, and this cannot be taken back."
        ),
    }
}

/// The days whose bills are still wanted after a restore.
pub fn still_wanted(mch_id: &MchId, days: &[BeijingDay], lang: Lang) -> String {
    let days = days.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match lang {
        Lang::Zh => {
            format!("仍然停着：还缺商户号 {mch_id} 的账单 {days}（商户平台上确实没有账单的日子，用 --nothing-on 说明）")
        }
        Lang::En => format!(
            "everything still stands: the bills of merchant {mch_id} of {days} are wanted (--nothing-on for a day that has none at the merchant platform)"
        ),
    }
}

/// A payment since the backup whose person WeChat does not name.
pub fn nameless(mch_billno: &MchBillno, amount: Fen, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!(
            "仍然停着：{mch_billno}（{amount} 元）是谁领走的还不清楚；领取或退回后再试，通常最多等一天；付款的公众号没有活动时，请先重新建好活动"
        ),
        Lang::En => format!(
            "everything still stands: nobody knows yet whose claim {mch_billno} (¥{amount}) was; try again once it is opened or went back, usually a day at most; if its account pays for no campaign, enter that campaign again"
        ),
    }
}
