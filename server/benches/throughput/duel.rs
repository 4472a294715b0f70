//! Sides measured in turns: there and back again in every round (A-B-L-B-A), each compared with the first side.
//! Refuses to compare figures of different rounds: a ratio pairs what ran side by side, and the median is theirs.

use crate::table::Table;

/// One window of a side: does the work and tells the claims a second.
type Window<'a> = Box<dyn FnMut() -> Result<f64, String> + 'a>;

/// A side of a comparison.
pub struct Side<'a> {
    name: String,
    /// What the first side is to reach against this one.
    aim: Option<&'static str>,
    window: Window<'a>,
    figures: Vec<f64>,
}

impl<'a> Side<'a> {
    /// The side that all others are compared with.
    pub fn ours(name: &str, window: impl FnMut() -> Result<f64, String> + 'a) -> Self {
        Self { name: name.to_owned(), aim: None, window: Box::new(window), figures: Vec::new() }
    }

    /// Another side, and the ratio to reach against it.
    pub fn other(name: &str, aim: &'static str, window: impl FnMut() -> Result<f64, String> + 'a) -> Self {
        Self { aim: Some(aim), ..Self::ours(name, window) }
    }

    /// The mean of the last `windows` windows.
    fn recently(&self, windows: usize) -> f64 {
        let last = &self.figures[self.figures.len() - windows..];
        last.iter().sum::<f64>() / last.len() as f64
    }
}

/// Runs one window a side that does not count, then the rounds, and enters figures and ratios. The first side is ours.
pub fn duel(mut sides: Vec<Side<'_>>, rounds: usize, table: &mut Table) -> Result<(), String> {
    for side in &mut sides {
        (side.window)()?;
    }
    let turns = there_and_back(sides.len());
    let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); sides.len()];
    for _ in 0..rounds {
        for at in &turns {
            let side = &mut sides[*at];
            side.figures.push((side.window)()?);
        }
        let recent: Vec<f64> =
            (0..sides.len()).map(|at| sides[at].recently(turns.iter().filter(|turn| **turn == at).count())).collect();
        for (ratios, figure) in ratios.iter_mut().zip(&recent) {
            ratios.push(recent[0] / figure);
        }
    }
    for side in &sides {
        for figure in &side.figures {
            table.add(&side.name, "claims/s", *figure);
        }
    }
    for (side, ratios) in sides.iter().zip(ratios).skip(1) {
        let name = format!("  ours : {} ({})", side.name, side.aim.unwrap_or("no aim"));
        for ratio in ratios {
            table.add(&name, "×", ratio);
        }
    }
    Ok(())
}

/// 0, 1, … n-1, … 1, 0: the last side has one turn, each other two.
fn there_and_back(n: usize) -> Vec<usize> {
    (0..n).chain((0..n - 1).rev()).collect()
}
