//! The command `wechat-simulator`: starts the simulated WeChat and prints where it is.
//! It refuses to hide a bad setting: every failure at the start is one sentence and exit code 1.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use simulator::{Config, Error, Options, Running};
use tracing_subscriber::EnvFilter;

/// A WeChat on this machine, for trying and showing Lingbao.
#[derive(Parser)]
#[command(name = "wechat-simulator", version)]
struct Arguments {
    /// Accounts, merchant and campaign to play.
    #[arg(long, default_value = "simulator/demo.toml")]
    config: PathBuf,
    /// Address of the ordinary side.
    #[arg(long, default_value = "127.0.0.1:3100")]
    listen: String,
    /// Address of the payment side (TLS).
    #[arg(long, default_value = "127.0.0.1:3101")]
    pay_listen: String,
    /// The server that gets the pushes.
    #[arg(long, default_value = "http://127.0.0.1:3000")]
    server: String,
    /// Folder for certificates and state.
    #[arg(long, default_value = "data/simulator")]
    data: PathBuf,
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wechat-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    let mut options = Options::new(Config::read(&arguments.config)?, &arguments.server);
    options.listen = arguments.listen;
    options.pay_listen = arguments.pay_listen;
    options.data = Some(arguments.data);
    let running = simulator::start(options).await?;
    announce(&running, &arguments.server);
    stop_signal().await;
    running.stop().await
}

fn announce(running: &Running, server: &str) {
    println!("WeChat (simulated)  {}", running.url);
    println!("WeChat Pay          {}", running.pay_url);
    println!("Phones              {}/phone", running.url);
    println!("Pushes go to        {server}");
}

/// Waits for Ctrl-C or a termination signal.
async fn stop_signal() {
    let interrupt = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "Ctrl-C cannot be heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                tracing::error!(%error, "a termination signal cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
