//! The ground of the measurement: our server as a process of its own on a fresh database, and its people's requests.
//! Refuses shortcuts around the product: everybody is a copy of a person who really followed, and the books are proved.

use crate::copies::{Copies, Original};
use crate::load::{self, Run};
use crate::process::Process;
use crate::pushes;
use engine::{Clock, Draw, Engine};
use rules::campaign::Campaign;
use rules::ids::{Appid, Openid};
use server::config::{self, Config};
use server::person::Person;
use server::running;
use std::fmt::Display;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use tokio::runtime::Handle;
use wechat::callback::Keys;

const DEMO: &str = include_str!("../../../simulator/demo.toml");
/// The service account that pays.
const PAYER: &str = "wx1a2b3c4d5e6f0004";
/// The argument that makes this program the server under measurement.
pub const SERVE: &str = "--serve";

/// A server under measurement. Its payout worker rests, as the rivals have none.
pub struct Ground {
    /// The server.
    pub server: Process,
    runtime: Handle,
    engine: Engine,
    config: Config,
    keys: Keys,
    campaign: Campaign,
    copies: Copies,
    /// Somebody who followed and holds a bound ticket: everybody is their copy.
    original: Option<Original>,
    granted: usize,
}

fn said<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

impl Ground {
    /// Imports the demo with a budget that lasts into the fresh database `url` and starts the server.
    pub fn prepare(runtime: &Handle, folder: &Path, url: &str) -> Result<Self, String> {
        std::fs::create_dir_all(folder).map_err(said("the folder"))?;
        let settings = [
            ("LINGBAO__SERVER__LISTEN", "127.0.0.1:0"),
            ("LINGBAO__DATABASE__URL", url),
            // No secret: the database lives as long as the bench.
            ("LINGBAO__SECRETS__MASTER_KEY", "0707070707070707070707070707070707070707070707070707070707070707"),
        ];
        let environment = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        let config = config::gather(None, environment).and_then(|raw| Config::check(&raw)).map_err(said("settings"))?;
        let engine = runtime.block_on(imported(&config, folder))?;
        let server = Process::start(
            Command::new(std::env::current_exe().map_err(said("this program"))?)
                .arg(SERVE)
                .current_dir(folder)
                .env_clear()
                .env("RUST_LOG", "error")
                .envs(settings),
        )?;
        let shop = Appid::try_from(pushes::SHOP).expect("the demo's appid");
        let keys = runtime.block_on(engine.credentials(&shop)).map_err(said("the account"))?.callback;
        let keys = keys.ok_or("the demo's account has no keys")?;
        let campaign = runtime.block_on(engine.campaigns()).map_err(said("the campaign"))?.remove(0);
        let copies = runtime.block_on(Copies::open(url)).map_err(said("the database"))?;
        let runtime = runtime.clone();
        Ok(Self { server, runtime, engine, config, keys, campaign, copies, original: None, granted: 0 })
    }

    /// `n` people follow and open their links, each as one push and one verb.
    fn follow(&self, batch: usize, n: usize) -> Result<Vec<Openid>, String> {
        let (people, pushes) = self.pushes(batch, n);
        let run = load::run(self.server.addr, 1, &pushes)?;
        let tickets = pushes::tickets(&self.keys, self.now_secs(), &run)?;
        for (openid, ticket) in people.iter().zip(&tickets) {
            let opened = self.runtime.block_on(self.engine.open_ticket(&self.campaign, ticket, openid));
            opened.map_err(said("a ticket"))?.map_err(|refusal| format!("a ticket was refused: {refusal:?}"))?;
        }
        Ok(people)
    }

    fn now_secs(&self) -> i64 {
        self.engine.clock().now().secs()
    }

    /// `n` new people and the pushes of their follows. `batch` keeps them apart from those before.
    pub fn pushes(&self, batch: usize, n: usize) -> (Vec<Openid>, Vec<Vec<u8>>) {
        pushes::follows(&self.keys, self.now_secs(), batch, n)
    }

    /// Errors unless every reply to a push can be opened and holds a link.
    pub fn prove_replies(&self, run: &Run) -> Result<(), String> {
        pushes::tickets(&self.keys, self.now_secs(), run).map(|_| ())
    }

    /// Puts `n` claims of other people into the past.
    pub fn remember(&mut self, n: i64) -> Result<(), String> {
        let claimed = self.follow(9_998, 1)?;
        self.claims_of(1, &claimed)?;
        self.runtime.block_on(self.copies.history(&claimed[0], n)).map_err(said("the history"))
    }

    /// `n` people who may claim, not yet measured.
    pub fn people(&mut self, n: usize) -> Result<Vec<Openid>, String> {
        let original = match self.original.take() {
            Some(original) => original,
            None => {
                let followed = self.follow(9_999, 1)?.remove(0);
                self.runtime.block_on(self.copies.follower(&followed)).map_err(said("a follower"))?
            }
        };
        let people = self.runtime.block_on(self.copies.followers(&original, n)).map_err(said("the followers"));
        self.original = Some(original);
        people
    }

    /// Sends the claims of these people over `connections` connections. Errors when one is not granted in the end.
    pub fn claims_of(&mut self, connections: usize, people: &[Openid]) -> Result<Run, String> {
        let requests: Vec<Vec<u8>> = people.iter().map(|openid| self.claim_request(openid)).collect();
        let run = load::run(self.server.addr, connections, &requests)?;
        run.all(is_granted)?;
        self.granted += requests.len();
        Ok(run)
    }

    /// The same for `n` new people.
    pub fn claims(&mut self, connections: usize, n: usize) -> Result<Run, String> {
        let people = self.people(n)?;
        self.claims_of(connections, &people)
    }

    fn claim_request(&self, openid: &Openid) -> Vec<u8> {
        let person = self.person(openid);
        let token = person.form_token(self.engine.vault(), &self.campaign.slug);
        let form = format!("campaign={}&form_token={token}", self.campaign.slug);
        pushes::post("/api/public/claim", "application/x-www-form-urlencoded", &self.cookie(&person), &form)
    }

    /// The claim page as `people` load it, `n` times.
    pub fn page_requests(&self, people: &[Openid], n: usize) -> Vec<Vec<u8>> {
        let page = |openid| {
            let cookie = self.cookie(&self.person(openid));
            format!("GET /c/{} HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n\r\n", self.campaign.slug).into_bytes()
        };
        people.iter().cycle().take(n).map(page).collect()
    }

    fn person(&self, openid: &Openid) -> Person {
        let appid = Appid::try_from(PAYER).expect("the demo's appid");
        Person { appid, openid: openid.clone(), unionid: None, at: self.engine.clock().now() }
    }

    fn cookie(&self, person: &Person) -> String {
        let cookie = person.cookie(&self.config, self.engine.vault());
        cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
    }

    /// Proves that every granted claim is there and that the books agree; then stops the server.
    pub fn close(self) -> Result<(), String> {
        let queued = self.runtime.block_on(self.engine.payouts_at(rules::payout::State::Queued));
        let queued = queued.map_err(said("the payouts"))?;
        if usize::try_from(queued) != Ok(self.granted) {
            return Err(format!("{} claims were granted, but {queued} payouts wait", self.granted));
        }
        if let Some(difference) = self.runtime.block_on(self.engine.verify()).map_err(said("the books"))? {
            return Err(format!("the books do not agree: {} at {}", difference.rule, difference.at));
        }
        drop(self.server);
        self.runtime.block_on(self.engine.close()).map_err(said("the database"))
    }
}

/// True for the redirect after a claim that was granted: the same from every side.
pub fn is_granted(answer: &str) -> bool {
    answer.starts_with("HTTP/1.1 303") && answer.to_ascii_lowercase().contains("location: /c/demo\r\n")
}

async fn imported(config: &Config, folder: &Path) -> Result<Engine, String> {
    let engine = running::open(config, Clock::real(), Draw::system()).await.map_err(said("the database"))?;
    // Nothing is paid here, so any text serves as the merchant's certificate.
    let pem = folder.join("merchant.pem");
    std::fs::write(&pem, "none").map_err(said("the certificate"))?;
    let demo = DEMO
        .replace("data/simulator/apiclient_cert.pem", &pem.display().to_string())
        .replace("data/simulator/apiclient_key.pem", &pem.display().to_string())
        .replace("pub_key_file = \"data/simulator/pub_key.pem\"\n", "")
        .replace("budget_fen = 1000000", "budget_fen = 100000000000");
    server::import::import(&engine, &demo).await.map_err(said("the import"))?;
    Ok(engine)
}

/// What the process under measurement does: serves with the settings of its environment until standard input closes.
pub fn serve(runtime: &tokio::runtime::Runtime) -> Result<(), String> {
    server::telemetry::log();
    let raw = config::gather(None, std::env::vars()).map_err(said("settings"))?;
    let config = Config::check(&raw).map_err(said("settings"))?;
    let running = runtime.block_on(running::start(config, Clock::real(), Draw::system(), false));
    let running = running.map_err(said("the server"))?;
    println!("ready {}", running.addr);
    let ended = std::io::stdin().read_to_end(&mut Vec::new());
    runtime.block_on(running.stop());
    ended.map(|_| ()).map_err(said("standard input"))
}
