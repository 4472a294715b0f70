//! The table of links: what each brought, and how that is known.
//! Refuses to hide what could not be attributed: it has a row of its own.

use crate::context::lang;
use crate::ui::note::empty;
use crate::ui::number::{grouped, yuan};
use crate::ui::page::{moving, text};
use crate::ui::table::{Table, account_name, figures, words};
use leptos::prelude::*;
use rules::live::{LinkFigures, Snapshot};
use rules::say::{Lang, dashboard as say, states};

/// Claims per follow in percent with one decimal; a dash where nobody followed.
fn conversion(claims: i64, follows: i64) -> String {
    if follows <= 0 {
        return "–".to_owned();
    }
    let permille = (claims.saturating_mul(1000).saturating_add(follows / 2)) / follows;
    format!("{}.{}%", permille / 10, permille % 10)
}

/// The follows known to be a link's, and beside them its estimated share of those that no link explains.
fn follows(link: &LinkFigures, lang: Lang) -> String {
    let known = grouped(link.figures.follows);
    if link.estimated_follows == 0 {
        known
    } else {
        format!("{known} {}", say::about_more(link.estimated_follows, lang))
    }
}

/// One row for each link as last heard, what is not attributed last; `manage` is where links are added.
pub fn links(snapshot: RwSignal<Snapshot>, manage: String) -> AnyView {
    let lang = lang();
    // Rows are made anew only when a link comes or goes; their numbers move by themselves.
    let order = Memo::new(move |_| {
        let known = snapshot.with(|s| s.links.iter().map(|link| format!("{}/{} ", link.account, link.code)).collect());
        Some::<String>(known)
    });
    moving(move || {
        // A memo wakes its readers only once it has been read.
        order.with(|_| ());
        let count = snapshot.with_untracked(|s| s.links.len());
        if count == 0 {
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
        let rows: Vec<_> = (0..count).map(|place| row(snapshot, place, lang)).collect();
        view! { <Table caption=say::by_link(lang) columns>{rows}</Table> }.into_any()
    })
}

/// One link's row.
fn row(snapshot: RwSignal<Snapshot>, place: usize, lang: Lang) -> AnyView {
    let told = move |tell: fn(&LinkFigures, Lang) -> String| {
        text(move || snapshot.with(|s| s.links.get(place).map(|link| tell(link, lang)).unwrap_or_default()))
    };
    let number = move |word: &'static str, name: &'static str, tell: fn(&LinkFigures, Lang) -> String| {
        view! { <td class="figure" data-label=word data-figure=name>{told(tell)}</td> }.into_any()
    };
    let first = snapshot.with_untracked(|s| s.links.get(place).cloned());
    let (code, placement, icon, name) =
        first.map(|link| (link.code, link.placement, link.account_icon, link.account_name)).unwrap_or_default();
    let test = format!("link-{}", if code.is_empty() { "none" } else { code.as_str() });
    let placement = if code.is_empty() { say::not_attributed(lang).to_owned() } else { placement };
    let known_by =
        told(|link, lang| link.known_by.map(|known| states::attribution(known, lang)).unwrap_or_default().to_owned());
    let meaning = told(|link, lang| {
        link.known_by.map(|known| states::attribution_meaning(known, lang)).unwrap_or_default().to_owned()
    });
    view! {
        <tr data-test=test>
            <td class="head">{account_name(icon, name)}</td>
            <td data-label=say::placement(lang)>{placement}</td>
            <td data-label=say::link(lang)><code>{code}</code></td>
            {number(say::visits(lang), "visits", |link, _| grouped(link.figures.visits))}
            {number(say::follows(lang), "follows", follows)}
            <td data-label=say::known_by(lang)><abbr title=meaning>{known_by}</abbr></td>
            {number(say::claims(lang), "claims", |link, _| grouped(link.figures.claims))}
            {number(say::paid_yuan(lang), "paid", |link, _| yuan(link.figures.paid_fen))}
            {number(say::conversion(lang), "conversion", |link, _| conversion(link.figures.claims, link.figures.follows + link.figures.refollows))}
        </tr>
    }
    .into_any()
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
