//! Every URL of the server in one place.
//! Refuses to hold a handler's body.

use crate::site::Site;
use crate::{bills, callback, claim, entry, extract, live, oauth, pay_notify, reports, staff, web};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::LeptosRoutes;
use rules::operator::Operator;
use std::time::Duration;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// A file may be large and its way slow.
const UPLOADED_WITHIN: Duration = Duration::from_secs(120);

/// All routes.
pub fn router(site: Site) -> Router {
    // WeChat's pushes and callbacks have limits of their own, in `callback` and `pay_notify`.
    let pushes = Router::new()
        .route("/wechat/{appid}", get(callback::verify).post(callback::push))
        .route("/pay/notify/{mch_id}/v3", post(pay_notify::v3));
    let streams = Router::new()
        .route("/admin/live", get(live::live))
        .route("/admin/qr/{code}", get(entry::link_qr))
        .route("/admin/reports/{file}", get(reports::csv))
        .route("/admin/qr/testers/{campaign}", get(entry::testers_qr))
        .layer(middleware::from_fn(staff_headers));
    let uploads = Router::new()
        .route("/api/finance/bills", post(bills::upload))
        .layer(DefaultBodyLimit::max(bills::FILE_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, UPLOADED_WITHIN))
        .layer(middleware::from_fn(staff_headers));
    let pages = Router::new()
        .route("/", get(|| async { web::redirect("/admin") }))
        .route("/c/{campaign}", get(claim::show))
        .route("/l/{code}", get(entry::link))
        .route("/l/{code}/qr.svg", get(entry::qr))
        .route("/p/{campaign}", get(entry::hub))
        .route("/oauth/{appid}/callback", get(oauth::callback))
        .route("/api/public/claim", post(claim::claim))
        .route("/api/public/rehearse", post(claim::rehearse))
        .route("/api/public/sign_in", post(staff::sign_in))
        .route("/api/viewer/sign_out", post(staff::sign_out))
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .merge(dashboard(&site))
        .layer(middleware::from_fn_with_state(site.clone(), keep_language))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .layer(middleware::from_fn_with_state(site.clone(), extract::whole_body));
    let files = ServeDir::new(format!("{}/pkg", site.config().site_dir)).precompressed_br().precompressed_gzip();
    let files = tower::ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ))
        .service(files);
    Router::new()
        .merge(pushes)
        .merge(streams)
        .merge(uploads)
        .merge(pages)
        .nest_service("/pkg", files)
        .fallback(lost)
        .layer(middleware::from_fn_with_state(site.clone(), staff::guard))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
        .layer(CatchPanicLayer::new())
        .with_state(site)
}

/// The dashboard's pages and server functions, with who is asking and in which language.
fn dashboard(site: &Site) -> Router<Site> {
    let routes = leptos_axum::generate_route_list(app::App);
    let options: leptos::config::LeptosOptions = axum::extract::FromRef::from_ref(site);
    let context = {
        let site = site.clone();
        move || provide(&site)
    };
    Router::new()
        .leptos_routes_with_context(site, routes, context, move || app::shell(options.clone()))
        .layer(middleware::from_fn(staff_headers))
}

fn provide(site: &Site) {
    provide_context(site.engine().clone());
    provide_context(app::PublicUrl(site.config().public_url.clone()));
    provide_context(app::EntryUrl(site.config().entry_url.clone()));
    if let Some(parts) = use_context::<axum::http::request::Parts>() {
        let query = parts.uri.query().unwrap_or("");
        let asked =
            url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == "lang").map(|(_, v)| v.into_owned());
        provide_context(web::lang(asked.as_deref(), &parts.headers));
        if let Some(operator) = parts.extensions.get::<Operator>() {
            provide_context(operator.clone());
        }
    }
    staff_policy();
}

/// Scripts run only with this answer's nonce.
fn staff_policy() {
    let (Some(response), Some(nonce)) = (use_context::<leptos_axum::ResponseOptions>(), leptos::nonce::use_nonce())
    else {
        return;
    };
    let policy = format!(
        "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// What staff see is nobody else's: never cached, never leaked by a referrer.
async fn staff_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// Remembers the language that a link asked for.
async fn keep_language(State(site): State<Site>, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or("");
    let asked =
        query.split('&').find_map(|pair| pair.strip_prefix("lang=")).filter(|lang| matches!(*lang, "zh" | "en"));
    let secure = if site.config().is_secure() { "; Secure" } else { "" };
    let cookie = asked.map(|lang| format!("lb_lang={lang}; Path=/; SameSite=Lax; Max-Age=31536000{secure}"));
    let mut response = next.run(request).await;
    if let Some(cookie) = cookie.and_then(|c| HeaderValue::from_str(&c).ok()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

async fn ready(State(site): State<Site>) -> Response {
    if site.engine().is_ready().await {
        "ready".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response()
    }
}

async fn lost(request: Request) -> Response {
    web::not_found(web::lang(None, request.headers()))
}
