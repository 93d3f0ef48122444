//! Figures as people read them.
//!
//! **In** samples. **Out** lines of text, and the only place that prints. **Never** a rounding that hides a difference
//! of a percent.

use std::io::Write as _;

/// Least, median and most of all samples, each as `show` writes it.
pub(crate) fn spread(samples: &[f64], show: impl Fn(f64) -> String) -> String {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2);
    let shown =
        [sorted.first(), middle, sorted.last()].map(|sample| sample.map_or("–".to_owned(), |s| show(*s)));
    shown.join(" / ")
}

/// Three or four digits, whatever the size.
pub(crate) fn digits(figure: f64) -> String {
    let decimals = if figure < 10.0 { 2 } else { usize::from(figure < 100.0) };
    format!("{figure:.decimals$}")
}

/// A duration given in nanoseconds.
pub(crate) fn nanoseconds(figure: f64) -> String {
    match figure {
        ns if ns < 1e3 => format!("{} ns", digits(ns)),
        ns if ns < 1e6 => format!("{} µs", digits(ns / 1e3)),
        ns => format!("{} ms", digits(ns / 1e6)),
    }
}

/// A heading and rows with their columns aligned; the first row is the columns' names.
pub(crate) fn table(heading: &str, rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = format!("{heading}\n");
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str("  ");
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}

/// Prints; where nobody reads, there is nothing to be done.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_sorted_and_short() {
        assert_eq!(spread(&[3.0, 100.4, 12.34], digits), "3.00 / 12.3 / 100");
        assert_eq!(spread(&[], digits), "– / – / –");
        assert_eq!([999.0, 1500.0, 2e6].map(nanoseconds), ["999 ns", "1.50 µs", "2.00 ms"]);
        let rows = [vec!["a".into(), "b".into()], vec!["longer".into(), "c".into()]];
        assert_eq!(table("heading", &rows), "heading\n  a        b\n  longer   c\n");
    }
}
