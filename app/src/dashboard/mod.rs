//! The live page: figures, the last hour, each link, and the latest claims of one campaign, moving by themselves.
//! Refuses figures without their comparison, and a guess without its name.

pub mod api;
mod figures;
mod links;
mod stream;

use crate::context::lang;
use crate::error::AppError;
use crate::ui::chart::{Line, LineChart};
use crate::ui::note::{Skeleton, Tone, empty, failed, note};
use api::Overview;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{LazyRoute, lazy_route};
use rules::claim::Row;
use rules::say::{dashboard as say, states};

/// The page at `/admin`.
pub struct OverviewPage {
    overview: Resource<Result<Option<Overview>, AppError>>,
}

#[lazy_route]
impl LazyRoute for OverviewPage {
    fn data() -> Self {
        let picked = crate::frame::picked();
        Self { overview: Resource::new(move || picked.get(), api::read_overview) }
    }

    fn view(this: Self) -> AnyView {
        let OverviewPage { overview } = this;
        let lang = lang();
        view! {
            <Title text=say::overview(lang)/>
            <Suspense fallback=|| view! { <Skeleton figures=5/> }>
                {move || Suspend::new(async move {
                    match overview.await {
                        Ok(Some(overview)) => view! { <LivePage overview/> }.into_any(),
                        Ok(None) => {
                            let step = view! { <a class="primary" href="/admin/campaigns/new">{say::create_campaign(lang)}</a> };
                            empty(say::no_campaign_yet(lang), say::no_campaign_next(lang), step.into_any())
                        }
                        Err(error) => failed(&error),
                    }
                })}
            </Suspense>
        }
        .into_any()
    }
}

/// One campaign, live.
#[component]
fn LivePage(overview: Overview) -> impl IntoView {
    let lang = lang();
    let Overview { campaign, snapshot, latest } = overview;
    let snapshot = RwSignal::new(snapshot);
    let latest = RwSignal::new(latest);
    let slug = campaign.slug.clone();
    Effect::new({
        let slug = slug.as_str().to_owned();
        move |_| stream::listen(slug.clone(), snapshot)
    });
    follow_claims(slug.clone(), snapshot, latest);
    let unknown = move || snapshot.with(|snapshot| snapshot.unknown_payouts);
    let lines = vec![
        Line { word: say::visits(lang), of: |figures| figures.visits },
        Line { word: say::follows(lang), of: |figures| figures.follows },
        Line { word: say::claims(lang), of: |figures| figures.claims },
        Line { word: say::paid_out(lang), of: |figures| figures.paid },
    ];
    let series = Signal::derive(move || snapshot.with(|snapshot| snapshot.series.clone()));
    let manage = format!("/admin/campaigns/{}", campaign.id);
    view! {
        <div class="title-row">
            <h1>{campaign.name}</h1>
            {crate::campaigns::state_chip(campaign.state, lang)}
            <span class="grow"></span>
            <a class="button" href=manage.clone()>{say::edit_campaign(lang)}</a>
        </div>
        {move || (unknown() > 0).then(|| note(Tone::Warn, say::unknown_payouts(unknown(), lang)))}
        <figures::Heroes snapshot/>
        <section class="card">
            <h2>{say::last_hour(lang)} <small>{say::per_minute(lang)}</small></h2>
            <LineChart caption=say::last_hour(lang) points=series lines lang/>
        </section>
        <section class="card">
            <h2>{say::by_link(lang)}</h2>
            <links::Links snapshot manage/>
        </section>
        <section class="card">
            <h2>
                {say::latest_claims(lang)}
                <a class="more" href=crate::frame::keep_picked("/admin/claims", Some(slug.as_str()))>{say::all_claims(lang)}</a>
            </h2>
            <Latest latest/>
        </section>
    }
}

/// Asks for the latest claims again whenever the figures say that there are more, one call at a time.
fn follow_claims(
    slug: rules::ids::Slug,
    snapshot: RwSignal<rules::live::Snapshot>,
    latest: RwSignal<Vec<Row>>,
) {
    let counted = Memo::new(move |_| {
        snapshot.with(|snapshot| (snapshot.total.claims, snapshot.total.paid, snapshot.unknown_payouts))
    });
    let busy = StoredValue::new(false);
    let again = StoredValue::new(false);
    Effect::new(move |before: Option<()>| {
        counted.track();
        if before.is_none() {
            return;
        }
        if busy.get_value() {
            again.set_value(true);
            return;
        }
        busy.set_value(true);
        let slug = slug.clone();
        leptos::task::spawn_local(async move {
            loop {
                again.try_update_value(|again| *again = false);
                // Rows that do not come now come with the next change; the figures above are already right.
                if let Ok(rows) = api::latest_claims(slug.clone()).await {
                    latest.try_set(rows);
                }
                if again.try_get_value() != Some(true) {
                    break;
                }
            }
            busy.try_update_value(|busy| *busy = false);
        });
    });
}

/// The latest claims: when, for which account, how much, and where it stands.
#[component]
fn Latest(latest: RwSignal<Vec<Row>>) -> impl IntoView {
    let lang = lang();
    move || {
        let rows = latest.get();
        if rows.is_empty() {
            return empty(say::no_claims_yet(lang), say::no_claims_next(lang), ().into_any());
        }
        let rows = rows
            .into_iter()
            .map(|row| {
                view! {
                    <li>
                        <span class="account-icon" aria-hidden="true">{row.account_icon}</span>
                        <span class="grow">
                            <b>{row.account_name}</b>
                            <small>{row.at.beijing().to_string()} " · " {states::grade(row.grade, lang)}</small>
                        </span>
                        {crate::claims::state_chip(row.claim, row.payout, lang)}
                        <b class="figure">"¥" {row.amount.to_string()}</b>
                    </li>
                }
            })
            .collect_view();
        view! { <ol class="latest">{rows}</ol> }.into_any()
    }
}
