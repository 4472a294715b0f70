//! The pages: what staff see and do at `/admin`, and what followers see when they open a link.
//! Refuses SQL, money and WeChat: a server function asks who is there, calls one verb, and returns one shape.

#[cfg(all(feature = "ssr", feature = "hydrate"))]
compile_error!("`app` is built for the server (ssr) or for the browser (hydrate), never for both at once");

pub mod browser;
pub mod change;
pub mod context;
pub mod error;
pub mod told;
pub mod ui;

#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
pub use shell::shell;

#[cfg(feature = "ssr")]
pub mod claim;
#[cfg(feature = "ssr")]
pub mod entry;

pub mod frame;
pub mod sign_in;

pub mod accounts;
pub mod alerts;
pub mod budgets;
pub mod campaigns;
pub mod claims;
pub mod dashboard;
pub mod money;
pub mod payouts;
pub mod prizes;
pub mod rails;
pub mod reconciliation;

pub use context::{EntryUrl, PublicUrl};
pub use error::AppError;

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{Lazy, SsrMode, path};
use rules::say::dashboard as say;

/// The dashboard: every page but the first a lazy route, so that the first one loads only what it shows.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    #[cfg(feature = "hydrate")]
    provide_context(browser::page_lang());
    let product = say::product(context::lang());
    view! {
        <Title formatter=move |page: String| format!("{page} · {product}")/>
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/admin/sign-in") view={Lazy::<sign_in::SignInPage>::new()} ssr=SsrMode::Async/>
                <ParentRoute path=path!("/admin") view=frame::Frame ssr=SsrMode::Async>
                    <Route path=path!("") view=dashboard::OverviewPage ssr=SsrMode::Async/>
                    <Route path=path!("campaigns") view={Lazy::<campaigns::CampaignsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("campaigns/new") view={Lazy::<campaigns::NewCampaignPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("campaigns/:id") view={Lazy::<campaigns::CampaignPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("campaigns/:id/prizes") view={Lazy::<prizes::PrizesPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("accounts") view={Lazy::<accounts::AccountsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("accounts/new") view={Lazy::<accounts::NewAccountPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("accounts/:id") view={Lazy::<accounts::AccountPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("claims") view={Lazy::<claims::ClaimsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("reconciliation") view={Lazy::<reconciliation::ReconciliationPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("budgets") view={Lazy::<budgets::BudgetsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("budgets/:id") view={Lazy::<budgets::LinePage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("payouts") view={Lazy::<payouts::PayoutsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("payouts/:id") view={Lazy::<payouts::PayoutPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("rails") view={Lazy::<rails::RailsPage>::new()} ssr=SsrMode::Async/>
                    <Route path=path!("alerts") view={Lazy::<alerts::AlertsPage>::new()} ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// A path that leads nowhere.
#[component]
fn NotFound() -> impl IntoView {
    let lang = context::lang();
    #[cfg(feature = "ssr")]
    context::answer_with(http::StatusCode::NOT_FOUND);
    view! {
        <main class="alone">
            <h1>{say::page_not_found(lang)}</h1>
            <p>{say::page_not_found_next(lang)}</p>
            <p><a class="button" href="/admin">{say::back_to_overview(lang)}</a></p>
        </main>
    }
}
