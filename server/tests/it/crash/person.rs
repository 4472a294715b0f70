//! People who follow and claim over HTTP, as stubbornly as a person in front of a page that breaks off.
//! Refuses a page that shows another amount than before.

use super::SHOP;
use super::world::World;
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;

/// Somebody with a phone.
pub(super) struct Person<'a> {
    pub(super) world: &'a World,
    pub(super) id: String,
    pub(super) cookies: BTreeMap<String, String>,
    /// The open claim page.
    pub(super) ready: Option<Page>,
    /// Whether the form's answer arrived.
    pub(super) told: bool,
    /// The amount that a page showed.
    pub(super) promised_fen: Option<i64>,
}

/// What a person sees.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) state: String,
    pub(super) amount_fen: Option<i64>,
    pub(super) form: Vec<(String, String)>,
    pub(super) action: String,
}

impl Person<'_> {
    /// Follows the shop. WeChat delivers the push up to three times, and this returns when that has ended.
    pub(super) async fn follows(&self) {
        self.world.wechat(&format!("phones/{}/follow", self.id), json!({ "appid": SHOP })).await;
    }

    /// The link of the last automatic reply.
    pub(super) async fn link(&self) -> String {
        let phone = self.world.asks(&format!("phones/{}", self.id)).await;
        let chats = phone["chats"].as_array().unwrap();
        let link = chats.iter().rev().find_map(|line| line["url"].as_str());
        link.unwrap_or_else(|| panic!("no reply with a link: {phone}")).to_owned()
    }

    /// The states of the packets in their wallet.
    pub(super) async fn wallet(&self) -> Vec<String> {
        let phone = self.world.asks(&format!("phones/{}", self.id)).await;
        let wallet = phone["wallet"].as_array().unwrap();
        wallet.iter().map(|packet| packet["state"].as_str().unwrap().to_owned()).collect()
    }

    /// Opens the link and taps, again whenever the page breaks off, until a page shows the packet.
    pub(super) async fn claims(&mut self) {
        let link = self.link().await;
        loop {
            let Some(page) = self.load(&link, None).await else { continue };
            match page.state.as_str() {
                "ready" => {
                    self.ready = Some(page);
                    self.taps().await;
                }
                "paying" | "sent" | "collected" | "already" => {
                    let before = self.promised_fen.replace(page.amount_fen.unwrap());
                    assert!(before.is_none_or(|fen| Some(fen) == self.promised_fen), "the amount changed");
                    return;
                }
                _ => panic!("the claim page shows {page:?}"),
            }
        }
    }

    /// Submits the open page's form once. Nothing is learned when the connection breaks.
    pub(super) async fn taps(&mut self) {
        let page = self.ready.take().unwrap();
        let url = format!("{}{}", self.world.url, page.action);
        if let Some(page) = self.load(&url, Some(&page.form)).await {
            assert!(page.amount_fen.is_some(), "after the tap: {page:?}");
            self.promised_fen = page.amount_fen;
        }
    }

    /// Loads a page through all its redirects; nothing when the server died meanwhile.
    pub(super) async fn load(&mut self, url: &str, form: Option<&[(String, String)]>) -> Option<Page> {
        let mut url: reqwest::Url = url.parse().unwrap();
        let mut form = form;
        for _ in 0..12 {
            let taps = form.is_some();
            let request = match form.take() {
                Some(fields) => {
                    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                    let request = self.world.http.post(url.clone()).body(body);
                    request.header("content-type", "application/x-www-form-urlencoded")
                }
                None => self.world.http.get(url.clone()),
            };
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let request = request.header("cookie", cookies.join("; ")).header("user-agent", "MicroMessenger/8.0.50");
            let answer = request.send().await.ok()?;
            for cookie in answer.headers().get_all("set-cookie") {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if answer.status().is_redirection() {
                self.told |= taps;
                url = url.join(answer.headers()["location"].to_str().unwrap()).unwrap();
                continue;
            }
            let status = answer.status();
            // A clock that jumps meanwhile makes the way through web OAuth too long.
            let too_late = status == StatusCode::BAD_REQUEST && url.path().starts_with("/oauth/");
            if self.world.rough && (status.is_server_error() || too_late) {
                return None;
            }
            let html = answer.text().await.ok()?;
            assert!(status.is_success(), "{url} answered {status}: {html}");
            return Some(Page::read(&html));
        }
        panic!("{url} goes round in circles");
    }
}

impl Page {
    pub(super) fn read(html: &str) -> Self {
        let form =
            html.split_once("<form").and_then(|(_, rest)| rest.split_once("</form>")).map_or("", |(form, _)| form);
        let field = |input: &str| Some((attribute(input, "name")?, attribute(input, "value")?));
        Self {
            state: attribute(html, "data-state").unwrap_or_default(),
            amount_fen: attribute(html, "data-amount-fen").and_then(|fen| fen.parse().ok()),
            form: form.split("<input").skip(1).filter_map(field).collect(),
            action: attribute(form, "action").unwrap_or_default(),
        }
    }
}

/// The first value of an attribute.
fn attribute(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}
