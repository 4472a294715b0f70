//! The keeper of tokens against a small account server: how many fetches, how many by force.
//! Time is a number that the tests turn by hand.

use crate::servers::{client, serve};
use axum::extract::{RawQuery, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use wechat::access_token::{Held, Keeper, MemoryStore, Source, StoredToken, TokenStore};
use wechat::{Error, Kind};

/// What the account server knows and has seen.
#[derive(Default)]
struct Seen {
    generation: u32,
    plain: u32,
    forced: u32,
    classic: u32,
    tickets: u32,
    down: bool,
}

impl Seen {
    fn token(&self) -> String {
        format!("T{}", self.generation)
    }
}

type Shared = Arc<Mutex<Seen>>;

async fn stable(State(seen): State<Shared>, Json(body): Json<Value>) -> Json<Value> {
    // Let every other caller reach the keeper while this one is being answered.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let mut seen = seen.lock().unwrap();
    assert_eq!(body["grant_type"], "client_credential");
    if body["force_refresh"] == true {
        seen.forced += 1;
        seen.generation += 1;
    } else {
        seen.plain += 1;
    }
    if seen.down {
        return Json(json!({"errcode": -1, "errmsg": "system error"}));
    }
    if body["secret"] != "s3cret" {
        return Json(json!({"errcode": 40001, "errmsg": "invalid credential"}));
    }
    Json(json!({"access_token": seen.token(), "expires_in": 7200}))
}

async fn classic(State(seen): State<Shared>, RawQuery(query): RawQuery) -> Json<Value> {
    let mut seen = seen.lock().unwrap();
    let expected = "grant_type=client_credential&appid=wx1&secret=s3cret";
    assert_eq!(query.as_deref(), Some(expected));
    seen.classic += 1;
    seen.generation += 1;
    Json(json!({"access_token": seen.token(), "expires_in": 7200}))
}

async fn ticket(State(seen): State<Shared>, RawQuery(query): RawQuery) -> Json<Value> {
    let mut seen = seen.lock().unwrap();
    if query != Some(format!("access_token={}&type=jsapi", seen.token())) {
        return Json(json!({"errcode": 40001, "errmsg": "invalid credential"}));
    }
    seen.tickets += 1;
    let ticket = format!("ticket{}", seen.tickets);
    Json(json!({"errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": 7200}))
}

async fn world(source: Source) -> (Shared, Arc<Keeper<MemoryStore>>) {
    let seen = Shared::default();
    let router = Router::new()
        .route("/cgi-bin/stable_token", post(stable))
        .route("/cgi-bin/token", get(classic))
        .route("/cgi-bin/ticket/getticket", get(ticket))
        .with_state(Arc::clone(&seen));
    let client = client(&serve(router).await);
    let keeper = Keeper::new(client, MemoryStore::default(), source);
    (seen, Arc::new(keeper))
}

const HOUR_MS: i64 = 3_600_000;

async fn a_hundred_ask(keeper: &Arc<Keeper<MemoryStore>>, now_ms: i64) -> Vec<Result<String, Error>> {
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let keeper = Arc::clone(keeper);
            tokio::spawn(async move { keeper.token("wx1", "s3cret", now_ms).await })
        })
        .collect();
    let mut answers = Vec::new();
    for one in asking {
        answers.push(one.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_callers_share_one_fetch() {
    let (seen, keeper) = world(Source::Stable).await;
    let answers = a_hundred_ask(&keeper, 0).await;
    assert!(answers.iter().all(|answer| answer == &Ok("T0".into())));
    assert_eq!(seen.lock().unwrap().plain, 1);
}

#[tokio::test]
async fn those_who_waited_through_a_failure_share_it_and_the_next_one_tries_again() {
    let (seen, keeper) = world(Source::Stable).await;
    seen.lock().unwrap().down = true;
    let answers = a_hundred_ask(&keeper, 0).await;
    assert!(answers.iter().all(|a| a.as_ref().unwrap_err().kind() == Kind::Busy));
    assert_eq!(seen.lock().unwrap().plain, 1);
    seen.lock().unwrap().down = false;
    assert_eq!(keeper.token("wx1", "s3cret", 1).await, Ok("T0".into()));
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end_and_outlives_a_failed_renewal() {
    let (seen, keeper) = world(Source::Stable).await;
    keeper.token("wx1", "s3cret", 0).await.unwrap();
    keeper.token("wx1", "s3cret", 2 * HOUR_MS - 300_001).await.unwrap();
    assert_eq!(seen.lock().unwrap().plain, 1);

    seen.lock().unwrap().down = true;
    let now = 2 * HOUR_MS - 300_000;
    assert_eq!(keeper.token("wx1", "s3cret", now).await, Ok("T0".into()));
    assert_eq!(keeper.token("wx1", "s3cret", now + 1).await, Ok("T0".into()));
    assert_eq!(seen.lock().unwrap().plain, 2);
    assert!(keeper.token("wx1", "s3cret", 2 * HOUR_MS).await.is_err());

    seen.lock().unwrap().down = false;
    assert!(keeper.token("wx1", "s3cret", 2 * HOUR_MS).await.is_ok());
}

#[tokio::test]
async fn a_refused_token_is_forced_once_and_the_call_repeated_once() {
    let (seen, keeper) = world(Source::Stable).await;
    let calls = Arc::new(Mutex::new(Vec::new()));
    let call = |token: String| {
        let calls = Arc::clone(&calls);
        let client = keeper.client().clone();
        async move {
            calls.lock().unwrap().push(token.clone());
            // T0 is refused: the account server has moved on behind our back.
            client.jsapi_ticket(if token == "T0" { "stale" } else { &token }).await
        }
    };
    assert!(keeper.call("wx1", "s3cret", 0, &call).await.is_ok());
    assert_eq!(*calls.lock().unwrap(), ["T0", "T1"]);
    assert_eq!(seen.lock().unwrap().forced, 1);
    assert_eq!(keeper.token("wx1", "s3cret", 1).await, Ok("T1".into()));
}

#[tokio::test]
async fn a_hundred_refusals_of_one_token_force_once() {
    let (seen, keeper) = world(Source::Stable).await;
    keeper.token("wx1", "s3cret", 0).await.unwrap();
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let keeper = Arc::clone(&keeper);
            tokio::spawn(async move { keeper.token_other_than("wx1", "s3cret", "T0", 1).await })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap(), Ok("T1".into()));
    }
    assert_eq!(seen.lock().unwrap().forced, 1);
}

#[tokio::test]
async fn a_token_that_another_node_forced_is_adopted_without_force() {
    let (seen, keeper) = world(Source::Stable).await;
    keeper.token("wx1", "s3cret", 0).await.unwrap();
    seen.lock().unwrap().generation = 5;
    let token = keeper.token_other_than("wx1", "s3cret", "T0", 1).await;
    assert_eq!(token, Ok("T5".into()));
    assert_eq!(seen.lock().unwrap().forced, 0);

    let shared = StoredToken { value: "T6".into(), expires_at_ms: 2 * HOUR_MS };
    keeper.store().save("wx1", Held::AccessToken, &shared).await.unwrap();
    let token = keeper.token_other_than("wx1", "s3cret", "T5", 1).await;
    assert_eq!(token, Ok("T6".into()));
    assert_eq!(seen.lock().unwrap().plain, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_whose_token_is_refused_at_once_force_one_and_all_have_it() {
    let (seen, keeper) = world(Source::Stable).await;
    let store = Arc::new(MemoryStore::default());
    let nodes: Vec<_> =
        (0..3).map(|_| Keeper::new(keeper.client().clone(), Arc::clone(&store), Source::Stable)).collect();
    for node in &nodes {
        assert_eq!(node.token("wx1", "s3cret", 0).await, Ok("T0".into()));
    }
    let ask = async |node: usize| nodes[node].token_other_than("wx1", "s3cret", "T0", 1).await;
    let answers = tokio::join!(ask(0), ask(1), ask(2));
    let new = || Ok("T1".to_owned());
    assert_eq!(answers, (new(), new(), new()));
    assert_eq!(seen.lock().unwrap().forced, 1);
}

#[tokio::test]
async fn force_is_not_used_twice_within_thirty_seconds() {
    let (seen, keeper) = world(Source::Stable).await;
    let next = async |rejected: &str, now_ms| keeper.token_other_than("wx1", "s3cret", rejected, now_ms).await;
    assert_eq!(next("T0", 0).await, Ok("T1".into()));
    let refused = next("T1", 29_999).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::TokenInvalid);
    assert_eq!(next("T1", 30_000).await, Ok("T2".into()));
    assert_eq!(seen.lock().unwrap().forced, 2);
}

#[tokio::test]
async fn the_ticket_is_fetched_once_and_a_stale_token_mends_itself_on_the_way() {
    let (seen, keeper) = world(Source::Stable).await;
    keeper.token("wx1", "s3cret", 0).await.unwrap();
    seen.lock().unwrap().generation = 3;
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let keeper = Arc::clone(&keeper);
            tokio::spawn(async move { keeper.jsapi_ticket("wx1", "s3cret", 1).await })
        })
        .collect();
    for one in asking {
        assert_eq!(one.await.unwrap(), Ok("ticket1".into()));
    }
    assert_eq!(seen.lock().unwrap().tickets, 1);
    let kept = keeper.store().load("wx1", Held::JsapiTicket).await.unwrap();
    assert_eq!(kept.unwrap().value, "ticket1");
}

#[tokio::test]
async fn the_classic_endpoint_is_asked_only_when_a_token_is_needed() {
    let (seen, keeper) = world(Source::Classic).await;
    assert_eq!(keeper.token("wx1", "s3cret", 0).await, Ok("T1".into()));
    assert_eq!(keeper.token("wx1", "s3cret", HOUR_MS).await, Ok("T1".into()));
    let other = keeper.token_other_than("wx1", "s3cret", "T1", HOUR_MS).await;
    assert_eq!(other, Ok("T2".into()));
    assert_eq!(seen.lock().unwrap().classic, 2);
}

#[tokio::test]
async fn a_wrong_secret_is_told_apart_from_a_stale_token() {
    let (seen, keeper) = world(Source::Stable).await;
    let error = keeper.token("wx1", "wrong", 0).await.unwrap_err();
    assert_eq!(error.kind(), Kind::SecretWrong);
    assert_eq!(seen.lock().unwrap().forced, 0);
}
