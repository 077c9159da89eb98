//! `gmm detect`: data to outliers, by a model or by a mixture fitted to the same data.
//!
//! A threshold that is a share of the rows needs all of them, so the data are read whole.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use gmm_core::{
    FitOptions, Mixture, RegCovar, Samples, Threads, attribution, energy, fit, threshold_by_contamination,
    threshold_by_percentile,
};
use gmm_io::Table;

use crate::args::{Input, count, counted, model_path, non_negative, shown, threads};
use crate::exit::Failure;
use crate::number::{Exact, rounded};
use crate::talk;

const AFTER_HELP: &str = "\
Examples:
  gmm detect data.csv -k 3 --contamination 0.01 > outliers.csv
  gmm detect data.csv --model model.safetensors --percentile 99 > outliers.csv
  gmm detect new.csv --model model.safetensors --threshold 29.7 --shares > outliers.csv

Prints one line for each row of DATA, in the same order. The energy is the negative log-density of the \
row in nats, and the row is an outlier, 1, when that is greater than the threshold. Numbers read back to \
the same bits. Options of the fit that are not here are those of gmm fit: write its model and pass it.";

/// Find outliers: rows whose energy is above a threshold, as CSV on standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[command(group(clap::ArgGroup::new("mixture").required(true).args(["model", "components"])))]
#[command(group(clap::ArgGroup::new("rule").required(true).args(["contamination", "percentile", "threshold"])))]
pub struct Args {
    /// Samples to judge, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Judge by a model that gmm fit wrote
    #[arg(short, long, value_name = "MODEL", value_parser = model_path())]
    model: Option<PathBuf>,

    /// Judge by as many components, fitted to DATA
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    components: Option<usize>,

    /// The largest energies are outliers, at most this share of the rows: from 0 to 1
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    contamination: Option<f64>,

    /// Energies above this percentile of all are outliers, between two rows by interpolation
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    percentile: Option<f64>,

    /// Energies above this many nats are outliers
    #[arg(long, value_name = "NATS", value_parser = finite, allow_negative_numbers = true)]
    threshold: Option<f64>,

    /// Add what each feature contributes to the energy: share_0, ...
    #[arg(long)]
    shares: bool,

    /// Added to every variance of a fit
    #[arg(long, value_name = "VARIANCE", default_value = "1e-6", value_parser = non_negative, allow_negative_numbers = true, conflicts_with = "model")]
    reg_covar: f64,

    /// Fixes every random choice of a fit
    #[arg(long, value_name = "NUMBER", default_value = "0", conflicts_with = "model")]
    seed: u64,

    /// Leave out the line of column names
    #[arg(long)]
    no_header: bool,

    /// Threads; 0 takes as many as the machine runs at once
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = threads())]
    threads: usize,

    /// Tell nothing but errors
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    input: Input,
}

fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err("write a finite number".into()),
    }
}

/// Reads, fits unless there is a model, judges and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    check_rule(args)?;
    let known = args.model.as_ref().map(|path| gmm_io::load_model(path)).transpose()?;
    let table = read(args)?;
    let refused = |error: gmm_core::Error| Failure::Input(format!("{}: {error}", shown(&args.data)));
    let samples = Samples::from_rows(&table.values, table.n_rows, table.n_features).map_err(refused)?;
    let threads = Threads::new(args.threads);
    let mixture = match known {
        Some(mixture) => mixture,
        None => fitted(args, &samples, &threads)?,
    };
    let energies = energy(&mixture, &samples, &threads).map_err(refused)?;
    let threshold = threshold(args, &energies).map_err(refused)?;
    let shares =
        args.shares.then(|| attribution(&mixture, &samples, &threads)).transpose().map_err(refused)?;
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(args, &mixture, &energies, threshold, shares.as_deref(), &mut output)
        .and_then(|()| output.flush())
        .map_err(|error| Failure::of_stdout(&error))?;
    if !args.quiet {
        let n_outliers = energies.iter().filter(|&&energy| energy > threshold).count();
        talk::say(&format!(
            "{n_outliers} of {} above the threshold of {} nats",
            counted(energies.len(), "row"),
            rounded(threshold)
        ));
    }
    Ok(())
}

/// Refuses a rule that no data could follow, before they are read.
fn check_rule(args: &Args) -> Result<(), Failure> {
    let checked = threshold(args, &[0.0]).map(drop);
    checked.map_err(|error| match (args.contamination, args.percentile) {
        (Some(share), _) => Failure::Usage(format!(
            "--contamination is {share}; it must be a share of the rows, at least 0 and less than 1"
        )),
        (_, Some(percent)) => {
            Failure::Usage(format!("--percentile is {percent}; it must be within 0 and 100"))
        }
        _ => Failure::Usage(error.to_string()),
    })
}

/// The threshold by the one rule that was given.
fn threshold(args: &Args, energies: &[f64]) -> Result<f64, gmm_core::Error> {
    match (args.contamination, args.percentile) {
        (Some(share), _) => threshold_by_contamination(energies, share),
        (_, Some(percent)) => threshold_by_percentile(energies, percent),
        _ => Ok(args.threshold.unwrap_or(f64::INFINITY)),
    }
}

fn read(args: &Args) -> Result<Table, Failure> {
    let _progress = talk::reading(&args.data, args.quiet);
    let mut source = gmm_io::open(&args.data, &args.input.options())?;
    Ok(gmm_io::read_all(&mut *source)?)
}

fn fitted(args: &Args, samples: &Samples<'_, f64>, threads: &Threads) -> Result<Mixture, Failure> {
    let options = FitOptions {
        reg_covar: RegCovar::Absolute(args.reg_covar),
        seed: args.seed,
        ..FitOptions::new(args.components.unwrap_or(1))
    };
    let fitted = fit(samples, &options, threads)
        .map_err(|error| Failure::Fit(format!("{}: {error}", shown(&args.data))))?;
    if !fitted.converged() && !args.quiet {
        let n_iter = fitted.n_iter;
        talk::say(&format!("the fit did not converge in {n_iter} iterations; gmm fit can make more"));
    }
    Ok(fitted.mixture)
}

fn write(
    args: &Args,
    mixture: &Mixture,
    energies: &[f64],
    threshold: f64,
    shares: Option<&[f64]>,
    output: &mut impl Write,
) -> io::Result<()> {
    let d = mixture.n_features();
    if !args.no_header {
        let n_columns = if shares.is_some() { d } else { 0 };
        let names = (0..n_columns).map(|feature| format!(",share_{feature}"));
        writeln!(output, "energy,outlier{}", names.collect::<String>())?;
    }
    for (row, &energy) in energies.iter().enumerate() {
        write!(output, "{},{}", Exact(energy), u8::from(energy > threshold))?;
        if let Some(shares) = shares {
            shares[row * d..][..d].iter().try_for_each(|&share| write!(output, ",{}", Exact(share)))?;
        }
        writeln!(output)?;
    }
    Ok(())
}
