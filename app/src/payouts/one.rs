//! One payout with all that is known of it, and what staff may do about it.
//! Refuses a step that its state would refuse, and any step without saying what it does to whose money.

use super::api::{self, PayoutDesk};
use super::{state_chip, table};
use crate::change::Change;
use crate::context::lang;
use crate::money::said;
use crate::ui::dialog::Confirm;
use crate::ui::note::{Outcome, Tone, chip, note};
use crate::ui::number::yuan;
use crate::ui::page::moving;
use crate::ui::table::CopyButton;
use leptos::prelude::*;
use rules::operator::Role;
use rules::payout::PAID_SINCE_BACKUP;
use rules::payout_list::{Facts, Step};
use rules::say::{Lang, dashboard as say, money, payout, rehearsal};
use rules::time::UnixMs;

const PLACE: &str = "payout";

/// The payout.
#[component]
pub fn Desk(desk: PayoutDesk) -> impl IntoView {
    let lang = lang();
    let number = desk.facts.row.mch_billno.to_string();
    let change = Change::of(desk);
    let title = moving(move || {
        let PayoutDesk { facts, now, .. } = change.page.get();
        let mark = facts.row.rehearsal.then(|| chip(Tone::Warn, rehearsal::mark(lang)));
        let late = facts.row.is_overdue(now).then(|| chip(Tone::Bad, payout::overdue(lang)));
        view! {
            <h1 data-test="payout-amount">"¥" {yuan(facts.row.amount)}</h1>
            <span data-test="payout-state">{state_chip(facts.row.state, facts.row.held, lang)}</span>
            {mark}
            {late}
        }
        .into_any()
    });
    let shown = moving(move || {
        let desk = change.page.get();
        let others = (!desk.facts.others.is_empty()).then(|| {
            view! {
                <section class="card" data-test="others">
                    <h2>{payout::others(lang)}</h2>
                    {table(desk.facts.others.clone(), desk.now, lang)}
                </section>
            }
        });
        view! {
            <section class="card">
                <h2>{payout::facts(lang)}</h2>
                {facts(&desk.facts, desk.now, lang)}
            </section>
            <section class="card">
                <h2>{payout::entries(lang)}</h2>
                {crate::budgets::statement::table(desk.facts.entries, lang)}
            </section>
            {others}
        }
        .into_any()
    });
    view! {
        <div class="title-row">
            {title}
            <span class="grow"></span>
            <a class="button" href="/admin/payouts">{payout::back(lang)}</a>
            {steps(change, lang)}
        </div>
        <p class="copyable"><code>{number.clone()}</code><CopyButton text=number/></p>
        <Outcome failed=change.sentence(PLACE, lang) done=change.is_done(PLACE) word=payout::done(lang)/>
        {shown}
    }
}

/// The buttons for what may be done now.
fn steps(change: Change<PayoutDesk>, lang: Lang) -> AnyView {
    moving(move || {
        let PayoutDesk { role, facts, .. } = change.page.get();
        if !role.covers(Role::Finance) {
            return view! { <span class="help">{payout::looks_only(lang)}</span> }.into_any();
        }
        let (id, held, steps) = (facts.row.payout, facts.row.held, facts.steps());
        if steps.is_empty() {
            return view! { <span class="help">{payout::no_steps(lang)}</span> }.into_any();
        }
        let (bill, amount) = (facts.row.mch_billno.to_string(), yuan(facts.row.amount));
        let pays_again = facts.row.err_code == PAID_SINCE_BACKUP;
        let button = |step: Step| {
            let (test, class) = match step {
                Step::Retry => ("retry", "primary"),
                Step::Hold => ("hold", "button"),
                Step::Reissue => ("reissue", "primary"),
                Step::Cancel => ("cancel", "button"),
                Step::GiveUp => ("give-up", "primary"),
            };
            let effect = match step {
                Step::Retry if held && pays_again => payout::release_pays_again(&amount, lang),
                _ => payout::step_effect(step, held, &amount, lang),
            };
            let class = if pays_again && step == Step::Retry { "button" } else { class };
            view! {
                <Confirm
                    word=payout::step(step, held, lang)
                    title=payout::step_title(step, held, &bill, lang)
                    effect
                    class
                    test
                    disabled=change.is_busy()
                    agreed=move |()| change.run(PLACE, api::act_on_payout(id, step))
                />
            }
            .into_any()
        };
        steps.into_iter().map(button).collect::<Vec<_>>().into_any()
    })
}

/// Every fact beside its word.
fn facts(facts: &Facts, now: UnixMs, lang: Lang) -> AnyView {
    let fact = |word: &'static str, value: AnyView| view! { <div><dt>{word}</dt><dd>{value}</dd></div> }.into_any();
    let row = &facts.row;
    let time = |at: Option<UnixMs>| match at {
        Some(at) => {
            let passed = (at <= now).then(|| view! { " " <small>{ago(at, now, lang)}</small> });
            view! { <span class="nowrap">{at.beijing().to_string()}{passed}</span> }.into_any()
        }
        None => view! { <span class="still">{payout::not_yet(lang)}</span> }.into_any(),
    };
    let some = |word, at: Option<UnixMs>| at.map(|at| fact(word, time(Some(at))));
    let held = row.held.then(|| note(Tone::Warn, payout::not_sent_until_released(lang).to_owned()));
    let campaign = format!("/admin/campaigns/{}", row.campaign);
    let words = (!facts.err_code_des.is_empty() && facts.err_code_des != row.err_code)
        .then(|| view! { <small class="block">{facts.err_code_des.clone()}</small> });
    let answer = view! { <span>{said(&row.err_code, lang)}{words}</span> }.into_any();
    view! {
        {held}
        <dl class="facts">
            {fact(say::campaign(lang), view! { <a href=campaign>{row.campaign_name.clone()}</a> }.into_any())}
            {fact(payout::payee(lang), view! { <code>{facts.openid_masked.clone()}</code> }.into_any())}
            {fact(say::account(lang), facts.account_name.clone().into_any())}
            {fact(payout::rail(lang), money::rail(row.rail, lang).into_any())}
            {fact(payout::merchant(lang), view! { <code>{facts.mch_id.to_string()}</code> }.into_any())}
            {fact("AppID", view! { <code>{facts.appid.to_string()}</code> }.into_any())}
            {fact(payout::wechat_said(lang), answer)}
            {fact(payout::attempts(lang), payout::times(row.attempts, lang).into_any())}
            {fact(payout::asked(lang), payout::times(facts.asked, lang).into_any())}
            {fact(payout::granted_at(lang), time(Some(row.created_at)))}
            {fact(payout::called_at(lang), time(facts.called_at))}
            {fact(payout::accepted_at(lang), time(facts.accepted_at))}
            {some(payout::doubted_at(lang), facts.doubted_at)}
            {some(payout::expires_at(lang), facts.expires_at)}
            {some(payout::due_at(lang), facts.due_at.filter(|_| !row.state.is_final()))}
            {some(payout::deadline(lang), row.deadline.filter(|_| !row.held))}
            {some(payout::ended_at(lang), facts.ended_at)}
        </dl>
    }
    .into_any()
}

/// How long ago, with its word.
fn ago(at: UnixMs, now: UnixMs, lang: Lang) -> String {
    let ago = payout::ago(at, now, lang);
    match lang {
        Lang::Zh => format!("{ago}前"),
        Lang::En => format!("{ago} ago"),
    }
}
