//! The proof of the books, proved: each rule is broken by hand once and must be named.
//! Refuses a rule that never found anything.

use crate::database::{self, Kind};
use crate::world::{COFFEE, NOODLE, World};
use engine::Engine;
use sea_orm::{ConnectionTrait, DatabaseConnection};

/// The story's own database, opened beside the server.
pub struct Sql(DatabaseConnection);

/// Opens the story's database for raw statements.
pub async fn sql(world: &World) -> Sql {
    Sql(database::open(&world.config.database_url).await)
}

/// Takes the database's own rules away, but for the unique ones.
const fn unguarded(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => {
            "DROP TRIGGER IF EXISTS transfers_never_change; DROP TRIGGER IF EXISTS transfers_never_vanish;
            PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF;"
        }
        Kind::Postgres => {
            "DROP TRIGGER IF EXISTS transfers_never_change ON transfers;
            DO $$ DECLARE rule RECORD; BEGIN
                FOR rule IN SELECT conname, conrelid FROM pg_constraint
                    WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.conrelid::regclass, rule.conname);
                END LOOP;
            END $$;"
        }
    }
}

impl Sql {
    /// Runs statements, past the database's own rules.
    pub async fn run(&self, statements: &str) {
        let unguarded = format!("{} {statements}", unguarded(Kind::of_this_run()));
        self.0.execute_unprepared(&unguarded).await.unwrap();
    }
}

/// Two people are paid, one of them on asserted evidence; then somebody does this to the database.
async fn after(statements: &str) -> (World, String) {
    let world = World::new().await;
    for appid in [COFFEE, NOODLE] {
        world.follower("Ming").await.claims(appid).await;
    }
    world.work_until_idle().await;
    world.books_balance().await;
    sql(&world).await.run(statements).await;
    world.was_spoilt();
    let difference = world.engine().verify().await.unwrap();
    let rule = difference.map(|difference| difference.rule).unwrap_or_default();
    (world, rule)
}

const CAPS: &str = "what the caps count as used is what is under way or paid";
const BALANCES: &str = "a line's balances are the sum of its transfers";
const KEYS: &str = "every claim holds the keys of its payee and of its follow";
const TWICE: &str = "nobody has two claims where one may be theirs";

#[tokio::test(flavor = "multi_thread")]
async fn a_fen_from_nowhere_is_found() {
    let (_world, rule) = after("UPDATE lines SET available_fen = available_fen + 1").await;
    assert_eq!(rule, BALANCES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_vanished_is_found() {
    let vanish = "DELETE FROM transfers WHERE id = (SELECT MIN(id) FROM transfers WHERE event = 'pay')";
    let (_world, rule) = after(vanish).await;
    assert_eq!(rule, BALANCES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_that_grew_is_found() {
    let (_world, rule) = after("UPDATE transfers SET amount_fen = amount_fen + 1 WHERE event = 'fund'").await;
    assert_eq!(rule, BALANCES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_below_nothing_is_found_even_when_its_transfers_agree() {
    let overdraw = "INSERT INTO transfers (id, line_id, event, debit, credit, amount_fen, at)
            SELECT 1, id, 'withdraw', 'available', 'funding', available_fen + 1, 0 FROM lines;
        UPDATE lines SET available_fen = -1";
    let (_world, rule) = after(overdraw).await;
    assert_eq!(rule, "no line is negative");
}

#[tokio::test(flavor = "multi_thread")]
async fn money_reserved_for_nobody_is_found() {
    let reserve = "INSERT INTO transfers (id, line_id, event, debit, credit, amount_fen, at)
            SELECT 1, id, 'reserve', 'available', 'reserved', 100, 0 FROM lines;
        UPDATE lines SET available_fen = available_fen - 100, reserved_fen = reserved_fen + 100";
    let (_world, rule) = after(reserve).await;
    assert_eq!(rule, "what is reserved is what is under way");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_came_back_without_its_money_is_found() {
    let (_world, rule) = after("UPDATE payouts SET state = 'returned' WHERE id = (SELECT MIN(id) FROM payouts)").await;
    assert_eq!(rule, "what is paid is what WeChat holds or gave out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_the_key_of_its_payee_is_found() {
    for change in ["DELETE FROM claim_keys WHERE kind = 'payee'", "UPDATE claim_keys SET claim_id = claim_id - 1"] {
        let (_world, rule) = after(change).await;
        assert_eq!(rule, KEYS, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_the_key_of_its_follow_is_found() {
    for change in ["DELETE FROM claim_keys", "UPDATE claim_keys SET value = value || 'o'"] {
        let (_world, rule) = after(&format!("{change} WHERE kind = 'follow'")).await;
        assert_eq!(rule, KEYS, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_hold_for_an_account_where_a_person_may_claim_once_are_found() {
    for change in ["claim_keys SET scope = 1", "campaigns SET scope = 'account'"] {
        let (_world, rule) = after(&format!("UPDATE {change}")).await;
        assert_eq!(rule, KEYS, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_keeps_the_wrong_ones_away_is_found() {
    for (scope, claim) in [("account_id", "id"), ("0", "id + 1")] {
        let keep_away = format!(
            "INSERT INTO claim_keys SELECT campaign_id, {scope}, 'unionid', 'oSomebody' || CAST(id AS TEXT), {claim}
                FROM claims"
        );
        let (_world, rule) = after(&keep_away).await;
        assert_eq!(rule, "every key is a claim's, in the scope of its campaign", "{keep_away}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_its_payout_is_found() {
    let lose = "INSERT INTO claims SELECT 1, campaign_id, account_id, follow_id, 'oNobody', 'proven', state, amount_fen, ip, at, 0
        FROM claims LIMIT 1";
    let (_world, rule) = after(lose).await;
    assert_eq!(rule, "every claim has its payout");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_claims_of_one_person_are_found() {
    let (_world, rule) = after("UPDATE claims SET payee_openid = (SELECT MIN(payee_openid) FROM claims)").await;
    assert_eq!(rule, TWICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_claims_of_one_person_for_one_account_are_found_where_each_account_has_its_own() {
    let twice = "UPDATE campaigns SET scope = 'account';
        UPDATE claims SET payee_openid = (SELECT MIN(payee_openid) FROM claims),
            account_id = (SELECT MIN(account_id) FROM claims)";
    let (_world, rule) = after(twice).await;
    assert_eq!(rule, TWICE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_the_ticket_of_its_payee_is_found() {
    for change in ["claim_id = NULL", "bound_openid = 'oSomebody'", "follow_id = -1", "campaign_id = -1"] {
        let (_world, rule) = after(&format!("UPDATE tickets SET {change} WHERE claim_id IS NOT NULL")).await;
        assert_eq!(rule, "every claim used one ticket, which was bound to its payee", "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_of_another_amount_than_its_claim_is_found() {
    let (_world, rule) = after("UPDATE claims SET amount_fen = amount_fen - 1 WHERE grade = 'proven'").await;
    assert_eq!(rule, "every payout is of its claim's amount and reserved its money once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_that_reserved_under_another_name_is_found() {
    let (_world, rule) = after("UPDATE transfers SET payout_id = -payout_id WHERE event = 'reserve'").await;
    assert_eq!(rule, "every payout is of its claim's amount and reserved its money once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_settles_nothing_is_found() {
    let (_world, rule) = after("UPDATE transfers SET resolves = NULL WHERE event = 'pay'").await;
    assert_eq!(rule, "every transfer that settles a payout's money names the one that it settles");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_count_of_a_cap_is_found() {
    let (world, rule) = after("UPDATE cap_uses SET used_fen = used_fen + 1 WHERE kind = 'asserted'").await;
    assert_eq!(rule, CAPS);
    world.stops_the_server().await;
    let (code, out, _) = crate::start::lingbao(&world, &["verify"]).await;
    assert_eq!(code, 1, "the command says so too");
    assert!(out.contains(CAPS) && out.contains("asserted"), "{out}");
}

/// A tester is paid in a draft; then somebody does this to the database.
async fn after_a_rehearsal(statements: &str) -> (World, String) {
    let world = World::new().await;
    crate::rehearsal::a_tester_is_paid(&world).await;
    world.books_balance().await;
    sql(&world).await.run(statements).await;
    world.was_spoilt();
    let difference = world.engine().verify().await.unwrap();
    let rule = difference.map(|difference| difference.rule).unwrap_or_default();
    (world, rule)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_took_a_place_is_found() {
    let take = "INSERT INTO claim_keys SELECT campaign_id, 0, 'payee', payee_openid, id FROM claims";
    let (_world, rule) = after_a_rehearsal(take).await;
    assert_eq!(rule, "a rehearsal took nothing but money");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_of_nobody_is_found() {
    let (_world, rule) = after_a_rehearsal("DELETE FROM testers").await;
    assert_eq!(rule, "a rehearsal took nothing but money");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_is_taken_for_a_claim_is_found() {
    let (_world, rule) = after_a_rehearsal("UPDATE claims SET rehearsal = 0").await;
    assert_eq!(rule, KEYS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_taken_for_a_rehearsal_is_found() {
    let (_world, rule) = after("UPDATE claims SET rehearsal = 1").await;
    assert_eq!(rule, CAPS);
}

#[tokio::test(flavor = "multi_thread")]
async fn money_of_a_rehearsal_that_vanished_is_found() {
    let vanish = "DELETE FROM transfers WHERE event = 'pay'";
    let (_world, rule) = after_a_rehearsal(vanish).await;
    assert_eq!(rule, BALANCES);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_refuses_a_line_below_nothing_and_a_second_key() {
    let world = World::new().await;
    world.follower("Ming").await.claims(COFFEE).await;
    world.work_until_idle().await;
    let db = sql(&world).await.0;
    for refused in [
        "UPDATE lines SET available_fen = -1",
        "UPDATE lines SET paid_fen = paid_fen - 1000000",
        "INSERT INTO claim_keys SELECT * FROM claim_keys LIMIT 1",
        "INSERT INTO transfers SELECT id + 1, line_id, event, debit, credit, amount_fen, payout_id, operator_id, at
            FROM transfers WHERE event = 'pay'",
        "UPDATE transfers SET amount_fen = amount_fen + 1",
        "DELETE FROM transfers",
        "INSERT INTO transfers (id, line_id, event, debit, credit, amount_fen, at, resolves)
            SELECT 1, line_id, 'void', 'reserved', 'available', amount_fen, at, resolves FROM transfers WHERE event = 'pay'",
        "UPDATE cap_uses SET used_fen = -1",
        "UPDATE payouts SET state = 'paid twice'",
        "INSERT INTO payouts SELECT id + 1, claim_id, line_id, rail, mch_id, appid, mch_billno, request, amount_fen, state,
            attempts, asked, due_at, called_at, accepted_at, ended_at, err_code, err_code_des, created_at FROM payouts",
    ] {
        assert!(db.execute_unprepared(refused).await.is_err(), "{refused}");
    }
}

#[test]
fn every_rule_of_the_proof_has_a_story_here() {
    let stories = include_str!("proofs.rs");
    let named = stories.lines().filter(|line| line.trim().starts_with("assert_eq!(rule, ")).count();
    assert!(named >= Engine::rules_verified(), "{named} stories for {} rules", Engine::rules_verified());
}
