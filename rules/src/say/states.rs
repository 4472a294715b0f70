//! The words for every state, kind and grade, as staff read them.
//! Refuses to leave a state without a word in both languages.

use super::Lang;
use crate::account::{Kind, MessageMode, Mode, OnFollow};
use crate::campaign::{Scope, State as Campaign};
use crate::claim::State as Claim;
use crate::follow::{Attribution, Grade, Novelty};
use crate::operator::Role;
use crate::payout::State as Payout;

/// Where a campaign stands.
pub const fn campaign(state: Campaign, lang: Lang) -> &'static str {
    match state {
        Campaign::Draft => lang.pick("草稿", "Draft"),
        Campaign::Running => lang.pick("进行中", "Running"),
        Campaign::Paused => lang.pick("已暂停", "Paused"),
        Campaign::Closed => lang.pick("已结束", "Closed"),
    }
}

/// How often one person may claim.
pub const fn scope(scope: Scope, lang: Lang) -> &'static str {
    match scope {
        Scope::Campaign => lang.pick("整个活动每人一次", "Once in the whole campaign"),
        Scope::Account => lang.pick("每个公众号各一次", "Once for each account"),
    }
}

/// Subscription or service account.
pub const fn kind(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Subscription => lang.pick("订阅号", "Subscription account"),
        Kind::Service => lang.pick("服务号", "Service account"),
    }
}

/// Who answers a follow.
pub const fn mode(mode: Mode, lang: Lang) -> &'static str {
    match mode {
        Mode::Edit => lang.pick("编辑模式", "Edit mode"),
        Mode::Developer => lang.pick("开发者模式", "Developer mode"),
    }
}

/// How pushes are wrapped.
pub const fn message_mode(mode: MessageMode, lang: Lang) -> &'static str {
    match mode {
        MessageMode::Plain => lang.pick("明文模式", "Plain"),
        MessageMode::Compatible => lang.pick("兼容模式", "Compatible"),
        MessageMode::Safe => lang.pick("安全模式", "Safe"),
    }
}

/// How well a follow is known.
pub const fn grade(grade: Grade, lang: Lang) -> &'static str {
    match grade {
        Grade::Proven => lang.pick("微信推送证实", "Proven by WeChat"),
        Grade::Checked => lang.pick("名单核对", "Checked on the list"),
        Grade::Asserted => lang.pick("仅凭链接", "Link only"),
    }
}

/// How a follow is known to belong to a link.
pub const fn attribution(attribution: Attribution, lang: Lang) -> &'static str {
    match attribution {
        Attribution::Scene => lang.pick("专属二维码", "QR code"),
        Attribution::Ticket => lang.pick("本人点过", "Same person"),
        Attribution::OnlyLink => lang.pick("唯一链接", "Only link"),
        Attribution::Estimated => lang.pick("估算", "Estimated"),
        Attribution::None => lang.pick("未知", "Unknown"),
    }
}

/// Whether a follower is new.
pub const fn novelty(novelty: Novelty, lang: Lang) -> &'static str {
    match novelty {
        Novelty::New => lang.pick("新关注", "New"),
        Novelty::Returning => lang.pick("回来的", "Returning"),
        Novelty::Earlier => lang.pick("老粉丝", "Earlier"),
    }
}

/// What that attribution is worth.
pub const fn attribution_meaning(attribution: Attribution, lang: Lang) -> &'static str {
    match attribution {
        Attribution::Scene => lang.pick("扫了这个链接的二维码，准确", "Scanned this link's own QR code: exact"),
        Attribution::Ticket => {
            lang.pick("领取的人 24 小时内点过这个链接，准确", "The claimant had opened this link within 24 h: exact")
        }
        Attribution::OnlyLink => {
            lang.pick("这个公众号在活动里只有这一个链接", "The account has only this one active link in the campaign")
        }
        Attribution::Estimated => {
            lang.pick("按访问占比估算，只用于合计", "A share of the visits; good for totals only")
        }
        Attribution::None => lang.pick("还不知道来自哪个链接", "Not yet known from which link"),
    }
}

/// Where a claim and its payout stand, in one word for staff.
pub const fn claim(claim: Claim, payout: Payout, lang: Lang) -> &'static str {
    match claim {
        Claim::Held => lang.pick("待审核", "Held"),
        Claim::Rejected => lang.pick("已拒绝", "Rejected"),
        Claim::Granted => self::payout(payout, lang),
    }
}

/// Where a payout stands.
pub const fn payout(state: Payout, lang: Lang) -> &'static str {
    match state {
        Payout::Queued => lang.pick("排队中", "Queued"),
        Payout::Sending => lang.pick("正在发", "Sending"),
        Payout::Unknown => lang.pick("结果待确认", "Answer unknown"),
        Payout::Sent => lang.pick("已发出", "Sent"),
        Payout::WaitingConfirm => lang.pick("等待确认收款", "Waiting for confirmation"),
        Payout::Collected => lang.pick("已到账", "Collected"),
        Payout::Returned => lang.pick("已退回", "Returned"),
        Payout::Failed => lang.pick("发送失败", "Failed"),
    }
}

/// What a member of staff may do.
pub const fn role(role: Role, lang: Lang) -> &'static str {
    use super::dashboard as say;
    match role {
        Role::Viewer => say::role_viewer(lang),
        Role::Marketer => say::role_marketer(lang),
        Role::Finance => say::role_finance(lang),
        Role::Administrator => say::role_administrator(lang),
    }
}

/// What a follow brings.
pub const fn on_follow(on_follow: OnFollow, lang: Lang) -> &'static str {
    match on_follow {
        OnFollow::Reply => lang.pick("回复专属链接", "Reply with a personal link"),
        OnFollow::Pay => lang.pick("直接发红包", "Pay at once"),
    }
}
