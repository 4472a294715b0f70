//! `GET /admin/live`: the live figures as server-sent events.
//! Refuses to send more than one picture a second.

use crate::site::Site;
use crate::web;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream};
use rules::ids::{CampaignId, Slug};
use rules::live::Snapshot;
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;

const BEAT: Duration = Duration::from_secs(1);
/// Other nodes' changes are found by looking, this often.
const LOOK_EVERY: u64 = 3;
const TICK_EVERY: u64 = 2;
const KNOCK_EVERY: u64 = 10;

/// Which campaign.
#[derive(Deserialize)]
pub struct Watched {
    campaign: String,
}

/// `GET /admin/live?campaign={slug}`: a picture at once and after each change, and a tick every two seconds.
pub async fn live(State(site): State<Site>, Query(watched): Query<Watched>, headers: HeaderMap) -> Response {
    let lang = web::lang(None, &headers);
    let Ok(slug) = Slug::try_from(watched.campaign) else { return web::not_found(lang) };
    match site.engine().campaign_by_slug(&slug).await {
        Ok(campaign) => {
            let token = web::cookie(&headers, crate::staff::SESSION).unwrap_or_default().to_owned();
            let stream = pictures(site, campaign.id, token);
            let mut response = Sse::new(stream).keep_alive(KeepAlive::default()).into_response();
            // Proxies must not hold events back.
            response.headers_mut().insert("x-accel-buffering", axum::http::HeaderValue::from_static("no"));
            response
        }
        Err(error) => web::broke(&error, lang),
    }
}

struct Watching {
    site: Site,
    campaign: CampaignId,
    token: String,
    changes: tokio::sync::watch::Receiver<u64>,
    beats: tokio::time::Interval,
    beat: u64,
    last: Option<Snapshot>,
}

fn pictures(site: Site, campaign: CampaignId, token: String) -> impl Stream<Item = Result<Event, Infallible>> {
    let changes = site.engine().changes();
    let beats = tokio::time::interval(BEAT);
    let watching = Watching { site, campaign, token, changes, beats, beat: 0, last: None };
    stream::unfold(watching, |mut watching| async move {
        loop {
            watching.beats.tick().await;
            if watching.beat.is_multiple_of(KNOCK_EVERY) && !watching.is_signed_in().await {
                return None;
            }
            if let Some(event) = watching.look().await {
                return Some((Ok(event), watching));
            }
        }
    })
}

impl Watching {
    /// A session that ended ends its stream too.
    async fn is_signed_in(&self) -> bool {
        match self.site.engine().operator_of(&self.token).await {
            Ok(operator) => operator.is_some(),
            Err(error) => {
                tracing::warn!(%error, "a session could not be read; its stream goes on for now");
                true
            }
        }
    }

    async fn look(&mut self) -> Option<Event> {
        let beat = self.beat;
        self.beat += 1;
        let changed = self.changes.has_changed().unwrap_or(false);
        if self.last.is_none() || changed || beat.is_multiple_of(LOOK_EVERY) {
            self.changes.mark_unchanged();
            match self.site.engine().live(self.campaign).await {
                Ok(now) if self.last.as_ref().is_none_or(|last| differs(last, &now)) => {
                    let text = serde_json::to_string(&now).ok()?;
                    self.last = Some(now);
                    return Some(Event::default().data(text));
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "the live figures could not be read"),
            }
        }
        let now = self.site.engine().clock().now();
        beat.is_multiple_of(TICK_EVERY).then(|| Event::default().event("tick").data(now.0.to_string()))
    }
}

/// True when anything but the time of reading changed.
fn differs(last: &Snapshot, now: &Snapshot) -> bool {
    Snapshot { at: now.at, ..last.clone() } != *now
}
