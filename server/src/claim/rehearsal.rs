//! The tester's side of a draft: their link, their page, and its form.
//! Refuses whoever is not on the list: to them the campaign has not begun.

use super::{Page, posted};
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
use serde::Deserialize;
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
        let (amount, openid_masked, claims) = (place.amount, place.openid_masked.clone(), place.claims);
        self.rehearsal = Some(Rehearsal { amount, openid_masked, claims, next });
        let view = match (&place.newest, place.right) {
            (Some(claim), _) => self.claim_view(claim, place.follows_payer),
            (None, Ok(())) => View::Ready { form_token },
            (None, Err(refusal)) => View::NotRehearsed { refusal },
        };
        self.shown(&view, place.newest.as_ref(), person, query).await
    }
}

/// The form of a tester.
#[derive(Debug, Deserialize)]
pub struct TestForm {
    campaign: String,
    #[serde(default)]
    form_token: String,
    /// How many packets they had when the form was made.
    #[serde(default)]
    after: i64,
}

/// `POST /api/public/rehearse`: answers with a redirect to the claim page, which shows the state or why there is none.
pub async fn rehearse(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Sent(form): Sent<TestForm>,
) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(slug) = Slug::try_from(form.campaign.as_str()) else { return web::not_found(lang) };
    let rehearsed = async {
        let who = match posted(&site, &slug, lang, peer, &headers, &form.form_token).await? {
            Ok(who) => who,
            Err(sent_on) => return Ok(sent_on),
        };
        let campaign = site.engine().campaign_by_slug(&slug).await?;
        let _told_by_the_page = site.engine().rehearse(campaign.id, &who, form.after).await?;
        Ok(web::redirect(&format!("/c/{slug}")))
    };
    rehearsed.await.unwrap_or_else(|error: Error| web::broke(&error, lang))
}
