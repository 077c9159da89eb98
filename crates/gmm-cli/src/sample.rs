//! `gmm sample`: samples drawn from a model, block by block, to CSV on standard output.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use gmm_core::{Mixture, Sampler};

use crate::args::{count, counted, model_path};
use crate::exit::Failure;
use crate::number::Exact;
use crate::talk;

/// Numbers of a block at most: 512 KiB.
const MAX_BLOCK_VALUES: usize = (512 << 10) / size_of::<f64>();

const AFTER_HELP: &str = "\
Examples:
  gmm sample model.safetensors -n 1000 > new.csv
  gmm sample model.safetensors -n 1000 --seed 1 --labels > new.csv

Prints one line for each sample. The same model and seed give the same samples on every machine, \
and the first lines are the same however many are drawn. Features and components count from 0. \
Numbers read back to the same bits.";

/// Draw samples from a model, as CSV on standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A model that gmm fit wrote
    #[arg(value_name = "MODEL", value_parser = model_path())]
    model: PathBuf,

    /// How many samples
    #[arg(short = 'n', long = "n", value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    n_samples: usize,

    /// Fixes every random choice
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    seed: u64,

    /// Add the component that each sample was drawn from: label
    #[arg(long)]
    labels: bool,

    /// Leave out the line of column names
    #[arg(long)]
    no_header: bool,

    /// Tell nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

/// Reads the model, draws and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mixture = gmm_io::load_model(&args.model)?;
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let refused = |error| Failure::Input(format!("{}: {error}", args.model.display()));
    let mut sampler = Sampler::new(&mixture, args.seed).map_err(refused)?;
    if !args.no_header {
        writeln!(output, "{}", names(&mixture, args.labels)).map_err(|error| Failure::of_stdout(&error))?;
    }
    let progress = talk::rows(Some(args.n_samples), args.quiet);
    let d = mixture.n_features();
    let block_rows = (MAX_BLOCK_VALUES / d).clamp(1, args.n_samples);
    let (mut rows, mut labels) = (vec![0.0; block_rows * d], vec![0; block_rows]);
    for start in (0..args.n_samples).step_by(block_rows) {
        let n_rows = block_rows.min(args.n_samples - start);
        let (rows, labels) = (&mut rows[..n_rows * d], &mut labels[..n_rows]);
        sampler.fill(rows, labels).map_err(refused)?;
        let labels = args.labels.then_some(&*labels);
        write_block(rows, d, labels, &mut output).map_err(|error| Failure::of_stdout(&error))?;
        progress.set_position((start + n_rows) as u64);
    }
    output.flush().map_err(|error| Failure::of_stdout(&error))?;
    drop(progress);
    if !args.quiet {
        talk::say(&format!("{} drawn with seed {}", counted(args.n_samples, "sample"), args.seed));
    }
    Ok(())
}

fn names(mixture: &Mixture, with_label: bool) -> String {
    let mut names: Vec<String> =
        (0..mixture.n_features()).map(|feature| format!("feature_{feature}")).collect();
    if with_label {
        names.push("label".into());
    }
    names.join(",")
}

fn write_block(
    rows: &[f64],
    n_features: usize,
    labels: Option<&[u32]>,
    output: &mut impl Write,
) -> io::Result<()> {
    for (at, row) in rows.chunks_exact(n_features).enumerate() {
        write!(output, "{}", Exact(row[0]))?;
        row[1..].iter().try_for_each(|&value| write!(output, ",{}", Exact(value)))?;
        if let Some(labels) = labels {
            write!(output, ",{}", labels[at])?;
        }
        writeln!(output)?;
    }
    Ok(())
}
