//! `gmm show`: what is in a model file, for people and for scripts.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use gmm_core::{Mixture, Structure, n_parameters};

use crate::args::model_path;
use crate::exit::Failure;
use crate::number::{Exact, rounded, rounded_alike};
use crate::talk;

/// Features of each component that are shown unless all are asked for.
const SHOWN_FEATURES: usize = 10;

const AFTER_HELP: &str = "\
Examples:
  gmm show model.safetensors
  gmm show model.safetensors --full | less
  gmm show model.safetensors --json | jq .weights

Components and features count from 0. The deviation is the square root of a variance, and the \
log-determinant is that of the covariance.";

/// Show what is in a model: weights, means, deviations; covariances too with --json
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A model that gmm fit wrote
    #[arg(value_name = "MODEL", value_parser = model_path())]
    model: PathBuf,

    /// Show every feature, however many
    #[arg(long)]
    full: bool,

    /// Print everything as JSON, exact to the last bit
    #[arg(long, conflicts_with = "full")]
    json: bool,
}

/// Reads the model and prints it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let mixture = gmm_io::load_model(&args.model)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let written = if args.json {
        write_json(&mixture, &mut output)
    } else {
        let shown = if args.full { mixture.n_features() } else { SHOWN_FEATURES };
        write_text(&mixture, &args.model.display().to_string(), shown, &mut output)
    };
    written.and_then(|()| output.flush()).map_err(|error| Failure::of_stdout(&error))
}

fn write_text(mixture: &Mixture, name: &str, shown: usize, output: &mut impl Write) -> io::Result<()> {
    let d = mixture.n_features();
    let facts = [
        ("components", mixture.n_components().to_string()),
        ("features", d.to_string()),
        ("covariances", described(mixture.covariances().structure()).to_owned()),
        ("parameters", n_parameters(mixture).to_string()),
    ];
    writeln!(output, "{name}\n")?;
    write!(output, "{}", talk::facts(&facts))?;
    // One more line says how many are left out; it may as well be the feature when there is one.
    let shown = if shown + 1 >= d { d } else { shown };
    for component in 0..mixture.n_components() {
        writeln!(output, "\n{}", heading(mixture, component))?;
        write!(output, "{}", talk::table(&features(mixture, component, shown)))?;
        if shown < d {
            writeln!(output, "  ... and {} more features; --full shows them", d - shown)?;
        }
    }
    Ok(())
}

fn described(structure: Structure) -> &'static str {
    match structure {
        Structure::Full => "full: each component has its own matrix",
        Structure::Tied => "tied: all components share one matrix",
        Structure::Diag => "diag: each component has its own variances",
        Structure::Spherical => "spherical: each component has one variance",
    }
}

/// One component on one line.
fn heading(mixture: &Mixture, component: usize) -> String {
    let covariances = mixture.covariances();
    let mut line = format!(
        "component {component}: weight {}, log-determinant {}",
        rounded(mixture.weights()[component]),
        rounded(covariances.log_dets()[component])
    );
    let ridge = covariances.ridges()[component];
    if ridge > 0.0 {
        line += &format!(", ridge {ridge:e}");
    }
    if mixture.dropped().contains(&component) {
        line += ", dropped: no sample belonged to it";
    }
    line
}

/// The first features of a component, with what they are called on top.
fn features(mixture: &Mixture, component: usize, shown: usize) -> Vec<Vec<String>> {
    let d = mixture.n_features();
    let variances = mixture.covariances().variances(component);
    let deviations: Vec<f64> = variances.iter().take(shown).map(|v| v.sqrt()).collect();
    let means = rounded_alike(&mixture.means()[component * d..][..shown]);
    let mut rows = vec![vec!["feature".to_owned(), "mean".to_owned(), "deviation".to_owned()]];
    for (feature, (mean, deviation)) in means.into_iter().zip(rounded_alike(&deviations)).enumerate() {
        rows.push(vec![feature.to_string(), mean, deviation]);
    }
    rows
}

/// One object, a member a line. By hand: k × d × d numbers as a tree would be ten times the model.
fn write_json(mixture: &Mixture, output: &mut impl Write) -> io::Result<()> {
    let (k, d, held) = (mixture.n_components(), mixture.n_features(), mixture.covariances());
    let structure = held.structure();
    writeln!(
        output,
        "{{\n\"n_components\": {k},\n\"n_features\": {d},\n\"covariance_type\": \"{structure}\","
    )?;
    for (name, values, shape) in [
        ("weights", mixture.weights(), &[k][..]),
        ("means", mixture.means(), &[k, d]),
        ("covariances", held.values(), &structure.shape(k, d)),
        ("ridges", held.ridges(), &[k]),
        ("log_determinants", held.log_dets(), &[k]),
    ] {
        write!(output, "\"{name}\": ")?;
        write_array(values, shape, output)?;
        writeln!(output, ",")?;
    }
    writeln!(output, "\"dropped\": {:?}\n}}", mixture.dropped())
}

/// `values` of `shape`, row-major, as arrays of arrays.
fn write_array(values: &[f64], shape: &[usize], output: &mut impl Write) -> io::Result<()> {
    let Some((_, inner)) = shape.split_first() else {
        return values.iter().try_for_each(|&value| write!(output, "{}", Exact(value)));
    };
    write!(output, "[")?;
    for (at, part) in values.chunks_exact(inner.iter().product()).enumerate() {
        if at > 0 {
            write!(output, ", ")?;
        }
        write_array(part, inner, output)?;
    }
    write!(output, "]")
}
