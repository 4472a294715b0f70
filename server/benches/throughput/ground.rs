//! The ground of the measurement: a server on a fresh database, its followers, and their requests as bytes.
//! Refuses shortcuts around the product: tickets come from the replies to signed pushes, and the books are proved.

use crate::load::Run;
use axum::http::header::HeaderValue;
use engine::{Clock, Draw};
use rules::campaign::Campaign;
use rules::ids::{Appid, Openid, TicketCode};
use server::config::{self, Config};
use server::person::Person;
use server::running::{self, Running};
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use wechat::callback::{self, Keys, Query};
use wechat::message::Content;

const DEMO: &str = include_str!("../../../simulator/demo.toml");
/// The demo's subscription account in safe mode, and the service account that pays.
const SHOP: &str = "wx1a2b3c4d5e6f0001";
const PAYER: &str = "wx1a2b3c4d5e6f0004";

/// A server under measurement.
pub struct Ground {
    /// Where everything lies.
    pub folder: PathBuf,
    /// Where the server listens.
    pub addr: SocketAddr,
    running: Running,
    config: Config,
    keys: Keys,
    campaign: Campaign,
}

/// A person whose follow was answered.
pub struct Follower {
    openid: Openid,
    ticket: TicketCode,
}

fn said<E: Display>(what: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

impl Ground {
    /// Makes a folder beside the build, imports the demo with a budget that lasts, and starts the server without its worker.
    pub async fn prepare() -> Result<Self, String> {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).map_err(said("the folder"))?;
        let settings = [
            ("LINGBAO__SERVER__LISTEN", "127.0.0.1:0".to_owned()),
            ("LINGBAO__DATABASE__URL", format!("sqlite://{}", folder.join("lingbao.db").display())),
        ];
        let environment = settings.into_iter().map(|(name, value)| (name.to_owned(), value));
        let config = config::gather(None, environment).and_then(|raw| Config::check(&raw)).map_err(said("settings"))?;
        let running = running::start(config.clone(), Clock::real(), Draw::system(), false).await;
        let running = running.map_err(said("the server"))?;
        let engine = &running.engine;
        // Nothing is paid here, so any text serves as the merchant's certificate.
        let pem = folder.join("merchant.pem");
        std::fs::write(&pem, "none").map_err(said("the certificate"))?;
        let demo = DEMO
            .replace("data/simulator/apiclient_cert.pem", &pem.display().to_string())
            .replace("data/simulator/apiclient_key.pem", &pem.display().to_string())
            .replace("pub_key_file = \"data/simulator/pub_key.pem\"\n", "")
            .replace("budget_fen = 1000000", "budget_fen = 1000000000");
        server::import::import(engine, &demo).await.map_err(said("the import"))?;
        let shop = engine.credentials(&Appid::try_from(SHOP).expect("the demo's appid")).await;
        let keys = shop.map_err(said("the account"))?.callback.ok_or("the demo's account has no keys")?;
        let campaign = engine.campaigns().await.map_err(said("the campaign"))?.remove(0);
        Ok(Self { folder, addr: running.addr, running, config, keys, campaign })
    }

    /// `n` new people and the pushes of their follows. `batch` keeps them apart from those before.
    pub fn pushes(&self, batch: usize, n: usize) -> (Vec<Openid>, Vec<Vec<u8>>) {
        let secs = self.running.engine.clock().now().secs();
        (0..n)
            .map(|i| {
                let openid = Openid::try_from(format!("oBench-{batch:04}-{i:016}")).expect("an openid's letters");
                let push = self.push(&openid, secs, &format!("{batch:04}{i:08}"));
                (openid, push)
            })
            .unzip()
    }

    /// A subscribe event as WeChat sends it to an account in safe mode.
    fn push(&self, openid: &Openid, secs: i64, nonce: &str) -> Vec<u8> {
        let xml = format!(
            "<xml><ToUserName><![CDATA[gh_shanyecoffee]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
             <CreateTime>{secs}</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[subscribe]]></Event>\
             <EventKey><![CDATA[]]></EventKey></xml>"
        );
        // A sealed reply and a sealed push are one format: only the place of the signature differs.
        let key = self.keys.aes_keys.first().expect("the demo's shop has a key");
        let sealed = callback::seal_reply(&self.keys, key, &xml, secs, nonce, Draw::system().bytes());
        let covered = word(&sealed, "MsgSignature");
        let signature = callback::signature(&[&self.keys.token, &secs.to_string(), nonce]);
        let path = format!(
            "/wechat/{SHOP}?signature={signature}&timestamp={secs}&nonce={nonce}&openid={openid}\
             &encrypt_type=aes&msg_signature={covered}"
        );
        let body = format!(
            "<xml><ToUserName><![CDATA[gh_shanyecoffee]]></ToUserName><Encrypt><![CDATA[{}]]></Encrypt></xml>",
            word(&sealed, "Encrypt")
        );
        post(&path, "text/xml", "", &body)
    }

    /// Opens the sealed replies as WeChat does and takes each person's link out of them.
    pub fn answered(&self, people: Vec<Openid>, run: &Run) -> Result<Vec<Follower>, String> {
        people
            .into_iter()
            .zip(&run.answers)
            .map(|(openid, answer)| {
                let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
                let query = Query {
                    timestamp: Some(between(body, "<TimeStamp>", "</TimeStamp>").to_owned()),
                    nonce: Some(word(body, "Nonce").to_owned()),
                    encrypt_type: Some("aes".to_owned()),
                    msg_signature: Some(word(body, "MsgSignature").to_owned()),
                    ..Query::default()
                };
                let now = self.running.engine.clock().now().secs();
                let reply = callback::open(&self.keys, &query, body.as_bytes(), now).map_err(said("a reply"))?;
                let Content::Text { content, .. } = reply.message.content else {
                    return Err("a reply is no text".to_owned());
                };
                let code = between(&content, "?t=", "\"");
                let ticket = TicketCode::try_from(code).map_err(|_| format!("a reply without its link: {content}"))?;
                Ok(Follower { openid, ticket })
            })
            .collect()
    }

    /// Binds every ticket to its person, as the link's opening does, and makes their claim forms.
    pub async fn claim_requests(&self, followers: &[Follower]) -> Result<Vec<Vec<u8>>, String> {
        let mut requests = Vec::new();
        for follower in followers {
            let opened = self.running.engine.open_ticket(&self.campaign, &follower.ticket, &follower.openid).await;
            opened.map_err(said("a ticket"))?.map_err(|refusal| format!("a ticket was refused: {refusal:?}"))?;
            let person = self.person(follower);
            let token = person.form_token(self.running.engine.vault(), &self.campaign.slug);
            let form = format!("campaign={}&form_token={token}", self.campaign.slug);
            requests.push(post("/api/public/claim", "application/x-www-form-urlencoded", &self.cookie(&person), &form));
        }
        Ok(requests)
    }

    /// The claim page as people who have claimed load it, `n` times.
    pub fn page_requests(&self, followers: &[Follower], n: usize) -> Vec<Vec<u8>> {
        let page = |follower| {
            let cookie = self.cookie(&self.person(follower));
            format!("GET /c/{} HTTP/1.1\r\nHost: bench\r\nCookie: {cookie}\r\n\r\n", self.campaign.slug).into_bytes()
        };
        followers.iter().cycle().take(n).map(page).collect()
    }

    fn person(&self, follower: &Follower) -> Person {
        let appid = Appid::try_from(PAYER).expect("the demo's appid");
        Person { appid, openid: follower.openid.clone(), unionid: None, at: self.running.engine.clock().now() }
    }

    fn cookie(&self, person: &Person) -> String {
        let cookie: HeaderValue = person.cookie(&self.config, self.running.engine.vault());
        let text = cookie.to_str().unwrap_or_default();
        text.split(';').next().unwrap_or_default().to_owned()
    }

    /// Proves that `claims` claims are there and that the books agree; then stops and removes everything.
    pub async fn close(self, claims: usize) -> Result<(), String> {
        let engine = &self.running.engine;
        let queued = engine.payouts_at(rules::payout::State::Queued).await.map_err(said("the payouts"))?;
        if usize::try_from(queued) != Ok(claims) {
            return Err(format!("{claims} claims were granted, but {queued} payouts wait"));
        }
        if let Some(difference) = engine.verify().await.map_err(said("the books"))? {
            return Err(format!("the books do not agree: {} at {}", difference.rule, difference.at));
        }
        self.running.stop().await;
        std::fs::remove_dir_all(&self.folder).map_err(said("the folder"))
    }
}

fn post(path: &str, content_type: &str, cookie: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {content_type}\r\nCookie: {cookie}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The text of an element that stands in CDATA.
fn word<'a>(xml: &'a str, name: &str) -> &'a str {
    between(xml, &format!("<{name}><![CDATA["), "]]>")
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map_or("", |(found, _)| found)
}
