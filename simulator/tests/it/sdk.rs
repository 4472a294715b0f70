//! The calls that an SDK makes beside the campaign's own: notes about followers, menus, messages, files.
//! It refuses what each kind of account may not do, by the official table.

use serde_json::{Value, json};
use simulator::Config;

use crate::{SERVICE, World, demo, world, world_of};

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
    for path in ["user/info/updateremark", "tags/members/getblacklist", "tags/members/batchblacklist"] {
        assert_eq!(world.error_of(&format!("/cgi-bin/{path}"), json!({})).await, 48001, "{path}");
    }
    let menu = json!({ "button": [{ "type": "view", "name": "看", "url": "http://h/" }] });
    assert_eq!(world.error_of("/cgi-bin/menu/create", menu).await, 0);
}
