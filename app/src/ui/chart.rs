//! A line chart: a few series over the same minutes, told apart by dash and by a label at each line's end.
//! Refuses to be the only way to the numbers: the keyboard reads it minute by minute, and a table holds the same.

use crate::ui::page::{moving, text};
use leptos::prelude::*;
use rules::live::{Figures, Point};
use rules::say::{Lang, dashboard as say};
use rules::time::UnixMs;
use wasm_bindgen::JsCast;

/// The plot's height in px; `.plot` of style/dashboard.css says the same.
const HEIGHT: i64 = 220;
/// The least distance between two labels in px.
const LABEL: i64 = 18;
/// The plot's width in the drawing's own units.
const WIDTH: i64 = 1000;

/// One line of the chart.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Its word.
    pub word: &'static str,
    /// Its number in each point.
    pub of: fn(&Figures) -> i64,
}

/// The four lines of a chart.
pub type Lines = [Line; 4];

/// The top of the scale for a largest value, and the step between its four lines: 1, 2 or 5 times a power of ten.
fn scale(most: i64) -> (i64, i64) {
    let least_step = most.max(4).saturating_add(3) / 4;
    let mut power = 1;
    let step = loop {
        if let Some(step) = [power, 2 * power, 5 * power].into_iter().find(|step| *step >= least_step) {
            break step;
        }
        power *= 10;
    };
    (step * 4, step)
}

/// Moves labels apart so that none covers another, keeping their order; heights in px from the top.
fn apart(mut wanted: Vec<(usize, i64)>) -> Vec<(usize, i64)> {
    wanted.sort_by_key(|(line, y)| (*y, *line));
    let mut floor = HEIGHT;
    for (_, y) in wanted.iter_mut().rev() {
        *y = (*y).min(floor);
        floor = *y - LABEL;
    }
    wanted.sort_by_key(|(line, _)| *line);
    wanted
}

fn height(value: i64, top: i64) -> i64 {
    HEIGHT - value.clamp(0, top) * HEIGHT / top
}

fn clock(at: UnixMs) -> String {
    let time = at.beijing();
    format!("{:02}:{:02}", time.hour, time.minute)
}

fn path(points: &[Point], line: Line, top: i64) -> String {
    let steps = i64::try_from(points.len().saturating_sub(1)).unwrap_or(0).max(1);
    let mut path = String::new();
    for (x, point) in (0_i64..).zip(points) {
        let start = if x == 0 { 'M' } else { 'L' };
        path.push_str(&format!("{start}{} {}", x * WIDTH / steps, height((line.of)(&point.figures), top)));
    }
    path
}

/// The scale that holds every line of every point.
fn scale_of(points: &[Point], lines: Lines) -> (i64, i64) {
    let most = points.iter().flat_map(|point| lines.iter().map(|line| (line.of)(&point.figures))).max();
    scale(most.unwrap_or(0))
}

/// The chart of `points`, oldest first.
#[component]
pub fn LineChart(
    /// What the chart shows, for those who cannot see it.
    caption: &'static str,
    /// The points, oldest first.
    points: Signal<Vec<Point>>,
    /// Its lines.
    lines: Lines,
    /// The reader's language.
    lang: Lang,
) -> impl IntoView {
    let read = RwSignal::new(None::<usize>);
    let drawn: Vec<_> = lines
        .into_iter()
        .zip(1..)
        .map(|(line, number)| {
            let d = text(move || points.with(|points| path(points, line, scale_of(points, lines).0)));
            view! { <path class=format!("line series-{number}") d=d></path> }.into_any()
        })
        .collect();
    view! {
        <figure class="chart">
            <div class="chart-body">
                {grid(points, lines)}
                <div
                    class="plot"
                    role="img"
                    tabindex="0"
                    aria-label=format!("{caption}. {}", say::chart_help(lang))
                    on:pointermove=move |event| read.set(nearest(&event, points.with_untracked(Vec::len)))
                    on:pointerleave=move |_| read.set(None)
                    on:blur=move |_| read.set(None)
                    on:keydown=move |event| {
                        let last = points.with_untracked(Vec::len).saturating_sub(1);
                        let now = read.get_untracked();
                        let next = match event.key().as_str() {
                            "ArrowLeft" => now.unwrap_or(last + 1).saturating_sub(1),
                            "ArrowRight" => now.map_or(0, |at| (at + 1).min(last)),
                            "Home" => 0,
                            "End" => last,
                            _ => return,
                        };
                        event.prevent_default();
                        read.set(Some(next));
                    }
                >
                    <svg viewBox=format!("0 0 {WIDTH} {HEIGHT}") preserveAspectRatio="none" aria-hidden="true">
                        {drawn}
                    </svg>
                    {readout(points, lines, read)}
                </div>
                {labels(points, lines)}
            </div>
            {numbers(caption, points, lines, lang)}
        </figure>
    }
}

fn nearest(event: &web_sys::PointerEvent, points: usize) -> Option<usize> {
    let plot = event.current_target()?.dyn_into::<web_sys::Element>().ok()?;
    let place = plot.get_bounding_client_rect();
    let last = i32::try_from(points.checked_sub(1)?).ok()?;
    let share = (f64::from(event.client_x()) - place.left()) / place.width().max(1.0);
    #[expect(clippy::cast_possible_truncation, reason = "the share lies between 0 and 1, the points are some sixty")]
    let nearest = (share.clamp(0.0, 1.0) * f64::from(last)).round() as i32;
    usize::try_from(nearest).ok()
}

/// The scale at the left and the clock below.
fn grid(points: Signal<Vec<Point>>, lines: Lines) -> AnyView {
    let rungs = moving(move || {
        let (top, step) = points.with(|points| scale_of(points, lines));
        let rung = |number: i64| {
            let style = format!("top:{}px", height(number * step, top));
            view! { <div class="rung" style=style><span>{(number * step).to_string()}</span></div> }.into_any()
        };
        (0..=4).map(rung).collect::<Vec<_>>().into_any()
    });
    let clocks = moving(move || {
        let points = points.get();
        let last = points.len().saturating_sub(1).max(1);
        let clocks = (0..=4).map(|quarter| last * quarter / 4).filter_map(|at| {
            let style = format!("left:{}%", at * 100 / last);
            points.get(at).map(|point| view! { <span style=style>{clock(point.at)}</span> }.into_any())
        });
        clocks.collect::<Vec<_>>().into_any()
    });
    view! {
        <div class="rungs" aria-hidden="true">{rungs}</div>
        <div class="clocks" aria-hidden="true">{clocks}</div>
    }
    .into_any()
}

/// Each line's word and last number at its end.
fn labels(points: Signal<Vec<Point>>, lines: Lines) -> AnyView {
    let labels = moving(move || {
        let (last, top) = points
            .with(|points| (points.last().map(|point| point.figures).unwrap_or_default(), scale_of(points, lines).0));
        let wanted = lines.iter().enumerate().map(|(at, line)| (at, height((line.of)(&last), top))).collect();
        let placed = apart(wanted).into_iter().zip(lines).map(|((at, y), line)| {
            view! {
                <div class=format!("label series-{}", at + 1) style=format!("top:{y}px")>
                    <svg viewBox="0 0 20 4" aria-hidden="true"><path class="line" d="M0 2H20"></path></svg>
                    <span>{line.word}</span>
                    <b>{(line.of)(&last).to_string()}</b>
                </div>
            }
            .into_any()
        });
        placed.collect::<Vec<_>>().into_any()
    });
    view! { <div class="labels" aria-hidden="true">{labels}</div> }.into_any()
}

/// What stands under the pointer or the keyboard's mark.
fn readout(points: Signal<Vec<Point>>, lines: Lines, read: RwSignal<Option<usize>>) -> AnyView {
    moving(move || {
        let points = points.get();
        let Some((at, point)) = read.get().and_then(|at| points.get(at).map(|point| (at, *point))) else {
            return ().into_any();
        };
        let share = at * 100 / points.len().saturating_sub(1).max(1);
        let side = if share > 50 { "readout left" } else { "readout" };
        let rows = lines.into_iter().map(|line| {
            view! { <li><span>{line.word}</span><b>{(line.of)(&point.figures).to_string()}</b></li> }.into_any()
        });
        view! {
            <div class="cursor" style=format!("left:{share}%")>
                <div class=side role="status">
                    <p>{clock(point.at)}</p>
                    <ul>{rows.collect::<Vec<_>>()}</ul>
                </div>
            </div>
        }
        .into_any()
    })
}

/// The same numbers as a table, newest first, made only while it is open.
fn numbers(caption: &'static str, points: Signal<Vec<Point>>, lines: Lines, lang: Lang) -> AnyView {
    let open = RwSignal::new(false);
    let heads = lines.into_iter().map(|line| view! { <th scope="col" class="figure">{line.word}</th> }.into_any());
    let heads: Vec<_> = heads.collect();
    let rows = moving(move || {
        if !open.get() {
            return ().into_any();
        }
        let row = |point: Point| {
            let cell =
                |line: Line| view! { <td class="figure">{(line.of)(&point.figures).to_string()}</td> }.into_any();
            let cells: Vec<_> = lines.into_iter().map(cell).collect();
            view! { <tr><th scope="row">{clock(point.at)}</th>{cells}</tr> }.into_any()
        };
        points.get().into_iter().rev().map(row).collect::<Vec<_>>().into_any()
    });
    view! {
        <details class="numbers" on:toggle=move |_| open.update(|open| *open = !*open)>
            <summary>{say::as_table(lang)}</summary>
            <div class="table-frame short" tabindex="0" role="region" aria-label=caption>
                <table>
                    <thead><tr><th scope="col">{say::time(lang)}</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_has_whole_steps_and_holds_the_largest_value() {
        for (most, top) in [(0, 4), (4, 4), (5, 8), (8, 8), (9, 20), (100, 200), (81, 200), (80, 80), (12_345, 20_000)]
        {
            assert_eq!(scale(most).0, top, "{most}");
        }
    }

    #[test]
    fn labels_never_cover_one_another_and_stay_inside() {
        let placed = apart(vec![(0, HEIGHT), (1, HEIGHT), (2, HEIGHT), (3, 10)]);
        let mut heights: Vec<_> = placed.iter().map(|(_, y)| *y).collect();
        heights.sort_unstable();
        assert!(heights.windows(2).all(|pair| pair[1] - pair[0] >= LABEL), "{heights:?}");
        assert!(heights.iter().all(|y| (0..=HEIGHT).contains(y)), "{heights:?}");
    }
}
