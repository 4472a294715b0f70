//! What the follower's pages say: the claim page, how to follow, and the list of accounts.
//! Refuses to blame or to shout; what happened comes first, then why, then what to do next.

use super::{Lang, sentences};
use crate::payout::{Back, State};
use crate::time::UnixMs;

sentences! {
    ready_headline: "送你一个红包", "A red packet for you";
    ready_text: "点一下就能领，每人一次", "One tap to claim, once per person";
    claim_button: "领", "Claim";
    claim_button_name: "领取红包", "Claim the red packet";
    paying_word: "正在发", "on its way";
    paying_text: "通常几秒就到。没收到也不用重复点，不会少也不会多", "It usually takes a few seconds. No need to tap again: it will be exactly this amount, once";
    sent_word: "已发出", "sent";
    sent_elsewhere: "请在微信「服务通知」里打开红包，24 小时内有效", "Open the red packet in WeChat's Service Notifications within 24 hours";
    sent_look_again: "打开了？看看结果", "Opened it? See the result";
    confirm_button: "确认收款", "Confirm";
    confirm_no_script: "请在微信里打开这个页面，再点「确认收款」", "Open this page in WeChat, then tap Confirm";
    confirm_look_again: "确认过了？看看结果", "Confirmed it? See the result";
    collected_word: "已到账", "received";
    collected_text: "在微信「我 → 服务 → 钱包 → 账单」里可以看到", "You find it in WeChat: Me → Services → Wallet → Transactions";
    failed_word: "没发成功", "could not be sent";
    failed_next: "处理好以后，再回到这个页面看看", "Once that is done, come back to this page";
    returned_headline: "红包已退回", "The packet went back";
    already_headline: "你已经领过了", "You have claimed already";
    held_headline: "正在核对", "Being checked";
    opens_at: "开始时间", "Opens at";
    not_in_wechat_headline: "请在微信里打开", "Please open this in WeChat";
    not_in_wechat_text: "用微信扫一扫，红包就在里面", "Scan this with WeChat; the packet is inside";
    not_in_wechat_qr: "打开这个页面的二维码", "QR code that opens this page";
    not_in_wechat_copy: "或者长按复制链接，发到微信里打开", "Or copy this link and open it in a WeChat chat";
    snapshot_headline: "请点右下角「使用完整服务」", "Tap 使用完整服务 (use full service) at the bottom right";
    snapshot_text: "点完页面会自己打开，不用再做别的", "The page then opens by itself; nothing else to do";
    continue_headline: "还差一步", "One more step";
    continue_text: "点「继续」，微信确认是你，就能领红包", "Tap Continue; WeChat confirms it is you, then you can claim";
    continue_button: "继续", "Continue";
    busy_headline: "人有点多", "A little crowded";
    busy_text: "你的资格还在，几秒后再点一次", "You keep your place; try again in a few seconds";
    broke_headline: "刚才没成功", "That did not work";
    broke_text: "什么都没有丢，请再试一次", "Nothing was lost; please try again";
    number: "编号", "Number";
    try_again: "再试一次", "Try again";
    look_again: "再看一次", "Look again";
    see_my_claim: "看看我的领取结果", "See what I received";
    how_heading: "怎么领", "How it works";
    how_claim: "点上面的「领」，红包马上准备好", "Tap Claim above; your packet is prepared at once";
    how_find: "回到公众号聊天窗口，或打开微信「服务通知」", "Go back to the account's chat, or to WeChat's Service Notifications";
    how_open: "24 小时内打开红包，钱就进你的微信零钱", "Open the packet within 24 hours and the money is in your WeChat balance";
    rules_heading: "活动规则", "Campaign rules";
    who_heading: "谁在发红包", "Who gives it";
    privacy_heading: "隐私", "Privacy";
    privacy_text: "我们只用微信给的编号认出你，用来发红包和防止重复领取；看不到你的昵称、头像和通讯录。", "We know you only by the number WeChat gives us, to pay you and to prevent double claims. We do not see your nickname, picture or contacts.";
    complain_heading: "遇到问题", "If something is wrong";
    other_language: "English", "中文";
    link_qr_hint: "长按二维码，识别后关注", "Long-press the code to follow";
    link_step_press: "长按上面的二维码，选「识别图中二维码」", "Long-press the QR code above and choose “Extract QR code”";
    link_step_tap: "点上面的按钮，打开公众号主页", "Tap the button above to open the account";
    link_step_follow: "点「关注公众号」", "Tap Follow";
    link_step_reply: "打开它发来的专属链接，点「领」", "Open the personal link it sends you and tap Claim";
    link_step_reply_edit: "打开自动回复里的红包链接，点「领」", "Open the packet link in its automatic reply and tap Claim";
    link_open_account: "打开公众号主页", "Open the account";
    link_followed_before: "已经关注了？在公众号里回复「红包」取链接", "Following already? Reply 红包 to the account to get the link";
    hub_link: "看看其他公众号", "See the other accounts";
    hub_link_first: "去关注公众号", "Choose an account to follow";
    hub_heading: "活动里的公众号", "Accounts in this campaign";
    hub_hint: "选一个关注，就能领红包", "Follow one of them to claim a packet";
    hub_follow: "去关注", "Follow";
    hub_empty: "还没有公众号加入，请晚点再来看看", "No account has joined yet; please come back later";
    hub_claimed: "你领到的红包", "Your red packet";
}

/// Where a follower of the service account `chat` finds the packet.
pub fn sent_in_chat(chat: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("请回到「{chat}」的聊天窗口打开红包，24 小时内有效"),
        Lang::En => format!("Go back to the chat of {chat} and open the packet within 24 hours"),
    }
}

/// When and how much, of an earlier claim (`amount` in yuan, without sign).
pub fn claimed_at(at: UnixMs, amount: crate::Fen, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{} 领取 ¥{amount}", moment(at, lang)),
        Lang::En => format!("¥{amount}, claimed on {}", moment(at, lang)),
    }
}

/// What became of a payout, in a word.
pub const fn payout_word(state: State, lang: Lang) -> &'static str {
    match state {
        State::Queued | State::Sending | State::Unknown => paying_word(lang),
        State::Sent => sent_word(lang),
        State::WaitingConfirm => lang.pick("等你收下", "waiting for you"),
        State::Collected => collected_word(lang),
        State::Returned => lang.pick("已退回", "returned"),
        State::Failed => failed_word(lang),
    }
}

/// Why the money went back.
pub const fn returned_text(why: Back, lang: Lang) -> &'static str {
    match why {
        Back::NotOpened => lang.pick(
            "24 小时内没有打开，已退回。请留意下一次活动",
            "It was not opened within 24 hours and was returned. Please look out for the next campaign",
        ),
        Back::NotConfirmed => lang.pick(
            "24 小时内没有确认收款，已退回。请留意下一次活动",
            "It was not confirmed within 24 hours and was returned. Please look out for the next campaign",
        ),
        Back::Cancelled => lang.pick(
            "这笔转账已由活动方撤销。有疑问请在公众号里留言",
            "The organiser cancelled this transfer. Please leave a message in the account's chat if you have a question",
        ),
    }
}

/// What a person does next about a payout in this state; `back` is why it went back, if it did.
pub const fn payout_next(state: State, back: Back, lang: Lang) -> &'static str {
    match state {
        State::Queued | State::Sending | State::Unknown => paying_text(lang),
        State::Sent => lang.pick(
            "请在公众号聊天窗口或微信「服务通知」里打开，24 小时内有效",
            "Open it in the account's chat or in WeChat's Service Notifications within 24 hours",
        ),
        State::WaitingConfirm => lang.pick(
            "点「确认收款」就到你的微信零钱，24 小时内有效",
            "Confirm it within 24 hours and it is in your WeChat balance",
        ),
        State::Collected => collected_text(lang),
        State::Returned => returned_text(back, lang),
        State::Failed => complain_short(lang),
    }
}

/// Whom to ask when a payout failed.
pub const fn complain_short(lang: Lang) -> &'static str {
    lang.pick("请在公众号里留言，我们帮你看看", "Please leave a message in the account's chat; we will look into it")
}

/// How long a check may take.
pub fn held_text(hours: i64, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("最长 {hours} 小时，结果会显示在这个页面"),
        Lang::En if hours == 1 => "At most 1 hour; the result will be shown on this page".to_owned(),
        Lang::En => format!("At most {hours} hours; the result will be shown on this page"),
    }
}

/// Who runs the campaign.
pub fn who_text(sponsor: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("本活动由「{sponsor}」举办，红包由微信支付发放。"),
        Lang::En => format!("This campaign is run by {sponsor}; the packets are paid through WeChat Pay."),
    }
}

/// How to complain.
pub fn complain_text(sponsor: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("在「{sponsor}」里直接留言，或点右上角「…」选「投诉」。"),
        Lang::En => {
            format!("Leave a message in the chat of {sponsor}, or tap … at the top right and choose 投诉 (report).")
        }
    }
}

/// The headline of a page that shows how to follow an account.
pub fn link_headline(account: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("关注「{account}」"),
        Lang::En => format!("Follow {account}"),
    }
}

/// What an account's QR code is, for those who cannot see it.
pub fn link_qr_name(account: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("「{account}」的二维码"),
        Lang::En => format!("QR code of {account}"),
    }
}

/// The first step where an account has neither a QR code nor a link.
pub fn link_step_search(account: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("在微信里搜索公众号「{account}」"),
        Lang::En => format!("Search WeChat for the official account {account}"),
    }
}

/// What a person received through an account.
pub fn hub_received(amount: crate::Fen, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("已领 ¥{amount}"),
        Lang::En => format!("Claimed ¥{amount}"),
    }
}

/// An instant as people say it, in Beijing time: `11 月 20 日 14:05`, `20 Nov, 14:05`.
pub fn moment(at: UnixMs, lang: Lang) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let t = at.beijing();
    match lang {
        Lang::Zh => format!("{} 月 {} 日 {:02}:{:02}", t.month, t.day, t.hour, t.minute),
        Lang::En => {
            let month = usize::try_from(t.month - 1).ok().and_then(|i| MONTHS.get(i)).copied().unwrap_or_default();
            format!("{} {month}, {:02}:{:02} (Beijing time)", t.day, t.hour, t.minute)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fen;

    #[test]
    fn an_earlier_claim_is_told_with_its_time_in_beijing() {
        let at = UnixMs::from_beijing(2026, 11, 20, 14, 5);
        let amount = Fen::new(123).unwrap();
        assert_eq!(claimed_at(at, amount, Lang::Zh), "11 月 20 日 14:05 领取 ¥1.23");
        assert_eq!(claimed_at(at, amount, Lang::En), "¥1.23, claimed on 20 Nov, 14:05 (Beijing time)");
    }

    #[test]
    fn nothing_is_shouted() {
        for lang in [Lang::Zh, Lang::En] {
            for state in State::ALL {
                let said = format!("{}{}", payout_word(*state, lang), payout_next(*state, Back::NotOpened, lang));
                assert!(!said.contains(['!', '！']), "{said}");
            }
        }
    }
}
