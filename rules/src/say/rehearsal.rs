//! What a rehearsal says: to the tester on the phone, and to staff before the start.
//! Refuses to let anybody take it for play: the money is real.

use super::{Lang, sentences};
use crate::Fen;
use crate::rehearsal::Refusal;

sentences! {
    mark: "试领", "Rehearsal";
    strip: "真钱，不计入活动数字", "Real money, counted nowhere";
    ready_headline: "试领一个红包", "Claim a test packet";
    ready_text: "这是活动开始前的试领，可以反复试", "A test before the campaign starts; you can repeat it";
    again: "再试一次", "Claim another";
    returned_text: "没有领走的钱回到了活动预算", "What was not taken went back to the campaign's budget";

    heading: "试领", "Rehearsal";
    lead: "开始之前，请自己人用真钱走一遍：扫码、领、在微信里打开。试领不占名额，不计入任何数字。", "Before the start, let your own people go the whole way with real money: scan, claim, open it in WeChat. It takes nobody's place and counts in no figure.";
    no_link: "还没有试领链接。拿到链接的人都能领真钱，只发给自己人。", "There is no link for testers yet. Whoever has it can claim real money: give it to your own people only.";
    make_link: "生成试领链接", "Make the testers' link";
    link: "试领链接", "Testers' link";
    link_help: "用微信扫码或打开，就会出现在下面的名单里", "Who scans or opens it in WeChat appears in the list below";
    link_hidden: "链接对只读成员隐藏", "Hidden from those who may only look";
    qr: "试领链接的二维码", "QR code of the testers' link";
    rotate: "换新链接", "New link";
    rotate_title: "换一个新的试领链接？", "Make a new link for testers?";
    rotate_effect: "现在的链接马上失效。名单里的人不变，还可以继续试领。", "The present link stops working at once. Those on the list stay and can go on.";
    testers: "试领的人", "Testers";
    testers_none: "还没有人打开链接", "Nobody has opened the link yet";
    tester: "试领的人", "Tester";
    added_at: "加入时间", "Since";
    packets: "试领红包", "Test packets";
    packets_none: "还没有领", "None yet";
    remove: "移出", "Remove";
    remove_title: "不让这个人再试领？", "Stop this person from rehearsing?";
    remove_effect: "再打开链接也不能试领。已经发出的红包不变，随时可以重新加入。", "Opening the link again does not help them. Packets already sent stay; you can add them again.";
    removed: "已移出", "Removed";
    back_in: "重新加入", "Add again";
    changed: "试领已更新", "The rehearsal has changed";

    checks: "开始前检查", "Before the start";
    check_account: "活动里有公众号", "An account takes part";
    check_funded: "预算够发一个红包", "The budget holds a packet";
    check_rehearsed: "有人领走了一个试领红包", "One test packet was collected";
    is_done: "已完成", "Done";
    is_open: "未完成", "Open";
    start_anyway: "我知道还没有人领到过试领红包，仍然开始", "I know that nobody has collected a test packet, and start anyway";
    not_rehearsed: "还没有人领走过试领红包。请先试领，或者在开始时确认不试领。", "Nobody has collected a test packet yet. Rehearse first, or confirm at the start that you go without.";
    key_wrong_state: "只有草稿可以试领", "Only a draft can be rehearsed";
    no_reissue: "试领红包不补发，请在手机上再试一次", "A test packet is not sent anew: claim another on the phone";
    column: "试领", "Rehearsal";
    yes: "是", "yes";
}

/// How much the next packet holds.
pub fn next_amount(amount: Fen, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("每次 ¥{amount}，从活动预算里发"),
        Lang::En => format!("¥{amount} each time, from the campaign's budget"),
    }
}

/// How many packets a tester claimed, where only the newest are shown.
pub fn packets_in_all(n: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("一共 {n} 个，在「领取」里可以看到全部"),
        Lang::En => format!("{n} in all; Claims lists every one"),
    }
}

/// How staff find this person in their list.
pub fn known_as(openid_masked: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("你在名单里是 {openid_masked}"),
        Lang::En => format!("In the list you are {openid_masked}"),
    }
}

/// The headline of a refusal.
pub const fn headline(refusal: Refusal, lang: Lang) -> &'static str {
    match refusal {
        Refusal::WrongLink => lang.pick("这个试领链接不能用了", "This testers' link no longer works"),
        Refusal::Removed => lang.pick("你不在试领名单里了", "You are no longer on the list"),
        Refusal::Full => lang.pick("试领的人满了", "The list of testers is full"),
        Refusal::NotDraft => lang.pick("试领结束了", "The rehearsal is over"),
        Refusal::Held => lang.pick("暂时都不付款", "Nothing is paid for now"),
        Refusal::UnderWay => lang.pick("上一个还没领完", "The one before is still under way"),
        Refusal::DayFull => lang.pick("今天试够了", "Enough for today"),
        Refusal::NotFunded => lang.pick("活动预算不够", "The budget is too small"),
    }
}

/// Why, and what to do next.
pub const fn explanation(refusal: Refusal, lang: Lang) -> &'static str {
    match refusal {
        Refusal::WrongLink => lang.pick("请向同事要新的链接。", "Ask your colleagues for the new one."),
        Refusal::Removed => lang.pick("需要的话，请同事把你重新加入。", "Your colleagues can add you again."),
        Refusal::Full => lang.pick("请同事先移出一个人。", "Your colleagues have to remove somebody first."),
        Refusal::NotDraft => {
            lang.pick("活动不再是草稿，不能再试领。", "The campaign is no draft any more; nobody can rehearse it.")
        }
        Refusal::Held => lang.pick(
            "数据恢复以后，要先导入微信的账单，才会重新付款。",
            "After a restore, WeChat's bills have to be imported before anybody is paid.",
        ),
        Refusal::UnderWay => lang.pick("等它到账，再试下一个。", "Wait until you have it, then claim another."),
        Refusal::DayFull => {
            lang.pick("每人每天最多 20 次，请明天再来。", "20 times a person and day; come back tomorrow.")
        }
        Refusal::NotFunded => {
            lang.pick("请同事先给活动加预算，再回来试。", "Your colleagues have to fund the campaign first.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_that_is_told_is_the_day_that_is_kept() {
        for lang in [Lang::Zh, Lang::En] {
            let told = explanation(Refusal::DayFull, lang);
            assert!(told.contains(&crate::rehearsal::CLAIMS_A_DAY.to_string()), "{told}");
        }
    }
}
