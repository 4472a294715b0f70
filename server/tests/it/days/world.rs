//! The world of the days: an engine without a server, a WeChat in the same thread, and clocks that stand still.
//! Refuses to close an engine in order while the days last: it is dropped, as a process that dies drops it.

use super::Ended;
use super::dice::{Dice, Steps};
use super::fires::Fires;
use super::post::Post;
use crate::database::{self, Kind};
use crate::world::MASTER_KEY;
use engine::{Clock, Draw, Engine, Error, crash};
use rules::alert::Alert;
use rules::campaign::{Campaign, Scope};
use rules::cap::Kind as Cap;
use rules::ids::{Openid, Slug, Unionid};
use rules::payout::State;
use rules::time::{UnixMs, secs};
use serde_json::{Value, json};
use server::config::{Config, gather};
use server::running;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

const DEMO: &str = include_str!("../../../../simulator/demo.toml");
/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9";
/// The first morning of every seed, 2026-03-02 08:00 in Beijing.
pub(super) const MORNING: UnixMs = UnixMs(1_772_409_600_000);
/// While a rail stands still its payouts are due all the time; the clock goes on in steps of this.
const PATIENCE_SECS: i64 = 300;

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Somebody with a phone.
pub struct Person {
    pub phone: String,
    pub ip: String,
    pub openids: BTreeMap<String, String>,
    pub payee: Openid,
    pub unionid: Option<Unionid>,
    /// Which accounts they follow.
    pub follows: BTreeSet<String>,
    /// Codes of tickets that they were sent.
    pub tickets: Vec<String>,
    /// The packets that answers promised them.
    pub promised: Vec<i64>,
}

/// What happened.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub people: u64,
    pub granted: u64,
    pub deaths: u64,
    /// Machines that burnt.
    pub fires: u64,
    /// Claims that were entered after fires.
    pub lost_claims: u64,
    /// Callbacks that were taken.
    pub callbacks: u64,
    /// Deaths at each point.
    pub points: BTreeMap<&'static str, u64>,
    /// How often each fault struck.
    pub struck: BTreeMap<String, u64>,
}

impl Counts {
    /// Answers that left it open what became of a payment, of which none had told plainly before: to calls that pay, and
    /// to questions.
    pub fn ambiguous(&self) -> (u64, u64) {
        let unclear = |places: [&str; 2]| {
            places.iter().filter_map(|place| self.struck.get(&format!("{place}.unclear"))).sum::<u64>()
        };
        (unclear(["sendredpack", "transfer"]), unclear(["gethbinfo", "transfer_query"]))
    }

    /// Adds those of another run.
    pub fn add(&mut self, more: &Self) {
        self.people += more.people;
        self.granted += more.granted;
        self.deaths += more.deaths;
        self.fires += more.fires;
        self.lost_claims += more.lost_claims;
        self.callbacks += more.callbacks;
        for (point, n) in &more.points {
            *self.points.entry(*point).or_default() += n;
        }
        for (name, n) in &more.struck {
            *self.struck.entry(name.clone()).or_default() += n;
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((payments, questions), points) = (self.ambiguous(), self.points.len());
        let Self { people, granted, deaths, fires, lost_claims, callbacks, .. } = self;
        let ambiguous = payments + questions;
        write!(
            f,
            "{people} people, {granted} packets, {deaths} deaths at {points} points, {fires} fires that \
             took {lost_claims} claims, {callbacks} callbacks, {ambiguous} ambiguous answers ({payments} to payments, {questions} to questions)"
        )
    }
}

/// An engine and a WeChat.
pub struct World {
    pub clock: Clock,
    pub dice: Dice,
    pub steps: Steps,
    pub counts: Counts,
    pub people: Vec<Person>,
    pub day: u64,
    /// How often one person may claim.
    pub scope: Scope,
    /// The limits of the caps that staff were told are set, by what each is on.
    pub caps: BTreeMap<(Cap, i64), i64>,
    pub(super) post: Post,
    pub(super) fires: Fires,
    pub config: Config,
    wechat: simulator::Running,
    http: reqwest::Client,
    engine: Option<Engine>,
    folder: PathBuf,
    seed: u64,
    starts: u64,
    armed: Option<&'static str>,
}

/// Memory where the machine has it: these worlds survive deaths of the process, not of the machine.
fn new_folder() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = base.join(format!("lingbao-days-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn settings(folder: &Path, wechat: &simulator::Running) -> Config {
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let mut settings = vec![
        ("SERVER__PUBLIC_URL", NOBODY.to_owned()),
        ("DATABASE__URL", database::create(folder).await),
        ("WECHAT__API_URL", wechat.url.clone()),
        ("WECHAT__OPEN_URL", wechat.url.clone()),
        ("WECHAT__MP_URL", wechat.url.clone()),
        ("WECHAT__JS_URL", wechat.url.clone()),
        ("WECHAT__PAY_URL", wechat.pay_url.clone()),
        ("WECHAT__PAY_CA_FILE", file("ca.pem")),
    ];
    if Kind::of_this_run() == Kind::Postgres {
        settings.push(("SECRETS__MASTER_KEY", MASTER_KEY.to_owned()));
    }
    let settings = settings.into_iter().map(|(name, value)| (format!("LINGBAO__{name}"), value));
    Config::check(&gather(None, settings).unwrap()).unwrap()
}

impl World {
    /// The demo on its first morning.
    pub async fn begin(seed: u64, aloud: bool) -> Self {
        let folder = new_folder();
        let mut options = simulator::Options::new(simulator::Config::parse(DEMO).unwrap(), NOBODY);
        (options.seed, options.still_ms, options.callbacks_wait) = (Some(seed), Some(MORNING.0), true);
        let wechat = simulator::start(options).await.unwrap();
        for (name, text) in [
            ("ca.pem", &wechat.ca_pem),
            ("apiclient_cert.pem", &wechat.cert_pem),
            ("apiclient_key.pem", &wechat.key_pem),
            ("pub_key.pem", &wechat.pub_key_pem),
        ] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let config = settings(&folder, &wechat).await;
        let http = reqwest::Client::builder().no_proxy().http1_only().build().unwrap();
        let mut world = Self {
            clock: Clock::still(MORNING),
            dice: Dice::of(seed),
            steps: Steps::new(aloud),
            counts: Counts::default(),
            people: Vec::new(),
            day: 0,
            scope: Scope::Campaign,
            caps: BTreeMap::new(),
            post: Post::of(seed),
            fires: Fires::default(),
            config,
            wechat,
            http,
            engine: None,
            folder,
            seed,
            starts: 0,
            armed: None,
        };
        world.opens().await;
        let demo = DEMO.replace("data/simulator", world.folder.to_str().unwrap()).replace("start = true", "");
        server::import::import(&world.engine(), &demo).await.unwrap();
        world.starts_on_its_terms().await;
        world
    }

    /// Opens the engine as a start of the process does.
    async fn opens(&mut self) {
        self.starts += 1;
        let draw = Draw::seeded(self.seed.wrapping_mul(1_000_003).wrapping_add(self.starts));
        let engine = running::open(&self.config, self.clock.clone(), draw).await.unwrap();
        if Kind::of_this_run() == Kind::Sqlite {
            engine.abandon_leases().await.unwrap();
        }
        self.engine = Some(engine);
    }

    /// The process is gone and another one starts.
    pub async fn dies(&mut self) {
        self.counts.deaths += 1;
        crash::lose_answers(0);
        self.engine = None;
        self.opens().await;
    }

    /// The verbs.
    pub fn engine(&self) -> Engine {
        self.engine.as_ref().expect("it was opened").clone()
    }

    /// The next time this point is passed for the `passes`th time, the process dies there.
    pub fn will_die_at(&mut self, point: &'static str, passes: u32) {
        self.armed = Some(point);
        crash::break_at(point, passes);
    }

    /// After verbs: if the process died under them, starts another one.
    pub async fn revives(&mut self) -> bool {
        if !crash::is_broken() {
            return false;
        }
        let point = self.armed.take().expect("only what was armed breaks");
        *self.counts.points.entry(point).or_default() += 1;
        self.steps.note(&format!("died at {point}"));
        // What is still running of it must not wake up again in the next life.
        self.engine = None;
        tokio::task::yield_now().await;
        crash::revive();
        self.dies().await;
        true
    }

    /// Carries out a verb; nothing when the process died under it.
    pub async fn does<T, F>(&mut self, verb: impl FnOnce(Engine) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let end = tokio::spawn(verb(self.engine())).await;
        let died = self.revives().await;
        match end {
            Ok(value) => Some(value),
            Err(error) => {
                assert!(died, "a verb broke: {error}");
                None
            }
        }
    }

    /// A verb of staff: refused or done, never broken.
    pub async fn staff<T, F>(&mut self, what: &str, verb: impl FnOnce(Engine) -> F) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let end = self.does(verb).await?;
        if let Err(error) = &end {
            assert!(!is_broken(error), "{what}: {error}");
        }
        self.steps.note(&format!("{what}: {}", if end.is_ok() { "done" } else { "refused" }));
        end.ok()
    }

    /// Asks the simulator.
    pub async fn sim_get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.wechat.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Asks the simulator for a text.
    pub async fn sim_text(&self, path: &str) -> String {
        self.http.get(format!("{}{path}", self.wechat.url)).send().await.unwrap().text().await.unwrap()
    }

    /// Where a file of this world lies.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    /// Tells the simulator; what it answers, whatever the status.
    pub async fn sim(&self, path: &str, body: &Value) -> Value {
        self.http.post(format!("{}{path}", self.wechat.url)).json(body).send().await.unwrap().json().await.unwrap()
    }

    /// Forgets all faults.
    pub async fn wechat_is_well(&self) {
        self.http.delete(format!("{}/_sim/faults", self.wechat.url)).send().await.unwrap();
    }

    /// Now, in seconds.
    pub fn secs(&self) -> i64 {
        self.clock.now().secs()
    }

    /// Turns both clocks.
    pub async fn turns(&self, by_secs: i64) {
        self.sim("/_sim/clock", &json!({ "advance_secs": by_secs })).await;
        self.clock.advance(secs(by_secs));
    }

    /// The worker does all that is due now.
    pub async fn works(&mut self) {
        for _ in 0..10_000 {
            match self.does(move |engine: Engine| async move { engine.work_once().await }).await {
                Some(Ok(0)) => return,
                Some(Ok(_)) | None => {}
                Some(Err(error)) => assert!(!is_broken(&error), "the worker: {error}"),
            }
        }
        panic!("the worker finds no end");
    }

    /// Time passes, and the worker is there whenever something is due.
    pub async fn passes(&mut self, by_secs: i64) {
        let end = self.secs() + by_secs;
        self.works().await;
        while self.secs() < end {
            let due = self.engine().next_due().await.unwrap().map(UnixMs::secs);
            let next = match due {
                Some(due) if due < self.secs() => self.secs() + PATIENCE_SECS,
                Some(due) => due + 1,
                None => end,
            };
            self.turns(next.min(end) - self.secs()).await;
            self.works().await;
        }
        self.insists(|engine| async move { engine.watch_deadlines().await }).await;
    }

    /// A verb that is done again while it is busy, as the worker and people do.
    pub async fn insists<T, F>(&self, verb: impl Fn(Engine) -> F) -> T
    where
        F: Future<Output = Result<T, Error>>,
    {
        for _ in 0..100 {
            match verb(self.engine()).await {
                Ok(value) => return value,
                Err(error) => assert!(error.is_busy(), "{error}"),
            }
        }
        panic!("it stays busy");
    }

    /// The demo's campaign.
    pub async fn campaign(&self) -> Campaign {
        self.engine().campaign_by_slug(&Slug::try_from("demo").unwrap()).await.unwrap()
    }

    /// The alerts that somebody sees.
    pub async fn alerts(&self) -> Vec<Alert> {
        self.engine().alerts().await.unwrap()
    }

    /// How many payouts have no end yet.
    pub async fn open_payouts(&self) -> i64 {
        let mut n = 0;
        for state in State::ALL.iter().filter(|state| !state.is_final()) {
            n += self.engine().payouts_at(*state).await.unwrap();
        }
        n
    }

    /// Ends the world; only one that went well removes its folder.
    pub async fn ends(mut self) -> Ended {
        let struck = self.sim_get("/_sim/struck").await;
        for (name, n) in struck.as_object().unwrap() {
            self.counts.struck.insert(name.clone(), n.as_u64().unwrap());
        }
        self.counts.people = self.people.len() as u64;
        self.engine().close().await.unwrap();
        self.engine = None;
        database::remove(&self.config.database_url).await;
        std::fs::remove_dir_all(&self.folder).unwrap();
        self.wechat.stop().await.unwrap();
        Ended { mark: self.steps.mark(), counts: self.counts }
    }
}

/// True for an error that nobody may ever meet.
pub fn is_broken(error: &Error) -> bool {
    matches!(error.said(), engine::Said::Broken { .. })
}
