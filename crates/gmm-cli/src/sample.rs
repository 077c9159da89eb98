//! `gmm sample`: samples drawn from a model, block by block, to CSV on standard output, or to a file.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use gmm_core::Sampler;
use gmm_io::{Model, WholeFile, write_npy_header, write_npy_values};

use crate::args::{count, counted, model_path};
use crate::exit::Failure;
use crate::number::Exact;
use crate::{messages, output};

/// Largest number of values in a block: 512 KiB.
const MAX_BLOCK_VALUES: usize = (512 << 10) / size_of::<f64>();

const AFTER_HELP: &str = "\
Examples:
  gmm sample model.safetensors -n 1000 > new.csv
  gmm sample model.safetensors -n 1000 --seed 1 --labels > new.csv
  gmm sample model.safetensors -n 1000000 -o new.npy

Prints one line for each sample. The same model and seed give the same samples on every machine, \
and a larger -n only adds lines. Columns have the names of the model's features, or are numbered from 0, as components \
are. Numbers read back to the same bits. A file is written only when it is complete.";

/// Draw samples from a model, as CSV or as an npy array
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// A model that gmm fit wrote
    #[arg(value_name = "MODEL", value_parser = model_path())]
    model: PathBuf,

    /// Number of samples
    #[arg(short = 'n', long = "n", value_name = "COUNT", value_parser = count, allow_negative_numbers = true)]
    n_samples: usize,

    /// Seed of all random choices
    #[arg(long, value_name = "NUMBER", default_value = "0")]
    seed: u64,

    /// File to write the samples to: a name that ends in .csv or .npy [default: CSV on standard output]
    #[arg(short, long, value_name = "FILE", value_parser = samples_path())]
    output: Option<PathBuf>,

    /// Add the component of each sample as the last column: label
    #[arg(long)]
    labels: bool,

    /// Leave out the line of column names
    #[arg(long)]
    no_header: bool,

    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
}

fn samples_path() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("csv" | "npy") => Ok(path),
            _ => Err("write a name that ends in .csv or .npy, or leave it out for CSV on standard output"),
        }
    })
}

/// Format of the samples.
#[derive(Clone, Copy, PartialEq)]
enum Format {
    Csv,
    Npy,
}

impl Format {
    fn of(path: &Path) -> Self {
        if path.extension().is_some_and(|extension| extension == "npy") { Format::Npy } else { Format::Csv }
    }
}

/// Reads the model, draws and writes.
pub fn run(args: &Args) -> Result<(), Failure> {
    let format = args.output.as_deref().map_or(Format::Csv, Format::of);
    if args.no_header && format == Format::Npy {
        return Err(Failure::Usage("--no-header is for CSV; an npy array has no names to leave out".into()));
    }
    if let Some(path) = &args.output {
        output::check(path, &args.model, "the samples", "the model")?;
    }
    let model = Model::load(&args.model)?;
    match &args.output {
        None => {
            let mut output = BufWriter::with_capacity(1 << 16, output::stdout()?);
            draw(args, &model, format, &mut output, &Failure::of_stdout)?;
            output.flush().map_err(|error| Failure::of_stdout(&error))?;
        }
        Some(path) => {
            let of_file = |error: gmm_io::Error| Failure::Output(error.to_string());
            let failed =
                |error: &io::Error| Failure::Output(format!("cannot write {}: {error}", path.display()));
            let mut output = WholeFile::create(path).map_err(of_file)?;
            draw(args, &model, format, &mut output, &failed)?;
            output.keep().map_err(of_file)?;
        }
    }
    if !args.quiet {
        messages::print(&format!("{} drawn with seed {}", counted(args.n_samples, "sample"), args.seed));
    }
    Ok(())
}

/// Draws all samples into `output`.
fn draw(
    args: &Args,
    model: &Model,
    format: Format,
    output: &mut impl Write,
    failed: &dyn Fn(&io::Error) -> Failure,
) -> Result<(), Failure> {
    let refused = |error| Failure::Input(format!("{}: {error}", args.model.display()));
    let mixture = &model.mixture;
    let mut sampler = Sampler::new(mixture, args.seed).map_err(refused)?;
    let d = mixture.n_features();
    match format {
        Format::Csv if args.no_header => Ok(()),
        Format::Csv => writeln!(output, "{}", names(model, args.labels)),
        Format::Npy => write_npy_header(args.n_samples, d + usize::from(args.labels), output),
    }
    .map_err(|error| failed(&error))?;
    let progress = messages::rows(Some(args.n_samples), args.quiet);
    let block_rows = (MAX_BLOCK_VALUES / d).clamp(1, args.n_samples);
    let (mut rows, mut labels) = (vec![0.0; block_rows * d], vec![0; block_rows]);
    for start in (0..args.n_samples).step_by(block_rows) {
        let n_rows = block_rows.min(args.n_samples - start);
        let (rows, labels) = (&mut rows[..n_rows * d], &mut labels[..n_rows]);
        sampler.fill(rows, labels).map_err(refused)?;
        let labels = args.labels.then_some(&*labels);
        match format {
            Format::Csv => write_lines(rows, d, labels, output),
            Format::Npy => write_values(rows, d, labels, output),
        }
        .map_err(|error| failed(&error))?;
        progress.set_position((start + n_rows) as u64);
    }
    Ok(())
}

fn names(model: &Model, with_label: bool) -> String {
    let mut names: Vec<String> = match &model.feature_names {
        Some(names) => names.iter().map(|name| quoted(name)).collect(),
        None => (0..model.mixture.n_features()).map(|feature| format!("feature_{feature}")).collect(),
    };
    if with_label {
        names.push("label".into());
    }
    names.join(",")
}

/// A name as a field of CSV.
fn quoted(name: &str) -> String {
    let plain = !name.is_empty() && !name.contains([',', '"', '\n', '\r']) && name.trim() == name;
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

fn write_lines(
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

fn write_values(
    rows: &[f64],
    n_features: usize,
    labels: Option<&[u32]>,
    output: &mut impl Write,
) -> io::Result<()> {
    let Some(labels) = labels else { return write_npy_values(rows, output) };
    rows.chunks_exact(n_features).zip(labels).try_for_each(|(row, &label)| {
        write_npy_values(row, output)?;
        write_npy_values(&[f64::from(label)], output)
    })
}
