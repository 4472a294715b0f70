//! What the screens of money say: forecast, caps, statements, rails and alerts.
//! Refuses a forecast without the pace it stands on.

use super::{Lang, sentences};
use crate::alert::RobotKind;
use crate::cap::Kind as Cap;
use crate::ledger::Event;
use crate::payout::Rail;
use crate::rail::Standing;
use crate::time::{UnixMs, hours};

sentences! {
    sections: "资金分页", "Sections of money";
    rails: "通道", "Rails";
    alerts: "提醒", "Alerts";
    line: "预算和余量", "Budget and head-room";
    head_room: "余量", "Head-room";
    manage: "上限和流水", "Caps and statement";
    back: "全部预算", "All budgets";
    export_ledger: "导出流水", "Export statement";
    export_payouts: "导出付款", "Export payouts";
    campaign_page: "活动页面", "The campaign";
    forecast_spent: "可用预算已经用完，新的领取会看到「红包已领完」。", "The free budget is used up; new claims are told so.";
    forecast_none: "最近 15 分钟没有人领取，暂时不能预计何时发完。", "Nobody claimed in the last 15 minutes, so there is no forecast.";
    forecast_still: "活动没有在进行，预算不会减少。", "The campaign is not running; its budget stays as it is.";

    budget_moved: "预算刚刚变动过，这一次没有执行：可能你上一次的操作已经生效，也可能同事改过。请先看最新的数字，再决定要不要再做。", "The budget was changed meanwhile, so nothing was done this time: your last press may have counted, or a colleague changed it. Look at the new figures before you decide.";

    pacing: "匀速发放", "Pacing";
    pacing_on: "已开启：可用预算平均分到活动剩下的每个小时。", "On: the free budget is spread evenly over the hours left.";
    pacing_off: "未开启：先到先得，直到发完。", "Off: first come, first served, until it is used up.";
    pacing_start: "开启匀速", "Spread evenly";
    pacing_start_title: "把预算平均分到剩下的每个小时？", "Spread the budget over the hours left?";
    pacing_start_effect: "每小时只发出它的那一份，这一小时发完后，领取人会看到「这一波领完了」，下一小时可以再来。", "Each hour grants its share only; who comes after that is asked to come back in the next hour.";
    pacing_stop: "关闭匀速", "Stop spreading";
    pacing_stop_title: "不再匀速发放？", "Stop spreading the budget?";
    pacing_stop_effect: "全部可用预算马上可以领取，先到先得。", "The whole free budget can be claimed at once, first come, first served.";
    low: "余额提醒（元）", "Tell below (yuan)";
    low_help: "可用预算低于这个数就提醒；填 0 不提醒", "An alert is raised when less is free; 0 raises none";

    caps: "上限", "Caps";
    caps_lead: "在总预算之内，再限制每小时、每天、每个公众号、每个链接最多发多少。留空就是不限。", "Within the budget: how much may go out per hour, per day, per account and per link. Empty means no cap.";
    cap_of: "限制什么", "What is capped";
    cap_limit: "上限（元）", "Cap (yuan)";
    used: "已用", "Used";
    no_cap: "不限", "No cap";
    cap_saved: "上限已更新", "The cap has changed";
    asserted_in_form: "仅凭链接的领取，上限在活动的「设置」里改", "The cap on link-only claims is part of the campaign's settings";

    statement: "流水", "Statement";
    statement_none: "还没有流水", "No entries yet";
    statement_next: "投入预算后，每一笔进出都会记在这里，不能修改。", "Once the budget is funded, every movement stands here and cannot be changed.";
    what: "事项", "What";
    who: "谁", "Who";
    by_itself: "系统", "System";

    rails_lead: "红包走哪条通道，现在通不通。通道停下时，付款排队等候，恢复后自动继续。", "How packets travel, and whether the way is open. While a rail stands still its payouts wait, and go on when it resumes.";
    rails_none: "还没有商户号", "No merchants yet";
    rails_next: "用 lingbao import 录入商户号和证书后，通道会出现在这里。", "Enter a merchant with lingbao import, and its rails appear here.";
    reason: "原因", "Reason";
    until: "恢复时间", "Resumes";
    until_resumed: "有人恢复前一直停", "Until somebody resumes it";
    stopped_by_hand: "人工停用", "Stopped by hand";
    used_by: "使用它的活动", "Campaigns on it";
    stop: "停用", "Stop";
    resume: "恢复", "Resume";
    rails_finance_only: "只有财务和管理员能停用或恢复通道", "Only finance and administrators can stop or resume rails";
    stop_effect: "这条通道马上不再发新的付款，已经发出的不受影响。排队的付款会等到有人恢复。", "No more payouts go out on it; what is under way ends as usual. Queued payouts wait until somebody resumes it.";
    resume_effect: "排队的付款继续发。如果问题还在（例如余额不足），它会再次暂停。", "Queued payouts go on. If the trouble is still there, it pauses again.";
    rail_changed: "通道已更新", "The rail has changed";
    see_rails: "查看通道", "See the rails";
    chooser: "发放通道", "Rail";
    chooser_lead: "新的领取走这条通道；已经在路上的付款走完原来的通道。", "New claims travel on this rail; payouts under way end on theirs.";
    chooser_changed: "已换通道", "The rail has changed";
    redpack_about: "微信红包：领取人在聊天里打开，24 小时不开自动退回。", "A red packet: opened in a chat, given back after 24 hours.";
    transfer_about: "商家转账：领取人在领取页点「确认收款」，钱直接进零钱。", "A transfer: confirmed on the claim page, straight into the wallet.";

    alerts_lead: "需要有人看一眼的事。同一件事只记一条，累计次数。", "What somebody has to look at. The same thing is one alert, counted.";
    alerts_none: "没有提醒", "No alerts";
    alerts_next: "通道停下、付款超时、预算不足时，会出现在这里。", "They appear here when a rail stops, a payout is late or a budget runs low.";
    object: "对象", "Object";
    first_at: "首次", "First";
    last_at: "最近", "Last";
    how_often: "次数", "Times";
    robots: "群机器人", "Chat robots";
    robots_lead: "提醒同时发到企业微信、钉钉或飞书群。同一件事 6 小时内只发一次。", "Alerts are also told in WeCom, DingTalk or Feishu chats, each at most once in 6 hours.";
    robots_none: "还没有机器人，提醒只在这个页面显示。", "No robots yet; alerts are shown on this page only.";
    robots_admin_only: "只有管理员能添加或移除机器人", "Only administrators can add or remove robots";
    robot_name: "名称", "Name";
    robot_name_help: "例如：财务群", "For example: finance chat";
    robot_url: "Webhook 地址", "Webhook address";
    robot_url_help: "保存后不再显示", "Never shown again once stored";
    robot_add: "添加机器人", "Add a robot";
    robot_test: "发测试消息", "Send a test";
    robot_remove: "移除", "Remove";
    robot_added: "机器人已更新", "The robots have changed";
    robot_tested: "测试消息已送达", "The test message has arrived";
}

/// The word for a rail.
pub const fn rail(rail: Rail, lang: Lang) -> &'static str {
    match rail {
        Rail::Redpack => lang.pick("现金红包", "Red packet"),
        Rail::Transfer => lang.pick("商家转账", "Transfer"),
    }
}

/// What a rail is.
pub const fn rail_about(rail: Rail, lang: Lang) -> &'static str {
    match rail {
        Rail::Redpack => redpack_about(lang),
        Rail::Transfer => transfer_about(lang),
    }
}

/// How a rail stands.
pub const fn standing(standing: Standing, lang: Lang) -> &'static str {
    match standing {
        Standing::Open => lang.pick("畅通", "Open"),
        Standing::Paused => lang.pick("已暂停", "Paused"),
        Standing::Stopped => lang.pick("已停用", "Stopped"),
    }
}

/// What happened on a line.
pub const fn event(event: Event, lang: Lang) -> &'static str {
    match event {
        Event::Fund => lang.pick("投入", "Funded"),
        Event::Withdraw => lang.pick("取回", "Taken back"),
        Event::Reserve => lang.pick("领取留出", "Reserved"),
        Event::Pay => lang.pick("付出", "Paid"),
        Event::Void => lang.pick("没发成，放回", "Failed, given back"),
        Event::Return => lang.pick("退回，放回", "Returned"),
    }
}

/// What a cap is about.
pub const fn cap(kind: Cap, lang: Lang) -> &'static str {
    match kind {
        Cap::Asserted => lang.pick("仅凭链接", "Link only"),
        Cap::Account => lang.pick("公众号", "Account"),
        Cap::Link => lang.pick("链接", "Link"),
        Cap::Day => lang.pick("每天", "Each day"),
        Cap::Hour => lang.pick("每小时", "Each hour"),
    }
}

/// Whose robot it is.
pub const fn robot(kind: RobotKind, lang: Lang) -> &'static str {
    match kind {
        RobotKind::Wecom => lang.pick("企业微信", "WeCom"),
        RobotKind::Dingtalk => lang.pick("钉钉", "DingTalk"),
        RobotKind::Feishu => lang.pick("飞书", "Feishu"),
    }
}

/// A time as people say it: today's and tomorrow's by their word.
pub fn moment(at: UnixMs, now: UnixMs, lang: Lang) -> String {
    let t = at.beijing();
    let days = at.day().0 - now.day().0;
    match (days, lang) {
        (0, Lang::Zh) => format!("今天 {:02}:{:02}", t.hour, t.minute),
        (1, Lang::Zh) => format!("明天 {:02}:{:02}", t.hour, t.minute),
        (_, Lang::Zh) => format!("{} 月 {} 日 {:02}:{:02}", t.month, t.day, t.hour, t.minute),
        (0, Lang::En) => format!("today {:02}:{:02}", t.hour, t.minute),
        (1, Lang::En) => format!("tomorrow {:02}:{:02}", t.hour, t.minute),
        (_, Lang::En) => format!("{:04}-{:02}-{:02} {:02}:{:02}", t.year, t.month, t.day, t.hour, t.minute),
    }
}

/// When a budget will be empty at the pace of the last quarter of an hour, or that it lasts until the end.
pub fn forecast(empty_at: UnixMs, closes_at: UnixMs, now: UnixMs, lang: Lang) -> String {
    let lasts = empty_at >= closes_at;
    let when = moment(if lasts { closes_at } else { empty_at }, now, lang);
    match (lasts, lang) {
        (true, Lang::Zh) => format!("按最近 15 分钟的速度，到活动结束（{when}）也发不完。"),
        (true, Lang::En) => format!("At the pace of the last 15 minutes it lasts until the end ({when})."),
        (false, Lang::Zh) => format!("按最近 15 分钟的速度，{when} 左右发完。"),
        (false, Lang::En) => format!("At the pace of the last 15 minutes it is empty about {when}."),
    }
}

/// True when a forecast calls for somebody: less than an hour is left.
pub const fn is_soon(empty_at: UnixMs, now: UnixMs) -> bool {
    empty_at.since(now) < hours(1)
}

/// The banner on every page while a rail stands still.
pub fn stands_still(name: Rail, mch_id: &str, is: Standing, why: &str, lang: Lang) -> String {
    let (name, is) = (rail(name, lang), standing(is, lang));
    match lang {
        Lang::Zh => format!("{name}通道（商户 {mch_id}）{is}：{why}。付款在排队，不会丢。"),
        Lang::En => format!("{name} rail (merchant {mch_id}) {is}: {why}. Payouts wait in line; none is lost."),
    }
}

/// The question before a rail is stopped or resumed.
pub fn rail_title(verb: &str, name: Rail, mch_id: &str, lang: Lang) -> String {
    let name = rail(name, lang);
    match lang {
        Lang::Zh => format!("{verb}商户 {mch_id} 的{name}通道？"),
        Lang::En => format!("{verb} the {name} rail of merchant {mch_id}?"),
    }
}

/// The button that changes a campaign to `name`.
pub fn change_to(name: Rail, lang: Lang) -> String {
    let name = rail(name, lang);
    match lang {
        Lang::Zh => format!("改用{name}"),
        Lang::En => format!("Change to {name}"),
    }
}

/// The question before a campaign changes its rail.
pub fn change_to_title(campaign: &str, name: Rail, lang: Lang) -> String {
    let name = rail(name, lang);
    match lang {
        Lang::Zh => format!("「{campaign}」改用{name}？"),
        Lang::En => format!("Change {campaign} to {name}?"),
    }
}

/// The question before a robot goes.
pub fn robot_remove_title(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("移除机器人「{name}」？"),
        Lang::En => format!("Remove the robot {name}?"),
    }
}

/// What removing a robot does.
pub const fn robot_remove_effect(lang: Lang) -> &'static str {
    lang.pick(
        "提醒不再发到它所在的群。要再用，需要重新填写地址。",
        "Alerts are no longer told in its chat. To use it again, enter its address again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_names_the_day_by_its_word() {
        let now = UnixMs::from_beijing(2026, 11, 21, 13, 20);
        let closes = UnixMs::from_beijing(2026, 11, 30, 20, 0);
        let said = |hours_left| forecast(now.plus(hours(hours_left)), closes, now, Lang::Zh);
        assert_eq!(said(1), "按最近 15 分钟的速度，今天 14:20 左右发完。");
        assert_eq!(said(12), "按最近 15 分钟的速度，明天 01:20 左右发完。");
        assert_eq!(said(48), "按最近 15 分钟的速度，11 月 23 日 13:20 左右发完。");
        assert_eq!(said(24 * 30), "按最近 15 分钟的速度，到活动结束（11 月 30 日 20:00）也发不完。");
    }
}
