//! What the account form says about each field.
//! Refuses to blame; every sentence tells what to enter.

use super::sentences;

sentences! {
    name_wrong: "请填写公众号名称，最多 30 个字", "Enter the account's name, at most 30 characters";
    appid_wrong: "AppID 形如 wx 加 16 位字母数字，在公众号后台「设置与开发」里", "An AppID looks like wx followed by 16 letters and digits; see the account's console";
    original_id_wrong: "原始 ID 形如 gh_ 开头，在公众号后台「账号详情」里", "The original ID begins with gh_; see the account's details in its console";
    link_wrong: "只能填微信自己的链接：https://mp.weixin.qq.com/… 或 http://weixin.qq.com/…", "Only WeChat's own links: https://mp.weixin.qq.com/… or http://weixin.qq.com/…";
    aes_key_wrong: "EncodingAESKey 是 43 位字母数字", "An EncodingAESKey has 43 letters and digits";
    token_wrong: "Token 是 3 到 32 位字母数字", "A token has 3 to 32 letters and digits";
    kind_wrong: "请选择账号类型和模式", "Choose the account's kind and mode";
    on_follow_wrong: "只有开发者模式的服务号能在关注时直接发红包", "Only a service account in developer mode can pay on follow";
    appid_taken: "这个 AppID 已经添加过了", "This AppID has been added already";
    secrets_missing: "开发者模式需要 Token；安全和兼容模式还需要 EncodingAESKey", "Developer mode needs a token; safe and compatible mode also need an EncodingAESKey";
    payer_needs_secret: "服务号要用来识别粉丝，需要 AppSecret", "A service account identifies followers and needs its AppSecret";
    identity_fixed: "这个公众号已经用过，AppID 和类型不能再改；请另外添加一个", "This account has been used; its AppID and kind can no longer change. Add another account instead";
    not_found: "没有这个公众号，可能已被移除", "There is no such account; it may have been removed";
}
