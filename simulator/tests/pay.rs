//! Merchant transfers and fund-flow bills of the simulator over real sockets, with a merchant's server that takes callbacks.
//! It refuses to look inside, and signs and opens everything by its own means.

#![allow(clippy::unwrap_used, reason = "a test that fails there says where")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use serde_json::{Value, json};
use simulator::{Config, Options, Running};
use tokio::sync::Notify;

const SERVICE: &str = "wx1a2b3c4d5e6f0004";
const MCH_ID: &str = "1900000109";
const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const APIV3_KEY: &str = "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb";
const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";

/// Whether WeChat Pay's public key signed this; the key is the last 270 bytes of its PEM's content.
fn is_wechats(pub_key_pem: &str, message: &str, signature: &str) -> bool {
    let info = SubjectPublicKeyInfoDer::from_pem_slice(pub_key_pem.as_bytes()).unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &info[info.len() - 270..]);
    key.verify(message.as_bytes(), &STANDARD.decode(signature).unwrap_or_default()).is_ok()
}

/// The merchant's server: what it got, and whether it takes anything.
#[derive(Default)]
struct Shop {
    pub_key_pem: Mutex<String>,
    got: Mutex<Vec<Result<Value, &'static str>>>,
    closed: Mutex<bool>,
    news: Notify,
}

impl Shop {
    fn understand(&self, headers: &HeaderMap, body: &str) -> Result<Value, &'static str> {
        let text = |name: &str| headers[name].to_str().unwrap();
        let signature = text("wechatpay-signature");
        if signature.starts_with("WECHATPAY/SIGNTEST/") {
            return Err("probe");
        }
        let message = format!("{}\n{}\n{body}\n", text("wechatpay-timestamp"), text("wechatpay-nonce"));
        if !is_wechats(&self.pub_key_pem.lock().unwrap(), &message, signature) {
            return Err("forged");
        }
        let event: Value = serde_json::from_str(body).map_err(|_| "broken")?;
        assert_eq!(event["event_type"], "MCHTRANSFER.BILL.FINISHED");
        let resource = &event["resource"];
        assert_eq!(
            (&resource["original_type"], &resource["associated_data"]),
            (&json!("mch_payment"), &json!("mch_payment"))
        );
        let nonce = resource["nonce"].as_str().unwrap();
        assert_eq!(nonce.len(), 12);
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, APIV3_KEY.as_bytes()).unwrap());
        let mut sealed = STANDARD.decode(resource["ciphertext"].as_str().unwrap()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
        let opened = key.open_in_place(nonce, Aad::from(b"mch_payment"), &mut sealed).unwrap();
        Ok(serde_json::from_slice(opened).unwrap())
    }
}

async fn take(State(shop): State<Arc<Shop>>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let understood = shop.understand(&headers, std::str::from_utf8(&body).unwrap());
    let answer = match (&understood, *shop.closed.lock().unwrap()) {
        (_, true) => StatusCode::SERVICE_UNAVAILABLE,
        (Ok(_), false) => StatusCode::NO_CONTENT,
        (Err(_), false) => StatusCode::UNAUTHORIZED,
    };
    shop.got.lock().unwrap().push(understood);
    shop.news.notify_waiters();
    answer
}

struct World {
    running: Running,
    shop: Arc<Shop>,
    server: String,
    http: reqwest::Client,
    pay: reqwest::Client,
}

async fn world() -> World {
    let shop = Arc::new(Shop::default());
    let app = Router::new().route("/notify", post(take)).with_state(Arc::clone(&shop));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let demo = Config::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("demo.toml")).unwrap();
    let mut options = Options::new(demo, &server);
    options.seed = Some(1);
    let running = simulator::start(options).await.unwrap();
    shop.pub_key_pem.lock().unwrap().clone_from(&running.pub_key_pem);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let authority = reqwest::Certificate::from_pem(running.ca_pem.as_bytes()).unwrap();
    let pay = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(authority);
    let pay = pay.user_agent("a shop").build().unwrap();
    World { running, shop, server, http, pay }
}

impl World {
    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.http.post(format!("{}{path}", self.running.url)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.running.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn fault(&self, on: &str, kind: &str) {
        assert_eq!(self.post("/_sim/faults", json!({ "on": on, "kind": kind })).await.0, 200);
    }

    async fn later(&self, advance_secs: i64) {
        self.post("/_sim/clock", json!({ "advance_secs": advance_secs })).await;
    }

    /// A phone's id and its openid.
    async fn person(&self) -> (String, String) {
        let id = self.post("/_sim/phones", json!({ "name": "小明" })).await.1["id"].as_str().unwrap().to_owned();
        let openid = self.get(&format!("/_sim/phones/{id}")).await["openids"][SERVICE].as_str().unwrap().to_owned();
        (id, openid)
    }

    async fn wallet(&self, phone: &str) -> Value {
        self.get(&format!("/_sim/phones/{phone}")).await["wallet"].clone()
    }

    fn sign(&self, message: &str) -> String {
        let der = PrivatePkcs8KeyDer::from_pem_slice(self.running.key_pem.as_bytes()).unwrap();
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        STANDARD.encode(signature)
    }

    async fn authorization(&self, method: &str, path: &str, body: &str, off_secs: i64) -> String {
        let secs = self.get("/_sim/clock").await["now_ms"].as_i64().unwrap() / 1000 + off_secs;
        let signature = self.sign(&format!("{method}\n{path}\n{secs}\nabc\n{body}\n"));
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{MCH_ID}\",nonce_str=\"abc\",timestamp=\"{secs}\",serial_no=\"{}\",\
             signature=\"{signature}\"",
            self.running.serial_no
        )
    }

    async fn send(&self, method: &str, path: &str, body: &str, authorization: &str) -> reqwest::Result<(u16, String)> {
        let url = format!("{}{path}", self.running.pay_url);
        let request = self.pay.request(method.parse().unwrap(), url).header("authorization", authorization);
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let response = request.send().await?;
        let text = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let signed = response.headers().contains_key("wechatpay-signature").then(|| {
            assert_eq!(text("wechatpay-serial"), self.running.pub_key_id);
            (format!("{}\n{}\n", text("wechatpay-timestamp"), text("wechatpay-nonce")), text("wechatpay-signature"))
        });
        let (status, body) = (response.status().as_u16(), response.text().await?);
        if let Some((head, signature)) = signed
            && !is_wechats(&self.running.pub_key_pem, &format!("{head}{body}\n"), &signature)
        {
            return Ok((0, body));
        }
        Ok((status, body))
    }

    /// A signed v3 call; status 0 stands for an answer whose signature is wrong.
    async fn v3(&self, method: &str, path: &str, body: &str) -> reqwest::Result<(u16, Value)> {
        let authorization = self.authorization(method, path, body, 0).await;
        let (status, text) = self.send(method, path, body, &authorization).await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    fn form(&self, number: &str, openid: &str, amount_fen: i64) -> Value {
        json!({
            "appid": SERVICE, "out_bill_no": number, "transfer_scene_id": "1000", "openid": openid,
            "transfer_amount": amount_fen, "transfer_remark": "新店开业红包", "notify_url": format!("{}/notify", self.server),
            "user_recv_perception": "现金奖励",
            "transfer_scene_report_infos": [
                { "info_type": "活动名称", "info_content": "新店开业" }, { "info_type": "奖励说明", "info_content": "见面礼" },
            ],
        })
    }

    async fn transfer(&self, number: &str, openid: &str, amount_fen: i64) -> reqwest::Result<(u16, Value)> {
        self.v3("POST", BILLS, &self.form(number, openid, amount_fen).to_string()).await
    }

    async fn state(&self, number: &str) -> String {
        let (_, said) = self.v3("GET", &format!("{BILLS}/out-bill-no/{number}"), "").await.unwrap();
        said["state"].as_str().or(said["code"].as_str()).unwrap().to_owned()
    }

    async fn confirm(&self, phone: &str, number: &str) -> (u16, Value) {
        self.post(&format!("/_sim/phones/{phone}/confirm"), json!({ "bill_no": number })).await
    }

    async fn cancel(&self, number: &str) -> (u16, Value) {
        self.v3("POST", &format!("{BILLS}/out-bill-no/{number}/cancel"), "").await.unwrap()
    }

    /// Waits for so many callbacks and tells them: their bill and state, or what was wrong.
    async fn callbacks(&self, count: usize) -> Vec<String> {
        loop {
            let news = self.shop.news.notified();
            let got = self.shop.got.lock().unwrap().clone();
            if got.len() >= count {
                let word = |told: &Value| {
                    format!("{} {}", told["out_bill_no"].as_str().unwrap(), told["state"].as_str().unwrap())
                };
                return got.iter().map(|got| got.as_ref().map_or_else(|why| (*why).to_owned(), word)).collect();
            }
            news.await;
        }
    }

    async fn redpack(&self, number: &str, openid: &str) {
        let fields = [
            ("act_name", "见面礼"),
            ("client_ip", "127.0.0.1"),
            ("mch_billno", number),
            ("mch_id", MCH_ID),
            ("nonce_str", "n"),
            ("re_openid", openid),
            ("remark", "多谢"),
            ("send_name", "领包"),
            ("total_amount", "100"),
            ("total_num", "1"),
            ("wishing", "祝好"),
            ("wxappid", SERVICE),
        ];
        let text: String = fields.iter().map(|(name, value)| format!("{name}={value}&")).collect();
        let sign = hex::encode_upper(Md5::digest(format!("{text}key={KEY}")));
        let answer = self.v2("/mmpaymkttransfers/sendredpack", &fields, &sign).await;
        assert!(answer.contains("<result_code><![CDATA[SUCCESS]]>"), "{answer}");
    }

    async fn v2(&self, path: &str, fields: &[(&str, &str)], sign: &str) -> String {
        let authority = reqwest::Certificate::from_pem(self.running.ca_pem.as_bytes()).unwrap();
        let identity = format!("{}{}", self.running.cert_pem, self.running.key_pem);
        let client =
            reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(authority);
        let client = client.identity(reqwest::Identity::from_pem(identity.as_bytes()).unwrap()).build().unwrap();
        let body: String = fields.iter().map(|(name, value)| format!("<{name}>{value}</{name}>")).collect();
        let body = format!("<xml>{body}<sign>{sign}</sign></xml>");
        client.post(format!("{}{path}", self.running.pay_url)).body(body).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn a_transfer_waits_for_its_receiver_and_is_paid_once() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    let (status, made) = world.transfer("T1", &openid, 50).await.unwrap();
    assert_eq!((status, &made["state"]), (200, &json!("WAIT_USER_CONFIRM")), "{made}");
    assert!(made["package_info"].as_str().unwrap().len() > 50);
    assert_eq!(world.transfer("T1", &openid, 50).await.unwrap(), (200, made.clone()));
    let (status, other) = world.transfer("T1", &openid, 51).await.unwrap();
    assert_eq!((status, &other["code"]), (400, &json!("INVALID_REQUEST")));
    assert_eq!(world.get("/_sim/books").await["paid_fen"], 0);
    assert_eq!(world.wallet(&ming).await[0]["state"], "waiting_confirm");
    let (status, done) = world.confirm(&ming, "T1").await;
    assert_eq!((status, &done["state"], &done["amount_fen"]), (200, &json!("collected"), &json!(50)));
    assert_eq!(world.confirm(&ming, "T1").await.0, 200);
    let (stranger, _) = world.person().await;
    assert_eq!(world.confirm(&stranger, "T1").await.0, 404);
    let path = format!("{BILLS}/transfer-bill-no/{}", made["transfer_bill_no"].as_str().unwrap());
    let (_, asked) = world.v3("GET", &path, "").await.unwrap();
    assert_eq!(
        (&asked["state"], &asked["mch_id"], &asked["transfer_amount"]),
        (&json!("SUCCESS"), &json!(MCH_ID), &json!(50))
    );
    assert!(asked.get("package_info").is_none());
    assert!(world.transfer("T1", &openid, 50).await.unwrap().1.get("package_info").is_none());
    let books = world.get("/_sim/books").await;
    assert_eq!(
        (&books["paid_fen"], &books["collected_fen"], &books["returned_fen"]),
        (&json!(50), &json!(50), &json!(0))
    );
    assert_eq!((&books["bills"][0]["rail"], &books["bills"][0]["state"]), (&json!("transfer"), &json!("collected")));
    assert_eq!(world.callbacks(1).await, ["T1 SUCCESS"]);
}

#[tokio::test]
async fn a_transfer_nobody_confirms_is_closed_after_a_day_and_one_may_be_cancelled() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    world.post("/_sim/limits", json!({ "balance_fen": 100, "cancel_way_secs": 60 })).await;
    world.transfer("X1", &openid, 60).await.unwrap();
    assert_eq!(world.transfer("X2", &openid, 60).await.unwrap().1["code"], "NOT_ENOUGH");
    let (status, said) = world.cancel("X1").await;
    assert_eq!((status, &said["state"]), (200, &json!("CANCELING")));
    assert_eq!(world.confirm(&ming, "X1").await.0, 409);
    world.later(60).await;
    assert_eq!((world.state("X1").await, world.cancel("X1").await.0), ("CANCELLED".to_owned(), 200));
    world.transfer("X2", &openid, 60).await.unwrap();
    world.later(86_400).await;
    let (_, asked) = world.v3("GET", &format!("{BILLS}/out-bill-no/X2"), "").await.unwrap();
    assert_eq!((&asked["state"], &asked["fail_reason"]), (&json!("FAIL"), &json!("OVERDUE_CLOSE")));
    assert_eq!((world.cancel("X2").await.0, world.cancel("none").await.0), (400, 404));
    assert_eq!(world.confirm(&ming, "X2").await.0, 409);
    let states: Vec<Value> =
        world.wallet(&ming).await.as_array().unwrap().iter().map(|bill| bill["state"].clone()).collect();
    assert_eq!(states, ["returned", "returned"]);
    assert_eq!(world.callbacks(2).await, ["X1 CANCELLED", "X2 FAIL"]);
    world.transfer("X3", &openid, 100).await.unwrap();
    assert_eq!(world.get("/_sim/books").await["paid_fen"], 0);
    world.later(31 * 86_400).await;
    assert_eq!(world.state("X2").await, "NOT_FOUND");
}

#[tokio::test]
async fn a_request_is_believed_only_with_the_merchants_signature() {
    let world = world().await;
    let (_, openid) = world.person().await;
    let body = world.form("S1", &openid, 50).to_string();
    let right = world.authorization("POST", BILLS, &body, 0).await;
    let cases = [
        String::new(),
        "Bearer x".to_owned(),
        right.replace(MCH_ID, "1900000110"),
        right.replace(&world.running.serial_no, "ABC"),
        right.replace("nonce_str=\"abc\"", "nonce_str=\"abd\""),
        world.authorization("GET", BILLS, &body, 0).await,
        world.authorization("POST", BILLS, &body, -302).await,
        world.authorization("POST", BILLS, &body, 302).await,
    ];
    for authorization in cases {
        let (status, said) = world.send("POST", BILLS, &body, &authorization).await.unwrap();
        assert_eq!(status, 401, "{authorization}");
        assert!(said.contains("SIGN_ERROR"), "{said}");
    }
    let (status, _) = world.send("POST", BILLS, &format!("{body} "), &right).await.unwrap();
    assert_eq!(status, 401);
    assert_eq!(world.send("POST", BILLS, &body, &right).await.unwrap().0, 200);
    let (status, said) = world.v3("GET", "/v3/certificates", "").await.unwrap();
    assert_eq!((status, &said["code"]), (404, &json!("RESOURCE_NOT_EXISTS")));
    assert_eq!(world.v3("GET", "/v3/nonsense", "").await.unwrap().0, 404);
}

#[tokio::test]
async fn a_bad_field_is_refused_by_its_code() {
    let world = world().await;
    let (_, openid) = world.person().await;
    let infos =
        |types: &[&str]| types.iter().map(|kind| json!({ "info_type": kind, "info_content": "x" })).collect::<Value>();
    let cases = [
        ("out_bill_no", json!("a-b"), "PARAM_ERROR"),
        ("out_bill_no", json!("a".repeat(33)), "PARAM_ERROR"),
        ("appid", json!("wx1a2b3c4d5e6f0001"), "PARAM_ERROR"),
        ("openid", json!("o123"), "PARAM_ERROR"),
        ("transfer_scene_id", json!("7"), "PARAM_ERROR"),
        ("transfer_scene_id", json!("1005"), "NO_AUTH"),
        ("transfer_amount", json!(9), "INVALID_REQUEST"),
        ("transfer_amount", json!(2_000_001), "INVALID_REQUEST"),
        ("transfer_amount", json!(200_000), "PARAM_ERROR"),
        ("transfer_amount", json!("50"), "PARAM_ERROR"),
        ("transfer_amount", json!(-1), "PARAM_ERROR"),
        ("transfer_remark", json!("长".repeat(33)), "PARAM_ERROR"),
        ("notify_url", json!("https://shop.example.com/n?a=1"), "PARAM_ERROR"),
        ("notify_url", json!("http://shop.example.com/n"), "PARAM_ERROR"),
        ("user_recv_perception", json!("工资"), "INVALID_REQUEST"),
        ("transfer_scene_report_infos", json!([]), "PARAM_ERROR"),
        ("transfer_scene_report_infos", infos(&["活动名称"]), "PARAM_ERROR"),
        ("transfer_scene_report_infos", infos(&["活动名称", "奖励说明", "奖励说明"]), "PARAM_ERROR"),
        ("user_recv_style", json!({ "type": "BIG" }), "PARAM_ERROR"),
        ("user_name", json!("x"), "PARAM_ERROR"),
    ];
    for (name, value, code) in cases {
        let mut form = world.form("P1", &openid, 50);
        form[name] = value;
        let (status, said) = world.v3("POST", BILLS, &form.to_string()).await.unwrap();
        assert_eq!((status, &said["code"]), (if code == "NO_AUTH" { 403 } else { 400 }, &json!(code)), "{name} {said}");
    }
    let mut form = world.form("P2", &openid, 20_001);
    form["user_recv_style"] = json!({ "type": "RED_PACKET" });
    assert_eq!(world.v3("POST", BILLS, &form.to_string()).await.unwrap().0, 400);
    form["transfer_amount"] = json!(20_000);
    assert_eq!(world.v3("POST", BILLS, &form.to_string()).await.unwrap().0, 200);
    assert_eq!(world.v3("POST", BILLS, "not json").await.unwrap().0, 400);
    assert_eq!(world.get("/_sim/books").await["bills"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn limits_stop_a_second_and_fail_a_user_who_had_enough() {
    let world = world().await;
    let (_, openid) = world.person().await;
    let limit = async |name: &str, value: i64| world.post("/_sim/limits", json!({ name: value })).await.0;
    limit("transfers_per_sec", 0).await;
    let (status, said) = world.transfer("L1", &openid, 50).await.unwrap();
    assert_eq!((status, &said["code"]), (429, &json!("FREQUENCY_LIMIT_EXCEED")));
    limit("transfers_per_sec", 1000).await;
    world.transfer("L1", &openid, 50).await.unwrap();
    limit("user_transfers_per_day", 1).await;
    let (status, said) = world.transfer("L2", &openid, 50).await.unwrap();
    assert_eq!((status, &said["fail_reason"]), (200, &json!("DAY_RECEIVED_COUNT_EXCEED")));
    limit("user_transfers_per_day", 9).await;
    limit("user_transfer_fen_per_day", 99).await;
    assert_eq!(world.transfer("L3", &openid, 50).await.unwrap().1["fail_reason"], "DAY_RECEIVED_QUOTA_EXCEED");
    limit("user_transfer_fen_per_day", 1000).await;
    limit("merchant_transfer_fen_per_day", 99).await;
    assert_eq!(world.transfer("L4", &openid, 50).await.unwrap().1["code"], "INVALID_REQUEST");
    world.later(86_400).await;
    assert_eq!(world.transfer("L4", &openid, 50).await.unwrap().0, 200);
}

#[tokio::test]
async fn faults_leave_it_open_what_became_of_a_transfer() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    world.fault("transfer", "lost_request").await;
    assert!(world.transfer("F1", &openid, 50).await.is_err());
    assert_eq!(world.state("F1").await, "NOT_FOUND");
    world.fault("transfer", "lost_answer").await;
    assert!(world.transfer("F1", &openid, 50).await.is_err());
    assert_eq!(world.state("F1").await, "WAIT_USER_CONFIRM");
    world.fault("transfer", "systemerror_before").await;
    assert_eq!(world.transfer("F2", &openid, 50).await.unwrap().0, 500);
    assert_eq!(world.state("F2").await, "NOT_FOUND");
    world.fault("transfer", "systemerror_after").await;
    assert_eq!(world.transfer("F2", &openid, 50).await.unwrap().1["code"], "SYSTEM_ERROR");
    assert_eq!(world.state("F2").await, "WAIT_USER_CONFIRM");
    world.fault("transfer", "bad_signature").await;
    assert_eq!(world.transfer("F3", &openid, 50).await.unwrap().0, 0);
    world.fault("transfer", "broken_json").await;
    assert_eq!(world.transfer("F3", &openid, 50).await.unwrap(), (200, Value::Null));
    world.fault("transfer", "accepted").await;
    assert_eq!(world.transfer("F4", &openid, 50).await.unwrap().1["state"], "ACCEPTED");
    assert_eq!(world.confirm(&ming, "F4").await.0, 409);
    world
        .post("/_sim/faults", json!({ "on": "transfer", "kind": "failed", "code": "ACCOUNT_FROZEN", "ms": 1000 }))
        .await;
    assert_eq!(world.transfer("F5", &openid, 50).await.unwrap().1["state"], "PROCESSING");
    world.later(60).await;
    assert_eq!((world.state("F4").await, world.state("F5").await), ("WAIT_USER_CONFIRM".to_owned(), "FAIL".to_owned()));
    world.post("/_sim/faults", json!({ "on": "transfer", "kind": "err_code", "code": "FREQUENCY_LIMITED" })).await;
    assert_eq!(world.transfer("F6", &openid, 50).await.unwrap().0, 429);
    world.fault("transfer_query", "not_found").await;
    assert_eq!(world.state("F4").await, "NOT_FOUND");
    world.fault("transfer_cancel", "systemerror_after").await;
    assert_eq!(world.cancel("F4").await.0, 500);
    assert_eq!(world.state("F4").await, "CANCELLED");
    assert_eq!(world.get("/_sim/books").await["paid_fen"], 0);
}

#[tokio::test]
async fn a_callback_is_repeated_until_it_is_taken() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    *world.shop.closed.lock().unwrap() = true;
    world.transfer("C1", &openid, 50).await.unwrap();
    world.confirm(&ming, "C1").await;
    world.callbacks(1).await;
    world.later(15).await;
    world.callbacks(2).await;
    *world.shop.closed.lock().unwrap() = false;
    world.later(15).await;
    assert_eq!(world.callbacks(3).await, ["C1 SUCCESS"; 3]);
    let mut form = world.form("C2", &openid, 50);
    form.as_object_mut().unwrap().remove("notify_url");
    assert_eq!(world.v3("POST", BILLS, &form.to_string()).await.unwrap().0, 200);
    world.confirm(&ming, "C2").await;
    world.transfer("C3", &openid, 50).await.unwrap();
    world.confirm(&ming, "C3").await;
    world.later(86_400).await;
    assert_eq!(world.callbacks(4).await[3..], ["C3 SUCCESS"]);
}

#[tokio::test]
async fn callbacks_come_forged_broken_doubled_late_and_out_of_order() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    let pay = async |number: &str, fault: &str| {
        world.transfer(number, &openid, 50).await.unwrap();
        world.fault("notify", fault).await;
        world.confirm(&ming, number).await;
    };
    pay("N1", "signtest").await;
    assert_eq!(world.callbacks(2).await, ["probe", "N1 SUCCESS"]);
    pay("N2", "bad_signature").await;
    assert_eq!(world.callbacks(4).await[2..], ["forged", "N2 SUCCESS"]);
    pay("N3", "duplicate").await;
    assert_eq!(world.callbacks(6).await[4..], ["N3 SUCCESS", "N3 SUCCESS"]);
    pay("N4", "broken_json").await;
    assert_eq!(world.callbacks(7).await[6..], ["broken"]);
    world.later(15).await;
    assert_eq!(world.callbacks(8).await[7..], ["N4 SUCCESS"]);
    pay("N5", "lost_answer").await;
    world.callbacks(9).await;
    world.later(15).await;
    assert_eq!(world.callbacks(10).await[8..], ["N5 SUCCESS", "N5 SUCCESS"]);
    pay("N6", "out_of_order").await;
    loop {
        if world.get("/_sim/faults").await == json!([]) {
            break;
        }
    }
    world.transfer("N7", &openid, 50).await.unwrap();
    world.confirm(&ming, "N7").await;
    assert_eq!(world.callbacks(12).await[10..], ["N7 SUCCESS", "N6 SUCCESS"]);
    pay("N8", "late").await;
    world.later(60).await;
    assert_eq!(world.callbacks(13).await[12..], ["N8 SUCCESS"]);
    let log = world.get("/_sim/callbacks").await;
    let what: Vec<&str> =
        log["deliveries"].as_array().unwrap().iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(what[..4], ["signtest", "genuine", "bad_signature", "genuine"]);
}

#[tokio::test]
async fn only_the_designated_person_is_offered_a_transfer() {
    let world = world().await;
    let ((ming, openid), (stranger, _)) = (world.person().await, world.person().await);
    let (_, made) = world.transfer("O1", &openid, 50).await.unwrap();
    let package = made["package_info"].as_str().unwrap();
    let offer = async |phone: &str, mch_id: &str, appid: &str, package: &str| {
        let body = json!({ "mchId": mch_id, "appId": appid, "package": package });
        world.post(&format!("/_sim/phones/{phone}/offer"), body).await
    };
    let (status, seen) = offer(&ming, MCH_ID, SERVICE, package).await;
    assert_eq!(
        (status, &seen["bill_no"], &seen["payer"], &seen["perception"]),
        (200, &json!("O1"), &json!("领包服务号"), &json!("现金奖励"))
    );
    assert_eq!(offer(&stranger, MCH_ID, SERVICE, package).await.0, 409);
    assert_eq!(offer(&ming, "1", SERVICE, package).await.0, 409);
    assert_eq!(offer(&ming, MCH_ID, "wx1a2b3c4d5e6f0001", package).await.0, 409);
    assert_eq!(offer(&ming, MCH_ID, SERVICE, "nonsense").await.0, 404);
    let body = json!({ "bill_no": "O1", "fail_reason": "REAL_NAME_CHECK_FAIL" });
    assert_eq!(world.post(&format!("/_sim/phones/{ming}/confirm"), body).await.1["state"], "failed");
    let merchant = world.get("/_sim/world").await["merchant"].clone();
    assert_eq!(
        (&merchant["serial_no"], &merchant["pub_key_id"]),
        (&json!(world.running.serial_no), &json!(world.running.pub_key_id))
    );
}

#[tokio::test]
async fn the_bill_of_a_day_tells_every_movement_and_may_be_made_wrong() {
    let world = world().await;
    let (ming, openid) = world.person().await;
    let now_ms = world.get("/_sim/clock").await["now_ms"].as_i64().unwrap();
    let noon_ms = (now_ms + 8 * 3_600_000) / 86_400_000 * 86_400_000 + 86_400_000 + 4 * 3_600_000;
    world.later((noon_ms - now_ms) / 1000).await;
    world.redpack("B1", &openid).await;
    world.transfer("B2", &openid, 50).await.unwrap();
    world.confirm(&ming, "B2").await;
    world.transfer("B3", &openid, 70).await.unwrap();
    let date =
        |ms: i64| chrono::DateTime::from_timestamp_millis(ms + 8 * 3_600_000).unwrap().format("%Y-%m-%d").to_string();
    let (first, second) = (date(noon_ms), date(noon_ms + 86_400_000));
    let apply = async |date: &str| {
        world.v3("GET", &format!("/v3/bill/fundflowbill?bill_date={date}&account_type=BASIC"), "").await.unwrap()
    };
    assert_eq!(apply(&first).await.1["code"], "NO_STATEMENT_EXIST");
    world.later(86_401).await;
    let shown = async |date: &str| {
        let response = world.http.get(format!("{}/_sim/bill?date={date}", world.running.url)).send().await.unwrap();
        response.text_with_charset("utf-8").await.unwrap()
    };
    let (status, said) = apply(&first).await;
    assert_eq!((status, &said["hash_type"]), (200, &json!("SHA1")), "{said}");
    let url = said["download_url"].as_str().unwrap();
    let path = url.strip_prefix(&world.running.pay_url).unwrap();
    let authorization = world.authorization("GET", path, "", 0).await;
    let (status, file) = world.send("GET", path, "", &authorization).await.unwrap();
    assert_eq!(
        (status, said["hash_value"].as_str().unwrap()),
        (200, hex::encode(sha1::Sha1::digest(format!("\u{feff}{}", file.trim_start_matches('\u{feff}')))).as_str())
    );
    let lines: Vec<&str> = file.trim_start_matches('\u{feff}').split("\r\n").collect();
    assert_eq!(lines.len(), 6, "{file}");
    assert!(lines[0].starts_with("记账时间,微信支付业务单号,资金流水单号,业务名称"));
    assert!(lines[1].contains(",`现金红包,`支出,`1.00,`99999999.00,`1900000109API,`多谢,`B1"), "{}", lines[1]);
    assert!(lines[2].contains(",`商家转账,`支出,`0.50,`99999998.50,") && lines[2].ends_with("`B2"), "{}", lines[2]);
    assert_eq!(lines[3..5], ["资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", "`2,`0,`0.00,`2,`1.50"]);
    assert!(shown(&second).await.contains(",`现金红包退款,`收入,`1.00,`99999999.50,"));

    let compact = first.replace('-', "");
    let fields = [
        ("account_type", "Basic"),
        ("appid", SERVICE),
        ("bill_date", compact.as_str()),
        ("mch_id", MCH_ID),
        ("nonce_str", "n"),
        ("sign_type", "HMAC-SHA256"),
    ];
    let text: String = fields.iter().map(|(name, value)| format!("{name}={value}&")).collect();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY.as_bytes());
    let sign = hex::encode_upper(ring::hmac::sign(&key, format!("{text}key={KEY}").as_bytes()));
    let by_v2 = world.v2("/pay/downloadfundflow", &fields, &sign).await;
    assert_eq!(by_v2.trim_start_matches('\u{feff}'), file.trim_start_matches('\u{feff}'));
    assert!(world.v2("/pay/downloadfundflow", &fields, "wrong").await.contains("SIGN_ERROR"));

    let spoil = async |kind: &str, bill_no: Value| {
        world.post("/_sim/bill", json!({ "kind": kind, "bill_no": bill_no, "date": first })).await
    };
    assert_eq!(spoil("omit", Value::Null).await.1["bill_no"], "B1");
    assert_eq!(spoil("amount", json!("B2")).await.0, 200);
    assert_eq!(spoil("double", json!("B2")).await.0, 200);
    assert_eq!(spoil("omit", json!("B3")).await.0, 404);
    assert_eq!(spoil("foreign", Value::Null).await.0, 200);
    let wrong = shown(&first).await;
    assert!(!wrong.contains("`B1") && wrong.contains("`FOREIGN"), "{wrong}");
    assert_eq!(wrong.matches("`0.51,").count(), 2);
    assert!(wrong.contains("`3,`0,`0.00,`3,`2.02"));
    world.http.delete(format!("{}/_sim/bill", world.running.url)).send().await.unwrap();
    assert_eq!(shown(&first).await.trim_start_matches('\u{feff}'), file.trim_start_matches('\u{feff}'));
}

#[tokio::test]
async fn transfers_and_their_callbacks_survive_a_restart() {
    let mut world = world().await;
    let folder = std::env::temp_dir().join(format!("wechat-simulator-pay-{}", std::process::id()));
    let demo = Config::read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("demo.toml")).unwrap();
    let mut options = Options::new(demo, &world.server);
    options.data = Some(folder.clone());
    let start = async |world: &mut World| {
        world.running = simulator::start(options.clone()).await.unwrap();
        let authority = reqwest::Certificate::from_pem(world.running.ca_pem.as_bytes()).unwrap();
        let pay = reqwest::Client::builder().no_proxy().tls_built_in_root_certs(false).add_root_certificate(authority);
        world.pay = pay.user_agent("a shop").build().unwrap();
    };
    start(&mut world).await;
    *world.shop.closed.lock().unwrap() = true;
    let (ming, openid) = world.person().await;
    world.transfer("K1", &openid, 50).await.unwrap();
    world.transfer("K2", &openid, 50).await.unwrap();
    world.confirm(&ming, "K1").await;
    world.callbacks(1).await;
    let serial_no = world.running.serial_no.clone();
    let fresh = simulator::start(Options::new(options.config.clone(), &world.server)).await.unwrap();
    std::mem::replace(&mut world.running, fresh).stop().await.unwrap();
    start(&mut world).await;
    assert_eq!(world.running.serial_no, serial_no);
    *world.shop.closed.lock().unwrap() = false;
    assert_eq!(world.wallet(&ming).await[1]["state"], "waiting_confirm");
    world.later(86_400).await;
    assert_eq!(world.state("K2").await, "FAIL");
    assert_eq!(world.callbacks(3).await.into_iter().filter(|told| told == "K2 FAIL").count(), 1);
    assert_eq!(std::fs::read_to_string(folder.join("pub_key.pem")).unwrap(), world.running.pub_key_pem);
    std::fs::remove_dir_all(folder).unwrap();
}
