//! What the dashboard's frame, live page, claims list and budgets say.
//! Refuses to blame and to hide: each sentence says what happened and what to do next.

use super::{Lang, sentences};

sentences! {
    product: "领包", "Lingbao";
    skip: "跳到正文", "Skip to content";
    main_menu: "主菜单", "Main menu";
    overview: "概览", "Overview";
    campaigns: "活动", "Campaigns";
    accounts: "公众号", "Accounts";
    claims: "领取", "Claims";
    budgets: "资金", "Money";
    budget_lines: "预算", "Budgets";
    campaign: "活动", "Campaign";
    choose_campaign: "选择活动", "Choose a campaign";
    other_language: "English", "中文";
    other_language_label: "Switch to English", "切换到中文";
    theme: "外观", "Theme";
    theme_auto: "跟随系统", "As the system";
    theme_light: "浅色", "Light";
    theme_dark: "深色", "Dark";
    person: "我的", "Me";
    sign_out: "退出登录", "Sign out";
    role_viewer: "查看", "Viewer";
    role_marketer: "运营", "Marketer";
    role_finance: "财务", "Finance";
    role_administrator: "管理员", "Administrator";

    live_connecting: "正在连接", "Connecting";
    live_cut: "已断开，正在重连", "Cut off, reconnecting";

    sign_in: "登录", "Sign in";
    sign_in_lead: "登录后查看和管理红包活动", "Sign in to see and manage red packet campaigns";
    login: "用户名", "Login";
    password: "密码", "Password";
    sign_in_wrong: "用户名或密码不对，请再试一次。", "The login or the password is wrong. Please try again.";
    sign_in_busy: "系统正忙，请稍后再试", "The system is busy; please try again in a moment";
    sign_in_too_many: "尝试太多次了，请过几分钟再试。", "Too many attempts. Please try again in a few minutes.";
    sign_in_forgot: "忘了密码？请管理员在服务器上重设。", "Forgot it? An administrator can reset it on the server.";

    visits: "访问", "Visits";
    follows: "关注", "Follows";
    paid_out: "已发", "Paid";
    paid_yuan: "已发金额", "Paid out";
    budget_left: "预算余额", "Budget left";
    today: "今天", "Today";
    reserved: "待发", "Reserved";
    paid: "已发", "Paid";
    available: "可用", "Available";
    funded: "已投入", "Funded";
    last_hour: "最近 60 分钟", "The last 60 minutes";
    per_minute: "每分钟次数", "Per minute";
    chart_help: "用左右方向键逐分钟查看", "Use the left and right arrow keys to read minute by minute";
    as_table: "以表格查看", "Show as a table";
    time: "时间", "Time";
    by_link: "各链接的效果", "Link by link";
    account: "公众号", "Account";
    placement: "位置", "Placement";
    link: "链接", "Link";
    known_by: "归因", "Known by";
    conversion: "领取率", "Conversion";
    conversion_help: "领取 ÷ 关注", "Claims ÷ follows";
    not_attributed: "未归到链接", "Not attributed";
    latest_claims: "最近领取", "Latest claims";
    all_claims: "查看全部", "See all";
    no_claims_yet: "还没有人领取", "Nobody has claimed yet";
    no_claims_next: "有人领取后会马上出现在这里，不用刷新。", "Claims appear here at once, without a reload.";
    no_links_yet: "这个活动还没有链接", "This campaign has no links yet";
    no_links_next: "给每个公众号加一个链接，放进文章，就能看到各自的效果。", "Add a link for each account, put it into the article, and see what each brings.";
    add_links: "去加链接", "Add links";
    no_campaign_yet: "还没有活动", "No campaign yet";
    no_campaign_next: "建一个活动：写好文案，选好公众号，投入预算，就可以开始发红包。", "Create one: write its texts, choose its accounts, fund it, and packets can go out.";
    create_campaign: "新建活动", "New campaign";
    edit_campaign: "管理活动", "Manage";

    person_column: "领取人", "Person";
    amount: "金额", "Amount";
    state: "状态", "State";
    evidence: "关注凭据", "Evidence";
    bill_number: "商户订单号", "Bill number";
    more: "更多", "More";
    csv: "导出 CSV", "Export CSV";
    that_is_all: "已经到底了", "That is all";

    budgets_lead: "每个活动一条预算。待发的钱已经承诺给领取人，不能取回。", "Each campaign has one budget line. Reserved money is promised to people and cannot be taken back.";
    yuan: "金额（元）", "Amount (yuan)";
    fund: "投入", "Fund";
    withdraw: "取回", "Take back";
    fund_help: "投入的预算马上可以发放", "What you fund can be granted at once";
    finance_only: "只有财务和管理员能改预算", "Only finance and administrators can change budgets";
    budget_changed: "预算已更新", "The budget has changed";

    loading: "正在加载", "Loading";
    try_again: "再试一次", "Try again";
    signed_out: "登录已过期，请重新登录。", "You are signed out. Please sign in again.";
    forbidden: "你的角色不能做这件事，请联系管理员。", "Your role does not cover this. Please ask an administrator.";
    not_found: "没有找到，可能已被移除。", "Not found; it may have been removed.";
    busy: "现在有点忙，请几秒后再试。什么都没有丢。", "Busy right now. Please try again in a few seconds; nothing was lost.";
    unreachable: "连不上服务器，请检查网络后再试。", "The server cannot be reached. Check your network and try again.";
    page_not_found: "没有这个页面", "There is no such page";
    page_not_found_next: "地址可能写错了，或页面已经移走。", "The address may be wrong, or the page has moved.";
    back_to_overview: "回到概览", "Back to the overview";
    fix_these: "请先改好这些：", "Please mend these first:";
    cancel: "取消", "Cancel";
    copy: "复制", "Copy";
    copied: "已复制", "Copied";
    actions: "操作", "Actions";
    save: "保存", "Save";
    saving: "正在保存", "Saving";
    saved: "已保存", "Saved";
}

/// How long ago the server was last heard, for the live dot.
pub fn live_age(secs: u32, lang: Lang) -> String {
    match (lang, secs) {
        (Lang::Zh, 0) => "实时 · 刚刚".to_owned(),
        (Lang::Zh, secs) => format!("实时 · {secs} 秒前"),
        (Lang::En, 0) => "Live · now".to_owned(),
        (Lang::En, secs) => format!("Live · {secs} s ago"),
    }
}

/// What broke inside, with the number that finds it in the log.
pub fn broken(number: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("刚才没成功，什么都没有丢，请再试一次。编号 {number}"),
        Lang::En => format!("That did not work; nothing was lost. Please try again. Number {number}"),
    }
}

/// How many payouts have no certain answer yet.
pub fn unknown_payouts(count: i64, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("{count} 笔红包的结果还在向微信确认，会用同一单号再查，不会重复发。"),
        Lang::En => {
            format!("{count} payouts await WeChat's certain answer. They keep their number and are never sent twice.")
        }
    }
}

/// Opens by machines, counted apart.
pub fn bots_apart(count: i64, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("另有机器访问 {count}"),
        Lang::En => format!("and {count} by machines"),
    }
}

/// An estimated number beside a known one.
pub fn about_more(n: i64, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("（估计另有 {n}）"),
        Lang::En => format!("(about {n} more)"),
    }
}
