//! Mutual TLS as the payment host asks for it: a private CA, a merchant's certificate, a real handshake.
//! Whoever is not who they must be ends as *unknown*: no answer came that could be believed.

use crate::redpack::{KEY, packet, success};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::PrivateKeyDer;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use url::Url;
use wechat::pay::PayClient;
use wechat::pay::redpack::Outcome;

/// Somebody who hands out certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub struct Pair {
    pub cert: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    pub fn merchant(&self) -> Pair {
        let (cert, key) = self.issue("merchant.test");
        Pair { cert: cert.pem(), key: key.serialize_pem() }
    }

    /// A payment host on 127.0.0.1 that demands a certificate of this authority and answers a success.
    async fn payment_host(&self) -> Url {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
        let (cert, key) = self.issue("127.0.0.1");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // A handshake that fails is what some of the tests are about: the next caller is served.
                if let Ok(mut stream) = acceptor.accept(socket).await {
                    answer(&mut stream).await;
                }
            }
        });
        Url::parse(&url).unwrap()
    }
}

async fn answer<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(stream: &mut S) {
    let mut request = Vec::new();
    while !request.ends_with(b"</xml>") {
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => request.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    let body = success(&[]);
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/plain";
    let whole = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(whole.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

async fn send(host: &Url, pair: &Pair, ca: Option<&str>) -> Outcome {
    let ca = ca.map(str::as_bytes);
    let cert = pair.cert.as_bytes();
    let client = PayClient::new(host.clone(), cert, pair.key.as_bytes(), ca).unwrap();
    let frozen = packet().request_xml(KEY, "N").unwrap();
    client.send_redpack(&frozen).await
}

#[tokio::test]
async fn a_merchant_with_its_certificate_is_served() {
    let tencent = Authority::new();
    let host = tencent.payment_host().await;
    let outcome = send(&host, &tencent.merchant(), Some(&tencent.pem())).await;
    assert!(matches!(outcome, Outcome::Sent { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_certificate_of_somebody_else_gets_no_answer() {
    let (tencent, mallory) = (Authority::new(), Authority::new());
    let host = tencent.payment_host().await;
    let outcome = send(&host, &mallory.merchant(), Some(&tencent.pem())).await;
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
}

#[tokio::test]
async fn a_host_of_somebody_else_is_told_nothing() {
    let (tencent, mallory) = (Authority::new(), Authority::new());
    let host = mallory.payment_host().await;
    for ca in [Some(tencent.pem()), None] {
        let outcome = send(&host, &mallory.merchant(), ca.as_deref()).await;
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_once() {
    let base = Url::parse("https://127.0.0.1:1").unwrap();
    let tencent = Authority::new();
    let (ours, theirs) = (tencent.merchant(), tencent.merchant());
    let new = |cert: &str, key: &str, ca: Option<&str>| {
        let ca = ca.map(str::as_bytes);
        PayClient::new(base.clone(), cert.as_bytes(), key.as_bytes(), ca).map(drop)
    };
    assert_eq!(new(&ours.cert, &ours.key, None), Ok(()));
    assert_eq!(new(&ours.cert, &ours.key, Some(&tencent.pem())), Ok(()));
    assert!(new(&ours.cert, &theirs.key, None).is_err());
    assert!(new(&ours.cert, &ours.cert, None).is_err());
    assert!(new("", "", None).is_err());
    assert!(new(&ours.cert, &ours.key, Some("nothing")).is_err());
}
