//! Everything that happens: verbs, each in one transaction, and the workers behind them.
//! Refuses to know a web framework, and to let any other crate write SQL or move money.

pub mod clock;
pub mod crash;
pub mod draw;
pub mod error;
pub mod vault;

mod desk;
mod retried;
mod store;

pub mod accounts;
pub mod ageing;
pub mod alerts;
pub mod audit;
pub mod budgets;
pub mod campaigns;
pub mod claims;
pub mod confirm;
pub mod followers;
mod hashing;
pub mod inbox;
pub mod links;
pub mod live;
pub mod merchants;
pub mod notices;
pub mod operators;
pub mod payer;
pub mod payout_list;
pub mod payouts;
pub mod prizes;
pub mod rails;
pub mod reconcile;
pub mod rehearsal;
pub mod reports;
pub mod restore;
pub mod strangers;
pub mod tickets;
pub mod tokens;
pub mod verify;
pub mod worker;

pub use clock::Clock;
pub use draw::Draw;
pub use error::{Error, Said};
pub use store::Db;
pub use vault::Vault;

use std::sync::Arc;

/// Everything a verb needs. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Engine(Arc<Parts>);

struct Parts {
    db: Db,
    clock: Clock,
    draw: Draw,
    vault: Vault,
    payer: payer::Payer,
    settings: Settings,
    claims: desk::Desk<claims::Request, claims::Answer>,
    pushes: desk::Desk<inbox::Received, inbox::Answer>,
    visits: desk::Desk<store::links::Visit, ()>,
    spent: claims::Spent,
    payers: claims::Payers,
    hashing: hashing::Hashing,
    wake: tokio::sync::Notify,
    changed: tokio::sync::watch::Sender<u64>,
    losers: tokio::sync::Mutex<()>,
}

/// What the verbs must know of the installation.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where followers' pages live, without a trailing slash: the base of every link that is sent out.
    pub entry_url: String,
    /// This server's public address, without a trailing slash: WeChat Pay calls back there.
    pub public_url: String,
    /// Where chat robots are called instead of their own hosts; only a simulator's address.
    pub robots_url: Option<String>,
    /// This node's number, for rollups; any number that differs between nodes.
    pub node: i64,
    /// This server's public IPv4, sent to WeChat Pay as `client_ip`.
    pub client_ip: String,
}

impl Engine {
    /// An engine over an open, migrated database.
    pub fn new(db: Db, clock: Clock, draw: Draw, vault: Vault, payer: payer::Payer, settings: Settings) -> Self {
        let (changed, _) = tokio::sync::watch::channel(0);
        let wake = tokio::sync::Notify::new();
        let parts = Parts {
            db,
            clock,
            draw,
            vault,
            payer,
            settings,
            claims: desk::Desk::new(desk::PEOPLE_MAX),
            pushes: desk::Desk::new(desk::PUSHES_MAX),
            visits: desk::Desk::new(desk::PEOPLE_MAX),
            spent: claims::Spent::default(),
            payers: claims::Payers::default(),
            hashing: hashing::Hashing::default(),
            wake,
            changed,
            losers: tokio::sync::Mutex::default(),
        };
        Self(Arc::new(parts))
    }

    /// The clock every verb reads.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Where chance comes from.
    pub fn draw(&self) -> &Draw {
        &self.0.draw
    }

    /// What seals and opens secrets.
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// The installation's settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn claims_desk(&self) -> &desk::Desk<claims::Request, claims::Answer> {
        &self.0.claims
    }

    pub(crate) fn pushes_desk(&self) -> &desk::Desk<inbox::Received, inbox::Answer> {
        &self.0.pushes
    }

    pub(crate) fn visits_desk(&self) -> &desk::Desk<store::links::Visit, ()> {
        &self.0.visits
    }

    pub(crate) fn spent(&self) -> &claims::Spent {
        &self.0.spent
    }

    pub(crate) fn payers(&self) -> &claims::Payers {
        &self.0.payers
    }

    pub(crate) fn payer(&self) -> &payer::Payer {
        &self.0.payer
    }

    pub(crate) fn hashing(&self) -> &hashing::Hashing {
        &self.0.hashing
    }

    /// Tells listeners that figures moved.
    pub(crate) fn touch(&self) {
        self.0.changed.send_modify(|n| *n = n.wrapping_add(1));
    }

    /// Tells the worker and the dashboards that the clock was turned.
    pub fn clock_turned(&self) {
        self.wake_worker();
        self.touch();
    }

    /// Tells the payout worker that something is due.
    pub(crate) fn wake_worker(&self) {
        self.0.wake.notify_one();
    }

    /// Resolves when somebody queued work.
    pub async fn woken(&self) {
        self.0.wake.notified().await;
    }

    /// A counter that grows with every change of the live figures on this node.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Closes the database. Other clones of this engine can no longer use it.
    pub async fn close(&self) -> Result<(), Error> {
        self.db().clone().close().await
    }

    /// True when the database answers; for readiness.
    pub async fn is_ready(&self) -> bool {
        store::ping(self.db()).await.is_ok()
    }
}
