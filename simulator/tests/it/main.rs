//! The simulator over real sockets, with a small server of a merchant that answers pushes and shows pages.
//! It refuses to look inside: everything is asked over HTTP, as an outside client would.

#![allow(clippy::unwrap_used, reason = "a test that fails there says where")]

mod cgi;
mod durable;
mod gone;
mod oauth;
mod pay;
mod push;
mod sdk;
mod transfers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aes::Aes256;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use futures::StreamExt;
use md5::Md5;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use simulator::{Config, Options, Running};

const SAFE: &str = "wx1a2b3c4d5e6f0001";
const COMPATIBLE: &str = "wx1a2b3c4d5e6f0002";
const EDIT: &str = "wx1a2b3c4d5e6f0003";
const SERVICE: &str = "wx1a2b3c4d5e6f0004";
const SECRET: &str = "5e0c1a7c0f3b4d1c9a2e7b6d8f4a0004";
const MCH_ID: &str = "1900000109";
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

type Map = BTreeMap<String, String>;

/// What the merchant's server saw, and how it answers.
#[derive(Default)]
struct Merchant {
    pushes: Mutex<Vec<(String, Map, String)>>,
    requests: Mutex<Vec<HeaderMap>>,
    manner: Mutex<Manner>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Manner {
    #[default]
    Right,
    PlainInSafeMode,
    Success,
    Silent,
    Error500,
    /// Answers the first push and keeps silence about its copies.
    Once,
    /// Its link leads to the hub page.
    Elsewhere,
}

fn demo() -> Config {
    Config::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("demo.toml")).unwrap()
}

fn tag<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let inner = xml.split_once(&format!("<{name}>"))?.1.split_once(&format!("</{name}>"))?.0;
    Some(inner.strip_prefix("<![CDATA[").and_then(|inner| inner.strip_suffix("]]>")).unwrap_or(inner))
}

fn sha1_of(parts: &[&str]) -> String {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    hex::encode(Sha1::digest(sorted.concat()))
}

fn aes_key(appid: &str) -> Vec<u8> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let encoded = demo().accounts.into_iter().find(|account| account.appid == appid).unwrap().encoding_aes_key.unwrap();
    GeneralPurpose::new(&ALPHABET, config).decode(encoded).unwrap()
}

fn unseal(appid: &str, sealed: &str) -> String {
    let key = aes_key(appid);
    let cipher = cbc::Decryptor::<Aes256>::new_from_slices(&key, &key[..16]).unwrap();
    let plain = cipher.decrypt_padded_vec::<NoPadding>(&STANDARD.decode(sealed).unwrap()).unwrap();
    let length = u32::from_be_bytes(plain[16..20].try_into().unwrap()) as usize;
    let pad = usize::from(*plain.last().unwrap());
    assert_eq!(&plain[20 + length..plain.len() - pad], appid.as_bytes());
    String::from_utf8(plain[20..20 + length].to_vec()).unwrap()
}

fn seal(appid: &str, token: &str, message: &str) -> String {
    let key = aes_key(appid);
    let mut plain = b"0123456789abcdef".to_vec();
    plain.extend((message.len() as u32).to_be_bytes());
    plain.extend(message.as_bytes());
    plain.extend(appid.as_bytes());
    let pad = 32 - plain.len() % 32;
    plain.resize(plain.len() + pad, pad as u8);
    let cipher = cbc::Encryptor::<Aes256>::new_from_slices(&key, &key[..16]).unwrap();
    let sealed = STANDARD.encode(cipher.encrypt_padded_vec::<NoPadding>(&plain));
    let signature = sha1_of(&[token, "1409304348", "xxxxxx", &sealed]);
    format!(
        "<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature><![CDATA[{signature}]]></MsgSignature>\
         <TimeStamp>1409304348</TimeStamp><Nonce><![CDATA[xxxxxx]]></Nonce></xml>"
    )
}

/// Answers a push as a careful server would: verifies, opens, replies in the account's mode.
async fn callback(
    State(merchant): State<Arc<Merchant>>,
    Path(appid): Path<String>,
    Query(query): Query<Map>,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    merchant.pushes.lock().unwrap().push((appid.clone(), query.clone(), body.clone()));
    let manner = *merchant.manner.lock().unwrap();
    match manner {
        Manner::Silent => return std::future::pending().await,
        Manner::Error500 => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Manner::Success => return "success".into_response(),
        Manner::Once if merchant.pushes.lock().unwrap().len() > 1 => return "success".into_response(),
        Manner::Right | Manner::PlainInSafeMode | Manner::Once | Manner::Elsewhere => {}
    }
    let account = demo().accounts.into_iter().find(|account| account.appid == appid).unwrap();
    let token = account.token.clone().unwrap();
    assert_eq!(query["signature"], sha1_of(&[&token, &query["timestamp"], &query["nonce"]]));
    let encrypted = query.get("encrypt_type").is_some_and(|kind| kind == "aes");
    let message = if encrypted {
        let sealed = tag(&body, "Encrypt").unwrap();
        assert_eq!(query["msg_signature"], sha1_of(&[&token, &query["timestamp"], &query["nonce"], sealed]));
        unseal(&appid, sealed)
    } else {
        body
    };
    assert_eq!(tag(&message, "ToUserName"), Some(account.original_id.as_str()));
    let openid = tag(&message, "FromUserName").unwrap();
    assert_eq!(query["openid"], openid);
    let what = tag(&message, "Event").or(tag(&message, "Content")).unwrap();
    let page = if manner == Manner::Elsewhere { 'p' } else { 'c' };
    let reply = format!(
        "<xml><ToUserName><![CDATA[{openid}]]></ToUserName><FromUserName><![CDATA[{}]]></FromUserName>\
         <CreateTime>1</CreateTime><MsgType><![CDATA[text]]></MsgType>\
         <Content><![CDATA[{what}：<a href=\"http://shop.example/{page}/demo?t=1&x=2\">点我</a>]]></Content></xml>",
        account.original_id
    );
    if encrypted && manner != Manner::PlainInSafeMode {
        seal(&appid, &token, &reply).into_response()
    } else {
        reply.into_response()
    }
}

/// Answers the console's question with its own echo, if the signature is right.
async fn echo(State(merchant): State<Arc<Merchant>>, Path(appid): Path<String>, Query(query): Query<Map>) -> Response {
    let account = demo().accounts.into_iter().find(|account| account.appid == appid).unwrap();
    let signature = sha1_of(&[&account.token.unwrap(), &query["timestamp"], &query["nonce"]]);
    let is_right = signature == query["signature"] && *merchant.manner.lock().unwrap() == Manner::Right;
    if is_right { query["echostr"].clone().into_response() } else { StatusCode::FORBIDDEN.into_response() }
}

async fn web_page(State(merchant): State<Arc<Merchant>>, headers: HeaderMap) -> Response {
    let server = format!("http://{}", headers["host"].to_str().unwrap());
    merchant.requests.lock().unwrap().push(headers);
    let html = format!("<html><head></head><body><a href=\"{server}/c/demo\">x</a></body></html>");
    let answer = [
        ("content-type", "text/html; charset=utf-8"),
        ("x-frame-options", "DENY"),
        ("content-security-policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
        ("set-cookie", "visitor=1; HttpOnly; SameSite=Lax; Path=/"),
    ];
    (answer, html).into_response()
}

async fn to_oauth(State(merchant): State<Arc<Merchant>>, headers: HeaderMap, Query(query): Query<Map>) -> Response {
    let server = format!("http://{}", headers["host"].to_str().unwrap());
    merchant.requests.lock().unwrap().push(headers);
    let back: String = url::form_urlencoded::byte_serialize(format!("{server}/back?x=1").as_bytes()).collect();
    let target = format!(
        "{}/connect/oauth2/authorize?appid={SERVICE}&redirect_uri={back}&response_type=code&scope=snsapi_base\
         &state=s1#wechat_redirect",
        query["open"]
    );
    (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
}

/// A simulator, the merchant's server, and a client that follows no redirect.
struct World {
    running: Running,
    merchant: Arc<Merchant>,
    server: String,
    http: reqwest::Client,
}

async fn merchant_server() -> (String, Arc<Merchant>) {
    let merchant = Arc::new(Merchant::default());
    let app = Router::new()
        .route("/wechat/{appid}", post(callback).get(echo))
        .route("/page", get(web_page))
        .route("/start", get(to_oauth))
        .route("/upload", post(|body: Bytes| async move { body.len().to_string() }))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::clone(&merchant));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (server, merchant)
}

async fn world() -> World {
    world_of(demo()).await
}

async fn world_of(config: Config) -> World {
    let (server, merchant) = merchant_server().await;
    let mut options = Options::new(config, &server);
    options.push_timeout = Duration::from_millis(500);
    options.seed = Some(1);
    let running = simulator::start(options).await.unwrap();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    World { running, merchant, server, http }
}

impl World {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.http.post(format!("{}{path}", self.running.url)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.http.get(format!("{}{path}", self.running.url)).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    async fn phone(&self, name: &str) -> String {
        self.post("/_sim/phones", json!({ "name": name })).await.1["id"].as_str().unwrap().to_owned()
    }

    async fn follow(&self, phone: &str, appid: &str) -> Value {
        let (status, told) = self.post(&format!("/_sim/phones/{phone}/follow"), json!({ "appid": appid })).await;
        assert_eq!(status, 200, "{told}");
        told
    }

    async fn look(&self, phone: &str) -> Value {
        self.get(&format!("/_sim/phones/{phone}")).await
    }

    async fn openid(&self, phone: &str) -> String {
        self.look(phone).await["openids"][SERVICE].as_str().unwrap().to_owned()
    }

    fn manner(&self, manner: Manner) {
        *self.merchant.manner.lock().unwrap() = manner;
    }

    fn pay_client(&self, identity: Option<String>) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(self.running.ca_pem.as_bytes()).unwrap();
        let builder =
            reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(authority);
        match identity {
            Some(pem) => builder.identity(reqwest::Identity::from_pem(pem.as_bytes()).unwrap()).build().unwrap(),
            None => builder.build().unwrap(),
        }
    }

    fn merchant_client(&self) -> reqwest::Client {
        self.pay_client(Some(format!("{}{}", self.running.cert_pem, self.running.key_pem)))
    }

    async fn pay(&self, call: &str, fields: Map) -> Result<String, reqwest::Error> {
        let url = format!("{}/mmpaymkttransfers/{call}", self.running.pay_url);
        self.merchant_client().post(url).body(signed(fields)).send().await?.text().await
    }

    async fn code(&self, phone: &str, scope: &str) -> String {
        let path = self.authorise(SERVICE, scope, &format!("{}/back", self.server));
        let response = self
            .http
            .get(format!("{}{path}", self.running.url))
            .header("cookie", format!("a=b; sim_phone={phone}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 302);
        let location = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
        location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    }

    fn authorise(&self, appid: &str, scope: &str, back: &str) -> String {
        let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        format!("/connect/oauth2/authorize?appid={appid}&redirect_uri={back}&response_type=code&scope={scope}&state=st")
    }

    async fn exchange(&self, code: &str) -> Value {
        let query = format!("appid={SERVICE}&secret={SECRET}&code={code}&grant_type=authorization_code");
        self.get(&format!("/sns/oauth2/access_token?{query}")).await
    }

    async fn token(&self) -> String {
        let body = json!({ "grant_type": "client_credential", "appid": SERVICE, "secret": SECRET });
        self.post("/cgi-bin/stable_token", body).await.1["access_token"].as_str().unwrap().to_owned()
    }
}

/// A request of API v2 with its signature.
fn signed(mut fields: Map) -> String {
    let filled = fields.iter().filter(|(_, value)| !value.is_empty());
    let text: String = filled.map(|(name, value)| format!("{name}={value}&")).collect();
    fields.insert("sign".into(), hex::encode_upper(Md5::digest(format!("{text}key={KEY}"))));
    let body: String = fields.iter().map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>")).collect();
    format!("<xml>{body}</xml>")
}

fn packet(bill_no: &str, openid: &str, amount: &str) -> Map {
    [
        ("nonce_str", "5K8264ILTKCH16CQ2502SI8ZNMTM67VS"),
        ("mch_billno", bill_no),
        ("mch_id", MCH_ID),
        ("wxappid", SERVICE),
        ("send_name", "领包服务号"),
        ("re_openid", openid),
        ("total_amount", amount),
        ("total_num", "1"),
        ("wishing", "祝你天天开心"),
        ("client_ip", "127.0.0.1"),
        ("act_name", "见面礼"),
        ("remark", "多谢"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn question(bill_no: &str) -> Map {
    [("nonce_str", "n1"), ("mch_billno", bill_no), ("mch_id", MCH_ID), ("appid", SERVICE), ("bill_type", "MCHT")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

#[tokio::test]
async fn a_follow_is_pushed_and_its_reply_read_in_all_three_modes() {
    let world = world().await;
    let ming = world.phone("小明").await;
    for appid in [SAFE, COMPATIBLE, SERVICE] {
        let told = world.follow(&ming, appid).await;
        assert_eq!(told["deliveries"].as_array().unwrap().len(), 1, "{told}");
        assert_eq!(told["deliveries"][0]["status"], 200);
        assert_eq!(told["reply"], "subscribe：点我");
        let again = world.follow(&ming, appid).await;
        assert_eq!(again["deliveries"], json!([]));
    }
    let seen = world.look(&ming).await;
    assert_eq!(seen["follows"].as_array().unwrap().len(), 3);
    for line in seen["chats"].as_array().unwrap() {
        assert_eq!((&line["from"], &line["url"]), (&json!("account"), &json!("http://shop.example/c/demo?t=1&x=2")));
    }
    let pushes = world.merchant.pushes.lock().unwrap();
    let body = |appid: &str| pushes.iter().find(|push| push.0 == appid).unwrap().2.clone();
    assert!(tag(&body(SAFE), "FromUserName").is_none() && tag(&body(SAFE), "Encrypt").is_some());
    assert!(tag(&body(COMPATIBLE), "FromUserName").is_some() && tag(&body(COMPATIBLE), "Encrypt").is_some());
    assert!(tag(&body(SERVICE), "Encrypt").is_none());
    assert_eq!(tag(&body(SERVICE), "EventKey"), Some(""));
}

#[tokio::test]
async fn a_text_and_a_scene_and_a_farewell_reach_the_server() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let path = |what: &str| format!("/_sim/phones/{ming}/{what}");
    assert_eq!(world.post(&path("send"), json!({ "appid": SERVICE, "text": "红包" })).await.0, 409);
    world.post(&path("follow"), json!({ "appid": SERVICE, "scene": "table7" })).await;
    let (_, told) = world.post(&path("send"), json!({ "appid": SERVICE, "text": "红包" })).await;
    assert_eq!(told["reply"], "红包：点我");
    let (_, told) = world.post(&path("unfollow"), json!({ "appid": SERVICE })).await;
    assert_eq!((&told["followed"], told["deliveries"].as_array().unwrap().len()), (&json!(false), 1));
    let pushes = world.merchant.pushes.lock().unwrap();
    assert_eq!(tag(&pushes[0].2, "EventKey"), Some("qrscene_table7"));
    assert!(tag(&pushes[0].2, "Ticket").is_some());
    assert!(tag(&pushes[1].2, "MsgId").unwrap().parse::<u64>().unwrap() > 1 << 50);
    assert_eq!(tag(&pushes[2].2, "Event"), Some("unsubscribe"));
}

#[tokio::test]
async fn an_edit_mode_account_answers_by_itself_with_the_servers_address() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let told = world.follow(&ming, EDIT).await;
    assert_eq!(told["deliveries"], json!([]));
    let seen = world.look(&ming).await;
    assert_eq!(seen["chats"][0]["url"], format!("{}/c/demo?a=chengnan7k2m9p4x8q3w6v5t", world.server));
    assert!(world.merchant.pushes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_push_without_an_answer_comes_three_times_and_ends_in_an_apology() {
    let world = world().await;
    for (manner, error) in [(Manner::Silent, "no answer"), (Manner::Error500, "500")] {
        world.manner(manner);
        let ming = world.phone("小明").await;
        let told = world.follow(&ming, SERVICE).await;
        assert_eq!(told["deliveries"].as_array().unwrap().len(), 3);
        assert!(told["deliveries"][2]["error"].as_str().unwrap().contains(error), "{told}");
        assert_eq!(told["reply"], Value::Null);
        let line = world.look(&ming).await["chats"][0].clone();
        assert_eq!(
            (&line["from"], &line["text"]),
            (&json!("system"), &json!("该公众号提供的服务出现故障，请稍后再试"))
        );
    }
    let pushes = world.merchant.pushes.lock().unwrap();
    assert_eq!(tag(&pushes[0].2, "CreateTime"), tag(&pushes[2].2, "CreateTime"));
    assert_eq!(pushes.len(), 6);
}

#[tokio::test]
async fn a_plain_reply_in_safe_mode_is_an_apology_and_success_is_silence() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.manner(Manner::PlainInSafeMode);
    world.follow(&ming, SAFE).await;
    world.manner(Manner::Success);
    world.follow(&ming, COMPATIBLE).await;
    let chats = world.look(&ming).await["chats"].clone();
    assert_eq!(chats.as_array().unwrap().len(), 1);
    assert_eq!(chats[0]["from"], "system");
}

#[tokio::test]
async fn push_faults_lose_and_double_deliveries() {
    let world = world().await;
    world.post("/_sim/faults", json!({ "on": "push", "kind": "duplicate" })).await;
    let ming = world.phone("小明").await;
    assert_eq!(world.follow(&ming, SAFE).await["deliveries"].as_array().unwrap().len(), 2);
    world.post("/_sim/faults", json!({ "on": "push", "kind": "lost_answer" })).await;
    assert_eq!(world.follow(&ming, COMPATIBLE).await["deliveries"].as_array().unwrap().len(), 2);
    assert_eq!(world.merchant.pushes.lock().unwrap().len(), 4);
    assert_eq!(world.get("/_sim/faults").await, json!([]));
}

#[tokio::test]
async fn a_packet_is_booked_once_however_often_it_is_sent() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let first = world.pay("sendredpack", packet("LB0001", &openid, "123")).await.unwrap();
    assert_eq!(tag(&first, "result_code"), Some("SUCCESS"), "{first}");
    assert!(tag(&first, "sign").is_none());
    let again = world.pay("sendredpack", packet("LB0001", &openid, "123")).await.unwrap();
    assert_eq!(first, again);
    let other = world.pay("sendredpack", packet("LB0001", &openid, "124")).await.unwrap();
    assert_eq!(tag(&other, "err_code"), Some("FATAL_ERROR"));
    let books = world.get("/_sim/books").await;
    assert_eq!((&books["paid_fen"], books["bills"].as_array().unwrap().len()), (&json!(123), 1));
    let seen = world.look(&ming).await;
    assert_eq!(seen["wallet"][0]["state"], "sent");
    assert_eq!((&seen["chats"][0]["appid"], &seen["chats"][0]["bill_no"]), (&json!("notice"), &json!("LB0001")));
}

#[tokio::test]
async fn a_bad_request_gets_the_code_of_the_official_table() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let subscription = world.look(&ming).await["openids"][SAFE].as_str().unwrap().to_owned();
    let with = |name: &str, value: &str| {
        let mut fields = packet("LB0002", &openid, "100");
        fields.insert(name.into(), value.into());
        fields
    };
    let cases = [
        (with("re_openid", &subscription), "OPENID_ERROR"),
        (with("total_amount", "99"), "MONEY_LIMIT"),
        (with("total_amount", "20001"), "MONEY_LIMIT"),
        (with("total_amount", "1.5"), "PARAM_ERROR"),
        (with("total_num", "2"), "PARAM_ERROR"),
        (with("mch_billno", "LB-0002"), "PARAM_ERROR"),
        (with("mch_billno", &"9".repeat(29)), "PARAM_ERROR"),
        (with("client_ip", "::1"), "PARAM_ERROR"),
        (with("wishing", ""), "PARAM_ERROR"),
        (with("send_name", &"长".repeat(33)), "PARAM_ERROR"),
        (with("mch_id", "1"), "PARAM_ERROR"),
        (with("wxappid", SAFE), "PARAM_ERROR"),
        (with("sign_type", "MD5"), "SIGN_ERROR"),
    ];
    for (fields, code) in cases {
        let answer = world.pay("sendredpack", fields.clone()).await.unwrap();
        assert_eq!(tag(&answer, "err_code"), Some(code), "{fields:?}\n{answer}");
    }
    let small = {
        let mut fields = with("total_amount", "30");
        fields.insert("scene_id".into(), "PRODUCT_2".into());
        fields
    };
    assert_eq!(tag(&world.pay("sendredpack", small).await.unwrap(), "result_code"), Some("SUCCESS"));
    assert_eq!(world.get("/_sim/books").await["paid_fen"], 30);
}

#[tokio::test]
async fn limits_stop_a_user_a_second_and_an_empty_balance() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let limit = async |name: &str, value: i64| world.post("/_sim/limits", json!({ name: value })).await.0;
    let code = async |bill_no: &str| {
        let answer = world.pay("sendredpack", packet(bill_no, &openid, "100")).await.unwrap();
        tag(&answer, "err_code").unwrap().to_owned()
    };
    assert_eq!(code("A1").await, "SUCCESS");
    for (name, value, wanted) in [
        ("user_packets_per_day", 1, "SENDNUM_LIMIT"),
        ("user_fen_per_day", 150, "RCVDAMOUNT_LIMIT"),
        ("merchant_fen_per_day", 150, "SENDAMOUNT_LIMIT"),
        ("balance_fen", 150, "NOTENOUGH"),
        ("packets_per_sec", 0, "FREQ_LIMIT"),
    ] {
        let before = world.get("/_sim/limits").await[name].as_i64().unwrap();
        assert_eq!(limit(name, value).await, 200);
        assert_eq!(code("A2").await, wanted);
        assert_eq!(limit(name, before).await, 200);
    }
    assert_eq!(limit("nonsense", 1).await, 400);
    assert_eq!(code("A2").await, "SUCCESS");
}

#[tokio::test]
async fn a_lost_answer_books_and_a_lost_request_does_not() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let paid = async || world.get("/_sim/books").await["paid_fen"].clone();
    let fault = async |kind: &str| world.post("/_sim/faults", json!({ "on": "sendredpack", "kind": kind })).await.0;
    let send = async |bill_no: &str| world.pay("sendredpack", packet(bill_no, &openid, "100")).await;
    let code = |answer: &str| tag(answer, "err_code").unwrap().to_owned();

    fault("lost_request").await;
    assert!(send("F1").await.is_err());
    assert_eq!(paid().await, 0);
    fault("lost_answer").await;
    assert!(send("F1").await.is_err());
    assert_eq!(paid().await, 100);
    assert_eq!(code(&send("F1").await.unwrap()), "SUCCESS");
    fault("systemerror_before").await;
    assert_eq!(code(&send("F2").await.unwrap()), "SYSTEMERROR");
    assert_eq!(paid().await, 100);
    fault("systemerror_after").await;
    assert_eq!(code(&send("F2").await.unwrap()), "SYSTEMERROR");
    assert_eq!(paid().await, 200);
    fault("processing").await;
    assert_eq!(code(&send("F3").await.unwrap()), "PROCESSING");
    fault("broken_xml").await;
    assert!(!send("F3").await.unwrap().ends_with("</xml>"));
    fault("notenough").await;
    assert_eq!(code(&send("F4").await.unwrap()), "NOTENOUGH");
    world.post("/_sim/faults", json!({ "on": "sendredpack", "kind": "err_code", "code": "268458547" })).await;
    assert_eq!(code(&send("F4").await.unwrap()), "268458547");
    assert_eq!(paid().await, 300);
    world.post("/_sim/faults", json!({ "on": "gethbinfo", "kind": "not_found" })).await;
    assert_eq!(code(&world.pay("gethbinfo", question("F3")).await.unwrap()), "NOT_FOUND");
    assert_eq!(fault("nonsense").await, 400);
}

#[tokio::test]
async fn an_unopened_packet_goes_back_after_a_day_and_an_opened_one_stays() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    world.pay("sendredpack", packet("R1", &openid, "100")).await.unwrap();
    world.pay("sendredpack", packet("R2", &openid, "200")).await.unwrap();
    let status = async |bill_no: &str| {
        let answer = world.pay("gethbinfo", question(bill_no)).await.unwrap();
        tag(&answer, "status").unwrap_or_else(|| tag(&answer, "err_code").unwrap()).to_owned()
    };
    assert_eq!(status("R1").await, "SENT");
    let collect = format!("/_sim/phones/{ming}/collect");
    assert_eq!(world.post(&collect, json!({ "bill_no": "R1" })).await.0, 200);
    assert_eq!(status("R1").await, "RECEIVED");
    let answer = world.pay("gethbinfo", question("R1")).await.unwrap();
    assert_eq!(tag(tag(&answer, "hbinfo").unwrap(), "openid"), Some(openid.as_str()));
    world.post("/_sim/clock", json!({ "advance_secs": 86_400 })).await;
    assert_eq!(status("R2").await, "REFUND");
    assert_eq!(world.post(&collect, json!({ "bill_no": "R2" })).await.0, 409);
    assert_eq!(world.post(&collect, json!({ "bill_no": "R1" })).await.0, 200);
    let books = world.get("/_sim/books").await;
    assert_eq!((&books["paid_fen"], &books["collected_fen"]), (&json!(300), &json!(100)));
    assert_eq!(books["returned_fen"], 200);
    assert_eq!(world.look(&ming).await["wallet"][1]["state"], "returned");
    world.post("/_sim/clock", json!({ "advance_secs": 30 * 86_400 })).await;
    assert_eq!(status("R1").await, "NOT_FOUND");
    assert_eq!(world.post("/_sim/clock", json!({ "advance_secs": -1 })).await.0, 400);
}

#[tokio::test]
async fn the_payment_side_wants_the_merchants_certificate_and_refuses_a_strangers() {
    let world = world().await;
    let url = format!("{}/mmpaymkttransfers/sendredpack", world.running.pay_url);
    let without = world.pay_client(None).post(&url).body("<xml><a>1</a></xml>").send().await.unwrap();
    assert_eq!(without.status(), 200);
    let text = without.text().await.unwrap();
    assert_eq!((tag(&text, "return_code"), tag(&text, "err_code")), (Some("FAIL"), Some("CA_ERROR")));
    let stranger = {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&key).unwrap();
        format!("{}{}", certificate.pem(), key.serialize_pem())
    };
    let wrong = world.pay_client(Some(stranger)).post(&url).body("<xml><a>1</a></xml>").send().await.unwrap();
    let text = wrong.text().await.unwrap();
    assert_eq!((tag(&text, "return_code"), tag(&text, "err_code")), (Some("FAIL"), Some("CA_ERROR")));
    let with = world.merchant_client().post(&url).body("not xml").send().await.unwrap().text().await.unwrap();
    assert_eq!(tag(&with, "err_code"), Some("XML_ERROR"));
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_only_in_time() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let code = world.code(&ming, "snsapi_base").await;
    let token = world.exchange(&code).await;
    assert_eq!((&token["openid"], &token["scope"]), (&json!(world.openid(&ming).await), &json!("snsapi_base")));
    assert!(token.get("unionid").is_none() && token.get("is_snapshotuser").is_none());
    assert_eq!(world.exchange(&code).await["errcode"], 40163);
    assert_eq!(world.exchange("nonsense").await["errcode"], 40029);
    let late = world.code(&ming, "snsapi_base").await;
    world.post("/_sim/clock", json!({ "advance_secs": 301 })).await;
    assert_eq!(world.exchange(&late).await["errcode"], 42003);
    let userinfo = format!(
        "/sns/userinfo?access_token={}&openid={}&lang=zh_CN",
        token["access_token"].as_str().unwrap(),
        token["openid"].as_str().unwrap()
    );
    assert_eq!(world.get(&userinfo).await["errcode"], 48001);
    let refresh = format!(
        "/sns/oauth2/refresh_token?appid={SERVICE}&grant_type=refresh_token&refresh_token={}",
        token["refresh_token"].as_str().unwrap()
    );
    assert_eq!(world.get(&refresh).await["openid"], token["openid"]);
    assert_eq!(world.get(&refresh).await["errcode"], 40030);
}

#[tokio::test]
async fn consent_gives_the_profile_and_a_snapshot_gives_nobody() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let path = world.authorise(SERVICE, "snsapi_userinfo", &format!("{}/back", world.server));
    let asked = world.http.get(format!("{}{path}&sim_phone={ming}&sim_ask=1", world.running.url)).send().await.unwrap();
    assert_eq!(asked.status(), 200);
    assert!(asked.text().await.unwrap().contains("name=\"sim_consent\""));
    let token = world.exchange(&world.code(&ming, "snsapi_userinfo").await).await;
    let userinfo = async |token: &Value| {
        let (access, openid) = (token["access_token"].as_str().unwrap(), token["openid"].as_str().unwrap());
        world.get(&format!("/sns/userinfo?access_token={access}&openid={openid}")).await
    };
    assert_eq!(userinfo(&token).await["nickname"], "小明");
    assert_eq!(token["unionid"], world.look(&ming).await["unionid"]);
    world.post(&format!("/_sim/phones/{ming}/snapshot"), json!({ "on": true })).await;
    let first = world.exchange(&world.code(&ming, "snsapi_userinfo").await).await;
    let second = world.exchange(&world.code(&ming, "snsapi_userinfo").await).await;
    assert_eq!(first["is_snapshotuser"], 1);
    assert_ne!(first["openid"], second["openid"]);
    assert_ne!(first["openid"], token["openid"]);
    let made_up = userinfo(&first).await;
    assert_eq!((&made_up["nickname"], &made_up["headimgurl"]), (&json!("微信用户"), &json!("")));
    assert_eq!(made_up["unionid"], first["unionid"]);
}

#[tokio::test]
async fn the_authorise_page_says_what_is_wrong() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let back = format!("{}/back", world.server);
    let page = async |path: String| {
        let response = world.http.get(format!("{}{path}", world.running.url)).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    };
    let phone = format!("&sim_phone={ming}");
    assert!(page(world.authorise(SERVICE, "snsapi_base", &back)).await.contains("请在微信客户端打开链接"));
    assert!(page(world.authorise(SAFE, "snsapi_base", &back) + &phone).await.contains("10005"));
    assert!(page(world.authorise(SERVICE, "snsapi_base", "http://evil.example/") + &phone).await.contains("10003"));
    assert!(page(world.authorise(SERVICE, "snsapi_all", &back) + &phone).await.contains("Scope"));
    let wrong_order = world.authorise(SERVICE, "snsapi_base", &back).replace("&response_type=code", "");
    assert!(page(format!("{wrong_order}&response_type=code{phone}")).await.contains("Scope"));
    assert!(page(format!("/connect/oauth2/authorize?appid={SERVICE}")).await.contains("10011"));
}

#[tokio::test]
async fn a_stable_token_is_shared_until_it_is_forced_out() {
    let world = world().await;
    let token = world.token().await;
    assert_eq!(world.token().await, token);
    let ticket =
        async |token: &str| world.get(&format!("/cgi-bin/ticket/getticket?access_token={token}&type=jsapi")).await;
    let kept = ticket(&token).await;
    assert_eq!((&kept["errcode"], &kept["ticket"]), (&json!(0), &ticket(&token).await["ticket"]));
    let force = json!({ "grant_type": "client_credential", "appid": SERVICE, "secret": SECRET, "force_refresh": true });
    let (_, forced) = world.post("/cgi-bin/stable_token", force.clone()).await;
    assert_ne!(forced["access_token"], token.as_str());
    assert_eq!(ticket(&token).await["errcode"], 40001);
    assert_eq!(world.post("/cgi-bin/stable_token", force).await.1["access_token"], forced["access_token"]);
    world.post("/_sim/clock", json!({ "advance_secs": 7200 })).await;
    let expired = ticket(forced["access_token"].as_str().unwrap()).await;
    assert_eq!(expired["errcode"], 42001);
    assert!(expired["errmsg"].as_str().unwrap().contains(" rid: "));
    let wrong = world.get(&format!("/cgi-bin/token?grant_type=client_credential&appid={SERVICE}&secret=x")).await;
    assert_eq!(wrong["errcode"], 40125);
    assert_eq!(world.get("/cgi-bin/ticket/getticket?type=jsapi").await["errcode"], 41001);
}

#[tokio::test]
async fn followers_are_told_and_service_accounts_make_qr_codes() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let (openid, token) = (world.openid(&ming).await, world.token().await);
    let info = async || world.get(&format!("/cgi-bin/user/info?access_token={token}&openid={openid}&lang=zh_CN")).await;
    assert_eq!(info().await["subscribe"], 0);
    let create = json!({ "action_name": "QR_STR_SCENE", "expire_seconds": 600, "action_info": { "scene": { "scene_str": "t7" } } });
    let (_, code) = world.post(&format!("/cgi-bin/qrcode/create?access_token={token}"), create).await;
    let show = async |ticket: &str| {
        let ticket: String = url::form_urlencoded::byte_serialize(ticket.as_bytes()).collect();
        world.http.get(format!("{}/cgi-bin/showqrcode?ticket={ticket}", world.running.url)).send().await.unwrap()
    };
    assert!(show(code["ticket"].as_str().unwrap()).await.text().await.unwrap().contains("<svg"));
    assert_eq!(show("nonsense").await.status(), 404);
    world.post(&format!("/_sim/phones/{ming}/follow"), json!({ "appid": SERVICE, "scene": "t7" })).await;
    let told = info().await;
    assert_eq!((&told["subscribe"], &told["qr_scene_str"]), (&json!(1), &json!("t7")));
    assert_eq!(tag(&world.merchant.pushes.lock().unwrap()[0].2, "Ticket"), code["ticket"].as_str());
    let page = world.get(&format!("/cgi-bin/user/get?access_token={token}&next_openid=")).await;
    assert_eq!(page["data"]["openid"], json!([openid]));
}

#[tokio::test]
async fn a_phones_origin_shows_the_server_as_wechat_would() {
    let world = world().await;
    let (_, made) = world.post("/_sim/phones", json!({ "name": "小明", "ip": "14.215.177.39" })).await;
    let id = made["id"].as_str().unwrap();
    let port = world.running.url.rsplit(':').next().unwrap();
    let host = format!("{id}.phone.localhost:{port}");
    let open = async |path: &str| {
        let request = world.http.get(format!("{}{path}", world.running.url)).header("host", &host);
        request
            .header("referer", format!("http://{host}/l/coffee"))
            .header("origin", format!("http://{host}"))
            .send()
            .await
            .unwrap()
    };
    let page = open("/page").await;
    assert!(page.headers().get("x-frame-options").is_none());
    assert_eq!(page.headers()["content-security-policy"], "default-src 'none'; style-src 'self'; script-src 'self'");
    assert_eq!(page.headers()["set-cookie"], "visitor=1; HttpOnly; SameSite=Lax; Path=/");
    let html = page.text().await.unwrap();
    assert!(html.contains("<script src=\"/_phone/bridge.js\"></script></head>"));
    assert!(html.contains(&format!("<a href=\"http://{host}/c/demo\">")), "{html}");
    {
        let requests = world.merchant.requests.lock().unwrap();
        let text = |name: &str| requests[0][name].to_str().unwrap().to_owned();
        assert!(text("user-agent").contains("MicroMessenger/8.0.50"));
        assert_eq!(text("x-forwarded-for"), "14.215.177.39");
        assert_eq!((text("origin"), text("referer")), (world.server.clone(), format!("{}/l/coffee", world.server)));
        assert_eq!(format!("http://{}", text("host")), world.server);
    }
    let away = open(&format!("/start?open={}", world.running.url)).await;
    let location = away.headers()["location"].to_str().unwrap().to_owned();
    assert!(location.starts_with(&format!("http://{host}/connect/oauth2/authorize?")), "{location}");
    assert!(location.ends_with("#wechat_redirect"));
    let path = location.trim_start_matches(&format!("http://{host}")).trim_end_matches("#wechat_redirect");
    let back = open(path).await;
    let location = back.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(&format!("http://{host}/back?x=1&code=")), "{location}");
    let upload = async |size: usize| {
        let request = world.http.post(format!("{}/upload", world.running.url)).header("host", &host);
        request.body(vec![b'x'; size]).send().await.unwrap()
    };
    assert_eq!(upload(3_000_000).await.text().await.unwrap(), "3000000");
    assert_eq!(upload(10 * 1024 * 1024 + 1).await.status(), 413);
    let nobody = world.http.get(&world.running.url).header("host", "nobody.phone.localhost").send().await.unwrap();
    assert_eq!(nobody.status(), 404);
}

#[tokio::test]
async fn a_profile_page_follows_for_a_known_phone() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let url = format!("{}/mp/profile_ext", world.running.url);
    let biz = STANDARD.encode("gh_shanyecoffee");
    let page = world.http.get(format!("{url}?action=home&__biz={biz}&scene=110")).send().await.unwrap();
    assert!(!page.text().await.unwrap().contains("<form"));
    let page = world.http.get(format!("{url}?action=home&__biz={biz}&sim_phone={ming}")).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("<form method=\"post\""));
    let form = [("__biz", biz.as_str()), ("sim_phone", ming.as_str())];
    assert_eq!(world.http.post(url).form(&form).send().await.unwrap().status(), 200);
    assert_eq!(world.look(&ming).await["follows"], json!([SAFE]));
}

#[tokio::test]
async fn every_change_is_told_to_those_who_wait_and_the_desk_is_served() {
    let world = world().await;
    let events = world.http.get(format!("{}/_sim/events", world.running.url)).send().await.unwrap();
    let mut events = events.bytes_stream();
    let version = |part: &[u8]| {
        let text = String::from_utf8(part.to_vec()).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap().to_owned();
        serde_json::from_str::<Value>(&line).unwrap()["version"].as_u64().unwrap()
    };
    let before = version(&events.next().await.unwrap().unwrap());
    world.phone("小明").await;
    assert!(version(&events.next().await.unwrap().unwrap()) > before);
    for path in ["/phone", "/phone/tokens.css", "/phone/phone.js", "/_phone/bridge.js", "/open/js/jweixin-1.6.0.js"] {
        let response = world.http.get(format!("{}{path}", world.running.url)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    let port = world.running.url.rsplit(':').next().unwrap().to_owned();
    let browser = world.http.get(format!("{}/phone", world.running.url)).header("sec-fetch-mode", "navigate");
    let moved = browser.send().await.unwrap();
    assert_eq!(moved.headers()["location"], format!("http://phone.localhost:{port}/phone"));
    let seen = world.get("/_sim/world").await;
    assert_eq!(seen["links"][0]["url"], format!("{}/l/coffee", world.server));
    assert_eq!(world.post("/_sim/phones/none/follow", json!({ "appid": SAFE })).await.0, 404);
    assert_eq!(world.post("/_sim/phones", json!({ "ip": "nonsense" })).await.0, 400);
}

#[tokio::test]
async fn everything_is_there_again_after_a_restart() {
    let (server, _merchant) = merchant_server().await;
    let folder = std::env::temp_dir().join(format!("wechat-simulator-{}", std::process::id()));
    let mut options = Options::new(demo(), &server);
    options.data = Some(folder.clone());
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    let running = simulator::start(options.clone()).await.unwrap();
    let before = World { running, merchant: Arc::default(), server, http };
    let ming = before.phone("小明").await;
    before.follow(&ming, SERVICE).await;
    let openid = before.openid(&ming).await;
    before.pay("sendredpack", packet("K1", &openid, "100")).await.unwrap();
    before.post("/_sim/clock", json!({ "advance_secs": 3600 })).await;
    let token = before.token().await;
    let (seen, now_ms) = (before.look(&ming).await, before.get("/_sim/clock").await["now_ms"].as_i64().unwrap());
    let World { running, http, merchant, server } = before;
    let ca_pem = running.ca_pem.clone();
    running.stop().await.unwrap();

    let running = simulator::start(options).await.unwrap();
    assert_eq!(running.ca_pem, ca_pem);
    let after = World { running, http, merchant, server };
    assert_eq!(after.look(&ming).await, seen);
    assert_eq!(after.token().await, token);
    assert!(after.get("/_sim/clock").await["now_ms"].as_i64().unwrap() >= now_ms);
    let again = after.pay("sendredpack", packet("K1", &openid, "100")).await.unwrap();
    assert_eq!(tag(&again, "result_code"), Some("SUCCESS"));
    assert_eq!(after.get("/_sim/books").await["paid_fen"], 100);
    after.running.stop().await.unwrap();
    for name in ["ca.pem", "apiclient_cert.pem", "apiclient_key.pem", "state.json"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_unknown_call_is_an_invalid_url_in_json() {
    let world = world().await;
    for (path, kind) in [
        ("/cgi-bin/message/nonsense", "application/json; encoding=utf-8"),
        ("/cgi-bin/", "application/json; encoding=utf-8"),
        ("/sns/nonsense?a=1", "text/plain"),
    ] {
        for request in [world.http.get(format!("{}{path}", world.running.url)), {
            world.http.post(format!("{}{path}", world.running.url)).body("{}")
        }] {
            let response = request.send().await.unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-type"]),
                (200, &kind.parse().unwrap())
            );
            let said: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
            assert_eq!(said["errcode"], 40066, "{path}");
            assert!(said["errmsg"].as_str().unwrap().starts_with("invalid url rid: "), "{said}");
        }
    }
    let url = format!("{}/_sim/books", world.running.url);
    let wrong = world.http.post(url).send().await.unwrap();
    assert_eq!(wrong.status(), 405);
    assert!(wrong.json::<Value>().await.unwrap()["error"].is_string());
    let elsewhere = world.http.get(format!("{}/nonsense", world.running.url)).send().await.unwrap();
    assert_eq!(elsewhere.status(), 404);
}

#[tokio::test]
async fn a_packets_own_number_has_twenty_eight_digits() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let sent = world.pay("sendredpack", packet("N1", &world.openid(&ming).await, "100")).await.unwrap();
    let asked = world.pay("gethbinfo", question("N1")).await.unwrap();
    let number = tag(&sent, "send_listid").unwrap();
    assert_eq!(tag(&asked, "detail_id"), Some(number));
    assert_eq!(number.len(), 28);
    assert!(number.bytes().all(|byte| byte.is_ascii_digit()));
}

#[tokio::test]
async fn a_packet_that_fails_is_accepted_first_and_never_reaches_anybody() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let openid = world.openid(&ming).await;
    let fault = async |more: Value| {
        let mut fault = json!({ "on": "sendredpack", "kind": "failed" });
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(world.post("/_sim/faults", fault).await.0, 200);
    };
    let status = async |bill_no: &str| {
        let answer = world.pay("gethbinfo", question(bill_no)).await.unwrap();
        (tag(&answer, "status").unwrap().to_owned(), tag(&answer, "reason").map(str::to_owned))
    };
    fault(json!({})).await;
    let sent = world.pay("sendredpack", packet("E1", &openid, "100")).await.unwrap();
    assert_eq!((tag(&sent, "result_code"), tag(&sent, "mch_billno")), (Some("SUCCESS"), Some("E1")));
    assert_eq!(world.pay("sendredpack", packet("E1", &openid, "100")).await.unwrap(), sent);
    assert_eq!(status("E1").await, ("SENDING".to_owned(), None));
    let books = world.get("/_sim/books").await;
    assert_eq!((&books["paid_fen"], &books["returned_fen"]), (&json!(100), &json!(0)));
    assert_eq!(books["bills"][0]["state"], "sending");
    world.post("/_sim/clock", json!({ "advance_secs": 60 })).await;
    let (told, reason) = status("E1").await;
    assert_eq!(told, "FAILED");
    assert!(!reason.unwrap().is_empty());
    let again = world.pay("sendredpack", packet("E1", &openid, "100")).await.unwrap();
    assert_eq!((tag(&again, "result_code"), tag(&again, "err_code")), (Some("FAIL"), Some("SEND_FAILED")));
    fault(json!({ "ms": 0 })).await;
    world.pay("sendredpack", packet("E2", &openid, "100")).await.unwrap();
    assert_eq!(status("E2").await.0, "FAILED");
    world.pay("sendredpack", packet("E3", &openid, "100")).await.unwrap();

    let seen = world.look(&ming).await;
    assert_eq!((seen["wallet"].as_array().unwrap().len(), seen["chats"].as_array().unwrap().len()), (1, 1));
    assert_eq!(world.post(&format!("/_sim/phones/{ming}/collect"), json!({ "bill_no": "E1" })).await.0, 404);
    world.post("/_sim/clock", json!({ "advance_secs": 86_400 })).await;
    assert_eq!(status("E1").await.0, "FAILED");
    let books = world.get("/_sim/books").await;
    assert_eq!((&books["paid_fen"], &books["returned_fen"]), (&json!(300), &json!(300)));
    let states: Vec<&Value> = books["bills"].as_array().unwrap().iter().map(|bill| &bill["state"]).collect();
    assert_eq!(states, ["failed", "failed", "returned"]);
    let wrong = world.post("/_sim/faults", json!({ "on": "gethbinfo", "kind": "failed" })).await;
    assert_eq!(wrong.0, 400);
}

#[tokio::test]
async fn a_refund_may_be_under_way_for_a_minute() {
    let world = world().await;
    assert_eq!(world.get("/_sim/limits").await["refund_way_secs"], 0);
    assert_eq!(world.post("/_sim/limits", json!({ "refund_way_secs": 60 })).await.0, 200);
    let ming = world.phone("小明").await;
    world.pay("sendredpack", packet("W1", &world.openid(&ming).await, "100")).await.unwrap();
    let told = async || {
        let answer = world.pay("gethbinfo", question("W1")).await.unwrap();
        let books = world.get("/_sim/books").await;
        (
            tag(&answer, "status").unwrap().to_owned(),
            tag(&answer, "refund_amount").map(str::to_owned),
            books["bills"][0]["state"].as_str().unwrap().to_owned(),
            books["returned_fen"].as_i64().unwrap(),
        )
    };
    world.post("/_sim/clock", json!({ "advance_secs": 86_400 })).await;
    assert_eq!(told().await, ("RFUND_ING".to_owned(), None, "returning".to_owned(), 0));
    assert_eq!(world.look(&ming).await["wallet"][0]["state"], "returned");
    assert_eq!(world.post(&format!("/_sim/phones/{ming}/collect"), json!({ "bill_no": "W1" })).await.0, 409);
    world.post("/_sim/clock", json!({ "advance_secs": 60 })).await;
    assert_eq!(told().await, ("REFUND".to_owned(), Some("100".to_owned()), "returned".to_owned(), 100));
}

#[tokio::test]
async fn a_follower_is_told_with_the_way_that_led_to_the_account() {
    let world = world().await;
    let token = world.token().await;
    let make = async |action: &str, scene: Value| {
        let body = json!({ "action_name": action, "expire_seconds": 600, "action_info": { "scene": scene } });
        let (_, made) = world.post(&format!("/cgi-bin/qrcode/create?access_token={token}"), body).await;
        assert!(made["ticket"].is_string(), "{made}");
    };
    make("QR_SCENE", json!({ "scene_id": 7 })).await;
    make("QR_LIMIT_SCENE", json!({ "scene_id": 8 })).await;
    make("QR_STR_SCENE", json!({ "scene_str": "9" })).await;
    make("QR_LIMIT_STR_SCENE", json!({ "scene_str": "door" })).await;
    for (scene, way, number, text) in [
        (json!(7), "ADD_SCENE_QR_CODE", 7, ""),
        (json!("8"), "ADD_SCENE_QR_CODE", 8, ""),
        (json!("9"), "ADD_SCENE_QR_CODE", 0, "9"),
        (json!("door"), "ADD_SCENE_QR_CODE", 0, "door"),
        (json!("123"), "ADD_SCENE_QR_CODE", 0, "123"),
        (Value::Null, "ADD_SCENE_PROFILE_CARD", 0, ""),
    ] {
        let phone = world.phone("小明").await;
        world.post(&format!("/_sim/phones/{phone}/follow"), json!({ "appid": SERVICE, "scene": scene })).await;
        let openid = world.openid(&phone).await;
        let told = world.get(&format!("/cgi-bin/user/info?access_token={token}&openid={openid}")).await;
        let seen = (&told["subscribe_scene"], &told["qr_scene"], &told["qr_scene_str"]);
        assert_eq!(seen, (&json!(way), &json!(number), &json!(text)), "{scene}");
    }
}

#[tokio::test]
async fn a_query_may_say_not_found_as_the_official_sample_does() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.pay("sendredpack", packet("Q1", &world.openid(&ming).await, "100")).await.unwrap();
    world.post("/_sim/faults", json!({ "on": "gethbinfo", "kind": "not_found_as_systemerror" })).await;
    let answer = world.pay("gethbinfo", question("Q1")).await.unwrap();
    assert_eq!((tag(&answer, "return_code"), tag(&answer, "err_code")), (Some("FAIL"), Some("SYSTEMERROR")));
    assert_eq!(tag(&answer, "return_msg"), Some("指定单号数据不存在"));
    assert_eq!((tag(&answer, "mch_billno"), tag(&answer, "mch_id")), (Some("Q1"), Some(MCH_ID)));
    assert_eq!(tag(&world.pay("gethbinfo", question("Q1")).await.unwrap(), "status"), Some("SENT"));
}

#[tokio::test]
async fn a_state_is_at_most_128_letters_and_digits() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let path = world.authorise(SERVICE, "snsapi_base", &format!("{}/back", world.server));
    let open = async |state: &str| {
        let path = path.replace("&state=st", &format!("&state={state}"));
        world.http.get(format!("{}{path}&sim_phone={ming}", world.running.url)).send().await.unwrap()
    };
    for wrong in ["a-b", "a_b", "a%20b", "%E5%A5%BD", &"a".repeat(129)] {
        let page = open(wrong).await;
        assert_eq!(page.status(), 200, "{wrong}");
        assert!(page.text().await.unwrap().contains("state 参数错误"), "{wrong}");
    }
    let most = "aZ09".repeat(32);
    let moved = open(&most).await;
    assert_eq!(moved.status(), 302);
    assert!(moved.headers()["location"].to_str().unwrap().ends_with(&format!("&state={most}")));
}

#[tokio::test]
async fn a_snapshot_is_a_virtual_user_under_both_scopes() {
    let world = world().await;
    let ming = world.phone("小明").await;
    world.post(&format!("/_sim/phones/{ming}/snapshot"), json!({ "on": true })).await;
    for scope in ["snsapi_base", "snsapi_userinfo"] {
        let token = world.exchange(&world.code(&ming, scope).await).await;
        assert_eq!((&token["is_snapshotuser"], &token["scope"]), (&json!(1), &json!(scope)));
        assert_ne!(token["openid"], world.openid(&ming).await);
    }
}
