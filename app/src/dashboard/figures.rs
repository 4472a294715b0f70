//! The five numbers that matter, each with today's beside it.
//! Refuses decimals that nobody needs; money alone has two.

use crate::context::lang;
use crate::ui::number::{grouped, yuan};
use leptos::prelude::*;
use rules::live::Snapshot;
use rules::say::dashboard as say;

/// Visits, follows, claims, money paid, and what is left.
#[component]
pub fn Heroes(
    /// The figures as last heard.
    snapshot: RwSignal<Snapshot>,
) -> impl IntoView {
    let lang = lang();
    let counted = move |total: fn(&Snapshot) -> i64, today: fn(&Snapshot) -> i64| {
        let total = Signal::derive(move || snapshot.with(|snapshot| grouped(total(snapshot))));
        let beside = move || snapshot.with(|s| format!("{} +{}", say::today(lang), grouped(today(s))));
        (total, Signal::derive(beside))
    };
    let (visits, visits_today) = counted(|s| s.total.visits, |s| s.today.visits);
    let (follows, follows_today) = counted(|s| s.total.follows, |s| s.today.follows);
    let (claims, claims_today) = counted(|s| s.total.claims, |s| s.today.claims);
    let bots = move || snapshot.with(|s| (s.total.bots > 0).then(|| say::bots_apart(s.total.bots, lang)));
    let paid = Signal::derive(move || snapshot.with(|s| yuan(s.total.paid_fen)));
    let paid_today = Signal::derive(move || {
        snapshot.with(|s| format!("{} +¥{}", say::today(lang), yuan(s.today.paid_fen)))
    });
    let left = Signal::derive(move || snapshot.with(|s| yuan(s.budget.available)));
    let left_beside =
        Signal::derive(move || snapshot.with(|s| format!("{} ¥{}", say::reserved(lang), yuan(s.budget.reserved))));
    view! {
        <dl class="figures">
            <Figure word=say::visits(lang) test="total-visits" value=visits beside=visits_today more=Signal::derive(bots)/>
            <Figure word=say::follows(lang) test="total-follows" value=follows beside=follows_today/>
            <Figure word=say::claims(lang) test="total-claims" value=claims beside=claims_today/>
            <Figure word=say::paid_yuan(lang) test="total-paid" value=paid beside=paid_today money=true/>
            <Figure word=say::budget_left(lang) test="budget-available" value=left beside=left_beside money=true/>
        </dl>
    }
}

/// One number: its word, itself, and what it is compared with.
#[component]
pub fn Figure(
    /// Its word.
    word: &'static str,
    /// The hook for browser tests, on the number itself.
    test: &'static str,
    /// The number.
    value: Signal<String>,
    /// What stands beside it.
    beside: Signal<String>,
    /// One more remark, where there is one.
    #[prop(optional, into)]
    more: Option<Signal<Option<String>>>,
    /// True for yuan.
    #[prop(optional)]
    money: bool,
) -> impl IntoView {
    view! {
        <div class="card">
            <dt>{word}</dt>
            <dd>
                <span class="hero">{money.then_some("¥")}<span data-test=test>{value}</span></span>
                <span class="beside">{beside}{move || more.and_then(|more| more.get()).map(|more| format!(" · {more}"))}</span>
            </dd>
        </div>
    }
}
