//! `lingbao import FILE.toml`: accounts, merchant, campaign, links and operator from one file.
//! Refuses to overwrite: what is there already stays as it is, so an import may be repeated.

use engine::merchants::NewMerchant;
use engine::operators::console;
use engine::{Engine, Error, Said};
use rules::Fen;
use rules::account::AccountForm;
use rules::campaign::{CampaignForm, Event};
use rules::ids::{AccountId, Appid, CampaignId, EditKey, LinkCode, MchId};
use rules::ledger;
use rules::operator::Role;
use rules::prize::form::PrizeForm;
use rules::say::Lang;
use rules::time::{UnixMs, hours};
use serde::Deserialize;
use std::collections::HashMap;

/// The file.
#[derive(Deserialize)]
pub struct File {
    #[serde(default)]
    account: Vec<AccountEntry>,
    merchant: Option<MerchantEntry>,
    campaign: Option<CampaignEntry>,
    #[serde(default)]
    link: Vec<LinkEntry>,
    operator: Option<OperatorEntry>,
}

#[derive(Deserialize)]
struct AccountEntry {
    #[serde(flatten)]
    form: Loose,
    edit_key: Option<String>,
}

/// An account's fields; those of the other mode may be missing.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Loose {
    name: String,
    appid: String,
    original_id: String,
    kind: String,
    mode: String,
    message_mode: String,
    icon: String,
    qr: String,
    follow_url: String,
    appsecret: String,
    token: String,
    encoding_aes_key: String,
}

#[derive(Deserialize)]
struct MerchantEntry {
    mch_id: String,
    apiv2_key: String,
    cert_file: String,
    key_file: String,
}

#[derive(Deserialize)]
struct CampaignEntry {
    slug: String,
    name: String,
    payer: String,
    send_name: String,
    greeting: String,
    wishing: String,
    #[serde(default)]
    rules: String,
    prize_min_fen: i64,
    prize_max_fen: i64,
    budget_fen: i64,
}

#[derive(Deserialize)]
struct LinkEntry {
    code: String,
    account: String,
    placement: String,
}

#[derive(Deserialize)]
struct OperatorEntry {
    login: String,
    password: String,
}

/// How long an imported campaign runs.
const RUNS_MS: i64 = hours(24 * 365);

/// Reads and enters a file. Returns a line for each thing that was entered.
pub async fn import(engine: &Engine, text: &str) -> Result<Vec<String>, Error> {
    let file: File =
        toml::from_str(text).map_err(|e| Error::conflict(format!("the file cannot be read: {}", e.message())))?;
    let mut done = Vec::new();
    let accounts = enter_accounts(engine, &file.account, &mut done).await?;
    if let Some(operator) = &file.operator {
        match engine.add_operator(&operator.login, &operator.password, Role::Administrator).await {
            Ok(_) => done.push(format!("operator {}", operator.login)),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    if let (Some(merchant), Some(campaign)) = (&file.merchant, &file.campaign) {
        let payer = account_of(&accounts, &campaign.payer)?;
        enter_merchant(engine, merchant, payer).await?;
        if let Some(id) = enter_campaign(engine, campaign, payer, &mut done).await? {
            for entry in &file.account {
                let account = account_of(&accounts, &entry.form.appid)?;
                match &entry.edit_key {
                    Some(key) => {
                        engine.add_member_with_key(&console(), id, account, &EditKey::try_from(key.as_str())?).await?
                    }
                    None => engine.add_member(&console(), id, account).await?,
                }
            }
            for link in &file.link {
                let code = LinkCode::try_from(link.code.as_str())?;
                let account = account_of(&accounts, &link.account)?;
                engine.add_link(&console(), id, account, link.placement.clone(), Some(code), Lang::Zh).await?;
                done.push(format!("link /l/{}", link.code));
            }
        }
    }
    Ok(done)
}

fn is_taken(error: &Error) -> bool {
    matches!(error.said(), Said::Invalid(fields) if fields.iter().any(|f| matches!(f.field.as_str(), "appid" | "slug" | "login")))
}

fn account_of(accounts: &HashMap<String, AccountId>, appid: &str) -> Result<AccountId, Error> {
    accounts
        .get(appid)
        .copied()
        .ok_or_else(|| Error::conflict(format!("the file names the account {appid}, but has none")))
}

async fn enter_accounts(
    engine: &Engine,
    entries: &[AccountEntry],
    done: &mut Vec<String>,
) -> Result<HashMap<String, AccountId>, Error> {
    let mut accounts = HashMap::new();
    for entry in entries {
        let form = &entry.form;
        let checked = AccountForm {
            name: form.name.clone(),
            appid: form.appid.clone(),
            original_id: form.original_id.clone(),
            kind: form.kind.clone(),
            mode: form.mode.clone(),
            message_mode: form.message_mode.clone(),
            icon: form.icon.clone(),
            qr: form.qr.clone(),
            follow_url: form.follow_url.clone(),
            appsecret: form.appsecret.clone(),
            token: form.token.clone(),
            encoding_aes_key: form.encoding_aes_key.clone(),
        };
        let checked = checked.check(Lang::En).map_err(Said::Invalid)?;
        let appid = Appid::try_from(form.appid.as_str())?;
        let id = match engine.credentials(&appid).await {
            Ok(found) => found.account.id,
            Err(error) if *error.said() == Said::NotFound => {
                done.push(format!("account {}", form.name));
                engine.add_account(&console(), checked, Lang::En).await?
            }
            Err(error) => return Err(error),
        };
        accounts.insert(form.appid.clone(), id);
    }
    Ok(accounts)
}

async fn enter_merchant(engine: &Engine, entry: &MerchantEntry, payer: AccountId) -> Result<(), Error> {
    let read =
        |file: &str| std::fs::read_to_string(file).map_err(|e| Error::conflict(format!("{file} cannot be read: {e}")));
    let merchant = NewMerchant {
        mch_id: MchId::try_from(entry.mch_id.as_str())?,
        apiv2_key: entry.apiv2_key.clone(),
        cert_pem: read(&entry.cert_file)?,
        key_pem: read(&entry.key_file)?,
    };
    engine.put_merchant(&console(), merchant, payer).await
}

async fn enter_campaign(
    engine: &Engine,
    entry: &CampaignEntry,
    payer: AccountId,
    done: &mut Vec<String>,
) -> Result<Option<CampaignId>, Error> {
    let opens_at = UnixMs(engine.clock().now().0 - hours(1));
    let yuan = |fen: i64| Fen::new(fen).map(|f| f.to_string()).unwrap_or_default();
    let form = CampaignForm {
        slug: entry.slug.clone(),
        name: entry.name.clone(),
        payer: payer.to_string(),
        send_name: entry.send_name.clone(),
        greeting: entry.greeting.clone(),
        wishing: entry.wishing.clone(),
        rules: entry.rules.clone(),
        opens_at: opens_at.to_input(),
        closes_at: opens_at.plus(RUNS_MS).to_input(),
        prize: PrizeForm::between(&yuan(entry.prize_min_fen), &yuan(entry.prize_max_fen)),
        scope: "campaign".to_owned(),
        asserted_cap: yuan(entry.budget_fen / 2),
    };
    let form = form.check(Lang::En).map_err(Said::Invalid)?;
    let id = match engine.create_campaign(&console(), form, Lang::En).await {
        Ok(id) => id,
        Err(error) if is_taken(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    engine.change_budget(&console(), id, ledger::Event::Fund, Fen::new(entry.budget_fen)?, Lang::En).await?;
    engine.move_campaign(&console(), id, Event::Start, Lang::En).await?;
    done.push(format!("campaign {} ({} yuan)", entry.slug, yuan(entry.budget_fen)));
    Ok(Some(id))
}
