//! `lingbao doctor`: checks a real configuration against WeChat before a campaign depends on it.
//! Refuses to change anything; it asks and tells.

use crate::config::Config;
use engine::{Engine, Error};
use rules::account::{Account, Mode};
use wechat::access_token::{Keeper, Source};
use wechat::error::Kind;

/// Checks every account in use. Returns the lines to print and whether all is well.
pub async fn examine(engine: &Engine, config: &Config) -> Result<(Vec<String>, bool), Error> {
    let client = wechat::http::Client::new(config.wechat.clone()).map_err(Error::broken)?;
    let keeper = Keeper::new(client, engine.tokens(), Source::Stable);
    let mut lines = Vec::new();
    let mut well = true;
    for account in engine.accounts().await?.into_iter().filter(|a| a.retired_at.is_none()) {
        let (line, ok) = examine_account(engine, &keeper, &account).await?;
        well &= ok;
        lines.push(format!("{} {} ({}): {line}", if ok { "ok  " } else { "FAIL" }, account.name, account.appid));
    }
    for campaign in engine.campaigns().await? {
        let payer = engine.account(campaign.payer).await?;
        if !payer.has_appsecret {
            well = false;
            lines.push(format!(
                "FAIL campaign {}: its payer {} has no AppSecret, so nobody can be identified",
                campaign.slug, payer.name
            ));
        }
    }
    let https = config.is_secure();
    let address = format!(
        "{} WeChat accepts {} only over https on its usual port",
        if https { "ok  " } else { "note" },
        config.public_url
    );
    lines.push(address);
    Ok((lines, well))
}

async fn examine_account(
    engine: &Engine,
    keeper: &Keeper<engine::tokens::Tokens>,
    account: &Account,
) -> Result<(String, bool), Error> {
    if account.mode == Mode::Developer && !account.can_open_pushes() {
        let missing = if account.has_token { "an EncodingAESKey" } else { "a token" };
        return Ok((format!("developer mode without {missing}: its pushes cannot be opened"), false));
    }
    let Some(secret) = engine.credentials(&account.appid).await?.appsecret else {
        return Ok(("no AppSecret is stored; nothing of its API is used".to_owned(), true));
    };
    let now = engine.clock().now();
    Ok(match keeper.token(account.appid.as_str(), &secret, now.0).await {
        Ok(_) => ("WeChat gives an access_token".to_owned(), true),
        Err(error) => match error.kind() {
            Kind::IpNotAllowed(ip) => (format!("add {ip} to the account's IP allow list in its console"), false),
            Kind::SecretWrong => ("WeChat says the AppSecret is wrong".to_owned(), false),
            _ => (format!("WeChat refused the access_token: {error}"), false),
        },
    })
}
