//! The world of these stories: WeChat in this process, the real binary on a data folder, and one address for whichever
//! server runs now. Refuses to remove the folder of a story that went wrong.

use super::person::Person;
use super::{LATER_SECS, WITHIN};
use crate::database::{self, Kind};
use crate::world::MASTER_KEY;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

const DEMO: &str = include_str!("../../../../simulator/demo.toml");

/// How long WeChat waits for the answer to a push: a busy machine is not a lost delivery.
const PUSH_TIMEOUT: Duration = Duration::from_secs(30);

/// WeChat, a data folder, and the address under which both know whichever server runs now.
pub(super) struct World {
    pub(super) folder: PathBuf,
    pub(super) database: String,
    pub(super) url: String,
    pub(super) now: watch::Sender<Option<SocketAddr>>,
    pub(super) front: JoinHandle<()>,
    pub(super) wechat: simulator::Running,
    pub(super) http: reqwest::Client,
    /// Pages may break: the database is away, or the disk is full.
    pub(super) rough: bool,
}

/// One start of the binary.
pub(super) struct Server {
    pub(super) child: Child,
    /// Writes what it says down, and gives its last line.
    pub(super) log: JoinHandle<String>,
    /// The last line that it said; empty while it runs.
    pub(super) last: String,
}

impl World {
    pub(super) async fn begin(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("crash-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (now, server) = watch::channel(None);
        let front = tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                tokio::spawn(carry(phone, server.clone()));
            }
        });
        let mut options = simulator::Options::new(simulator::Config::parse(DEMO).unwrap(), &url);
        options.push_timeout = PUSH_TIMEOUT;
        let wechat = simulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.pool_max_idle_per_host(0).timeout(Duration::from_secs(20)).build().unwrap();
        let database = database::create(&folder).await;
        let world = Self { folder, database, url, now, front, wechat, http, rough: false };
        let demo = DEMO.replace("data/simulator", &world.folder.display().to_string());
        for (file, text) in [
            ("demo.toml", &demo),
            ("ca.pem", &world.wechat.ca_pem),
            ("apiclient_cert.pem", &world.wechat.cert_pem),
            ("apiclient_key.pem", &world.wechat.key_pem),
            ("pub_key.pem", &world.wechat.pub_key_pem),
        ] {
            std::fs::write(world.folder.join(file), text).unwrap();
        }
        world.lingbao(&["import", &world.file("demo.toml")]).await;
        world
    }

    pub(super) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The binary with the settings of this world.
    pub(super) fn binary(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lingbao"));
        let wechat = &self.wechat.url;
        command
            .current_dir(&self.folder)
            .kill_on_drop(true)
            .env("LINGBAO__SERVER__LISTEN", "127.0.0.1:0")
            .env("LINGBAO__SERVER__METRICS_LISTEN", "127.0.0.1:0")
            .env("LINGBAO__SERVER__PUBLIC_URL", &self.url)
            .env("LINGBAO__DATABASE__URL", &self.database)
            .env("LINGBAO__WECHAT__PAY_URL", &self.wechat.pay_url)
            .env("LINGBAO__WECHAT__PAY_CA_FILE", self.file("ca.pem"))
            .env("LINGBAO__DEV__CLOCK_URL", format!("{wechat}/_sim/clock"));
        if Kind::of_this_run() == Kind::Postgres {
            command.env("LINGBAO__SECRETS__MASTER_KEY", MASTER_KEY);
        }
        for host in ["API", "OPEN", "MP", "JS"] {
            command.env(format!("LINGBAO__WECHAT__{host}_URL"), wechat);
        }
        command
    }

    /// Runs one command to its end and gives what it printed.
    pub(super) async fn lingbao(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.binary().args(arguments).output().await.unwrap();
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// Starts the server; when this returns it listens, or it has died already.
    pub(super) async fn serves(&self, crash_at: Option<&str>) -> Server {
        let mut command = self.binary();
        if let Some(point) = crash_at {
            command.env("LINGBAO_CRASH_AT", point);
        }
        self.runs(command).await
    }

    /// Runs the server; when this returns it listens, or it has died already.
    pub(super) async fn runs(&self, mut command: Command) -> Server {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut file = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut last = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            writeln!(file, "{line}").unwrap();
            let listens = line.split_once("listen=").and_then(|(_, rest)| rest.split_whitespace().next());
            if let Some(addr) = listens {
                self.now.send_replace(Some(addr.parse().unwrap()));
                break;
            }
            last = line;
        }
        let log = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                writeln!(file, "{line}").unwrap();
                last = line;
            }
            last
        });
        Server { child, log, last: String::new() }
    }

    /// Tells WeChat something and gives its answer. It may push three times first, and each push may wait for a server.
    pub(super) async fn wechat(&self, call: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/_sim/{call}", self.wechat.url)).body(body.to_string());
        let answer = request.timeout(PUSH_TIMEOUT * 4).send().await.unwrap();
        let text = answer.text().await.unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(told.get("error").is_none(), "{call}: {told}");
        let unanswered = told["deliveries"].to_string().contains("no answer within");
        assert!(!unanswered, "a server that ran all the time did not answer a push: {told}");
        told
    }

    pub(super) async fn asks(&self, call: &str) -> Value {
        let answer = self.http.get(format!("{}/_sim/{call}", self.wechat.url)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    pub(super) async fn person(&self, name: &str) -> Person<'_> {
        let phone = self.wechat("phones", json!({ "name": name })).await;
        let id = phone["id"].as_str().unwrap().to_owned();
        let cookies = BTreeMap::from([("sim_phone".to_owned(), id.clone())]);
        Person { world: self, id, cookies, ready: None, told: false, promised_fen: None }
    }

    /// Lets time pass until no payout is queued, sending or unknown.
    pub(super) async fn settles(&self) {
        self.until_none_is("'queued', 'sending', 'unknown'").await;
    }

    /// Lets hours pass, not days, until no payout is in these states.
    pub(super) async fn until_none_is(&self, states: &str) {
        let database = database::open(&self.database).await;
        let under_way = async || {
            let sql = format!("SELECT COUNT(*) AS n FROM payouts WHERE state IN ({states})");
            let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
            row.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
        };
        let began = Instant::now();
        let mut polls = tokio::time::interval(Duration::from_millis(25));
        let mut turned = Instant::now();
        while under_way().await > 0 {
            assert!(began.elapsed() < WITHIN, "payouts stay {states}");
            polls.tick().await;
            // The server looks at the clock once a second; until then turning it again would change nothing.
            if turned.elapsed() > Duration::from_millis(1_500) {
                self.wechat("clock", json!({ "advance_secs": LATER_SECS })).await;
                turned = Instant::now();
            }
        }
        database.close().await.unwrap();
    }

    /// Everybody has one packet, of the amount they were told; our books agree in themselves and with WeChat's.
    pub(super) async fn proves(&self, people: &[Person<'_>]) {
        let mut received = BTreeMap::new();
        for person in people {
            let phone = self.asks(&format!("phones/{}", person.id)).await;
            let wallet = phone["wallet"].as_array().unwrap();
            assert_eq!(wallet.len(), 1, "{phone}");
            assert_eq!(wallet[0]["amount_fen"].as_i64(), person.promised_fen, "{phone}");
            received
                .insert(wallet[0]["bill_no"].as_str().unwrap().to_owned(), wallet[0]["amount_fen"].as_i64().unwrap());
        }
        let books = self.asks("books").await;
        let fen = |bill: &Value| (bill["bill_no"].as_str().unwrap().to_owned(), bill["amount_fen"].as_i64().unwrap());
        let bills: BTreeMap<String, i64> = books["bills"].as_array().unwrap().iter().map(fen).collect();
        assert_eq!(bills, received, "WeChat paid what nobody was to have");
        assert_eq!(books["paid_fen"].as_i64(), Some(bills.values().sum()));
        assert_eq!(self.exported().await, bills, "the export of claims and WeChat's books");
        assert!(self.lingbao(&["verify"]).await.contains("the books agree"));
    }

    /// Bill numbers and amounts of the export that WeChat accepted, which must be all of it.
    pub(super) async fn exported(&self) -> BTreeMap<String, i64> {
        let text = self.lingbao(&["export", "claims"]).await;
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let head = reader.headers().unwrap().clone();
        let column = |name: &str| head.iter().position(|h| h.split(' ').next_back() == Some(name)).unwrap();
        let (bill, amount, paid) = (column("bill_no"), column("amount_fen"), column("paid_at"));
        let rows = reader.records().map(Result::unwrap);
        rows.map(|row| {
            assert!(!row[paid].is_empty(), "a claim that was granted was not paid: {row:?}");
            (row[bill].to_owned(), row[amount].parse().unwrap())
        })
        .collect()
    }

    /// Ends the world; only a story that went well removes its folder.
    pub(super) async fn ends(self) {
        self.front.abort();
        database::remove(&self.database).await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

/// Carries a connection to the server of this moment. While none runs it waits, as a person waits for a page.
async fn carry(mut phone: TcpStream, mut server: watch::Receiver<Option<SocketAddr>>) {
    loop {
        let Ok(Some(addr)) = server.wait_for(Option::is_some).await.map(|addr| *addr) else { return };
        match TcpStream::connect(addr).await {
            Ok(mut stream) => {
                // A server that dies cuts the connection, and so does this.
                let _cut = copy_bidirectional(&mut phone, &mut stream).await.is_err();
                return;
            }
            // It has died, but its end was not noticed yet.
            Err(refused) if refused.kind() == ErrorKind::ConnectionRefused => {
                if server.changed().await.is_err() {
                    return;
                }
            }
            // The machine had no port or no file left for it: nothing changes at the server, so this is tried again.
            Err(other) => {
                println!("a connection to the server failed: {other}");
                tokio::task::yield_now().await;
            }
        }
    }
}

impl Server {
    /// Waits for the end of this process and gives the signal that ended it.
    pub(super) async fn ends(&mut self, world: &World) -> Option<i32> {
        let status = self.child.wait().await.unwrap();
        self.last = (&mut self.log).await.unwrap();
        world.now.send_replace(None);
        status.signal()
    }
}
