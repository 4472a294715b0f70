//! One throw-away PostgreSQL for this process, and a new database on it for each world.
//! Refuses to outlive its process: the server ends when our end of its standard input does.

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A running server.
struct Server {
    socket: String,
    /// Held: its standard input is what keeps the server alive.
    _process: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static NEXT: AtomicU64 = AtomicU64::new(0);

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../.ci/postgres");
        // A story has to survive the death of its server, not the loss of the machine's power.
        let without_sync = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "deadlock_timeout=100ms"];
        let mut process = Command::new(script)
            .args(without_sync)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script that starts PostgreSQL is there");
        let mut socket = String::new();
        let mut said = BufReader::new(process.stdout.take().expect("it is piped"));
        said.read_line(&mut socket).expect("the script talks");
        assert!(!socket.is_empty(), "PostgreSQL does not start");
        Server { socket: socket.trim().to_owned(), _process: process }
    })
}

fn url_of(database: &str) -> String {
    format!("postgres://lingbao@localhost/{database}?host={}", server().socket)
}

/// Opens a database for raw statements.
pub async fn open(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options).await.expect("the database is there")
}

async fn administer(statement: String) {
    let db = open(&url_of("postgres")).await;
    db.execute_unprepared(&statement).await.expect("the server does as it is told");
    db.close().await.expect("the connection ends");
}

/// A new, empty database.
pub async fn create() -> String {
    let name = format!("lingbao_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    administer(format!("CREATE DATABASE {name}")).await;
    url_of(&name)
}

/// Removes a database, whoever is still connected.
pub async fn remove(url: &str) {
    let name = url.rsplit('/').find_map(|part| part.split_once("?host=")).map(|(name, _)| name);
    administer(format!("DROP DATABASE {} WITH (FORCE)", name.expect("a URL of ours"))).await;
}
