//! The sign-in page: a plain form that works without any script.
//! Refuses to say which of the two was wrong, and to send anybody to another host afterwards.

use crate::context::lang;
use crate::ui::icon::mark;
use crate::ui::note::{Tone, note};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::{LazyRoute, lazy_route};
use rules::say::dashboard as say;

/// The page at `/admin/sign-in`.
pub struct SignInPage;

/// Where to go after sign-in: `next` when it is a page of the dashboard, else the overview.
pub fn way_on(next: Option<String>) -> String {
    next.filter(|next| {
        (next == "/admin" || next.starts_with("/admin/") || next.starts_with("/admin?")) && !next.contains('\\')
    })
    .unwrap_or_else(|| "/admin".to_owned())
}

#[lazy_route]
impl LazyRoute for SignInPage {
    fn data() -> Self {
        Self
    }

    fn view(_this: Self) -> AnyView {
        let lang = lang();
        let query = use_query_map();
        let next = query.with_untracked(|query| way_on(query.get("next")));
        let wrong = query.with_untracked(|query| query.get("error")).map(|error| {
            note(
                Tone::Bad,
                match error.as_str() {
                    "too_many" => say::sign_in_too_many(lang),
                    "busy" => say::sign_in_busy(lang),
                    _ => say::sign_in_wrong(lang),
                }
                .to_owned(),
            )
        });
        view! {
            <Title text=say::sign_in(lang)/>
            <main class="door">
                <form class="card" method="post" action="/api/public/sign_in">
                    {mark()}
                    <h1>{say::product(lang)}</h1>
                    <p class="lead">{say::sign_in_lead(lang)}</p>
                    <div role="alert">{wrong}</div>
                    <input type="hidden" name="next" value=next/>
                    <div class="field">
                        <label for="login">{say::login(lang)}</label>
                        <input id="login" name="login" type="text" autocomplete="username" autocapitalize="none" required autofocus/>
                    </div>
                    <div class="field">
                        <label for="password">{say::password(lang)}</label>
                        <input id="password" name="password" type="password" autocomplete="current-password" required/>
                    </div>
                    <button type="submit" class="primary wide" data-test="sign-in">{say::sign_in(lang)}</button>
                    <p class="help">{say::sign_in_forgot(lang)}</p>
                </form>
            </main>
        }
        .into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host_after_signing_in() {
        let after = |next: &str| way_on(Some(next.to_owned()));
        assert_eq!(after("/admin/claims?campaign=demo"), "/admin/claims?campaign=demo");
        for other in ["https://evil.example", "//evil.example", "/admin\\evil", "/adminevil", "javascript:0", "/"] {
            assert_eq!(after(other), "/admin", "{other}");
        }
    }
}
