//! `gmm fit`: data to model file.
//!
//! Whatever can be refused without the data is refused before they are read: an hour of fitting must
//! not end at a directory that does not exist.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use gmm_core::{
    Fit, FitOptions, Mixture, RegCovar, Samples, Scores, Structure, Threads, aic, bic, fit_observed, score,
};
use gmm_io::Table;

use crate::args::{Input, count, counted, model_path, non_negative, shown, threads};
use crate::exit::Failure;
use crate::number::{criterion, rounded, rounded_alike};
use crate::talk;

const AFTER_HELP: &str = "\
Examples:
  gmm fit train.csv -k 3 -o model.safetensors
  gmm fit train.npy -k 8 --n-init 5 --seed 1 -o model.safetensors
  gmm fit train.npy -k 64 --covariance diag -o model.safetensors
  gmm fit people.tsv -k 2 --columns age,5-7 -o model.safetensors
  zcat train.csv.gz | gmm fit - -k 3 -o model.safetensors

The model file appears whole or not at all. The same data, options and seed give the same model \
on any number of threads.";

/// Fit a mixture of Gaussians to data and write it to a model file
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Samples to fit, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// How many components
    #[arg(short = 'k', long, value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    components: usize,

    /// What covariances have in common: full, each component its own matrix; tied, one matrix for all; diag,
    /// each component its own variances; spherical, each component one variance
    #[arg(long, value_name = "STRUCTURE", default_value = "full")]
    covariance: StructureArg,

    /// Where the model goes
    #[arg(short, long, value_name = "MODEL", value_parser = model_path())]
    output: PathBuf,

    /// Stop when the bound changes by less than this, in nats per sample
    #[arg(long, value_name = "NATS", default_value = "1e-3", value_parser = non_negative, allow_negative_numbers = true)]
    tol: f64,

    /// Iterations at most, of each restart
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count, allow_negative_numbers = true)]
    max_iter: usize,

    /// Added to every variance, and kept in the model
    #[arg(long, value_name = "VARIANCE", default_value = "1e-6", value_parser = non_negative, allow_negative_numbers = true)]
    reg_covar: f64,

    /// Restarts, of which the best is kept
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = count, allow_negative_numbers = true)]
    n_init: usize,

    /// Fixes every random choice
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    seed: u64,

    /// Threads; 0 takes as many as the machine runs at once
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = threads())]
    threads: usize,

    /// Tell nothing but errors
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    input: Input,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StructureArg {
    Full,
    Tied,
    Diag,
    Spherical,
}

impl StructureArg {
    /// As gmm-core takes it.
    fn structure(self) -> Structure {
        match self {
            StructureArg::Full => Structure::Full,
            StructureArg::Tied => Structure::Tied,
            StructureArg::Diag => Structure::Diag,
            StructureArg::Spherical => Structure::Spherical,
        }
    }
}

/// Reads, fits, writes, and tells about it.
pub fn run(args: &Args) -> Result<(), Failure> {
    check_output(&args.output, &args.data)?;
    let table = read(args)?;
    let samples = Samples::from_rows(&table.values, table.n_rows, table.n_features)
        .map_err(|error| refusal(error, args, &table))?;
    let threads = Threads::new(args.threads);
    let fitted = fit(args, &samples, &threads).map_err(|error| refusal(error, args, &table))?;
    gmm_io::save_model(&args.output, &fitted.mixture).map_err(|error| Failure::Output(error.to_string()))?;
    if !args.quiet {
        let mean_energy = score(&fitted.mixture, &samples, Scores::default(), &threads)
            .map_err(|error| refusal(error, args, &table))?;
        talk::say(summary(args, &table, &fitted, -mean_energy).trim_end());
    }
    Ok(())
}

/// Refuses a place where no model can be put.
fn check_output(output: &Path, data: &Path) -> Result<(), Failure> {
    let refused = |why: &str| Failure::Output(format!("cannot write {}: {why}", output.display()));
    let parent = match output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(refused(&format!("there is no directory {}; create it first", parent.display())));
    }
    if let Ok(existing) = fs::metadata(output) {
        // The model is renamed into place, and /dev/null must not be.
        if !existing.is_file() {
            return Err(refused("something that is not a file has that name; choose another"));
        }
        let same = fs::canonicalize(output).ok().zip(fs::canonicalize(data).ok());
        if same.is_some_and(|(output, data)| output == data) {
            return Err(refused("the model would replace the data; choose another name"));
        }
    }
    // A file without a name where the system has such, so nothing is seen to come and go.
    tempfile::tempfile_in(parent).map_err(|error| refused(&error.kind().to_string()))?;
    Ok(())
}

fn read(args: &Args) -> Result<Table, Failure> {
    let _progress = talk::reading(&args.data, args.quiet);
    let mut source = gmm_io::open(&args.data, &args.input.options())?;
    Ok(gmm_io::read_all(&mut *source)?)
}

fn fit(args: &Args, samples: &Samples<'_, f64>, threads: &Threads) -> Result<Fit, gmm_core::Error> {
    let options = FitOptions {
        covariance: args.covariance.structure(),
        tol: args.tol,
        max_iter: args.max_iter,
        reg_covar: RegCovar::Absolute(args.reg_covar),
        n_init: args.n_init,
        seed: args.seed,
        ..FitOptions::new(args.components)
    };
    let progress = talk::iterations(args.max_iter, args.quiet);
    fit_observed(samples, &options, threads, &mut |step| {
        progress.set_position(step.iteration as u64);
        let restart = match args.n_init {
            1 => String::new(),
            n_init => format!(", restart {} of {n_init}", step.restart + 1),
        };
        progress.set_message(format!("{restart}, bound {}", rounded(step.lower_bound)));
        ControlFlow::Continue(())
    })
}

/// A refusal of the library in the words of the command line.
fn refusal(error: gmm_core::Error, args: &Args, table: &Table) -> Failure {
    let message = match error {
        gmm_core::Error::NotPositiveDefinite { component, pivot, ridge } => {
            let feature = match table.names.as_ref().and_then(|names| names.get(pivot)) {
                Some(name) => format!("'{}'", name.escape_debug()),
                None => pivot.to_string(),
            };
            format!(
                "covariance of component {component} is not positive definite at feature {feature}, even with \
                 --reg-covar {ridge:e}; use fewer components (-k), a larger --reg-covar, or rescale the features"
            )
        }
        other => other.to_string(),
    };
    Failure::Fit(format!("{}: {message}", shown(&args.data)))
}

/// What came out, for people.
fn summary(args: &Args, table: &Table, fitted: &Fit, mean_log_likelihood: f64) -> String {
    let mixture = &fitted.mixture;
    let log_likelihood = mean_log_likelihood * table.n_rows as f64;
    let read = format!(
        "{} x {} from {}",
        counted(table.n_rows, "row"),
        counted(table.n_features, "feature"),
        shown(&args.data)
    );
    let mut facts = vec![("read", read), ("iterations", iterations(args, fitted))];
    if args.n_init > 1 {
        facts.push(("restart", format!("{} of {} was best", fitted.restart + 1, args.n_init)));
    }
    facts.extend([
        ("lower bound", format!("{} nats per sample", rounded(fitted.lower_bound()))),
        ("log-likelihood", format!("{} nats per sample", rounded(mean_log_likelihood))),
        ("AIC", criterion(aic(mixture, log_likelihood))),
        ("BIC", criterion(bic(mixture, log_likelihood, table.n_rows))),
        ("model", args.output.display().to_string()),
    ]);
    format!("{}\n{}", talk::facts(&facts), weights(mixture))
}

fn iterations(args: &Args, fitted: &Fit) -> String {
    if fitted.converged() {
        format!("{}, converged", fitted.n_iter)
    } else {
        format!(
            "{}, not converged; raise --max-iter above {} or --tol above {:e}",
            fitted.n_iter, args.max_iter, args.tol
        )
    }
}

fn weights(mixture: &Mixture) -> String {
    let mut rows = vec![vec!["component".to_owned(), "weight".to_owned()]];
    for (component, weight) in rounded_alike(mixture.weights()).into_iter().enumerate() {
        let mut row = vec![component.to_string(), weight];
        if mixture.dropped().contains(&component) {
            row.push("dropped: it lost every sample; use fewer components (-k)".into());
        }
        rows.push(row);
    }
    talk::table(&rows)
}
