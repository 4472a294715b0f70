//! The pages before a claim, read as the text a browser gets.
//! Refuses to look at pixels; the browser tests do that.

use super::*;
use rules::Fen;
use rules::ids::Slug;
use rules::payout::State;

const EVIL: &str = "</title><img src=x onerror=alert(1)>\"'&<b>";

fn face(lang: Lang) -> Face {
    Face {
        slug: Slug::try_from("demo").unwrap(),
        name: "新店开业".to_owned(),
        sponsor: "领包服务号".to_owned(),
        sponsor_icon: String::new(),
        greeting: "关注我们".to_owned(),
        rules: String::new(),
        rehearsal: None,
        lang,
    }
}

fn link(account: &str) -> LinkPage {
    LinkPage {
        face: face(Lang::Zh),
        account: account.to_owned(),
        icon: "☕".to_owned(),
        qr: Some(("/media/qr".to_owned(), "http://weixin.qq.com/r/gh_a".to_owned())),
        follow_url: Some("https://mp.weixin.qq.com/s/a".to_owned()),
        hub_url: "/p/demo".to_owned(),
        edit_mode: false,
    }
}

fn is_sound(html: &str) {
    assert!(html.starts_with("<!DOCTYPE html><html lang=") && html.ends_with("</html>"));
    for never in ["<script", "<!>", " style=\"", "<b>"] {
        assert!(!html.contains(never), "{never}");
    }
    assert_eq!(html.matches("<h1").count(), 1);
    assert!(html.len() <= 40 * 1024);
}

#[test]
fn a_link_shows_the_code_to_press_the_profile_and_the_other_accounts() {
    let html = link_page(&link("山野咖啡"));
    is_sound(&html);
    for part in [
        "data-qr=\"http://weixin.qq.com/r/gh_a\"",
        "src=\"/media/qr\"",
        "href=\"https://mp.weixin.qq.com/s/a\"",
        "href=\"/p/demo\"",
        "看看其他公众号",
        "识别图中二维码",
        "专属链接",
    ] {
        assert!(html.contains(part), "{part}");
    }
}

#[test]
fn an_account_without_a_code_or_a_profile_is_found_by_its_name() {
    let html = link_page(&LinkPage { qr: None, follow_url: None, edit_mode: true, ..link("城南小馆") });
    is_sound(&html);
    assert!(html.contains("在微信里搜索公众号「城南小馆」") && html.contains("自动回复"));
    assert!(!html.contains("data-qr") && !html.contains("<img"));
}

#[test]
fn the_hub_lists_every_account_and_what_this_person_received() {
    let entry = |account: &str, claimed| HubEntry {
        icon: String::new(),
        account: account.to_owned(),
        link_url: format!("/l/{account}"),
        claimed,
    };
    let amount = Fen::new(123).unwrap();
    let entries = [entry("coffee", Some(amount)), entry("books", None)];
    let html = hub_page(&face(Lang::Zh), &entries, Some((amount, State::Sent)));
    is_sound(&html);
    for part in ["href=\"/l/coffee\"", "href=\"/l/books\"", "已领 ¥1.23", "去关注", "已发出", "href=\"/c/demo\""]
    {
        assert!(html.contains(part), "{part}");
    }
    let html = hub_page(&face(Lang::En), &[], None);
    is_sound(&html);
    assert!(html.contains("No account has joined yet"));
}

#[test]
fn names_are_text_and_never_markup() {
    let html = link_page(&link(EVIL));
    assert!(html.contains("&lt;b&gt;") && !html.contains("</h1></title>"));
    assert_eq!(html.matches("</title>").count(), 1);
    let html = plain_page(Lang::En, "Not found", "<b>bold</b>");
    is_sound(&html);
    assert!(html.contains("&lt;b&gt;bold"));
}
