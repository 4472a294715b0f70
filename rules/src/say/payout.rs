//! What the payouts page says: filters, WeChat's codes in words, and what each step does.
//! Refuses to promise what WeChat has not told.

use super::{Lang, sentences, states};
use crate::payout_list::{Filter, Step};
use crate::time::{UnixMs, hours, minutes};

sentences! {
    payouts: "付款", "Payouts";
    payouts_lead: "每一笔红包的去向：在哪一步，试了几次，微信说了什么。", "Where each packet is: its state, its attempts, and what WeChat said.";
    all: "全部", "All";
    open: "未完结", "Not ended";
    overdue: "超过时限", "Overdue";
    held: "已扣住", "Held";
    overdue_title: "超过时限还没有结果", "Past their deadline";
    overdue_lead: "这些付款需要有人看一眼。结果未知的不会重复发，也不会丢。", "Somebody has to look at these. What is unknown is never sent twice and never lost.";
    see_all: "全部查看", "See all";
    none: "没有这样的付款", "No such payouts";
    none_next: "换一个筛选看看；有人领取后，付款会出现在这里。", "Try another filter; once somebody claims, the payout appears here.";
    rail: "通道", "Rail";
    attempts: "已试", "Attempts";
    wechat_said: "微信的答复", "WeChat said";
    age: "已过", "Age";
    details: "详情", "Details";
    nothing_said: "无", "Nothing";
    bill_found: "按单号查到的付款", "The payout with this number";
    clear: "清除筛选", "Clear the filter";

    facts: "全部信息", "All facts";
    payee: "收款人", "Payee";
    merchant: "商户号", "Merchant";
    granted_at: "领取时间", "Granted";
    called_at: "最近一次发送", "Last sent";
    doubted_at: "结果未知始于", "Unknown since";
    accepted_at: "微信受理", "Accepted by WeChat";
    ended_at: "完结", "Ended";
    due_at: "下一步在", "Next step at";
    deadline: "时限", "Deadline";
    expires_at: "确认收款截止", "To be confirmed by";
    asked: "已查询", "Asked";
    not_sent_until_released: "扣住中，放行前不会发", "Held: not sent until it is released";
    not_yet: "还没有", "Not yet";
    entries: "账目", "Ledger";
    others: "同一次领取的其他付款", "Other payouts of the same claim";
    back: "返回列表", "Back to the list";
    looks_only: "只有财务和管理员能处理付款", "Only finance and administrators can act on payouts";
    no_steps: "现在没有需要处理的", "There is nothing to do about it now";

    retry: "马上再查", "Retry now";
    release: "放行", "Release";
    hold: "扣住", "Hold";
    reissue: "补发", "Send anew";
    cancel: "撤销转账", "Cancel the transfer";
    cancel_too_late: "这笔付款不在等待确认，不能撤销", "It does not wait for a confirmation, so it cannot be cancelled";
    cancel_untold: "微信没有答复，不知道撤销了没有。结果会自动查询，也可以再撤销一次。", "WeChat did not answer, so nobody knows whether it is cancelled. The end is asked for by itself; you can also cancel again.";
    done: "已处理", "Done";
}

/// The word of a filter.
pub const fn filter(filter: Filter, lang: Lang) -> &'static str {
    match filter {
        Filter::All => all(lang),
        Filter::Open => open(lang),
        Filter::Overdue => overdue(lang),
        Filter::Held => held(lang),
        Filter::At(state) => states::payout(state, lang),
    }
}

/// The word on a step's button; what is held is released by a retry.
pub const fn step(step: Step, is_held: bool, lang: Lang) -> &'static str {
    match step {
        Step::Retry if is_held => release(lang),
        Step::Retry => retry(lang),
        Step::Hold => hold(lang),
        Step::Reissue => reissue(lang),
        Step::Cancel => cancel(lang),
        Step::GiveUp => lang.pick("不再发", "Give up"),
    }
}

/// WeChat refused to cancel, for this reason of its own.
pub fn cancel_refused(err_code: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("微信没有撤销（{err_code}）：对方可能正在确认收款。结果会自动查询。"),
        Lang::En => {
            format!(
                "WeChat does not cancel it ({err_code}); it may be confirmed just now. The end is asked for by itself."
            )
        }
    }
}

/// The question before a step, naming the payout.
pub fn step_title(step: Step, is_held: bool, bill: &str, lang: Lang) -> String {
    let word = self::step(step, is_held, lang);
    match lang {
        Lang::Zh => format!("{word}付款 {bill}？"),
        Lang::En => format!("{word}: payout {bill}?"),
    }
}

/// What a step does.
pub fn step_effect(step: Step, is_held: bool, yuan: &str, lang: Lang) -> String {
    match (step, lang) {
        (Step::Retry, Lang::Zh) if is_held => format!("¥{yuan} 会马上用原来的单号发给领取人。"),
        (Step::Retry, Lang::En) if is_held => {
            format!("¥{yuan} goes out to the follower at once, under its own number.")
        }
        (Step::Retry, Lang::Zh) => {
            format!("用原来的单号马上向微信再发或再查一次。这 ¥{yuan} 不会多付。")
        }
        (Step::Retry, Lang::En) => {
            format!("WeChat is called again at once under the same number. The ¥{yuan} cannot be paid twice.")
        }
        (Step::Hold, Lang::Zh) => format!("这 ¥{yuan} 先不发，直到有人点「放行」。钱仍留给领取人。"),
        (Step::Hold, Lang::En) => {
            format!("The ¥{yuan} is not sent until somebody releases it. It stays reserved for the follower.")
        }
        (Step::Reissue, Lang::Zh) => {
            format!("从预算里再留出 ¥{yuan}，用新的单号发给同一个人，走活动现在的通道。")
        }
        (Step::Reissue, Lang::En) => format!(
            "¥{yuan} is reserved anew and sent to the same person under a new number, on the campaign's rail of today."
        ),
        (Step::GiveUp, Lang::Zh) => {
            format!("这一笔不再发，以后也不能补发，¥{yuan} 回到预算。备份之后已经用别的单号付给了这个人。")
        }
        (Step::GiveUp, Lang::En) => format!(
            "It is never sent, nor can it be sent anew, and the ¥{yuan} goes back to the budget. Its person was paid under another number since the backup."
        ),
        (Step::Cancel, Lang::Zh) => {
            format!(
                "请微信撤销这笔还没有确认的转账。撤销后 ¥{yuan} 回到预算，领取人不能再确认；刚好已经确认的，仍归领取人。"
            )
        }
        (Step::Cancel, Lang::En) => format!(
            "WeChat is asked to cancel it. The ¥{yuan} then goes back to the budget and cannot be confirmed any more; a follower who confirmed just before keeps it."
        ),
    }
}

/// What releasing a payout does whose person was paid under another number since a backup.
pub fn release_pays_again(yuan: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            format!(
                "账单显示备份之后已经用别的单号付给了这个人。放行会再付给同一个人 ¥{yuan}；确认那一笔属于别的活动时才放行。"
            )
        }
        Lang::En => format!(
            "By the bill this person was paid under another number since the backup. Releasing pays the same person ¥{yuan} more; do it only if that payment was another campaign's."
        ),
    }
}

/// How often something was done.
pub fn times(n: i64, lang: Lang) -> String {
    match (lang, n) {
        (Lang::Zh, _) => format!("{n} 次"),
        (Lang::En, 1) => "once".to_owned(),
        (Lang::En, _) => format!("{n} times"),
    }
}

/// How long ago `at` was, in its largest unit.
pub fn ago(at: UnixMs, now: UnixMs, lang: Lang) -> String {
    let passed = now.since(at).max(0);
    let (n, zh, en) = if passed < minutes(1) {
        (passed / 1000, "秒", "s")
    } else if passed < hours(1) {
        (passed / minutes(1), "分钟", "min")
    } else if passed < hours(48) {
        (passed / hours(1), "小时", "h")
    } else {
        (passed / hours(24), "天", "d")
    };
    format!("{n} {}", lang.pick(zh, en))
}

/// WeChat's code in words; empty for a code that has none here.
pub fn code(err_code: &str, lang: Lang) -> &'static str {
    match err_code {
        "SYSTEMERROR" | "SYSTEM_ERROR" => lang.pick("微信系统忙，结果未知", "WeChat is busy, the end is unknown"),
        "PROCESSING" => lang.pick("微信正在处理", "WeChat is working on it"),
        "NOTENOUGH" | "NOT_ENOUGH" | "BUDGET_NOT_ENOUGH" => {
            lang.pick("商户余额不足", "The merchant's balance is short")
        }
        "SENDAMOUNT_LIMIT" | "TRANSFER_QUOTA_EXCEED" | "EXCEEDED_ESTIMATED_AMOUNT" => {
            lang.pick("商户额度用完", "The merchant's allowance is used up")
        }
        "API_METHOD_CLOSED" => lang.pick("商户后台关闭了接口发放", "Sending by interface is switched off"),
        "NO_AUTH" | "V2_ACCOUNT_SIMPLE_BAN" | "REAL_NAME_CHECK_FAIL" | "RECEIVE_ACCOUNT_NOT_CONFIGURE" => {
            lang.pick("没有权限，或收款人未实名、有风险", "No permission, or the payee lacks a real name")
        }
        "PAYEE_ACCOUNT_ABNORMAL"
        | "ACCOUNT_FROZEN"
        | "ACCOUNT_NOT_EXIST"
        | "TRANSFER_RISK"
        | "NAME_NOT_CORRECT"
        | "ID_CARD_NOT_CORRECT" => lang.pick("收款人的账户异常", "The payee's account is not in order"),
        "SENDNUM_LIMIT"
        | "RCVDAMOUNT_LIMIT"
        | "DAY_RECEIVED_COUNT_EXCEED"
        | "DAY_RECEIVED_QUOTA_EXCEED"
        | "REALNAME_ACCOUNT_RECEIVED_QUOTA_EXCEED"
        | "BLOCK_B2C_USERLIMITAMOUNT_BSRULE_MONTH"
        | "BLOCK_B2C_USERLIMITAMOUNT_MONTH" => lang.pick("收款人到了上限", "The payee has reached a limit"),
        "FREQ_LIMIT"
        | "SECOND_OVER_LIMITED"
        | "FREQUENCY_LIMIT_EXCEED"
        | "FREQUENCY_LIMITED"
        | "RATELIMIT_EXCEEDED" => lang.pick("发得太快，稍后再发", "Too fast, sent again a little later"),
        "DAY_OVER_LIMITED" => lang.pick("今天发得太多，明天再发", "Too many today, sent tomorrow"),
        "MONEY_LIMIT" => lang.pick("金额超出微信的范围", "The amount is outside WeChat's range"),
        "PARAM_ERROR" | "XML_ERROR" | "INVALID_REQUEST" => lang.pick("请求内容有误", "A field of the request is wrong"),
        "FATAL_ERROR" => lang.pick("单号被另一笔占用，请人工核对", "Its number is taken by another bill"),
        "OPENID_ERROR" | "OPENID_INVALID" => lang.pick("openid 不属于这个公众号", "The openid is not of this account"),
        "ILLEGAL_APPID" | "MSGAPPID_ERROR" | "ACCEPTMODE_ERROR" => {
            lang.pick("公众号绑定有误", "The account's binding is wrong")
        }
        "CA_ERROR" => lang.pick("商户证书有误", "The merchant's certificate is wrong"),
        "SIGN_ERROR" => lang.pick("签名有误，请检查密钥", "The signature is wrong; look at the key"),
        "SEND_FAILED" => lang.pick("微信没有发出", "WeChat did not send it"),
        "USER_ERROR" | "PAYER_ACCOUNT_ABNORMAL" | "PRODUCT_AUTH_CHECK_FAIL" | "MERCHANT_REJECT" => {
            lang.pick("商户账户异常或没有权限", "The merchant's account or permission is not in order")
        }
        "NOT_FOUND" | "RESOURCE_NOT_EXISTS" => lang.pick("微信查不到这个单号", "WeChat knows no such number"),
        "OVERDUE_CLOSE" => lang.pick("24 小时内没有确认收款", "Not confirmed within 24 hours"),
        "MCH_CANCEL" | "CANCELLED" => lang.pick("已撤销", "Cancelled"),
        "CANCELING" => lang.pick("已要求撤销，等微信的结果", "Asked to cancel; WeChat has not ended it yet"),
        "PAID_SINCE_BACKUP" => lang.pick(
            "备份之后已经用别的单号付给了这个人，请人工核对",
            "Its person was paid under another number since the backup; look first",
        ),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let now = UnixMs(hours(24 * 10));
        for (before, zh, en) in [
            (5_000, "5 秒", "5 s"),
            (minutes(59), "59 分钟", "59 min"),
            (hours(47), "47 小时", "47 h"),
            (hours(72), "3 天", "3 d"),
            (-5_000, "0 秒", "0 s"),
        ] {
            let at = now.plus(-before);
            assert_eq!((ago(at, now, Lang::Zh).as_str(), ago(at, now, Lang::En).as_str()), (zh, en));
        }
    }
}
