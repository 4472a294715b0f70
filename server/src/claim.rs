//! The claim page `/c/{campaign}` and its form.
//! Refuses to bind a ticket or to pay for anybody whom WeChat has not identified.

mod confirm;
mod rehearsal;

pub use rehearsal::rehearse;

use crate::extract::{Segment, Sent};
use crate::oauth;
use crate::person::Person;
use crate::site::Site;
use crate::web::{self, Agent};
use app::claim::{Ask, Face, View};
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use engine::Error;
use engine::claims::{Claimant, Claimed, OwnClaim, OwnPlace};
use rules::account::Account;
use rules::campaign::Campaign;
use rules::eligibility::Refusal;
use rules::ids::{EditKey, Slug, TesterKey, TicketCode};
use rules::payout;
use rules::say::{Lang, notice as say};
use serde::Deserialize;
use std::net::SocketAddr;

/// How long staff take to review a held claim, at most.
const REVIEW_HOURS: i64 = 48;

/// What a link to the claim page carries.
#[derive(Debug, Default)]
struct Carried {
    t: Option<String>,
    a: Option<String>,
    tester: Option<String>,
    again: Option<String>,
    /// The whole query, as the browser shows it.
    query: Option<String>,
}

/// `GET /c/{campaign}`.
pub async fn show(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Segment(slug): Segment,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let asked = |key| web::asked(query.as_deref(), key);
    let carried =
        Carried { t: asked("t"), a: asked("a"), tester: asked("tester"), again: asked("again"), query: query.clone() };
    let lang = web::lang(asked("lang").as_deref(), &headers);
    let Ok(slug) = Slug::try_from(slug) else { return web::not_found(lang) };
    let shown = async {
        let (page, person) = Page::of(&site, &slug, lang, peer, &headers).await?;
        page.answer(&carried, person, &headers).await
    };
    shown.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}

/// One request for the claim page.
struct Page<'a> {
    site: &'a Site,
    campaign: Campaign,
    payer: Account,
    lang: Lang,
    ip: String,
    /// What marks the page of a tester.
    rehearsal: Option<app::claim::Rehearsal>,
}

impl<'a> Page<'a> {
    /// The page of a campaign, and its person if web OAuth named them to its payer.
    async fn of(
        site: &'a Site,
        slug: &Slug,
        lang: Lang,
        peer: SocketAddr,
        headers: &HeaderMap,
    ) -> Result<(Self, Option<Person>), Error> {
        let engine = site.engine();
        let campaign = engine.campaign_by_slug(slug).await?;
        let payer = engine.account(campaign.payer).await?;
        let ip = web::caller_ip(site.config(), peer, headers).to_string();
        let person = Person::of(engine.vault(), headers, &payer.appid, engine.clock().now());
        Ok((Page { site, campaign, payer, lang, ip, rehearsal: None }, person))
    }

    /// The answer to a form without a session.
    fn continues(&self) -> Response {
        self.page(&View::Continue { url: format!("/c/{}", self.campaign.slug) })
    }

    async fn answer(self, carried: &Carried, person: Option<Person>, headers: &HeaderMap) -> Result<Response, Error> {
        let engine = self.site.engine();
        let Some(person) = person else { return Ok(self.stranger(carried, headers)) };
        if let Some(code) = &carried.t {
            return self.open_ticket(code, &person).await;
        }
        if let Some(key) = &carried.a {
            return self.open_edit_key(key, &person).await;
        }
        if let Some(key) = &carried.tester {
            return self.open_tester_link(key, &person).await;
        }
        if self.campaign.state == rules::campaign::State::Draft
            && let Some(place) = engine.rehearsing(&self.campaign, &self.claimant(&person)).await?
        {
            return self.rehearses(&place, &person, carried.query.as_deref()).await;
        }
        let place = engine.own_place(&self.campaign, &self.claimant(&person)).await?;
        let view = self.view(&place, &person, carried.again.is_some());
        self.shown(&view, place.claims.first(), &person, carried.query.as_deref()).await
    }

    /// The page of a view, or WeChat's confirmation where the newest claim waits for it.
    async fn shown(
        &self,
        view: &View,
        newest: Option<&OwnClaim>,
        person: &Person,
        query: Option<&str>,
    ) -> Result<Response, Error> {
        match confirm::ask(self, newest, person, query).await? {
            Some((amount, ask)) if matches!(view, View::Sent { .. }) => Ok(self.confirm_page(amount, ask)),
            Some(_) | None => Ok(self.page(view)),
        }
    }

    /// Nobody we know yet: WeChat is asked; another browser is told to open the page in WeChat.
    fn stranger(&self, carried: &Carried, headers: &HeaderMap) -> Response {
        let path = self.path(carried);
        if web::agent(headers) == Agent::Browser {
            let url = format!("{}{path}", self.site.config().entry_url);
            let qr_svg = crate::entry::qr_svg(&url);
            return self.page(&View::NotInWechat { url, qr_svg });
        }
        if let Some(moved) = web::to_entry_host(self.site.config(), headers, &path) {
            return moved;
        }
        let (mark, cookie) = crate::person::browser(self.site.config(), self.site.engine().draw(), headers);
        let mut response = oauth::identify(self.site, &mark, &self.payer.appid, &path, 0, self.lang);
        if let Some(cookie) = cookie {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }

    /// Our own path with what the link carries, rebuilt from checked parts.
    fn path(&self, carried: &Carried) -> String {
        let slug = &self.campaign.slug;
        if let Some(code) = carried.t.as_deref().and_then(|t| TicketCode::try_from(t).ok()) {
            format!("/c/{slug}?t={code}")
        } else if let Some(key) = carried.a.as_deref().and_then(|a| EditKey::try_from(a).ok()) {
            format!("/c/{slug}?a={key}")
        } else if let Some(key) = carried.tester.as_deref().and_then(|key| TesterKey::try_from(key).ok()) {
            format!("/c/{slug}?tester={key}")
        } else {
            format!("/c/{slug}")
        }
    }

    async fn open_ticket(&self, code: &str, person: &Person) -> Result<Response, Error> {
        let opened = match TicketCode::try_from(code) {
            Ok(code) => self.site.engine().open_ticket(&self.campaign, &code, &person.openid).await?,
            Err(_) => Err(Refusal::WrongTicket),
        };
        self.opened(opened, person).await
    }

    async fn open_edit_key(&self, key: &str, person: &Person) -> Result<Response, Error> {
        let opened = match EditKey::try_from(key) {
            Ok(key) => self.site.engine().open_edit_key(&self.campaign, &key, &person.openid).await?,
            Err(_) => Err(Refusal::WrongTicket),
        };
        self.opened(opened, person).await
    }

    /// After a link was opened: on to the clean page, so that the link leaks nowhere; or why it does not work.
    async fn opened(&self, opened: Result<(), Refusal>, person: &Person) -> Result<Response, Error> {
        let clean = format!("/c/{}", self.campaign.slug);
        let place = self.site.engine().own_place(&self.campaign, &self.claimant(person)).await?;
        match opened {
            _ if !place.claims.is_empty() && place.right.is_err() => Ok(web::redirect(&format!("{clean}?again=1"))),
            Ok(()) => Ok(web::redirect(&clean)),
            Err(refusal) => Ok(self.page(&View::Refused { refusal, opens_at: Some(self.campaign.opens_at) })),
        }
    }

    fn claimant(&self, person: &Person) -> Claimant {
        claimant(person, self.ip.clone())
    }

    fn view(&self, place: &OwnPlace, person: &Person, again: bool) -> View {
        match (place.claims.first(), place.right) {
            (Some(claim), Err(_)) if again => {
                View::Already { amount: claim.amount, at: claim.at, now: claim.payout, back: claim.back }
            }
            (Some(claim), Err(_)) => self.claim_view(claim, place.follows_payer),
            (_, Ok(())) => {
                View::Ready { form_token: person.form_token(self.site.engine().vault(), &self.campaign.slug) }
            }
            (None, Err(refusal)) => View::Refused { refusal, opens_at: Some(self.campaign.opens_at) },
        }
    }

    fn claim_view(&self, claim: &OwnClaim, follows_payer: bool) -> View {
        let amount = claim.amount;
        match claim.claim {
            rules::claim::State::Held => return View::Held { hours: REVIEW_HOURS },
            rules::claim::State::Rejected => {
                return View::Refused { refusal: Refusal::AlreadyClaimed, opens_at: None };
            }
            rules::claim::State::Granted => {}
        }
        match claim.payout {
            payout::State::Queued | payout::State::Sending | payout::State::Unknown => View::Paying { amount },
            payout::State::Sent | payout::State::WaitingConfirm => {
                View::Sent { amount, chat: follows_payer.then(|| self.payer.name.clone()) }
            }
            payout::State::Collected => View::Collected { amount },
            payout::State::Returned => View::Returned { amount, why: claim.back },
            payout::State::Failed => View::Failed {
                amount,
                why: if claim.mendable { say::mend_then_ask(self.lang) } else { say::ask_us(self.lang) }.to_owned(),
            },
        }
    }

    fn confirm_page(&self, amount: rules::Fen, ask: Ask) -> Response {
        let html = app::claim::page(&self.face(), &View::Confirm { amount, ask });
        web::confirm_page(html, &self.site.config().wechat.js_sdk())
    }

    fn page(&self, view: &View) -> Response {
        web::page(StatusCode::OK, app::claim::page(&self.face(), view))
    }

    fn face(&self) -> Face {
        Face { rehearsal: self.rehearsal.clone(), ..face(&self.campaign, &self.payer, self.lang) }
    }
}

/// What every page of a campaign shows of it.
pub fn face(campaign: &Campaign, payer: &Account, lang: Lang) -> Face {
    Face {
        slug: campaign.slug.clone(),
        name: campaign.name.clone(),
        sponsor: campaign.texts.send_name.clone(),
        sponsor_icon: payer.icon.clone(),
        greeting: campaign.texts.greeting.clone(),
        rules: campaign.texts.rules.clone(),
        rehearsal: None,
        lang,
    }
}

/// Who posted a form, or the page that sends a stranger on: a POST must not lead to another origin. No query before the
/// desk: a campaign's first minute comes through here. Errors: no such campaign; the form was made for somebody else or
/// another campaign.
async fn posted(
    site: &Site,
    slug: &Slug,
    lang: Lang,
    peer: SocketAddr,
    headers: &HeaderMap,
    form_token: &str,
) -> Result<Result<Claimant, Response>, Error> {
    let engine = site.engine();
    let payer = engine.payer_of(slug).await?;
    let Some(person) = Person::of(engine.vault(), headers, &payer, engine.clock().now()) else {
        return Ok(Err(Page::of(site, slug, lang, peer, headers).await?.0.continues()));
    };
    if !person.made_form(engine.vault(), slug, form_token) {
        return Err(engine::Said::Forbidden.into());
    }
    Ok(Ok(claimant(&person, web::caller_ip(site.config(), peer, headers).to_string())))
}

fn claimant(person: &Person, ip: String) -> Claimant {
    let Person { appid, openid, unionid, .. } = person.clone();
    Claimant { appid, openid, unionid, ip }
}

/// The claim form.
#[derive(Debug, Deserialize)]
pub struct ClaimForm {
    campaign: String,
    #[serde(default)]
    form_token: String,
}

/// `POST /api/public/claim`: answers with a redirect to the claim page, which shows the state.
pub async fn claim(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Sent(form): Sent<ClaimForm>,
) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(slug) = Slug::try_from(form.campaign.as_str()) else { return web::not_found(lang) };
    let claimed = async {
        let who = match posted(&site, &slug, lang, peer, &headers, &form.form_token).await? {
            Ok(who) => who,
            Err(sent_on) => return Ok(sent_on),
        };
        match site.engine().claim(&slug, &who).await? {
            Claimed::Refused(Refusal::AlreadyClaimed) => Ok(web::redirect(&format!("/c/{slug}?again=1"))),
            Claimed::Granted(_) | Claimed::Refused(_) => Ok(web::redirect(&format!("/c/{slug}"))),
        }
    };
    claimed.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}
