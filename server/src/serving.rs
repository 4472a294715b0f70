//! Connections: each has a time to say what it wants, and there are only so many at once.
//! Refuses to wait for a head that trickles, and to keep anybody once the server stops and their request is answered.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// How long callers may take, and how many there may be. No setting: stories shorten it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the connection, or from the last answer, to the end of the next request's head.
    pub head_within: Duration,
    /// From a form's head to its last byte.
    pub body_within: Duration,
    /// Connections at once; more of them wait in the system's queue.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { head_within: Duration::from_secs(10), body_within: Duration::from_secs(10), connections: 4096 }
    }
}

/// After the system refused a connection (no file handle is free), it is not asked again for so long.
const AFTER_REFUSAL: Duration = Duration::from_millis(500);

/// Answers connections until `stop` says true; requests under way are finished first.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut connections = JoinSet::new();
    let mut stopping = std::pin::pin!(until(stop.clone()));
    loop {
        let (stream, peer, place) = tokio::select! {
            () = &mut stopping => break,
            accepted = accept(&listener, &places) => accepted,
        };
        while connections.try_join_next().is_some() {}
        let speaking = speak(stream, peer, app.clone(), limits.head_within, stop.clone());
        connections.spawn(async move {
            speaking.await;
            drop(place);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// The next connection, once there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let place = places.clone().acquire_owned().await.expect("the places are never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(AFTER_REFUSAL).await;
            }
        }
    }
}

async fn speak(stream: TcpStream, peer: SocketAddr, app: Router, head_within: Duration, stop: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let app = app.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            app.oneshot(request).await.map_err(|never: Infallible| never)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_within)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until(stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Resolves when `stop` says true; a sender that is gone has stopped too.
pub async fn until(mut stop: watch::Receiver<bool>) {
    let _gone = stop.wait_for(|stop| *stop).await.is_err();
}
