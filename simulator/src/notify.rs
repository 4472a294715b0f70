//! The callback about the end of a transfer: sealed, signed, and delivered until the merchant's server takes it.
//! It refuses to call anything but loopback addresses: a simulator sends nothing into the internet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::callbacks::{BEHIND_MS, Callback, Delivered};
use crate::faults::{Kind, On};
use crate::keys::seal;
use crate::listen::stopped;
use crate::pay_v3::{forge, signed_headers};
use crate::sim::Sim;
use crate::transfer::time;
use crate::transfer_form::is_loopback;
use crate::transfers::{Stage, Transfer};

/// WeChat waits this long for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Deliveries under way at the same time.
const AT_ONCE: usize = 32;
const AAD: &str = "mch_payment";

/// Delivers what is due until the stop, after each change and once a second.
pub(crate) async fn run(sim: Arc<Sim>, mut stop: watch::Receiver<bool>) {
    let mut changes = sim.version.subscribe();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < AT_ONCE
            && let Some((id, callback, bill)) = next(&sim)
        {
            let sim = Arc::clone(&sim);
            under_way.spawn(async move { deliver(&sim, id, &callback, &bill).await });
        }
        tokio::select! {
            changed = changes.changed(), if under_way.len() < AT_ONCE => if changed.is_err() { return },
            Some(ended) = under_way.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a callback broke off");
            },
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

/// All callbacks that are due, as one delivery of each would look now, for somebody who carries them by hand.
pub(crate) fn due(sim: &Sim) -> Vec<Value> {
    let mut all = Vec::new();
    while let Some((id, callback, bill)) = next(sim) {
        let Some(body) = body(sim, &bill) else { continue };
        let headers: BTreeMap<_, _> = signed_headers(sim, &body).into_iter().collect();
        all.push(json!({ "id": id, "bill_no": callback.out_bill_no, "headers": headers, "body": body }));
    }
    all
}

/// The next callback that is due, with its bill as it ended.
fn next(sim: &Sim) -> Option<(u64, Callback, Transfer)> {
    let mut state = sim.state.lock().expect("no thread panics while it holds the state");
    let (id, callback) = state.transfers.callbacks.take(sim.now_ms())?;
    let bill = state.transfers.bill(callback.at)?.clone();
    Some((id, callback, bill))
}

/// The body of a callback: the same for every delivery of it but for its own time.
/// <https://pay.weixin.qq.com/doc/v3/merchant/4012712115>
fn body(sim: &Sim, bill: &Transfer) -> Option<String> {
    let mut said = json!({
        "out_bill_no": bill.out_bill_no, "transfer_bill_no": bill.transfer_bill_no, "state": bill.stage.word(),
        "mch_id": sim.config.merchant.mch_id, "transfer_amount": bill.amount_fen, "openid": bill.openid,
        "create_time": time(bill.created_ms), "update_time": time(bill.updated_ms),
    });
    if let Stage::Fail(reason) = &bill.stage {
        said["fail_reason"] = json!(reason);
    }
    let nonce = sim.word(12);
    let sealed = seal(sim.config.merchant.apiv3_key.as_deref()?, &nonce, AAD, &said.to_string())?;
    let event = json!({
        "id": format!("EV-{}", bill.transfer_bill_no), "create_time": time(bill.updated_ms),
        "resource_type": "encrypt-resource", "event_type": "MCHTRANSFER.BILL.FINISHED",
        "summary": "商家转账单据终态通知",
        "resource": {
            "original_type": "mch_payment", "algorithm": "AEAD_AES_256_GCM", "ciphertext": sealed,
            "associated_data": AAD, "nonce": nonce,
        },
    });
    Some(event.to_string())
}

/// How one delivery is spoilt, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoilt {
    No,
    Probe,
    Forged,
    Cut,
}

impl Spoilt {
    fn word(self) -> &'static str {
        match self {
            Self::No => "genuine",
            Self::Probe => "signtest",
            Self::Forged => "bad_signature",
            Self::Cut => "broken_json",
        }
    }
}

/// Delivers a callback once, with the fault that waits for it; a good answer ends it. What the disk does not have yet is not
/// told: its next delivery is planned already.
async fn deliver(sim: &Sim, id: u64, callback: &Callback, bill: &Transfer) {
    if !sim.settled().await {
        return;
    }
    let strike = if callback.postponed { None } else { sim.faults.strike(On::Notify) };
    let Some(strike) = strike else {
        return end(sim, id, once(sim, callback, bill, Spoilt::No).await);
    };
    let later_ms = sim.now_ms().saturating_add(i64::try_from(strike.ms).unwrap_or(i64::MAX));
    match strike.kind {
        Kind::Late => sim.change(|state| state.transfers.callbacks.postpone(id, later_ms, false)),
        Kind::OutOfOrder => {
            let at_most_ms = sim.now_ms() + BEHIND_MS;
            sim.change(|state| state.transfers.callbacks.postpone(id, at_most_ms, true));
        }
        Kind::LostRequest => note(sim, callback, bill, "lost_request", None),
        Kind::LostAnswer => {
            once(sim, callback, bill, Spoilt::No).await;
        }
        Kind::BrokenJson => end(sim, id, once(sim, callback, bill, Spoilt::Cut).await),
        Kind::Signtest => {
            once(sim, callback, bill, Spoilt::Probe).await;
            end(sim, id, once(sim, callback, bill, Spoilt::No).await);
        }
        Kind::BadSignature => {
            once(sim, callback, bill, Spoilt::Forged).await;
            end(sim, id, once(sim, callback, bill, Spoilt::No).await);
        }
        Kind::Duplicate => {
            let both = tokio::join!(once(sim, callback, bill, Spoilt::No), once(sim, callback, bill, Spoilt::No));
            end(sim, id, both.0 || both.1);
        }
        Kind::Delay | Kind::DelayBefore => {
            strike.wait().await;
            end(sim, id, once(sim, callback, bill, Spoilt::No).await);
        }
        Kind::SystemerrorAfter
        | Kind::SystemerrorBefore
        | Kind::Processing
        | Kind::Failed
        | Kind::Accepted
        | Kind::NotFound
        | Kind::NotFoundAsSystemerror
        | Kind::Http500
        | Kind::BrokenXml
        | Kind::Notenough
        | Kind::NoAuth
        | Kind::ErrCode
        | Kind::Unclear
        | Kind::Random => end(sim, id, once(sim, callback, bill, Spoilt::No).await),
    }
}

/// A delivery ended; one that was taken is the last.
pub(crate) fn end(sim: &Sim, id: u64, taken: bool) {
    if taken {
        let now_ms = sim.now_ms();
        sim.change(|state| state.transfers.callbacks.done(id, now_ms));
    }
}

fn note(sim: &Sim, callback: &Callback, bill: &Transfer, what: &str, status: Option<u16>) {
    let delivered = Delivered {
        bill_no: bill.out_bill_no.clone(),
        state: bill.stage.word().to_owned(),
        round: callback.rounds + 1,
        what: what.to_owned(),
        status,
        at: sim.now_ms(),
    };
    sim.change(|state| state.transfers.callbacks.note(delivered));
}

/// Sends it once; true when the server took it.
async fn once(sim: &Sim, callback: &Callback, bill: &Transfer, spoilt: Spoilt) -> bool {
    let status = send(sim, bill, spoilt).await;
    note(sim, callback, bill, spoilt.word(), status);
    matches!(status, Some(200 | 204))
}

/// The status of the server's answer; `None` when nothing was sent, or nothing came back in time.
async fn send(sim: &Sim, bill: &Transfer, spoilt: Spoilt) -> Option<u16> {
    let url = Url::parse(bill.notify_url.as_deref()?).ok().filter(is_loopback)?;
    let mut body = body(sim, bill)?;
    if spoilt == Spoilt::Cut {
        let middle = (0..=body.len() / 2).rev().find(|at| body.is_char_boundary(*at))?;
        body.truncate(middle);
    }
    let mut headers = signed_headers(sim, &body);
    match spoilt {
        Spoilt::No | Spoilt::Cut => {}
        Spoilt::Forged => forge(&mut headers),
        Spoilt::Probe => {
            for (_, value) in headers.iter_mut().filter(|(name, _)| *name == "wechatpay-signature") {
                *value = format!("WECHATPAY/SIGNTEST/{value}");
            }
        }
    }
    let mut request = sim.http.post(url).header("content-type", "application/json").header("user-agent", "Mozilla/4.0");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let answer = tokio::time::timeout(PATIENCE, request.body(body).send()).await.ok()?;
    match answer {
        Ok(response) => Some(response.status().as_u16()),
        Err(error) => {
            tracing::debug!(error = %error.without_url(), "a callback was not delivered");
            None
        }
    }
}
