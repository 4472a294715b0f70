//! Who is at the dashboard: sign-in, sessions, and the guard in front of `/admin` and `/api`.
//! Refuses a role that does not cover the path, a post from another site, and guessing passwords.

use crate::extract::Sent;
use crate::site::Site;
use crate::web;
use app::AppError;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use leptos::server_fn::error::FromServerFnError as _;
use rules::operator::{Operator, Role};
use rules::time::{UnixMs, minutes};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// The staff session's cookie.
pub const SESSION: &str = "lb_staff";
const WINDOW_MS: i64 = minutes(10);
/// Of one login from one address; few enough to stop guessing.
const TRIES_PER_PAIR: usize = 10;
/// Of one address for all logins.
const TRIES_PER_ADDRESS: usize = 50;
/// Of one login from all addresses: many, so that locking a colleague out takes an effort.
const TRIES_PER_LOGIN: usize = 200;
const REMEMBERED: usize = 10_000;

/// Recent failed sign-ins, by login, by address and by both.
#[derive(Default)]
pub struct Attempts(Mutex<HashMap<String, Vec<UnixMs>>>);

impl Attempts {
    /// True when `key` may try; a try is noted. At most 10,000 keys are remembered.
    fn may(&self, key: &str, most: usize, now: UnixMs) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = all.get_mut(key) {
            tries.retain(|at| now.since(*at) < WINDOW_MS);
            if tries.len() >= most {
                return false;
            }
            tries.push(now);
            return true;
        }
        if all.len() >= REMEMBERED {
            all.retain(|_, tries| tries.iter().any(|at| now.since(*at) < WINDOW_MS));
        }
        if all.len() >= REMEMBERED {
            // A flood of keys: one of them is forgotten, so that nobody is locked out by it.
            let victim = all.keys().next().cloned();
            victim.and_then(|key| all.remove(&key));
        }
        all.insert(key.to_owned(), vec![now]);
        true
    }

    /// A try that succeeded is no failure.
    fn undo(&self, key: &str) {
        if let Some(tries) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(key) {
            tries.pop();
        }
    }
}

/// The sign-in form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct SignIn {
    login: String,
    password: String,
    next: String,
}

/// `POST /api/public/sign_in`.
pub async fn sign_in(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Sent(form): Sent<SignIn>,
) -> Response {
    let next = app::sign_in::way_on(Some(form.next));
    let again = |why: &str| {
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        web::redirect(&format!("/admin/sign-in?error={why}&next={next}"))
    };
    let now = site.engine().clock().now();
    let login: String = form.login.chars().take(64).collect();
    let address = neighbourhood(web::caller_ip(site.config(), peer, &headers));
    let limits = [
        (format!("address {address}"), TRIES_PER_ADDRESS),
        (format!("pair {address} {login}"), TRIES_PER_PAIR),
        (format!("login {login}"), TRIES_PER_LOGIN),
    ];
    if !limits.iter().all(|(key, most)| site.sign_ins().may(key, *most, now)) {
        return again("too_many");
    }
    match site.engine().sign_in(&form.login, &form.password).await {
        Ok(Some(token)) => {
            limits.iter().for_each(|(key, _)| site.sign_ins().undo(key));
            let mut response = web::redirect(&next);
            let cookie = web::set_cookie(site.config(), SESSION, &token, engine::operators::SESSION_MS / 1000);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Ok(None) => again("wrong"),
        Err(error) => {
            // Nothing was guessed.
            limits.iter().for_each(|(key, _)| site.sign_ins().undo(key));
            tracing::error!(%error, "a sign-in failed");
            again("busy")
        }
    }
}

/// What one person can have many addresses of: an IPv6 network of 64 bits, a single IPv4 address.
fn neighbourhood(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// `POST /api/viewer/sign_out`.
pub async fn sign_out(State(site): State<Site>, headers: HeaderMap) -> Response {
    if let Some(token) = web::cookie(&headers, SESSION)
        && let Err(error) = site.engine().sign_out(token).await
    {
        tracing::error!(%error, "a sign-out failed");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let mut response = web::redirect("/admin/sign-in");
    response.headers_mut().append(header::SET_COOKIE, web::set_cookie(site.config(), SESSION, "", 0));
    response
}

/// What a path needs: nothing, or a role.
fn needed(path: &str) -> Option<Role> {
    let below = |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    if below("/api/public") || path == "/admin/sign-in" {
        None
    } else if below("/api/marketer") {
        Some(Role::Marketer)
    } else if below("/api/finance") {
        Some(Role::Finance)
    } else if below("/api/viewer") || below("/admin") {
        Some(Role::Viewer)
    } else if below("/api") {
        // The administrator's prefix, and any that is not known.
        Some(Role::Administrator)
    } else {
        None
    }
}

/// The layer in front of everything: origin, session, role.
pub async fn guard(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !matches!(*request.method(), Method::GET | Method::HEAD)
        && path.starts_with("/api")
        && is_foreign(&site, request.headers())
    {
        return (StatusCode::FORBIDDEN, "this request came from another site").into_response();
    }
    if is_staff_path(&path) && !is_admin_host(&site, &request) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let operator = match web::cookie(request.headers(), SESSION) {
        Some(token) if is_staff_path(&path) => match site.engine().operator_of(token).await {
            Ok(operator) => operator,
            Err(error) => {
                tracing::error!(%error, "a session could not be read");
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
        },
        _ => None,
    };
    if let Some(role) = needed(&path) {
        match &operator {
            Some(operator) if operator.role.covers(role) => {}
            Some(_) => return refused(StatusCode::FORBIDDEN, &AppError::Forbidden),
            None => return signed_out(&request),
        }
    }
    if let Some(operator) = operator {
        request.extensions_mut().insert::<Operator>(operator);
    }
    next.run(request).await
}

fn is_staff_path(path: &str) -> bool {
    path.starts_with("/admin") || path.starts_with("/api/")
}

/// A refusal as the dashboard's pages read one.
fn refused(status: StatusCode, why: &AppError) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], why.ser()).into_response()
}

fn signed_out(request: &Request) -> Response {
    let uri = request.uri();
    if uri.path().starts_with("/api/") || uri.path() == "/admin/live" {
        let accepts = request.headers().get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
        // A plain form, sent by a person whose session ended meanwhile.
        if request.method() == Method::POST && accepts.is_some_and(|accepts| accepts.contains("text/html")) {
            return web::redirect("/admin/sign-in");
        }
        return refused(StatusCode::UNAUTHORIZED, &AppError::SignedOut);
    }
    let path = uri.path_and_query().map_or("/admin", |p| p.as_str());
    let next: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    web::redirect(&format!("/admin/sign-in?next={next}"))
}

/// A browser always says where a post comes from; a program that says nothing carries nobody's cookies by accident.
fn is_foreign(site: &Site, headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        Some("same-origin") => return false,
        Some("cross-site") => return true,
        _ => {}
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let config = site.config();
    let ours = [Some(&config.public_url), Some(&config.entry_url), config.admin_url.as_ref()];
    let host = headers.get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("");
    let same_host = origin.to_str().ok().and_then(|o| o.split_once("://")).is_some_and(|(_, rest)| rest == host);
    !(same_host || ours.into_iter().flatten().any(|url| origin == url.as_str()))
}

/// With an address of its own for staff, only that host serves the dashboard.
fn is_admin_host(site: &Site, request: &Request) -> bool {
    let Some(admin) = &site.config().admin_url else { return true };
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("");
    request.uri().path().starts_with("/api/public") || admin.split_once("://").is_some_and(|(_, rest)| rest == host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_prefix_needs_its_role_and_an_unknown_one_needs_the_highest() {
        let table = [
            ("/api/public/claim", None),
            ("/api/viewer/me", Some(Role::Viewer)),
            ("/api/marketer/add_account", Some(Role::Marketer)),
            ("/api/finance/change_budget", Some(Role::Finance)),
            ("/api/administrator/x", Some(Role::Administrator)),
            ("/api/publicity", Some(Role::Administrator)),
            ("/api/anything", Some(Role::Administrator)),
            ("/admin", Some(Role::Viewer)),
            ("/admin/campaigns/1", Some(Role::Viewer)),
            ("/admin/sign-in", None),
            ("/administrator", None),
            ("/c/demo", None),
        ];
        for (path, role) in table {
            assert_eq!(needed(path), role, "{path}");
        }
    }

    #[test]
    fn guessing_is_slowed_down_and_time_forgives() {
        let attempts = Attempts::default();
        for _ in 0..TRIES_PER_PAIR {
            assert!(attempts.may("pair x", TRIES_PER_PAIR, UnixMs(0)));
        }
        assert!(!attempts.may("pair x", TRIES_PER_PAIR, UnixMs(1)));
        assert!(attempts.may("pair y", TRIES_PER_PAIR, UnixMs(1)));
        attempts.undo("pair x");
        assert!(attempts.may("pair x", TRIES_PER_PAIR, UnixMs(1)), "a success is no failure");
        assert!(attempts.may("pair x", TRIES_PER_PAIR, UnixMs(WINDOW_MS)));
    }
}
