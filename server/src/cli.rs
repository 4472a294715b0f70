//! The command line: `serve` (default), `migrate`, `import`, `doctor`, `operator`, `verify`, `backup`, `restore`, `reconcile`,
//! `export`.
//! Refuses with one sentence on standard error and exit code 1 (2 for wrong usage).

use crate::config::{Config, gather};
use crate::reports::{People, Report};
use crate::{bills, data_folder, doctor, import, running, telemetry};
use clap::{Parser, Subcommand};
use engine::restore::Since;
use engine::{Clock, Draw, Engine, Said};
use rules::ids::Slug;
use rules::operator::Role;
use rules::say::{Lang, bill as bill_say};
use std::io::Write;
use std::process::ExitCode;

/// Follow-to-claim red packet campaigns for WeChat official accounts.
#[derive(Parser)]
#[command(name = "lingbao", version, about)]
struct Arguments {
    /// The settings file; every setting can also be an environment variable LINGBAO__SECTION__KEY.
    #[arg(long, default_value = "lingbao.toml", global = true)]
    config: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serves (the default).
    Serve,
    /// Brings the database up to date.
    Migrate,
    /// Enters accounts, merchant, campaign, links and operator from a file.
    Import {
        /// The TOML file.
        file: String,
    },
    /// Checks the configuration against WeChat.
    Doctor,
    /// Adds a member of staff, or resets a password (read from standard input).
    Operator {
        #[command(subcommand)]
        what: OperatorCommand,
    },
    /// Proves the books; exit code 1 and the first difference if they do not agree.
    Verify,
    /// Copies the database into a new file, whichever kind it is.
    Backup {
        /// The new file.
        file: String,
    },
    /// Fills a new database, of either kind, from a backup; then everything stands still until it is answered for.
    Restore {
        /// The backup.
        file: String,
        /// The server was stopped before the backup and has not run since: nothing has to stand still.
        #[arg(long)]
        moved: bool,
    },
    /// Imports the merchant's fund-flow bill and compares its day with our books; exit code 1 if they differ. After a
    /// restore, ends the standstill once all bills since the backup are there and everybody they paid is known.
    Reconcile {
        /// The CSV as WeChat gives it, one day each.
        files: Vec<String>,
        /// Whose bill it is, where the file does not say.
        #[arg(long)]
        mch: Option<String>,
        /// A day (YYYY-MM-DD) on which no money moved: WeChat makes no bill for it.
        #[arg(long)]
        nothing_on: Vec<String>,
        /// After a restore: go on although some who were paid cannot be named; they could claim a second time.
        #[arg(long)]
        accept_unnamed: bool,
    },
    /// Writes a report as CSV to standard output.
    Export {
        /// Which report.
        report: Report,
        /// Whose: a campaign's slug; all campaigns without it.
        #[arg(long)]
        campaign: Option<String>,
    },
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Adds a member of staff.
    Add {
        /// The name they sign in with.
        login: String,
        /// viewer, marketer, finance or administrator.
        #[arg(long, default_value = "administrator")]
        role: String,
    },
    /// Gives a new password and ends all sessions.
    Reset {
        /// The name they sign in with.
        login: String,
    },
}

/// Reads the arguments and does it.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::log();
    let runtime = match running::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return sentence(&format!("the runtime does not start: {error}")),
    };
    match runtime.block_on(run(arguments)) {
        Ok(code) => code,
        Err(why) => sentence(&why),
    }
}

fn sentence(why: &str) -> ExitCode {
    let _printed = writeln!(std::io::stderr(), "lingbao: {why}");
    ExitCode::FAILURE
}

/// Writes to standard output.
pub(crate) fn out(text: &str) -> Result<(), String> {
    std::io::stdout().write_all(text.as_bytes()).map_err(|e| e.to_string())
}

async fn run(arguments: Arguments) -> Result<ExitCode, String> {
    let file = match std::fs::read_to_string(&arguments.config) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && arguments.config == "lingbao.toml" => None,
        Err(e) => return Err(format!("{} cannot be read: {e}", arguments.config)),
    };
    let raw = gather(file.as_deref(), std::env::vars()).map_err(|e| e.0)?;
    let config = Config::check(&raw).map_err(|e| e.0)?;
    let command = arguments.command.unwrap_or(Command::Serve);
    if matches!(command, Command::Serve) {
        return serve(config).await;
    }
    let _lock = match command {
        // These want the database for themselves.
        Command::Migrate | Command::Import { .. } | Command::Restore { .. } => {
            data_folder::prepare(&config).map_err(|e| e.0)?;
            Some(data_folder::lock(&config).map_err(|e| e.0)?)
        }
        _ => None,
    };
    let (clock, draw) = (Clock::real(), Draw::system());
    let engine = match command {
        Command::Migrate | Command::Import { .. } | Command::Restore { .. } => {
            running::open(&config, clock, draw).await
        }
        // The first operator may come before the first start.
        Command::Operator { .. } if config.sqlite_file().is_some_and(|file| !std::path::Path::new(file).exists()) => {
            running::open(&config, clock, draw).await
        }
        _ => running::open_existing(&config, clock, draw).await,
    };
    let engine = engine.map_err(|e| e.0)?;
    if let Some(url) = &config.clock_url {
        running::follow_clock_once(&engine, url).await;
    }
    let done = once(&engine, &config, command).await;
    engine.close().await.map_err(|e| e.to_string())?;
    done
}

async fn once(engine: &Engine, config: &Config, command: Command) -> Result<ExitCode, String> {
    match command {
        Command::Serve | Command::Migrate => out("the database is up to date\n")?,
        Command::Import { file } => {
            let text = std::fs::read_to_string(&file).map_err(|e| format!("{file} cannot be read: {e}"))?;
            let done = import::import(engine, &text).await.map_err(|e| format!("the import failed: {}", e.said()))?;
            out(&done.iter().map(|line| format!("{line}\n")).collect::<String>())?;
        }
        Command::Doctor => {
            let (lines, well) = doctor::examine(engine, config).await.map_err(|e| e.to_string())?;
            out(&lines.iter().map(|line| format!("{line}\n")).collect::<String>())?;
            return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Operator { what } => operator(engine, what).await?,
        Command::Verify => match engine.verify().await.map_err(|e| e.to_string())? {
            None => out(&format!("the books agree ({} rules)\n", Engine::rules_verified()))?,
            Some(difference) => {
                out(&format!("the books do not agree: {} — broken at {}\n", difference.rule, difference.at))?;
                return Ok(ExitCode::FAILURE);
            }
        },
        Command::Backup { file } => {
            if std::path::Path::new(&file).exists() {
                return Err(format!("{file} exists already"));
            }
            engine.backup(&file).await.map_err(|e| e.to_string())?;
            out(&format!("copied to {file}; keep the master key with it\n"))?;
        }
        Command::Restore { file, moved } => restore(engine, &file, moved).await?,
        Command::Reconcile { files, mch, nothing_on, accept_unnamed } => {
            return bills::reconcile(engine, bills::Asked { files, mch, nothing_on, accept_unnamed }).await;
        }
        Command::Export { report, campaign } => export(engine, report, campaign).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn restore(engine: &Engine, file: &str, moved: bool) -> Result<(), String> {
    if !std::path::Path::new(file).exists() {
        return Err(format!("there is no file {file}"));
    }
    let since = if moved { Since::Nothing } else { Since::Unknown };
    let rows = engine.restore(file, since).await.map_err(|e| match e.said() {
        Said::Conflict(why) => why.clone(),
        _ => format!("{file} could not be restored: {e}"),
    })?;
    let then = if moved {
        "its campaigns go on"
    } else {
        "every campaign and payout stands still until the fund-flow bill since the backup is imported"
    };
    out(&format!("restored {rows} rows, each read back and compared; {then}\n"))?;
    // Days that nobody expects show that a clock was wrong.
    let missing = engine.missing_after_restore().await.map_err(|e| e.to_string())?;
    for (mch_id, days) in missing.into_iter().flat_map(|missing| missing.wanted) {
        out(&format!("{}\n", bill_say::still_wanted(&mch_id, &days, Lang::En)))?;
    }
    Ok(())
}

async fn operator(engine: &Engine, what: OperatorCommand) -> Result<(), String> {
    let mut password = String::new();
    std::io::stdin().read_line(&mut password).map_err(|e| format!("no password on standard input: {e}"))?;
    let password = password.trim_end_matches(['\r', '\n']);
    match what {
        OperatorCommand::Add { login, role } => {
            let role: Role =
                role.parse().map_err(|_| "a role is viewer, marketer, finance or administrator".to_owned())?;
            engine.add_operator(&login, password, role).await.map_err(|e| e.said().to_string())?;
            out(&format!("added {login}\n"))
        }
        OperatorCommand::Reset { login } => {
            engine.reset_password(&login, password).await.map_err(|e| e.said().to_string())?;
            out(&format!("{login} has a new password; all sessions ended\n"))
        }
    }
}

async fn export(engine: &Engine, report: Report, campaign: Option<String>) -> Result<(), String> {
    let campaigns = engine.campaigns().await.map_err(|e| e.to_string())?;
    let wanted = campaign.map(Slug::try_from).transpose().map_err(|e| e.to_string())?;
    if let Some(slug) = &wanted
        && !campaigns.iter().any(|c| c.slug == *slug)
    {
        return Err(format!("there is no campaign {slug}"));
    }
    out(&report.head(Lang::En))?;
    for campaign in campaigns.iter().filter(|c| wanted.as_ref().is_none_or(|slug| c.slug == *slug)) {
        let mut before = None;
        loop {
            let page = report.page(engine, campaign.id, before, Lang::En, People::Whole).await;
            let page = page.map_err(|e| e.to_string())?;
            out(&page.text)?;
            if page.next.is_none() {
                break;
            }
            before = page.next;
        }
    }
    Ok(())
}

async fn serve(config: Config) -> Result<ExitCode, String> {
    let (public_url, metrics) = (config.public_url.clone(), config.metrics_listen);
    let listener = telemetry::bind(metrics).await?;
    let running = running::start(config, Clock::real(), Draw::system(), true).await.map_err(|e| e.0)?;
    tracing::info!(listen = %running.addr, %public_url, "lingbao serves");
    let measuring = tokio::spawn(telemetry::serve_metrics(running.engine.clone(), listener));
    stop_signal().await;
    measuring.abort();
    tracing::info!("stopping: requests under way are finished first");
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be heard; only Ctrl-C stops the server");
            let _heard = tokio::signal::ctrl_c().await.is_ok();
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
