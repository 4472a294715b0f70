//! People: a browser with its own cookies, and a follower whose browser is WeChat's and who has a phone.
//! Refuses to follow a redirect without keeping its cookies, and to run a script.

use crate::world::World;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Mutex;

/// WeChat's own browser.
pub const WECHAT: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0.50 NetType/4G";

/// A browser with a jar of cookies of one host: ports do not keep cookies apart.
pub struct Browser<'w> {
    world: &'w World,
    agent: &'static str,
    ip: String,
    jar: Mutex<BTreeMap<String, String>>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Page {
    /// The status.
    pub status: u16,
    /// The address that answered.
    pub url: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub html: String,
}

/// The first POST form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it goes.
    pub action: String,
    /// Its own fields.
    pub fields: Vec<(String, String)>,
}

impl Page {
    /// What stands behind the style sheet.
    pub fn main(&self) -> &str {
        self.html.find("<main").map_or(&self.html, |at| &self.html[at..])
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        attribute(self.main(), name)
    }

    /// The state of a claim page, or nothing.
    pub fn state(&self) -> &str {
        self.attribute("data-state").unwrap_or("")
    }

    /// The reason of a refusal, or nothing.
    pub fn refusal(&self) -> &str {
        self.attribute("data-refusal").unwrap_or("")
    }

    /// The amount that the page shows.
    pub fn amount_fen(&self) -> Option<i64> {
        self.attribute("data-amount-fen").map(|fen| fen.parse().unwrap())
    }

    /// Where a redirect leads.
    pub fn location(&self) -> Option<&str> {
        self.headers.get("location").map(|to| to.to_str().unwrap())
    }

    /// All that it sets.
    pub fn cookies(&self) -> Vec<&str> {
        self.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }

    /// The page's first POST form.
    pub fn form(&self) -> Form {
        let form = self.html.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        let form = form.into_iter().find(|form| form.contains("method=\"post\"")).expect("the page has a form");
        let inputs = form.split("<input").skip(1).map(|input| input.split('>').next().unwrap());
        let fields = inputs.map(|input| {
            let of = |name| attribute(input, name).unwrap_or("").to_owned();
            (of("name"), of("value"))
        });
        Form { action: attribute(form, "action").unwrap().to_owned(), fields: fields.collect() }
    }
}

fn attribute<'a>(html: &'a str, name: &str) -> Option<&'a str> {
    let mark = format!("{name}=\"");
    html.split_once(&mark).map(|(_, rest)| rest.split('"').next().unwrap())
}

impl<'w> Browser<'w> {
    /// A browser without cookies.
    pub fn new(world: &'w World, agent: &'static str, ip: &str) -> Self {
        Self { world, agent, ip: ip.to_owned(), jar: Mutex::default() }
    }

    /// The value of a cookie that this browser keeps.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.lock().unwrap().get(name).cloned()
    }

    /// Puts a cookie into the jar by hand.
    pub fn keeps(&self, name: &str, value: &str) {
        self.jar.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    /// How many bytes an address weighs on the wire in one content coding, head not counted.
    pub async fn weighs(&self, url: &str, coding: &str) -> usize {
        let request = self.world.http.get(self.world.url(url)).header("user-agent", self.agent);
        let request = request.header("cookie", self.cookies()).header("accept-encoding", coding);
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{url}");
        let coded = response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(coded.as_deref(), (coding != "identity").then_some(coding), "{url}");
        response.bytes().await.unwrap().len()
    }

    fn cookies(&self) -> String {
        let jar = self.jar.lock().unwrap();
        jar.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn learns(&self, page: &Page) {
        let mut jar = self.jar.lock().unwrap();
        for cookie in page.cookies() {
            let (pair, rest) = cookie.split_once(';').unwrap_or((cookie, ""));
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// One request, with a header more, and no redirect followed.
    pub async fn sends(&self, method: Method, url: &str, extra: &[(&str, &str)], body: Option<String>) -> Page {
        let url = if url.starts_with('/') { self.world.url(url) } else { url.to_owned() };
        let mut request = self
            .world
            .http
            .request(method, &url)
            .header("user-agent", self.agent)
            .header("x-forwarded-for", &self.ip)
            .header("cookie", self.cookies());
        for (name, value) in extra {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap_or_else(|error| panic!("{url}: {error:?}"));
        let page = Page {
            status: response.status().as_u16(),
            url,
            headers: response.headers().clone(),
            html: response.text().await.unwrap(),
        };
        self.learns(&page);
        page
    }

    /// One GET.
    pub async fn gets(&self, url: &str) -> Page {
        self.sends(Method::GET, url, &[], None).await
    }

    /// One POST of a form, from our own site.
    pub async fn posts<K: AsRef<str>, V: AsRef<str>>(&self, url: &str, fields: &[(K, V)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let origin = self.world.config.public_url.clone();
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin.as_str())];
        self.sends(Method::POST, url, &headers, Some(body)).await
    }

    async fn follows_redirects(&self, mut page: Page) -> Page {
        for _ in 0..10 {
            let Some(to) = page.location() else { return page };
            let to = url::Url::parse(&page.url).unwrap().join(to).unwrap();
            page = self.gets(to.as_str()).await;
        }
        panic!("a circle of redirects at {}", page.url);
    }

    /// Opens an address and goes wherever it leads.
    pub async fn opens(&self, url: &str) -> Page {
        let page = self.gets(url).await;
        self.follows_redirects(page).await
    }

    /// Presses the button of a page's form and goes wherever it leads.
    pub async fn presses(&self, page: &Page) -> Page {
        let form = page.form();
        let page = self.posts(&form.action, &form.fields).await;
        self.follows_redirects(page).await
    }
}

/// A packet in a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// The merchant's number.
    pub bill_no: String,
    /// How much.
    pub amount_fen: i64,
    /// sent, collected or returned.
    pub state: String,
}

/// A person with a phone, and WeChat's browser on it.
pub struct Follower<'w> {
    world: &'w World,
    /// The phone's name in the simulator.
    pub phone: String,
    browser: Browser<'w>,
}

impl<'w> Deref for Follower<'w> {
    type Target = Browser<'w>;

    fn deref(&self) -> &Self::Target {
        &self.browser
    }
}

impl<'w> Follower<'w> {
    /// The owner of a phone that is there.
    pub fn new(world: &'w World, phone: &str, ip: &str) -> Self {
        let browser = Browser::new(world, WECHAT, ip);
        browser.keeps("sim_phone", phone);
        Self { world, phone: phone.to_owned(), browser }
    }

    /// The same person with an empty jar, as after reinstalling WeChat.
    pub fn afresh(&self) -> Self {
        Self::new(self.world, &self.phone, &self.browser.ip)
    }

    async fn does(&self, what: &str, body: Value) -> Value {
        self.world.sim(&format!("/_sim/phones/{}/{what}", self.phone), &body).await
    }

    async fn looks(&self) -> Value {
        self.world.sim_get(&format!("/_sim/phones/{}", self.phone)).await
    }

    /// Follows an account; the link in its answer, if there is one.
    pub async fn follows(&self, appid: &str) -> Option<String> {
        let told = self.does("follow", json!({ "appid": appid })).await;
        self.link_in(appid, &told).await
    }

    /// Leaves an account.
    pub async fn leaves(&self, appid: &str) {
        self.does("unfollow", json!({ "appid": appid })).await;
    }

    /// Writes to an account; the link in its answer, if there is one.
    pub async fn says(&self, appid: &str, text: &str) -> Option<String> {
        let told = self.does("send", json!({ "appid": appid, "text": text })).await;
        self.link_in(appid, &told).await
    }

    /// The last line of the account in its chat.
    pub async fn last_said(&self, appid: &str) -> String {
        let seen = self.looks().await;
        let lines = seen["chats"].as_array().unwrap();
        let last =
            lines.iter().rfind(|line| line["appid"] == appid && line["from"] == "account").expect("it said something");
        last["text"].as_str().unwrap().to_owned()
    }

    async fn link_in(&self, appid: &str, told: &Value) -> Option<String> {
        told["reply"].as_str()?;
        let seen = self.looks().await;
        let last = seen["chats"].as_array().unwrap().iter().rfind(|line| line["appid"] == appid).cloned()?;
        last["url"].as_str().map(str::to_owned)
    }

    /// Follows an account and opens the link in its answer.
    pub async fn comes_through(&self, appid: &str) -> Page {
        let link = self.follows(appid).await.expect("the answer holds a link");
        self.opens(&link).await
    }

    /// Follows an account, opens the link in its answer and presses the button.
    pub async fn claims(&self, appid: &str) -> Page {
        let page = self.comes_through(appid).await;
        assert_eq!(page.state(), "ready", "{}", page.main());
        self.presses(&page).await
    }

    /// The openid of this person under an account.
    pub async fn openid(&self, appid: &str) -> String {
        self.looks().await["openids"][appid].as_str().unwrap().to_owned()
    }

    /// What lies in the wallet.
    pub async fn wallet(&self) -> Vec<Packet> {
        let seen = self.looks().await;
        let packets = seen["wallet"].as_array().unwrap().iter();
        packets
            .map(|packet| Packet {
                bill_no: packet["bill_no"].as_str().unwrap().to_owned(),
                amount_fen: packet["amount_fen"].as_i64().unwrap(),
                state: packet["state"].as_str().unwrap().to_owned(),
            })
            .collect()
    }

    /// All that came into the wallet.
    pub async fn received_fen(&self) -> i64 {
        self.wallet().await.iter().map(|packet| packet.amount_fen).sum()
    }

    /// Opens the one packet in the wallet.
    pub async fn opens_the_packet(&self) {
        let wallet = self.wallet().await;
        assert_eq!(wallet.len(), 1, "{wallet:?}");
        self.takes(&wallet[0]).await;
    }

    /// Opens this packet of the wallet.
    pub async fn takes(&self, packet: &Packet) {
        self.does("collect", json!({ "bill_no": packet.bill_no })).await;
    }

    /// WeChat takes this phone for a snapshot user.
    pub async fn becomes_a_snapshot(&self) {
        self.does("snapshot", json!({ "on": true })).await;
    }
}
