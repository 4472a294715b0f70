//! Staff: signing in, what each role reaches, and what another site cannot make a browser do.
//! Refuses a path that no prefix guards.

use crate::browser::Browser;
use crate::world::{COFFEE, LOGIN, World};
use leptos::server_fn::axum::server_fn_paths;
use reqwest::Method;
use rules::operator::Role;
use rules::time::{hours, minutes};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_a_wrong_name_are_told_the_same() {
    let world = World::new().await;
    let desk = world.browser("Mozilla/5.0");
    for (login, password) in [("admin", "not the password"), ("nobody", "lingbao-demo-2026"), ("", ""), ("admin", "")] {
        let page = desk.posts("/api/public/sign_in", &[("login", login), ("password", password)]).await;
        assert_eq!(page.status, 303);
        assert!(page.location().unwrap().starts_with("/admin/sign-in?error=wrong"), "{:?}", page.location());
        assert_eq!(desk.cookie("lb_staff"), None);
    }
    let page = desk.gets("/admin").await;
    assert_eq!((page.status, page.location()), (303, Some("/admin/sign-in?next=%2Fadmin")));
    assert_eq!(desk.gets("/admin/sign-in").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_is_stopped_and_time_forgives() {
    let world = World::new().await;
    let thief = world.browser("Mozilla/5.0");
    for _ in 0..10 {
        thief.posts("/api/public/sign_in", &[("login", LOGIN.0), ("password", "a guess")]).await;
    }
    let page = thief.posts("/api/public/sign_in", &[("login", LOGIN.0), ("password", LOGIN.1)]).await;
    assert!(page.location().unwrap().contains("error=too_many"), "even the right one comes too late");
    assert_eq!(thief.cookie("lb_staff"), None);
    let colleague = Browser::new(&world, "Mozilla/5.0", "203.0.113.77");
    let page = colleague.posts("/api/public/sign_in", &[("login", LOGIN.0), ("password", LOGIN.1)]).await;
    assert_eq!(page.location(), Some("/admin"), "nobody can lock a colleague out from elsewhere");
    world.later(minutes(10)).await;
    world.staff(LOGIN.0, LOGIN.1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_on_the_server() {
    let world = World::new().await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let session = desk.cookie("lb_staff").unwrap();
    assert_eq!(desk.gets("/api/viewer/me").await.status, 200);
    let page = desk.posts("/api/viewer/sign_out", &[("", "")]).await;
    assert_eq!(page.location(), Some("/admin/sign-in"));
    assert_eq!(desk.cookie("lb_staff"), None);
    let thief = world.browser("Mozilla/5.0");
    thief.keeps("lb_staff", &session);
    assert_eq!(thief.gets("/api/viewer/me").await.status, 401, "a kept cookie is worth nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_new_at_each_sign_in_and_ends_after_half_a_day() {
    let world = World::new().await;
    let one = world.staff(LOGIN.0, LOGIN.1).await;
    let two = world.staff(LOGIN.0, LOGIN.1).await;
    assert_ne!(one.cookie("lb_staff"), two.cookie("lb_staff"));
    world.later(hours(12)).await;
    let page = one.gets("/api/viewer/me").await;
    assert_eq!((page.status, page.html.as_str()), (401, "\"signed_out\""), "pages read that the session ended");
    let form = [("accept", "text/html,application/xhtml+xml"), ("content-type", "multipart/form-data; boundary=mark")];
    let page = one.sends(Method::POST, "/api/finance/bills", &form, Some("--mark--".to_owned())).await;
    assert_eq!(page.location(), Some("/admin/sign-in"), "a plain form leads to the door");
    assert_eq!(two.gets("/admin").await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_all_sessions() {
    let world = World::new().await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    world.engine().reset_password(LOGIN.0, "another password").await.unwrap();
    assert_eq!(desk.gets("/api/viewer/me").await.status, 401);
    world.staff(LOGIN.0, "another password").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_staff_cookie_is_secure_exactly_when_the_public_address_is_https() {
    let mut world = World::new().await;
    let flags = async |world: &World| {
        let desk = world.browser("Mozilla/5.0");
        let page = desk.posts("/api/public/sign_in", &[("login", LOGIN.0), ("password", LOGIN.1)]).await;
        page.cookies().into_iter().find(|c| c.starts_with("lb_staff=")).unwrap().to_owned()
    };
    let plain = flags(&world).await;
    assert!(plain.contains("; HttpOnly") && plain.contains("; SameSite=Lax") && !plain.contains("Secure"), "{plain}");
    world.stops_the_server().await;
    let http = world.config.public_url.clone();
    world.config.public_url = http.replace("http://", "https://");
    world.starts_the_server().await.unwrap();
    // The proxy in front speaks TLS; this test stands behind it.
    let (https, plain_url) = (world.config.public_url.clone(), http);
    let desk = world.browser("Mozilla/5.0");
    let body = format!("login={}&password={}", LOGIN.0, LOGIN.1);
    let headers = [FORM, ("origin", https.as_str())];
    let page = desk.sends(Method::POST, &format!("{plain_url}/api/public/sign_in"), &headers, Some(body)).await;
    let secure = page.cookies().into_iter().find(|c| c.starts_with("lb_staff=")).unwrap().to_owned();
    assert!(secure.contains("; Secure") && secure.contains("; HttpOnly"), "{secure}");
}

/// What the prefix of a path asks for.
fn needed(path: &str) -> Option<Role> {
    match path.split('/').nth(2).unwrap() {
        "public" => None,
        "viewer" => Some(Role::Viewer),
        "marketer" => Some(Role::Marketer),
        "finance" => Some(Role::Finance),
        "administrator" => Some(Role::Administrator),
        other => panic!("{path} stands under {other}, which nobody guards"),
    }
}

async fn status(who: &Browser<'_>, path: &str, method: &Method) -> u16 {
    let body = (*method != Method::GET).then(|| "{}".to_owned());
    let headers = [("content-type", "application/json"), ("accept", "application/json")];
    who.sends(method.clone(), path, &headers, body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn every_server_function_is_reached_by_exactly_the_roles_of_its_prefix() {
    let world = World::new().await;
    let mut people = vec![(None, world.browser("Mozilla/5.0"))];
    for role in Role::ALL {
        people.push((Some(*role), world.staff_of(*role).await));
    }
    let mut paths: Vec<(String, Method)> = server_fn_paths()
        .map(|(path, method)| (path.to_owned(), Method::from_bytes(method.as_str().as_bytes()).unwrap()))
        .collect();
    assert!(paths.len() >= 10, "{paths:?}");
    let own = [
        ("/api/finance/no_such_function", Method::POST),
        ("/api/administrator/no_such_function", Method::POST),
        ("/api/marketer/no_such_function", Method::GET),
    ];
    paths.extend(own.into_iter().map(|(path, method)| (path.to_owned(), method)));
    for (path, method) in &paths {
        for (role, who) in &people {
            let status = status(who, path, method).await;
            let expected = match (needed(path), role) {
                (None, _) => "past the guard",
                (Some(_), None) => "401",
                (Some(needed), Some(role)) if !role.covers(needed) => "403",
                (Some(_), Some(_)) => "past the guard",
            };
            let got = match status {
                401 => "401",
                403 => "403",
                _ => "past the guard",
            };
            assert_eq!(got, expected, "{method} {path} as {role:?}: {status}");
        }
    }
    world.books_balance().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_the_dashboard_and_every_export_wants_a_sign_in() {
    let world = World::new().await;
    let nobody = world.browser("Mozilla/5.0");
    for path in ["/admin", "/admin/accounts", "/admin/reports/claims.csv?campaign=demo", "/admin/no-such-page"] {
        let page = nobody.gets(path).await;
        assert_eq!(page.status, 303, "{path}");
        assert!(page.location().unwrap().starts_with("/admin/sign-in?next="), "{path}");
    }
    assert_eq!(nobody.gets("/admin/live?campaign=demo").await.status, 401);
    let viewer = world.staff_of(Role::Viewer).await;
    for path in ["/admin", "/admin/reports/claims.csv?campaign=demo"] {
        assert_eq!(viewer.gets(path).await.status, 200, "{path}");
    }
    assert_eq!(viewer.gets("/admin/reports/claims.csv?campaign=nowhere").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_from_another_site_is_refused_wherever_it_goes() {
    let world = World::new().await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let ming = world.follower("Ming").await;
    let ready = ming.comes_through(COFFEE).await;
    let claim = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(ready.form().fields).finish();
    for foreign in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://127.0.0.1.evil.example"),
        ("sec-fetch-site", "cross-site"),
    ] {
        let headers = [FORM, foreign];
        for path in ["/api/viewer/sign_out", "/api/marketer/retire_account", "/api/public/sign_in"] {
            let page = desk.sends(Method::POST, path, &headers, Some(String::new())).await;
            assert_eq!(page.status, 403, "{path} {foreign:?}");
        }
        let page = ming.sends(Method::POST, "/api/public/claim", &headers, Some(claim.clone())).await;
        assert_eq!(page.status, 403, "{foreign:?}");
    }
    assert_eq!(desk.gets("/api/viewer/me").await.status, 200, "the session is still there");
    assert_eq!(ming.presses(&ready).await.state(), "paying", "and from our own page it works");
    world.work_until_idle().await;
    assert_eq!(ming.wallet().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_tells_no_stack_no_path_and_no_sql() {
    let world = World::new().await;
    let desk = world.staff(LOGIN.0, LOGIN.1).await;
    let asked = [
        (Method::GET, "/api/viewer/campaign?id=99999"),
        (Method::GET, "/api/viewer/campaign?id=1%20OR%201=1"),
        (Method::POST, "/api/marketer/edit_account"),
        (Method::POST, "/api/finance/change_budget"),
        (Method::GET, "/api/viewer/claims?slug=%27"),
    ];
    for (method, path) in asked {
        let body = (method == Method::POST).then(|| "{\"broken\":".to_owned());
        let page = desk.sends(method, path, &[("content-type", "application/json")], body).await;
        assert!(page.status >= 400 || page.status == 200, "{path}");
        for leak in ["panicked", "src/", "SELECT", "sqlx", "SqliteError", "stack backtrace", "lingbao.db"] {
            assert!(!page.html.contains(leak), "{path} tells {leak}: {}", page.html);
        }
    }
}
