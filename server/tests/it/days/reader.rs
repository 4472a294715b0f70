//! The separate reader: holds what lies in our database against WeChat's own books, bill by bill, on a connection of its
//! own and with statements of its own. Refuses to ask the code that wrote the rows whether they are right.

use super::world::World;
use crate::database;
use rules::ids::PayoutId;
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlErr, Statement, TransactionTrait, TryGetable};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A bill in WeChat's books.
#[derive(Debug, Clone, Deserialize)]
struct Bill {
    bill_no: String,
    rail: String,
    openid: String,
    amount_fen: i64,
    state: String,
}

impl Bill {
    /// The money is the follower's or may still become theirs.
    fn is_alive(&self) -> bool {
        !matches!(self.state.as_str(), "returned" | "failed")
    }

    /// The merchant paid it, later returned included.
    fn is_paid(&self) -> bool {
        self.rail == "redpack" || self.state == "collected"
    }
}

/// A payout in our database.
#[derive(Debug, Clone)]
struct Payout {
    claim: i64,
    bill_no: String,
    rail: String,
    payee: String,
    amount_fen: i64,
    state: String,
    accepted: bool,
}

/// Rows that only a unique rule keeps out, whatever the code above it does: a second key, a second payout under one
/// number, a second living payout of one claim.
const TWINS: [&str; 3] = [
    "INSERT INTO claim_keys SELECT * FROM claim_keys LIMIT 1",
    "INSERT INTO payouts (id, claim_id, line_id, rail, mch_id, appid, mch_billno, request, amount_fen, state, attempts,
        asked, err_code, err_code_des, created_at) SELECT id + 1, claim_id, line_id, rail, mch_id, appid, mch_billno,
        request, amount_fen, 'failed', 0, 0, '', '', created_at FROM payouts LIMIT 1",
    "INSERT INTO payouts (id, claim_id, line_id, rail, mch_id, appid, mch_billno, request, amount_fen, state, attempts,
        asked, err_code, err_code_des, created_at) SELECT id + 1, claim_id, line_id, rail, mch_id, appid, 'LB-twin',
        request, amount_fen, 'queued', 0, 0, '', '', created_at FROM payouts
        WHERE state NOT IN ('returned', 'failed') LIMIT 1",
];
/// Changes that a rule about balances or the ledger keeps out.
const SPOILS: [&str; 2] = ["UPDATE lines SET available_fen = -1", "DELETE FROM transfers"];

async fn read<T>(db: &DatabaseConnection, sql: &str, row: impl Fn(&sea_orm::QueryResult) -> T) -> Vec<T> {
    let statement = Statement::from_string(db.get_database_backend(), sql.to_owned());
    db.query_all_raw(statement).await.unwrap().iter().map(row).collect()
}

fn get<T: TryGetable>(row: &sea_orm::QueryResult, column: &str) -> T {
    row.try_get("", column).unwrap()
}

/// Holds our payouts against WeChat's books, bill by bill, and tries the database's own rules; tells how many there are.
pub async fn bill_by_bill(url: &str, books: &Value) -> (usize, usize) {
    let bills: Vec<Bill> = serde_json::from_value(books["bills"].clone()).unwrap();
    let db = database::open(url).await;
    let payouts = read(&db, PAYOUTS, payout).await;
    proves_payouts(&payouts, &bills);
    proves_people(&payouts, &bills);
    proves_refusals(&db, &payouts).await;
    db.close().await.unwrap();
    (payouts.len(), bills.len())
}

/// What WeChat's books say that the merchant paid, later returned included.
fn paid_fen(books: &Value) -> i64 {
    books["paid_fen"].as_i64().unwrap()
}

impl World {
    /// Payouts that failed or went back, the oldest first.
    pub async fn payouts_that_ended_without_money(&self) -> Vec<PayoutId> {
        let db = database::open(&self.config.database_url).await;
        let sql = "SELECT id FROM payouts WHERE state IN ('failed', 'returned') ORDER BY id";
        let ids = read(&db, sql, |row| PayoutId(get(row, "id"))).await;
        db.close().await.unwrap();
        ids
    }

    /// What must hold at the end of every day, whatever is still under way.
    pub async fn proves_the_day(&mut self) {
        assert_eq!(self.engine().verify().await.unwrap(), None, "the books agree with themselves");
        let books = self.sim_get("/_sim/books").await;
        let (payouts, bills) = bill_by_bill(&self.config.database_url, &books).await;
        let db = database::open(&self.config.database_url).await;
        self.proves_promises(&db).await;
        self.proves_lines(&db).await;
        self.proves_deadlines(&db).await;
        db.close().await.unwrap();
        self.steps.note(&format!("{payouts} payouts, {bills} bills, {} fen paid", paid_fen(&books)));
    }

    /// What must hold when everything came to rest: nothing is open but what has an alert, and the sums are the same.
    pub async fn proves_the_end(&mut self, latest: UnixMs) {
        self.proves_the_day().await;
        let alerts = self.alerts().await;
        let open: Vec<_> = self.engine().ageing().await.unwrap();
        let silent: Vec<_> =
            open.iter().filter(|payout| !alerts.iter().any(|a| a.object == payout.mch_billno.as_str())).collect();
        assert!(silent.is_empty(), "until {latest:?} these found no end and nobody was told: {silent:?}");
        if open.is_empty() {
            let theirs = paid_fen(&self.sim_get("/_sim/books").await);
            assert_eq!(self.engine().sent_total().await.unwrap().0, theirs, "our sent total and WeChat's");
        }
    }

    async fn proves_promises(&self, db: &DatabaseConnection) {
        let sql = "SELECT payee_openid, amount_fen FROM claims";
        let claims: BTreeMap<String, i64> =
            read(db, sql, |row| (get(row, "payee_openid"), get(row, "amount_fen"))).await.into_iter().collect();
        for person in &self.people {
            if let Some(promised) = person.promised_fen {
                assert_eq!(claims.get(person.payee.as_str()), Some(&promised), "a promise without its claim");
            }
        }
    }

    async fn proves_lines(&self, db: &DatabaseConnection) {
        let sql = "SELECT available_fen, reserved_fen, paid_fen FROM lines";
        for line in read(db, sql, |row| ["available_fen", "reserved_fen", "paid_fen"].map(|c| get::<i64>(row, c))).await
        {
            assert!(line.iter().all(|fen| *fen >= 0), "a line below nothing: {line:?}");
        }
        let sql = "SELECT CAST(SUM(CASE event WHEN 'fund' THEN amount_fen WHEN 'withdraw' THEN -amount_fen ELSE 0 END)
            AS BIGINT) - (SELECT CAST(SUM(available_fen + reserved_fen + paid_fen) AS BIGINT) FROM lines) AS lost
            FROM transfers";
        assert_eq!(read(db, sql, |row| get::<i64>(row, "lost")).await, [0], "money was made or lost");
    }

    async fn proves_deadlines(&self, db: &DatabaseConnection) {
        let now = self.clock.now();
        let overdue = self.engine().ageing().await.unwrap().into_iter().filter(|payout| payout.is_overdue(now)).count();
        let told = read(db, "SELECT kind FROM alerts WHERE kind = 'overdue'", |_| ()).await.len();
        assert!(overdue == 0 || told > 0, "{overdue} payouts are past their deadline and nobody was told");
    }
}

const PAYOUTS: &str = "SELECT p.id, p.claim_id, p.mch_billno, p.rail, c.payee_openid, p.amount_fen, p.state,
    CASE WHEN p.accepted_at IS NULL THEN 0 ELSE 1 END AS accepted
    FROM payouts p JOIN claims c ON c.id = p.claim_id ORDER BY p.id";

fn payout(row: &sea_orm::QueryResult) -> Payout {
    Payout {
        claim: get(row, "claim_id"),
        bill_no: get(row, "mch_billno"),
        rail: get(row, "rail"),
        payee: get(row, "payee_openid"),
        amount_fen: get(row, "amount_fen"),
        state: get(row, "state"),
        accepted: get::<i32>(row, "accepted") == 1,
    }
}

/// Bill by bill: what WeChat has is ours, of the same amount, for the same person, and where we say that it is.
fn proves_payouts(payouts: &[Payout], bills: &[Bill]) {
    let ours: BTreeMap<&str, &Payout> = payouts.iter().map(|payout| (payout.bill_no.as_str(), payout)).collect();
    assert_eq!(ours.len(), payouts.len(), "a bill number stands twice");
    let theirs: BTreeMap<&str, &Bill> = bills.iter().map(|bill| (bill.bill_no.as_str(), bill)).collect();
    for bill in bills {
        let payout =
            ours.get(bill.bill_no.as_str()).unwrap_or_else(|| panic!("WeChat has a bill that we do not: {bill:?}"));
        assert_eq!(
            (payout.rail.as_str(), payout.payee.as_str(), payout.amount_fen),
            (bill.rail.as_str(), bill.openid.as_str(), bill.amount_fen),
            "{}",
            bill.bill_no
        );
    }
    for payout in payouts {
        let bill = theirs.get(payout.bill_no.as_str());
        let state = bill.map_or("nothing", |bill| bill.state.as_str());
        let fits = match payout.state.as_str() {
            "sent" => bill.is_some(),
            "collected" => state == "collected",
            "returned" => state == "returned",
            "failed" => matches!(state, "nothing" | "failed"),
            _ => true,
        };
        assert!(fits, "we say {payout:?}, WeChat says {state}");
        assert!(!payout.accepted || bill.is_some_and(|bill| bill.is_paid()), "paid for us, not for WeChat: {payout:?}");
    }
}

/// At WeChat nobody has two packets of one claim, and no claim has two that may still be taken.
fn proves_people(payouts: &[Payout], bills: &[Bill]) {
    let claims: BTreeMap<&str, i64> = payouts.iter().map(|payout| (payout.bill_no.as_str(), payout.claim)).collect();
    let (mut of_claims, mut of_people) = (BTreeMap::new(), BTreeMap::new());
    for bill in bills.iter().filter(|bill| bill.is_alive()) {
        let claim = claims[bill.bill_no.as_str()];
        let before = of_claims.insert(claim, &bill.bill_no);
        assert_eq!(before, None, "claim {claim} has two packets at WeChat");
        let before = of_people.insert(bill.openid.as_str(), &bill.bill_no);
        assert_eq!(before, None, "{} has two packets in one campaign", bill.openid);
    }
}

/// The database's own rules are there: each statement is refused by it, not by our code.
async fn proves_refusals(db: &DatabaseConnection, payouts: &[Payout]) {
    if !payouts.iter().any(|payout| !matches!(payout.state.as_str(), "returned" | "failed")) {
        return;
    }
    for statement in TWINS.iter().chain(&SPOILS) {
        let tried = db.begin().await.unwrap();
        let refused = tried.execute_unprepared(statement).await;
        tried.rollback().await.unwrap();
        let error = refused.err().unwrap_or_else(|| panic!("the database took: {statement}"));
        let unique = matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)));
        assert!(unique || SPOILS.contains(statement), "refused for another reason: {statement}: {error}");
    }
}
