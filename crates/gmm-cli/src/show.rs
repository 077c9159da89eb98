//! `gmm show`: the contents of a model file, for people and for scripts.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use gmm_core::{CovarianceType, Mixture, n_parameters};
use gmm_io::Model;

use crate::args::{counted, model_path};
use crate::exit::Failure;
use crate::number::{Exact, rounded, rounded_alike};
use crate::{messages, output};

/// Number of features shown for each component without --full.
const SHOWN_FEATURES: usize = 10;

const AFTER_HELP: &str = "\
Examples:
  gmm show model.safetensors
  gmm show model.safetensors --full | less
  gmm show model.safetensors --json | jq .weights

Components are numbered from 0, and so are features without names. The deviation is the square root of the \
variance, and the log-determinant is that of the covariance.";

/// Show a model: weights, means, deviations; covariances too with --json
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A model that gmm fit wrote
    #[arg(value_name = "MODEL", value_parser = model_path())]
    model: PathBuf,

    /// Show all features
    #[arg(long)]
    full: bool,

    /// Print everything as JSON, exact to the last bit
    #[arg(long, conflicts_with = "full")]
    json: bool,
}

/// Reads the model and prints it.
pub fn run(args: &Args) -> Result<(), Failure> {
    let model = Model::load(&args.model)?;
    let mut output = BufWriter::new(output::stdout()?);
    let written = if args.json {
        write_json(&model, &mut output)
    } else {
        let shown = if args.full { model.mixture.n_features() } else { SHOWN_FEATURES };
        write_text(&model, &args.model.display().to_string(), shown, &mut output)
    };
    written.and_then(|()| output.flush()).map_err(|error| Failure::of_stdout(&error))
}

fn write_text(model: &Model, name: &str, shown: usize, output: &mut impl Write) -> io::Result<()> {
    let mixture = &model.mixture;
    let d = mixture.n_features();
    let mut facts = vec![
        ("components", mixture.n_components().to_string()),
        ("features", d.to_string()),
        ("covariances", described(mixture.covariances().covariance_type()).to_owned()),
        ("parameters", n_parameters(mixture).to_string()),
    ];
    // A long text is not printed, only its length; --json prints it.
    let text = |value: &str| match value.chars().count() <= 60 {
        true => value.escape_debug().to_string(),
        false => counted(value.len(), "byte"),
    };
    facts.extend(model.metadata.iter().map(|(key, value)| (key.as_str(), text(value))));
    writeln!(output, "{name}\n")?;
    write!(output, "{}", messages::facts(&facts))?;
    // The line about left-out features takes as much space as one feature, so a single one is shown instead.
    let shown = if shown + 1 >= d { d } else { shown };
    for component in 0..mixture.n_components() {
        writeln!(output, "\n{}", heading(mixture, component))?;
        write!(output, "{}", messages::table(&features(model, component, shown)))?;
        if shown < d {
            writeln!(output, "  ... and {} more features; --full shows them", d - shown)?;
        }
    }
    Ok(())
}

fn described(covariance_type: CovarianceType) -> &'static str {
    match covariance_type {
        CovarianceType::Full => "full: each component has its own matrix",
        CovarianceType::Tied => "tied: all components share one matrix",
        CovarianceType::Diag => "diag: each component has its own variances",
        CovarianceType::Spherical => "spherical: each component has one variance",
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

/// The first features of a component, under a line of their names.
fn features(model: &Model, component: usize, shown: usize) -> Vec<Vec<String>> {
    let mixture = &model.mixture;
    let d = mixture.n_features();
    let variances = mixture.covariances().variances(component);
    let deviations: Vec<f64> = variances.iter().take(shown).map(|v| v.sqrt()).collect();
    let means = rounded_alike(&mixture.means()[component * d..][..shown]);
    let mut rows = vec![vec!["feature".to_owned(), "mean".to_owned(), "deviation".to_owned()]];
    for (feature, (mean, deviation)) in means.into_iter().zip(rounded_alike(&deviations)).enumerate() {
        let named = model.feature_names.as_ref().map(|names| names[feature].escape_debug().to_string());
        let name = named.filter(|name| !name.is_empty()).unwrap_or_else(|| feature.to_string());
        rows.push(vec![name, mean, deviation]);
    }
    rows
}

/// One object, one member a line. Written without a JSON tree: k × d × d numbers in one would take ten times the
/// model.
fn write_json(model: &Model, output: &mut impl Write) -> io::Result<()> {
    let mixture = &model.mixture;
    let (k, d, held) = (mixture.n_components(), mixture.n_features(), mixture.covariances());
    let covariance_type = held.covariance_type();
    writeln!(
        output,
        "{{\n\"n_components\": {k},\n\"n_features\": {d},\n\"covariance_type\": \"{covariance_type}\","
    )?;
    if let Some(names) = &model.feature_names {
        let names: Vec<String> = names.iter().map(|name| json(name)).collect();
        writeln!(output, "\"feature_names\": [{}],", names.join(", "))?;
    }
    if !model.metadata.is_empty() {
        let pairs: Vec<String> =
            model.metadata.iter().map(|(key, value)| format!("{}: {}", json(key), json(value))).collect();
        writeln!(output, "\"metadata\": {{{}}},", pairs.join(", "))?;
    }
    for (name, values, shape) in [
        ("weights", mixture.weights(), &[k][..]),
        ("means", mixture.means(), &[k, d]),
        ("covariances", held.values(), &covariance_type.shape(k, d)),
        ("ridges", held.ridges(), &[k]),
        ("log_determinants", held.log_dets(), &[k]),
    ] {
        write!(output, "\"{name}\": ")?;
        write_array(values, shape, output)?;
        writeln!(output, ",")?;
    }
    writeln!(output, "\"dropped\": {:?}\n}}", mixture.dropped())
}

/// A text as a JSON string.
fn json(text: &str) -> String {
    let mut quoted = String::from('"');
    for symbol in text.chars() {
        match symbol {
            '"' | '\\' => quoted.extend(['\\', symbol]),
            control if u32::from(control) < 0x20 => quoted += &format!("\\u{:04x}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
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
