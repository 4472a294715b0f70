//! The control calls under `/_sim`: phones, faults, clock, books, as JSON for tests and for the page of the phones.
//! It refuses with a status and one sentence in `{"error"}`, never with a page.
//!
//! Bodies are JSON whatever their Content-Type, times are unix milliseconds of the simulator's clock, money is fen, and
//! `{id}` is a phone's id. 400: the body is wrong; 404: no such phone, account, packet or call; 405: not with this method;
//! 409: not in this state; 500: the disk is full.
//!
//! | call | body | answer |
//! |---|---|---|
//! | `GET /_sim/phones` | | a list of phones |
//! | `POST /_sim/phones` | `{"name"?,"ip"?}`; `ip` is what the server sees as the phone's address | `{"id","name","ip"}` |
//! | `GET /_sim/phones/{id}` | | a phone |
//! | `DELETE /_sim/phones/{id}` | | `{"removed":true}`; its packets stay in the books |
//! | `POST /_sim/phones/{id}/follow` | `{"appid","scene"?}`; `scene` of a parametric QR code: a number for an integer scene, else a string | what was told |
//! | `POST /_sim/phones/{id}/unfollow` | `{"appid"}` | what was told |
//! | `POST /_sim/phones/{id}/send` | `{"appid","text"}`, 1 to 2048 bytes | what was told; 409 without a follow |
//! | `POST /_sim/phones/{id}/collect` | `{"bill_no"}` | `{"bill_no","amount_fen","state":"collected"}`, twice as once; 409 when it went back |
//! | `POST /_sim/phones/{id}/confirm` | `{"bill_no","fail_reason"?}`; with a reason the transfer fails at the last moment | `{"bill_no","amount_fen","state"}`, twice as once; 409 when it does not wait any more |
//! | `POST /_sim/phones/{id}/offer` | `{"mchId","appId","package"}`, as a page gives them to `requestMerchantTransfer` | `{"bill_no","amount_fen","payer","remark","perception","style","state"}`; 409 for another person, merchant or account |
//! | `POST /_sim/phones/{id}/snapshot` | `{"on":bool}`; web OAuth then tells a virtual user | `{"snapshot":bool}` |
//! | `POST /_sim/verify` | `{"appid"}`; asks the account's server for an echo, as the console does | `{"ok":bool,"error"?}` |
//! | `GET /_sim/world` | | `{"server","url","pay_url","accounts":[{"appid","name","original_id","kind","mode","message_mode","icon","qr"}],"campaign":{"slug","name"},"merchant":{"mch_id","serial_no","pub_key_id"},"links":[{"code","account","placement","url"}]}` |
//! | `GET /_sim/events` | | a stream (SSE) of `data: {"version":N}`, one at once and one after each change |
//! | `GET /_sim/books`, `?bills=false` | | `{"paid_fen","collected_fen","returned_fen","count","bills":[{"bill_no","rail","openid","amount_fen","state","at"}]}`, oldest first; without the list if it is not wanted |
//! | `GET /_sim/bill?date=YYYY-MM-DD` | | the fund-flow bill of a Beijing day as CSV; 404 when no money moved. Today's is there too, unlike WeChat's |
//! | `POST /_sim/bill` | `{"kind","bill_no"?,"date"?}`: makes the bill of a day (today's) wrong. `omit`, `double` and `amount` (one fen more) strike this row or the first, `foreign` adds one | `{"kind","bill_no","date"}` |
//! | `DELETE /_sim/bill` | | `[]`; all bills are right again |
//! | `GET /_sim/callbacks` | | `{"waiting":N,"deliveries":[{"bill_no","state","round","what","status","at"}]}`, the last thousand; `what` is genuine or the fault that it was |
//! | `POST /_sim/callbacks` | | takes all that are due, as one delivery of each: `[{"id","bill_no","headers":{name:value},"body"}]` |
//! | `POST /_sim/callbacks/{id}/taken` | | `{"waiting":N}`; the server took it, and it comes no more |
//! | `GET /_sim/clock` | | `{"now_ms"}` |
//! | `POST /_sim/clock` | `{"advance_secs"}`, from 0 to ten years | `{"now_ms"}` |
//! | `GET /_sim/limits` | | all limits, see [`Limits`] |
//! | `POST /_sim/limits` | those that change, for example `{"refund_way_secs":60}`; not saved over a restart | all limits |
//! | `GET /_sim/faults` | | a list of the faults that still wait |
//! | `POST /_sim/faults` | a fault | the same list |
//! | `DELETE /_sim/faults` | | `[]` |
//! | `GET /_sim/struck` | | how often each kind struck since the start: `{"place.kind": N}`; `place.unclear` counts again those that left open what became of a bill of which no plain answer told before |
//!
//! A *phone* is `{"id","name","ip","snapshot","follows":[appid],"chats":[line],"wallet":[packet],"openids":{appid:openid},
//! "unionid"}`; a *line* is `{"appid","from","text","url"?,"link"?,"words"?,"bill_no"?,"at"}` with `from` one of account,
//! me, system, `url` the first address whose path begins with `/c/`, `link` the first address of a line that has no such
//! one, and `words` the part of the text that either stands on; a *packet* is
//! `{"bill_no","rail","amount_fen","state","at","appid","send_name","wishing","act_name"}` with `rail` redpack and `state`
//! one of sent, collected, returned, or `rail` transfer and `state` one of waiting_confirm, collected, returned (nobody
//! confirmed, or the merchant cancelled), failed. *What was told* is
//! `{"followed":bool,"deliveries":[{"status","error"?,"ms"}],"reply":text or null}`, given when the deliveries ended.
//!
//! A packet's `state` in the books is sent, collected, returning (only with `refund_way_secs`: a query says `RFUND_ING`, and
//! the money is not in `returned_fen` yet), returned, sending (it will fail; in no wallet) or failed (its money is in
//! `returned_fen`). `paid_fen` is everything that was accepted, later returned and failed included. A transfer counts in
//! `paid_fen` and `collected_fen` from its confirmation on, and never in `returned_fen`: before that, its money was only
//! held.
//!
//! A *fault* is `{"on"?,"kind"?,"times"?,"ms"?,"code"?,"seed"?,"percent"?}` and strikes the next `times` (1) calls at `on`
//! (any):
//!
//! - `sendredpack`: lost_answer, lost_request, systemerror_after, systemerror_before, processing, failed, delay, delay_before,
//!   http_500, broken_xml, notenough, no_auth, err_code. `failed` accepts the packet; a query says SENDING for `ms` (60000) of the
//!   simulator's clock, with `"ms":0` not at all, and then FAILED with a reason;
//! - `gethbinfo`: lost_answer, lost_request, systemerror_after, systemerror_before, processing (the query says SENDING),
//!   not_found, not_found_as_systemerror (the official failure sample), delay, delay_before, http_500, broken_xml,
//!   err_code;
//! - `transfer`: lost_answer, lost_request, systemerror_after, systemerror_before, accepted, processing, failed, delay,
//!   delay_before, http_500, broken_json, bad_signature, notenough, no_auth, err_code. `accepted` and `processing` keep the
//!   bill in that state for `ms` (60000) of the simulator's clock; `failed` ends it after that time, for the reason `code`;
//! - `transfer_query`: lost_answer, lost_request, systemerror_before, processing, not_found, delay, delay_before, http_500,
//!   broken_json, bad_signature, err_code;
//! - `transfer_cancel`: lost_answer, lost_request, systemerror_after, systemerror_before, delay, delay_before, http_500,
//!   broken_json, bad_signature, err_code;
//! - `fundflow`: lost_answer, lost_request, systemerror_before, delay, delay_before, http_500, err_code;
//! - `notify` (callbacks of transfers): lost_answer, lost_request, delay, duplicate, late (`ms` of the simulator's clock),
//!   out_of_order, broken_json, and before the genuine one signtest or bad_signature;
//! - `push`: lost_answer, lost_request, delay, delay_before, duplicate;
//! - `oauth_code`, `token` and `api` (all other calls of `cgi-bin` and `sns`): lost_answer, lost_request, systemerror_before,
//!   delay, delay_before, http_500, broken_xml, err_code;
//! - `any`: lost_answer, lost_request, delay, delay_before.
//!
//! `delay` does the work at once and answers after `ms`; `delay_before` does nothing for `ms`, then works and answers. Both
//! go on when the caller has gone. `err_code` needs `code`. Everywhere `random` draws one of the kinds that need no argument, except
//! failed and not_found_as_systemerror, for `percent` (20) of the calls, the same ones for the same `seed` (and, of payments
//! and questions about them, the same bill), a million `times`; `{"seed":7}` alone does so everywhere.
//! `unclear` is as `random`, but draws only kinds after which the caller cannot know whether money moved.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State as Shared};
use axum::http::{Method, StatusCode, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use futures::{Stream, StreamExt};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_stream::wrappers::WatchStream;

use crate::config::Limits;
use crate::control_pay;
use crate::faults::Fault;
use crate::phone::{self, Refused, Scanned, Told};
use crate::push;
use crate::sim::Sim;
use crate::world::{NewPhone, Phone, State};

pub(crate) type World = Shared<Arc<Sim>>;
pub(crate) type Done = Result<Json<Value>, Refused>;

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0).unwrap_or(StatusCode::BAD_REQUEST);
        (status, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// All control calls.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim/phones", get(phones).post(add_phone))
        .route("/_sim/phones/{id}", get(one_phone).delete(remove_phone))
        .route("/_sim/phones/{id}/follow", post(follow))
        .route("/_sim/phones/{id}/unfollow", post(unfollow))
        .route("/_sim/phones/{id}/send", post(send))
        .route("/_sim/phones/{id}/collect", post(collect))
        .route("/_sim/phones/{id}/snapshot", post(snapshot))
        .route("/_sim/verify", post(verify))
        .route("/_sim/world", get(world))
        .route("/_sim/events", get(events))
        .route("/_sim/clock", get(clock).post(advance))
        .route("/_sim/limits", get(limits).post(set_limits))
        .route("/_sim/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/_sim/struck", get(struck))
        .merge(control_pay::routes())
        .route("/_sim/{*path}", any(nothing))
        .method_not_allowed_fallback(wrong_method)
}

async fn nothing(Path(path): Path<String>) -> Refused {
    Refused(404, format!("there is no control call /_sim/{path}"))
}

async fn wrong_method(method: Method, uri: Uri) -> Refused {
    Refused(405, format!("{} has no {method}", uri.path()))
}

/// Reads a body as JSON, whatever its Content-Type; an empty one is an empty object.
pub(crate) fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refused> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| Refused(400, format!("the body is not as expected: {error}")))
}

/// Waits until what was done is on the disk.
pub(crate) async fn kept(sim: &Sim) -> Result<(), Refused> {
    if sim.settled().await {
        Ok(())
    } else {
        Err(Refused(500, "it is done, but the disk refuses to keep it".to_owned()))
    }
}

fn show(state: &State, phone: &Phone, appids: &[String]) -> Value {
    let wallet = control_pay::wallet(state, phone);
    let openids: serde_json::Map<String, Value> =
        appids.iter().map(|appid| (appid.clone(), json!(phone.openid(appid)))).collect();
    json!({
        "id": phone.id, "name": phone.name, "ip": phone.ip, "snapshot": phone.snapshot,
        "follows": phone.follows.keys().collect::<Vec<_>>(), "chats": phone.chats, "wallet": wallet,
        "openids": openids, "unionid": phone.unionid(),
    })
}

async fn phones(Shared(sim): World) -> Json<Value> {
    Json(sim.read(|state| state.phones.values().map(|phone| show(state, phone, &sim.appids)).collect()))
}

async fn one_phone(Shared(sim): World, Path(id): Path<String>) -> Done {
    let shown = sim.read(|state| state.phones.get(&id).map(|phone| show(state, phone, &sim.appids)));
    shown.map(Json).ok_or_else(|| Refused(404, format!("there is no phone {id}")))
}

#[derive(Deserialize)]
struct AskPhone {
    name: Option<String>,
    ip: Option<String>,
}

async fn add_phone(Shared(sim): World, bytes: Bytes) -> Done {
    let asked: AskPhone = body(&bytes)?;
    let ip = match asked.ip {
        Some(ip) => {
            ip.trim().parse::<IpAddr>().map_err(|_| Refused(400, format!("{ip} is not an IP address")))?.to_string()
        }
        // An address of Guangdong's telephone company, where the demo's shops are.
        None => format!("183.{}.{}.{}", sim.draw(64), sim.draw(256), 1 + sim.draw(254)),
    };
    let name = asked.name.unwrap_or_else(|| "手机".to_owned());
    if name.chars().count() > 32 {
        return Err(Refused(400, "a name has at most 32 characters".to_owned()));
    }
    let made =
        || NewPhone { id: format!("p{}", sim.label(7)), name: name.clone(), ip: ip.clone(), secret: sim.word(32) };
    // A label that is taken is drawn once more; twice in a row means that the world is full.
    for fresh in [made(), made()] {
        let id = fresh.id.clone();
        if sim.change(|state| state.add_phone(fresh, &sim.appids).is_some()) {
            kept(&sim).await?;
            return Ok(Json(json!({ "id": id, "name": name, "ip": ip })));
        }
    }
    Err(Refused(409, "there are too many phones".to_owned()))
}

async fn remove_phone(Shared(sim): World, Path(id): Path<String>) -> Done {
    if sim.change(|state| state.remove_phone(&id)) {
        Ok(Json(json!({ "removed": true })))
    } else {
        Err(Refused(404, format!("there is no phone {id}")))
    }
}

#[derive(Deserialize)]
struct AskAccount {
    appid: String,
    #[serde(default)]
    scene: Value,
    #[serde(default)]
    text: String,
}

async fn follow(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Result<Json<Told>, Refused> {
    let asked: AskAccount = body(&bytes)?;
    let scanned = match asked.scene {
        Value::String(scene) if !scene.is_empty() => Some(Scanned { scene, by_number: false }),
        Value::Number(scene) => Some(Scanned { scene: scene.to_string(), by_number: true }),
        _ => None,
    };
    phone::follow(&sim, &id, &asked.appid, scanned).await.map(Json)
}

async fn unfollow(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Result<Json<Told>, Refused> {
    let asked: AskAccount = body(&bytes)?;
    phone::unfollow(&sim, &id, &asked.appid).await.map(Json)
}

async fn send(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Result<Json<Told>, Refused> {
    let asked: AskAccount = body(&bytes)?;
    phone::send(&sim, &id, &asked.appid, &asked.text).await.map(Json)
}

#[derive(Deserialize)]
struct AskBill {
    bill_no: String,
}

async fn collect(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Done {
    let asked: AskBill = body(&bytes)?;
    let amount_fen = phone::collect(&sim, &id, &asked.bill_no)?;
    kept(&sim).await?;
    Ok(Json(json!({ "bill_no": asked.bill_no, "amount_fen": amount_fen, "state": "collected" })))
}

#[derive(Deserialize)]
struct AskSnapshot {
    on: bool,
}

async fn snapshot(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Done {
    let asked: AskSnapshot = body(&bytes)?;
    let found = sim.change(|state| state.phones.get_mut(&id).map(|phone| phone.snapshot = asked.on).is_some());
    if found { Ok(Json(json!({ "snapshot": asked.on }))) } else { Err(Refused(404, format!("there is no phone {id}"))) }
}

async fn verify(Shared(sim): World, bytes: Bytes) -> Done {
    let asked: AskAccount = body(&bytes)?;
    let account = phone::account(&sim, &asked.appid)?;
    Ok(Json(match push::verify(&sim, account).await {
        Ok(()) => json!({ "ok": true }),
        Err(error) => json!({ "ok": false, "error": error }),
    }))
}

async fn world(Shared(sim): World) -> Json<Value> {
    let accounts: Vec<Value> = sim
        .config
        .accounts
        .iter()
        .map(|account| {
            json!({
                "appid": account.appid, "name": account.name, "original_id": account.original_id,
                "kind": account.kind, "mode": account.mode, "message_mode": account.message_mode,
                "icon": account.icon, "qr": account.qr,
            })
        })
        .collect();
    let links: Vec<Value> = sim
        .config
        .links
        .iter()
        .map(|link| {
            json!({
                "code": link.code, "account": link.account, "placement": link.placement,
                "url": format!("{}/l/{}", sim.places.server, link.code),
            })
        })
        .collect();
    Json(json!({
        "server": sim.places.server, "url": sim.places.url, "pay_url": sim.places.pay_url, "accounts": accounts,
        "campaign": sim.config.campaign, "links": links,
        "merchant": {
            "mch_id": sim.config.merchant.mch_id, "serial_no": sim.keys.serial_no,
            "pub_key_id": sim.config.merchant.pub_key_id,
        },
    }))
}

async fn events(Shared(sim): World) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let versions = WatchStream::new(sim.version.subscribe());
    let lines = versions.map(|version| Ok(Event::default().data(json!({ "version": version }).to_string())));
    Sse::new(lines).keep_alive(KeepAlive::default())
}

async fn clock(Shared(sim): World) -> Json<Value> {
    Json(json!({ "now_ms": sim.now_ms() }))
}

#[derive(Deserialize)]
struct AskAdvance {
    advance_secs: i64,
}

async fn advance(Shared(sim): World, bytes: Bytes) -> Done {
    let asked: AskAdvance = body(&bytes)?;
    if !(0..=10 * 366 * 86_400).contains(&asked.advance_secs) {
        return Err(Refused(400, "advance_secs is from 0 to ten years; time does not go back".to_owned()));
    }
    let offset_ms = sim.clock.advance(asked.advance_secs * 1000);
    sim.change(|state| state.turn_clock(offset_ms));
    kept(&sim).await?;
    Ok(Json(json!({ "now_ms": sim.now_ms() })))
}

async fn limits(Shared(sim): World) -> Json<Limits> {
    Json(sim.limits.lock().expect("no thread panics while it holds the limits").clone())
}

async fn set_limits(Shared(sim): World, bytes: Bytes) -> Result<Json<Limits>, Refused> {
    let mut wanted = json!(*sim.limits.lock().expect("no thread panics while it holds the limits"));
    let changes: serde_json::Map<String, Value> = body(&bytes)?;
    for (name, value) in changes {
        wanted[name] = value;
    }
    let wanted: Limits = serde_json::from_value(wanted).map_err(|error| Refused(400, error.to_string()))?;
    *sim.limits.lock().expect("no thread panics while it holds the limits") = wanted.clone();
    sim.touch();
    Ok(Json(wanted))
}

async fn struck(Shared(sim): World) -> Json<Value> {
    Json(json!(sim.faults.struck()))
}

async fn faults(Shared(sim): World) -> Json<Vec<Fault>> {
    Json(sim.faults.list())
}

async fn add_fault(Shared(sim): World, bytes: Bytes) -> Result<Json<Vec<Fault>>, Refused> {
    sim.faults.add(body(&bytes)?).map_err(|why| Refused(400, why))?;
    sim.touch();
    Ok(Json(sim.faults.list()))
}

async fn clear_faults(Shared(sim): World) -> Json<Vec<Fault>> {
    sim.faults.clear();
    sim.touch();
    Json(Vec::new())
}
