//! Column headers of exports.
//! Refuses a column without its field's name: each header carries it, so that programs find it in any language.

use super::Lang;

fn named<const N: usize>(columns: [(&str, &str, &str); N], lang: Lang) -> [String; N] {
    columns.map(|(zh, en, field)| format!("{} {field}", lang.pick(zh, en)))
}

/// The columns of the export of claims.
pub fn claim_columns(lang: Lang) -> [String; 15] {
    named(
        [
            ("领取编号", "Claim", "claim_id"),
            ("领取时间（北京）", "Claimed at (Beijing)", "claimed_at"),
            ("公众号", "Account", "account"),
            ("链接", "Link", "link"),
            ("关注依据", "Evidence", "grade"),
            ("归因依据", "Attribution", "attribution"),
            ("收款人", "Payee", "openid"),
            ("金额（分）", "Amount (fen)", "amount_fen"),
            ("金额（元）", "Amount (yuan)", "amount_yuan"),
            ("付款状态", "Payout", "payout_state"),
            ("商户单号", "Bill number", "bill_no"),
            ("微信受理时间", "Accepted by WeChat at", "paid_at"),
            ("错误码", "Error code", "err_code"),
            ("地址", "Address", "ip"),
            ("试领", "Rehearsal", "rehearsal"),
        ],
        lang,
    )
}

/// The columns of the export of follows.
pub fn follow_columns(lang: Lang) -> [String; 8] {
    named(
        [
            ("关注编号", "Follow", "follow_id"),
            ("关注时间（北京）", "Followed at (Beijing)", "followed_at"),
            ("公众号", "Account", "account"),
            ("粉丝", "Follower", "openid"),
            ("链接", "Link", "link"),
            ("归因依据", "Attribution", "attribution"),
            ("新老粉丝", "Novelty", "novelty"),
            ("关注依据", "Evidence", "grade"),
        ],
        lang,
    )
}

/// The columns of the export of payouts.
pub fn payout_columns(lang: Lang) -> [String; 16] {
    named(
        [
            ("付款编号", "Payout", "payout_id"),
            ("领取编号", "Claim", "claim_id"),
            ("公众号", "Account", "account"),
            ("收款人", "Payee", "openid"),
            ("商户单号", "Bill number", "bill_no"),
            ("商户号", "Merchant", "mch_id"),
            ("通道", "Rail", "rail"),
            ("付款状态", "State", "payout_state"),
            ("金额（分）", "Amount (fen)", "amount_fen"),
            ("已试次数", "Attempts", "attempts"),
            ("错误码", "Error code", "err_code"),
            ("微信的说明", "What WeChat said", "err_code_des"),
            ("领取时间（北京）", "Granted at (Beijing)", "created_at"),
            ("微信受理时间", "Accepted by WeChat at", "paid_at"),
            ("结束时间", "Ended at", "ended_at"),
            ("试领", "Rehearsal", "rehearsal"),
        ],
        lang,
    )
}

/// The columns of the export of the ledger.
pub fn ledger_columns(lang: Lang) -> [String; 8] {
    named(
        [
            ("流水编号", "Transfer", "transfer_id"),
            ("时间（北京）", "At (Beijing)", "at"),
            ("事项", "Event", "event"),
            ("从", "From", "debit"),
            ("到", "To", "credit"),
            ("金额（分）", "Amount (fen)", "amount_fen"),
            ("商户单号", "Bill number", "bill_no"),
            ("谁", "Who", "operator"),
        ],
        lang,
    )
}
