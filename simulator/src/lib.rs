//! An independent WeChat in one process: official accounts, web OAuth, message push, both ways to pay, and phones.
//! It refuses to share code with the client that it tries, and has no place in a production binary.

mod answer;
mod bill;
mod books;
mod callbacks;
mod cgi;
mod clock;
mod config;
mod control;
mod control_pay;
mod crypto;
mod faults;
mod follower;
mod fundflow;
mod journal;
mod keys;
mod listen;
mod marks;
mod media;
mod menu;
mod messages;
mod notify;
mod oauth;
mod pages;
mod pay_v2;
mod pay_v3;
mod phone;
mod proxy;
mod push;
mod redpack;
mod reply;
mod rewrite;
mod sim;
mod sns;
mod store;
mod tally;
mod tls;
mod tokens;
mod transfer;
mod transfer_form;
mod transfers;
mod world;
mod xml;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::{any, get, post};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use url::Url;

use crate::clock::Clock;
pub use crate::config::{Account, Campaign, Config, Kind, Limits, Link, Merchant, MessageMode, Mode};
use crate::faults::Faults;
use crate::journal::Journal;
use crate::keys::{Keys, PUB_KEY_PEM};
use crate::listen::{Tls, stopped};
use crate::sim::{Places, Sim};
use crate::tls::Certificates;
use crate::world::State;

/// Why the simulator did not start or stop, in one sentence.
#[derive(Debug)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(said: String) -> Self {
        Self(said)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// How to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// The world to play.
    pub config: Config,
    /// Address of the ordinary side, for example `127.0.0.1:3100`; port 0 takes a free one.
    pub listen: String,
    /// Address of the payment side (TLS).
    pub pay_listen: String,
    /// The server that gets the pushes and stands behind the phones' browsers.
    pub server: String,
    /// Folder for certificates and state; `None` keeps everything in memory.
    pub data: Option<PathBuf>,
    /// Deliveries of one push at most.
    pub push_attempts: u32,
    /// How long one delivery may take.
    pub push_timeout: Duration,
    /// Makes all random values repeatable; `None` takes the system's chance.
    pub seed: Option<u64>,
    /// Where the clock stands until a control call turns it; `None` takes the machine's.
    pub still_ms: Option<i64>,
    /// Callbacks of transfers wait until a control call fetches them; nothing delivers them by itself.
    pub callbacks_wait: bool,
}

impl Options {
    /// WeChat's own numbers: three deliveries of five seconds; free ports and nothing on disk.
    pub fn new(config: Config, server: impl Into<String>) -> Self {
        Self {
            config,
            listen: "127.0.0.1:0".to_owned(),
            pay_listen: "127.0.0.1:0".to_owned(),
            server: server.into(),
            data: None,
            push_attempts: 3,
            push_timeout: Duration::from_secs(5),
            seed: None,
            still_ms: None,
            callbacks_wait: false,
        }
    }
}

/// A running simulator; dropping it stops it without a last save.
pub struct Running {
    /// Address of the ordinary side, without a slash at its end.
    pub url: String,
    /// Address of the payment side, without a slash at its end.
    pub pay_url: String,
    /// The authority that signed the payment side's certificate.
    pub ca_pem: String,
    /// The merchant's certificate.
    pub cert_pem: String,
    /// The merchant's key, PKCS#8.
    pub key_pem: String,
    /// The serial number of the merchant's certificate, as `serial_no` of a v3 signature.
    pub serial_no: String,
    /// WeChat Pay's public key.
    pub pub_key_pem: String,
    /// The id of that key, as `Wechatpay-Serial` names it.
    pub pub_key_id: String,
    sim: Arc<Sim>,
    state_file: Option<PathBuf>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Stops listening and saves the state.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub async fn stop(self) -> Result<(), Error> {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of the simulator broke off");
            }
        }
        match self.state_file {
            Some(path) => store::save(&self.sim, &path),
            None => Ok(()),
        }
    }
}

/// Starts a simulator and answers when both sides listen.
///
/// # Errors
/// When an address is taken, the server's URL is wrong, or the data folder cannot be used.
pub async fn start(options: Options) -> Result<Running, Error> {
    let server = origin(&options.server)?;
    if let Some(folder) = &options.data {
        store::folder(folder)?;
    }
    let certificates = Certificates::open(options.data.as_deref(), &options.config.merchant.mch_id)?;
    let tls = Tls::new(certificates.server_config()?);
    let state_file = options.data.as_deref().map(store::file);
    let mut state = match &state_file {
        Some(path) => store::load(path)?,
        None => State::default(),
    };
    let appids: Vec<String> = options.config.accounts.iter().map(|account| account.appid.clone()).collect();
    state.index(&appids);
    let journal = match &options.data {
        Some(folder) => Some(store::replay(folder, &mut state, &appids)?),
        None => None,
    };
    let (plain, plain_address) = listen::bind(&options.listen).await?;
    let (secure, secure_address) = listen::bind(&options.pay_listen).await?;
    let places =
        Places { server, url: format!("http://{plain_address}"), pay_url: format!("https://{secure_address}") };
    let keys = Keys::open(&certificates)?;
    let callbacks_wait = options.callbacks_wait;
    let sim = Arc::new(world(options, places, keys, appids, state, journal)?);
    let (stop, stopping) = watch::channel(false);
    let mut tasks = vec![
        tokio::spawn(listen::serve(plain, None, plain_side(&sim), stopping.clone())),
        tokio::spawn(listen::serve(secure, Some(tls), pay_side(&sim), stopping.clone())),
        tokio::spawn(give_back(Arc::clone(&sim), stopping.clone())),
    ];
    if !callbacks_wait {
        tasks.push(tokio::spawn(notify::run(Arc::clone(&sim), stopping.clone())));
    }
    if let Some(path) = &state_file {
        tasks.push(tokio::spawn(store::keep(Arc::clone(&sim), path.clone(), stopping)));
    }
    Ok(Running {
        url: sim.places.url.clone(),
        pay_url: sim.places.pay_url.clone(),
        ca_pem: certificates.ca_pem,
        cert_pem: certificates.cert_pem,
        key_pem: certificates.key_pem,
        serial_no: sim.keys.serial_no.clone(),
        pub_key_pem: PUB_KEY_PEM.to_owned(),
        pub_key_id: sim.config.merchant.pub_key_id.clone(),
        sim,
        state_file,
        stop,
        tasks,
    })
}

/// The server's origin, without a slash at its end.
fn origin(server: &str) -> Result<String, Error> {
    let wrong = || Error::new(format!("{server} is not an http or https address"));
    let url = Url::parse(server).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong());
    }
    Ok(url.origin().ascii_serialization())
}

fn world(
    options: Options,
    places: Places,
    keys: Keys,
    appids: Vec<String>,
    state: State,
    journal: Option<Journal>,
) -> Result<Sim, Error> {
    let chance = match options.seed {
        Some(seed) => StdRng::seed_from_u64(seed),
        None => StdRng::from_seed(system_seed()?),
    };
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(3))
        .http1_only()
        .build()
        .map_err(|error| Error::new(format!("the HTTP client cannot be made: {error}")))?;
    Ok(Sim {
        appids,
        places,
        keys,
        push_attempts: options.push_attempts,
        push_timeout: options.push_timeout,
        clock: Clock::ahead(options.still_ms, state.offset_ms),
        http,
        faults: Faults::default(),
        limits: Mutex::new(options.config.limits.clone()),
        media: Mutex::default(),
        state: Mutex::new(state),
        journal,
        chance: Mutex::new(chance),
        version: watch::Sender::new(1),
        config: options.config,
    })
}

/// The one reading of the system's chance.
#[expect(clippy::disallowed_methods, reason = "the simulator's seed is drawn here and nowhere else")]
fn system_seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| Error::new(format!("the system has no chance: {error}")))?;
    Ok(seed)
}

/// Everything but payment, under the paths of the real hosts, and the phones' origins.
fn plain_side(sim: &Arc<Sim>) -> Router {
    Router::new()
        .route("/cgi-bin/token", any(tokens::token))
        .route("/cgi-bin/stable_token", any(tokens::stable_token))
        .route("/cgi-bin/ticket/getticket", get(tokens::get_ticket))
        .route("/cgi-bin/clear_quota", any(cgi::clear_quota))
        .route("/cgi-bin/get_api_domain_ip", get(cgi::own_addresses))
        .route("/cgi-bin/getcallbackip", get(cgi::own_addresses))
        .route("/cgi-bin/user/info", get(follower::user_info))
        .route("/cgi-bin/user/info/batchget", any(follower::batch_get))
        .route("/cgi-bin/user/get", get(follower::user_get))
        .route("/cgi-bin/qrcode/create", any(follower::qrcode_create))
        .route("/cgi-bin/showqrcode", get(follower::show_qrcode))
        .route("/connect/oauth2/authorize", get(oauth::authorize))
        .route("/sns/oauth2/access_token", any(sns::access_token))
        .route("/sns/oauth2/refresh_token", any(sns::refresh_token))
        .route("/sns/userinfo", any(sns::userinfo))
        .route("/sns/auth", any(sns::auth))
        .merge(marks::routes())
        .merge(media::routes())
        .merge(menu::routes())
        .merge(messages::routes())
        .method_not_allowed_fallback(cgi::require_get)
        .merge(pages::routes())
        .merge(control::routes())
        .fallback(cgi::unknown)
        .layer(middleware::from_fn(listen::outlive))
        .layer(middleware::from_fn_with_state(Arc::clone(sim), proxy::by_host))
        .with_state(Arc::clone(sim))
}

/// Payment, over TLS.
fn pay_side(sim: &Arc<Sim>) -> Router {
    Router::new()
        .route("/mmpaymkttransfers/sendredpack", any(pay_v2::sendredpack))
        .route("/mmpaymkttransfers/gethbinfo", any(pay_v2::gethbinfo))
        .route("/mmpaymkttransfers/{*path}", post(pay_v2::closed))
        .route("/secapi/{*path}", post(pay_v2::closed))
        .route("/pay/downloadfundflow", any(bill::download_v2))
        .route("/v3/bill/fundflowbill", get(bill::apply))
        .route("/v3/billdownload/file", get(bill::download))
        .route("/v3/certificates", get(pay_v3::certificates))
        .merge(transfer::routes())
        .fallback(pay_v2::unknown)
        .method_not_allowed_fallback(pay_v2::unknown)
        .layer(middleware::from_fn(listen::outlive))
        .with_state(Arc::clone(sim))
}

/// Looks once a second for packets that nobody opened, so that phones show their return by themselves.
async fn give_back(sim: Arc<Sim>, mut stop: watch::Receiver<bool>) {
    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    every_second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = every_second.tick() => sim.read(|_| ()),
            () = stopped(&mut stop) => return,
        }
    }
}
