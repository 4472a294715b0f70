//! The connection to WeChat Pay: mutual TLS with the merchant's certificate, one POST at a time.
//! It follows no redirect, retries nothing, and reads at most 1 MiB of an answer.
//!
//! Page: <https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=4_3>

use crate::error::{Error, Kind};
use crate::http::{Fetched, at, fetch};
use crate::xml::{self, Element};
use std::time::Duration;
use url::Url;

/// A client of WeChat Pay v2 for one merchant. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PayClient {
    http: reqwest::Client,
    pay: Url,
}

impl PayClient {
    /// A client with 3 s to connect and 10 s in all, showing the certificate pair that the merchant's console deals
    /// out (`apiclient_cert.pem`, `apiclient_key.pem`). With `ca_pem` only those roots are trusted, without it
    /// the usual public ones.
    ///
    /// # Errors
    /// [`Kind::Invalid`] when a PEM cannot be read or the pair does not fit.
    pub fn new(pay: Url, cert_pem: &[u8], key_pem: &[u8], ca_pem: Option<&[u8]>) -> Result<PayClient, Error> {
        let invalid = |said| Error::new(Kind::Invalid, "merchant certificate", said);
        let pem = [cert_pem, b"\n", key_pem].concat();
        let identity = reqwest::Identity::from_pem(&pem)
            .map_err(|_| invalid("the merchant's certificate or key is no readable PEM"))?;
        let builder = connection(ca_pem)?.identity(identity);
        let http = builder.build().map_err(|_| invalid("the certificate and the key do not fit together"))?;
        Ok(PayClient { http, pay })
    }

    /// Posts one XML and reads one; the words say why there is no answer to believe.
    pub(crate) async fn post(&self, path: &'static str, body: &str) -> Result<Element, String> {
        let request =
            self.http.post(at(&self.pay, path)).header("content-type", "text/xml; charset=utf-8").body(body.to_owned());
        let Fetched { status, body: answer, .. } = fetch(path, request).await.map_err(|e| e.to_string())?;
        if status != reqwest::StatusCode::OK {
            return Err(format!("{path}: HTTP {}", status.as_u16()));
        }
        xml::read(&answer).map_err(|e| format!("{path}: {e}"))
    }
}

/// What all connections to WeChat Pay have in common.
pub(super) fn connection(ca_pem: Option<&[u8]>) -> Result<reqwest::ClientBuilder, Error> {
    let invalid = |said| Error::new(Kind::Invalid, "root certificates", said);
    let builder = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(3))
        .timeout(Duration::from_secs(10))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .use_rustls_tls();
    let Some(ca_pem) = ca_pem else { return Ok(builder) };
    let roots = reqwest::Certificate::from_pem_bundle(ca_pem).map_err(|_| invalid("the CA file is no readable PEM"))?;
    if roots.is_empty() {
        return Err(invalid("the CA file holds no certificate"));
    }
    let only_these = builder.tls_built_in_root_certs(false);
    Ok(roots.into_iter().fold(only_these, reqwest::ClientBuilder::add_root_certificate))
}
