//! The tester's side of a draft: their link, their page, and its form.
//! Refuses whoever is not on the list: to them the campaign has not begun.

use super::{ClaimForm, Page};
use crate::extract::Sent;
use crate::person::Person;
use crate::site::Site;
use crate::web;
use app::claim::{Rehearsal, View};
use axum::extract::{ConnectInfo, State};
use axum::http::HeaderMap;
use axum::response::Response;
use engine::Error;
use engine::rehearsal::Rehearsing;
use rules::ids::{Slug, TesterKey};
use rules::rehearsal::Refusal;
use std::net::SocketAddr;

impl Page<'_> {
    /// Puts the person onto the list of testers and sends them on to the clean page, so that the key leaks nowhere.
    pub(super) async fn open_tester_link(&self, key: &str, person: &Person) -> Result<Response, Error> {
        let joined = match TesterKey::try_from(key) {
            Ok(key) => self.site.engine().join_testers(self.campaign.id, &key, &self.claimant(person)).await?,
            Err(_) => Err(Refusal::WrongLink),
        };
        match joined {
            // Once it runs, testers are people like all others.
            Ok(()) | Err(Refusal::NotDraft) => Ok(web::redirect(&format!("/c/{}", self.campaign.slug))),
            Err(refusal) => Ok(self.page(&View::NotRehearsed { refusal })),
        }
    }

    /// The page of a tester: their newest packet, and the way to one more.
    pub(super) async fn rehearses(
        mut self,
        place: &Rehearsing,
        person: &Person,
        query: Option<&str>,
    ) -> Result<Response, Error> {
        let form_token = person.form_token(self.site.engine().vault(), &self.campaign.slug);
        let next = place.right.map(|()| form_token.clone());
        self.rehearsal = Some(Rehearsal { amount: place.amount, openid_masked: place.openid_masked.clone(), next });
        let view = match (&place.newest, place.right) {
            (Some(claim), _) => self.claim_view(claim, place.follows_payer),
            (None, Ok(())) => View::Ready { form_token },
            (None, Err(refusal)) => View::NotRehearsed { refusal },
        };
        self.shown(&view, place.newest.as_ref(), person, query).await
    }
}

/// `POST /api/public/rehearse`: answers with a redirect to the claim page, which shows the state or why there is none.
pub async fn rehearse(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Sent(form): Sent<ClaimForm>,
) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(slug) = Slug::try_from(form.campaign.as_str()) else { return web::not_found(lang) };
    let rehearsed = async {
        let engine = site.engine();
        let campaign = engine.campaign_by_slug(&slug).await?;
        let payer = engine.account(campaign.payer).await?;
        let ip = web::caller_ip(site.config(), peer, &headers).to_string();
        let page = Page { site: &site, campaign, payer, lang, ip, rehearsal: None };
        let Some(person) = Person::of(engine.vault(), &headers, &page.payer.appid, engine.clock().now()) else {
            return Ok(page.page(&View::Continue { url: format!("/c/{slug}") }));
        };
        if !person.made_form(engine.vault(), &slug, &form.form_token) {
            return Err(engine::Said::Forbidden.into());
        }
        let _told_by_the_page = engine.rehearse(page.campaign.id, &page.claimant(&person)).await?;
        Ok(web::redirect(&format!("/c/{slug}")))
    };
    rehearsed.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}
