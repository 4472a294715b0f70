//! Reconciliation: the merchant's fund-flow bill beside our books.
//! Refuses a difference that is not told.

use crate::start::lingbao;
use crate::world::{BOOKS, COFFEE, FUWU, World};
use engine::operators::console;
use rules::bill::{self, Movement, Reconciled};
use rules::ids::MchId;
use rules::operator::Role;
use rules::payout::State;
use rules::say::{Lang, bill as say};
use rules::time::{BeijingDay, hours};
use serde_json::json;

const MCH: &str = "1900000109";

/// The bill of a day as WeChat writes it.
pub async fn file_of(world: &World, day: BeijingDay) -> String {
    let url = format!("{}/_sim/bill?date={day}", world.wechat.url);
    world.http.get(url).send().await.unwrap().text().await.unwrap()
}

/// Runs `lingbao` with this bill and more arguments.
async fn reconciles(world: &World, file: &str, more: &[&str]) -> (i32, String, String) {
    let path = world.folder.join("bill.csv");
    std::fs::write(&path, file).unwrap();
    let arguments: Vec<&str> = ["reconcile", path.to_str().unwrap()].iter().chain(more).copied().collect();
    lingbao(world, &arguments).await
}

/// A bill of a day long ago with one payment under this number.
fn old_bill(number: &str, yuan: &str) -> String {
    let head = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,\
        资金变更提交申请人,备注,业务凭证号";
    let row = format!("`2020-01-02 10:00:00,`1,`2,`现金红包,`现金红包,`支出,`{yuan},`9.00,`{MCH}API,`春,`{number}");
    let sums = format!("资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n`1,`0,`0.00,`1,`{yuan}\r\n");
    format!("{head}\r\n{row}\r\n{sums}")
}

/// Imports the bill of a day at the running server.
async fn imports(world: &World, day: BeijingDay) -> Reconciled {
    let bill = server::fund_flow::read(file_of(world, day).await.as_bytes()).unwrap();
    let (there, _) = world.engine().import_bill(&console(), None, &bill, Lang::En).await.unwrap();
    world.engine().reconciliation(&there.mch_id, day).await.unwrap()
}

/// Three people are paid, each by another account; the day is over when this returns.
async fn a_day_of_three(world: &World) -> BeijingDay {
    let noon = world.clock.now().day().next().start().plus(hours(12));
    world.later(noon.since(world.clock.now())).await;
    for (name, appid) in [("Ming", COFFEE), ("Hong", BOOKS), ("Li", FUWU)] {
        world.follower(name).await.claims(appid).await;
    }
    world.work_until_idle().await;
    let day = world.clock.now().day();
    world.later(hours(13)).await;
    day
}

async fn plants(world: &World, kind: &str, day: BeijingDay) -> String {
    let planted = world.sim("/_sim/bill", &json!({ "kind": kind, "date": day.to_string() })).await;
    planted["bill_no"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_day_agrees_to_the_fen_both_ways() {
    let world = World::new().await;
    let day = a_day_of_three(&world).await;
    let seen = imports(&world, day).await;
    assert_eq!(seen.differences, []);
    assert_eq!((seen.bill.ours, seen.bill.foreign, seen.waiting), (3, 0, 0));
    assert_eq!(seen.ours, seen.theirs);
    assert_eq!(seen.theirs.paid_fen.get(), world.wechats_books().await.paid_fen);
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_that_nobody_opened_come_back_in_the_bill_and_in_our_books() {
    let world = World::new().await;
    let day = a_day_of_three(&world).await;
    world.later(hours(30)).await;
    world.work_until_idle().await;
    assert_eq!(world.payouts_at(State::Returned).await, 3);
    world.later(hours(24)).await;
    imports(&world, day).await;
    let seen = imports(&world, day.next()).await;
    assert_eq!(seen.theirs.returned, 3);
    let heard = imports(&world, day.next()).await;
    assert_eq!((heard.differences, heard.waiting), (Vec::new(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_error_is_found_with_its_sentence() {
    for (kind, expected) in [
        ("omit", Some(bill::Kind::OursAlone)),
        ("double", Some(bill::Kind::Double)),
        ("amount", Some(bill::Kind::Amount)),
        ("foreign", None),
    ] {
        let world = World::new().await;
        let day = a_day_of_three(&world).await;
        let number = plants(&world, kind, day).await;
        let seen = imports(&world, day).await;
        let found: Vec<_> = seen.differences.iter().map(|d| (d.kind, d.movement, d.mch_billno.to_string())).collect();
        let wanted: Vec<_> = expected.map(|kind| (kind, Movement::Paid, number.clone())).into_iter().collect();
        assert_eq!(found, wanted, "{kind}");
        assert_eq!(seen.bill.foreign, i64::from(kind == "foreign"));
        for difference in &seen.differences {
            let said = say::difference(difference, Lang::En);
            assert!(said.starts_with(&number) && said.contains('¥'), "{said}");
        }
        let mended = world.http.delete(format!("{}/_sim/bill", world.wechat.url)).send().await.unwrap();
        assert_eq!(mended.status(), 200);
        assert_eq!(imports(&world, day).await.differences, [], "a corrected file takes the place of the wrong one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_of_ours_that_our_books_never_paid_is_told() {
    let world = World::new().await;
    let day = a_day_of_three(&world).await;
    let planted = json!({ "kind": "foreign", "date": day.to_string(), "bill_no": "LB261121NEVERHEARDOFTHIS" });
    world.sim("/_sim/bill", &planted).await;
    let seen = imports(&world, day).await;
    let [only] = seen.differences.as_slice() else { panic!("{:?}", seen.differences) };
    assert_eq!((only.kind, only.theirs.unwrap().get()), (bill::Kind::NoSuchPayout, 100));
    assert!(say::difference(only, Lang::Zh).contains("没有这个单号"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_twice_changes_nothing_and_a_corrected_one_takes_its_place() {
    let world = World::new().await;
    let foreign = old_bill("1900000109202001020000000001", "1.00");
    let (code, said, err) = reconciles(&world, &foreign, &[]).await;
    assert!(code == 0 && said.contains("(imported)") && said.contains("1 foreign rows"), "{said} {err}");
    assert!(said.contains("Both sides agree"), "{said}");
    let before = world.engine().imported_bills().await.unwrap();
    let (code, said, _) = reconciles(&world, &foreign, &["--mch", MCH]).await;
    assert!(code == 0 && said.contains("nothing changed"), "{said}");
    assert_eq!(world.engine().imported_bills().await.unwrap(), before);
    let (code, said, _) = reconciles(&world, &old_bill("LB200102ABC", "1.00"), &[]).await;
    assert!(code == 1 && said.contains("(replaced)") && said.contains("our books do not have"), "{said}");
    // Another account's bill, or another system's.
    let (code, _, err) = reconciles(&world, &foreign, &[]).await;
    assert!(code == 1 && err.contains("LB200102ABC") && err.contains("not in this file"), "{err}");
    let (code, said, _) = reconciles(&world, &old_bill("LB200102ABC", "1.00"), &["--nothing-on", "2020-01-01"]).await;
    assert!(code == 1 && said.contains("2020-01-01"), "{said}");
    assert_eq!(world.engine().imported_bills().await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_file_is_refused_with_a_clear_sentence_and_leaves_nothing() {
    let world = World::new().await;
    let good = old_bill("LB200102ABC", "1.00");
    let today = world.clock.now().day().to_string();
    let table: [(String, &[&str], &str); 7] = [
        ("交易时间,公众账号ID,商户号\r\n".to_owned(), &[], "no fund-flow bill: the column 记账时间 is missing"),
        (good.replace("`1.00,", "`2.00,"), &[], "the sums at its end are not those of its rows"),
        (good.split("资金流水总笔数").next().unwrap().to_owned(), &[], "did not come whole"),
        (good.replace("2020-01-02", &today), &[], "the day is not over"),
        (good.replace("支出,", "别的,"), &[], "line 2 cannot be read"),
        (good.clone(), &["--mch", "1230000109"], "not the one it is imported for"),
        (good.replace(MCH, "1230000109"), &[], "the bill is of merchant 1230000109"),
    ];
    for (file, more, said) in table {
        let (code, out, err) = reconciles(&world, &file, more).await;
        assert_eq!((code, out.as_str()), (1, ""), "{said}");
        assert!(err.contains(said), "{said}: {err}");
    }
    assert_eq!(world.engine().imported_bills().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn finance_uploads_a_bill_in_the_dashboard_and_nobody_below() {
    let world = World::new().await;
    let send = async |role: Role, file: &str| {
        let desk = world.staff_of(role).await;
        let body = format!(
            "--mark\r\ncontent-disposition: form-data; name=\"file\"; filename=\"b.csv\"\r\n\r\n{file}\r\n--mark--\r\n"
        );
        let origin = world.config.public_url.clone();
        let headers = [("content-type", "multipart/form-data; boundary=mark"), ("origin", origin.as_str())];
        let page = desk.sends(reqwest::Method::POST, "/api/finance/bills", &headers, Some(body)).await;
        (desk, page)
    };
    let (_, page) = send(Role::Marketer, &old_bill("LB200102ABC", "1.00")).await;
    assert_eq!(page.status, 403);
    let (desk, page) = send(Role::Finance, &old_bill("LB200102ABC", "1.00")).await;
    assert_eq!(page.status, 303, "{}", page.html);
    let shown = desk.gets(page.location().unwrap()).await;
    assert!(shown.status == 200 && shown.html.contains("LB200102ABC"), "{}", shown.html);
    let (_, page) = send(Role::Administrator, "no bill").await;
    assert!(page.status == 422 && page.html.contains("这不是资金账单"), "{}", page.html);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_said_to_have_no_bill_only_while_it_has_none() {
    let world = World::new().await;
    let day = a_day_of_three(&world).await;
    imports(&world, day).await;
    let mch_id = MchId::try_from(MCH).unwrap();
    let says = async |day| world.engine().nothing_on(&console(), mch_id.clone(), day, Lang::En).await.is_ok();
    assert!(!says(day).await, "three were paid on it");
    let nothing = bill::DayBill::of_nothing(day);
    let imported = world.engine().import_bill(&console(), Some(mch_id.clone()), &nothing, Lang::En).await;
    assert!(imported.is_err(), "the command line says it this way, and is refused too");
    assert!(!says(world.clock.now().day()).await, "today is not over");
    let before = BeijingDay(day.0 - 1);
    assert!(says(before).await && says(before).await, "twice as once");
    assert_eq!(imports(&world, day).await.bill.ours, 3, "the bill is still there");
}
