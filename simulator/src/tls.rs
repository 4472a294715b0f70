//! Certificates: an authority of its own, the payment side's certificate, and the merchant's, which serves mutual TLS and
//! the signatures of API v3 alike. It refuses to make new ones while the old files are there: the server was told their names.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha1::{Digest, Sha1};

use crate::Error;
use crate::keys::{MERCHANT_KEY_PEM, PUB_KEY_PEM};
use crate::store::write_private;

/// All PEM texts of one simulator.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    pub(crate) ca_pem: String,
    pub(crate) cert_pem: String,
    pub(crate) key_pem: String,
    server_cert_pem: String,
    server_key_pem: String,
}

const FILES: [&str; 5] = ["ca.pem", "apiclient_cert.pem", "apiclient_key.pem", "server_cert.pem", "server_key.pem"];
/// WeChat Pay's public key, beside them; it is the same in every folder.
const PUB_KEY_FILE: &str = "pub_key.pem";

impl Certificates {
    /// Reads the files of a folder, or makes and writes them; without a folder they live in memory.
    pub(crate) fn open(folder: Option<&Path>, mch_id: &str) -> Result<Self, Error> {
        let Some(folder) = folder else { return Self::make(mch_id) };
        write_private(&folder.join(PUB_KEY_FILE), PUB_KEY_PEM.as_bytes())?;
        let read = |name: &str| match fs::read_to_string(folder.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::new(format!("cannot read {}: {error}", folder.join(name).display()))),
        };
        let texts = FILES.iter().map(|name| read(name)).collect::<Result<Option<Vec<_>>, Error>>()?;
        if let Some([ca_pem, cert_pem, key_pem, server_cert_pem, server_key_pem]) =
            texts.and_then(|texts| <[String; 5]>::try_from(texts).ok())
        {
            return Ok(Self { ca_pem, cert_pem, key_pem, server_cert_pem, server_key_pem });
        }
        let made = Self::make(mch_id)?;
        let texts = [&made.ca_pem, &made.cert_pem, &made.key_pem, &made.server_cert_pem, &made.server_key_pem];
        for (name, text) in FILES.iter().zip(texts) {
            write_private(&folder.join(name), text.as_bytes())?;
        }
        Ok(made)
    }

    fn make(mch_id: &str) -> Result<Self, Error> {
        let failed = |error: rcgen::Error| Error::new(format!("cannot make certificates: {error}"));
        let ca_key = KeyPair::generate().map_err(failed)?;
        let mut ca = named(Vec::new(), "Simulated WeChat Pay CA").map_err(failed)?;
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let ca_pem = ca.self_signed(&ca_key).map_err(failed)?.pem();
        let issuer = Issuer::new(ca, ca_key);
        let leaf = |key: KeyPair, names: Vec<String>, name: &str, usage: ExtendedKeyUsagePurpose| {
            let mut params = named(names, name)?;
            params.use_authority_key_identifier_extension = true;
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![usage];
            params.serial_number = Some(serial_number(&ca_pem, name));
            Ok((params.signed_by(&key, &issuer)?.pem(), key.serialize_pem()))
        };
        let hosts = ["127.0.0.1", "::1", "localhost"].map(str::to_owned).to_vec();
        let server_key = KeyPair::generate().map_err(failed)?;
        let (server_cert_pem, server_key_pem) =
            leaf(server_key, hosts, "api.mch.weixin.qq.com (simulated)", ExtendedKeyUsagePurpose::ServerAuth)
                .map_err(failed)?;
        let merchant_key = KeyPair::from_pem(MERCHANT_KEY_PEM).map_err(failed)?;
        let (cert_pem, key_pem) =
            leaf(merchant_key, Vec::new(), mch_id, ExtendedKeyUsagePurpose::ClientAuth).map_err(failed)?;
        Ok(Self { ca_pem, cert_pem, key_pem, server_cert_pem, server_key_pem })
    }

    /// The payment side's TLS: a client certificate is asked for, and must be ours if it is shown.
    pub(crate) fn server_config(&self) -> Result<Arc<ServerConfig>, Error> {
        let failed = |what: &str| Error::new(format!("the stored certificates are not usable: {what}"));
        let chain = |pem: &str| -> Result<Vec<CertificateDer<'static>>, Error> {
            let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
            all.map_err(|error| failed(&error.to_string()))
        };
        let mut roots = RootCertStore::empty();
        for certificate in chain(&self.ca_pem)? {
            roots.add(certificate).map_err(|error| failed(&error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| failed(&error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(self.server_key_pem.as_bytes())
            .map_err(|error| failed(&error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error.to_string()))?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain(&self.server_cert_pem)?, key)
            .map_err(|error| failed(&error.to_string()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// Twenty bytes as WeChat's own certificates have them, of one authority and one name; the first bit is never set.
fn serial_number(ca_pem: &str, name: &str) -> SerialNumber {
    let mut bytes = Sha1::new().chain_update(ca_pem).chain_update(name).finalize().to_vec();
    bytes[0] = 0x40 | (bytes[0] & 0x3f);
    SerialNumber::from(bytes)
}

fn named(hosts: Vec<String>, name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Simulated WeChat Pay");
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2054, 1, 1);
    Ok(params)
}
