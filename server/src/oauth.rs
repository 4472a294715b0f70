//! Web OAuth: sends a follower to WeChat to be identified and takes them back.
//! Refuses a state that is not ours, a code of another browser, and WeChat's snapshot users.

use crate::extract::Segment;
use crate::person::{self, Origin, Person};
use crate::site::Site;
use crate::web;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Error, Said};
use rules::ids::{Appid, Openid, Unionid};
use rules::say::{Lang, notice as say};
use wechat::error::Kind;
use wechat::oauth::{Scope, authorise_url};

/// How often OAuth is begun again when WeChat says the code was used.
const ATTEMPTS: u8 = 2;

/// Sends the follower to WeChat, to be brought back to `path`; the state fits the browser's mark only.
pub fn identify(site: &Site, mark: &str, appid: &Appid, path: &str, attempt: u8, lang: Lang) -> Response {
    let engine = site.engine();
    let origin = Origin { path: path.to_owned(), attempt };
    let Some(state) = origin.state(engine.vault(), mark, engine.clock().now()) else { return web::not_found(lang) };
    let back = format!("{}/oauth/{appid}/callback", site.config().entry_url);
    let url = authorise_url(&site.config().wechat.open, appid.as_str(), &back, Scope::Base, &state);
    (StatusCode::FOUND, [(header::LOCATION, url), (header::CACHE_CONTROL, "no-store".to_owned())]).into_response()
}

/// What WeChat brings back.
struct Returned {
    code: Option<String>,
    state: Option<String>,
}

/// `GET /oauth/{appid}/callback`.
pub async fn callback(
    State(site): State<Site>,
    Segment(appid): Segment,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = web::lang(None, &headers);
    let returned =
        Returned { code: web::asked(query.as_deref(), "code"), state: web::asked(query.as_deref(), "state") };
    let engine = site.engine();
    let Ok(appid) = Appid::try_from(appid) else { return web::not_found(lang) };
    let mark = web::cookie(&headers, person::BROWSER).unwrap_or("");
    let origin = returned.state.and_then(|state| Origin::read(engine.vault(), &state, mark, engine.clock().now()));
    let Some(origin) = origin else { return stale(lang) };
    let Some(code) = returned.code.filter(|code| !code.is_empty() && code.len() <= 512) else {
        // The person said no, or WeChat has a bad day. A tracked link shows its page all the same.
        return if is_link(&origin.path) { web::redirect(&origin.path) } else { stale(lang) };
    };
    match exchange(&site, &appid, &code, mark).await {
        Ok(person) => welcome(&site, &person, mark, &origin.path).await,
        Err(Failed::Snapshot) => web::page(StatusCode::OK, snapshot(lang)),
        Err(Failed::Again) if origin.attempt < ATTEMPTS => {
            identify(&site, mark, &appid, &origin.path, origin.attempt + 1, lang)
        }
        Err(Failed::Again) => stale(lang),
        Err(Failed::OtherBrowser) => stale(lang),
        Err(Failed::Unknown) => web::not_found(lang),
        Err(Failed::WeChat) if is_link(&origin.path) => web::redirect(&origin.path),
        Err(Failed::WeChat | Failed::Ours) => web::broke(&Error::from(Said::Busy), lang),
    }
}

/// A tracked link's page is useful to somebody unknown too; it does not ask again within a minute.
fn is_link(path: &str) -> bool {
    path.starts_with("/l/")
}

/// Why nobody was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failed {
    Snapshot,
    Again,
    OtherBrowser,
    Unknown,
    WeChat,
    Ours,
}

/// Exchanges a code, once: the same code again (a reload, a doubled redirect) gets the same person, for the same
/// browser only.
async fn exchange(site: &Site, appid: &Appid, code: &str, mark: &str) -> Result<Person, Failed> {
    let key = engine::vault::hash(&format!("{appid} {code}"));
    let fetched =
        site.codes().try_get_with(key, async { fetch(site, appid, code).await.map(|p| (mark.to_owned(), p)) });
    let (browser, person) = fetched.await.map_err(|failed| *failed)?;
    if browser == mark { Ok(person) } else { Err(Failed::OtherBrowser) }
}

async fn fetch(site: &Site, appid: &Appid, code: &str) -> Result<Person, Failed> {
    let credentials = site.engine().credentials(appid).await.map_err(|error| unread(appid, &error))?;
    let secret = credentials.appsecret.ok_or(Failed::Unknown)?;
    let token =
        site.wechat().exchange_code(appid.as_str(), &secret, code).await.map_err(|error| match error.kind() {
            Kind::CodeInvalid | Kind::CodeUsed => Failed::Again,
            kind => {
                tracing::warn!(account.appid = %appid, ?kind, %error, "exchanging an OAuth code failed");
                Failed::WeChat
            }
        })?;
    if token.is_snapshotuser {
        return Err(Failed::Snapshot);
    }
    let openid = Openid::try_from(token.openid).map_err(|_| Failed::WeChat)?;
    let unionid = token.unionid.and_then(|u| Unionid::try_from(u).ok());
    Ok(Person { appid: appid.clone(), openid, unionid, at: site.engine().clock().now() })
}

/// An account that is not there, or that our own database did not hand out: then there is one, and later it works.
fn unread(appid: &Appid, error: &Error) -> Failed {
    if *error.said() == Said::NotFound {
        return Failed::Unknown;
    }
    tracing::error!(account.appid = %appid, %error, "an account could not be read for OAuth");
    Failed::Ours
}

async fn welcome(site: &Site, person: &Person, mark: &str, path: &str) -> Response {
    if let Err(error) = site.engine().identified(mark, &person.openid).await {
        tracing::warn!(%error, "the visits of a browser could not be given their person");
    }
    let mut response = web::redirect(path);
    response.headers_mut().append(header::SET_COOKIE, person.cookie(site.config(), site.engine().vault()));
    response
}

fn stale(lang: Lang) -> Response {
    web::page(StatusCode::BAD_REQUEST, app::entry::plain_page(lang, say::stale(lang), say::stale_next(lang)))
}

fn snapshot(lang: Lang) -> String {
    let slug = rules::ids::Slug::try_from("snapshot").expect("lower-case letters are a slug");
    let face = app::claim::Face {
        slug,
        name: say::red_packet(lang).to_owned(),
        sponsor: String::new(),
        sponsor_icon: "🧧".to_owned(),
        greeting: String::new(),
        rules: String::new(),
        rehearsal: None,
        lang,
    };
    app::claim::page(&face, &app::claim::View::Snapshot)
}
