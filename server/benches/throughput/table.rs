//! The figures of all rounds and how they are printed.
//! Refuses an average: what is printed is the median, with the smallest and the largest beside it.

/// Figures by name, in the order in which they first came.
#[derive(Default)]
pub struct Table(Vec<(String, &'static str, Vec<f64>)>);

impl Table {
    /// Adds one round's figure.
    pub fn add(&mut self, name: String, unit: &'static str, figure: f64) {
        match self.0.iter_mut().find(|(known, _, _)| *known == name) {
            Some((_, _, figures)) => figures.push(figure),
            None => self.0.push((name, unit, vec![figure])),
        }
    }

    /// Prints one line a figure.
    pub fn print(&self) {
        println!("{:<62} {:>10}  {:<10} smallest – largest", "SQLite, synchronous=FULL, one process", "median", "unit");
        for (name, unit, figures) in &self.0 {
            let mut figures = figures.clone();
            figures.sort_unstable_by(f64::total_cmp);
            let (least, most) = (figures[0], figures[figures.len() - 1]);
            let median = figures[figures.len() / 2];
            println!("{name:<62} {:>10}  {unit:<10} {} – {}", short(median), short(least), short(most));
        }
    }
}

/// Three digits are enough for what a machine does.
fn short(figure: f64) -> String {
    match figure {
        f if f >= 100.0 => format!("{f:.0}"),
        f if f >= 10.0 => format!("{f:.1}"),
        f => format!("{f:.2}"),
    }
}
