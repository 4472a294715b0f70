//! What a follower's page needs to open WeChat's confirmation of a transfer.
//! Refuses to make the follower wait for WeChat: without a ticket in time the page comes without its signature.

use super::Page;
use crate::person::Person;
use app::claim::Ask;
use engine::Error;
use engine::claims::OwnClaim;
use rules::Fen;
use rules::payout::State;
use std::time::Duration;
use wechat::js_sdk;

/// How long the page waits for a ticket that is not kept yet.
const TICKET_TIME: Duration = Duration::from_secs(2);

/// The amount, and what opens the confirmation, when the person's newest claim waits for one.
pub(super) async fn ask(
    page: &Page<'_>,
    newest: Option<&OwnClaim>,
    person: &Person,
    query: Option<&str>,
) -> Result<Option<(Fen, Ask)>, Error> {
    let Some(claim) = newest.filter(|claim| claim.payout == State::WaitingConfirm) else {
        return Ok(None);
    };
    let rehearses = page.rehearsal.is_some();
    let waiting = page.site.engine().confirmation(page.campaign.id, &person.openid, rehearses).await?;
    let Some(waiting) = waiting else { return Ok(None) };
    let ask = Ask {
        mch_id: waiting.mch_id.to_string(),
        appid: waiting.appid.to_string(),
        package_info: waiting.package_info,
        config: config(page, query).await,
        sdk_url: page.site.config().wechat.js_sdk().to_string(),
    };
    Ok(Some((claim.amount, ask)))
}

/// What `wx.config` wants for this page, as JSON; nothing when WeChat gives no ticket in time.
async fn config(page: &Page<'_>, query: Option<&str>) -> Option<String> {
    let engine = page.site.engine();
    let appid = page.payer.appid.as_str();
    let ticket = async {
        let secret = engine.credentials(&page.payer.appid).await.ok()?.appsecret?;
        page.site.keeper().jsapi_ticket(appid, &secret, engine.clock().now().0).await.ok()
    };
    let ticket = tokio::time::timeout(TICKET_TIME, ticket).await.ok().flatten()?;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{}/c/{}{query}", page.site.config().entry_url, page.campaign.slug);
    let nonce_str = engine.draw().upper(16);
    let config = js_sdk::Config::new(appid, &ticket, &nonce_str, engine.clock().now().secs(), &url);
    serde_json::to_string(&config).ok()
}
