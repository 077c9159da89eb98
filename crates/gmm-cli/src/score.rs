//! `gmm score`: scores data with a model, block by block, as CSV on standard output.
//!
//! Only one block of rows is in memory, so a file may be larger than the machine's memory. The scores of a row do not
//! depend on its block.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use gmm_core::{Mixture, Samples, Scores, Threads};
use gmm_io::{Model, Source};

use crate::args::{Input, check_features, counted, model_path, shown, threads};
use crate::exit::Failure;
use crate::number::{Exact, rounded};
use crate::{messages, output};

/// Largest number of rows in a block.
const MAX_BLOCK_ROWS: usize = 8192;

/// Largest number of values in a block, read and written together: 4 MiB.
const MAX_BLOCK_VALUES: usize = (4 << 20) / size_of::<f64>();

const AFTER_HELP: &str = "\
Examples:
  gmm score model.safetensors new.csv > energies.csv
  gmm score model.safetensors new.npy --labels --responsibilities > scores.csv
  gmm score model.safetensors people.tsv --columns age,5-7 --no-header
  gmm score model.safetensors new.csv.gz | sort -g | tail

Prints one line for each row of DATA, in the same order. The energy is the negative log-density \
of the row in nats: the larger the energy, the more unusual the row. Components are numbered from 0. Numbers \
read back to the same bits.

A model fitted to a table with column names keeps them, and gmm score finds its columns by name: their order \
does not matter, and other columns are ignored.

Memory does not grow with the number of rows. If a row is refused, the lines before it are already printed; \
the message and the exit code report this.";

/// Score data with a model: energies, and more on request, as CSV on standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A model that gmm fit wrote
    #[arg(value_name = "MODEL", value_parser = model_path())]
    model: PathBuf,

    /// Samples to score, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Add the most likely component: label
    #[arg(long)]
    labels: bool,

    /// Add the probability of each component: responsibility_0, ...
    #[arg(long)]
    responsibilities: bool,

    /// Add the logarithms of the responsibilities: log_responsibility_0, ...
    #[arg(long)]
    log_responsibilities: bool,

    /// Add the squared distance to each component: squared_mahalanobis_0, ...
    #[arg(long)]
    mahalanobis: bool,

    /// Leave out the line of column names
    #[arg(long)]
    no_header: bool,

    /// Number of threads; 0 means as many as the machine runs at once
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = threads())]
    threads: usize,

    /// Print only errors
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    input: Input,
}

/// Reads, scores and writes all data, and reports the mean energy.
pub fn run(args: &Args) -> Result<(), Failure> {
    let model = model(&args.model, &args.data, "gmm score")?;
    let mixture = model.mixture;
    let mut output = BufWriter::with_capacity(1 << 16, output::stdout()?);
    let options = args.input.options_of(model.feature_names.as_deref());
    let mut source = gmm_io::open(&args.data, &options)?;
    let (model, data) = ((&*args.model, mixture.n_features()), (&*args.data, source.n_features()));
    check_features(model, data, &options).map_err(Failure::Input)?;

    let (n_rows, energy_sum) = stream(args, &mixture, &mut *source, &mut output)?;
    if !args.quiet {
        let mean = rounded(energy_sum / n_rows as f64);
        messages::print(&format!("{} scored, mean energy {mean} nats", counted(n_rows, "row")));
        messages::notes(&source.notes());
    }
    Ok(())
}

/// Loads the model at `path`. If it is not a model, the error checks whether it was swapped with `data`.
fn model(path: &Path, data: &Path, command: &str) -> Result<Model, Failure> {
    Model::load(path).map_err(|error| match (&error, gmm_io::described(path)) {
        (gmm_io::Error::BadModel { .. }, Some(what)) if gmm_io::read_metadata(data).is_ok() => {
            let (path, data) = (path.display(), data.display());
            Failure::Input(format!(
                "{path} is {what}, and {data} a model; did you swap them? write {command} {data} {path}"
            ))
        }
        _ => error.into(),
    })
}

/// Scores every row of `source` into `output`. Returns the number of rows and the sum of their energies.
fn stream(
    args: &Args,
    mixture: &Mixture,
    source: &mut dyn Source,
    output: &mut impl Write,
) -> Result<(usize, f64), Failure> {
    let d = source.n_features();
    let mut block = Block::new(args, mixture.n_components());
    let block_rows = block_rows(d + block.names.len());
    let threads = Threads::new(args.threads);
    let progress = messages::rows(source.n_rows(), args.quiet);
    let (mut done, mut energy_sum, mut rows) = (0, 0.0, Vec::new());
    loop {
        let n_rows = match source.read_block(block_rows, &mut rows) {
            Ok(0) => break,
            Ok(n_rows) => n_rows,
            Err(error) if done == 0 => return Err(error.into()),
            Err(error) => {
                // The refusal is reported, whether or not the rows before it can still be written.
                let _ = output.flush();
                let cut = format!("{error}; the output is incomplete and ends after row {done}");
                return Err(Failure::Input(cut));
            }
        };
        let samples = Samples::from_rows(&rows, n_rows, d).map_err(|error| refusal(args, &error))?;
        let scores = block.scores(n_rows);
        let mean =
            gmm_core::score(mixture, &samples, scores, &threads).map_err(|error| refusal(args, &error))?;
        energy_sum += mean * n_rows as f64;
        // The names are written with the first rows, so that a refused file leaves an empty output.
        if done == 0 && !args.no_header {
            writeln!(output, "{}", block.names.join(",")).map_err(|error| Failure::of_stdout(&error))?;
        }
        block.write(n_rows, output).map_err(|error| Failure::of_stdout(&error))?;
        done += n_rows;
        progress.set_position(done as u64);
    }
    if done == 0 {
        return Err(gmm_io::Error::NoRows { path: args.data.clone() }.into());
    }
    output.flush().map_err(|error| Failure::of_stdout(&error))?;
    Ok((done, energy_sum))
}

/// Number of rows in a block, for rows of `row_values` numbers each.
fn block_rows(row_values: usize) -> usize {
    (MAX_BLOCK_VALUES / row_values).clamp(1, MAX_BLOCK_ROWS)
}

/// The scores of one block; vectors that were not requested stay empty.
#[derive(Default)]
struct Block {
    n_components: usize,
    names: Vec<String>,
    energies: Vec<f64>,
    labels: Option<Vec<u32>>,
    responsibilities: Option<Vec<f64>>,
    log_responsibilities: Option<Vec<f64>>,
    squared_mahalanobis: Option<Vec<f64>>,
}

impl Block {
    fn new(args: &Args, n_components: usize) -> Self {
        let mut names = vec!["energy".to_owned()];
        if args.labels {
            names.push("label".into());
        }
        for (requested, name) in [
            (args.responsibilities, "responsibility"),
            (args.log_responsibilities, "log_responsibility"),
            (args.mahalanobis, "squared_mahalanobis"),
        ] {
            let n_columns = if requested { n_components } else { 0 };
            names.extend((0..n_columns).map(|component| format!("{name}_{component}")));
        }
        Block {
            n_components,
            names,
            energies: Vec::new(),
            labels: args.labels.then(Vec::new),
            responsibilities: args.responsibilities.then(Vec::new),
            log_responsibilities: args.log_responsibilities.then(Vec::new),
            squared_mahalanobis: args.mahalanobis.then(Vec::new),
        }
    }

    /// Buffers for the scores of `n_rows` rows.
    fn scores(&mut self, n_rows: usize) -> Scores<'_, f64> {
        let n_values = n_rows * self.n_components;
        Scores {
            energies: Some(resized(&mut self.energies, n_rows)),
            labels: self.labels.as_mut().map(|values| resized(values, n_rows)),
            responsibilities: self.responsibilities.as_mut().map(|values| resized(values, n_values)),
            log_responsibilities: self.log_responsibilities.as_mut().map(|values| resized(values, n_values)),
            squared_mahalanobis: self.squared_mahalanobis.as_mut().map(|values| resized(values, n_values)),
            ..Scores::default()
        }
    }

    /// One line a row, in the order of the names.
    fn write(&self, n_rows: usize, output: &mut impl Write) -> io::Result<()> {
        let matrices = [&self.responsibilities, &self.log_responsibilities, &self.squared_mahalanobis];
        for row in 0..n_rows {
            write!(output, "{}", Exact(self.energies[row]))?;
            if let Some(labels) = &self.labels {
                write!(output, ",{}", labels[row])?;
            }
            for matrix in matrices.into_iter().flatten() {
                for &value in &matrix[row * self.n_components..][..self.n_components] {
                    write!(output, ",{}", Exact(value))?;
                }
            }
            writeln!(output)?;
        }
        Ok(())
    }
}

fn resized<T: Copy + Default>(values: &mut Vec<T>, len: usize) -> &mut [T] {
    values.resize(len, T::default());
    values
}

fn refusal(args: &Args, error: &gmm_core::Error) -> Failure {
    Failure::Input(format!("{}: {error}", shown(&args.data)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_bounded_in_rows_and_in_bytes_and_never_empty() {
        assert_eq!(block_rows(1), MAX_BLOCK_ROWS);
        assert_eq!(block_rows(64), MAX_BLOCK_ROWS);
        assert_eq!(block_rows(1000), 524);
        assert_eq!(block_rows(usize::MAX), 1);
    }
}
