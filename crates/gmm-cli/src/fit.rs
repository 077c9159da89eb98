//! `gmm fit`: data to model file.
//!
//! Errors that do not depend on the data are reported before the data are read: an hour of fitting must not end at a
//! directory that does not exist.

use std::ops::ControlFlow;
use std::path::PathBuf;

use gmm_core::{
    Criteria, Fit, FitOptions, Init, Mixture, Progress, Samples, Source, Stop, StreamError, Threads,
    criteria, fit_observed, fit_stream, n_parameters,
};
use gmm_io::{Model, Reread};
use indicatif::ProgressBar;

use crate::args::{check_features, count, model_path, positive};
use crate::exit::Failure;
use crate::fitting::{Fitting, StructureArg, refusal, samples_of, save};
use crate::number::rounded;
use crate::report::Report;
use crate::{interrupt, messages, output};

/// Limits of a block when criteria are summed over a stream: rows, and values.
const MAX_BLOCK_ROWS: usize = 1 << 16;
const MAX_BLOCK_VALUES: usize = 1 << 20;

const AFTER_HELP: &str = "\
Examples:
  gmm fit train.csv -k 3 -o model.safetensors
  gmm fit train.npy -k 8 --n-init 5 --seed 1 -o model.safetensors
  gmm fit train.npy -k 64 --covariance diag -o model.safetensors
  gmm fit people.tsv -k 2 --columns age,5-7 --weights-column count -o model.safetensors
  gmm fit larger-than-memory.npy -k 8 --stream --time-budget 1h -o model.safetensors
  gmm fit train.npy --start model.safetensors --tol 1e-6 -o better.safetensors
  gmm fit train.csv.gz -k 3 --columns 2- -o model.safetensors
  gmm fit mesures.csv --decimal , --skip 2 -k 3 -o model.safetensors

Data may be compressed with gzip or zstd. The model file keeps the names of the columns, and is written only when it \
is complete. The same data, options and seed give the same model on any number of threads. Ctrl-C, SIGTERM and SIGHUP \
end the fit after the current iteration and write its result so far; a second signal ends the program at once, and \
nothing is written.";

/// Fit a mixture of Gaussians to data and write it to a model file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Samples to fit, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Number of components
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = count, required_unless_present = "start", allow_negative_numbers = true)]
    components: Option<usize>,

    /// Covariance structure: full, each component its own matrix; tied, one matrix for all components; diag, each
    /// component its own variances; spherical, one variance for each component
    /// [default: full, or that of --start]
    #[arg(long, value_name = "STRUCTURE")]
    covariance: Option<StructureArg>,

    /// File to write the model to
    #[arg(short, long, value_name = "MODEL", value_parser = model_path())]
    output: PathBuf,

    /// Start from this model and continue its fit
    #[arg(long, value_name = "MODEL", value_parser = model_path(), conflicts_with_all = ["init", "n_init", "moves"])]
    start: Option<PathBuf>,

    /// Read DATA again in every iteration instead of keeping its rows: for files that are larger than memory
    #[arg(long)]
    stream: bool,

    /// Variance of every feature that the prior expects
    /// [default: from the covariance of the data and the number of components]
    #[arg(long, value_name = "VARIANCE", value_parser = positive, requires = "prior", allow_negative_numbers = true, help_heading = "Fitting")]
    prior_variance: Option<f64>,

    #[command(flatten)]
    fitting: Fitting,
}

/// Reads, fits, writes, and reports.
pub fn run(args: &Args) -> Result<(), Failure> {
    output::check(&args.output, &args.data, "the model", "the data")?;
    let start = args.start.as_ref().map(|path| Model::load(path)).transpose()?;
    let (start, start_names) = match start {
        Some(model) => (Some(model.mixture), model.feature_names),
        None => (None, None),
    };
    let options = options(args, start)?;
    match args.stream {
        true => from_stream(args, options, start_names),
        false => in_memory(args, options, start_names),
    }
}

/// All options except those that depend on the number of features.
fn options(args: &Args, start: Option<Mixture>) -> Result<FitOptions, Failure> {
    let requested = args.covariance.map(StructureArg::covariance_type);
    let Some(start) = start else {
        let n_components = args.components.unwrap_or(1);
        return Ok(args.fitting.options(n_components, requested.unwrap_or_default()));
    };
    let (k, covariance_type) = (start.n_components(), start.covariances().covariance_type());
    let refused = |option: &str, value: String, found: String| {
        let model = args.start.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        Failure::Usage(format!("{option} is {value} but {model} has {found}; leave it out"))
    };
    match (args.components, requested) {
        (Some(requested), _) if requested != k => Err(refused("-k", requested.to_string(), k.to_string())),
        (_, Some(requested)) if requested != covariance_type => {
            Err(refused("--covariance", requested.to_string(), covariance_type.to_string()))
        }
        _ => Ok(FitOptions { init: Init::Mixture(start), ..args.fitting.options(k, covariance_type) }),
    }
}

/// Completes the options with those that depend on the number of features.
fn for_features(args: &Args, mut options: FitOptions, n_features: usize) -> Result<FitOptions, Failure> {
    if let (Init::Mixture(start), Some(path)) = (&options.init, &args.start) {
        let (model, data) = ((&**path, start.n_features()), (&*args.data, n_features));
        check_features(model, data, &args.fitting.read_options(None)).map_err(Failure::Input)?;
    }
    if let (Some(prior), Some(variance)) = (&mut options.prior, args.prior_variance) {
        prior.covariance = Some(options.covariance_type.isotropic(variance, n_features));
    }
    Ok(options)
}

fn in_memory(args: &Args, options: FitOptions, start_names: Option<Vec<String>>) -> Result<(), Failure> {
    let table = args.fitting.read(&args.data, start_names.as_deref())?;
    let options = for_features(args, options, table.n_features)?;
    let names = table.names.as_deref().or(start_names.as_deref());
    let refused = |error| refusal(&error, &args.data, names);
    let samples = samples_of(&table, &args.data)?;
    let threads = args.fitting.threads();
    let fitted = observed(args, |observer| fit_observed(&samples, &options, &threads, observer));
    let fitted = fitted.map_err(refused)?;
    let rows = Rows { count: table.n_rows, names, notes: &table.notes };
    finish(args, &fitted, &rows, || {
        let count = table.weights.as_ref().map_or(table.n_rows as f64, |weights| weights.iter().sum());
        Ok((count, criteria(&fitted.mixture, &samples, &threads).map_err(refused)?))
    })
}

fn from_stream(args: &Args, options: FitOptions, start_names: Option<Vec<String>>) -> Result<(), Failure> {
    let mut source = Reread::open(&args.data, &args.fitting.read_options(start_names.as_deref()))?;
    // A pass over a file is finished before the fit ends, so that after the first one there is a mixture to write.
    let options = FitOptions { cancel: None, ..for_features(args, options, source.n_features())? };
    let names = source.names().map(<[String]>::to_vec).or(start_names);
    let names = names.as_deref();
    let threads = args.fitting.threads();
    let fitted = observed(args, |observer| fit_stream(&mut source, &options, &threads, observer));
    let fitted = fitted.map_err(|error| match error {
        StreamError::Source(error) => error.into(),
        StreamError::Fit(error) => refusal(&error, &args.data, names),
    })?;
    let rows = Rows { count: source.n_rows().unwrap_or_default(), names, notes: &source.notes() };
    finish(args, &fitted, &rows, || streamed_criteria(args, &fitted.mixture, &mut source, &threads))
}

/// The rows of a fit, for the report.
struct Rows<'a> {
    count: usize,
    names: Option<&'a [String]>,
    notes: &'a [String],
}

/// Fits, shows progress, and ends the fit when a signal arrives.
fn observed<E>(
    args: &Args,
    fit: impl FnOnce(&mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Fit, E>,
) -> Result<Fit, E> {
    let progress = messages::iterations(args.fitting.max_iter, args.fitting.quiet);
    // Only from here: while data are read, Ctrl-C ends the program as usual.
    interrupt::watch();
    fit(&mut |step| {
        show(&progress, args.fitting.n_init, step);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

fn show(progress: &ProgressBar, n_init: usize, step: Progress) {
    progress.set_position(step.iteration as u64);
    let restart = match (n_init, step.n_swaps) {
        (1, 0) => String::new(),
        (n_init, 0) => format!(", restart {} of {n_init}", step.restart + 1),
        (_, swap) => format!(", swap {swap}"),
    };
    progress.set_message(format!("{restart}, bound {}", rounded(step.lower_bound)));
}

/// Writes the model, then reports. `criteria` computes the total weight of the rows, and the criteria of the mixture.
fn finish(
    args: &Args,
    fitted: &Fit,
    rows: &Rows<'_>,
    criteria: impl FnOnce() -> Result<(f64, Criteria), Failure>,
) -> Result<(), Failure> {
    save(&args.output, &fitted.mixture, rows.names)?;
    let interrupted = fitted.stop == Stop::Cancelled;
    if !args.fitting.quiet {
        // After an interrupt, the file is not read once more for the criteria.
        let criteria = if interrupted && args.stream { None } else { Some(criteria()?) };
        let (data, output) = (&*args.data, Some(&*args.output));
        let &Rows { count: n_rows, names, notes } = rows;
        let report = Report { data, output, fitting: &args.fitting, fitted, n_rows, names, notes, criteria };
        messages::print(report.text().trim_end());
    }
    interrupt::outcome(interrupted)
}

/// The total weight, and the criteria of a mixture summed block by block in one more pass over the file.
fn streamed_criteria(
    args: &Args,
    mixture: &Mixture,
    source: &mut Reread,
    threads: &Threads,
) -> Result<(f64, Criteria), Failure> {
    let refused = |error| refusal(&error, &args.data, None);
    let d = source.n_features();
    let max_rows = (MAX_BLOCK_VALUES / d).clamp(1, MAX_BLOCK_ROWS);
    let (mut count, mut log_likelihood, mut entropy) = (0.0, 0.0, 0.0);
    let (mut rows, mut weights) = (Vec::new(), Vec::new());
    source.rewind()?;
    loop {
        rows.clear();
        weights.clear();
        let n = source.read(max_rows, &mut rows, &mut weights)?;
        if n == 0 {
            break;
        }
        let of_block: f64 = if weights.is_empty() { n as f64 } else { weights.iter().sum() };
        if of_block == 0.0 {
            continue;
        }
        let samples = Samples::from_rows(&rows, n, d).map_err(refused)?;
        let samples =
            if weights.is_empty() { samples } else { samples.with_weights(&weights).map_err(refused)? };
        let of_these = criteria(mixture, &samples, threads).map_err(refused)?;
        count += of_block;
        log_likelihood += of_these.log_likelihood;
        entropy += (of_these.icl - of_these.bic) / 2.0;
    }
    let n_parameters = n_parameters(mixture);
    let aic = -2.0 * log_likelihood + 2.0 * n_parameters as f64;
    let bic = -2.0 * log_likelihood + n_parameters as f64 * f64::ln(count);
    Ok((count, Criteria { log_likelihood, n_parameters, aic, bic, icl: bic + 2.0 * entropy }))
}
