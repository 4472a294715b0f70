//! The control calls around money: books, wallets, confirmations, callbacks, and fund-flow bills with planted errors.
//! It refuses to move money by itself: it shows what the payment side did, and lets a receiver confirm.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query, State as Shared};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::bill;
use crate::books::Bill;
use crate::clock::{beijing, beijing_day};
use crate::control::{Done, World, body, kept};
use crate::fundflow::{Slip, SlipKind, target};
use crate::notify;
use crate::phone::Refused;
use crate::sim::Sim;
use crate::transfer::{self, Offer};
use crate::world::{Phone, State};

/// Planted errors at most.
const SLIPS_MAX: usize = 1000;

/// All control calls around money.
pub(crate) fn routes() -> Router<Arc<Sim>> {
    Router::new()
        .route("/_sim/phones/{id}/confirm", post(confirm))
        .route("/_sim/phones/{id}/offer", post(offer))
        .route("/_sim/books", get(books))
        .route("/_sim/callbacks", get(callbacks).post(fetch_callbacks))
        .route("/_sim/callbacks/{id}/taken", post(callback_taken))
        .route("/_sim/bill", get(read_bill).post(spoil_bill).delete(mend_bills))
}

/// A phone's bills of both rails, oldest first.
pub(crate) fn wallet(state: &State, phone: &Phone) -> Vec<Value> {
    let packets = phone.wallet.iter().filter_map(|at| state.books.packet(*at)).map(|packet| {
        let shown = json!({
            "bill_no": packet.bill_no, "rail": "redpack", "amount_fen": packet.amount_fen,
            "state": packet.place.word_in_wallet(), "at": packet.sent_ms, "appid": packet.appid,
            "send_name": packet.send_name, "wishing": packet.wishing, "act_name": packet.act_name,
        });
        (packet.sent_ms, shown)
    });
    let transfers = phone.transfers.iter().filter_map(|at| state.transfers.bill(*at)).map(|bill| {
        let shown = json!({
            "bill_no": bill.out_bill_no, "rail": "transfer", "amount_fen": bill.amount_fen,
            "state": bill.stage.word_in_wallet(), "at": bill.created_ms, "appid": bill.appid,
            "wishing": bill.remark, "act_name": bill.perception,
        });
        (bill.created_ms, shown)
    });
    let mut bills: Vec<(i64, Value)> = packets.chain(transfers).collect();
    bills.sort_by_key(|(at_ms, _)| *at_ms);
    bills.into_iter().map(|(_, shown)| shown).collect()
}

#[derive(Deserialize)]
struct AskConfirm {
    bill_no: String,
    fail_reason: Option<String>,
}

async fn confirm(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Done {
    let asked: AskConfirm = body(&bytes)?;
    let (amount_fen, state) = transfer::confirm(&sim, &id, &asked.bill_no, asked.fail_reason.as_deref())?;
    kept(&sim).await?;
    Ok(Json(json!({ "bill_no": asked.bill_no, "amount_fen": amount_fen, "state": state })))
}

async fn offer(Shared(sim): World, Path(id): Path<String>, bytes: Bytes) -> Done {
    let asked: Offer = body(&bytes)?;
    transfer::offered(&sim, &id, &asked).map(Json)
}

#[derive(Deserialize)]
struct AskBooks {
    #[serde(default = "yes")]
    bills: bool,
}

fn yes() -> bool {
    true
}

/// The books, written out while nothing can change them: a list of all bills may be long.
#[derive(Serialize)]
struct Shown<'a> {
    paid_fen: i64,
    collected_fen: i64,
    returned_fen: i64,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    bills: Option<Vec<Bill<'a>>>,
}

async fn books(Shared(sim): World, Query(asked): Query<AskBooks>) -> Response {
    let text = sim.read(|state| {
        let (sums, confirmed_fen) = (state.books.sums(), state.transfers.paid_fen());
        let bills = asked.bills.then(|| {
            let mut bills: Vec<Bill> = state.books.shown().chain(state.transfers.shown()).collect();
            bills.sort_by_key(|bill| bill.at);
            bills
        });
        let shown = Shown {
            paid_fen: sums.paid_fen + confirmed_fen,
            collected_fen: sums.collected_fen + confirmed_fen,
            returned_fen: sums.returned_fen,
            count: state.books.all().len() + state.transfers.all().len(),
            bills,
        };
        serde_json::to_string(&shown).expect("the books are plain data")
    });
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn callbacks(Shared(sim): World) -> Json<Value> {
    Json(sim.read(|state| {
        let callbacks = &state.transfers.callbacks;
        json!({ "waiting": callbacks.waiting(), "deliveries": callbacks.log() })
    }))
}

async fn fetch_callbacks(Shared(sim): World) -> Result<Json<Value>, Refused> {
    kept(&sim).await?;
    Ok(Json(json!(notify::due(&sim))))
}

async fn callback_taken(Shared(sim): World, Path(id): Path<u64>) -> Json<Value> {
    notify::end(&sim, id, true);
    Json(json!({ "waiting": sim.read(|state| state.transfers.callbacks.waiting()) }))
}

#[derive(Deserialize)]
struct AskBill {
    date: String,
}

fn day_of(date: &str) -> Result<i64, Refused> {
    bill::day(date, "%Y-%m-%d").ok_or_else(|| Refused(400, format!("{date} is not a date YYYY-MM-DD")))
}

async fn read_bill(Shared(sim): World, Query(asked): Query<AskBill>) -> Result<Response, Refused> {
    let file = bill::file(&sim, day_of(&asked.date)?);
    let file = file.ok_or_else(|| Refused(404, format!("no money moved on {}", asked.date)))?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], file).into_response())
}

#[derive(Deserialize)]
struct AskSlip {
    kind: SlipKind,
    bill_no: Option<String>,
    date: Option<String>,
}

async fn spoil_bill(Shared(sim): World, bytes: Bytes) -> Done {
    let asked: AskSlip = body(&bytes)?;
    let now_ms = sim.now_ms();
    let day = asked.date.as_deref().map_or_else(|| Ok(beijing_day(now_ms)), day_of)?;
    let date = asked.date.unwrap_or_else(|| beijing(now_ms, "%Y-%m-%d"));
    let bill_no = sim.change(|state| {
        if state.slips.len() >= SLIPS_MAX {
            return Err(Refused(409, "there are a thousand errors already".to_owned()));
        }
        let bill_no = target(state, asked.kind, asked.bill_no, day)
            .ok_or_else(|| Refused(404, format!("the bill of {date} has no such row")))?;
        state.slips.push(Slip { kind: asked.kind, bill_no: bill_no.clone(), day });
        Ok(bill_no)
    })?;
    Ok(Json(json!({ "kind": asked.kind, "bill_no": bill_no, "date": date })))
}

async fn mend_bills(Shared(sim): World) -> Json<Value> {
    sim.change(|state| state.slips.clear());
    Json(json!([]))
}
