//! The five numbers that matter, each with today's beside it.
//! Refuses decimals that nobody needs; money alone has two.

use crate::context::lang;
use crate::ui::number::{grouped, yuan};
use crate::ui::page::text;
use leptos::prelude::*;
use rules::live::Snapshot;
use rules::say::{Lang, dashboard as say};

/// Visits, follows, claims, money paid, and what is left, as last heard.
pub fn heroes(snapshot: RwSignal<Snapshot>) -> AnyView {
    let lang = lang();
    let told = move |tell: fn(&Snapshot, Lang) -> String| text(move || snapshot.with(|s| tell(s, lang)));
    let today = |lang: Lang, more: String| format!("{} +{more}", say::today(lang));
    let cards = [
        figure(
            say::visits(lang),
            "total-visits",
            told(|s, _| grouped(s.total.visits)),
            text(move || {
                snapshot.with(|s| match s.total.bots {
                    0 => today(lang, grouped(s.today.visits)),
                    bots => format!("{} · {}", today(lang, grouped(s.today.visits)), say::bots_apart(bots, lang)),
                })
            }),
        ),
        figure(
            say::follows(lang),
            "total-follows",
            told(|s, _| grouped(s.total.follows)),
            text(move || snapshot.with(|s| today(lang, grouped(s.today.follows)))),
        ),
        figure(
            say::claims(lang),
            "total-claims",
            told(|s, _| grouped(s.total.claims)),
            text(move || snapshot.with(|s| today(lang, grouped(s.today.claims)))),
        ),
        figure(
            say::paid_yuan(lang),
            "total-paid",
            told(|s, _| yuan(s.total.paid_fen)),
            text(move || snapshot.with(|s| today(lang, format!("¥{}", yuan(s.today.paid_fen))))),
        ),
        figure(
            say::budget_left(lang),
            "budget-available",
            told(|s, _| yuan(s.budget.available)),
            told(|s, lang| format!("{} ¥{}", say::reserved(lang), yuan(s.budget.reserved))),
        ),
    ];
    view! { <dl class="figures">{cards.into_iter().collect::<Vec<_>>()}</dl> }.into_any()
}

/// One number: its word, itself, and what it is compared with; the yuan sign stands before money.
fn figure(word: &'static str, test: &'static str, value: Signal<String>, beside: Signal<String>) -> AnyView {
    let sign = if matches!(test, "total-paid" | "budget-available") { "¥" } else { "" };
    view! {
        <div class="card">
            <dt>{word}</dt>
            <dd>
                <span class="hero"><span>{sign}</span><span data-test=test>{value}</span></span>
                <span class="beside">{beside}</span>
            </dd>
        </div>
    }
    .into_any()
}
