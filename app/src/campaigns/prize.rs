//! The prize rule editor: how amounts are drawn, the fields of that way, and what to expect of them.
//! Refuses to lose what was typed: the fields of every way stay on the page while another is looked at.

use crate::browser::Sent;
use crate::context::lang;
use crate::ui::field::{Choice, Errors, Field, Kind as Input};
use crate::ui::note::{Tone, note};
use crate::ui::number::{grouped, yuan};
use crate::ui::page::moving;
use leptos::prelude::*;
use rules::Fen;
use rules::payout::Rail;
use rules::prize::distribution::Bar;
use rules::prize::form::{Kind, PrizeForm, TierForm};
use rules::prize::{PrizeRule, SceneId, TIERS_MAX};
use rules::say::{Lang, prize as say, setup};

/// So many rows stand there for a first look at tiers.
const ROWS: usize = 3;

/// What the editor's fields hold.
pub fn read(sent: &Sent) -> PrizeForm {
    let tier = |at| TierForm {
        amount: sent.field(&TierForm::amount_field(at)),
        weight: sent.field(&TierForm::weight_field(at)),
    };
    let mut tiers: Vec<_> = (0..TIERS_MAX).map(tier).collect();
    while tiers.last().is_some_and(|tier| *tier == TierForm::default()) {
        tiers.pop();
    }
    PrizeForm {
        kind: sent.field("prize_kind"),
        amount: sent.field("prize_amount"),
        min: sent.field("prize_min"),
        max: sent.field("prize_max"),
        total: sent.field("prize_total"),
        packets: sent.field("prize_packets"),
        tiers,
        scene_id: sent.field("scene_id"),
    }
}

/// The editor inside a campaign's form.
#[component]
pub fn Editor(
    /// What its fields hold at first.
    form: PrizeForm,
    /// The free budget; `None` before there is one.
    available: Option<Memo<Fen>>,
    /// True for a rule beside the campaign's own: it has no total, and its scene is the campaign's.
    #[prop(optional, into)]
    apart: bool,
    /// The form's errors.
    errors: Errors,
) -> impl IntoView {
    let lang = lang();
    let typed = RwSignal::new(form.clone());
    let kind = Memo::new(move |_| typed.with(PrizeForm::kind).unwrap_or(Kind::Range));
    let unless = move |shown: &'static [Kind]| move || !shown.contains(&kind.get());
    let ways = if apart { &[Kind::Fixed, Kind::Range, Kind::Tiers] } else { Kind::ALL };
    let scenes = SceneId::ALL.iter().map(|scene| {
        let word = format!("{} {}", scene.name(), say::scene_name(*scene, lang));
        (scene.name().to_owned(), word)
    });
    let scenes = std::iter::once((String::new(), say::scene_none(lang).to_owned())).chain(scenes).collect();
    let PrizeForm { amount, min, max, total, packets, tiers, scene_id, .. } = form;
    let split = &[Kind::Bounded, Kind::Pool];
    let ends = &[Kind::Range, Kind::Bounded, Kind::Pool];
    view! {
        <div class="prize" data-test="prize" on:input=move |event| typed.set(read(&Sent::so_far(&event)))>
            {kinds(ways, kind, errors, lang)}
            <div class="prize-parts">
                <div>
                    <div class="fields two" class:gone=unless(&[Kind::Fixed])>
                        <Field name="prize_amount" kind=Input::Money label=say::amount(lang) value=amount errors/>
                    </div>
                    <div class="fields two" class:gone=unless(split)>
                        <Field name="prize_total" kind=Input::Money label=say::total(lang) help=say::total_help(lang) value=total errors/>
                        <Field name="prize_packets" label=say::packets(lang) value=packets errors/>
                    </div>
                    <div class="fields two" class:gone=unless(ends)>
                        <Field name="prize_min" kind=Input::Money label=setup::prize_min(lang) value=min errors/>
                        <Field name="prize_max" kind=Input::Money label=setup::prize_max(lang) value=max errors/>
                    </div>
                    <div class:gone=unless(&[Kind::Tiers])>
                        <Tiers tiers errors/>
                    </div>
                    {if apart {
                        view! { <input type="hidden" name="scene_id" value=scene_id/> }.into_any()
                    } else {
                        view! {
                            <Choice name="scene_id" label=say::scene(lang) help=say::scene_help(lang) options=scenes value=scene_id errors/>
                        }
                        .into_any()
                    }}
                </div>
                {expectation(typed, available, lang)}
            </div>
        </div>
    }
}

/// These ways to draw, each with what it means.
fn kinds(ways: &[Kind], kind: Memo<Kind>, errors: Errors, lang: Lang) -> AnyView {
    let first = kind.get_untracked();
    let cards = ways.iter().map(|one| {
        view! {
            <label class="kind">
                <input type="radio" name="prize_kind" value=one.name() checked=*one == first/>
                <b>{say::kind(*one, lang)}</b>
                <small>{say::kind_meaning(*one, lang)}</small>
            </label>
        }
    });
    let error = move || {
        errors.with(|errors| errors.iter().find(|error| error.field == "prize_kind").map(|error| error.why.clone()))
    };
    view! {
        <fieldset class="kinds" id="f-prize_kind" tabindex="-1">
            <legend class="hidden">{say::kind_label(lang)}</legend>
            {cards.collect_view()}
        </fieldset>
        <p class="error" id="e-prize_kind">{error}</p>
    }
    .into_any()
}

/// Rows of amounts and weights; more can be added, an empty one does not count.
#[component]
fn Tiers(tiers: Vec<TierForm>, errors: Errors) -> impl IntoView {
    let lang = lang();
    let rows = RwSignal::new(tiers.len().max(ROWS));
    let row = move |at: usize| {
        let TierForm { amount, weight } = tiers.get(at).cloned().unwrap_or_default();
        view! {
            <div class="fields two tier">
                <Field name=TierForm::amount_field(at) kind=Input::Money label=say::tier_amount(at + 1, lang) value=amount errors/>
                <Field name=TierForm::weight_field(at) label=say::tier_weight_of(at + 1, lang) value=weight errors/>
            </div>
        }
    };
    let add = move |_| rows.update(|rows| *rows = (*rows + 1).min(TIERS_MAX));
    view! {
        <For each=move || 0..rows.get() key=|at| *at children=row/>
        <p class="tiers-end">
            <button type="button" class="button small" data-test="add-tier" on:click=add disabled=move || rows.get() == TIERS_MAX>
                {say::add_tier(lang)}
            </button>
            <span class="help">{say::weight_help(lang)}</span>
        </p>
    }
}

/// What the rule as typed so far would give, or what is still wrong with it.
fn expectation(typed: RwSignal<PrizeForm>, available: Option<Memo<Fen>>, lang: Lang) -> AnyView {
    let shown = moving(move || match typed.with(|form| form.check(Rail::Redpack, lang)) {
        Ok((rule, _)) => expected(&rule, available.map(|available| available.get()), lang),
        Err(errors) => {
            let why = errors.into_iter().next().map(|error| error.why).unwrap_or_default();
            view! { <p class="help">{say::expected_help(lang)}</p><p class="help" data-test="prize-wrong">{why}</p> }
                .into_any()
        }
    });
    view! {
        <section class="expected" data-test="expected">
            <h4>{say::expected(lang)}</h4>
            {shown}
        </section>
    }
    .into_any()
}

fn expected(rule: &PrizeRule, available: Option<Fen>, lang: Lang) -> AnyView {
    let fact = |word: &'static str, hook: &'static str, value: String| {
        view! { <div><dt>{word}</dt><dd data-test=hook>{value}</dd></div> }.into_any()
    };
    let count = |packets: i64| say::so_many(&grouped(packets), lang);
    let average = fact(say::average(lang), "prize-average", format!("¥{}", yuan(rule.expected_fen())));
    let packets = rule.packets().map(|packets| fact(say::all_packets(lang), "prize-packets", count(packets.into())));
    let covers = |free| fact(say::budget_covers(lang), "prize-covers", count(rule.covered_by(free)));
    let short = rule.split().filter(|split| available.is_some_and(|free| free < split.total));
    let short = short.map(|split| note(Tone::Warn, say::budget_short(split.total, lang)));
    view! {
        {bars(&rule.distribution(), lang)}
        <dl class="pots">{average}{packets}{available.map(covers)}</dl>
        {short}
    }
    .into_any()
}

/// One line an amount: how much, a bar, and its share.
pub fn bars(bars: &[Bar], lang: Lang) -> AnyView {
    let longest = bars.iter().map(|bar| bar.per_mille).max().unwrap_or(1).max(1);
    let line = |bar: &Bar| {
        let amounts =
            if bar.from == bar.to { yuan(bar.from) } else { format!("{} – {}", yuan(bar.from), yuan(bar.to)) };
        let share = match bar.per_mille {
            0 => "< 0.1%".to_owned(),
            share => format!("{}.{}%", share / 10, share % 10),
        };
        let style = format!("width:{}%", bar.per_mille * 100 / longest);
        view! {
            <li>
                <span class="bar-amount">{amounts}</span>
                <span class="bar-track" aria-hidden="true"><i style=style></i></span>
                <span class="bar-share">{share}</span>
            </li>
        }
        .into_any()
    };
    view! { <ol class="bars" aria-label=say::bars(lang)>{bars.iter().map(line).collect::<Vec<_>>()}</ol> }.into_any()
}
