//! What the campaign form says about each field, and why a step is not possible.
//! Refuses to blame; every sentence tells what to enter.

use super::sentences;

sentences! {
    slug_wrong: "网址名只用小写字母、数字和连字符，最多 24 个", "The name in the URL has lower-case letters, digits and hyphens, at most 24";
    slug_fixed: "活动已经开始过，发出去的链接里有这个网址名，不能再改", "The campaign has run; links that were sent hold this name, so it can no longer change";
    slug_taken: "这个网址名已经用过了", "This name in the URL is taken";
    scope_wrong: "请选择每人能领几次", "Choose how often one person may claim";
    payer_wrong: "请选择付款的服务号", "Choose the service account that pays";
    text_wrong: "请填写一句，不要太长，不要换行", "Enter a short text in one line";
    send_name_wrong: "请填写发送者名称，最多 10 个汉字", "Enter the sender's name, at most 32 bytes";
    time_wrong: "请选择时间", "Choose a time";
    window_wrong: "结束时间要晚于开始时间", "It must end after it starts";
    money_wrong: "请填写金额，单位元，最多两位小数", "Enter an amount in yuan with at most two decimals";
    merchant_missing: "付款的服务号还没有绑定商户号", "The paying service account has no merchant yet";
    scope_fixed: "活动已经开始过，「每人一次」的范围不能再改", "The campaign has run already; how often one person may claim can no longer change";
    transition_wrong: "活动现在的状态不能这样操作，请刷新后再看", "The campaign's state does not allow this; reload and look again";
    not_found: "没有这个活动", "There is no such campaign";
    rail_not_ready: "这个商户号还没有商家转账的密钥（APIv3 密钥和微信支付公钥）", "This merchant has no keys for transfers yet (the APIv3 key and WeChat Pay's public key)";
    rail_too_much: "商家转账单笔要少于 2000 元", "A transfer must be below 2,000 yuan";
    budget_short: "可用预算不够，不能减这么多", "The free budget is not enough to take this much back";
    link_code_taken: "这个短链名已经用过了", "This link code is taken";
    link_code_wrong: "短链名是 3 到 24 个小写字母、数字或连字符", "A link code has 3 to 24 lower-case letters, digits or hyphens";
    compliance: "微信规则限制以奖励诱导关注或分享。请在活动文案里不要强制关注，并随时准备好停止活动。", "WeChat's rules restrict rewarding follows and shares. Do not force a follow in your texts, and be ready to stop the campaign.";
}
