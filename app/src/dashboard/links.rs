//! The table of links: what each brought, and how that is known.
//! Refuses to hide what could not be attributed: it has a row of its own.

use crate::context::lang;
use crate::ui::note::empty;
use crate::ui::number::{grouped, yuan};
use crate::ui::table::{Table, account_name, figures, words};
use leptos::prelude::*;
use rules::follow::Attribution;
use rules::live::{LinkFigures, Snapshot};
use rules::say::{Lang, dashboard as say, states};

/// Claims per visit in percent with one decimal; a dash where nobody visited.
fn conversion(claims: i64, visits: i64) -> String {
    if visits <= 0 {
        return "–".to_owned();
    }
    let permille = (claims.saturating_mul(1000).saturating_add(visits / 2)) / visits;
    format!("{}.{}%", permille / 10, permille % 10)
}

/// One row for each link, what is not attributed last.
#[component]
pub fn Links(
    /// The figures as last heard.
    snapshot: RwSignal<Snapshot>,
    /// Where links are added.
    manage: String,
) -> impl IntoView {
    let lang = lang();
    // Rows are made anew only when a link comes or goes; their numbers move by themselves.
    let order = Memo::new(move |_| {
        snapshot.with(|s| s.links.iter().map(|link| (link.account, link.code.clone())).collect::<Vec<_>>())
    });
    move || {
        let order = order.get();
        if order.is_empty() {
            let step = view! { <a class="button" href=manage.clone()>{say::add_links(lang)}</a> };
            return empty(say::no_links_yet(lang), say::no_links_next(lang), step.into_any());
        }
        let columns = vec![
            words(say::account(lang)),
            words(say::placement(lang)),
            words(say::link(lang)),
            figures(say::visits(lang)),
            figures(say::follows(lang)),
            words(say::known_by(lang)),
            figures(say::claims(lang)),
            figures(say::paid_yuan(lang)),
            figures(say::conversion(lang)),
        ];
        let rows = (0..order.len()).map(|place| view! { <LinkRow snapshot place lang/> }).collect_view();
        view! { <Table caption=say::by_link(lang) columns>{rows}</Table> }.into_any()
    }
}

/// One link's row.
#[component]
fn LinkRow(snapshot: RwSignal<Snapshot>, place: usize, lang: Lang) -> impl IntoView {
    let told = move |tell: fn(&LinkFigures) -> String| {
        move || snapshot.with(|s| s.links.get(place).map(tell).unwrap_or_default())
    };
    let first = snapshot.with_untracked(|s| s.links.get(place).cloned());
    let (code, placement, icon, name) = first
        .map(|link| (link.code, link.placement, link.account_icon, link.account_name))
        .unwrap_or_default();
    let test = format!("link-{}", if code.is_empty() { "none" } else { code.as_str() });
    let placement = if code.is_empty() { say::not_attributed(lang).to_owned() } else { placement };
    let known = move || {
        let known = snapshot.with(|s| s.links.get(place).and_then(|link| link.known_by.parse::<Attribution>().ok()));
        known.map(|known| {
            view! {
                <abbr title=states::attribution_meaning(known, lang)>{states::attribution(known, lang)}</abbr>
            }
        })
    };
    view! {
        <tr data-test=test>
            <td class="head">{account_name(icon, name)}</td>
            <td data-label=say::placement(lang)>{placement}</td>
            <td data-label=say::link(lang)><code>{code}</code></td>
            <td class="figure" data-label=say::visits(lang) data-figure="visits">{told(|l| grouped(l.figures.visits))}</td>
            <td class="figure" data-label=say::follows(lang) data-figure="follows">{told(|l| grouped(l.figures.follows))}</td>
            <td data-label=say::known_by(lang)>{known}</td>
            <td class="figure" data-label=say::claims(lang) data-figure="claims">{told(|l| grouped(l.figures.claims))}</td>
            <td class="figure" data-label=say::paid_yuan(lang) data-figure="paid">{told(|l| yuan(l.figures.paid_fen))}</td>
            <td class="figure" data-label=say::conversion(lang) title=say::conversion_help(lang)>
                {told(|l| conversion(l.figures.claims, l.figures.visits))}
            </td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::conversion;

    #[test]
    fn a_share_of_nothing_is_a_dash() {
        assert_eq!(conversion(3, 0), "–");
        assert_eq!(conversion(1, 3), "33.3%");
        assert_eq!(conversion(2, 3), "66.7%");
        assert_eq!(conversion(5, 5), "100.0%");
    }
}
