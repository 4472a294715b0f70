//! Message push from the outside: forged, stale, repeated, broken, too large, too slow.
//! Refuses to let a push do anything twice, or anything at all without a signature.

use crate::push::{COMPATIBLE, Console, PLAIN, Parcel, SAFE};
use crate::world::{BOOKS, COFFEE, FUWU, World};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::operators::console;
use futures::future::join_all;
use rules::account::AccountForm;
use rules::say::Lang;
use rules::time::minutes;
use std::collections::HashSet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A follow that is good in every way.
async fn follow(world: &World, console: &Console, nonce: &str) -> Parcel {
    let openid = world.follower("Ming").await.openid(console.appid).await;
    let now = world.secs();
    let xml = console.event(&openid, "subscribe", now);
    if console.appid == FUWU { console.plain(&xml, now, nonce) } else { console.sealed(&xml, now, nonce) }
}

/// Nothing came of it.
async fn nothing_happened(world: &World) {
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.refollows, figures.unfollows), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wechat_verifies_the_address_and_nobody_else_does() {
    let world = World::new().await;
    let agent = world.browser("Mozilla/4.0");
    for console in [SAFE, COMPATIBLE, PLAIN] {
        let now = world.secs();
        let mut asks = console.plain("", now, "nonce1");
        asks.query.push(("echostr", "4375120948345356249".to_owned()));
        let page = agent.gets(&asks.path()).await;
        assert_eq!((page.status, page.html.as_str()), (200, "4375120948345356249"));
        for forged in [
            asks.clone().with("signature", "0123456789012345678901234567890123456789"),
            asks.clone().with("nonce", "nonce2"),
            asks.clone().without("signature"),
            asks.clone().without("timestamp"),
            asks.clone().without("echostr"),
            console.plain("", now - 3600, "nonce1"),
        ] {
            let page = agent.gets(&forged.path()).await;
            assert_eq!(page.status, 403, "{:?}", forged.query);
            assert!(!page.html.contains("4375120948345356249"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_missing_signature_is_refused_in_every_mode() {
    let world = World::new().await;
    let wrong = "0123456789012345678901234567890123456789";
    for console in [SAFE, COMPATIBLE, PLAIN] {
        let good = follow(&world, &console, "n1").await;
        let mut forgeries = vec![
            good.clone().with("signature", wrong),
            good.clone().with("nonce", "n2"),
            good.clone().with("timestamp", &(world.secs() - 1).to_string()),
        ];
        if console.appid == FUWU {
            forgeries.push(good.clone().without("signature"));
        } else {
            forgeries.push(good.clone().with("msg_signature", wrong));
            forgeries.push(good.clone().without("msg_signature"));
            let body = good.body.replace("<Encrypt><![CDATA[", "<Encrypt><![CDATA[AAAA");
            forgeries.push(Parcel { body, ..good.clone() });
        }
        forgeries.push(Parcel { query: Vec::new(), ..good.clone() });
        for forged in forgeries {
            let (status, answer) = world.delivers(&forged).await;
            assert_eq!(status, 403, "{:?}", forged.query);
            assert!(!answer.contains("/c/demo"), "{answer}");
        }
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timestamp_an_hour_old_or_an_hour_ahead_is_not_believed() {
    let world = World::new().await;
    let now = world.secs();
    for (console, at) in [(SAFE, now - 3600), (PLAIN, now - 3600), (COMPATIBLE, now + 3600), (PLAIN, now - 400)] {
        let xml = console.event("oSomebody", "subscribe", at);
        let parcel = if console.appid == FUWU { console.plain(&xml, at, "n") } else { console.sealed(&xml, at, "n") };
        assert_eq!(world.delivers(&parcel).await.0, 403, "{at}");
    }
    nothing_happened(&world).await;
    let kept = follow(&world, &SAFE, "kept").await;
    assert_eq!(world.delivers(&kept).await.0, 200);
    world.later(minutes(6)).await;
    assert_eq!(world.delivers(&kept).await.0, 403, "a recorded push is worth nothing later");
    assert_eq!(world.figures("demo").await.follows, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_nonce_with_the_same_body_is_answered_byte_for_byte_the_same() {
    let world = World::new().await;
    for console in [SAFE, COMPATIBLE, PLAIN] {
        let parcel = follow(&world, &console, "n1").await;
        let first = world.delivers(&parcel).await;
        assert_eq!(first.0, 200);
        assert!(console.reads(&first.1).contains("/c/demo?t="), "{}", first.1);
        world.later(minutes(1)).await;
        assert_eq!(world.delivers(&parcel).await, first);
        let (one, two) = futures::join!(world.delivers(&parcel), world.delivers(&parcel));
        assert_eq!((&one, &two), (&first, &first));
    }
    assert_eq!(world.figures("demo").await.follows, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_nonce_with_another_body_is_refused() {
    let world = World::new().await;
    let parcel = follow(&world, &PLAIN, "n1").await;
    assert_eq!(world.delivers(&parcel).await.0, 200);
    let other = PLAIN.event("oSomebodyElse", "subscribe", world.secs());
    let replayed = Parcel { body: other, ..parcel.clone() };
    assert_eq!(world.delivers(&replayed).await.0, 403);
    let at: i64 = parcel.query.iter().find(|(name, _)| *name == "timestamp").unwrap().1.parse().unwrap();
    let sealed = SAFE.sealed(&SAFE.event("oAaaaaaaaaaaaaaaaaaaaaaaaaaa", "subscribe", at), at, "n2");
    assert_eq!(world.delivers(&sealed).await.0, 200);
    let other = SAFE.sealed(&SAFE.event("oBbbbbbbbbbbbbbbbbbbbbbbbbbb", "subscribe", at), at, "n2");
    assert_eq!(world.delivers(&other).await.0, 403, "even with a good signature of its own");
    assert_eq!(world.figures("demo").await.follows, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unencrypted_push_to_an_account_that_encrypts_is_refused() {
    let world = World::new().await;
    for console in [SAFE, COMPATIBLE] {
        let now = world.secs();
        let plain = console.plain(&console.event("oSomebody", "subscribe", now), now, "n1");
        assert_eq!(world.delivers(&plain).await.0, 403, "{}", console.appid);
        let mut says_aes = plain.clone();
        says_aes.query.push(("encrypt_type", "aes".to_owned()));
        assert_eq!(world.delivers(&says_aes).await.0, 403, "saying aes is not being it");
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_compatible_mode_only_the_encrypted_part_is_believed() {
    let world = World::new().await;
    let (ming, now) = (world.follower("Ming").await, world.secs());
    let openid = ming.openid(BOOKS).await;
    let good = COMPATIBLE.sealed(&COMPATIBLE.event(&openid, "subscribe", now), now, "n1");
    let outside = COMPATIBLE.event("oAttacker", "unsubscribe", now);
    let encrypt = good.body.split_once("<Encrypt>").unwrap().1.split_once("</Encrypt>").unwrap().0;
    let body = outside.replace("</xml>", &format!("<Encrypt>{encrypt}</Encrypt></xml>"));
    let (status, answer) = world.delivers(&Parcel { body, ..good }).await;
    assert_eq!(status, 200);
    let said = COMPATIBLE.reads(&answer);
    assert!(said.contains(&openid) && !said.contains("oAttacker"), "{said}");
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.unfollows), (1, 0));
}

/// The safe-mode account's key as a member of staff types it into its form.
async fn types_the_key(world: &World, aes_key: &str) {
    let coffee = world.account(COFFEE).await;
    let form = AccountForm {
        name: coffee.name.clone(),
        appid: COFFEE.to_owned(),
        original_id: coffee.original_id.to_string(),
        kind: coffee.kind.name().to_owned(),
        mode: coffee.mode.name().to_owned(),
        message_mode: coffee.message_mode.name().to_owned(),
        on_follow: coffee.on_follow.name().to_owned(),
        encoding_aes_key: aes_key.to_owned(),
        ..AccountForm::default()
    };
    world.engine().edit_account(&console(), coffee.id, form.check(Lang::En).unwrap(), Lang::En).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_new_key_spreads_each_push_is_answered_under_its_own() {
    let world = World::new().await;
    let openid = world.follower("Ming").await.openid(COFFEE).await;
    let renewed = Console { aes_key: COMPATIBLE.aes_key, ..SAFE };
    // Saved twice, and once more with other fields alone: the key before it is still the one before it.
    for typed in [renewed.aes_key, renewed.aes_key, ""] {
        types_the_key(&world, typed).await;
    }
    let now = world.secs();
    for (n, console) in [SAFE, renewed].iter().enumerate() {
        let at = now + i64::try_from(n).unwrap();
        let push = console.sealed(&console.event(&openid, "subscribe", at), at, &format!("n{n}"));
        let (status, answer) = world.delivers(&push).await;
        assert_eq!(status, 200, "{answer}");
        assert!(console.reads(&answer).contains(&openid), "read with the key of its push");
    }
    let forgotten = Console { aes_key: PLAIN.aes_key, ..SAFE };
    types_the_key(&world, forgotten.aes_key).await;
    let push = SAFE.sealed(&SAFE.event(&openid, "unsubscribe", now), now, "n9");
    assert_ne!(world.delivers(&push).await.0, 200, "two keys ago is too long ago");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_written_to_another_account_is_refused_in_every_mode() {
    let world = World::new().await;
    let now = world.secs();
    // Signed as it should be: a signature covers no address, and two accounts may share a token.
    let elsewhere = |console: Console| Console { original_id: "gh_chengnan", ..console };
    for console in [SAFE, COMPATIBLE, PLAIN].map(elsewhere) {
        let xml = console.event("oSomebody", "subscribe", now);
        let parcel = if console.appid == FUWU { console.plain(&xml, now, "n") } else { console.sealed(&xml, now, "n") };
        assert_eq!(world.delivers(&parcel).await.0, 403, "{}", console.appid);
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_for_another_appid_is_refused() {
    let world = World::new().await;
    let now = world.secs();
    let xml = SAFE.event("oSomebody", "subscribe", now);
    for appid in [BOOKS, "wx0000000000000000"] {
        let encrypted = SAFE.key().encrypt(appid, [7; 16], xml.as_bytes());
        assert_eq!(world.delivers(&SAFE.enveloped(&encrypted, now, appid)).await.0, 403, "{appid}");
    }
    let other_account = Parcel { appid: BOOKS.to_owned(), ..SAFE.sealed(&xml, now, "n1") };
    assert_eq!(world.delivers(&other_account).await.0, 403, "one account's push at another's address");
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_padding_and_broken_envelopes_are_refused() {
    let world = World::new().await;
    let now = world.secs();
    let good = SAFE.key().encrypt(COFFEE, [7; 16], SAFE.event("oSomebody", "subscribe", now).as_bytes());
    let mut bytes = STANDARD.decode(&good).unwrap();
    // In CBC a bit of the block before the last turns the same bit of the last: here of the pad's length.
    let at = bytes.len() - 17;
    bytes[at] ^= 0x03;
    let padding = STANDARD.encode(&bytes);
    let cut = STANDARD.encode(&bytes[..bytes.len() - 5]);
    for (n, broken) in [padding.as_str(), cut.as_str(), "", "not base64 at all!", "AAAA"].iter().enumerate() {
        let (status, answer) = world.delivers(&SAFE.enveloped(broken, now, &format!("n{n}"))).await;
        assert_eq!(status, 400, "{broken}: {answer}");
        assert_eq!(answer.contains("padding"), n == 0, "{broken}: {answer}");
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dtd_an_entity_and_broken_xml_are_refused() {
    let world = World::new().await;
    let now = world.secs();
    let good = PLAIN.event("oSomebody", "subscribe", now);
    let dtd = format!("<!DOCTYPE xml [<!ENTITY who SYSTEM \"file:///etc/passwd\">]>{good}");
    let laughs = format!("<!DOCTYPE xml [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>{good}");
    let entity = good.replace("<EventKey></EventKey>", "<EventKey>&who;</EventKey>");
    let instruction = format!("<?php evil() ?>{good}");
    let twice = good.replace("</xml>", "<FromUserName>oSomebodyElse</FromUserName></xml>");
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(200), "</a>".repeat(200));
    let bodies = [&dtd, &laughs, &entity, &instruction, &twice, &deep, "", "<xml>", "not xml", "<xml></xml>"];
    for (n, body) in bodies.iter().enumerate() {
        let (status, answer) = world.delivers(&PLAIN.plain(body, now, &format!("p{n}"))).await;
        assert_eq!(status, 400, "{body}: {answer}");
        assert!(!answer.contains("root:"), "{answer}");
        let (status, _) = world.delivers(&SAFE.sealed(body, now, &format!("s{n}"))).await;
        assert!(matches!(status, 400 | 403), "{body} inside an envelope: {status}");
    }
    nothing_happened(&world).await;
}

/// Speaks to the server in bytes: a head that promises `length`, and then whatever `write` does.
async fn raw(world: &World, length: usize) -> TcpStream {
    let parcel = PLAIN.plain("", world.secs(), "raw");
    let mut stream = TcpStream::connect(world.config.listen).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: lingbao\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n",
        parcel.path()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

async fn status_line(mut reader: impl AsyncReadExt + Unpin) -> String {
    let mut heard = Vec::new();
    while !heard.windows(2).any(|w| w == b"\r\n") {
        let mut part = [0; 512];
        let n = reader.read(&mut part).await.unwrap();
        assert_ne!(n, 0, "the server hung up without a word");
        heard.extend_from_slice(&part[..n]);
    }
    String::from_utf8_lossy(&heard).lines().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_ten_megabytes_is_not_read_to_its_end() {
    let world = World::new().await;
    let length = 10 * 1024 * 1024;
    let (reader, mut writer) = raw(&world, length).await.into_split();
    let writing = tokio::spawn(async move {
        let part = vec![b'x'; 64 * 1024];
        let mut written = 0;
        while written < length && writer.write_all(&part).await.is_ok() {
            written += part.len();
        }
        writer
    });
    assert!(status_line(reader).await.contains("413"));
    writing.abort();
    let page = world.browser("Mozilla/5.0").posts("/api/public/claim", &[("campaign", "x".repeat(300_000))]).await;
    assert_eq!(page.status, 413, "forms have a limit of their own");
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_given_up_and_others_are_served_meanwhile() {
    let world = World::new().await;
    let (reader, mut writer) = raw(&world, 100_000).await.into_split();
    let trickling = tokio::spawn(async move {
        let mut beat = tokio::time::interval(std::time::Duration::from_millis(200));
        loop {
            beat.tick().await;
            if writer.write_all(b"x").await.is_err() {
                return;
            }
        }
    });
    let parcel = follow(&world, &SAFE, "meanwhile").await;
    assert_eq!(world.delivers(&parcel).await.0, 200);
    assert!(status_line(reader).await.contains("408"), "after four seconds the server gives up");
    trickling.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_appid_is_not_found() {
    let world = World::new().await;
    let now = world.secs();
    let good = PLAIN.plain(&PLAIN.event("oSomebody", "subscribe", now), now, "n1");
    for appid in ["wx9999999999999999", "nonsense", "wx1a2b3c4d5e6f0003", "%00", "..%2f.."] {
        let parcel = Parcel { appid: appid.to_owned(), ..good.clone() };
        assert_eq!(world.delivers(&parcel).await.0, 404, "{appid}");
        let page = world.browser("Mozilla/4.0").gets(&parcel.path()).await;
        assert_eq!(page.status, 404, "{appid}");
    }
    nothing_happened(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_three_times_is_one_follow_one_ticket_and_one_answer() {
    let world = World::new().await;
    for (n, console) in [SAFE, COMPATIBLE, PLAIN].iter().enumerate() {
        let openid = world.follower("Ming").await.openid(console.appid).await;
        let xml = console.event(&openid, "subscribe", world.secs());
        let mut said = Vec::new();
        for delivery in 0..3 {
            // Each delivery has its own timestamp and nonce, as WeChat's have.
            world.later(rules::time::secs(5)).await;
            let (now, nonce) = (world.secs(), format!("n{delivery}"));
            let parcel = if console.appid == FUWU {
                console.plain(&xml, now, &nonce)
            } else {
                console.sealed(&xml, now, &nonce)
            };
            let (status, answer) = world.delivers(&parcel).await;
            assert_eq!(status, 200);
            let content = console.reads(&answer);
            said.push(content.split_once("<Content>").unwrap().1.split_once("</Content>").unwrap().0.to_owned());
        }
        assert!(said[0].contains("/c/demo?t="), "{}", said[0]);
        assert!(said.iter().all(|s| *s == said[0]), "one ticket, said three times");
        assert_eq!(world.figures("demo").await.follows, n as i64 + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_that_overlap_are_one_follow() {
    let world = World::new().await;
    let (openid, now) = (world.follower("Ming").await.openid(COFFEE).await, world.secs());
    let xml = SAFE.event(&openid, "subscribe", now);
    let parcels: Vec<_> = (0..8).map(|n| SAFE.sealed(&xml, now, &format!("n{n}"))).collect();
    let answers = futures::future::join_all(parcels.iter().map(|parcel| world.delivers(parcel))).await;
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(world.figures("demo").await.follows, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_whose_answer_is_lost_is_delivered_again_and_handled_once() {
    let world = World::new().await;
    for (kind, appid) in [("lost_answer", COFFEE), ("lost_request", BOOKS), ("duplicate", FUWU)] {
        world.wechat_fails("push", kind).await;
        let ming = world.follower("Ming").await;
        assert_eq!(ming.claims(appid).await.state(), "paying", "{kind}");
    }
    world.work_until_idle().await;
    assert_eq!(world.figures("demo").await.follows, 3);
    assert_eq!(world.wechats_books().await.bills.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_and_leave_out_of_order_end_in_the_same_state() {
    let orders: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let world = World::new().await;
    world.later(minutes(1)).await;
    for (n, order) in orders.into_iter().enumerate() {
        let ming = world.follower("Ming").await;
        let openid = ming.openid(COFFEE).await;
        let t = world.secs();
        let events = [("subscribe", t - 30), ("unsubscribe", t - 20), ("subscribe", t - 10)];
        for at in order {
            let (event, secs) = events[at];
            let xml = SAFE.event(&openid, event, secs);
            let (status, _) = world.delivers(&SAFE.sealed(&xml, t, &format!("n{n}{at}"))).await;
            assert_eq!(status, 200);
        }
        let link = ming_asks(&world, &openid, t, n).await;
        assert!(link, "order {order:?}: he follows, and may have a ticket");
        let xml = SAFE.event(&openid, "unsubscribe", t);
        world.delivers(&SAFE.sealed(&xml, t, &format!("last{n}"))).await;
        assert!(!ming_asks(&world, &openid, t, n + 100).await, "order {order:?}: he left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_whose_pushes_come_in_one_moment_is_answered_each_alone() {
    let world = World::new().await;
    world.later(minutes(1)).await;
    let here = &world;
    let crowd = join_all((0..40).map(|n| async move { here.follower(&format!("F{n}")).await })).await;
    let openids = join_all(crowd.iter().map(|follower| follower.openid(COFFEE))).await;
    let t = world.secs();
    // Everybody's follow under two nonces, one of them twice, and in the same moment they say hello.
    let pushes = openids.iter().enumerate().flat_map(|(n, openid)| {
        let (came, hello) = (SAFE.event(openid, "subscribe", t - 10), text(openid, "你好", t, n));
        let first = SAFE.sealed(&came, t, &format!("a{n}"));
        [first.clone(), SAFE.sealed(&hello, t, &format!("h{n}")), SAFE.sealed(&came, t, &format!("b{n}")), first]
    });
    let pushes: Vec<Parcel> = pushes.collect();
    let answers = join_all(pushes.iter().map(|push| world.delivers(push))).await;
    let mut tickets = HashSet::new();
    for of_one in answers.chunks(4) {
        assert!(of_one.iter().all(|(status, _)| *status == 200));
        assert_eq!(of_one[0].1, of_one[3].1, "the same nonce is answered byte for byte the same");
        assert_eq!(of_one[1].1, "success");
        let said = SAFE.reads(&of_one[0].1);
        assert_eq!(said, SAFE.reads(&of_one[2].1), "one event has one answer");
        assert!(said.contains("/c/demo?t=") && tickets.insert(said), "everybody has a ticket of their own");
    }
    let figures = world.figures("demo").await;
    assert_eq!((figures.follows, figures.refollows, figures.unfollows), (40, 0, 0));
}

/// A message that somebody wrote.
fn text(openid: &str, content: &str, at: i64, n: usize) -> String {
    format!(
        "<xml><ToUserName>{}</ToUserName><FromUserName>{openid}</FromUserName><CreateTime>{at}</CreateTime>\
         <MsgType>text</MsgType><Content>{content}</Content><MsgId>{}</MsgId></xml>",
        SAFE.original_id,
        7_000 + n
    )
}

/// Whether 「红包」 is answered with a ticket.
async fn ming_asks(world: &World, openid: &str, at: i64, n: usize) -> bool {
    let xml = text(openid, "红包", at, n);
    let (status, answer) = world.delivers(&SAFE.sealed(&xml, at, &format!("ask{n}"))).await;
    assert_eq!(status, 200);
    SAFE.reads(&answer).contains("/c/demo?t=")
}
