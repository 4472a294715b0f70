//! Where an article leads: the tracked link `/l/{code}` and the hub page `/p/{campaign}`.
//! Refuses to lose a visit: it is recorded before anybody is asked who they are.

use crate::claim::face;
use crate::extract::Segment;
use crate::oauth;
use crate::person::{self, Person};
use crate::site::Site;
use crate::web::{self, Agent};
use app::entry::{HubEntry, LinkPage};
use axum::Extension;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Error;
use engine::claims::Claimant;
use engine::links::Visitor;
use rules::account::{Account, Mode};
use rules::campaign::Campaign;
use rules::ids::{CampaignId, LinkCode, Slug};
use rules::link::Link;
use rules::operator::{Operator, Role};
use std::net::SocketAddr;

/// Marks a browser that comes back from OAuth, so that its visit is counted once.
const VISITING: &str = "lb_v";

/// `GET /l/{code}`.
pub async fn link(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Segment(code): Segment,
    RawQuery(query): RawQuery,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let lang = web::lang(web::asked(query.as_deref(), "lang").as_deref(), &headers);
    let Ok(code) = LinkCode::try_from(code) else { return web::not_found(lang) };
    // Before the visit is recorded: the browser comes back at once and is counted there.
    if let Some(moved) = web::to_entry_host(site.config(), &headers, &format!("/l/{code}")) {
        return moved;
    }
    let shown = async {
        let engine = site.engine();
        let link = engine.link_by_code(&code).await?;
        let campaign = engine.campaign(link.campaign).await?;
        let payer = engine.account(campaign.payer).await?;
        let person = Person::of(engine.vault(), &headers, &payer.appid, engine.clock().now());
        let (mark, new_mark) = person::browser(site.config(), engine.draw(), &headers);
        let returning = web::cookie(&headers, VISITING) == Some(code.as_str());
        // A HEAD is a machine that looks whether the link is there: nobody's visit.
        if !returning && method == Method::GET {
            let ip = web::caller_ip(site.config(), peer, &headers).to_string();
            let bot = web::agent(&headers) == Agent::Bot;
            let payee = person.as_ref().map(|p| &p.openid);
            engine.visited(&link, Visitor { browser: &mark, payee, ip: &ip, bot }).await?;
        }
        let wechat = web::agent(&headers) == Agent::WeChat;
        let mut response = if person.is_none() && wechat && !returning && payer.has_appsecret {
            oauth::identify(&site, &mark, &payer.appid, &format!("/l/{code}"), 0, lang)
        } else {
            link_or_hub(&site, &campaign, &payer, &link, lang).await?
        };
        let visiting = if returning { "" } else { code.as_str() };
        let once = web::set_cookie(site.config(), VISITING, visiting, if returning { 0 } else { 60 });
        response.headers_mut().append(header::SET_COOKIE, once);
        if let Some(cookie) = new_mark {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        Ok(response)
    };
    shown.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}

async fn link_or_hub(
    site: &Site,
    campaign: &Campaign,
    payer: &Account,
    link: &Link,
    lang: rules::say::Lang,
) -> Result<Response, Error> {
    let hub_url = format!("/p/{}", campaign.slug);
    let members = site.engine().members(campaign.id).await?;
    let member = members.into_iter().find(|m| m.account.id == link.account);
    let Some(account) = member.filter(|m| m.active && m.account.retired_at.is_none() && link.active).map(|m| m.account)
    else {
        return Ok(web::redirect(&hub_url));
    };
    let page = LinkPage {
        face: face(campaign, payer, lang),
        account: account.name,
        icon: account.icon,
        qr: Some(account.qr).filter(|qr| !qr.is_empty()).map(|qr| (format!("/l/{}/qr.svg", link.code), qr)),
        follow_url: Some(account.follow_url).filter(|url| !url.is_empty()),
        hub_url,
        edit_mode: account.mode == Mode::Edit,
    };
    Ok(web::page(StatusCode::OK, app::entry::link_page(&page)))
}

/// `GET /l/{code}/qr.svg`: the account's QR code, drawn here.
pub async fn qr(State(site): State<Site>, Segment(code): Segment, headers: HeaderMap) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(code) = LinkCode::try_from(code) else { return web::not_found(lang) };
    let drawn = async {
        let link = site.engine().link_by_code(&code).await?;
        let account = site.engine().account(link.account).await?;
        if account.qr.is_empty() {
            return Err(Error::not_found());
        }
        let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "public, max-age=300")];
        Ok((headers, qr_svg(&account.qr)).into_response())
    };
    drawn.await.unwrap_or_else(|error| web::broke(&error, lang))
}

/// `GET /admin/qr/{code}`: a tracked link as a QR code, for staff to print.
pub async fn link_qr(State(site): State<Site>, Segment(code): Segment, headers: HeaderMap) -> Response {
    let lang = web::lang(None, &headers);
    let code = code.strip_suffix(".svg").unwrap_or(&code);
    let Ok(code) = LinkCode::try_from(code) else { return web::not_found(lang) };
    match site.engine().link_by_code(&code).await {
        Ok(link) => {
            let svg = qr_svg(&format!("{}/l/{}", site.config().entry_url, link.code));
            ([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response()
        }
        Err(error) => web::broke(&error, lang),
    }
}

/// `GET /admin/qr/testers/{campaign}`: the link of a draft's testers as a QR code, for those who may see the link.
pub async fn testers_qr(
    State(site): State<Site>,
    Extension(operator): Extension<Operator>,
    Segment(campaign): Segment,
    headers: HeaderMap,
) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(id) = campaign.parse::<CampaignId>() else { return web::not_found(lang) };
    let drawn = async {
        let campaign = site.engine().campaign(id).await?;
        let rehearsal = site.engine().rehearsal(id).await?;
        let key = rehearsal.and_then(|rehearsal| rehearsal.key).filter(|_| operator.role.covers(Role::Marketer));
        let key = key.ok_or_else(Error::not_found)?;
        let svg = qr_svg(&format!("{}/c/{}?tester={key}", site.config().entry_url, campaign.slug));
        Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
    };
    drawn.await.unwrap_or_else(|error| web::broke(&error, lang))
}

/// A QR code of `text` as a whole `<svg>`; nothing when the text is too long for one.
pub fn qr_svg(text: &str) -> String {
    qrcode::QrCode::new(text.as_bytes())
        .map(|code| {
            let svg = code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(240, 240).build();
            // The XML declaration must not stand in the middle of a page.
            svg.split_once("?>").map_or(svg.clone(), |(_, svg)| svg.to_owned())
        })
        .unwrap_or_default()
}

/// `GET /p/{campaign}`.
pub async fn hub(
    State(site): State<Site>,
    Segment(slug): Segment,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = web::lang(web::asked(query.as_deref(), "lang").as_deref(), &headers);
    let Ok(slug) = Slug::try_from(slug) else { return web::not_found(lang) };
    let shown = async {
        let engine = site.engine();
        let campaign = engine.campaign_by_slug(&slug).await?;
        let payer = engine.account(campaign.payer).await?;
        let person = Person::of(engine.vault(), &headers, &payer.appid, engine.clock().now());
        let mut claims = Vec::new();
        if let Some(person) = person {
            let who =
                Claimant { appid: person.appid, openid: person.openid, unionid: person.unionid, ip: String::new() };
            claims = engine.own_place(&campaign, &who).await?.claims;
        }
        let links = engine.links(campaign.id).await?;
        let mut entries = Vec::new();
        for member in engine.members(campaign.id).await? {
            let link = links.iter().find(|l| l.active && l.account == member.account.id);
            let (Some(link), true, None) = (link, member.active, member.account.retired_at) else { continue };
            let claimed = claims.iter().find(|c| c.account == member.account.id).map(|c| c.amount);
            let link_url = format!("/l/{}", link.code);
            entries.push(HubEntry { icon: member.account.icon, account: member.account.name, link_url, claimed });
        }
        let claimed = claims.first().map(|c| (c.amount, c.payout));
        Ok(web::page(StatusCode::OK, app::entry::hub_page(&face(&campaign, &payer, lang), &entries, claimed)))
    };
    shown.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}
