//! `lingbao import`: whole, in parts, again, and after it was cut off.
//! Refuses to overwrite what staff or an earlier import entered.

use crate::world::{COFFEE, FUWU, World};
use engine::operators::console;
use futures::future::join_all;
use rules::Fen;
use rules::campaign::{CampaignForm, State};
use rules::ids::{LinkCode, MchId};
use rules::ledger;
use rules::say::Lang;

const DEMO: &str = include_str!("../../../simulator/demo.toml");

impl World {
    /// A file for this story: the simulator's certificate is in its folder.
    fn file(&self, text: &str) -> String {
        let files =
            [("apiclient_cert.pem", "cert.pem"), ("apiclient_key.pem", "key.pem"), ("pub_key.pem", "pub_key.pem")];
        files.iter().fold(text.to_owned(), |text, (name, here)| {
            text.replace(&format!("data/simulator/{name}"), self.folder.join(here).to_str().unwrap())
        })
    }

    async fn imports(&self, text: &str) -> Vec<String> {
        server::import::import(&self.engine(), &self.file(text)).await.unwrap()
    }
}

/// The demo as another campaign, with a link of its own.
fn second(start: bool) -> String {
    let text = DEMO.replace("slug = \"demo\"", "slug = \"second\"").replace("code = \"", "code = \"second-");
    let text = text.replace("chengnan7k2m9p4x8q3w6v5t", "chengnan7k2m9p4x8q3w6v5u");
    if start { text } else { text.replace("start = true\n", "") }
}

fn merchant(key: &str, more: &str) -> String {
    format!(
        "[merchant]\nmch_id = \"1900000109\"\napiv2_key = \"{key}\"\ncert_file = \"data/simulator/apiclient_cert.pem\"\n\
         key_file = \"data/simulator/apiclient_key.pem\"\n{more}"
    )
}

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";
const OTHER_KEY: &str = "00000000000000000000000000000000";

#[tokio::test(flavor = "multi_thread")]
async fn an_import_may_be_repeated_and_changes_nothing() {
    let world = World::new().await;
    let before = world.engine().budget(world.campaign("demo").await.id).await.unwrap();
    assert_eq!(world.imports(DEMO).await, Vec::<String>::new());
    assert_eq!(world.engine().budget(world.campaign("demo").await.id).await.unwrap(), before);
    assert_eq!(world.engine().accounts().await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_is_imported_alone_for_the_account_it_names() {
    let world = World::new().await;
    let another = merchant(KEY, &format!("payer = \"{FUWU}\"")).replace("1900000109", "1900000200");
    let kept = world.imports(&another).await;
    assert!(kept[0].contains("kept merchant 1900000200") && kept[0].contains("mch_id of its payer"), "{kept:?}");
    let replaced = world.imports(&format!("{another}\nreplace = true")).await;
    assert!(replaced[0].starts_with("replaced mch_id of its payer"), "{replaced:?}");
    let id = world.engine().create_campaign(&console(), form(&world).await, Lang::En).await.unwrap();
    let campaign = world.engine().campaign(id).await.unwrap();
    assert_eq!(campaign.mch_id, MchId::try_from("1900000200").unwrap());
    let text = world.file(&merchant(KEY, ""));
    let nobody = server::import::import(&world.engine(), &text).await.expect_err("it pays for nobody");
    assert!(nobody.said().to_string().contains("no payer"), "{nobody}");
}

async fn form(world: &World) -> rules::campaign::CheckedCampaign {
    let form = CampaignForm { slug: "second".to_owned(), ..world.form("second").await };
    form.check(Lang::En).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchants_key_is_replaced_only_when_the_file_says_so() {
    let world = World::new().await;
    let payer = format!("payer = \"{FUWU}\"");
    let kept = world.imports(&merchant(OTHER_KEY, &payer)).await;
    assert_eq!(kept.len(), 1);
    assert!(kept[0].contains("kept merchant 1900000109") && kept[0].contains("another apiv2_key"), "{kept:?}");
    assert!(!kept[0].contains(KEY) && !kept[0].contains(OTHER_KEY), "no secret is told: {kept:?}");
    let ming = world.follower("Ming").await;
    ming.claims(COFFEE).await;
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1, "the key that works still does");
    let replaced = world.imports(&merchant(OTHER_KEY, &format!("{payer}\nreplace = true"))).await;
    assert_eq!(replaced, ["replaced apiv2_key of merchant 1900000109"]);
    assert_eq!(world.imports(&merchant(OTHER_KEY, &payer)).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_imported_as_a_draft_unless_the_file_starts_it() {
    let world = World::new().await;
    world.imports(&second(false)).await;
    let draft = world.campaign("second").await;
    assert_eq!((draft.state, draft.started_at), (State::Draft, None));
    assert_eq!(world.engine().budget(draft.id).await.unwrap().available.get(), 1_000_000);
    let started = world.imports(&second(true)).await;
    assert_eq!(started, ["started campaign second"]);
    assert_eq!(world.campaign("second").await.state, State::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_off_is_completed_by_the_next() {
    let world = World::new().await;
    let engine = world.engine();
    // As a kill right after the campaign's own commit leaves it.
    let id = engine.create_campaign(&console(), form(&world).await, Lang::En).await.unwrap();
    let done = world.imports(&second(true)).await;
    assert!(done.contains(&"entered link /l/second-coffee".to_owned()), "{done:?}");
    assert!(!done.iter().any(|line| line.starts_with("entered campaign")), "{done:?}");
    assert_eq!(engine.members(id).await.unwrap().len(), 4);
    assert_eq!(engine.links(id).await.unwrap().len(), 4);
    assert_eq!(world.campaign("second").await.state, State::Running);
    assert_eq!(world.imports(&second(true)).await, Vec::<String>::new());
    assert_eq!(engine.budget(id).await.unwrap().available.get(), 1_000_000, "funded once");
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_at_one_moment_fund_the_budget_once() {
    let world = World::new().await;
    let engine = world.engine();
    let id = engine.create_campaign(&console(), form(&world).await, Lang::En).await.unwrap();
    let text = second(false);
    let campaign = &text[text.find("[campaign]").unwrap()..text.find("[[link]]").unwrap()];
    let done = join_all((0..6).map(|_| world.imports(campaign))).await.concat();
    assert_eq!(done, ["funded campaign second with 10000.00 yuan"]);
    assert_eq!(engine.budget(id).await.unwrap().available.get(), 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_cut_off_after_the_budget_funds_it_no_second_time() {
    let world = World::new().await;
    let engine = world.engine();
    let id = engine.create_campaign(&console(), form(&world).await, Lang::En).await.unwrap();
    for event in [ledger::Event::Fund, ledger::Event::Withdraw] {
        world.changes_budget(id, event, Fen::new(500).unwrap()).await;
    }
    world.imports(&second(false)).await;
    assert_eq!(engine.budget(id).await.unwrap().available, Fen::ZERO, "what staff took back stays back");
    assert!(engine.link_by_code(&LinkCode::try_from("second-books").unwrap()).await.is_ok());
}
