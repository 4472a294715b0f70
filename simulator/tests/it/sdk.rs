//! The calls that an SDK makes beside the campaign's own: notes about followers, menus, messages, files.
//! It refuses what each kind of account may not do, by the official table.

use serde_json::{Value, json};
use simulator::Config;

use crate::{SAFE, SERVICE, World, demo, tag, world, world_of};

/// The demo with an unverified service account.
fn unverified() -> Config {
    let mut config = demo();
    for account in &mut config.accounts {
        account.verified = false;
    }
    config
}

impl World {
    async fn error_of(&self, path: &str, body: Value) -> i64 {
        self.call(path, Some(body)).await["errcode"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn remarks_and_the_blacklist_are_the_accounts_own() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    world.follow(&ming, SERVICE).await;
    let remark = json!({ "openid": openid, "remark": "老客" });
    assert_eq!(world.error_of("/cgi-bin/user/info/updateremark", remark).await, 0);
    assert_eq!(world.call(&format!("/cgi-bin/user/info?openid={openid}"), None).await["remark"], "老客");
    let long = json!({ "openid": openid, "remark": "长".repeat(30) });
    assert_eq!(world.error_of("/cgi-bin/user/info/updateremark", long).await, 45002);

    let members = "/cgi-bin/tags/members";
    let list = json!({ "openid_list": [openid] });
    let shown = async || world.call(&format!("{members}/getblacklist"), Some(json!({ "begin_openid": "" }))).await;
    assert_eq!(shown().await, json!({ "total": 0, "count": 0, "next_openid": "" }));
    assert_eq!(world.error_of(&format!("{members}/batchblacklist"), list.clone()).await, 0);
    assert_eq!(shown().await["data"]["openid"], json!([openid]));
    assert_eq!(world.error_of(&format!("{members}/batchunblacklist"), list).await, 0);
    assert_eq!(shown().await["total"], 0);
    let many = json!({ "openid_list": vec![openid; 21] });
    assert_eq!(world.error_of(&format!("{members}/batchblacklist"), many).await, 40032);
    let stranger = json!({ "openid_list": ["o123"] });
    assert_eq!(world.error_of(&format!("{members}/batchblacklist"), stranger).await, 40003);
}

#[tokio::test]
async fn a_menu_is_made_told_and_taken_away() {
    let world = world().await;
    let below = json!([{ "type": "click", "name": "领", "key": "k" }]);
    let menu = json!({ "button": [{ "name": "红包", "sub_button": below }] });
    assert_eq!(world.call("/cgi-bin/menu/get", None).await["errcode"], 46003);
    assert_eq!(world.error_of("/cgi-bin/menu/create", menu.clone()).await, 0);
    assert_eq!(world.call("/cgi-bin/menu/get", None).await["menu"], menu);
    let current = world.call("/cgi-bin/get_current_selfmenu_info", None).await;
    assert_eq!(current["selfmenu_info"]["button"][0]["sub_button"]["list"], below);
    assert_eq!(world.call("/cgi-bin/menu/delete", None).await["errcode"], 0);
    assert_eq!(world.call("/cgi-bin/get_current_selfmenu_info", None).await["is_menu_open"], 0);
    assert_eq!(world.error_of("/cgi-bin/menu/create", json!({ "button": [] })).await, 40016);
}

#[tokio::test]
async fn an_unverified_account_may_do_little() {
    let world = world_of(unverified()).await;
    for path in
        ["user/info/updateremark", "tags/members/getblacklist", "tags/members/batchblacklist", "message/custom/send"]
    {
        assert_eq!(world.error_of(&format!("/cgi-bin/{path}"), json!({})).await, 48001, "{path}");
    }
    let menu = json!({ "button": [{ "type": "view", "name": "看", "url": "http://h/" }] });
    assert_eq!(world.error_of("/cgi-bin/menu/create", menu).await, 0);
}

#[tokio::test]
async fn a_customer_service_message_has_its_window() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let send = async || {
        let text = "<a href=\"http://h/c/demo?t=9\">领</a>";
        let body = json!({ "touser": openid, "msgtype": "text", "text": { "content": text } });
        world.error_of("/cgi-bin/message/custom/send", body).await
    };
    assert_eq!(send().await, 50005);
    world.follow(&ming, SERVICE).await;
    assert_eq!(send().await, 0);
    let seen = world.look(&ming).await;
    assert_eq!(seen["chats"].as_array().unwrap().last().unwrap()["url"], "http://h/c/demo?t=9");
    world.post("/_sim/clock", json!({ "advance_secs": 61 })).await;
    assert_eq!(send().await, 45015);
    world.post(&format!("/_sim/phones/{ming}/send"), json!({ "appid": SERVICE, "text": "在" })).await;
    world.post("/_sim/clock", json!({ "advance_secs": 2 * 86_400 - 60 })).await;
    assert_eq!(send().await, 0);
    world.post("/_sim/clock", json!({ "advance_secs": 61 })).await;
    assert_eq!(send().await, 45015);
    let empty = json!({ "touser": openid, "msgtype": "text", "text": {} });
    assert_eq!(world.error_of("/cgi-bin/message/custom/send", empty).await, 44004);
    let odd = json!({ "touser": openid, "msgtype": "smell" });
    assert_eq!(world.error_of("/cgi-bin/message/custom/send", odd).await, 40008);
}

#[tokio::test]
async fn a_template_message_is_sent_once_and_its_arrival_told() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let data = json!({ "thing1": { "value": "红包已到账" }, "amount2": { "value": "1.23元" } });
    let body = json!({ "touser": openid, "template_id": "T1", "client_msg_id": "m1", "data": data });
    assert_eq!(world.error_of("/cgi-bin/message/template/send", body.clone()).await, 43004);
    world.follow(&ming, SERVICE).await;
    let sent = world.call("/cgi-bin/message/template/send", Some(body.clone())).await;
    assert_eq!(sent["errcode"], 0, "{sent}");
    let again = world.call("/cgi-bin/message/template/send", Some(body)).await;
    assert_eq!(again["msgid"], sent["msgid"]);
    world.until("/_sim/books", |_| world.merchant.pushes.lock().unwrap().len() == 2).await;
    let seen = world.look(&ming).await;
    let texts = seen["chats"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap());
    assert_eq!(texts.filter(|text| text.contains("红包已到账") && text.contains("1.23元")).count(), 1);
    let pushes = world.merchant.pushes.lock().unwrap();
    let told = &pushes[1].2;
    assert_eq!((tag(told, "Event"), tag(told, "Status")), (Some("TEMPLATESENDJOBFINISH"), Some("success")));
    assert_eq!(tag(told, "MsgID"), Some(sent["msgid"].to_string().as_str()));
}

#[tokio::test]
async fn template_messages_are_for_service_accounts() {
    let world = world().await;
    let secret = "5e0c1a7c0f3b4d1c9a2e7b6d8f4a0001";
    let ask = json!({ "grant_type": "client_credential", "appid": SAFE, "secret": secret });
    let (_, token) = world.post("/cgi-bin/stable_token", ask).await;
    let path = format!("/cgi-bin/message/template/send?access_token={}", token["access_token"].as_str().unwrap());
    let (_, said) = world.post(&path, json!({ "touser": "o", "template_id": "T", "data": {} })).await;
    assert_eq!(said["errcode"], 48001);
}

#[tokio::test]
async fn a_file_is_uploaded_and_fetched_again() {
    let world = world().await;
    let token = world.token().await;
    let png = b"\x89PNG\r\n\x1a\nnot really".as_slice();
    let upload = async |kind: &str, bytes: &[u8]| -> Value {
        let head = "--xx\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.png\"\r\n\r\n";
        let body = [head.as_bytes(), bytes, b"\r\n--xx--\r\n"].concat();
        let url = format!("{}/cgi-bin/media/upload?access_token={token}&type={kind}", world.running.url);
        let request = world.http.post(url).header("content-type", "multipart/form-data; boundary=xx").body(body);
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    };
    let made = upload("image", png).await;
    let id = made["media_id"].as_str().unwrap();
    let url = format!("{}/cgi-bin/media/get?access_token={token}&media_id={id}", world.running.url);
    let fetched = world.http.get(url).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.bytes().await.unwrap(), png);
    assert_eq!(upload("voice", png).await["errcode"], 40005);
    assert_eq!(upload("smell", png).await["errcode"], 40004);
    assert_eq!(upload("image", b"").await["errcode"], 41005);
    assert_eq!(upload("image", &vec![0; 3 * 1024 * 1024]).await["errcode"], 40005);
    assert_eq!(world.call("/cgi-bin/media/get?media_id=nonsense", None).await["errcode"], 40007);
}
