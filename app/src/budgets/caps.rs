//! The caps of a campaign, each row edited where it stands.
//! Refuses to guess at what was typed: an empty cap is no cap, anything but money is told.

use super::api::{self, CapRow, LineDesk};
use crate::browser::Sent;
use crate::change::Change;
use crate::context::lang;
use crate::error::AppError;
use crate::money::used_bar;
use crate::ui::note::Outcome;
use crate::ui::number::yuan;
use crate::ui::page::moving;
use crate::ui::table::{Table, figures, words};
use leptos::prelude::*;
use rules::Fen;
use rules::operator::Role;
use rules::say::{Lang, campaign as say_campaign, dashboard as say, money};

const PLACE: &str = "caps";

/// What a form's text asks for: no cap, a cap, or nothing that can be read.
fn limit_of(typed: &str) -> Result<Option<Fen>, ()> {
    match typed.trim() {
        "" => Ok(None),
        typed => Fen::parse_yuan(typed).map(Some).map_err(|_| ()),
    }
}

/// The caps in their card.
#[component]
pub fn Caps(
    /// The line's desk.
    change: Change<LineDesk>,
) -> impl IntoView {
    let lang = lang();
    let caps = change.part(|desk| (desk.caps.clone(), desk.role.covers(Role::Finance)));
    let table = moving(move || {
        let (caps, may) = caps.get();
        let columns = vec![
            words(money::cap_of(lang)),
            figures(money::used(lang)),
            words(money::head_room(lang)),
            words(money::cap_limit(lang)),
        ];
        let rows: Vec<_> = caps.into_iter().map(|cap| row(cap, may, change, lang)).collect();
        view! { <Table caption=money::caps(lang) columns>{rows}</Table> }.into_any()
    });
    view! {
        <section class="card">
            <h2>{money::caps(lang)}</h2>
            <p class="lead">{money::caps_lead(lang)}</p>
            {table}
            <p class="help">{money::asserted_in_form(lang)}</p>
            <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=money::cap_saved(lang)/>
        </section>
    }
}

/// What may be capped, what was used, what is left, and the form that sets it.
fn row(cap: CapRow, may: bool, change: Change<LineDesk>, lang: Lang) -> AnyView {
    let kind = money::cap(cap.kind, lang);
    let what = if cap.name.is_empty() { kind.to_owned() } else { format!("{kind} · {}", cap.name) };
    let (limit, used) = match cap.cap {
        Some((limit, used)) => (limit.to_string(), format!("¥{}", yuan(used))),
        None => (String::new(), "–".to_owned()),
    };
    let left = match cap.cap {
        Some((limit, used)) => {
            let left = format!("¥{}", yuan(limit.checked_sub(used).unwrap_or_default()));
            view! { <span class="left">{used_bar(left.clone(), used, limit)}<span class="figure">{left}</span></span> }
                .into_any()
        }
        None => view! { <span class="still">{money::no_cap(lang)}</span> }.into_any(),
    };
    let name = format!("{}-{}", cap.kind.name(), cap.object);
    let submit = move |event: web_sys::SubmitEvent| {
        let typed = Sent::take(&event).field("limit");
        let id = change.page.with_untracked(|desk| desk.line.campaign);
        match limit_of(&typed) {
            Ok(limit) => change.run(PLACE, api::set_cap(id, cap.kind, cap.object, limit)),
            Err(()) => change.refuse(PLACE, AppError::Conflict(say_campaign::money_wrong(lang).to_owned())),
        }
    };
    let label = format!("{} {what}", money::cap_limit(lang));
    view! {
        <tr data-test=format!("cap-{name}")>
            <td class="head">{what}</td>
            <td class="figure" data-label=money::used(lang)>{used}</td>
            <td data-label=money::head_room(lang)>{left}</td>
            <td class="edit" data-label=money::cap_limit(lang)>
                <form on:submit=submit>
                    <input name="limit" type="text" inputmode="decimal" autocomplete="off" aria-label=label value=limit
                        placeholder=money::no_cap(lang) readonly=!may/>
                    {may.then(|| view! {
                        <button type="submit" class="button small" disabled=change.is_busy()>{say::save(lang)}</button>
                    })}
                </form>
            </td>
        </tr>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_text_takes_the_cap_away_and_nonsense_changes_nothing() {
        let fen = |n| Fen::new(n).expect("the test's amounts are money");
        assert_eq!(limit_of("  "), Ok(None));
        assert_eq!(limit_of("12.5"), Ok(Some(fen(1_250))));
        assert_eq!(limit_of("0"), Ok(Some(Fen::ZERO)));
        assert_eq!(limit_of("twelve"), Err(()));
    }
}
