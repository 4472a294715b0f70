//! What stays over a restart, and over an end that nobody announced.
//! It refuses to share a folder between two tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use simulator::Options;

use crate::transfers::{BILLS, authorization, form};
use crate::{SERVICE, demo, merchant_server, packet, signed, tag};

/// A folder of this test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("wechat-simulator-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_missing_stops_the_start_and_makes_no_new_ones() {
    let (server, _merchant) = merchant_server().await;
    let folder = Folder::new("missing");
    let mut options = Options::new(demo(), &server);
    options.data = Some(folder.0.clone());
    let first = simulator::start(options.clone()).await.unwrap();
    let cert_pem = first.cert_pem.clone();
    first.stop().await.unwrap();
    let ca = folder.0.join("ca.pem");
    let kept = std::fs::read(&ca).unwrap();
    std::fs::remove_file(&ca).unwrap();
    let said = simulator::start(options.clone()).await.err().unwrap().to_string();
    assert!(said.contains("but not ca.pem") && !said.contains("key"), "{said}");
    assert!(!ca.exists());
    std::fs::write(&ca, kept).unwrap();
    assert_eq!(simulator::start(options).await.unwrap().cert_pem, cert_pem);
}

/// The simulator as a process of its own; dropping it is `kill -9`.
struct Process {
    child: Child,
    url: String,
    pay_url: String,
    folder: PathBuf,
    http: reqwest::Client,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Process {
    fn start(folder: &Folder) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wechat-simulator"))
            .args(["--listen", "127.0.0.1:0", "--pay-listen", "127.0.0.1:0", "--config", "demo.toml", "--data"])
            .arg(&folder.0)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Its four lines; the pipe stays open until all are said.
        let said = BufReader::new(child.stdout.take().unwrap()).lines().take(4);
        let mut addresses = said.map(|line| line.unwrap().split_whitespace().last().unwrap().to_owned());
        let (url, pay_url) = (addresses.next().unwrap(), addresses.next().unwrap());
        assert_eq!(addresses.count(), 2);
        let pem = |name: &str| std::fs::read(folder.0.join(name)).unwrap();
        let identity = [pem("apiclient_cert.pem"), pem("apiclient_key.pem")].concat();
        let http = reqwest::Client::builder()
            .no_proxy()
            .add_root_certificate(reqwest::Certificate::from_pem(&pem("ca.pem")).unwrap())
            .identity(reqwest::Identity::from_pem(&identity).unwrap())
            .build()
            .unwrap();
        Self { child, url, pay_url, folder: folder.0.clone(), http }
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.http.post(format!("{}{path}", self.url)).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn pays(&self, bill_no: &str, openid: &str) {
        let url = format!("{}/mmpaymkttransfers/sendredpack", self.pay_url);
        let request = self.http.post(url).body(signed(packet(bill_no, openid, "100")));
        let answer = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(tag(&answer, "result_code"), Some("SUCCESS"), "{answer}");
    }

    /// A signed call of v3 about transfers; it must succeed.
    async fn v3(&self, method: &str, below: &str, body: &str) -> Value {
        let secs = self.get("/_sim/clock").await["now_ms"].as_i64().unwrap() / 1000;
        let serial_no = self.get("/_sim/world").await["merchant"]["serial_no"].clone();
        let key_pem = std::fs::read_to_string(self.folder.join("apiclient_key.pem")).unwrap();
        let path = format!("{BILLS}{below}");
        let authorization = authorization(&key_pem, serial_no.as_str().unwrap(), secs, [method, &path, body]);
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.pay_url));
        let request = request.header("authorization", authorization).header("user-agent", "a shop");
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    /// How many files the journal has.
    fn journals(&self) -> usize {
        let entries = std::fs::read_dir(&self.folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("journal.")).count()
    }
}

#[tokio::test]
async fn what_was_answered_is_remembered_after_a_kill() {
    let folder = Folder::new("journal");
    for round in 0..5 {
        let wechat = Process::start(&folder);
        let made = wechat.post("/_sim/phones", json!({ "name": "小明" })).await;
        let path = format!("/_sim/phones/{}", made["id"].as_str().unwrap());
        let openid = wechat.get(&path).await["openids"][SERVICE].as_str().unwrap().to_owned();
        for n in 0..4 {
            wechat.pays(&format!("J{round}{n}"), &openid).await;
        }
        let clock = wechat.post("/_sim/clock", json!({ "advance_secs": 60 })).await;
        wechat.post(&format!("{path}/collect"), json!({ "bill_no": format!("J{round}0") })).await;
        let (books, wallet) = (wechat.get("/_sim/books").await, wechat.get(&path).await["wallet"].clone());
        assert_eq!((&books["paid_fen"], wallet.as_array().unwrap().len()), (&json!(400 * (round + 1)), 4));
        drop(wechat);

        let wechat = Process::start(&folder);
        assert_eq!(wechat.get("/_sim/books").await, books);
        assert_eq!(wechat.get(&path).await["wallet"], wallet);
        assert!(wechat.get("/_sim/clock").await["now_ms"].as_i64() >= clock["now_ms"].as_i64());
        wechat.pays(&format!("J{round}3"), &openid).await;
        assert_eq!(wechat.get("/_sim/books").await, books);
        assert!(wechat.journals() < 5, "saves strike the journal");
    }
}

#[tokio::test]
async fn a_transfer_its_confirmation_and_its_cancellation_are_remembered_after_a_kill() {
    let folder = Folder::new("journal-v3");
    for round in 0..3 {
        let wechat = Process::start(&folder);
        let made = wechat.post("/_sim/phones", json!({ "name": "小明" })).await;
        let path = format!("/_sim/phones/{}", made["id"].as_str().unwrap());
        let openid = wechat.get(&path).await["openids"][SERVICE].as_str().unwrap().to_owned();
        let [paid, stopped, waiting] = ["P", "S", "W"].map(|name| format!("{name}{round}"));
        for number in [&paid, &stopped, &waiting] {
            // Nobody listens at the discard port, so every callback stays in the queue.
            wechat.v3("POST", "", &form(number, &openid, 50, "http://127.0.0.1:9").to_string()).await;
        }
        wechat.v3("POST", &format!("/out-bill-no/{stopped}/cancel"), "").await;
        wechat.post(&format!("{path}/confirm"), json!({ "bill_no": paid })).await;
        let (books, wallet) = (wechat.get("/_sim/books").await, wechat.get(&path).await["wallet"].clone());
        assert_eq!((&books["paid_fen"], &books["count"]), (&json!(50 * (round + 1)), &json!(3 * (round + 1))));
        drop(wechat);

        let wechat = Process::start(&folder);
        assert_eq!(wechat.get("/_sim/books").await, books);
        assert_eq!(wechat.get(&path).await["wallet"], wallet);
        assert_eq!(wechat.get("/_sim/callbacks").await["waiting"], 2 * (round + 1));
        for (number, state) in [(&paid, "SUCCESS"), (&stopped, "CANCELLED"), (&waiting, "WAIT_USER_CONFIRM")] {
            assert_eq!(wechat.v3("GET", &format!("/out-bill-no/{number}"), "").await["state"], state);
        }
        wechat.post(&format!("{path}/confirm"), json!({ "bill_no": paid })).await;
        assert_eq!(wechat.get("/_sim/books").await, books);
    }
}
