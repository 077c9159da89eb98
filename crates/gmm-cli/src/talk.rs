//! What is told on standard error: tables for people, and progress while they wait.
//!
//! Nothing here fails. A terminal that went away is no reason to lose a fit.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::args::shown;

/// Writes a line.
pub fn say(text: &str) {
    // `eprintln!` panics when nobody listens.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes what was decided or passed over while data were read.
pub fn notes(notes: &[String]) {
    notes.iter().for_each(|note| say(&format!("  {note}")));
}

/// Rows of cells under one another: the first column to the left, the others to the right, and to the left
/// again what stands beside the columns that the first row names.
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

/// Rows of a name and what there is to say about it.
pub fn facts(rows: &[(&str, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    rows.iter().map(|(name, fact)| format!("  {name:<width$}  {fact}\n")).collect()
}

/// Shown while data are read to the end.
pub fn reading(path: &Path, quiet: bool) -> ProgressBar {
    bar(quiet, None, "{spinner} {msg}").with_message(format!("reading {}", shown(path)))
}

/// Shown while a restart iterates, at most `max_iter` times.
pub fn iterations(max_iter: usize, quiet: bool) -> ProgressBar {
    bar(quiet, Some(max_iter), "{spinner} {wide_bar} iteration {pos} of at most {len}{msg}")
}

/// Shown while mixtures of several kinds are fitted.
pub fn candidates(count: usize, quiet: bool) -> ProgressBar {
    bar(quiet, Some(count), "{spinner} {wide_bar} candidate {pos} of {len}{msg}")
}

/// Shown while rows are scored.
pub fn rows(n_rows: Option<usize>, quiet: bool) -> ProgressBar {
    // The lines of a result that goes to the same terminal are progress enough.
    let quiet = quiet || io::stdout().is_terminal();
    match n_rows {
        Some(_) => bar(quiet, n_rows, "{spinner} {wide_bar} {human_pos} of {human_len} rows, {eta} to go"),
        None => bar(quiet, n_rows, "{spinner} {human_pos} rows"),
    }
}

/// Drawn on a terminal and nowhere else, and cleared when it is dropped.
fn bar(quiet: bool, len: Option<usize>, template: &str) -> ProgressBar {
    if quiet {
        return ProgressBar::hidden();
    }
    let bar = match len {
        Some(len) => ProgressBar::new(len as u64),
        None => ProgressBar::new_spinner(),
    };
    bar.set_style(ProgressStyle::with_template(template).expect("templates are constants that parse"));
    // Ticking takes a thread.
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_one_another() {
        let row = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            table(&[row(&["µ", "sd"]), row(&["long", "1.25", "x"])]),
            "  µ       sd\n  long  1.25  x\n"
        );
        assert_eq!(facts(&[("n", "3".into()), ("weight", "1".into())]), "  n       3\n  weight  1\n");
    }
}
