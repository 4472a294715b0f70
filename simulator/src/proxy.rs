//! A phone's browser as an origin of its own: `{id}.phone.localhost` stands for the server as that phone sees it.
//! It refuses to weaken the server: cookies, policies and forms pass as they are, only frame headers and addresses change.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, Limited};

use crate::oauth::page;
use crate::rewrite::{loosen, rewrite_html};
use crate::sim::Sim;
use crate::world::Phone;

/// A request or a page of more than this is refused.
const BODY_MAX: usize = 10 * 1024 * 1024;

/// Headers that belong to one connection, or that the proxy writes itself.
const OWN: [&str; 16] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "accept-encoding",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-real-ip",
];

/// The phone whose origin the Host names.
pub(crate) fn phone_of_host(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host.as_str(), |(n, _)| n);
    let id = name.strip_suffix(".phone.localhost")?;
    (!id.is_empty() && !id.contains('.')).then(|| id.to_owned())
}

/// The origin the Host names, if it is a phone's.
pub(crate) fn phone_origin(headers: &HeaderMap) -> Option<String> {
    phone_of_host(headers)?;
    let host = headers.get(header::HOST)?.to_str().ok()?;
    Some(format!("http://{host}"))
}

/// The rest of an address behind an origin, if the address is of that origin.
pub(crate) fn behind<'a>(address: &'a str, origin: &str) -> Option<&'a str> {
    let rest = address.strip_prefix(origin)?;
    (rest.is_empty() || rest.starts_with(['/', '?', '#'])).then_some(rest)
}

/// Paths that the simulator itself answers on a phone's origin.
fn is_own(path: &str) -> bool {
    ["/connect/", "/mp/", "/open/js/", "/_phone/"].iter().any(|own| path.starts_with(own))
        || path == "/cgi-bin/showqrcode"
}

/// An address as that phone's browser must open it.
pub(crate) fn to_phone(sim: &Sim, origin: &str, address: &str) -> String {
    if let Some(rest) = behind(address, &sim.places.server) {
        return format!("{origin}{rest}");
    }
    let port = sim.places.url.rsplit(':').next().unwrap_or_default();
    let own = [sim.places.url.clone(), format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}")];
    for here in &own {
        if let Some(rest) = behind(address, here)
            && is_own(rest.split(['?', '#']).next().unwrap_or_default())
        {
            return format!("{origin}{rest}");
        }
    }
    address.to_owned()
}

/// Sends requests for a phone's origin to the server, and all others on to the simulator.
pub(crate) async fn by_host(Shared(sim): Shared<Arc<Sim>>, request: Request, next: Next) -> Response {
    let Some(id) = phone_of_host(request.headers()) else { return next.run(request).await };
    if is_own(request.uri().path()) {
        return next.run(request).await;
    }
    let Some(phone) = sim.read(|state| state.phones.get(&id).cloned()) else {
        let mut response = page("没有这部手机", "<h1>没有这部手机</h1>");
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    forward(&sim, &phone, request).await
}

async fn forward(sim: &Sim, phone: &Phone, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Some(origin) = phone_origin(&parts.headers) else { return StatusCode::BAD_REQUEST.into_response() };
    let length = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_MAX) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let has_body = length.is_some_and(|length| length > 0) || parts.headers.contains_key(header::TRANSFER_ENCODING);
    let mut upstream = sim.http.request(parts.method, format!("{}{path}", sim.places.server)).headers(request_headers(
        sim,
        phone,
        &origin,
        &parts.headers,
    ));
    if has_body {
        upstream = upstream.body(reqwest::Body::wrap_stream(Limited::new(body, BODY_MAX).into_data_stream()));
    }
    match upstream.send().await {
        Ok(answer) => respond(sim, &origin, answer).await,
        Err(error) => {
            tracing::debug!(error = %error.without_url(), "the server did not answer a phone");
            let mut response = page("无法打开网页", "<h1>无法打开网页</h1><p>服务器没有应答，请稍后再试</p>");
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            response
        }
    }
}

/// The headers as this phone's WeChat would send them.
fn request_headers(sim: &Sim, phone: &Phone, origin: &str, given: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        if !OWN.contains(&name.as_str()) {
            headers.append(name.clone(), value.clone());
        }
    }
    let text = |value: &str| HeaderValue::from_str(value).ok();
    let mut set = |name: HeaderName, value: Option<HeaderValue>| match value {
        Some(value) => {
            headers.insert(name, value);
        }
        None => {
            headers.remove(name);
        }
    };
    set(header::USER_AGENT, text(phone.user_agent()));
    set(header::ACCEPT_ENCODING, text("identity"));
    set(HeaderName::from_static("x-forwarded-for"), text(&phone.ip));
    let (scheme, host) = sim.places.server.split_once("://").unwrap_or(("http", ""));
    set(HeaderName::from_static("x-forwarded-proto"), text(scheme));
    set(HeaderName::from_static("x-forwarded-host"), text(host));
    let seen = |name: &HeaderName| given.get(name).and_then(|value| value.to_str().ok());
    if seen(&header::ORIGIN).is_some_and(|value| value == origin) {
        set(header::ORIGIN, text(&sim.places.server));
    }
    // The page around the frame does not exist for WeChat: no referrer, no frame, no other site.
    let referer = seen(&header::REFERER).and_then(|value| behind(value, origin));
    set(header::REFERER, referer.and_then(|rest| text(&format!("{}{rest}", sim.places.server))));
    let (mode, dest, site) = (
        HeaderName::from_static("sec-fetch-mode"),
        HeaderName::from_static("sec-fetch-dest"),
        HeaderName::from_static("sec-fetch-site"),
    );
    if seen(&dest) == Some("iframe") {
        set(dest, text("document"));
    }
    if seen(&mode) == Some("navigate") && seen(&site).is_some_and(|value| value != "same-origin") {
        set(site, text("none"));
    }
    headers
}

async fn respond(sim: &Sim, origin: &str, answer: reqwest::Response) -> Response {
    let status = answer.status();
    let mut headers = HeaderMap::new();
    let mut nonce = None;
    for (name, value) in answer.headers() {
        if OWN.contains(&name.as_str()) || *name == header::X_FRAME_OPTIONS {
            continue;
        }
        let changed = match (name, value.to_str()) {
            (name, Ok(text)) if *name == header::LOCATION => HeaderValue::from_str(&to_phone(sim, origin, text)).ok(),
            (name, Ok(text)) if *name == header::CONTENT_SECURITY_POLICY => {
                let (policy, found) = loosen(text);
                nonce = nonce.or(found);
                HeaderValue::from_str(&policy).ok()
            }
            _ => Some(value.clone()),
        };
        headers.append(name.clone(), changed.unwrap_or_else(|| value.clone()));
    }
    let is_html = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let is_plain = headers.get(header::CONTENT_ENCODING).is_none_or(|encoding| encoding.as_bytes() == b"identity");
    let body = if is_html && is_plain {
        headers.remove(header::CONTENT_LENGTH);
        let whole = Limited::new(reqwest::Body::from(answer), BODY_MAX).collect().await;
        let Ok(whole) = whole else { return StatusCode::BAD_GATEWAY.into_response() };
        let bytes = whole.to_bytes();
        match std::str::from_utf8(&bytes) {
            Ok(html) if !html.is_empty() => {
                Body::from(rewrite_html(html, nonce.as_deref(), |address| to_phone(sim, origin, address)))
            }
            _ => Body::from(bytes),
        }
    } else {
        Body::new(reqwest::Body::from(answer))
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HOST, HeaderValue::from_str(name).unwrap())])
    }

    #[test]
    fn only_a_label_below_phone_localhost_is_a_phone() {
        assert_eq!(phone_of_host(&host("p1.phone.localhost:3100")).as_deref(), Some("p1"));
        assert_eq!(phone_of_host(&host("P1.phone.localhost")).as_deref(), Some("p1"));
        assert_eq!(phone_of_host(&host("phone.localhost:3100")), None);
        assert_eq!(phone_of_host(&host("a.b.phone.localhost")), None);
        assert_eq!(phone_of_host(&host("127.0.0.1:3100")), None);
    }

    #[test]
    fn an_address_of_another_host_with_the_same_beginning_is_another() {
        assert_eq!(behind("http://a:30/x", "http://a:30"), Some("/x"));
        assert_eq!(behind("http://a:3000/x", "http://a:30"), None);
    }
}
