//! Shared by `fit` and `select`: options of a fit, the rows to fit, and the reasons for its end.

use std::path::Path;
use std::time::Duration;

use gmm_core::{
    Convergence, CovarianceType, FitOptions, Init, Mixture, Prior, RegCovar, Samples, Stop, Threads,
};
use gmm_io::{Column, Model, ReadOptions, Table};

use crate::args::{Input, column, count, counted, duration, non_negative, positive, shown, threads};
use crate::exit::Failure;
use crate::{interrupt, memory, messages};

/// All options of a fit except the number of components and the covariance structure.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Fitting")]
pub struct Fitting {
    /// Column with the weight of each row, by name or number: 2 is the row twice, 0 ignores the row
    #[arg(long, value_name = "COLUMN", value_parser = column)]
    weights_column: Option<Column>,

    /// Stop when the bound changes by less than this, in nats per sample
    #[arg(long, value_name = "NATS", default_value = "1e-3", value_parser = non_negative, allow_negative_numbers = true)]
    pub tol: f64,

    /// Quantity compared with --tol: the change of one iteration, or by Aitken's rule that of all further iterations
    #[arg(long, value_name = "RULE", default_value = "change")]
    convergence: ConvergenceArg,

    /// Largest number of iterations of each restart
    #[arg(long, value_name = "COUNT", default_value = "100", value_parser = count, allow_negative_numbers = true)]
    pub max_iter: usize,

    /// Begin no iteration after this time: seconds, or as in 90s, 5m, 1.5h
    #[arg(long, value_name = "TIME", value_parser = duration, allow_negative_numbers = true)]
    time_budget: Option<Duration>,

    /// Ridge added to every variance, and included in the model
    #[arg(long, value_name = "VARIANCE", default_value = "1e-6", value_parser = non_negative, allow_negative_numbers = true)]
    reg_covar: f64,

    /// Multiply --reg-covar by the mean variance of the features, so that their unit does not matter
    #[arg(long)]
    reg_covar_relative: bool,

    /// Start of each restart: k-means; k-means++ alone; random rows as centres; random responsibilities
    #[arg(long, value_name = "WHERE", default_value = "kmeans")]
    init: InitArg,

    /// Number of restarts; the best is kept
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = count, allow_negative_numbers = true)]
    pub n_init: usize,

    /// Stop swapping after this number of failed swaps in a row: each removes a component of the best mixture, splits
    /// another and runs EM from there [default: 4 for each restart, or none for a single restart]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    moves: Option<usize>,

    /// Seed of all random choices
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    seed: u64,

    /// Maximise the posterior under a weak prior, which bounds variances from below, instead of adding a ridge
    /// (--reg-covar is then ignored); it is made from the data, so their unit does not matter
    #[arg(long)]
    prior: bool,

    /// Means that the prior expects: a number for each feature, as in 0,1.5 [default: the mean of the data]
    #[arg(long, value_name = "LIST", value_parser = numbers, requires = "prior", allow_hyphen_values = true)]
    prior_mean: Option<Numbers>,

    /// Weight of the prior mean as a number of rows [default: 0.01]
    #[arg(long, value_name = "COUNT", value_parser = non_negative, requires = "prior", allow_negative_numbers = true)]
    prior_mean_precision: Option<f64>,

    /// Degrees of freedom of the prior on covariances, more than the number of features - 1 [default: features + 2]
    #[arg(long, value_name = "NUMBER", value_parser = positive, requires = "prior", allow_negative_numbers = true)]
    prior_dof: Option<f64>,

    /// Concentration of the prior on weights, at least 1; larger values make weights more equal [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = concentration, requires = "prior", allow_negative_numbers = true)]
    prior_concentration: Option<f64>,

    /// Number of threads; 0 means as many as the machine runs at once
    #[arg(long, value_name = "COUNT", default_value = "0", value_parser = threads())]
    threads: usize,

    /// Print only errors
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    input: Input,
}

/// A list in one argument; clap would treat a bare `Vec` as an argument that repeats.
#[derive(Clone, Debug)]
struct Numbers(Vec<f64>);

fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |part: &str| part.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    let all: Option<Vec<f64>> = text.split(',').map(number).collect();
    all.map(Numbers).ok_or_else(|| "write finite numbers with commas between them, such as 0,1.5".into())
}

fn concentration(text: &str) -> Result<f64, String> {
    positive(text)
        .ok()
        .filter(|&value| value >= 1.0)
        .ok_or_else(|| "write a finite number of at least 1".into())
}

/// A covariance structure, by its name.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum StructureArg {
    Full,
    Tied,
    Diag,
    Spherical,
}

impl StructureArg {
    /// The structure in the form that gmm-core takes.
    pub fn covariance_type(self) -> CovarianceType {
        match self {
            StructureArg::Full => CovarianceType::Full,
            StructureArg::Tied => CovarianceType::Tied,
            StructureArg::Diag => CovarianceType::Diag,
            StructureArg::Spherical => CovarianceType::Spherical,
        }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum ConvergenceArg {
    Change,
    Aitken,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum InitArg {
    Kmeans,
    #[value(name = "k-means++", alias = "kmeans++")]
    KmeansPlusPlus,
    #[value(name = "random_from_data", alias = "random-from-data")]
    RandomFromData,
    Random,
}

impl Fitting {
    /// The options in the form that gmm-core takes.
    pub fn options(&self, n_components: usize, covariance: CovarianceType) -> FitOptions {
        let weakest = Prior::default();
        let prior = self.prior.then(|| Prior {
            weight_concentration: self.prior_concentration.unwrap_or(weakest.weight_concentration),
            mean_precision: self.prior_mean_precision.unwrap_or(weakest.mean_precision),
            mean: self.prior_mean.as_ref().map(|mean| mean.0.clone()),
            degrees_of_freedom: self.prior_dof,
            ..weakest
        });
        FitOptions {
            cancel: Some(interrupt::token()),
            memory_limit: memory::available(),
            covariance_type: covariance,
            tol: self.tol,
            convergence: match self.convergence {
                ConvergenceArg::Change => Convergence::Change,
                ConvergenceArg::Aitken => Convergence::Aitken,
            },
            max_iter: self.max_iter,
            reg_covar: match self.reg_covar_relative {
                false => RegCovar::Absolute(self.reg_covar),
                true => RegCovar::Relative(self.reg_covar),
            },
            prior,
            n_init: self.n_init,
            max_failed_swaps: self.moves,
            seed: self.seed,
            init: match self.init {
                InitArg::Kmeans => Init::Kmeans,
                InitArg::KmeansPlusPlus => Init::KmeansPlusPlus,
                InitArg::RandomFromData => Init::RandomFromData,
                InitArg::Random => Init::Random,
            },
            time_budget: self.time_budget,
            ..FitOptions::new(n_components)
        }
    }

    /// How to read DATA; columns are matched with the feature names of a model if there is one.
    pub fn read_options(&self, model_names: Option<&[String]>) -> ReadOptions {
        ReadOptions { weights: self.weights_column.clone(), ..self.input.options_of(model_names) }
    }

    /// Reads all of DATA.
    pub fn read(&self, data: &Path, model_names: Option<&[String]>) -> Result<Table, Failure> {
        let _progress = messages::reading(data, self.quiet);
        let mut source = gmm_io::open(data, &self.read_options(model_names))?;
        Ok(gmm_io::read_all(&mut *source)?)
    }

    /// The requested number of threads.
    pub fn threads(&self) -> Threads {
        Threads::new(self.threads)
    }

    /// Why a fit ended, in terms of the command line's options.
    pub fn stopped(&self, stop: &Stop, names: Option<&[String]>) -> String {
        match stop {
            Stop::Converged => "converged".into(),
            Stop::MaxIterations => format!(
                "not converged; raise --max-iter above {} or --tol above {:e}",
                self.max_iter, self.tol
            ),
            Stop::Cancelled => "interrupted; not converged".into(),
            Stop::OutOfTime => "out of time and not converged; raise --time-budget".into(),
            Stop::Refused(error) => format!("stopped early: {}", in_words(error, names)),
            other => other.reason(),
        }
    }
}

/// Writes a model with the names of its features.
pub fn save(path: &Path, mixture: &Mixture, names: Option<&[String]>) -> Result<(), Failure> {
    let mut model = Model::new(mixture.clone());
    model.feature_names = names.map(<[String]>::to_vec);
    model.save(path).map_err(|error| Failure::Output(error.to_string()))
}

/// The rows of a table with their weights.
pub fn samples_of<'a>(table: &'a Table, data: &Path) -> Result<Samples<'a, f64>, Failure> {
    let refused = |error: gmm_core::Error| Failure::Input(format!("{}: {error}", shown(data)));
    let samples = Samples::from_rows(&table.values, table.n_rows, table.n_features).map_err(refused)?;
    match &table.weights {
        None => Ok(samples),
        Some(weights) => samples.with_weights(weights).map_err(refused),
    }
}

/// The failure for a refused fit; data without weight are a failure of the input.
pub fn refusal(error: &gmm_core::Error, data: &Path, names: Option<&[String]>) -> Failure {
    let message = format!("{}: {}", shown(data), in_words(error, names));
    match error {
        gmm_core::Error::NoWeight => Failure::Input(message),
        _ => Failure::Fit(message),
    }
}

/// A refusal of the library in terms of the command line's options.
pub fn in_words(error: &gmm_core::Error, names: Option<&[String]>) -> String {
    match error {
        gmm_core::Error::NotPositiveDefinite { component, pivot, ridge } => format!(
            "covariance of component {component} is not positive definite at feature {}, even with \
             --reg-covar {ridge:e}; use fewer components (-k), a larger --reg-covar, or rescale the features",
            feature(*pivot, names)
        ),
        gmm_core::Error::InvalidOption { option, value, requirement } => {
            let option = match *option {
                "time_budget" => return "no fit began within --time-budget; raise it".into(),
                "prior.degrees_of_freedom" => "--prior-dof",
                other => other,
            };
            format!("{option} is {value}; it must be {requirement}")
        }
        gmm_core::Error::ShapeMismatch { left: "prior.mean", left_shape, right_shape, .. } => {
            let (found, expected) = (left_shape.iter().product(), right_shape.iter().product());
            let features = counted(expected, "feature");
            format!("--prior-mean has {} for {features}; write one for each", counted(found, "number"))
        }
        gmm_core::Error::OutOfMemory { covariance: "full" | "tied", .. } => {
            out_of_memory(error, "use --covariance diag, or fewer --columns")
        }
        gmm_core::Error::OutOfMemory { .. } => out_of_memory(error, "use fewer components (-k)"),
        other => other.to_string(),
    }
}

/// The memory that a fit would take, with advice; any other error in its own words.
pub fn out_of_memory(error: &gmm_core::Error, advice: &str) -> String {
    let &gmm_core::Error::OutOfMemory { n_components, n_features, covariance, bytes, limit, .. } = error
    else {
        return error.to_string();
    };
    let (k, d) = (n_components as u128, n_features as u128);
    let numbers = match covariance {
        "full" | "tied" => format!("K D^2 = {} numbers", k * d * d),
        _ => format!("K D = {} numbers", k * d),
    };
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let available =
        limit.map(|bytes| format!(", of which {} are available", gigabytes(bytes))).unwrap_or_default();
    format!(
        "{covariance} covariances of {} in {} are {numbers}, and a fit takes {} of memory{available}; {advice}",
        counted(n_components, "component"),
        counted(n_features, "feature"),
        gigabytes(bytes)
    )
}

/// The name of a feature, or its index.
pub fn feature(at: usize, names: Option<&[String]>) -> String {
    match names.and_then(|names| names.get(at)) {
        Some(name) => format!("'{}'", name.escape_debug()),
        None => at.to_string(),
    }
}
