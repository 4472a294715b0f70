//! RSA public keys as WeChat Pay and the merchant's console deal them out: a PEM of a public key or of a certificate.
//! It takes the key and the serial number out and judges nothing else: neither dates nor issuers.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
/// 1.2.840.113549.1.1.1, rsaEncryption.
const RSA_ENCRYPTION: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The text is not the PEM that it should be, or its key is not an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a readable PEM of an RSA public key or certificate")]
pub struct NotAPublicKey;

/// The key of a certificate, and the certificate's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// The serial number in upper-case hex, as `Wechatpay-Serial` and `serial_no` spell it.
    pub serial_no: String,
    /// The key, as PKCS#1.
    pub key: Vec<u8>,
}

/// The RSA key (PKCS#1) in a `PUBLIC KEY` PEM.
///
/// # Errors
/// [`NotAPublicKey`].
pub fn from_public_key_pem(pem: &str) -> Result<Vec<u8>, NotAPublicKey> {
    let spki = SubjectPublicKeyInfoDer::from_pem_slice(pem.as_bytes()).map_err(|_| NotAPublicKey)?;
    Der(&spki).take(SEQUENCE).and_then(key_of_spki).ok_or(NotAPublicKey)
}

/// The serial number and the RSA key of a `CERTIFICATE` PEM.
///
/// # Errors
/// [`NotAPublicKey`].
pub fn from_certificate_pem(pem: &str) -> Result<Certified, NotAPublicKey> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| NotAPublicKey)?;
    let (serial_no, spki) = serial_and_spki(&certificate).ok_or(NotAPublicKey)?;
    let key = key_of_spki(spki).ok_or(NotAPublicKey)?;
    Ok(Certified { serial_no, key })
}

/// `Certificate ::= { { [0] version?, serial, signature, issuer, validity, subject, spki, … }, … }`
fn serial_and_spki(certificate: &[u8]) -> Option<(String, Der<'_>)> {
    let mut tbs = Der(certificate).take(SEQUENCE)?.take(SEQUENCE)?;
    if tbs.0.first() == Some(&VERSION) {
        tbs.take(VERSION)?;
    }
    let serial = tbs.take(INTEGER)?.0;
    for _signature_issuer_validity_subject in 0..4 {
        tbs.take(SEQUENCE)?;
    }
    let serial = serial.strip_prefix(&[0]).unwrap_or(serial);
    Some((hex::encode_upper(serial), tbs.take(SEQUENCE)?))
}

/// `SubjectPublicKeyInfo ::= { { algorithm, NULL }, BIT STRING { 0 unused bits, RSAPublicKey } }`
fn key_of_spki(mut spki: Der<'_>) -> Option<Vec<u8>> {
    let algorithm = spki.take(SEQUENCE)?;
    if !algorithm.0.starts_with(RSA_ENCRYPTION) {
        return None;
    }
    let bits = spki.take(BIT_STRING)?;
    bits.0.strip_prefix(&[0]).map(<[u8]>::to_vec)
}

/// What is still to be read of a DER text.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element, which must have this tag.
    fn take(&mut self, tag: u8) -> Option<Der<'a>> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            0x80 | 0x84..=0xff => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Der(content))
    }
}
