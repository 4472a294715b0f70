//! Small real servers on 127.0.0.1 for the tests to talk to.
//! Each lives as long as its test's runtime; none knows the crate it serves.

use axum::Router;
use url::Url;
use wechat::{Client, Hosts};

/// Serves `router` on a free port.
pub async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Url::parse(&format!("http://{address}")).unwrap()
}

/// A client whose every host is `base`.
pub fn client(base: &Url) -> Client {
    let hosts = Hosts { api: base.clone(), open: base.clone(), mp: base.clone(), pay: base.clone(), js: base.clone() };
    Client::new(hosts).unwrap()
}
