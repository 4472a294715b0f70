//! Every state of the claim page, read as the text a browser gets.
//! Refuses to look at pixels; the browser tests do that.

use super::*;
use rules::rehearsal::Refusal as NotRehearsed;

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

fn face() -> Face {
    Face {
        slug: Slug::try_from("demo").unwrap(),
        name: "新店开业，红包见面礼".to_owned(),
        sponsor: "领包服务号".to_owned(),
        sponsor_icon: "🧧".to_owned(),
        greeting: "关注我们，领一份见面礼".to_owned(),
        rules: "每人一次\n随机金额".to_owned(),
        rehearsal: None,
        lang: Lang::Zh,
    }
}

fn views() -> Vec<View> {
    let at = UnixMs::from_beijing(2026, 11, 20, 14, 5);
    let mut views = vec![
        View::Ready { form_token: "token".to_owned() },
        View::Paying { amount: fen(123) },
        View::Sent { amount: fen(123), chat: None },
        View::Sent { amount: fen(123), chat: Some("领包服务号".to_owned()) },
        View::Collected { amount: fen(123) },
        View::Failed { amount: fen(123), why: "先在微信钱包里完成实名".to_owned() },
        View::Returned { amount: fen(123), why: Back::NotOpened },
        View::Held { hours: 24 },
        View::NotInWechat {
            url: "https://a.example/c/demo?t=abc".to_owned(),
            qr_svg: "<?xml version=\"1.0\"?><svg viewBox=\"0 0 1 1\"></svg>".to_owned(),
        },
        View::Snapshot,
        View::Continue { url: "/c/demo/continue".to_owned() },
        View::Busy,
        View::Broke { number: "7F3K9Q".to_owned() },
    ];
    views.extend(State::ALL.iter().map(|now| View::Already { amount: fen(123), at, now: *now, back: Back::NotOpened }));
    views.extend([Back::NotConfirmed, Back::Cancelled].map(|why| View::Returned { amount: fen(123), why }));
    views.extend(Refusal::ALL.iter().map(|refusal| View::Refused { refusal: *refusal, opens_at: Some(at) }));
    views.extend(NotRehearsed::ALL.iter().map(|refusal| View::NotRehearsed { refusal: *refusal }));
    views
}

#[test]
fn every_state_is_one_light_document_without_a_script() {
    for lang in [Lang::Zh, Lang::En] {
        for view in views() {
            let html = page(&Face { lang, ..face() }, &view);
            assert!(html.starts_with("<!DOCTYPE html><html lang="), "{view:?}");
            assert!(html.ends_with("</html>"), "{view:?}");
            assert!(html.contains(&format!("data-state=\"{}\"", view.name())), "{view:?}");
            for never in ["<script", "<!>", " style=\"", " onclick", "{{"] {
                assert!(!html.contains(never), "{never} in {view:?}");
            }
            assert!(html.len() <= 40 * 1024, "{} bytes in {view:?}", html.len());
            assert_eq!(html.matches("<h1").count(), 1, "{view:?}");
        }
    }
}

fn tester(next: Result<String, NotRehearsed>) -> Face {
    let rehearsal = Rehearsal { amount: fen(100), openid_masked: "oAbC…wxyz".to_owned(), claims: 0, next };
    Face { rehearsal: Some(rehearsal), ..face() }
}

#[test]
fn every_page_of_a_tester_says_so_and_nobody_elses_does() {
    for lang in [Lang::Zh, Lang::En] {
        for view in views() {
            let html = page(&Face { lang, ..tester(Ok("token".to_owned())) }, &view);
            assert!(html.contains("data-test=\"rehearsal\"") && html.contains("oAbC…wxyz"), "{view:?}");
            assert!(!html.contains("/api/public/claim"), "{view:?}");
            assert_eq!(html.matches("<h1").count(), 1, "{view:?}");
            assert!(!page(&Face { lang, ..face() }, &view).contains("data-test=\"rehearsal\""), "{view:?}");
        }
    }
}

#[test]
fn a_tester_is_offered_one_more_only_where_there_is_one() {
    let sent = View::Sent { amount: fen(100), chat: None };
    let html = page(&tester(Ok("token".to_owned())), &sent);
    assert_eq!(html.matches("action=\"/api/public/rehearse\"").count(), 1);
    assert!(html.contains("name=\"form_token\" value=\"token\""));
    for refusal in NotRehearsed::ALL {
        let html = page(&tester(Err(*refusal)), &sent);
        assert!(!html.contains("<form"), "{refusal:?}");
        let alone = page(&tester(Err(*refusal)), &View::NotRehearsed { refusal: *refusal });
        assert!(alone.contains(&format!("data-refusal=\"{}\"", refusal.name())) && !alone.contains("<form"));
    }
    let first = page(&tester(Ok("token".to_owned())), &View::Ready { form_token: "token".to_owned() });
    assert_eq!(first.matches("<form").count(), 1, "one button, not two");
}

#[test]
fn the_style_is_exactly_the_published_text() {
    let html = page(&face(), &View::Busy);
    let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next());
    assert_eq!(style, Some(CSS));
}

#[test]
fn the_claim_form_is_the_first_and_its_own_fields_suffice() {
    let html = page(&face(), &View::Ready { form_token: "a\"b".to_owned() });
    assert_eq!(html.matches("<form").count(), 1);
    assert!(html.contains("method=\"post\" action=\"/api/public/claim\""));
    assert!(html.contains("name=\"campaign\" value=\"demo\""));
    assert!(html.contains("name=\"form_token\" value=\"a&quot;b\""));
    let button = html.split("<button").nth(1).and_then(|rest| rest.split("</button>").next()).unwrap();
    assert!(button.contains("data-test=\"claim\"") && button.contains("aria-label=\"领取红包\""), "{button}");
    assert!(button.ends_with(">领"), "{button}");
}

#[test]
fn only_a_payment_on_its_way_looks_again_by_itself() {
    for view in views() {
        let again = page(&face(), &view).contains("http-equiv=\"refresh\" content=\"3\"");
        assert_eq!(again, matches!(view, View::Paying { .. }), "{view:?}");
    }
}

#[test]
fn an_amount_is_told_in_yuan_and_in_fen() {
    for view in [View::Paying { amount: fen(20_005) }, View::Collected { amount: fen(20_005) }] {
        let html = page(&face(), &view);
        assert!(html.contains("data-amount-fen=\"20005\"") && html.contains("</small>200.05<"), "{view:?}");
    }
}

#[test]
fn an_earlier_claim_shows_its_time_amount_and_state() {
    let at = UnixMs::from_beijing(2026, 11, 20, 14, 5);
    let html = page(&face(), &View::Already { amount: fen(123), at, now: State::Collected, back: Back::NotOpened });
    assert!(html.contains("你已经领过了"));
    assert!(html.contains("11 月 20 日 14:05 领取 ¥1.23 · 已到账"));
}

#[test]
fn a_refusal_names_itself_says_why_and_never_shouts() {
    for lang in [Lang::Zh, Lang::En] {
        for refusal in Refusal::ALL {
            let html = page(&Face { lang, ..face() }, &View::Refused { refusal: *refusal, opens_at: None });
            assert!(html.contains(&format!("data-refusal=\"{}\"", refusal.name())));
            let body = html.split("<body>").nth(1).unwrap();
            assert!(!body.contains(['!', '！']), "{refusal:?}");
        }
    }
    let html = page(&face(), &View::Refused { refusal: Refusal::NoTicket, opens_at: None });
    assert!(html.contains("href=\"/p/demo\""));
    let opens_at = Some(UnixMs::from_beijing(2026, 11, 22, 10, 0));
    let html = page(&face(), &View::Refused { refusal: Refusal::NotStarted, opens_at });
    assert!(html.contains("11 月 22 日 10:00"));
}

#[test]
fn what_staff_and_strangers_wrote_is_text_and_never_markup() {
    let evil = "</title></style><img src=x onerror=alert(1)>\"'&<b>";
    let face = Face {
        name: evil.to_owned(),
        sponsor: evil.to_owned(),
        sponsor_icon: evil.to_owned(),
        greeting: evil.to_owned(),
        rules: evil.to_owned(),
        ..face()
    };
    let mut views = views();
    views.extend([
        View::Sent { amount: fen(1), chat: Some(evil.to_owned()) },
        View::Failed { amount: fen(1), why: evil.to_owned() },
        View::Broke { number: evil.to_owned() },
        View::Continue { url: evil.to_owned() },
        View::NotInWechat { url: evil.to_owned(), qr_svg: String::new() },
        View::Ready { form_token: evil.to_owned() },
    ]);
    for view in views {
        let html = page(&face, &view);
        assert_eq!(html.matches("</style>").count(), 1, "{view:?}");
        assert_eq!(html.matches("</title>").count(), 1, "{view:?}");
        let outside = without_attributes(&html);
        assert!(!outside.contains("<img") && !outside.contains("<b>"), "{view:?}");
    }
}

/// The document without quoted attribute values (where `<` is only text).
fn without_attributes(html: &str) -> String {
    let body = html.split_once("<body>").map_or(html, |(_, body)| body);
    let (mut text, mut in_tag, mut in_value) = (String::new(), false, false);
    for c in body.chars() {
        match c {
            '"' if in_tag => in_value = !in_value,
            _ if in_value => {}
            '<' => {
                in_tag = true;
                text.push(c);
            }
            '>' => {
                in_tag = false;
                text.push(c);
            }
            _ => text.push(c),
        }
    }
    text
}

#[test]
fn in_another_browser_the_link_can_be_scanned_copied_and_read_in_english() {
    let view = views().into_iter().find(|view| matches!(view, View::NotInWechat { .. })).unwrap();
    let html = page(&face(), &view);
    assert!(html.contains("<svg viewBox=\"0 0 1 1\"></svg>") && !html.contains("<?xml"));
    assert!(html.contains(">https://a.example/c/demo?t=abc<"));
    assert!(html.contains("href=\"/c/demo?t=abc&amp;lang=en\""));
}

#[test]
fn the_address_to_go_on_is_a_link_and_not_a_redirect() {
    let html = page(&face(), &View::Continue { url: "https://open.example/a?b=1&c=2#wechat_redirect".to_owned() });
    assert!(html.contains("href=\"https://open.example/a?b=1&amp;c=2#wechat_redirect\""));
    assert!(!html.contains("<form"));
}

#[test]
fn a_transfer_is_confirmed_with_one_constant_script_and_says_where_to_go_without_it() {
    let evil = "\"><script>alert(1)</script>";
    let ask = Ask {
        mch_id: "1900000109".to_owned(),
        appid: "wx8888888888888888".to_owned(),
        package_info: evil.to_owned(),
        config: Some("{\"nonceStr\":\"N\"}".to_owned()),
        sdk_url: "https://res.wx.qq.com/open/js/jweixin-1.6.0.js".to_owned(),
    };
    for lang in [Lang::Zh, Lang::En] {
        let html = page(&Face { lang, ..face() }, &View::Confirm { amount: fen(123), ask: ask.clone() });
        assert!(html.contains("data-state=\"confirm_needed\"") && html.contains("data-amount-fen=\"123\""));
        assert!(html.contains(&format!("<script>{SCRIPT}</script>")), "the policy allows exactly this text");
        assert_eq!(html.matches("<script").count(), 2, "the evil one is text in an attribute");
        assert!(html.contains("data-package=\"&quot;&gt;&lt;script&gt;"), "{html}");
        assert!(html.contains("<noscript>") && html.contains(say::confirm_no_script(lang)));
        assert!(html.contains("hidden") && !html.contains("onclick=") && !html.contains("http-equiv"));
        assert!(html.len() <= 40 * 1024);
    }
}
