//! Column headers of exports.
//! Refuses a column without its field's name: each header carries it, so that programs find it in any language.

use super::Lang;

/// The columns of the export of claims.
pub fn claim_columns(lang: Lang) -> [String; 15] {
    let column = |zh: &str, en: &str, field: &str| match lang {
        Lang::Zh => format!("{zh} {field}"),
        Lang::En => format!("{en} {field}"),
    };
    [
        column("领取编号", "Claim", "claim_id"),
        column("领取时间（北京）", "Claimed at (Beijing)", "claimed_at"),
        column("公众号", "Account", "account"),
        column("链接", "Link", "link"),
        column("关注依据", "Evidence", "grade"),
        column("归因依据", "Attribution", "attribution"),
        column("收款人", "Payee", "openid"),
        column("金额（分）", "Amount (fen)", "amount_fen"),
        column("金额（元）", "Amount (yuan)", "amount_yuan"),
        column("付款状态", "Payout", "payout_state"),
        column("商户单号", "Bill number", "bill_no"),
        column("微信受理时间", "Accepted by WeChat at", "paid_at"),
        column("错误码", "Error code", "err_code"),
        column("地址", "Address", "ip"),
        column("试领", "Rehearsal", "rehearsal"),
    ]
}
