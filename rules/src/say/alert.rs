//! What an alert says in a chat: what happened, to what, and what to do.
//! Refuses to name a follower or a secret; a chat is not the place for them.

use super::{Lang, sentences};
use crate::alert::{Alert, Kind, Untold};

sentences! {
    robot_wrong: "请填写企业微信、钉钉或飞书机器人的 https 地址", "Enter the https address of a WeCom, DingTalk or Feishu robot";
    test: "领包：这是一条测试消息，机器人已接通", "Lingbao: this is a test, the robot works";
    not_failed: "只有没发成功或已退回的才能补发", "Only what failed or went back can be sent anew";
    paid_meanwhile: "这一笔已经补发过了", "This one was sent anew already";
    paid_since_backup: "备份之后已经用别的单号付给了这个人", "This person was paid under another number since the backup";
    paid_by_the_bill: "账单显示这一笔自己已经付出。请放行：同一个单号不会付两次", "By the bill this number itself was paid. Release it: one number is never paid twice";
    packet_gone: "这个红包已经给了别人，奖池里没有同样金额的了", "This packet went to somebody else; the total has none of its amount left";
    not_waiting: "它现在的状态不能这样操作，请刷新后再看", "Its state does not allow this; reload and look again";
}

impl Untold {
    /// What happened and what to do.
    pub fn sentence(self, lang: Lang) -> String {
        match (self, lang) {
            (Self::AddressLost, Lang::Zh) => "保存的地址打不开，请移除后重新添加。".to_owned(),
            (Self::AddressLost, Lang::En) => {
                "Its stored address cannot be read; remove it and add it again.".to_owned()
            }
            (Self::Silent, Lang::Zh) => "机器人没有回应，请检查服务器能否访问外网。".to_owned(),
            (Self::Silent, Lang::En) => "The robot's host does not answer; look whether it can be reached.".to_owned(),
            (Self::Unreadable, Lang::Zh) => "机器人的回应看不懂，请检查地址。".to_owned(),
            (Self::Unreadable, Lang::En) => "The robot's answer cannot be read; look at its address.".to_owned(),
            (Self::Refused(code), Lang::Zh) => format!("机器人没有收下，错误码 {code}，请检查地址和安全设置。"),
            (Self::Refused(code), Lang::En) => {
                format!("The robot answered {code}; look at its address and its security settings.")
            }
        }
    }
}

/// One message.
pub fn message(alert: &Alert, lang: Lang) -> String {
    let Alert { object, detail, times, .. } = alert;
    let what = what(alert.kind, lang);
    match lang {
        Lang::Zh => format!("领包提醒：{what}\n{object} {detail}（{times} 次）"),
        Lang::En => format!("Lingbao: {what}\n{object} {detail} ({times} times)"),
    }
}

/// What happened, in a word or two.
pub const fn name(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::RailPaused => lang.pick("通道暂停", "Rail paused"),
        Kind::PayoutHeldUp => lang.pick("付款受阻", "Payout held up"),
        Kind::BillDiffers => lang.pick("账单不一致", "Bill differs"),
        Kind::BillForgotten => lang.pick("查不到账单", "Bill forgotten"),
        Kind::Overdue => lang.pick("超过时限", "Overdue"),
        Kind::PaidSinceBackup => lang.pick("备份之后已付过", "Paid since the backup"),
        Kind::LowBudget => lang.pick("预算不多", "Low budget"),
    }
}

/// What happened, and what to do.
pub const fn what(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::RailPaused => lang.pick(
            "付款通道已暂停，请检查商户余额、额度和权限；恢复后会自动继续",
            "a payment rail stands still; look at the merchant's balance, allowance and permissions, it goes on by itself",
        ),
        Kind::PayoutHeldUp => lang.pick(
            "有付款被微信支付挡住，请检查密钥、证书和活动设置",
            "WeChat Pay holds up a payout; look at the keys, the certificate and the campaign's settings",
        ),
        Kind::BillDiffers => lang.pick(
            "微信支付的账单和我们的记录不一致，请人工核对",
            "WeChat Pay's bill differs from our record; somebody has to compare them",
        ),
        Kind::BillForgotten => lang.pick(
            "微信支付已查不到这笔付款，请用资金账单核对",
            "WeChat Pay no longer knows a payout; the fund-flow bill has to tell",
        ),
        Kind::Overdue => lang.pick("有付款超过时限还没有结果", "payouts are past their deadline without an end"),
        Kind::PaidSinceBackup => lang.pick(
            "备份之后已经用别的单号付给了这个人，这一笔先停着。请先查清那一笔是哪个活动的：同一个活动就选「不再发」，别的活动才放行",
            "its person was paid under another number since the backup, so a payout waits; find out which campaign that was: give it up if the same, release it if another",
        ),
        Kind::LowBudget => lang.pick(
            "活动的可用预算不多了，请补充预算或准备收尾",
            "a campaign's free budget runs low; fund it, or get ready to end",
        ),
    }
}
