//! The world of a story: a server, a WeChat, a folder, and two clocks that are turned together.
//! Refuses to end before the books of both sides agree and nobody is left without an answer.

use crate::browser::{Browser, Follower};
use crate::database::{self, Kind};
use engine::operators::console;
use engine::{Clock, Draw, Engine};
use rules::Fen;
use rules::account::Account;
use rules::campaign::{Campaign, CampaignForm, Event};
use rules::ids::{Appid, CampaignId, Slug};
use rules::ledger;
use rules::live::{Figures, LinkFigures};
use rules::operator::Role;
use rules::payout::{Rail, State};
use rules::prize::form::PrizeForm;
use rules::say::Lang;
use rules::time::{hours, minutes};
use serde_json::{Value, json};
use server::config::{Config, gather};
use server::running::{self, NotStarted, Running};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// 山野咖啡: a subscription account in developer mode, safe mode.
pub const COFFEE: &str = "wx1a2b3c4d5e6f0001";
/// 慢读书房: a subscription account in developer mode, compatible mode.
pub const BOOKS: &str = "wx1a2b3c4d5e6f0002";
/// 城南小馆: a subscription account in edit mode.
pub const NOODLE: &str = "wx1a2b3c4d5e6f0003";
/// 领包服务号: the service account that pays, plain mode.
pub const FUWU: &str = "wx1a2b3c4d5e6f0004";

const DEMO: &str = include_str!("../../../simulator/demo.toml");
/// The demo's sign-in.
pub const LOGIN: (&str, &str) = ("admin", "lingbao-demo-2026");

/// The master key where there is no folder to keep it.
pub const MASTER_KEY: &str = "6c696e6762616f2d746573742d6d61737465722d6b65792d323032362d303131";

static NEXT: AtomicU64 = AtomicU64::new(0);

/// How a story may end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// The books agree and every payout has its answer.
    Settled,
    /// The books agree as far as they are known.
    Unknown,
    /// The story broke the books itself.
    Spoilt,
}

/// A server and a WeChat that know each other.
pub struct World {
    /// The folder with the database and the keys.
    pub folder: PathBuf,
    /// The server's settings.
    pub config: Config,
    /// The server's clock.
    pub clock: Clock,
    /// The simulated WeChat.
    pub wechat: simulator::Running,
    /// A client without redirects, cookies or opinions.
    pub http: reqwest::Client,
    running: Mutex<Option<Running>>,
    ending: Mutex<Ending>,
}

/// What WeChat's own books say.
#[derive(Debug, PartialEq, Eq)]
pub struct Books {
    /// Everything that was accepted.
    pub paid_fen: i64,
    /// The merchant's numbers of all packets.
    pub bills: Vec<String>,
}

/// A port that nobody has, below those that outgoing connections take.
fn free_port() -> u16 {
    let base = 12_000 + u64::from(std::process::id() % 180) * 100;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        let port = u16::try_from(port).expect("the highest port is below 32000");
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Nodes that share a database share its key by their settings; beside a file it lies in the file's folder.
fn shared_master_key() -> Option<(&'static str, String)> {
    (Kind::of_this_run() == Kind::Postgres).then(|| ("SECRETS__MASTER_KEY", MASTER_KEY.to_owned()))
}

impl World {
    /// The demo: four accounts, one campaign of 1 to 3 yuan with 10,000 yuan to give.
    pub async fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("lingbao-it-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let listen = format!("127.0.0.1:{}", free_port());
        let demo = simulator::Config::parse(DEMO).unwrap();
        let mut options = simulator::Options::new(demo, format!("http://{listen}"));
        options.seed = Some(number);
        // A busy machine is not a lost delivery.
        options.push_timeout = Duration::from_secs(30);
        let wechat = simulator::start(options).await.unwrap();
        for (file, text) in [
            ("ca.pem", &wechat.ca_pem),
            ("cert.pem", &wechat.cert_pem),
            ("key.pem", &wechat.key_pem),
            ("pub_key.pem", &wechat.pub_key_pem),
        ] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let settings = [
            ("SERVER__LISTEN", listen.clone()),
            ("SERVER__PUBLIC_URL", format!("http://{listen}")),
            ("DATABASE__URL", database::create(&folder).await),
            ("WECHAT__API_URL", wechat.url.clone()),
            ("WECHAT__OPEN_URL", wechat.url.clone()),
            ("WECHAT__MP_URL", wechat.url.clone()),
            ("WECHAT__JS_URL", wechat.url.clone()),
            ("WECHAT__PAY_URL", wechat.pay_url.clone()),
            ("WECHAT__PAY_CA_FILE", file("ca.pem")),
        ];
        let settings = settings.into_iter().chain(shared_master_key());
        let settings = settings.map(|(name, value)| (format!("LINGBAO__{name}"), value));
        let config = Config::check(&gather(None, settings).unwrap()).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .http1_only()
            .build()
            .unwrap();
        let (running, ending) = (Mutex::new(None), Mutex::new(Ending::Settled));
        let world = Self { folder: folder.clone(), config, clock: Clock::real(), wechat, http, running, ending };
        world.starts_the_server().await.unwrap();
        let demo = DEMO
            .replace("data/simulator/apiclient_cert.pem", &file("cert.pem"))
            .replace("data/simulator/apiclient_key.pem", &file("key.pem"))
            .replace("data/simulator/pub_key.pem", &file("pub_key.pem"));
        server::import::import(&world.engine(), &demo).await.unwrap();
        world.leaves_midnight().await;
        world
    }

    /// Near midnight in Beijing the next day begins in the middle of a story: the clocks are turned beyond that.
    async fn leaves_midnight(&self) {
        let now = self.clock.now();
        if !(minutes(10)..hours(24) - minutes(30)).contains(&now.since(now.day().start())) {
            self.later(minutes(45)).await;
        }
    }

    /// Starts the server on the folder; its worker is this story's hand.
    pub async fn starts_the_server(&self) -> Result<(), NotStarted> {
        let draw = Draw::seeded(NEXT.fetch_add(1, Ordering::Relaxed));
        let running = running::start(self.config.clone(), self.clock.clone(), draw, false).await?;
        *self.running.lock().unwrap() = Some(running);
        Ok(())
    }

    /// Stops the server in order.
    pub async fn stops_the_server(&self) {
        let running = self.running.lock().unwrap().take();
        running.expect("the server runs").stop().await;
    }

    /// The verbs of the running server.
    pub fn engine(&self) -> Engine {
        self.running.lock().unwrap().as_ref().expect("the server runs").engine.clone()
    }

    /// The server's address for `path`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url)
    }

    /// A person with a phone.
    pub async fn follower(&self, name: &str) -> Follower<'_> {
        let made = self.sim("/_sim/phones", &json!({ "name": name })).await;
        Follower::new(self, made["id"].as_str().unwrap(), made["ip"].as_str().unwrap())
    }

    /// Somebody with a browser of this kind and no WeChat.
    pub fn browser(&self, agent: &'static str) -> Browser<'_> {
        Browser::new(self, agent, "198.51.100.20")
    }

    /// A member of staff who signed in.
    pub async fn staff(&self, login: &str, password: &str) -> Browser<'_> {
        let desk = self.browser("Mozilla/5.0 (X11) Chrome/140");
        let page = desk.posts("/api/public/sign_in", &[("login", login), ("password", password)]).await;
        assert_eq!((page.status, page.location()), (303, Some("/admin")), "{login} signs in");
        desk
    }

    /// A new member of staff of this role who signed in.
    pub async fn staff_of(&self, role: Role) -> Browser<'_> {
        let password = format!("a password for a {}", role.name());
        self.engine().add_operator(role.name(), &password, role).await.unwrap();
        self.staff(role.name(), &password).await
    }

    /// Asks the simulator.
    pub async fn sim_get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.wechat.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Tells the simulator.
    pub async fn sim(&self, path: &str, body: &Value) -> Value {
        let response = self.http.post(format!("{}{path}", self.wechat.url)).json(body).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path} {body}");
        response.json().await.unwrap()
    }

    /// The next call of `on` meets this fault.
    pub async fn wechat_fails(&self, on: &str, kind: &str) {
        self.sim("/_sim/faults", &json!({ "on": on, "kind": kind })).await;
    }

    /// Turns both clocks on by `ms`, whole seconds.
    pub async fn later(&self, ms: i64) {
        self.sim("/_sim/clock", &json!({ "advance_secs": ms / 1000 })).await;
        self.clock.advance(ms / 1000 * 1000);
    }

    /// The worker does all that is due now.
    pub async fn work_until_idle(&self) {
        let engine = self.engine();
        for _ in 0..1_000 {
            if engine.work_once().await.unwrap() == 0 {
                return;
            }
        }
        panic!("the worker finds no end");
    }

    /// Time passes, and the worker works, until every payout has its answer; at most two days.
    pub async fn work_until_settled(&self) {
        let end = self.clock.now().plus(hours(48));
        self.work_until_idle().await;
        while self.undecided().await != 0 {
            assert!(self.clock.now() < end, "payouts are stuck");
            let due = self.engine().next_due().await.unwrap().expect("what is undecided is due");
            let wait = due.since(self.clock.now()).max(0);
            self.later(wait + 1000).await;
            self.work_until_idle().await;
        }
    }

    async fn undecided(&self) -> i64 {
        let mut n = 0;
        for state in [State::Queued, State::Sending, State::Unknown] {
            n += self.engine().payouts_at(state).await.unwrap();
        }
        n
    }

    /// How many payouts stand at `state`.
    pub async fn payouts_at(&self, state: State) -> i64 {
        self.engine().payouts_at(state).await.unwrap()
    }

    /// WeChat's own books.
    pub async fn wechats_books(&self) -> Books {
        let books = self.sim_get("/_sim/books").await;
        let mut bills: Vec<String> = books["bills"]
            .as_array()
            .unwrap()
            .iter()
            // A transfer that nobody confirmed is not paid: its money was only set aside.
            .filter(|bill| bill["rail"] != "transfer" || bill["state"] == "collected")
            .map(|bill| bill["bill_no"].as_str().unwrap().to_owned())
            .collect();
        bills.sort();
        Books { paid_fen: books["paid_fen"].as_i64().unwrap(), bills }
    }

    /// Staff choose the demo's rail.
    pub async fn goes_by(&self, rail: Rail) {
        let campaign = self.campaign("demo").await.id;
        self.engine().set_rail(&console(), campaign, rail, Lang::En).await.unwrap();
    }

    /// WeChat's callbacks, once `n` of them were taken: the status of each delivery, in order.
    pub async fn callbacks_taken(&self, n: usize) -> Vec<u64> {
        for _ in 0..100_000 {
            let told = self.sim_get("/_sim/callbacks").await;
            let deliveries = told["deliveries"].as_array().unwrap().iter();
            let statuses: Vec<u64> = deliveries.map(|d| d["status"].as_u64().unwrap_or(0)).collect();
            if statuses.iter().filter(|status| **status == 200).count() >= n {
                return statuses;
            }
        }
        panic!("the callbacks do not come");
    }

    /// A campaign by its slug.
    pub async fn campaign(&self, slug: &str) -> Campaign {
        self.engine().campaign_by_slug(&Slug::try_from(slug).unwrap()).await.unwrap()
    }

    /// An account by its appid.
    pub async fn account(&self, appid: &str) -> Account {
        self.engine().credentials(&Appid::try_from(appid).unwrap()).await.unwrap().account
    }

    /// What a member of staff would fill in for a new campaign: 1 yuan each.
    pub async fn form(&self, slug: &str) -> CampaignForm {
        let now = self.clock.now();
        CampaignForm {
            slug: slug.to_owned(),
            name: "第二场".to_owned(),
            payer: self.account(FUWU).await.id.to_string(),
            send_name: "领包服务号".to_owned(),
            greeting: "你好".to_owned(),
            wishing: "开心".to_owned(),
            rules: String::new(),
            opens_at: now.plus(-hours(1)).to_input(),
            closes_at: now.plus(hours(24 * 30)).to_input(),
            prize: PrizeForm::between("1", "1"),
            scope: "campaign".to_owned(),
            asserted_cap: "50".to_owned(),
        }
    }

    /// Staff create, fund and start a campaign with these accounts.
    pub async fn runs(&self, form: CampaignForm, budget_fen: i64, appids: &[&str]) -> CampaignId {
        let id = self.drafts(form, budget_fen, appids).await;
        self.engine().start_unrehearsed(&console(), id, Lang::En).await.unwrap();
        id
    }

    /// Staff create a campaign with these accounts, and fund it.
    pub async fn drafts(&self, form: CampaignForm, budget_fen: i64, appids: &[&str]) -> CampaignId {
        let engine = self.engine();
        let checked = form.check(Lang::En).unwrap();
        let id = engine.create_campaign(&console(), checked, Lang::En).await.unwrap();
        let budget = Fen::new(budget_fen).unwrap();
        if budget > Fen::ZERO {
            self.changes_budget(id, ledger::Event::Fund, budget).await;
        }
        for appid in appids {
            engine.add_member(&console(), id, self.account(appid).await.id).await.unwrap();
        }
        id
    }

    /// Staff start a campaign again, pause or close it.
    pub async fn moves(&self, campaign: CampaignId, event: Event) {
        self.engine().move_campaign(&console(), campaign, event, Lang::En).await.unwrap();
    }

    /// Staff leave only this much in the demo's budget.
    pub async fn only_so_much_is_left(&self, fen: i64) {
        let campaign = self.campaign("demo").await.id;
        let left = self.engine().budget(campaign).await.unwrap().available.get();
        let out = Fen::new(left - fen).unwrap();
        self.changes_budget(campaign, ledger::Event::Withdraw, out).await;
    }

    /// Staff look at a budget, and fund it or take money back.
    pub async fn changes_budget(&self, campaign: CampaignId, event: ledger::Event, amount: Fen) {
        let engine = self.engine();
        let (_, seen) = engine.budget_seen(campaign).await.unwrap();
        engine.change_budget(&console(), campaign, event, amount, seen, Lang::En).await.unwrap();
    }

    /// The edit-mode key of an account in a campaign, whatever mode it is in.
    pub async fn edit_key(&self, slug: &str, appid: &str) -> String {
        let members = self.engine().members(self.campaign(slug).await.id).await.unwrap();
        members
            .iter()
            .find(|m| m.account.appid.as_str() == appid)
            .unwrap()
            .edit_key
            .as_ref()
            .unwrap()
            .as_str()
            .to_owned()
    }

    /// The live figures of a campaign in all.
    pub async fn figures(&self, slug: &str) -> Figures {
        self.engine().live(self.campaign(slug).await.id).await.unwrap().total
    }

    /// The live figures of one link.
    pub async fn link(&self, code: &str) -> LinkFigures {
        let live = self.engine().live(self.campaign("demo").await.id).await.unwrap();
        live.links.into_iter().find(|link| link.code == code).unwrap()
    }

    /// This story leaves payouts whose end is not known.
    pub fn may_end_with_unknown(&self) {
        *self.ending.lock().unwrap() = Ending::Unknown;
    }

    /// This story broke the books by hand.
    pub fn was_spoilt(&self) {
        *self.ending.lock().unwrap() = Ending::Spoilt;
    }

    /// The books balance, and WeChat's agree with ours.
    pub async fn books_balance(&self) {
        assert_eq!(self.engine().verify().await.unwrap(), None, "the books agree with themselves");
        let books = self.wechats_books().await;
        let ours = self.engine().sent_total().await.unwrap();
        assert_eq!(ours, (books.paid_fen, books.bills.len() as i64), "our books agree with WeChat's");
    }

    async fn proves_its_end(&self) {
        let ending = *self.ending.lock().unwrap();
        if ending == Ending::Spoilt || self.running.lock().unwrap().is_none() {
            return;
        }
        if ending == Ending::Unknown {
            assert_eq!(self.engine().verify().await.unwrap(), None, "the books agree with themselves");
            return;
        }
        assert_eq!(self.undecided().await, 0, "no payout is left without its answer");
        self.books_balance().await;
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let handle = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| handle.block_on(self.proves_its_end()));
            tokio::task::block_in_place(|| handle.block_on(database::remove(&self.config.database_url)));
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}
