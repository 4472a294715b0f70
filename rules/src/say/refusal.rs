//! Why a request was not granted: a headline and what to do next, for the follower and for staff alike.
//! Refuses to tell the inner reason of an anti-farming rule.

use super::Lang;
use crate::eligibility::Refusal;

/// The headline.
pub const fn headline(refusal: Refusal, lang: Lang) -> &'static str {
    match refusal {
        Refusal::NotStarted => lang.pick("还没开始", "Not open yet"),
        Refusal::Paused => lang.pick("暂停一下", "Paused for a moment"),
        Refusal::Ended => lang.pick("活动已结束", "This campaign is over"),
        Refusal::AlreadyClaimed => lang.pick("你已经领过了", "You have claimed already"),
        Refusal::NoTicket => lang.pick("先关注，再领红包", "Follow first, then claim"),
        Refusal::WrongTicket => lang.pick("这个链接不能用了", "This link can no longer be used"),
        Refusal::ExpiredTicket => lang.pick("这个链接过期了", "This link has expired"),
        Refusal::AccountGone => lang.pick("这个公众号不在活动里了", "This account is no longer part of the campaign"),
        Refusal::EarlierFollower => lang.pick("这次活动只给新朋友", "This one is for new friends"),
        Refusal::NotFollowing => lang.pick("还没有关注", "Not following yet"),
        Refusal::FollowUnseen => lang.pick("没有收到你的关注消息", "Your follow did not reach us"),
        Refusal::UsedUp => lang.pick("红包已领完", "All packets are gone"),
        Refusal::UsedUpForNow => lang.pick("这一波领完了", "This round is gone"),
    }
}

/// Why, and what to do next, in a sentence or two.
pub const fn explanation(refusal: Refusal, lang: Lang) -> &'static str {
    match refusal {
        Refusal::NotStarted => {
            lang.pick("到时间再来，红包给你留着。", "Come back when it opens; the packets are waiting.")
        }
        Refusal::Paused => lang.pick(
            "活动暂停中，你的资格还在，请晚点再来。",
            "The campaign is paused. You keep your place; please come back later.",
        ),
        Refusal::Ended => {
            lang.pick("谢谢你来。请留意我们的下一次活动。", "Thank you for coming. Please look out for the next one.")
        }
        Refusal::AlreadyClaimed => {
            lang.pick("每人一次，下面是你上次领取的结果。", "Once per person. Below is what you received.")
        }
        Refusal::NoTicket => lang.pick(
            "关注活动里的公众号，它会发给你一个专属链接。",
            "Follow an account of this campaign and it will send you a link of your own.",
        ),
        Refusal::WrongTicket => lang.pick(
            "每个链接只给收到它的人用一次。关注后在公众号里回复「红包」可再取一次。",
            "Each link works once, for the person who received it. Reply 红包 to the account to get another.",
        ),
        Refusal::ExpiredTicket => lang.pick(
            "链接 48 小时内有效。在公众号里回复「红包」可再取一次。",
            "Links work for 48 hours. Reply 红包 to the account to get another.",
        ),
        Refusal::AccountGone => {
            lang.pick("活动里还有别的公众号，可以看看。", "There are other accounts in this campaign.")
        }
        Refusal::EarlierFollower => lang.pick(
            "谢谢你一直关注我们，请留意下一次活动。",
            "Thank you for following us all along. Please look out for the next one.",
        ),
        Refusal::NotFollowing => {
            lang.pick("重新关注公众号后，再点它发来的链接。", "Follow the account again, then open the link it sends.")
        }
        Refusal::FollowUnseen => lang.pick(
            "请取消关注，再关注一次，就会收到领取链接。",
            "Please unfollow and follow once more; you will then receive your link.",
        ),
        Refusal::UsedUp => lang.pick(
            "来晚了一步，谢谢参与。偶尔会有退回的红包，可以晚点再来看看。",
            "Just missed it. Packets are sometimes returned, so look again later.",
        ),
        Refusal::UsedUpForNow => lang.pick(
            "你的资格还在。下一波会按时放出，请晚点再来。",
            "You keep your place. The next round opens on time; please come back later.",
        ),
    }
}
