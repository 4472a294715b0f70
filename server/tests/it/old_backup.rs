//! An old backup that comes back: what was paid since, and to whom, before anything is granted or sent again.
//! Refuses a second packet, whatever was under way, ended, sent anew or written between the backup and its return.

use crate::browser::Follower;
use crate::database::{self, Kind};
use crate::days::bill_by_bill;
use crate::postgres;
use crate::reconcile::file_of;
use crate::start::lingbao;
use crate::transfers::pots;
use crate::world::{BOOKS, COFFEE, FUWU, World};
use engine::operators::console;
use engine::restore::Since;
use engine::strangers::Standstill;
use engine::{Clock, Draw};
use rules::Fen;
use rules::bill;
use rules::ids::{MchId, PayoutId};
use rules::ledger;
use rules::payout::{PAID_SINCE_BACKUP, State};
use rules::payout_list::{Filter, Step};
use rules::say::{Lang, alert as say};
use rules::time::{BeijingDay, hours, minutes};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::json;
use server::running;

const MCH: &str = "1900000109";

/// Makes a backup of this name and tells where it lies.
async fn backs_up(world: &World, name: &str) -> String {
    let backup = world.folder.join(name).to_str().unwrap().to_owned();
    let (code, _, err) = lingbao(world, &["backup", &backup]).await;
    assert_eq!(code, 0, "{err}");
    backup
}

/// Stops the server, restores a backup of it into another database, and starts it on that one.
async fn goes_back_to(world: &mut World, backup: &str) {
    world.stops_the_server().await;
    let url = match Kind::of_this_run() {
        Kind::Sqlite => format!("sqlite://{backup}.db"),
        Kind::Postgres => postgres::create().await,
    };
    world.config.database_url = url;
    let draw = Draw::seeded(world.clock.now().0.unsigned_abs());
    let engine = running::open(&world.config, world.clock.clone(), draw).await.unwrap();
    assert!(engine.restore(backup, Since::Unknown).await.unwrap() > 0);
    engine.close().await.unwrap();
    world.starts_the_server().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_behind_cannot_tell_which_bills_are_wanted() {
    let world = World::new().await;
    world.follower("Ming").await.claims(COFFEE).await;
    world.work_until_idle().await;
    let backup = backs_up(&world, "old.backup").await;
    let mut config = world.config.clone();
    config.database_url = match Kind::of_this_run() {
        Kind::Sqlite => format!("sqlite://{backup}.db"),
        Kind::Postgres => postgres::create().await,
    };
    let behind = Clock::still(world.clock.now().plus(-hours(24)));
    let engine = running::open(&config, behind.clone(), Draw::seeded(1)).await.unwrap();
    let refused = format!("{:?}", engine.restore(&backup, Since::Unknown).await.unwrap_err());
    assert!(refused.contains("clock is behind"), "{refused}");
    behind.follow(world.clock.now());
    assert!(engine.restore(&backup, Since::Unknown).await.unwrap() > 0, "nothing of the first try is there");
    engine.close().await.unwrap();
    database::remove(&config.database_url).await;
}

/// Every day that a restore wants is imported; the days without a bill had no movement.
async fn brings_the_bills(world: &World, wanted: &[BeijingDay]) {
    for day in wanted {
        let file = file_of(world, *day).await;
        let bill = server::fund_flow::read(file.as_bytes()).unwrap_or_else(|_| bill::DayBill::of_nothing(*day));
        world.engine().import_bill(&console(), None, &bill, Lang::En).await.unwrap();
    }
}

async fn settles(world: &World) -> Standstill {
    world.engine().settle_after_restore(&console()).await.unwrap()
}

/// The owner of a phone, with an empty browser.
fn person<'w>(world: &'w World, phone: &str) -> Follower<'w> {
    Follower::new(world, phone, "203.0.113.7")
}

/// The days pass until every bill that is wanted can be there; then they are brought, and the standstill is looked at.
async fn answers_for_the_gap(world: &World) -> Standstill {
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    let days: Vec<BeijingDay> = wanted.into_iter().flat_map(|(_, days)| days).collect();
    let last = days.iter().max().expect("a day is wanted");
    world.later(last.next().start().since(world.clock.now()).max(0) + hours(1)).await;
    brings_the_bills(world, &days).await;
    settles(world).await
}

/// The payouts at this state, the newest first.
async fn payouts_at(world: &World, state: State) -> Vec<PayoutId> {
    let rows = world.engine().payouts(Filter::At(state), None, 100).await.unwrap();
    rows.iter().map(|row| row.payout).collect()
}

async fn does(world: &World, statement: &str) {
    let db = database::open(&world.config.database_url).await;
    db.execute_unprepared(statement).await.unwrap();
    db.close().await.unwrap();
}

/// A world that is back at its backup: what failed before it was sent anew since, and this phone opened it.
async fn sent_anew_since_the_backup() -> (World, String, PayoutId) {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    world.wechat_fails("sendredpack", "no_auth").await;
    person(&world, &ming).claims(COFFEE).await;
    world.work_until_idle().await;
    let failed = payouts_at(&world, State::Failed).await;
    let backup = backs_up(&world, "old.backup").await;
    world.engine().reissue(&console(), failed[0], Lang::En).await.unwrap();
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    (world, ming, failed[0])
}

/// A world that is back at its backup, since which a phone was paid and opened its packet; and the day of that.
async fn paid_since_the_backup() -> (World, String, BeijingDay) {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    let backup = backs_up(&world, "old.backup").await;
    let paid_on = world.clock.now().day();
    person(&world, &ming).claims(COFFEE).await;
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    (world, ming, paid_on)
}

/// Our books agree with themselves, and this phone has one packet that was opened.
async fn has_one_packet(world: &World, phone: &str) {
    let wallet = person(world, phone).wallet().await;
    let states: Vec<&str> = wallet.iter().map(|packet| packet.state.as_str()).collect();
    assert_eq!(states, ["collected"]);
    assert_eq!(world.engine().verify().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_standstill_wants_the_bills_that_the_first_one_wanted() {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    let first = backs_up(&world, "first.backup").await;
    let paid_on = world.clock.now().day();
    person(&world, &ming).claims(COFFEE).await;
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    world.later(hours(72)).await;
    goes_back_to(&mut world, &first).await;
    world.was_spoilt();
    // One bill is imported, which the books remember; then the nightly backup of the standstill comes back, too.
    world.later(hours(24)).await;
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    let last = *wanted[0].1.iter().filter(|day| **day < world.clock.now().day()).max().unwrap();
    brings_the_bills(&world, &[last]).await;
    let second = backs_up(&world, "second.backup").await;
    goes_back_to(&mut world, &second).await;
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    assert!(wanted[0].1.contains(&paid_on) && !wanted[0].1.contains(&last), "{wanted:?}");
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(1));
    assert_eq!(person(&world, &ming).comes_through(BOOKS).await.refusal(), "already_claimed");
    has_one_packet(&world, &ming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_anew_since_the_backup_is_not_sent_anew_again() {
    let (world, ming, failed) = sent_anew_since_the_backup().await;
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(1));
    let refused = world.engine().reissue(&console(), failed, Lang::En).await.unwrap_err();
    assert!(format!("{refused:?}").contains(say::paid_since_backup(Lang::En)), "{refused:?}");
    world.work_until_idle().await;
    has_one_packet(&world, &ming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_restore_proves_nothing() {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    person(&world, &ming).claims(COFFEE).await;
    let backup = backs_up(&world, "old.backup").await;
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    goes_back_to(&mut world, &backup).await;
    does(&world, "DELETE FROM settings WHERE name LIKE 'restored_%'").await;
    assert_eq!(world.payouts_at(State::Unknown).await, 1, "nobody knows whether it was sent");
    // WeChat does not find it, and refuses its repetition.
    world.wechat_fails("gethbinfo", "not_found").await;
    world.wechat_fails("sendredpack", "no_auth").await;
    world.later(minutes(6)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Failed).await, 0, "the money is not given back");
    world.work_until_settled().await;
    assert_eq!(world.payouts_at(State::Collected).await, 1);
    has_one_packet(&world, &ming).await;
    bill_by_bill(&world.config.database_url, &world.sim_get("/_sim/books").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_in_flight_at_the_backup_waits_when_its_person_was_paid_since() {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    person(&world, &ming).claims(COFFEE).await;
    does(&world, "UPDATE payouts SET state = 'sending', attempts = 1").await;
    let backup = backs_up(&world, "old.backup").await;
    // That call is refused; the packet is sent anew and opened.
    does(&world, "UPDATE payouts SET state = 'queued', attempts = 0").await;
    world.wechat_fails("sendredpack", "no_auth").await;
    world.work_until_idle().await;
    let failed = payouts_at(&world, State::Failed).await;
    world.engine().reissue(&console(), failed[0], Lang::En).await.unwrap();
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(1));
    for _ in 0..3 {
        world.work_until_idle().await;
        world.later(hours(1)).await;
    }
    let facts = world.engine().payout(failed[0]).await.unwrap();
    assert!(facts.row.held && facts.row.err_code == PAID_SINCE_BACKUP, "{:?}", facts.row);
    assert!(facts.steps().contains(&Step::GiveUp), "{:?}", facts.steps());
    has_one_packet(&world, &ming).await;
    let (free, reserved, paid) = pots(&world).await;
    let hers = person(&world, &ming).received_fen().await;
    assert_eq!((reserved, paid), (hers, 0));
    world.engine().give_up(&console(), failed[0], Lang::En).await.unwrap();
    assert_eq!(pots(&world).await, (free + hers, 0, 0), "one packet was paid, and one left the line");
    assert!(world.engine().give_up(&console(), failed[0], Lang::En).await.is_err(), "an end is an end");
    assert!(world.engine().reissue(&console(), failed[0], Lang::En).await.is_err(), "nor is it sent anew");
    has_one_packet(&world, &ming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whose_campaign_is_not_in_the_backup_keeps_everything_standing() {
    let (world, ming, _) = paid_since_the_backup().await;
    // As if the account that pays had come to its campaign only after the backup.
    let pays = "SELECT MIN(payer_id) FROM campaigns";
    does(&world, &format!("UPDATE accounts SET mch_id = '{MCH}' WHERE id = ({pays})")).await;
    let other = format!("SELECT MIN(id) FROM accounts WHERE id <> ({pays})");
    does(&world, &format!("UPDATE campaigns SET payer_id = ({other})")).await;
    let Standstill::GoesOn { wanted, nameless, .. } = answers_for_the_gap(&world).await else { panic!("it ended") };
    assert_eq!((wanted.len(), nameless.len()), (0, 1), "WeChat named Ming, and no campaign is hers");
    does(&world, &format!("UPDATE campaigns SET payer_id = (SELECT id FROM accounts WHERE appid = '{FUWU}')")).await;
    assert_eq!(settles(&world).await, Standstill::Ended(1), "the campaign was entered again");
    assert_eq!(person(&world, &ming).comes_through(BOOKS).await.refusal(), "already_claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_backup_does_not_pay_twice() {
    let mut world = World::new().await;
    let (ming, hong) = (world.follower("Ming").await.phone, world.follower("Hong").await.phone);
    let ready = person(&world, &ming).comes_through(COFFEE).await;
    let backup = backs_up(&world, "old.backup").await;
    // After the backup Ming is paid and opens the packet; Hong is paid and does not.
    let browser = person(&world, &ming);
    let page = browser.opens(&ready.url).await;
    browser.presses(&page).await;
    person(&world, &hong).claims(BOOKS).await;
    world.work_until_idle().await;
    person(&world, &ming).opens_the_packet().await;
    let paid = world.wechats_books().await;
    assert_eq!(paid.bills.len(), 2);
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();

    let Standstill::GoesOn { wanted, .. } = settles(&world).await else { panic!("the bills are missing") };
    let [(mch_id, days)] = wanted.as_slice() else { panic!("{wanted:?}") };
    assert_eq!(mch_id, &MchId::try_from(MCH).unwrap());
    world.later(hours(24) * i64::try_from(days.len()).unwrap() - hours(24)).await;
    let bill = bill::DayBill::of_nothing(world.clock.now().day());
    assert!(world.engine().import_bill(&console(), None, &bill, Lang::En).await.is_err(), "today is not over");
    assert_eq!(person(&world, &ming).opens("/c/demo").await.refusal(), "paused");
    world.later(hours(24)).await;
    world.wechat_fails("gethbinfo", "lost_answer").await;
    brings_the_bills(&world, days).await;
    let Standstill::GoesOn { wanted, nameless, .. } = settles(&world).await else { panic!("Ming has no name yet") };
    assert_eq!((wanted.len(), nameless.len()), (0, 1), "Hong's packet went back, of Ming's nobody told");
    let told = world.engine().missing_after_restore().await.unwrap().unwrap();
    assert_eq!((told.wanted, told.nameless), (wanted, nameless), "the page says the same");
    let before = pots(&world).await;
    assert_eq!(settles(&world).await, Standstill::Ended(1));
    assert_eq!(settles(&world).await, Standstill::None(0));
    let hers = person(&world, &ming).received_fen().await;
    assert_eq!(pots(&world).await, (before.0 - hers, before.1, before.2), "what she got is not free any more");
    assert_eq!(person(&world, &ming).opens("/c/demo").await.refusal(), "already_claimed");
    // Nothing is known of Hong any more: she writes, which shows that she follows, and then follows anew.
    person(&world, &hong).says(BOOKS, "红包").await;
    world.later(2_000).await;
    person(&world, &hong).leaves(BOOKS).await;
    world.later(2_000).await;
    let page = person(&world, &hong).comes_through(BOOKS).await;
    assert_eq!(page.state(), "ready", "who got nothing may claim: {}", page.main());
    let again = person(&world, &ming).comes_through(BOOKS).await;
    assert_eq!(again.refusal(), "already_claimed", "{}", again.main());
    world.work_until_idle().await;
    assert_eq!(world.wechats_books().await, paid, "nobody was paid twice");
    assert_eq!(world.engine().verify().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_on_without_names_waits_for_every_bill() {
    let (world, ..) = paid_since_the_backup().await;
    let accepts = async |world: &World| world.engine().accept_unnamed(&console(), Lang::En).await;
    let missing = world.engine().missing_after_restore().await.unwrap().unwrap();
    let [(_, days)] = missing.wanted.as_slice() else { panic!("{missing:?}") };
    assert!(accepts(&world).await.is_err(), "a bill may name her");
    world.later(hours(24) * i64::try_from(days.len()).unwrap()).await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "lost_request", "times": 100 })).await;
    let (last, others) = days.split_last().unwrap();
    brings_the_bills(&world, others).await;
    assert!(accepts(&world).await.is_err(), "the last one is wanted, too");
    brings_the_bills(&world, &[*last]).await;
    assert!(world.engine().is_held_after_restore().await.unwrap());
    accepts(&world).await.unwrap();
    assert!(!world.engine().is_held_after_restore().await.unwrap());
    assert_eq!(world.engine().missing_after_restore().await.unwrap(), None);
    assert!(accepts(&world).await.is_err(), "nothing stands still");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_paid_since_the_backup_is_not_granted_again() {
    let mut world = World::new().await;
    let people = [world.follower("Ming").await.phone, world.follower("Hong").await.phone];
    let demo = world.campaign("demo").await.id;
    let all = pots(&world).await.0;
    // Little more than two packets is left when the backup is made.
    world.changes_budget(demo, ledger::Event::Withdraw, Fen::new(all - 600).unwrap()).await;
    let backup = backs_up(&world, "old.backup").await;
    for phone in &people {
        person(&world, phone).claims(COFFEE).await;
        world.work_until_idle().await;
        person(&world, phone).opens_the_packet().await;
    }
    let paid = world.wechats_books().await.paid_fen;
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    assert_eq!(pots(&world).await, (600, 0, 0), "the backup knows of no payment");
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(2));
    assert_eq!(pots(&world).await, (600 - paid, 0, 0));
    let statement = world.engine().statement(demo, None, 10).await.unwrap();
    let newest = &statement[0];
    assert_eq!((newest.event, newest.amount.get()), (ledger::Event::Withdraw, paid));
    // Another backup of these books takes nothing off twice.
    let second = backs_up(&world, "second.backup").await;
    goes_back_to(&mut world, &second).await;
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(0));
    assert_eq!(pots(&world).await, (600 - paid, 0, 0));
    assert_eq!(world.engine().verify().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_anew_while_everything_stood_still_can_be_given_up() {
    let (world, ming, failed) = sent_anew_since_the_backup().await;
    // Nobody knows yet that she was paid.
    let again = world.engine().reissue(&console(), failed, Lang::En).await.unwrap();
    assert_eq!(answers_for_the_gap(&world).await, Standstill::Ended(1));
    world.work_until_idle().await;
    let row = world.engine().payout(again).await.unwrap().row;
    assert!(row.held && row.err_code == PAID_SINCE_BACKUP, "{row:?}");
    world.engine().give_up(&console(), again, Lang::En).await.unwrap();
    assert_eq!(payouts_at(&world, State::Failed).await.len(), 2);
    has_one_packet(&world, &ming).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_that_comes_after_the_end_still_names_who_was_paid() {
    let (world, ming, paid_on) = paid_since_the_backup().await;
    let hers = person(&world, &ming).received_fen().await;
    world.later(hours(72)).await;
    let mch_id = MchId::try_from(MCH).unwrap();
    // Somebody says of every day that it has no bill.
    for (_, days) in world.engine().missing_after_restore().await.unwrap().unwrap().wanted {
        for day in days {
            world.engine().nothing_on(&console(), mch_id.clone(), day, Lang::En).await.unwrap();
        }
    }
    assert_eq!(settles(&world).await, Standstill::Ended(0));
    let before = pots(&world).await;
    for entered in [1, 0] {
        brings_the_bills(&world, &[paid_on]).await;
        assert_eq!(settles(&world).await, Standstill::None(entered));
        assert_eq!(pots(&world).await, (before.0 - hers, before.1, before.2), "taken off once");
    }
    assert_eq!(person(&world, &ming).comes_through(BOOKS).await.refusal(), "already_claimed");
    has_one_packet(&world, &ming).await;
    let told = world.engine().reconciliation(&mch_id, paid_on).await.unwrap();
    assert_eq!(told.differences[0].kind, bill::Kind::NoSuchPayout);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_bill_brings_while_others_are_accepted_is_not_accepted_with_them() {
    let mut world = World::new().await;
    let people = [world.follower("Ming").await.phone, world.follower("Hong").await.phone];
    let backup = backs_up(&world, "old.backup").await;
    let paid_on = world.clock.now().day();
    for phone in &people {
        person(&world, phone).claims(COFFEE).await;
        world.work_until_idle().await;
        person(&world, phone).opens_the_packet().await;
    }
    let second = world.wechats_books().await.bills[1].clone();
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    world.later(hours(72)).await;
    world.sim("/_sim/bill", &json!({ "kind": "omit", "date": paid_on.to_string(), "bill_no": second })).await;
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "lost_request", "times": 100 })).await;
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    brings_the_bills(&world, &wanted[0].1).await;
    let Standstill::GoesOn { wanted, nameless, .. } = settles(&world).await else {
        panic!("the first one has no name")
    };
    assert_eq!((wanted.len(), nameless.len()), (0, 1));
    world.http.delete(format!("{}/_sim/faults", world.wechat.url)).send().await.unwrap();
    world.http.delete(format!("{}/_sim/bill", world.wechat.url)).send().await.unwrap();
    // While WeChat is asked for the first, the corrected bill brings the second.
    world.sim("/_sim/faults", &json!({ "on": "gethbinfo", "kind": "delay", "ms": 3_000 })).await;
    let asked = async || world.sim_get("/_sim/struck").await.to_string();
    let before = asked().await;
    let accepts = async { world.engine().accept_unnamed(&console(), Lang::En).await };
    let corrects = async {
        while asked().await == before {
            tokio::task::yield_now().await;
        }
        brings_the_bills(&world, &[paid_on]).await;
    };
    let (accepted, ()) = futures::join!(accepts, corrects);
    let refused = format!("{:?}", accepted.unwrap_err());
    assert!(refused.contains("not asked about all"), "{refused}");
    assert!(world.engine().is_held_after_restore().await.unwrap());
    assert_eq!(settles(&world).await, Standstill::Ended(1), "both are named by now");
    for phone in &people {
        assert_eq!(person(&world, phone).comes_through(BOOKS).await.refusal(), "already_claimed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_just_after_midnight_wants_the_day_before_too() {
    let mut world = World::new().await;
    let midnight = world.clock.now().day().next().start();
    world.later(midnight.plus(minutes(2)).since(world.clock.now())).await;
    let ming = world.follower("Ming").await.phone;
    person(&world, &ming).claims(COFFEE).await;
    let backup = backs_up(&world, "old.backup").await;
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    assert_eq!(wanted[0].1[0].next(), midnight.day(), "WeChat's clock may be behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standstill_ends_by_itself_once_everybody_is_named_and_staff_are_not_at_work() {
    let (world, ming, _) = paid_since_the_backup().await;
    world.later(hours(72)).await;
    world.wechat_fails("gethbinfo", "lost_request").await;
    let wanted = world.engine().missing_after_restore().await.unwrap().unwrap().wanted;
    brings_the_bills(&world, &wanted[0].1).await;
    let Standstill::GoesOn { nameless, unasked, .. } = settles(&world).await else { panic!("she has no name yet") };
    assert_eq!((nameless.len(), unasked), (1, 0));
    let by_itself = async || world.engine().settle_by_itself().await.unwrap();
    let Standstill::GoesOn { nameless, .. } = by_itself().await else { panic!("a bill was brought just now") };
    assert_eq!(nameless.len(), 0, "she is named by now");
    world.later(minutes(31)).await;
    assert_eq!(by_itself().await, Standstill::Ended(0));
    assert_eq!(by_itself().await, Standstill::None(0));
    assert_eq!(person(&world, &ming).comes_through(BOOKS).await.refusal(), "already_claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_wechat_does_not_name_when_a_late_bill_comes_is_asked_for_again() {
    let (world, ming, paid_on) = too_soon_without_a_bill(true).await;
    let before = pots(&world).await;
    world.wechat_fails("gethbinfo", "lost_request").await;
    brings_the_bills(&world, &[paid_on]).await;
    assert_eq!(settles(&world).await, Standstill::None(0));
    assert_eq!(pots(&world).await, before, "nothing is taken for nobody");
    world.later(minutes(11)).await;
    assert_eq!(world.engine().settle_by_itself().await.unwrap(), Standstill::None(1));
    let hers = person(&world, &ming).received_fen().await;
    assert_eq!(pots(&world).await, (before.0 - hers, before.1, before.2));
    assert_eq!(person(&world, &ming).comes_through(BOOKS).await.refusal(), "already_claimed");
}

async fn lost_claims(world: &World) -> i64 {
    let db = database::open(&world.config.database_url).await;
    let count = Statement::from_string(db.get_database_backend(), "SELECT COUNT(*) AS n FROM lost_claims");
    let n = db.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap();
    db.close().await.unwrap();
    n
}

/// A world whose standstill after a restore ended, as somebody said of every day that it has no bill; Ming was paid since
/// the backup. Tells her phone and the day.
async fn too_soon_without_a_bill(opens: bool) -> (World, String, BeijingDay) {
    let mut world = World::new().await;
    let ming = world.follower("Ming").await.phone;
    let backup = backs_up(&world, "old.backup").await;
    // Late enough for the packet to be on its way still when the standstill ends.
    let midnight = world.clock.now().plus(hours(1)).day().next().start();
    world.later(midnight.since(world.clock.now()) - hours(1)).await;
    let paid_on = world.clock.now().day();
    person(&world, &ming).claims(COFFEE).await;
    world.work_until_idle().await;
    if opens {
        person(&world, &ming).opens_the_packet().await;
    }
    goes_back_to(&mut world, &backup).await;
    world.was_spoilt();
    // A merchant that transfers waits a day longer.
    does(&world, "UPDATE merchants SET apiv3_key = NULL, pub_key_id = NULL, pub_key_pem = NULL").await;
    world.later(hours(2)).await;
    let mch_id = MchId::try_from(MCH).unwrap();
    for (_, days) in world.engine().missing_after_restore().await.unwrap().unwrap().wanted {
        for day in days {
            world.engine().nothing_on(&console(), mch_id.clone(), day, Lang::En).await.unwrap();
        }
    }
    assert_eq!(settles(&world).await, Standstill::Ended(0));
    (world, ming, paid_on)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_bill_takes_nothing_for_a_packet_that_may_still_go_back() {
    let (world, ming, paid_on) = too_soon_without_a_bill(false).await;
    let before = pots(&world).await;
    brings_the_bills(&world, &[paid_on]).await;
    assert_eq!(settles(&world).await, Standstill::None(0), "nobody has opened it");
    assert_eq!(pots(&world).await, before);
    world.later(hours(30)).await;
    assert_eq!(settles(&world).await, Standstill::None(0));
    assert_eq!(pots(&world).await, before, "it went back");
    let again = person(&world, &ming).comes_through(BOOKS).await;
    assert_eq!(again.state(), "ready", "who got nothing may claim: {}", again.main());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_bill_holds_what_waits_once_and_bars_nobody_from_what_came_after() {
    let (world, ming, paid_on) = too_soon_without_a_bill(true).await;
    world.later(minutes(1)).await;
    let later = world.runs(world.form("later").await, 2_000_000, &[COFFEE]).await;
    // She claims a second time before the bill is there.
    person(&world, &ming).claims(BOOKS).await;
    brings_the_bills(&world, &[paid_on]).await;
    assert_eq!(settles(&world).await, Standstill::None(1));
    let [waits] = payouts_at(&world, State::Queued).await[..] else { panic!("one waits") };
    let row = world.engine().payout(waits).await.unwrap().row;
    assert!(row.held && row.err_code == PAID_SINCE_BACKUP, "{row:?}");
    // Staff find that the other packet was another campaign's.
    let short = json!({ "on": "sendredpack", "kind": "err_code", "code": "NOTENOUGH" });
    world.sim("/_sim/faults", &short).await;
    world.engine().retry_now(&console(), waits, Lang::En).await.unwrap();
    world.work_until_idle().await;
    brings_the_bills(&world, &[paid_on]).await;
    assert_eq!(settles(&world).await, Standstill::None(0));
    let row = world.engine().payout(waits).await.unwrap().row;
    assert!(!row.held, "what was released is not held again: {row:?}");
    assert_eq!(lost_claims(&world).await, 1, "the campaign that came later has none");
    assert_eq!(world.engine().statement(later, None, 10).await.unwrap().len(), 1, "nor did it pay");
    world.work_until_settled().await;
}
