//! What the pages say where staff set up campaigns, their accounts and their links.
//! Refuses jargon without its place: each secret says where in WeChat's console it stands.

use super::{Lang, sentences};

sentences! {
    campaigns_lead: "一个活动有自己的时间、公众号、金额和预算。", "Each campaign has its own period, accounts, amounts and budget.";
    window: "时间", "Period";
    payer: "付款服务号", "Paying service account";
    payer_help: "用它识别领取人，并从它绑定的商户号付款", "It identifies claimants, and its merchant pays";
    payer_none: "还没有服务号，请先在「公众号」里添加", "There is no service account yet; add one under Accounts first";
    name: "活动名称", "Name";
    name_help: "领取页的标题，粉丝看得到", "The claim page's title; followers read it";
    slug: "网址名", "Name in the URL";
    slug_help: "领取页的网址 /c/… 用它，建好后最好不改", "Used in the claim page's address /c/…; best left alone once published";
    texts: "文案", "Texts";
    send_name: "发送者名称", "Sender's name";
    send_name_help: "红包上显示，最多 10 个汉字", "Shown on the packet; at most 32 bytes";
    greeting: "封面一句话", "Line on the cover";
    greeting_help: "领取页红包封面上的一句话", "One line on the packet's cover";
    wishing: "祝福语", "Wish";
    wishing_help: "微信红包里的祝福语", "WeChat shows it inside the packet";
    rules: "活动规则", "Rules";
    rules_help: "领取页里折叠显示，写清谁能领、领多少、到什么时候", "Folded on the claim page: who may claim, how much, until when";
    opens_at: "开始时间", "Opens";
    closes_at: "结束时间", "Closes";
    beijing_time: "北京时间", "Beijing time";
    from_now_7: "从现在起 7 天", "7 days from now";
    from_now_30: "从现在起 30 天", "30 days from now";
    prize: "红包金额", "Packet";
    prize_min: "最低（元）", "Least (yuan)";
    prize_max: "最高（元）", "Most (yuan)";
    scope: "领取次数", "How often";
    scope_fixed: "活动开始过，不能再改", "Fixed since the campaign first ran";
    on_follow: "关注以后", "On follow";
    on_follow_help: "服务号可以在关注时直接发红包，不用再点链接；订阅号只能回复链接", "A service account can pay with the follow itself; a subscription account can only reply with a link";
    asserted_cap: "仅凭链接的上限（元）", "Cap on link-only claims (yuan)";
    asserted_cap_help: "编辑模式的公众号收不到微信推送，这类领取合计最多发这么多", "Accounts in edit mode bring no proof from WeChat; claims of theirs stop at this sum";
    settings: "设置", "Settings";
    create: "建好活动", "Create the campaign";
    created_next: "建好后再加公众号、链接和预算，最后开始。", "Then add accounts, links and budget, and start it.";
    compliance: "合规提醒", "Compliance";

    start: "开始", "Start";
    pause: "暂停", "Pause";
    close: "结束", "Close";
    start_title: "开始这个活动？", "Start this campaign?";
    start_effect: "开始后，时间段内关注的人就能领取，钱从预算里发出。「领取次数」将不能再改。", "People who follow within its period can then claim, paid from its budget. How often one may claim can no longer change.";
    pause_title: "暂停这个活动？", "Pause this campaign?";
    pause_effect: "新的领取马上停止，领取页显示「暂停一下」。已经答应的红包照常发。随时可以再开始。", "New claims stop at once and the claim page says so. Packets already granted still go out. You can start it again.";
    close_title: "结束这个活动？", "Close this campaign?";
    close_effect: "结束后不能再打开，领取页显示「活动已结束」。已经答应的红包照常发，余下的预算可以取回。", "It cannot be opened again, and the claim page says it is over. Packets already granted still go out; what is left can be taken back.";
    state_changed: "活动状态已更新", "The campaign's state has changed";

    members: "活动里的公众号", "Accounts in this campaign";
    members_none: "还没有公众号", "No accounts yet";
    members_next: "加上要推广的公众号；活动进行中也可以随时加减。", "Add the accounts to promote; you can add and remove them while it runs.";
    add_account: "加公众号", "Add an account";
    choose_account: "选择公众号", "Choose an account";
    all_added: "所有在用的公众号都已加入", "Every account in use has been added";
    add: "添加", "Add";
    remove: "移出", "Remove";
    removed: "已移出", "Removed";
    back_in: "重新加入", "Add again";
    edit_link: "自动回复链接", "Auto-reply link";
    edit_link_hidden: "链接对只读成员隐藏", "Hidden from those who may only look";
    edit_link_help: "编辑模式：把它写进公众号后台的「被关注回复」", "Edit mode: put it into the account's own reply to a follow";
    by_push: "关注后自动回复专属链接", "Answers a follow with a personal link";
    rotate: "换新链接", "New link";
    rotate_title: "换一个新的自动回复链接？", "Make a new auto-reply link?";
    member_changed: "公众号已更新", "The accounts have changed";

    links: "链接", "Links";
    links_lead: "每个位置用一个链接，就能分清关注从哪里来。", "One link per placement tells where follows come from.";
    link_code: "短链名", "Link code";
    link_code_help: "留空则自动生成；3 到 24 个小写字母、数字或连字符", "Made for you when empty; 3 to 24 lower-case letters, digits or hyphens";
    placement: "位置", "Placement";
    placement_help: "例如：文章图标、海报、公众号菜单", "For example: article icon, poster, menu";
    placement_wrong: "请写这个链接放在哪里，最多 30 个字", "Say where this link stands, at most 30 characters";
    active: "使用中", "In use";
    switched_off: "已停用", "Switched off";
    switch_off: "停用", "Switch off";
    switch_on: "启用", "Switch on";
    qr: "二维码", "QR code";
    link_changed: "链接已更新", "The links have changed";

    accounts_lead: "要推广的公众号，和用来付款的服务号。", "The accounts you promote, and the service account that pays.";
    accounts_none: "还没有公众号", "No accounts yet";
    accounts_next: "先添加付款的服务号，再添加要推广的订阅号。", "Add the paying service account first, then the subscription accounts to promote.";
    account_new: "添加公众号", "Add an account";
    account_edit: "编辑公众号", "Edit the account";
    account_name: "名称", "Name";
    account_name_help: "粉丝看到的名字", "The name followers know";
    icon: "图标", "Icon";
    icon_help: "一个表情或汉字，显示在列表和领取页", "One emoji or character, shown in lists and on the claim page";
    appid_help: "公众号后台「设置与开发 → 基本配置」", "In its console under Settings → Basic configuration";
    original_id: "原始 ID", "Original ID";
    original_id_help: "gh_ 开头，在「账号详情」", "Begins with gh_; under account details";
    kind: "类型", "Kind";
    mode: "运行模式", "Mode";
    mode_help: "编辑模式：后台自己回复，微信不推送。开发者模式：微信把关注推送给领包。", "Edit mode: the console answers by itself. Developer mode: WeChat pushes each follow to Lingbao.";
    message_mode: "消息加解密", "Message encryption";
    message_mode_help: "与公众号后台「服务器配置」里选的一致", "The same as chosen in the console's server configuration";
    follow_url: "主页或文章链接", "Profile or article link";
    follow_url_help: "微信自己的链接，点开就能关注；可以不填", "WeChat's own link where people can follow; optional";
    account_qr: "二维码内容", "QR code's content";
    account_qr_help: "公众号二维码里的链接 http://weixin.qq.com/r/…；可以不填", "What the account's QR code holds, http://weixin.qq.com/r/…; optional";
    secrets: "密钥", "Secrets";
    secrets_help: "只写不读：保存后不再显示。留空就保持原来的。", "Write-only: never shown again. Leave empty to keep what is stored.";
    secret_stored: "已保存", "Stored";
    secret_missing: "还没填", "Not set";
    secrets_admin_only: "只有管理员能填写或更换密钥", "Only an administrator can enter or replace secrets";
    callback: "服务器地址（URL）", "Callback URL";
    callback_help: "填进公众号后台「基本配置 → 服务器配置」", "Enter it in the console under Basic configuration → Server configuration";
    callback_edit_mode: "编辑模式不需要服务器地址", "Edit mode needs no callback URL";
    retire: "停用", "Retire";
    restore: "恢复", "Restore";
    retired: "已停用", "Retired";
    in_use: "使用中", "In use";
    appid_fixed: "建好后不能改", "Fixed once added";
    edit: "编辑", "Edit";
    back: "返回", "Back";
}

/// What retiring an account does.
pub fn retire_effect(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            format!("「{name}」不再出现在活动页里，它的链接会指向其他公众号，推送也不再回复。记录都保留，可以恢复。")
        }
        Lang::En => format!(
            "{name} leaves every campaign page, its links lead to the other accounts, and its pushes are no longer answered. Its records stay, and it can be restored."
        ),
    }
}

/// The question before retiring an account.
pub fn retire_title(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("停用「{name}」？"),
        Lang::En => format!("Retire {name}?"),
    }
}

/// The question before an account leaves a campaign.
pub fn remove_title(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("把「{name}」移出这个活动？"),
        Lang::En => format!("Remove {name} from this campaign?"),
    }
}

/// What removing an account from a campaign does.
pub fn remove_effect(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => {
            format!("「{name}」的新关注不能再领这个活动的红包，它的链接会指向其他公众号。历史数据和已答应的红包不变。")
        }
        Lang::En => format!(
            "New follows of {name} can no longer claim here, and its links lead to the other accounts. History and granted packets stay."
        ),
    }
}

/// What a new edit-mode key does.
pub fn rotate_effect(name: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!(
            "「{name}」现在的自动回复链接马上失效，正在用它的人会看到「这个链接不能用了」。记得把新链接填进公众号后台。"
        ),
        Lang::En => format!(
            "{name}'s present auto-reply link stops working at once. Remember to put the new one into the account's console."
        ),
    }
}

/// The question before a link is switched off.
pub fn switch_off_title(code: &str, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("停用链接 {code}？"),
        Lang::En => format!("Switch off link {code}?"),
    }
}

/// What switching a link off does.
pub const fn switch_off_effect(lang: Lang) -> &'static str {
    lang.pick(
        "点它的人会看到活动里所有公众号的页面。已有的数据不变，随时可以再启用。",
        "People who open it see the page of all accounts. Its figures stay, and you can switch it on again.",
    )
}
