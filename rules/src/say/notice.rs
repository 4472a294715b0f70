//! What a follower reads when there is no page to show: a headline and what to do next.
//! Refuses to blame, and to leave anybody without a next step.

use super::{Lang, sentences};

sentences! {
    not_found: "没有这个页面", "There is no such page";
    not_found_next: "链接可能写错了，或者活动已经撤下。", "The link may be mistyped, or the campaign was taken down.";
    busy: "人有点多", "It is busy right now";
    busy_next: "你的资格还在，几秒后再点一次。", "You keep your place; tap again in a few seconds.";
    broke: "刚才没成功", "That did not work";
    forbidden: "这样不行", "Not like this";
    forbidden_next: "请回到公众号，重新点一次链接。", "Go back to the account and open the link again.";
    stale: "请再点一次链接", "Please open the link once more";
    stale_next: "这次打开隔得太久，或者换了浏览器。什么都没有丢。", "It took too long, or the browser changed. Nothing is lost.";
    red_packet: "领红包", "Red packet";
    mend_then_ask: "微信没有让这笔钱发出：请先在微信「我 → 服务 → 钱包」里完成实名，再联系我们补发。", "WeChat did not let it through: verify your real name in WeChat's wallet first, then ask us to send it again.";
    ask_us: "微信没有让这笔钱发出，钱没有丢。请把这个页面截图发给我们，我们来补发。", "WeChat did not let it through; the money is not lost. Send us a picture of this page and we will send it again.";
}

/// Something of ours broke, with the number to tell us.
pub fn broke_next(number: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("什么都没有丢，请再试一次。编号 {number}"),
        Lang::En => format!("Nothing is lost; please try again. Number {number}"),
    }
}
