//! Listening sockets: plain and TLS connections, and the cut that a fault asks for.
//! It refuses to keep connections open after the stop; what is under way gets a moment and is then dropped.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::middleware::Next;
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::answer::{Cut, http_500};
use crate::tls::Guard;

/// How long a handshake, or the head of a request, may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long connections may finish after the stop.
const FAREWELL: Duration = Duration::from_millis(300);

/// Whether the caller showed a certificate, and whether our authority signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientCertificate {
    Shown,
    Wrong,
    Absent,
}

/// What the payment side needs for a handshake.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    guard: Arc<Guard>,
}

impl Tls {
    /// TLS with a shared configuration and the guard inside it.
    pub(crate) fn new((config, guard): (Arc<rustls::ServerConfig>, Arc<Guard>)) -> Self {
        Self { acceptor: TlsAcceptor::from(config), guard }
    }
}

/// Lets a call end its work although its caller has gone: WeChat does not stop paying because a line broke.
pub(crate) async fn outlive(request: axum::extract::Request, next: Next) -> axum::response::Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a call broke off");
            http_500()
        }
    }
}

/// Answers connections until `stop` says true.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, app: Router, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let one = connection(stream, peer, tls.clone(), app.clone(), stop.clone());
                connections.spawn(one);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::task::yield_now().await;
            }
        }
    }
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(FAREWELL, all).await.is_err() {
        connections.abort_all();
    }
}

async fn connection(
    stream: tokio::net::TcpStream,
    peer: SocketAddr,
    tls: Option<Tls>,
    app: Router,
    stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection is gone already");
        return;
    }
    let Some(tls) = tls else {
        return speak(stream, peer, ClientCertificate::Absent, app, stop).await;
    };
    match tokio::time::timeout(PATIENCE, tls.acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let certificate = tls.guard.recognise(stream.get_ref().1.peer_certificates());
            speak(stream, peer, certificate, app, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn speak<S>(
    stream: S,
    peer: SocketAddr,
    certificate: ClientCertificate,
    app: Router,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let app = app.clone();
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(certificate);
            request.extensions_mut().insert(ConnectInfo(peer));
            let response = app.oneshot(request).await.unwrap_or_else(|never: Infallible| match never {});
            if response.extensions().get::<Cut>().is_some() {
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
            Ok(response)
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE * 4)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Waits for the stop; a simulator that was dropped has stopped too.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    let told = stop.wait_for(|stop| *stop).await.is_ok();
    tracing::trace!(told, "the simulator stops");
}

/// Listens on an address.
pub(crate) async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), crate::Error> {
    let failed = |error: io::Error| crate::Error::new(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    Ok((listener, local))
}
