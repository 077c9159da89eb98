//! `gmm detect`: outliers in data, by a robust fit of the same data, by a model, or by a plain fit.
//!
//! A fit needs all rows, and so does a threshold set by a fraction of them: the data are read whole. Only mixtures
//! can be stored in a file; a robust fit is used for the data it was made from, and then dropped.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use gmm_core::{
    FitOptions, Mixture, RegCovar, RobustDetector, RobustMixture, RobustOptions, Samples, Stop, Threads,
    attribution, energy, fit_observed, fit_robust, threshold_by_contamination, threshold_by_percentile,
};
use gmm_io::{Model, Table};

use crate::args::{Input, count, counted, duration, model_path, non_negative, shown, threads};
use crate::exit::Failure;
use crate::fitting::out_of_memory;
use crate::number::{Exact, rounded};
use crate::{interrupt, memory, messages, output};

const AFTER_HELP: &str = "\
Examples:
  gmm detect data.csv > outliers.csv
  gmm detect data.csv --contamination 0.01 > outliers.csv
  gmm detect data.csv --model model.safetensors --percentile 99 > outliers.csv
  gmm detect new.csv --model model.safetensors --threshold 29.7 --shares > outliers.csv

Without --model and -k, mixtures of 1, 2, 4 and 8 components are fitted to DATA robustly: each iteration leaves out \
the fraction of the rows that is least likely so far, so outliers have little influence. The energy of a row is the \
mean of its energies under these mixtures. With --model or -k, the energy is that under one mixture. A mixture fitted \
to DATA by -k treats outliers as ordinary rows, so it may hide outliers that are close together.

Prints one line for each row of DATA, in the same order. The energy is the negative log-density of the \
row in nats, and the row is an outlier, 1, if its energy is greater than the threshold. Numbers read back to \
the same bits. Ctrl-C, SIGTERM and SIGHUP end a fit early, and its result so far is used. For other options of the \
fit, write a model with gmm fit and pass it by --model.";

/// Contamination of a robust fit when none is given, as in the library.
const UNKNOWN_CONTAMINATION: f64 = 0.1;

/// Find outliers: rows whose energy is above a threshold, as CSV on standard output
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
#[command(group(clap::ArgGroup::new("mixture").args(["model", "components"]).requires("rule")))]
#[command(group(clap::ArgGroup::new("rule").args(["contamination", "percentile", "threshold"])))]
pub struct Args {
    /// Samples to check, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Take energies from a model that gmm fit wrote
    #[arg(short, long, value_name = "MODEL", value_parser = model_path())]
    model: Option<PathBuf>,

    /// Take energies from one plain mixture with this number of components, fitted to DATA
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    components: Option<usize>,

    /// Largest fraction of the rows, from 0 to 1, that are outliers: those with the largest energies. A robust fit
    /// leaves out the same fraction; 0.1 if not given
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    contamination: Option<f64>,

    /// Energies above this percentile of all energies are outliers, with interpolation between two rows
    #[arg(long, value_name = "PERCENT", allow_negative_numbers = true)]
    percentile: Option<f64>,

    /// Energies above this many nats are outliers
    #[arg(long, value_name = "NATS", value_parser = finite, allow_negative_numbers = true)]
    threshold: Option<f64>,

    /// Add the contribution of each feature to the energy: share_0, ...
    #[arg(long)]
    shares: bool,

    /// Ridge added to every variance of a fit; a robust fit scales features to variance 1 first
    #[arg(long, value_name = "VARIANCE", default_value = "1e-6", value_parser = non_negative, allow_negative_numbers = true, conflicts_with = "model")]
    reg_covar: f64,

    /// Seed of all random choices of a fit
    #[arg(long, value_name = "NUMBER", default_value = "0", conflicts_with = "model")]
    seed: u64,

    /// Begin no iteration of a fit after this time: seconds, or as in 90s, 5m, 1.5h
    #[arg(long, value_name = "TIME", value_parser = duration, allow_negative_numbers = true, conflicts_with = "model")]
    time_budget: Option<Duration>,

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

fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err("write a finite number".into()),
    }
}

/// Where energies come from.
enum Energies {
    One(Mixture),
    Robust(RobustDetector),
}

/// Reads, fits unless there is a model, computes energies and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    check_rule(args)?;
    let known = args.model.as_ref().map(|path| Model::load(path)).transpose()?;
    let mut output = BufWriter::with_capacity(1 << 16, output::stdout()?);
    let table = read(args, known.as_ref().and_then(|model| model.feature_names.as_deref()))?;
    let refused = |error: gmm_core::Error| Failure::Input(format!("{}: {error}", shown(&args.data)));
    let samples = Samples::from_rows(&table.values, table.n_rows, table.n_features).map_err(refused)?;
    let threads = Threads::new(args.threads);
    let source = match (known, args.components) {
        (Some(model), _) => Energies::One(model.mixture),
        (None, Some(n_components)) => Energies::One(fitted(args, n_components, &samples, &threads)?),
        (None, None) => Energies::Robust(robustly_fitted(args, &samples, &threads)?),
    };
    let energies = source.energies(&samples, &threads).map_err(refused)?;
    let threshold = threshold(args, &energies).map_err(refused)?;
    let shares = args.shares.then(|| source.shares(&samples, &threads)).transpose().map_err(refused)?;
    write(args, table.n_features, &energies, threshold, shares.as_deref(), &mut output)
        .and_then(|()| output.flush())
        .map_err(|error| Failure::of_stdout(&error))?;
    if !args.quiet {
        let n_outliers = energies.iter().filter(|&&energy| energy > threshold).count();
        messages::print(&format!(
            "{n_outliers} of {} above the threshold of {} nats",
            counted(energies.len(), "row"),
            rounded(threshold)
        ));
        messages::notes(&table.notes);
    }
    interrupt::outcome(interrupt::requested())
}

impl Energies {
    fn energies(&self, samples: &Samples<'_, f64>, threads: &Threads) -> Result<Vec<f64>, gmm_core::Error> {
        match self {
            Energies::One(mixture) => energy(mixture, samples, threads),
            Energies::Robust(detector) => detector.energies(samples, threads),
        }
    }

    fn shares(&self, samples: &Samples<'_, f64>, threads: &Threads) -> Result<Vec<f64>, gmm_core::Error> {
        match self {
            Energies::One(mixture) => attribution(mixture, samples, threads),
            Energies::Robust(detector) => detector.attribution(samples, threads),
        }
    }
}

/// Refuses an invalid rule before the data are read.
fn check_rule(args: &Args) -> Result<(), Failure> {
    let checked = threshold(args, &[0.0]).map(drop);
    checked.map_err(|error| match (args.contamination, args.percentile) {
        (Some(share), _) => Failure::Usage(format!(
            "--contamination is {share}; it must be a fraction of the rows, at least 0 and less than 1"
        )),
        (_, Some(percent)) => {
            Failure::Usage(format!("--percentile is {percent}; it must be within 0 and 100"))
        }
        _ => Failure::Usage(error.to_string()),
    })
}

/// The threshold by the given rule, or that of the robust fit.
fn threshold(args: &Args, energies: &[f64]) -> Result<f64, gmm_core::Error> {
    match (args.contamination, args.percentile, args.threshold) {
        (_, Some(percent), _) => threshold_by_percentile(energies, percent),
        (_, _, Some(nats)) => Ok(nats),
        (share, ..) => threshold_by_contamination(energies, share.unwrap_or(UNKNOWN_CONTAMINATION)),
    }
}

fn read(args: &Args, model_names: Option<&[String]>) -> Result<Table, Failure> {
    let _progress = messages::reading(&args.data, args.quiet);
    let mut source = gmm_io::open(&args.data, &args.input.options_of(model_names))?;
    Ok(gmm_io::read_all(&mut *source)?)
}

fn fitted(
    args: &Args,
    n_components: usize,
    samples: &Samples<'_, f64>,
    threads: &Threads,
) -> Result<Mixture, Failure> {
    let options = FitOptions {
        reg_covar: RegCovar::Absolute(args.reg_covar),
        seed: args.seed,
        time_budget: args.time_budget,
        cancel: Some(interrupt::token()),
        memory_limit: memory::available(),
        ..FitOptions::new(n_components)
    };
    interrupt::watch();
    let fitted = fit_observed(samples, &options, threads, &mut |_| match interrupt::requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })
    .map_err(|error| refused(&error, args))?;
    if !fitted.converged() && !args.quiet {
        let n_iter = fitted.n_iter;
        messages::print(&format!("the fit did not converge in {n_iter} iterations; gmm fit can make more"));
    }
    Ok(fitted.mixture)
}

/// The failure for a refused fit.
fn refused(error: &gmm_core::Error, args: &Args) -> Failure {
    let advice = "use fewer --columns, or the model of gmm fit --covariance diag by --model";
    Failure::Fit(format!("{}: {}", shown(&args.data), out_of_memory(error, advice)))
}

fn robustly_fitted(
    args: &Args,
    samples: &Samples<'_, f64>,
    threads: &Threads,
) -> Result<RobustDetector, Failure> {
    let options = RobustOptions {
        contamination: args.contamination.unwrap_or(UNKNOWN_CONTAMINATION),
        reg_covar: args.reg_covar,
        seed: args.seed,
        time_budget: args.time_budget,
        cancel: Some(interrupt::token()),
        memory_limit: memory::available(),
        ..RobustOptions::default()
    };
    interrupt::watch();
    let detector = fit_robust(samples, &options, threads).map_err(|error| refused(&error, args))?;
    if args.quiet {
        return Ok(detector);
    }
    if args.contamination.is_none() {
        let percent = 100.0 * UNKNOWN_CONTAMINATION;
        messages::print(&format!(
            "assumed that {percent} % of the rows are outliers; set --contamination to change this"
        ));
    }
    if matches!(detector.stop(), Stop::Cancelled | Stop::OutOfTime) {
        let n = counted(detector.mixtures().len(), "mixture");
        messages::print(&format!("the fit ended early; energies are from {n} in the state reached so far"));
    }
    let unsettled = detector.mixtures().iter().filter(|one| !one.converged);
    for RobustMixture { n_components, trimmed_bounds, .. } in unsettled {
        let (components, n_iter) = (counted(*n_components, "component"), trimmed_bounds.len());
        messages::print(&format!("the mixture of {components} did not converge in {n_iter} iterations"));
    }
    Ok(detector)
}

fn write(
    args: &Args,
    d: usize,
    energies: &[f64],
    threshold: f64,
    shares: Option<&[f64]>,
    output: &mut impl Write,
) -> io::Result<()> {
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
