//! Web OAuth as drivers and phones meet it: who is asked for consent, and who is a virtual user.
//! It refuses to follow a redirect; where it leads is what is tried.

use crate::{SERVICE, World, world};

impl World {
    /// The status of the authorise call, and the page when there is one.
    async fn asks(&self, host: Option<String>, more: &str) -> (u16, String) {
        let path = self.authorise(SERVICE, "snsapi_userinfo", &format!("{}/back", self.server));
        let mut request = self.http.get(format!("{}{path}{more}", self.running.url));
        if let Some(host) = host {
            request = request.header("host", host);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

#[tokio::test]
async fn a_program_gets_its_code_at_once_and_a_person_is_asked() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let port = world.running.url.rsplit(':').next().unwrap();
    let phone = Some(format!("{ming}.phone.localhost:{port}"));
    assert_eq!(world.asks(None, &format!("&sim_phone={ming}")).await.0, 302);
    let (status, page) = world.asks(None, &format!("&sim_phone={ming}&sim_ask=1")).await;
    assert!(status == 200 && page.contains("允许"), "{page}");
    let (status, page) = world.asks(phone.clone(), "").await;
    assert!(status == 200 && page.contains("name=\"sim_consent\""), "{page}");
    assert_eq!(world.asks(phone, "&sim_consent=1").await.0, 302);
}

#[tokio::test]
async fn a_page_may_ask_for_the_snapshot_itself() {
    let world = world().await;
    let ming = world.phone("小明").await;
    let path = world.authorise(SERVICE, "snsapi_userinfo", &format!("{}/back", world.server));
    let asked = world.http.get(format!("{}{path}&forceSnapShot=true&sim_phone={ming}&sim_ask=1", world.running.url));
    let moved = asked.send().await.unwrap();
    let location = url::Url::parse(moved.headers()["location"].to_str().unwrap()).unwrap();
    let code = location.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
    let token = world.exchange(&code).await;
    assert_eq!(token["is_snapshotuser"], 1);
    assert_ne!(token["openid"], world.openid(&ming).await);
    assert!(world.exchange(&world.code(&ming, "snsapi_userinfo").await).await.get("is_snapshotuser").is_none());
}
