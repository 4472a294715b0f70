//! What an account answers in its chat.
//! Refuses to promise money that is not granted yet.

use super::{Lang, refusal};
use crate::Fen;
use crate::eligibility::Refusal;

/// The answer to a follow, around the personal link.
pub fn follow_reply(greeting: &str, url: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            format!("{greeting}\n\n<a href=\"{url}\">点这里领取你的红包</a>\n\n链接只给你一个人用，48 小时内有效。")
        }
        Lang::En => format!(
            "{greeting}\n\n<a href=\"{url}\">Claim your red packet here</a>\n\nThis link is for you alone and works for 48 hours."
        ),
    }
}

/// The answer to a follow that made the claim itself. What is granted is on its way, not yet received.
pub fn paid_follow_reply(greeting: &str, amount: Fen, url: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{greeting}\n\n送你 ¥{amount} 的红包，正在发。<a href=\"{url}\">看看到哪了</a>"),
        Lang::En => {
            format!("{greeting}\n\nA packet of ¥{amount} is on its way to you. <a href=\"{url}\">See where it is</a>")
        }
    }
}

/// The answer to a follow that cannot be paid, with its reason.
pub fn refused_reply(why: Refusal, lang: Lang) -> String {
    let (headline, next) = (refusal::headline(why, lang), refusal::explanation(why, lang));
    match lang {
        Lang::Zh => format!("{headline}。{next}"),
        Lang::En => format!("{headline}. {next}"),
    }
}

/// The answer to 「红包」 when the person has claimed already.
pub fn claimed_reply(url: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("你已经领过了。<a href=\"{url}\">看看领取结果</a>"),
        Lang::En => format!("You have claimed already. <a href=\"{url}\">See what you received</a>"),
    }
}

/// The answer to a follow by somebody who had followed before the campaign.
pub const fn earlier_follower_reply(lang: Lang) -> &'static str {
    lang.pick(
        "欢迎回来！这次红包只给新朋友，请留意下一次活动。",
        "Welcome back. This one is for new friends; please look out for the next.",
    )
}

/// True when a message asks for the packet again.
pub fn asks_for_packet(text: &str) -> bool {
    let text = text.trim();
    text.chars().count() <= 12
        && (text.contains("红包") || text.contains("紅包") || text.eq_ignore_ascii_case("hongbao"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_stands_in_an_anchor() {
        assert!(
            follow_reply("你好", "https://x.example/c/a?t=b", Lang::Zh)
                .contains("<a href=\"https://x.example/c/a?t=b\">")
        );
    }

    #[test]
    fn only_a_short_message_about_packets_asks_for_one() {
        for yes in ["红包", " 红包 ", "领红包", "HongBao"] {
            assert!(asks_for_packet(yes), "{yes}");
        }
        for no in ["", "你好", "你们上次说的那个红包活动我还没有看到什么时候开始"] {
            assert!(!asks_for_packet(no), "{no}");
        }
    }
}
