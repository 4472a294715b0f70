//! The calls of `cgi-bin` and `sns` as an SDK makes them, and the faults that may strike every one of them.
//! It refuses to tell the calls apart where WeChat treats them alike.

use serde_json::{Value, json};

use crate::{SERVICE, World, world};

impl World {
    /// A call of the service account, with its token.
    pub(crate) async fn call(&self, path: &str, body: Option<Value>) -> Value {
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{mark}access_token={}", self.token().await);
        match body {
            Some(body) => self.post(&path, body).await.1,
            None => self.get(&path).await,
        }
    }
}

#[tokio::test]
async fn a_fault_anywhere_strikes_every_call() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let user = world.exchange(&world.code(&ming, "snsapi_userinfo").await).await;
    let text = |name: &str| user[name].as_str().unwrap();
    let token = world.token().await;
    let (cgi, sns) =
        (format!("access_token={token}"), format!("access_token={}&openid={openid}", text("access_token")));
    let refresh = format!("appid={SERVICE}&grant_type=refresh_token&refresh_token={}", text("refresh_token"));
    for path in [
        format!("/cgi-bin/ticket/getticket?{cgi}&type=jsapi"),
        format!("/cgi-bin/getcallbackip?{cgi}"),
        format!("/cgi-bin/user/info?{cgi}&openid={openid}"),
        format!("/cgi-bin/user/get?{cgi}"),
        format!("/cgi-bin/user/info/batchget?{cgi}"),
        format!("/cgi-bin/qrcode/create?{cgi}"),
        format!("/sns/userinfo?{sns}"),
        format!("/sns/auth?{sns}"),
        format!("/sns/oauth2/refresh_token?{refresh}"),
    ] {
        let ask = async || world.http.get(format!("{}{path}", world.running.url)).send().await;
        world.post("/_sim/faults", json!({ "kind": "lost_request" })).await;
        assert!(ask().await.is_err(), "{path}");
        world.post("/_sim/faults", json!({ "on": "api", "kind": "err_code", "code": "48001" })).await;
        let said: Value = serde_json::from_str(&ask().await.unwrap().text().await.unwrap()).unwrap();
        assert_eq!(said["errcode"], 48001, "{path}");
        assert!(ask().await.is_ok(), "{path}");
    }
    let (status, told) = world.post("/_sim/faults", json!({ "seed": 7 })).await;
    assert_eq!((status, &told[0]["on"], &told[0]["kind"]), (200, &json!("any"), &json!("random")));
    assert_eq!((&told[0]["percent"], told[0]["times"].as_u64().unwrap() > 1_000), (&json!(20), true));
    assert_eq!(world.post("/_sim/faults", json!({})).await.0, 400);
}

#[tokio::test]
async fn each_type_of_ticket_is_its_own() {
    let world = world().await;
    let ticket = async |kind: &str| world.call(&format!("/cgi-bin/ticket/getticket?type={kind}"), None).await;
    let (jsapi, card) = (ticket("jsapi").await["ticket"].clone(), ticket("wx_card").await["ticket"].clone());
    assert!(jsapi.is_string() && card.is_string() && jsapi != card);
    assert_eq!((&ticket("jsapi").await["ticket"], &ticket("wx_card").await["ticket"]), (&jsapi, &card));
    assert_eq!(ticket("nonsense").await["errcode"], 40097);
}

#[tokio::test]
async fn a_call_that_is_a_get_says_so_in_json() {
    let world = world().await;
    for path in ["ticket/getticket", "getcallbackip", "get_api_domain_ip", "user/info", "user/get", "showqrcode"] {
        for request in [reqwest::Method::POST, reqwest::Method::PUT] {
            let url = format!("{}/cgi-bin/{path}", world.running.url);
            let response = world.http.request(request, url).body("{}").send().await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(said["errcode"], 43001, "{path}");
        }
    }
}
