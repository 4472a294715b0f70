//! The crash story: the real binary dies at every listed point, and by `kill -9`, while a follower is being paid.
//! Refuses a point that was not reached, a promise that was not kept, and a packet too many.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may end it")]

mod soak;

use crate::database::{self, Kind};
use crate::world::MASTER_KEY;
use futures::future::{join, join_all};
use futures::{StreamExt, stream};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
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
use tokio::time::{Instant, timeout};

const DEMO: &str = include_str!("../../../simulator/demo.toml");
/// The demo's subscription account in safe mode.
const SHOP: &str = "wx1a2b3c4d5e6f0001";
/// A story that takes longer has lost its way; machines that are shared are slow.
const WITHIN: Duration = Duration::from_secs(60);
/// Longer than "no such bill" is disbelieved, far shorter than a packet waits to be opened.
const LATER_SECS: i64 = 6 * 60;
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

/// Where the process dies, one start after the other, and what goes wrong at WeChat meanwhile.
struct Story {
    points: &'static [&'static str],
    fault: Option<(&'static str, &'static str)>,
}

const fn story(points: &'static [&'static str]) -> Story {
    Story { points, fault: None }
}

/// One story for each point. The worker's first round comes before any claim, so a death before its lease is only worth
/// something after a start with a payout in the queue; a question is only asked after an answer was lost.
const STORIES: &[Story] = &[
    story(&["push_before_commit"]),
    story(&["push_after_commit"]),
    story(&["claim_before_commit"]),
    story(&["claim_after_commit", "payout_before_lease"]),
    story(&["payout_after_lease"]),
    story(&["payout_after_call"]),
    story(&["payout_before_learn"]),
    story(&["payout_after_learn"]),
    Story { points: &["query_after_call"], fault: Some(("sendredpack", "lost_answer")) },
    Story { points: &["query_after_learn"], fault: Some(("sendredpack", "lost_answer")) },
    Story { points: &["payout_after_lease", "query_after_learn", "payout_after_call"], fault: None },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_at_any_point_pays_everybody_once() {
    let hits: Vec<&[&str]> = stream::iter(STORIES.iter().enumerate())
        .map(|(n, story)| async move {
            let told = timeout(WITHIN, told(n, story)).await;
            told.unwrap_or_else(|_| panic!("the story of {:?} did not end within {WITHIN:?}", story.points));
            story.points
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let reached: BTreeSet<&str> = hits.concat().into_iter().collect();
    println!("died and recovered at {} points: {reached:?}", reached.len());
    assert_eq!(reached, engine::crash::POINTS.iter().copied().collect());
}

async fn told(n: usize, story: &Story) {
    let world = World::begin(&format!("{n}-{}", story.points[0])).await;
    if let Some((on, kind)) = story.fault {
        world.wechat("faults", json!({ "on": on, "kind": kind })).await;
    }
    let first = world.serves(story.points.first().copied()).await;
    let keeper = async {
        let mut server = first;
        for (at, point) in story.points.iter().enumerate() {
            assert_eq!(server.ends(&world).await, Some(SIGABRT), "at {point}");
            server = world.serves(story.points.get(at + 1).copied()).await;
        }
        server
    };
    let follower = async {
        let mut ming = world.person("Ming").await;
        ming.follows().await;
        ming.claims().await;
        world.settles().await;
        ming
    };
    let (_server, ming) = join(keeper, follower).await;
    world.settles().await;
    world.proves(&[ming]).await;
    world.ends().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_while_twenty_people_claim_keeps_what_it_told_them() {
    let killed = join_all([1, 6, 12].map(killed_after));
    timeout(WITHIN, killed).await.expect("every story ends");
}

/// `kill -9` from outside as soon as `answers` of twenty people, who tap at once, were told of their packet.
async fn killed_after(answers: usize) {
    let world = World::begin(&format!("kill-{answers}")).await;
    let mut server = world.serves(None).await;
    let mut people = join_all((0..20).map(async |n| {
        let mut person = world.person(&format!("No. {n}")).await;
        person.follows().await;
        let link = person.link().await;
        person.ready = person.load(&link, None).await.filter(|page| page.state == "ready");
        assert!(person.ready.is_some(), "the claim page is not ready");
        person
    }))
    .await;
    let (told, mut count) = watch::channel(0);
    let taps = join_all(people.iter_mut().map(async |person| {
        person.taps().await;
        told.send_modify(|n| *n += usize::from(person.told));
    }));
    let killer = async {
        count.wait_for(|n| *n >= answers).await.unwrap();
        server.child.start_kill().unwrap();
        assert_eq!(server.ends(&world).await, Some(SIGKILL));
        world.serves(None).await
    };
    let (_, _server) = join(taps, killer).await;
    let told: Vec<_> = people.iter_mut().filter(|person| person.told).collect();
    println!("killed after {} of 20 people had their answer", told.len());
    for person in told {
        let page = person.load(&format!("{}/c/demo", world.url), None).await.expect("the server runs");
        assert!(page.amount_fen.is_some(), "somebody who was told of a packet sees {page:?}");
    }
    join_all(people.iter_mut().map(Person::claims)).await;
    world.settles().await;
    world.proves(&people).await;
    world.ends().await;
}

/// WeChat, a data folder, and the address under which both know whichever server runs now.
struct World {
    folder: PathBuf,
    database: String,
    url: String,
    now: watch::Sender<Option<SocketAddr>>,
    front: JoinHandle<()>,
    wechat: simulator::Running,
    http: reqwest::Client,
    /// Pages may break: the database is away, or the disk is full.
    rough: bool,
}

/// One start of the binary.
struct Server {
    child: Child,
    log: JoinHandle<()>,
}

impl World {
    async fn begin(name: &str) -> Self {
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
        // A busy machine is not a lost delivery.
        options.push_timeout = Duration::from_secs(30);
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

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The binary with the settings of this world.
    fn binary(&self) -> Command {
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
    async fn lingbao(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = self.binary().args(arguments).output().await.unwrap();
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    /// Starts the server; when this returns it listens, or it has died already.
    async fn serves(&self, crash_at: Option<&str>) -> Server {
        let mut command = self.binary();
        if let Some(point) = crash_at {
            command.env("LINGBAO_CRASH_AT", point);
        }
        self.runs(command).await
    }

    /// Runs the server; when this returns it listens, or it has died already.
    async fn runs(&self, mut command: Command) -> Server {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut file = std::fs::File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            writeln!(file, "{line}").unwrap();
            let listens = line.split_once("listen=").and_then(|(_, rest)| rest.split_whitespace().next());
            if let Some(addr) = listens {
                self.now.send_replace(Some(addr.parse().unwrap()));
                break;
            }
        }
        let log = tokio::spawn(async move {
            while let Some(line) = lines.next_line().await.unwrap() {
                writeln!(file, "{line}").unwrap();
            }
        });
        Server { child, log }
    }

    /// Tells WeChat something and gives its answer.
    async fn wechat(&self, call: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}/_sim/{call}", self.wechat.url)).body(body.to_string());
        let answer = request.send().await.unwrap();
        let text = answer.text().await.unwrap();
        let told: Value = serde_json::from_str(&text).unwrap();
        assert!(told.get("error").is_none(), "{call}: {told}");
        told
    }

    async fn asks(&self, call: &str) -> Value {
        let answer = self.http.get(format!("{}/_sim/{call}", self.wechat.url)).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    async fn person(&self, name: &str) -> Person<'_> {
        let phone = self.wechat("phones", json!({ "name": name })).await;
        let id = phone["id"].as_str().unwrap().to_owned();
        let cookies = BTreeMap::from([("sim_phone".to_owned(), id.clone())]);
        Person { world: self, id, cookies, ready: None, told: false, promised_fen: None }
    }

    /// Lets time pass until no payout is queued, sending or unknown.
    async fn settles(&self) {
        let database = database::open(&self.database).await;
        let under_way = async || {
            let sql = "SELECT COUNT(*) AS n FROM payouts WHERE state IN ('queued', 'sending', 'unknown')";
            let row = database.query_one_raw(Statement::from_string(database.get_database_backend(), sql)).await;
            row.unwrap().unwrap().try_get::<i64>("", "n").unwrap()
        };
        let began = Instant::now();
        let mut polls = tokio::time::interval(Duration::from_millis(25));
        let mut turned = Instant::now();
        while under_way().await > 0 {
            assert!(began.elapsed() < WITHIN, "payouts stay under way");
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
    async fn proves(&self, people: &[Person<'_>]) {
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
    async fn exported(&self) -> BTreeMap<String, i64> {
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
    async fn ends(self) {
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
            Err(_) => {
                if server.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}

impl Server {
    /// Waits for the end of this process and gives the signal that ended it.
    async fn ends(&mut self, world: &World) -> Option<i32> {
        let status = self.child.wait().await.unwrap();
        (&mut self.log).await.unwrap();
        world.now.send_replace(None);
        status.signal()
    }
}

/// Somebody with a phone.
struct Person<'a> {
    world: &'a World,
    id: String,
    cookies: BTreeMap<String, String>,
    /// The open claim page.
    ready: Option<Page>,
    /// Whether the form's answer arrived.
    told: bool,
    /// The amount that a page showed.
    promised_fen: Option<i64>,
}

/// What a person sees.
#[derive(Debug)]
struct Page {
    state: String,
    amount_fen: Option<i64>,
    form: Vec<(String, String)>,
    action: String,
}

impl Person<'_> {
    /// Follows the shop. WeChat delivers the push up to three times, and this returns when that has ended.
    async fn follows(&self) {
        self.world.wechat(&format!("phones/{}/follow", self.id), json!({ "appid": SHOP })).await;
    }

    /// The link of the last automatic reply.
    async fn link(&self) -> String {
        let phone = self.world.asks(&format!("phones/{}", self.id)).await;
        let chats = phone["chats"].as_array().unwrap();
        let link = chats.iter().rev().find_map(|line| line["url"].as_str());
        link.unwrap_or_else(|| panic!("no reply with a link: {phone}")).to_owned()
    }

    /// Opens the link and taps, again whenever the page breaks off, until a page shows the packet.
    async fn claims(&mut self) {
        let link = self.link().await;
        loop {
            let Some(page) = self.load(&link, None).await else { continue };
            match page.state.as_str() {
                "ready" => {
                    self.ready = Some(page);
                    self.taps().await;
                }
                "paying" | "sent" | "collected" | "already" => {
                    let before = self.promised_fen.replace(page.amount_fen.unwrap());
                    assert!(before.is_none_or(|fen| Some(fen) == self.promised_fen), "the amount changed");
                    return;
                }
                _ => panic!("the claim page shows {page:?}"),
            }
        }
    }

    /// Submits the open page's form once. Nothing is learned when the connection breaks.
    async fn taps(&mut self) {
        let page = self.ready.take().unwrap();
        let url = format!("{}{}", self.world.url, page.action);
        if let Some(page) = self.load(&url, Some(&page.form)).await {
            assert!(page.amount_fen.is_some(), "after the tap: {page:?}");
            self.promised_fen = page.amount_fen;
        }
    }

    /// Loads a page through all its redirects; nothing when the server died meanwhile.
    async fn load(&mut self, url: &str, form: Option<&[(String, String)]>) -> Option<Page> {
        let mut url: reqwest::Url = url.parse().unwrap();
        let mut form = form;
        for _ in 0..12 {
            let taps = form.is_some();
            let request = match form.take() {
                Some(fields) => {
                    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                    let request = self.world.http.post(url.clone()).body(body);
                    request.header("content-type", "application/x-www-form-urlencoded")
                }
                None => self.world.http.get(url.clone()),
            };
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = request.header("cookie", cookies.join("; ")).header("user-agent", "MicroMessenger/8.0.50");
            let answer = request.send().await.ok()?;
            for cookie in answer.headers().get_all("set-cookie") {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if answer.status().is_redirection() {
                self.told |= taps;
                url = url.join(answer.headers()["location"].to_str().unwrap()).unwrap();
                continue;
            }
            let status = answer.status();
            // A clock that jumps meanwhile makes the way through web OAuth too long.
            let too_late = status == StatusCode::BAD_REQUEST && url.path().starts_with("/oauth/");
            if self.world.rough && (status.is_server_error() || too_late) {
                return None;
            }
            let html = answer.text().await.ok()?;
            assert!(status.is_success(), "{url} answered {status}: {html}");
            return Some(Page::read(&html));
        }
        panic!("{url} goes round in circles");
    }
}

impl Page {
    fn read(html: &str) -> Self {
        let form =
            html.split_once("<form").and_then(|(_, rest)| rest.split_once("</form>")).map_or("", |(form, _)| form);
        let field = |input: &str| Some((attribute(input, "name")?, attribute(input, "value")?));
        Self {
            state: attribute(html, "data-state").unwrap_or_default(),
            amount_fen: attribute(html, "data-amount-fen").and_then(|fen| fen.parse().ok()),
            form: form.split("<input").skip(1).filter_map(field).collect(),
            action: attribute(form, "action").unwrap_or_default(),
        }
    }
}

/// The first value of an attribute.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
