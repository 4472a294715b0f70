//! A running server: opens the data folder, the database and the ports, and closes them in order.
//! Refuses to start with another master key than the database's, or beside another server.

use crate::config::Config;
use crate::serving::{self, until};
use crate::site::Site;
use crate::{data_folder, routes, telemetry};
use engine::payer::Payer;
use engine::{Clock, Db, Draw, Engine, Settings, Vault};
use leptos::config::LeptosOptions;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Why the server did not start; one sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotStarted(pub String);

/// `what` failed because of `why`.
fn not_started<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> NotStarted {
    move |why| NotStarted(format!("{what}: {why}"))
}

/// The runtime of a server. The database's answers come from outside: they are looked for before every task (SQLite's
/// come from its own thread) and every few tasks (PostgreSQL's come by socket), so that nobody who has theirs waits
/// behind hundreds of other connections. Errors: the system gives no threads.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().global_queue_interval(1).event_interval(8).build()
}

/// Opens a database that is there already and up to date, for a command that must not make or change one.
pub async fn open_existing(config: &Config, clock: Clock, draw: Draw) -> Result<Engine, NotStarted> {
    if let Some(file) = config.sqlite_file()
        && !std::path::Path::new(file).exists()
    {
        return Err(NotStarted(format!(
            "there is no database {file}; look at database.url, or make one with lingbao migrate"
        )));
    }
    open_as(config, clock, draw, false).await
}

/// Opens the database of this configuration, made and brought up to date as needed.
pub async fn open(config: &Config, clock: Clock, draw: Draw) -> Result<Engine, NotStarted> {
    data_folder::prepare(config).map_err(|e| NotStarted(e.0))?;
    open_as(config, clock, draw, true).await
}

async fn open_as(config: &Config, clock: Clock, draw: Draw, migrate: bool) -> Result<Engine, NotStarted> {
    let master_key = data_folder::master_key(config, &draw).map_err(|e| NotStarted(e.0))?;
    let ca_pem = match &config.pay_ca_file {
        Some(file) => Some(
            std::fs::read(file).map_err(|e| NotStarted(format!("wechat.pay_ca_file {file} cannot be read: {e}")))?,
        ),
        None => None,
    };
    let db = Db::open(&config.database_url).await.map_err(not_started("the database cannot be opened"))?;
    if migrate {
        db.migrate().await.map_err(not_started("the database cannot be brought up to date"))?;
    } else if db.is_behind().await.map_err(not_started("the database cannot be read"))? {
        return Err(NotStarted(
            "the database is of an older release; bring it up to date with lingbao migrate".to_owned(),
        ));
    }
    let vault = Vault::new(&master_key, draw.clone());
    let payer = Payer::new(config.wechat.pay.to_string(), ca_pem);
    let node = i64::from(u16::from_le_bytes(draw.bytes()));
    let settings = Settings {
        entry_url: config.entry_url.clone(),
        public_url: config.public_url.clone(),
        robots_url: config.robots_url.clone(),
        node,
        client_ip: config.client_ip.clone(),
    };
    let engine = Engine::new(db, clock, draw, vault, payer, settings);
    match engine.master_key_fits().await {
        Ok(true) => Ok(engine),
        Ok(false) => Err(NotStarted(
            "the master key is not the one this database was made with; restore data/master.key".to_owned(),
        )),
        Err(error) => Err(NotStarted(format!("the database cannot be read: {error}"))),
    }
}

/// A server that listens and works.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Its engine.
    pub engine: Engine,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    _lock: data_folder::Lock,
}

/// Starts a server. With `work` false nobody pays until `engine.work_once` is called: for stories told by hand.
pub async fn start(config: Config, clock: Clock, draw: Draw, work: bool) -> Result<Running, NotStarted> {
    data_folder::prepare(&config).map_err(|e| NotStarted(e.0))?;
    let lock = data_folder::lock(&config).map_err(|e| NotStarted(e.0))?;
    let engine = open(&config, clock, draw).await?;
    if config.sqlite_file().is_some() {
        // The lock proves that no other server is alive on this file.
        engine.abandon_leases().await.map_err(not_started("the payouts under way cannot be read"))?;
    }
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|e| NotStarted(format!("the server cannot listen on {}: {e}", config.listen)))?;
    let addr = listener.local_addr().map_err(not_started("the server has no address"))?;
    let wechat = wechat::http::Client::new(config.wechat.clone()).map_err(not_started("the client for WeChat"))?;
    let site = Site::new(engine.clone(), config.clone(), wechat, leptos_options(&config));
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    if let Some(url) = config.clock_url.clone() {
        follow_clock_once(&engine, &url).await;
        tasks.push(tokio::spawn(follow_clock(engine.clone(), url, stopped.clone())));
    }
    if config.sqlite_file().is_some() {
        tasks.push(tokio::spawn(engine::worker::fold(engine.clone(), until(stopped.clone()))));
    }
    if work {
        let engine = engine.clone();
        let stopped = stopped.clone();
        tasks.push(tokio::spawn(engine::worker::settle(engine.clone(), until(stopped.clone()))));
        tasks.push(tokio::spawn(engine::worker::run(engine, until(stopped))));
    }
    tasks.push(tokio::spawn(serving::serve(listener, routes::router(site), config.limits, stopped)));
    Ok(Running { addr, engine, stop, tasks, _lock: lock })
}

fn leptos_options(config: &Config) -> LeptosOptions {
    let current = format!("{}/pkg/current", config.site_dir);
    let folder = std::fs::read_to_string(&current).unwrap_or_else(|error| {
        tracing::warn!(%error, file = current, "the dashboard's script is not built; its pages come without it (make site)");
        String::new()
    });
    LeptosOptions::builder()
        .output_name("lingbao")
        .site_root(config.site_dir.clone())
        .site_pkg_dir(format!("pkg/{}", folder.trim()))
        .build()
}

impl Running {
    /// Stops: no new requests, the worker finishes its round, the database is closed.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        for mut task in self.tasks {
            // An open event stream does not end by itself; nothing durable hangs on it.
            if tokio::time::timeout(Duration::from_secs(5), &mut task).await.is_err() {
                task.abort();
            }
        }
        if let Err(error) = self.engine.close().await {
            tracing::warn!(%error, "the database was not closed cleanly; nothing is lost");
        }
    }
}

#[derive(serde::Deserialize)]
struct SimulatorTime {
    now_ms: i64,
}

/// Sets the engine's clock by the simulator's, if that was turned and answers.
pub(crate) async fn follow_clock_once(engine: &Engine, url: &url::Url) {
    let Ok(client) = telemetry::plain_client() else { return };
    let answer = async { client.get(url.clone()).send().await?.json::<SimulatorTime>().await };
    match answer.await {
        Ok(time) => {
            let now = rules::time::UnixMs(time.now_ms);
            // Small differences are the network's; only a turned clock is followed.
            if now.since(engine.clock().now()).abs() > 2_000 {
                engine.clock().follow(now);
                engine.clock_turned();
            }
        }
        Err(error) => tracing::debug!(%error, "the simulator's clock does not answer"),
    }
}

async fn follow_clock(engine: Engine, url: url::Url, stopped: watch::Receiver<bool>) {
    let mut beats = tokio::time::interval(Duration::from_secs(1));
    let stop = until(stopped);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = beats.tick() => follow_clock_once(&engine, &url).await,
        }
    }
}
