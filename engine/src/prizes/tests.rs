//! Stocks on a real database: what is taken, what comes back, and what staff may still change.
//! Refuses luck: chance comes from a seed.

use super::stock::{Offer, Stock, give_back};
use super::*;
use crate::merchants::NewMerchant;
use crate::operators::console;
use crate::payer::Payer;
use crate::store::dialect::Lock;
use crate::store::script::Script;
use crate::{Clock, Db, Draw, Settings, Vault};
use rules::Fen;
use rules::account::AccountForm;
use rules::campaign::CampaignForm;
use rules::ids::ClaimId;
use rules::prize::Split;
use sea_orm::ConnectionTrait;
use std::path::PathBuf;

fn fen(n: i64) -> Fen {
    Fen::new(n).unwrap()
}

fn split(total: i64, packets: u32) -> Split {
    Split { total: fen(total), packets, min: fen(100), max: fen(400) }
}

/// An engine over a new database with one campaign.
struct Shop {
    engine: Engine,
    campaign: CampaignId,
    account: AccountId,
    folder: PathBuf,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            eprintln!("{} stays behind: {error}", self.folder.display());
        }
    }
}

impl Shop {
    async fn with(name: &str, rule: PrizeRule) -> Self {
        let folder = std::env::temp_dir().join(format!("lingbao-prizes-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = match std::env::var("LINGBAO_TEST_DATABASE").as_deref() {
            Ok("postgres") => crate::store::postgres::create().await,
            Ok(_) | Err(_) => format!("sqlite://{}/lingbao.db", folder.display()),
        };
        let db = Db::open(&url).await.unwrap();
        db.migrate().await.unwrap();
        let draw = Draw::seeded(7);
        let vault = Vault::new(&[7; 32], draw.clone());
        let payer = Payer::new("https://127.0.0.1:1".to_owned(), None);
        let settings = Settings {
            public_url: String::new(),
            entry_url: String::new(),
            node: 1,
            client_ip: "127.0.0.1".to_owned(),
            robots_url: None,
        };
        let engine = Engine::new(db, Clock::real(), draw, vault, payer, settings);
        let account = engine.add_account(&console(), service().check(Lang::En).unwrap(), Lang::En).await.unwrap();
        engine.put_merchant(&console(), merchant(), account).await.unwrap();
        let form = form(account, &rule).check(Lang::En).unwrap();
        let campaign = engine.create_campaign(&console(), form, Lang::En).await.unwrap();
        engine.add_member(&console(), campaign, account).await.unwrap();
        Self { engine, campaign, account, folder }
    }

    /// One transaction in which so many claims, numbered from `first`, take what they are offered.
    async fn hands_out(&self, first: i64, claims: i64) -> Vec<Fen> {
        let mut tx = self.engine.db().begin().await.unwrap();
        budgets::lock(&mut tx, self.campaign).await.unwrap();
        let mut stock = stock(&tx, self.campaign, usize::try_from(claims).unwrap()).await;
        let mut amounts = Vec::new();
        for claim in first..first + claims {
            let die = self.engine.draw().number();
            let Some(offer) = stock.offer(self.account, Grade::Proven, die) else { break };
            assert_eq!(stock.offer(self.account, Grade::Proven, die), Some(offer), "looking changes nothing");
            stock.take(ClaimId(claim), offer).unwrap();
            amounts.push(offer.amount);
        }
        close(&stock, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
        amounts
    }

    async fn gets_back(&self, claim: i64) -> bool {
        let mut tx = self.engine.db().begin().await.unwrap();
        let had = give_back(&mut tx, self.campaign, ClaimId(claim)).await.unwrap();
        tx.commit().await.unwrap();
        had
    }

    async fn changes_to(&self, rule: &PrizeRule) -> Result<(), String> {
        let changed = self.engine.set_prize(&console(), self.campaign, rule.clone(), Lang::En).await;
        changed.map_err(|error| error.said().to_string())
    }

    async fn total_agrees(&self) {
        assert_eq!(store::first_difference(self.engine.db().read()).await.unwrap(), None);
    }
}

/// The stock of a campaign for so many claims, under the rules that it has now.
async fn stock(tx: &Tx, campaign: CampaignId, claims: usize) -> Stock {
    let prizes = store::of_campaign(tx.conn(), campaign).await.unwrap();
    Stock::open(tx.conn(), campaign, prizes, claims, Lock::ForUpdate).await.unwrap()
}

/// Writes what was taken.
async fn close(stock: &Stock, tx: &mut Tx) -> Result<(), Error> {
    let mut script = Script::default();
    script.add(stock.closing_steps(tx.conn()));
    script.run(tx).await
}

fn service() -> AccountForm {
    AccountForm {
        name: "领包服务号".into(),
        appid: "wx1a2b3c4d5e6f0004".into(),
        original_id: "gh_service".into(),
        kind: "service".into(),
        mode: "developer".into(),
        message_mode: "plain".into(),
        icon: "包".into(),
        appsecret: "0123456789abcdef0123456789abcdef".into(),
        token: "token2026".into(),
        ..AccountForm::default()
    }
}

fn merchant() -> NewMerchant {
    let mch_id = "1900000109".try_into().unwrap();
    NewMerchant { mch_id, apiv2_key: "k".repeat(32), cert_pem: String::new(), key_pem: String::new(), v3: None }
}

fn form(payer: AccountId, rule: &PrizeRule) -> CampaignForm {
    CampaignForm {
        slug: "spring".into(),
        name: "春天".into(),
        payer: payer.to_string(),
        send_name: "领包".into(),
        greeting: "你好".into(),
        wishing: "开心".into(),
        rules: String::new(),
        opens_at: "2026-01-01T00:00".into(),
        closes_at: "2036-01-01T00:00".into(),
        prize: PrizeForm::of(rule, None),
        scope: "campaign".into(),
        asserted_cap: "100".into(),
    }
}

fn sum(amounts: &[Fen]) -> i64 {
    amounts.iter().map(|amount| amount.get()).sum()
}

#[tokio::test]
async fn a_pool_is_handed_out_to_the_fen_and_then_there_is_nothing() {
    let shop = Shop::with("pool", PrizeRule::Pool(split(2_345, 10))).await;
    let mut amounts = shop.hands_out(1, 4).await;
    amounts.extend(shop.hands_out(5, 4).await);
    assert_eq!(amounts.len(), 8);
    let rest = shop.hands_out(9, 4).await;
    assert_eq!((rest.len(), sum(&amounts) + sum(&rest)), (2, 2_345));
    assert_eq!(shop.hands_out(13, 1).await, []);
    shop.total_agrees().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn takers_at_the_same_time_get_different_packets() {
    for (name, rule) in [("race", PrizeRule::Pool(split(6_000, 30))), ("draws", PrizeRule::Bounded(split(6_000, 30)))] {
        let shop = Shop::with(name, rule).await;
        let (one, two, three) = tokio::join!(shop.hands_out(1, 11), shop.hands_out(100, 11), shop.hands_out(200, 11));
        let amounts = [one, two, three].concat();
        assert_eq!((amounts.len(), sum(&amounts)), (30, 6_000));
        shop.total_agrees().await;
    }
}

#[tokio::test]
async fn a_total_is_drawn_to_the_fen_and_then_there_is_nothing() {
    let shop = Shop::with("bounded", PrizeRule::Bounded(split(2_345, 10))).await;
    let mut amounts = shop.hands_out(1, 7).await;
    shop.total_agrees().await;
    amounts.extend(shop.hands_out(8, 7).await);
    assert_eq!((amounts.len(), sum(&amounts)), (10, 2_345));
    assert_eq!(shop.hands_out(20, 1).await, []);
    shop.total_agrees().await;
}

#[tokio::test]
async fn a_packet_comes_back_once_and_is_handed_out_again() {
    for (name, rule) in [("slot", PrizeRule::Pool(split(700, 3))), ("share", PrizeRule::Bounded(split(700, 3)))] {
        let shop = Shop::with(name, rule).await;
        let amounts = shop.hands_out(1, 3).await;
        assert!(shop.gets_back(2).await);
        assert!(!shop.gets_back(2).await, "the second time it has none");
        assert!(!shop.gets_back(99).await, "a claim that never had one");
        shop.total_agrees().await;
        assert_eq!(shop.hands_out(4, 2).await, [amounts[1]]);
        shop.total_agrees().await;
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_takes_nothing() {
    let shop = Shop::with("dropped", PrizeRule::Pool(split(700, 3))).await;
    {
        let mut tx = shop.engine.db().begin().await.unwrap();
        let mut stock = stock(&tx, shop.campaign, 3).await;
        let offer = stock.offer(shop.account, Grade::Proven, 0).unwrap();
        stock.take(ClaimId(1), offer).unwrap();
        assert!(stock.take(ClaimId(2), Offer { amount: fen(1), of_total: true }).is_err(), "nobody was offered that");
        close(&stock, &mut tx).await.unwrap();
    }
    assert_eq!(sum(&shop.hands_out(1, 3).await), 700);
}

#[tokio::test]
async fn one_slot_is_never_given_to_two_claims() {
    let shop = Shop::with("twice", PrizeRule::Pool(split(700, 3))).await;
    let mut tx = shop.engine.db().begin().await.unwrap();
    for (claims, is_right) in [(&[(0, ClaimId(1))][..], true), (&[(1, ClaimId(2)), (0, ClaimId(3))], false)] {
        let mut script = Script::default();
        script.add([store::mark_slots(tx.conn(), shop.campaign, claims)]);
        assert_eq!(script.run(&mut tx).await.is_ok(), is_right, "{claims:?}");
    }
}

#[tokio::test]
async fn a_rule_of_one_account_or_grade_goes_before_the_campaigns_and_leaves_its_total_alone() {
    let shop = Shop::with("overrides", PrizeRule::Pool(split(700, 3))).await;
    let (engine, campaign, account) = (&shop.engine, shop.campaign, shop.account);
    let fixed = |amount| Some(PrizeRule::Fixed(fen(amount)));
    engine.set_grade_prize(&console(), campaign, Grade::Asserted, fixed(150), Lang::En).await.unwrap();
    let tx = engine.db().begin().await.unwrap();
    let mut stock = stock(&tx, campaign, 1).await;
    let offer = stock.offer(account, Grade::Asserted, 0).unwrap();
    assert_eq!(offer, Offer { amount: fen(150), of_total: false });
    stock.take(ClaimId(1), offer).unwrap();
    assert!(stock.offer(account, Grade::Proven, 0).unwrap().of_total, "the slot is still there");
    drop(tx);
    engine.set_account_prize(&console(), campaign, account, fixed(333), Lang::En).await.unwrap();
    assert_eq!(shop.hands_out(1, 2).await, [fen(333), fen(333)]);
    engine.set_account_prize(&console(), campaign, account, None, Lang::En).await.unwrap();
    assert_eq!(sum(&shop.hands_out(3, 9).await), 700);
    let of_its_own = Some(PrizeRule::Pool(split(700, 3)));
    assert!(engine.set_account_prize(&console(), campaign, account, of_its_own, Lang::En).await.is_err());
    assert!(engine.set_grade_prize(&console(), campaign, Grade::Asserted, fixed(99), Lang::En).await.is_err());
    assert!(engine.set_account_prize(&console(), campaign, AccountId(5), fixed(100), Lang::En).await.is_err());
}

#[tokio::test]
async fn a_scene_that_a_rule_of_its_own_needs_stays() {
    let shop = Shop::with("scene", PrizeRule::Fixed(fen(100))).await;
    let (engine, campaign, account) = (&shop.engine, shop.campaign, shop.account);
    let saves = async |scene: &str| {
        let mut form = form(account, &PrizeRule::Fixed(fen(100)));
        form.prize.scene_id = scene.to_owned();
        let saved = engine.edit_campaign(&console(), campaign, form.check(Lang::En).unwrap(), Lang::En).await;
        saved.map_err(|error| format!("{:?}", error.said()))
    };
    let little = || Some(PrizeRule::Fixed(fen(50)));
    assert!(engine.set_account_prize(&console(), campaign, account, little(), Lang::En).await.is_err());
    saves("PRODUCT_2").await.unwrap();
    engine.set_account_prize(&console(), campaign, account, little(), Lang::En).await.unwrap();
    assert!(saves("").await.unwrap_err().contains("scene_id"), "half a yuan needs the scene");
    saves("PRODUCT_5").await.unwrap();
    engine.set_account_prize(&console(), campaign, account, None, Lang::En).await.unwrap();
    saves("").await.unwrap();
}

#[tokio::test]
async fn a_total_can_change_until_somebody_has_a_packet_of_it() {
    let shop = Shop::with("change", PrizeRule::Fixed(fen(100))).await;
    let (pool, other) = (PrizeRule::Pool(split(700, 3)), PrizeRule::Pool(split(800, 4)));
    shop.changes_to(&pool).await.unwrap();
    shop.changes_to(&other).await.unwrap();
    assert_eq!(sum(&shop.hands_out(1, 1).await) + sum(&shop.hands_out(2, 9).await), 800);
    assert!(shop.changes_to(&pool).await.unwrap_err().contains("taken already"));
    assert!(shop.changes_to(&PrizeRule::Bounded(split(800, 4))).await.is_err());
    assert_eq!(shop.changes_to(&other).await, Ok(()), "the same again changes nothing");
    assert_eq!(shop.changes_to(&PrizeRule::Fixed(fen(200))).await, Ok(()));
    assert_eq!(shop.hands_out(9, 1).await, [fen(200)]);
    assert!(shop.changes_to(&pool).await.is_err(), "the former pool's packets are still out");
    assert!(shop.changes_to(&PrizeRule::Fixed(fen(99))).await.unwrap_err().contains("at least 1.00 yuan"));
    assert_eq!(shop.engine.campaign(shop.campaign).await.unwrap().prize, PrizeRule::Fixed(fen(200)));
}

#[tokio::test]
async fn a_fen_that_a_pool_lost_is_found() {
    let shop = Shop::with("spoilt", PrizeRule::Pool(split(700, 3))).await;
    shop.total_agrees().await;
    let tx = shop.engine.db().begin().await.unwrap();
    let spoil = "UPDATE pool_slots SET amount_fen = amount_fen - 1 WHERE position = 1";
    tx.conn().execute_unprepared(spoil).await.unwrap();
    tx.commit().await.unwrap();
    let difference = shop.engine.verify().await.unwrap().unwrap();
    assert_eq!(difference.at, "campaign spring");
}

#[tokio::test]
async fn a_campaign_from_before_the_rules_keeps_its_range() {
    let shop = Shop::with("before", PrizeRule::Range(fen(100), fen(300))).await;
    let tx = shop.engine.db().begin().await.unwrap();
    tx.conn().execute_unprepared("UPDATE campaigns SET prize = NULL").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(shop.engine.prizes(shop.campaign).await.unwrap().default, PrizeRule::Range(fen(100), fen(300)));
    assert_eq!(shop.engine.campaign(shop.campaign).await.unwrap().prize, PrizeRule::Range(fen(100), fen(300)));
}
