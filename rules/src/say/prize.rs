//! What the prize rule editor says: the kinds, their fields, what is wrong with them, and what to expect.
//! Refuses a number without its unit.

use super::{Lang, sentences, states};
use crate::Fen;
use crate::follow::Grade;
use crate::prize::SceneId;
use crate::prize::form::Kind;

sentences! {
    kind_label: "发放方式", "How amounts are drawn";
    kind_wrong: "请选择发放方式", "Choose how amounts are drawn";
    amount: "每个红包（元）", "Each packet (yuan)";
    total: "总金额（元）", "Total (yuan)";
    total_help: "所有红包加起来正好是这么多，一分不差", "All packets together hold exactly this, to the fen";
    packets: "红包个数", "Number of packets";
    weight_help: "占比按权重算：9 和 1 就是九成和一成", "Shares follow the weights: 9 and 1 make nine tenths and one tenth";
    add_tier: "加一档", "Add a tier";
    scene: "场景 scene_id", "scene_id";
    scene_none: "不设（每个 1 到 200 元）", "None (1 to 200 yuan each)";
    scene_help: "每个红包少于 1 元或多于 200 元时必填，要先在商户平台开通（0.3 到 499 元）", "Needed below 1 and above 200 yuan; open it in the merchant console first (0.3 to 499 yuan)";
    scene_wrong: "请从列表里选择场景", "Choose a scene from the list";
    reversed: "最高金额要不少于最低金额", "The most must not be less than the least";
    tier_weight: "权重是 1 到 1000000 的整数", "A weight is a whole number from 1 to 1000000";
    total_too_small: "总金额不够：每个红包按最低金额算也发不完这么多个", "The total is too small for so many packets of at least the least";
    total_too_large: "总金额太多：每个红包按最高金额算也发不完", "The total is too large for so many packets of at most the most";
    needs_own_total: "单个公众号或单个等级不能有自己的总金额", "One account or one grade cannot have a total of its own";
    taken_already: "已经有人领过了，总金额、个数和上下限不能再改；可以换成别的发放方式", "Packets were taken already: total, number and limits can no longer change; another way of drawing can be chosen";
    expected: "预计分布", "What to expect";
    expected_help: "填好以后，这里会画出每种金额大约占多少", "Once the fields are filled, the share of each amount is drawn here";
    average: "平均每个", "On average";
    all_packets: "一共", "In all";
    budget_covers: "可用预算够发", "The free budget covers";
    bars: "每种金额的占比", "The share of each amount";

    apart: "单独的金额规则", "Rules of their own";
    apart_lead: "给某个公众号，或某种关注依据的领取，另定金额。先看公众号，再看关注依据；都没有，就按活动的规则。", "Other amounts for one account, or for one kind of evidence of the follow. The account's rule comes first, then the evidence's, then the campaign's.";
    apart_link: "按公众号或关注依据另定金额", "Other amounts for an account or a kind of evidence";
    apart_add: "添加或修改一条", "Add or change one";
    apart_save: "保存这条规则", "Save this rule";
    apart_saved: "规则已更新", "The rules have changed";
    apart_scene_in_use: "单独的金额规则里有这个场景才能发的金额，请先改掉那些规则", "Rules of their own draw amounts that need this scene; change those first";
    apart_marketer_only: "只有运营、财务和管理员能改规则", "Only marketers, finance and administrators can change rules";
    whose: "适用于", "For";
    whose_wrong: "请选择适用于谁", "Choose whom it is for";
    rule: "规则", "Rule";
    everybody_else: "其余的领取", "All other claims";
    change: "修改", "Change";
    drop: "移除", "Remove";
    drop_effect: "以后这些领取按活动的规则发。已经领到的不变。", "Such claims follow the campaign's rule from now on. What was granted stays.";
    back_to_campaign: "返回活动", "Back to the campaign";
}

/// How many rules of their own there are, beside the link to them.
pub fn apart_count(rules: usize, lang: Lang) -> String {
    match (lang, rules) {
        (_, 0) => String::new(),
        (Lang::Zh, _) => format!("已设 {rules} 条"),
        (Lang::En, 1) => "1 rule".to_owned(),
        (Lang::En, _) => format!("{rules} rules"),
    }
}

/// A kind of evidence, as the object of a rule.
pub fn of_grade(grade: Grade, lang: Lang) -> String {
    let word = states::grade(grade, lang);
    match lang {
        Lang::Zh => format!("关注依据：{word}"),
        Lang::En => format!("Evidence: {word}"),
    }
}

/// The question before a rule of its own goes.
pub fn drop_title(whose: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("移除「{whose}」的金额规则？"),
        Lang::En => format!("Remove the rule of {whose}?"),
    }
}

/// A kind in a few words.
pub const fn kind(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Fixed => lang.pick("固定金额", "Fixed"),
        Kind::Range => lang.pick("区间随机", "Random in a range"),
        Kind::Tiers => lang.pick("分档抽奖", "Tiers"),
        Kind::Bounded => lang.pick("拼手气", "Lucky draw"),
        Kind::Pool => lang.pick("预先切好", "Cut in advance"),
    }
}

/// What that kind means.
pub const fn kind_meaning(kind: Kind, lang: Lang) -> &'static str {
    match kind {
        Kind::Fixed => lang.pick("每个人一样多", "Everybody gets the same"),
        Kind::Range => lang.pick("最低到最高之间，每一分机会均等", "Each fen from least to most is equally likely"),
        Kind::Tiers => lang.pick("几种金额，各有各的机会", "A few amounts, each with its own chance"),
        Kind::Bounded => lang.pick("定好总额，领的时候按剩余随机", "A given total, drawn from what is left"),
        Kind::Pool => lang.pick("定好总额，先切好打乱再逐个发", "A given total, cut, shuffled and handed out"),
    }
}

/// A scene of WeChat's list.
pub const fn scene_name(scene: SceneId, lang: Lang) -> &'static str {
    match scene {
        SceneId::Promotion => lang.pick("商品促销", "Sales promotion"),
        SceneId::Lottery => lang.pick("抽奖", "Lucky draw"),
        SceneId::VirtualGoods => lang.pick("虚拟物品兑奖", "Virtual goods"),
        SceneId::Welfare => lang.pick("企业内部福利", "Staff welfare"),
        SceneId::Commission => lang.pick("渠道分润", "Channel commission"),
        SceneId::Insurance => lang.pick("保险回馈", "Insurance bonus"),
        SceneId::LotteryPrize => lang.pick("彩票派奖", "Lottery-ticket prize"),
        SceneId::TaxLottery => lang.pick("税务刮奖", "Tax lottery"),
    }
}

/// An amount under what the rail sends; `min_fen` is the least.
pub fn too_small(min_fen: i64, lang: Lang) -> String {
    let least = Fen::new(min_fen).unwrap_or_default();
    match lang {
        Lang::Zh => format!("微信每个红包最少 {least} 元"),
        Lang::En => format!("WeChat sends at least {least} yuan in one packet"),
    }
}

/// An amount over what the rail sends; `max_fen` is the most.
pub fn too_large(max_fen: i64, lang: Lang) -> String {
    let most = Fen::new(max_fen).unwrap_or_default();
    match lang {
        Lang::Zh => format!("微信每个红包最多 {most} 元"),
        Lang::En => format!("WeChat sends at most {most} yuan in one packet"),
    }
}

/// The amount of a tier, counted from one.
pub fn tier_amount(tier: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("第 {tier} 档金额（元）"),
        Lang::En => format!("Amount of tier {tier} (yuan)"),
    }
}

/// The weight of a tier, counted from one.
pub fn tier_weight_of(tier: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("第 {tier} 档权重"),
        Lang::En => format!("Weight of tier {tier}"),
    }
}

/// The free budget is smaller than the total that is to be handed out.
pub fn budget_short(total: Fen, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("可用预算少于总金额 {total} 元，要先充值才能发完"),
        Lang::En => {
            format!("The free budget is less than the total of {total} yuan; fund it before all can be handed out")
        }
    }
}

/// No tiers, or too many.
pub fn tier_count(most: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("请填 1 到 {most} 档"),
        Lang::En => format!("Enter 1 to {most} tiers"),
    }
}

/// No packets, or too many.
pub fn packet_count(most: u32, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("个数是 1 到 {most} 的整数"),
        Lang::En => format!("The number of packets is a whole number from 1 to {most}"),
    }
}

/// A number of packets.
pub fn so_many(packets: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{packets} 个"),
        Lang::En => format!("{packets} packets"),
    }
}
