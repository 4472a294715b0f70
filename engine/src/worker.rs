//! The background loops: one pays what is due, asks about what is unknown and tidies up; one folds the database's log; one
//! goes on with what a restore left open.
//! Refuses to stop for an error: it is logged, nothing is lost, and the next round tries again.

use crate::Engine;
use rules::time::minutes;
use std::time::Duration;

/// The longest sleep between rounds; a new claim wakes the worker at once.
const IDLE: Duration = Duration::from_secs(1);
/// How long the log's folding rests: the more batches a page waits for, the fewer times it is written, and a second's
/// worth of pages takes the disk a tenth of that.
const FOLD_REST: Duration = Duration::from_secs(1);

/// Works until `stop` resolves.
pub async fn run(engine: Engine, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut tidied_at = engine.clock().now();
    let mut watched_at = tidied_at;
    loop {
        let worked = match engine.work_once().await {
            Ok(n) => n > 0,
            Err(error) => {
                tracing::warn!(%error, "a round of the payout worker failed; it tries again");
                false
            }
        };
        if let Err(error) = engine.count_spent().await {
            tracing::warn!(%error, "refusals could not be counted; the figures show fewer");
        }
        let now = engine.clock().now();
        if now.since(watched_at) > minutes(1) {
            watched_at = now;
            watch(&engine).await;
        }
        if now.since(tidied_at) > minutes(10) {
            tidied_at = now;
            if let Err(error) = engine.tidy_inbox().await {
                tracing::warn!(%error, "tidying the inbox failed; it is tried again later");
            }
        }
        tokio::select! {
            biased;
            () = &mut stop => return,
            () = std::future::ready(()), if worked => {}
            () = engine.woken() => {}
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// Folds the database's log while others write, until `stop` resolves. Between two times it rests, so that a page that
/// changes with every batch is written once for several.
pub async fn fold(engine: Engine, stop: impl Future<Output = ()>) {
    let folding = async {
        loop {
            engine.db().committed().await;
            if let Err(error) = engine.db().fold_log().await {
                tracing::warn!(%error, "the database's log could not be folded; it grows until that is possible again");
            }
            tokio::time::sleep(FOLD_REST).await;
        }
    };
    tokio::select! {
        () = stop => {}
        () = folding => {}
    }
}

/// Asks again, every ten minutes, for the people whom a bill paid since an old backup, until `stop` resolves. Payouts do not
/// wait for it.
pub async fn settle(engine: Engine, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    let mut asked_at = engine.clock().now();
    loop {
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(IDLE) => {}
        }
        let now = engine.clock().now();
        // A clock that went back is no reason to wait longer.
        if !(0..=minutes(10)).contains(&now.since(asked_at)) {
            asked_at = now;
            if let Err(error) = engine.settle_by_itself().await {
                tracing::warn!(%error, "what a restore left open could not be looked at; it is tried again later");
            }
        }
    }
}

/// Looks for payouts past their deadline and tells the robots what there is to tell.
async fn watch(engine: &Engine) {
    if let Err(error) = engine.watch_deadlines().await {
        tracing::warn!(%error, "the deadlines of payouts could not be looked at; it is tried again in a minute");
    }
    if let Err(error) = engine.send_alerts().await {
        tracing::warn!(%error, "alerts could not be sent; they stay due");
    }
}
