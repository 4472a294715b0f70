//! What a person does on a phone: follow, unfollow, write, open a packet.
//! It refuses to answer before the deliveries to the server have ended, so that a caller may look at once.

use serde::Serialize;

use crate::config::{Account, Mode};
use crate::push::{Delivery, Happening, deliver};
use crate::reply::{APOLOGY, Heard, Said, line};
use crate::sim::Sim;
use crate::world::{Follow, Line, State, Writer};

/// A request that cannot be done: HTTP status and one sentence.
#[derive(Debug)]
pub(crate) struct Refused(pub(crate) u16, pub(crate) String);

/// What came of a follow, an unfollow or a message.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    followed: bool,
    deliveries: Vec<Delivery>,
    reply: Option<String>,
}

pub(crate) fn account<'a>(sim: &'a Sim, appid: &str) -> Result<&'a Account, Refused> {
    sim.config.account(appid).ok_or_else(|| Refused(404, format!("there is no account {appid}")))
}

fn no_phone(id: &str) -> Refused {
    Refused(404, format!("there is no phone {id}"))
}

/// A scene as the caller of a follow names it.
#[derive(Debug, Clone)]
pub(crate) struct Scanned {
    pub(crate) scene: String,
    /// Named as a JSON number.
    pub(crate) by_number: bool,
}

/// The ticket of the account's QR code with this scene, and whether that scene is an integer. Of two codes that read
/// alike the one of the type the caller wrote counts; for a code nobody made there is no ticket and that type holds.
fn code_of(state: &State, appid: &str, scanned: &Scanned) -> (Option<String>, bool) {
    let codes = || state.scenes.iter().filter(|(_, made)| made.appid == appid && made.scene == scanned.scene);
    let found = codes().find(|(_, made)| made.by_number == scanned.by_number).or_else(|| codes().next());
    found.map_or((None, scanned.by_number), |(ticket, made)| (Some(ticket.clone()), made.by_number))
}

/// Lets the phone follow an account; with a scene it comes through a parametric QR code.
pub(crate) async fn follow(sim: &Sim, id: &str, appid: &str, scanned: Option<Scanned>) -> Result<Told, Refused> {
    let account = account(sim, appid)?;
    let now_ms = sim.now_ms();
    let code = scanned.as_ref().map(|scanned| sim.read(|state| code_of(state, appid, scanned)));
    let by_number = code.as_ref().is_some_and(|(_, by_number)| *by_number);
    let (new, openid) = sim.change(|state| {
        let phone = state.phones.get_mut(id).ok_or_else(|| no_phone(id))?;
        let new = !phone.follows.contains_key(appid);
        if new {
            let scene = scanned.as_ref().map(|scanned| scanned.scene.clone());
            phone.follows.insert(appid.to_owned(), Follow { since_ms: now_ms, scene, by_number });
        }
        Ok((new, phone.openid(appid)))
    })?;
    let scene = scanned
        .zip(code)
        .map(|(scanned, (ticket, _))| (scanned.scene, ticket.unwrap_or_else(|| format!("gQ{}==", sim.word(92)))));
    let happening = match (new, scene) {
        (true, scene) => Happening::Subscribe { scene },
        (false, Some((scene, ticket))) => Happening::Scan { scene, ticket },
        (false, None) => return Ok(Told { followed: true, deliveries: Vec::new(), reply: None }),
    };
    let (deliveries, reply) = tell(sim, account, id, &openid, &happening).await;
    Ok(Told { followed: true, deliveries, reply })
}

/// Lets the phone leave an account.
pub(crate) async fn unfollow(sim: &Sim, id: &str, appid: &str) -> Result<Told, Refused> {
    let account = account(sim, appid)?;
    let (left, openid) = sim.change(|state| {
        let phone = state.phones.get_mut(id).ok_or_else(|| no_phone(id))?;
        Ok((phone.follows.remove(appid).is_some(), phone.openid(appid)))
    })?;
    if !left || account.mode == Mode::Edit {
        return Ok(Told { followed: false, deliveries: Vec::new(), reply: None });
    }
    let (deliveries, _) = deliver(sim, account, &openid, &Happening::Unsubscribe).await;
    Ok(Told { followed: false, deliveries, reply: None })
}

/// Writes a text to an account.
pub(crate) async fn send(sim: &Sim, id: &str, appid: &str, text: &str) -> Result<Told, Refused> {
    let account = account(sim, appid)?;
    if text.is_empty() || text.len() > 2048 {
        return Err(Refused(400, "a text has 1 to 2048 bytes".to_owned()));
    }
    let now_ms = sim.now_ms();
    let openid = sim.change(|state| {
        let phone = state.phones.get(id).ok_or_else(|| no_phone(id))?;
        if !phone.follows.contains_key(appid) {
            return Err(Refused(409, format!("the phone does not follow {appid}")));
        }
        let openid = phone.openid(appid);
        state.say(id, chat(appid, Writer::Me, plain(text), now_ms));
        Ok(openid)
    })?;
    let (deliveries, reply) = tell(sim, account, id, &openid, &Happening::Text(text.to_owned())).await;
    Ok(Told { followed: true, deliveries, reply })
}

/// A line of a chat.
pub(crate) fn chat(appid: &str, from: Writer, said: Said, at: i64) -> Line {
    let Said { text, address } = said;
    let mut line = Line { appid: appid.to_owned(), from, text, url: None, link: None, words: None, bill_no: None, at };
    if let Some(address) = address {
        let place = if address.is_claim() { &mut line.url } else { &mut line.link };
        *place = Some(address.url);
        line.words = address.words;
    }
    line
}

fn plain(text: &str) -> Said {
    Said { text: text.to_owned(), ..Said::default() }
}

/// Tells the account's server, or the account's own automatic reply, and puts the answer into the chat.
async fn tell(
    sim: &Sim,
    account: &Account,
    id: &str,
    openid: &str,
    happening: &Happening,
) -> (Vec<Delivery>, Option<String>) {
    let (deliveries, heard) = match account.mode {
        Mode::Developer => deliver(sim, account, openid, happening).await,
        Mode::Edit => (Vec::new(), automatic(sim, account)),
    };
    let said = match heard {
        Heard::Nothing => return (deliveries, None),
        Heard::Said(said) => chat(&account.appid, Writer::Account, said, sim.now_ms()),
        Heard::Broken => chat(&account.appid, Writer::System, plain(APOLOGY), sim.now_ms()),
    };
    let text = (said.from == Writer::Account).then(|| said.text.clone());
    sim.change(|state| state.say(id, said));
    (deliveries, text)
}

/// Edit mode's reply, with the demo's address replaced by the server's.
fn automatic(sim: &Sim, account: &Account) -> Heard {
    let Some(reply) = &account.auto_reply else { return Heard::Nothing };
    Heard::Said(line(&reply.replace("http://127.0.0.1:3000", &sim.places.server)))
}

/// Opens a packet in the phone's wallet; twice is the same as once.
pub(crate) fn collect(sim: &Sim, id: &str, bill_no: &str) -> Result<i64, Refused> {
    let now_ms = sim.now_ms();
    sim.change(|state| {
        let phone = state.phones.get(id).ok_or_else(|| no_phone(id))?;
        let (at, packet) = state
            .books
            .find(bill_no)
            .filter(|(at, _)| phone.wallet.contains(at))
            .ok_or_else(|| Refused(404, format!("this phone has no packet {bill_no}")))?;
        let amount_fen = packet.amount_fen;
        if state.books.collect(at, now_ms) {
            Ok(amount_fen)
        } else {
            Err(Refused(409, "the packet went back after 24 hours".to_owned()))
        }
    })
}
