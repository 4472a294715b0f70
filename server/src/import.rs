//! `lingbao import FILE.toml`: accounts, merchant, campaign, links and operator from one file.
//! Refuses to overwrite: what is there already stays as it is, so an import may be repeated, and one that was cut off
//! is completed by the next. A campaign that has started is left alone.

use engine::merchants::{Kept, NewMerchant, NewV3};
use engine::operators::console;
use engine::{Engine, Error, Said};
use rules::Fen;
use rules::account::AccountForm;
use rules::campaign::{Campaign, CampaignForm};
use rules::ids::{AccountId, Appid, CampaignId, EditKey, LinkCode, MchId, Slug};
use rules::ledger::{self, Changes};
use rules::operator::Role;
use rules::payout::Rail;
use rules::prize::form::PrizeForm;
use rules::say::Lang;
use rules::time::{UnixMs, hours};
use serde::Deserialize;

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
    on_follow: String,
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
    /// The appid of the service account that pays with it; the campaign's payer without it.
    payer: Option<String>,
    /// Takes the file's key and certificate although others are stored.
    #[serde(default)]
    replace: bool,
    apiv2_key: String,
    cert_file: String,
    key_file: String,
    apiv3_key: Option<String>,
    pub_key_id: Option<String>,
    pub_key_file: Option<String>,
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
    rail: Option<Rail>,
    prize_min_fen: i64,
    prize_max_fen: i64,
    budget_fen: i64,
    /// Starts it; without it the campaign stays a draft.
    #[serde(default)]
    start: bool,
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

/// Reads and enters a file. Returns a line for each thing that was entered, or kept although the file says otherwise.
pub async fn import(engine: &Engine, text: &str) -> Result<Vec<String>, Error> {
    let file: File =
        toml::from_str(text).map_err(|e| Error::conflict(format!("the file cannot be read: {}", e.message())))?;
    let mut done = Vec::new();
    enter_accounts(engine, &file.account, &mut done).await?;
    if let Some(operator) = &file.operator {
        match engine.add_operator(&operator.login, &operator.password, Role::Administrator).await {
            Ok(_) => done.push(format!("entered operator {}", operator.login)),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    if let Some(merchant) = &file.merchant {
        let payer = merchant.payer.as_ref().or(file.campaign.as_ref().map(|campaign| &campaign.payer));
        let payer = payer.ok_or_else(|| {
            Error::conflict("the merchant has no payer: name the service account that pays, by its appid")
        })?;
        enter_merchant(engine, merchant, account_of(engine, payer).await?, &mut done).await?;
    }
    if let Some(entry) = &file.campaign {
        let campaign = enter_campaign(engine, entry, &mut done).await?;
        if campaign.started_at.is_none() {
            complete_campaign(engine, &file, entry, &campaign, &mut done).await?;
        }
    }
    Ok(done)
}

fn is_taken(error: &Error) -> bool {
    matches!(error.said(), Said::Invalid(fields) if fields.iter().any(|f| matches!(f.field.as_str(), "appid" | "slug" | "login")))
}

/// What was looked for, if it is there.
fn found<T>(looked: Result<T, Error>) -> Result<Option<T>, Error> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) if *error.said() == Said::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn account_of(engine: &Engine, appid: &str) -> Result<AccountId, Error> {
    let known = found(engine.credentials(&Appid::try_from(appid)?).await)?;
    known
        .map(|known| known.account.id)
        .ok_or_else(|| Error::conflict(format!("the file names the account {appid}, but there is none")))
}

async fn enter_accounts(engine: &Engine, entries: &[AccountEntry], done: &mut Vec<String>) -> Result<(), Error> {
    for entry in entries {
        let form = &entry.form;
        let checked = AccountForm {
            name: form.name.clone(),
            appid: form.appid.clone(),
            original_id: form.original_id.clone(),
            kind: form.kind.clone(),
            mode: form.mode.clone(),
            message_mode: form.message_mode.clone(),
            on_follow: form.on_follow.clone(),
            icon: form.icon.clone(),
            qr: form.qr.clone(),
            follow_url: form.follow_url.clone(),
            appsecret: form.appsecret.clone(),
            token: form.token.clone(),
            encoding_aes_key: form.encoding_aes_key.clone(),
        };
        let checked = checked.check(Lang::En).map_err(Said::Invalid)?;
        if found(engine.credentials(&checked.appid).await)?.is_none() {
            engine.add_account(&console(), checked, Lang::En).await?;
            done.push(format!("entered account {}", form.name));
        }
    }
    Ok(())
}

async fn enter_merchant(
    engine: &Engine,
    entry: &MerchantEntry,
    payer: AccountId,
    done: &mut Vec<String>,
) -> Result<(), Error> {
    let read =
        |file: &str| std::fs::read_to_string(file).map_err(|e| Error::conflict(format!("{file} cannot be read: {e}")));
    let merchant = NewMerchant {
        mch_id: MchId::try_from(entry.mch_id.as_str())?,
        apiv2_key: entry.apiv2_key.clone(),
        cert_pem: read(&entry.cert_file)?,
        key_pem: read(&entry.key_file)?,
        v3: match (&entry.apiv3_key, &entry.pub_key_id, &entry.pub_key_file) {
            (Some(apiv3_key), Some(pub_key_id), Some(file)) => {
                Some(NewV3 { apiv3_key: apiv3_key.clone(), pub_key_id: pub_key_id.clone(), pub_key_pem: read(file)? })
            }
            (_, _, _) => None,
        },
    };
    let mch_id = &entry.mch_id;
    match engine.differing(&merchant, payer).await? {
        Kept::Nothing => {
            engine.put_merchant(&console(), merchant, payer).await?;
            done.push(format!("entered merchant {mch_id}"));
        }
        Kept::All(differing) if differing.is_empty() => {}
        Kept::All(differing) if entry.replace => {
            engine.put_merchant(&console(), merchant, payer).await?;
            done.push(format!("replaced {} of merchant {mch_id}", differing.join(", ")));
        }
        Kept::All(differing) => done.push(format!(
            "kept merchant {mch_id} as it is, although the file has another {}: write replace = true to take the file's",
            differing.join(" and another ")
        )),
    }
    Ok(())
}

/// The campaign of the file, made as a draft if it is not there.
async fn enter_campaign(engine: &Engine, entry: &CampaignEntry, done: &mut Vec<String>) -> Result<Campaign, Error> {
    if let Ok(slug) = Slug::try_from(entry.slug.as_str())
        && let Some(campaign) = found(engine.campaign_by_slug(&slug).await)?
    {
        return Ok(campaign);
    }
    let opens_at = UnixMs(engine.clock().now().0 - hours(1));
    let form = CampaignForm {
        slug: entry.slug.clone(),
        name: entry.name.clone(),
        payer: account_of(engine, &entry.payer).await?.to_string(),
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
    let id = engine.create_campaign(&console(), form, Lang::En).await?;
    if let Some(rail) = entry.rail {
        engine.set_rail(&console(), id, rail, Lang::En).await?;
    }
    done.push(format!("entered campaign {}", entry.slug));
    engine.campaign(id).await
}

fn yuan(fen: i64) -> String {
    Fen::new(fen).map(|f| f.to_string()).unwrap_or_default()
}

/// Whatever a campaign that has not started lacks of the file: each step is done once, however often it is tried.
async fn complete_campaign(
    engine: &Engine,
    file: &File,
    entry: &CampaignEntry,
    campaign: &Campaign,
    done: &mut Vec<String>,
) -> Result<(), Error> {
    let id = campaign.id;
    enter_members(engine, &file.account, id).await?;
    for link in &file.link {
        let code = LinkCode::try_from(link.code.as_str())?;
        if found(engine.link_by_code(&code).await)?.is_none() {
            let account = account_of(engine, &link.account).await?;
            engine.add_link(&console(), id, account, link.placement.clone(), Some(code), Lang::Zh).await?;
            done.push(format!("entered link /l/{}", link.code));
        }
    }
    let budget = Fen::new(entry.budget_fen)?;
    // Only what was never funded: an earlier import, one beside this or staff may have done it, whatever came of it.
    match engine.change_budget(&console(), id, ledger::Event::Fund, budget, Changes::NONE, Lang::En).await {
        Ok(()) => done.push(format!("funded campaign {} with {budget} yuan", entry.slug)),
        Err(error) if matches!(error.said(), Said::Conflict(_)) => {}
        Err(error) => return Err(error),
    }
    if entry.start {
        // Whoever writes this line into the file takes the start upon themselves.
        engine.start_unrehearsed(&console(), id, Lang::En).await?;
        done.push(format!("started campaign {}", entry.slug));
    }
    Ok(())
}

async fn enter_members(engine: &Engine, entries: &[AccountEntry], campaign: CampaignId) -> Result<(), Error> {
    let members = engine.members(campaign).await?;
    for entry in entries {
        let account = account_of(engine, &entry.form.appid).await?;
        if members.iter().any(|member| member.account.id == account) {
            continue;
        }
        match &entry.edit_key {
            Some(key) => {
                let key = EditKey::try_from(key.as_str())?;
                engine.add_member_with_key(&console(), campaign, account, &key).await?;
            }
            None => engine.add_member(&console(), campaign, account).await?,
        }
    }
    Ok(())
}
