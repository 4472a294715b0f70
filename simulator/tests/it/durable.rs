//! What stays over a restart, and over an end that nobody announced.
//! It refuses to share a folder between two tests.

use std::path::PathBuf;

use simulator::Options;

use crate::{demo, merchant_server};

/// A folder of this test's own, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("wechat-simulator-{name}-{}", std::process::id())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} stays behind: {error}", self.0.display());
        }
    }
}

#[tokio::test]
async fn a_certificate_that_is_missing_stops_the_start_and_makes_no_new_ones() {
    let (server, _merchant) = merchant_server().await;
    let folder = Folder::new("missing");
    let mut options = Options::new(demo(), &server);
    options.data = Some(folder.0.clone());
    let first = simulator::start(options.clone()).await.unwrap();
    let cert_pem = first.cert_pem.clone();
    first.stop().await.unwrap();
    let ca = folder.0.join("ca.pem");
    let kept = std::fs::read(&ca).unwrap();
    std::fs::remove_file(&ca).unwrap();
    let said = simulator::start(options.clone()).await.err().unwrap().to_string();
    assert!(said.contains("but not ca.pem") && !said.contains("key"), "{said}");
    assert!(!ca.exists());
    std::fs::write(&ca, kept).unwrap();
    assert_eq!(simulator::start(options).await.unwrap().cert_pem, cert_pem);
}
