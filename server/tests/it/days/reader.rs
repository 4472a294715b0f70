//! The separate reader: holds what lies in our database against WeChat's own books, bill by bill, on a connection of its
//! own and with statements of its own. Refuses to ask the code that wrote the rows whether they are right.

use super::world::World;
use crate::database;
use rules::cap::Kind as Cap;
use rules::ids::{PayoutId, Unionid};
use rules::time::UnixMs;
use sea_orm::{ConnectionTrait, DatabaseConnection, SqlErr, Statement, TransactionTrait, TryGetable};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

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
    /// The campaign, and the account where a person may claim once for each.
    scope: (i64, i64),
    /// The account that was followed, and the follower as it knows them; nobody does at an edit-mode account.
    follow: Option<(i64, String)>,
    /// True when somebody pressed the button; false when the follow itself made the claim, which tells no unionid.
    is_pressed: bool,
    bill_no: String,
    rail: String,
    payee: String,
    amount_fen: i64,
    state: String,
    accepted: bool,
    at: UnixMs,
}

/// Counters of caps (what each is on, and its day or hour) and what was used of them.
pub type Counters = BTreeMap<(Cap, i64, i64), i64>;

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

/// Bills that no book of ours knows since a fire, and when it was.
pub type LostBills = BTreeMap<String, UnixMs>;

/// Holds our payouts against WeChat's books, bill by bill, and tries the database's own rules; tells how many there are.
pub async fn bill_by_bill(url: &str, books: &Value) -> (usize, usize) {
    bill_by_bill_but(url, books, &LostBills::new()).await
}

/// The same, where some bills were lost.
async fn bill_by_bill_but(url: &str, books: &Value, lost: &LostBills) -> (usize, usize) {
    let bills = bills(books);
    let db = database::open(url).await;
    let payouts = read(&db, PAYOUTS, payout).await;
    let (gone, kept): (Vec<Bill>, Vec<Bill>) = bills.iter().cloned().partition(|bill| lost.contains_key(&bill.bill_no));
    proves_payouts(&payouts, &kept);
    proves_people(&payouts, &kept);
    proves_lost_people(&payouts, &bills, &gone, lost);
    proves_refusals(&db, &payouts).await;
    db.close().await.unwrap();
    (payouts.len(), bills.len())
}

fn bills(books: &Value) -> Vec<Bill> {
    serde_json::from_value(books["bills"].clone()).unwrap()
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

    /// The numbers of all bills at WeChat.
    pub async fn bill_numbers(&self) -> Vec<String> {
        bills(&self.sim_get("/_sim/books").await).into_iter().map(|bill| bill.bill_no).collect()
    }

    /// How many claims are entered of which nothing but a bill is left.
    pub async fn lost_claims(&self) -> u64 {
        let db = database::open(&self.config.database_url).await;
        let lost = read(&db, "SELECT payee FROM lost_claims", |_| ()).await.len();
        db.close().await.unwrap();
        lost as u64
    }

    /// The numbers of all payouts in our books.
    pub async fn payout_numbers(&self) -> BTreeSet<String> {
        let db = database::open(&self.config.database_url).await;
        let numbers = read(&db, "SELECT mch_billno FROM payouts", |row| get::<String>(row, "mch_billno")).await;
        db.close().await.unwrap();
        numbers.into_iter().collect()
    }

    /// The amounts of all claims in our books, by payee.
    pub async fn claims_by_payee(&self) -> BTreeMap<String, Vec<i64>> {
        let db = database::open(&self.config.database_url).await;
        let claims = claims_by_payee(&db).await;
        db.close().await.unwrap();
        claims
    }

    /// What the caps' counters hold now.
    pub async fn counters(&self) -> Counters {
        let db = database::open(&self.config.database_url).await;
        let counters = read(&db, "SELECT kind, object_id, bucket, used_fen FROM cap_uses", counter).await;
        db.close().await.unwrap();
        counters.into_iter().collect()
    }

    /// No counter that claims made grow since `before` is beyond its cap: nothing but claims may lie in between. (What is
    /// sent anew may pass a cap, and a cap may be set below what was used.)
    pub async fn proves_caps(&self, before: &Counters) {
        for ((kind, object, bucket), used) in self.counters().await {
            let grew = used > before.get(&(kind, object, bucket)).copied().unwrap_or(0);
            let limit = self.caps.get(&(kind, object)).copied().filter(|_| grew);
            assert!(
                limit.is_none_or(|limit| used <= limit),
                "claims took {used} fen of the cap on {} {object}, which is {limit:?}",
                kind.name()
            );
        }
    }

    /// What must hold at the end of every day, whatever is still under way.
    pub async fn proves_the_day(&mut self) {
        assert_eq!(self.engine().verify().await.unwrap(), None, "the books agree with themselves");
        let books = self.sim_get("/_sim/books").await;
        let (payouts, bills) = bill_by_bill_but(&self.config.database_url, &books, &self.fires.lost).await;
        let db = database::open(&self.config.database_url).await;
        self.proves_promises(&db).await;
        self.proves_unionids(&db, &books).await;
        self.proves_lines(&db).await;
        proves_totals(&db).await;
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
            let books = self.sim_get("/_sim/books").await;
            let lost = bills(&books).into_iter().filter(|bill| self.fires.lost.contains_key(&bill.bill_no));
            let lost: i64 = lost.filter(Bill::is_paid).map(|bill| bill.amount_fen).sum();
            let theirs = paid_fen(&books) - lost;
            assert_eq!(self.engine().sent_total().await.unwrap().0, theirs, "our sent total and WeChat's");
        }
    }

    /// Each promise has a claim of its amount, and no two promises have the same one.
    async fn proves_promises(&self, db: &DatabaseConnection) {
        let mut claims = claims_by_payee(db).await;
        for person in &self.people {
            let mut theirs = claims.remove(person.payee.as_str()).unwrap_or_default();
            for promised in &person.promised {
                let at = theirs.iter().position(|amount| amount == promised);
                theirs.swap_remove(at.unwrap_or_else(|| panic!("{promised} fen were promised without a claim")));
            }
        }
    }

    /// At WeChat nobody whom we knew by their unionid when they pressed the button has two packets where one may be theirs.
    async fn proves_unionids(&self, db: &DatabaseConnection, books: &Value) {
        let known = self.people.iter().filter_map(|person| Some((person.payee.as_str(), person.unionid.as_ref()?)));
        let known: BTreeMap<&str, &Unionid> = known.collect();
        let alive: BTreeSet<String> =
            bills(books).into_iter().filter(Bill::is_alive).map(|bill| bill.bill_no).collect();
        let mut of_people = BTreeMap::new();
        for payout in read(db, PAYOUTS, payout).await {
            let Some(unionid) = known.get(payout.payee.as_str()) else { continue };
            if payout.is_pressed && alive.contains(&payout.bill_no) {
                let before = of_people.insert((payout.scope, unionid.as_str()), payout.bill_no);
                assert_eq!(before, None, "{unionid} has two packets where one may be theirs");
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

async fn claims_by_payee(db: &DatabaseConnection) -> BTreeMap<String, Vec<i64>> {
    let sql = "SELECT payee_openid, amount_fen FROM claims ORDER BY id";
    let mut claims: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (payee, amount) in read(db, sql, |row| (get::<String>(row, "payee_openid"), get(row, "amount_fen"))).await {
        claims.entry(payee).or_default().push(amount);
    }
    claims
}

const PAYOUTS: &str = "SELECT p.id, p.claim_id, p.mch_billno, p.rail, c.payee_openid, p.amount_fen, p.state,
    CASE WHEN p.accepted_at IS NULL THEN 0 ELSE 1 END AS accepted, p.created_at, c.campaign_id,
    CASE g.scope WHEN 'account' THEN c.account_id ELSE 0 END AS account_id, c.ip, f.account_id AS followed,
    f.openid AS follower
    FROM payouts p JOIN claims c ON c.id = p.claim_id JOIN campaigns g ON g.id = c.campaign_id
        LEFT JOIN tickets t ON t.claim_id = c.id LEFT JOIN follows f ON f.id = t.follow_id ORDER BY p.id";

fn payout(row: &sea_orm::QueryResult) -> Payout {
    Payout {
        claim: get(row, "claim_id"),
        scope: (get(row, "campaign_id"), get(row, "account_id")),
        follow: get::<Option<i64>>(row, "followed").zip(get(row, "follower")),
        is_pressed: !get::<String>(row, "ip").is_empty(),
        bill_no: get(row, "mch_billno"),
        rail: get(row, "rail"),
        payee: get(row, "payee_openid"),
        amount_fen: get(row, "amount_fen"),
        state: get(row, "state"),
        accepted: get::<i32>(row, "accepted") == 1,
        at: UnixMs(get(row, "created_at")),
    }
}

fn counter(row: &sea_orm::QueryResult) -> ((Cap, i64, i64), i64) {
    let kind: Cap = get::<String>(row, "kind").parse().unwrap();
    ((kind, get(row, "object_id"), get(row, "bucket")), get(row, "used_fen"))
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

/// At WeChat no claim has two packets that may still be taken, and where one may be theirs no person has two and no follow
/// brought two, whoever they went to.
fn proves_people(payouts: &[Payout], bills: &[Bill]) {
    let ours: BTreeMap<&str, &Payout> = payouts.iter().map(|payout| (payout.bill_no.as_str(), payout)).collect();
    let (mut of_claims, mut of_people, mut of_follows) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for bill in bills.iter().filter(|bill| bill.is_alive()) {
        let Payout { claim, scope, follow, payee, .. } = ours[bill.bill_no.as_str()];
        let before = of_claims.insert(*claim, &bill.bill_no);
        assert_eq!(before, None, "claim {claim} has two packets at WeChat");
        let before = of_people.insert((scope, payee), &bill.bill_no);
        assert_eq!(before, None, "{payee} has two packets where one may be theirs");
        if let Some(follow) = follow {
            let before = of_follows.insert((scope, follow), &bill.bill_no);
            assert_eq!(before, None, "the follow {follow:?} brought two packets where one may be had");
        }
    }
}

/// Whoever has a packet that a fire made us forget gets no other one: none at all where one may be theirs, and none that
/// was made since the fire where there may be one for each account.
fn proves_lost_people(payouts: &[Payout], bills: &[Bill], gone: &[Bill], lost: &LostBills) {
    let alive: BTreeSet<&str> = bills.iter().filter(|bill| bill.is_alive()).map(|bill| bill.bill_no.as_str()).collect();
    for bill in gone.iter().filter(|bill| bill.is_alive()) {
        let since = lost[&bill.bill_no];
        let others = payouts.iter().filter(|payout| payout.payee == bill.openid && alive.contains(&*payout.bill_no));
        let again: Vec<_> = others.filter(|payout| payout.scope.1 == 0 || payout.at > since).collect();
        assert!(again.is_empty(), "{bill:?} was paid before a fire, and after it {again:?}");
    }
}

/// What a total has given out is held by claims of its amount that were paid or may be, and with what is left it adds up.
async fn proves_totals(db: &DatabaseConnection) {
    let sql = "SELECT h.claim_id, h.amount_fen, (SELECT COUNT(*) FROM payouts p WHERE p.claim_id = h.claim_id
            AND p.amount_fen = h.amount_fen AND p.state NOT IN ('returned', 'failed')) AS alive
        FROM (SELECT claim_id, amount_fen FROM pool_slots WHERE claim_id IS NOT NULL
            UNION ALL SELECT claim_id, amount_fen FROM prize_shares) h";
    for [claim, amount_fen, alive] in
        read(db, sql, |row| ["claim_id", "amount_fen", "alive"].map(|column| get::<i64>(row, column))).await
    {
        assert_eq!(alive, 1, "claim {claim} holds {amount_fen} fen of a total");
    }
    let sql = "SELECT g.prize, (SELECT COUNT(*) FROM pool_slots s WHERE s.campaign_id = g.id)
            + (SELECT COUNT(*) FROM prize_shares s WHERE s.campaign_id = g.id) + COALESCE(r.left_packets, 0) AS packets,
            CAST((SELECT COALESCE(SUM(s.amount_fen), 0) FROM pool_slots s WHERE s.campaign_id = g.id)
            + (SELECT COALESCE(SUM(s.amount_fen), 0) FROM prize_shares s WHERE s.campaign_id = g.id)
            + COALESCE(r.left_fen, 0) AS BIGINT) AS fen
        FROM campaigns g LEFT JOIN prize_state r ON r.campaign_id = g.id WHERE g.prize IS NOT NULL";
    let found =
        read(db, sql, |row| (get::<String>(row, "prize"), ["packets", "fen"].map(|c| get::<i64>(row, c)))).await;
    for (prize, there) in found {
        let rule: Value = serde_json::from_str(&prize).unwrap();
        for split in ["pool", "bounded"].iter().filter_map(|kind| rule.get(kind)) {
            let wanted = ["packets", "total"].map(|field| split[field].as_i64().unwrap());
            assert_eq!(there, wanted, "packets and fen of {prize}");
        }
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
