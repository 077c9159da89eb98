//! Messages on standard error: tables for people, and progress bars.
//!
//! Nothing here fails: a terminal that was closed must not end a fit.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::shown;

/// Prints a line.
pub fn print(text: &str) {
    // `eprintln!` panics when standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints the notes of a reader: decisions made and lines skipped.
pub fn notes(notes: &[String]) {
    notes.iter().for_each(|note| print(&format!("  {note}")));
}

/// Aligned rows of cells: the first column to the left, the others to the right. Cells beyond the columns of the
/// first row are remarks, aligned to the left.
pub fn table(rows: &[Vec<String>]) -> String {
    let n_named = rows.first().map_or(0, Vec::len);
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 => line += &format!("  {cell:<width$}"),
                _ if column >= n_named => line += &format!("  {cell}"),
                _ => line += &format!("  {cell:>width$}"),
            }
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// Aligned rows of a name and its value.
pub fn facts(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, fact)| format!("  {name:<width$}  {fact}\n")).collect()
}

/// The progress bar while data are read whole.
pub fn reading(path: &Path, quiet: bool) -> ProgressBar {
    bar(quiet, None, "{spinner} {msg}").with_message(format!("reading {}", shown(path)))
}

/// The progress bar of a restart of at most `max_iter` iterations.
pub fn iterations(max_iter: usize, quiet: bool) -> ProgressBar {
    bar(quiet, Some(max_iter), "{spinner} {wide_bar} iteration {pos} of at most {len}{msg}")
}

/// The progress bar of a sweep.
pub fn candidates(count: usize, quiet: bool) -> ProgressBar {
    bar(quiet, Some(count), "{spinner} {wide_bar} candidate {pos} of {len}{msg}")
}

/// The progress bar of scoring.
pub fn rows(n_rows: Option<usize>, quiet: bool) -> ProgressBar {
    // Lines of results on the same terminal already show the progress.
    let quiet = quiet || io::stdout().is_terminal();
    match n_rows {
        Some(_) => bar(quiet, n_rows, "{spinner} {wide_bar} {human_pos} of {human_len} rows, {eta} to go"),
        None => bar(quiet, n_rows, "{spinner} {human_pos} rows"),
    }
}

/// A bar that is drawn only on a terminal, and cleared when it is dropped.
fn bar(quiet: bool, len: Option<usize>, template: &str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = match len {
        Some(len) => ProgressBar::new(len as u64),
        None => ProgressBar::new_spinner(),
    };
    bar.set_style(ProgressStyle::with_template(template).expect("templates are constants that parse"));
    // A thread draws the ticks, so a hidden bar does without.
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_aligned() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            table(&[row(&["µ", "sd"]), row(&["long", "1.25", "x"])]),
            "  µ       sd\n  long  1.25  x\n"
        );
        assert_eq!(facts(&[("n", "3".into()), ("weight", "1".into())]), "  n       3\n  weight  1\n");
    }
}
