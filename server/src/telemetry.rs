//! Logs and metrics. One line per event, at the boundary that handles it.
//! Refuses to log a token, a whole openid or a body.

use engine::Engine;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use rules::payout::State;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Starts logging to standard error; `RUST_LOG` chooses what.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,sqlx=warn,sea_orm_migration=warn".into());
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
}

/// A plain HTTP client for addresses of this installation.
pub fn plain_client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(3)).no_proxy().build()
}

/// Binds the metrics' address. Errors: one sentence.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(listen).await;
    bound.map_err(|e| format!("metrics cannot listen on {listen} (server.metrics_listen): {e}"))
}

/// Serves Prometheus' `/metrics` on an address of its own until the process ends.
pub async fn serve_metrics(engine: Engine, listener: TcpListener) {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another recorder of metrics is set; these are not served");
        return;
    }
    let app = axum::Router::new().route(
        "/metrics",
        axum::routing::get(move || {
            let (engine, handle) = (engine.clone(), handle.clone());
            async move { measure(&engine, &handle).await }
        }),
    );
    if let Err(error) = axum::serve(listener, app).await {
        tracing::warn!(%error, "metrics are no longer served");
    }
}

async fn measure(engine: &Engine, handle: &PrometheusHandle) -> String {
    for state in State::ALL {
        if let Ok(n) = engine.payouts_at(*state).await {
            metrics::gauge!("lingbao_payouts", "state" => state.name())
                .set(f64::from(i32::try_from(n).unwrap_or(i32::MAX)));
        }
    }
    if let Ok((fen, bills)) = engine.sent_total().await {
        metrics::gauge!("lingbao_sent_fen").set(fen as f64);
        metrics::gauge!("lingbao_bills").set(bills as f64);
    }
    handle.render()
}
