//! What the screens of money share: their tabs, the bar of a head-room, and how an amount and a rail are shown.
//! Refuses a bar without its numbers beside it.

use crate::context::lang;
use leptos::prelude::*;
use leptos_router::components::A;
use rules::say::{Lang, dashboard as say, money, payout};

/// The pages that belong to one another under 资金: their paths and words.
pub fn sections(lang: Lang) -> [(&'static str, &'static str); 4] {
    [
        ("/admin/budgets", say::budget_lines(lang)),
        ("/admin/payouts", payout::payouts(lang)),
        ("/admin/rails", money::rails(lang)),
        ("/admin/alerts", money::alerts(lang)),
    ]
}

/// True for the path of a page about money.
pub fn is_section(path: &str) -> bool {
    sections(Lang::Zh)
        .iter()
        .any(|(section, _)| path.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// The tabs above each of them.
pub fn tabs() -> AnyView {
    let lang = lang();
    let tab = |(path, word)| view! { <li><A href=path>{word}</A></li> }.into_any();
    let tabs: Vec<_> = sections(lang).into_iter().map(tab).collect();
    view! { <nav class="tabs" aria-label=money::sections(lang)><ul>{tabs}</ul></nav> }.into_any()
}

/// A part of a bar: its class in style/dashboard.css, and how much it is.
pub type Part = (&'static str, rules::Fen);

/// A bar whose parts are drawn to scale.
pub fn bar(label: String, parts: &[Part]) -> AnyView {
    let all: i64 = parts.iter().map(|(_, amount)| amount.get()).sum();
    let drawn: Vec<_> = parts
        .iter()
        .filter(|(_, amount)| !amount.is_zero())
        .map(|(class, amount)| {
            let permille = i128::from(amount.get()) * 1000 / i128::from(all.max(1));
            let style = format!("flex:{} 0 0", permille.max(1));
            view! { <i class=*class style=style></i> }.into_any()
        })
        .collect();
    view! { <span class="bar" role="img" aria-label=label>{drawn}</span> }.into_any()
}

/// How much of a cap is used: a bar that turns to warn from 80 % and to bad when nothing is left.
pub fn used_bar(label: String, used: rules::Fen, limit: rules::Fen) -> AnyView {
    let free = limit.checked_sub(used).unwrap_or_default();
    let class = if free.is_zero() {
        "bad"
    } else if free.get() <= limit.get() / 5 {
        "warn"
    } else {
        "info"
    };
    bar(label, &[(class, used.min(limit)), ("free", free)])
}

/// WeChat's code: in words where there are some, and as it is.
pub fn said(err_code: &str, lang: Lang) -> AnyView {
    let words = payout::code(err_code, lang);
    match (err_code, words) {
        ("", _) => view! { <span class="still">"–"</span> }.into_any(),
        (_, "") => view! { <code>{err_code.to_owned()}</code> }.into_any(),
        (_, words) => view! { <span class="said">{words}<code>{err_code.to_owned()}</code></span> }.into_any(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_under_a_section_belongs_to_it_and_a_longer_word_does_not() {
        for path in ["/admin/budgets", "/admin/budgets/7", "/admin/payouts", "/admin/alerts"] {
            assert!(is_section(path), "{path}");
        }
        for path in ["/admin", "/admin/claims", "/admin/budgetsx"] {
            assert!(!is_section(path), "{path}");
        }
    }
}
