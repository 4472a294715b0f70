//! The figures of all rounds and how they are printed.
//! Refuses an average: what is printed is the median, with the smallest and the largest beside it.

/// What one line shows.
enum Line {
    Title(String),
    Figures { name: String, unit: &'static str, figures: Vec<f64> },
    Remark(String),
}

/// Figures by name under titles, in the order in which they first came.
#[derive(Default)]
pub struct Table(Vec<Line>);

impl Table {
    /// Begins a part. Figures of one name in two parts are two lines.
    pub fn title(&mut self, text: &str) {
        println!("measuring: {text}");
        self.0.push(Line::Title(text.to_owned()));
    }

    /// Says something beside the figures: what was skipped and why, what to read with care.
    pub fn remark(&mut self, text: &str) {
        self.0.push(Line::Remark(text.to_owned()));
    }

    /// Adds one round's figure to its line in this part.
    pub fn add(&mut self, name: &str, unit: &'static str, figure: f64) {
        let part = self.0.iter().rposition(|line| matches!(line, Line::Title(_))).unwrap_or(0);
        for line in &mut self.0[part..] {
            if let Line::Figures { name: known, figures, .. } = line
                && known == name
            {
                figures.push(figure);
                return;
            }
        }
        self.0.push(Line::Figures { name: name.to_owned(), unit, figures: vec![figure] });
    }

    /// Prints one line a figure.
    pub fn print(&self) {
        for line in &self.0 {
            match line {
                Line::Title(text) => println!("\n{text:<74} {:>8}  {:<9} smallest – largest", "median", "unit"),
                Line::Remark(text) => println!("! {text}"),
                Line::Figures { name, unit, figures } => {
                    let mut figures = figures.clone();
                    figures.sort_unstable_by(f64::total_cmp);
                    let (least, most) = (figures[0], figures[figures.len() - 1]);
                    let median = short(median(&figures));
                    println!("{name:<74} {median:>8}  {unit:<9} {} – {}", short(least), short(most));
                }
            }
        }
    }
}

/// The one in the middle of sorted figures, or halfway between the two there.
fn median(sorted: &[f64]) -> f64 {
    let (low, high) = (sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
    f64::midpoint(low, high)
}

/// Three digits are enough for what a machine does.
fn short(figure: f64) -> String {
    match figure {
        f if f >= 100.0 => format!("{f:.0}"),
        f if f >= 10.0 => format!("{f:.1}"),
        f => format!("{f:.2}"),
    }
}
