//! `gmm select`: fits several numbers of components and structures, compares them, and keeps the best.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use gmm_core::{Candidate, CovarianceType, Criterion, Error, FitOptions, Stop, Sweep, SweepOptions, sweep};

use crate::args::{counted, model_path};
use crate::exit::Failure;
use crate::fitting::{Fitting, StructureArg, in_words, refusal, samples_of, save};
use crate::number::{Exact, criterion};
use crate::report::Report;
use crate::{interrupt, messages, output};

/// A limit on what a typing error can start.
const MAX_COUNTS: usize = 1000;

const AFTER_HELP: &str = "\
Examples:
  gmm select data.csv -k 1-9
  gmm select data.csv -k 2,4,8,16 --covariance full,diag --criterion icl -o best.safetensors
  gmm select data.csv -k 1-9 --covariance all --csv > table.csv

Prints one line for each number of components and covariance structure. For all three criteria, smaller is better: AIC \
favours good predictions, BIC the most plausible mixture, ICL components that do not overlap. The time budget \
is for all fits together. Ctrl-C, SIGTERM and SIGHUP end the run after the current fits; a second signal ends it at \
once.";

/// Compare numbers of components and structures by AIC, BIC and ICL, and keep the best
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Samples to fit, one a row: CSV text or an npy array; - is standard input
    #[arg(value_name = "DATA")]
    data: PathBuf,

    /// Numbers of components to try: numbers and ranges, as in 1-4,8
    #[arg(short = 'k', long, value_name = "LIST", value_parser = counts, allow_hyphen_values = true)]
    components: Counts,

    /// Covariance structures to try: full, tied, diag, spherical, several separated by commas, or all
    #[arg(long, value_name = "LIST", default_value = "full", value_parser = covariance_types)]
    covariance: Structures,

    /// Criterion that selects the best
    #[arg(long, value_name = "NAME", default_value = "bic")]
    criterion: CriterionArg,

    /// File to write the best model to
    #[arg(short, long, value_name = "MODEL", value_parser = model_path())]
    output: Option<PathBuf>,

    /// Print the table as CSV, exact to the last bit
    #[arg(long)]
    csv: bool,

    #[command(flatten)]
    fitting: Fitting,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CriterionArg {
    Aic,
    Bic,
    Icl,
}

impl CriterionArg {
    fn criterion(self) -> Criterion {
        match self {
            CriterionArg::Aic => Criterion::Aic,
            CriterionArg::Bic => Criterion::Bic,
            CriterionArg::Icl => Criterion::Icl,
        }
    }

    fn name(self) -> &'static str {
        match self {
            CriterionArg::Aic => "AIC",
            CriterionArg::Bic => "BIC",
            CriterionArg::Icl => "ICL",
        }
    }
}

/// Lists in one argument; clap would treat a bare `Vec` as an argument that repeats.
#[derive(Clone, Debug, PartialEq)]
struct Counts(Vec<usize>);

fn counts(text: &str) -> Result<Counts, String> {
    let refused =
        || format!("write numbers and ranges from 1, such as 1-4,8, and at most {MAX_COUNTS} of them");
    let number = |text: &str| text.trim().parse::<usize>().ok().filter(|&count| count > 0);
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = number(first).zip(number(last)).ok_or_else(refused)?;
        if last < first || last - first >= MAX_COUNTS - all.len() {
            return Err(refused());
        }
        all.extend(first..=last);
    }
    match all.iter().enumerate().find(|(at, count)| all[..*at].contains(count)) {
        Some((_, twice)) => Err(format!("{twice} is given twice; write it once")),
        None => Ok(Counts(all)),
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Structures(Vec<CovarianceType>);

fn covariance_types(text: &str) -> Result<Structures, String> {
    if text == "all" {
        return Ok(Structures(CovarianceType::ALL.into()));
    }
    let mut all = Vec::new();
    for part in text.split(',') {
        let covariance_type = <StructureArg as clap::ValueEnum>::from_str(part.trim(), false)
            .map_err(|_| "write full, tied, diag, spherical, several with commas, or all".to_owned())?
            .covariance_type();
        if all.contains(&covariance_type) {
            return Err(format!("{covariance_type} is given twice; write it once"));
        }
        all.push(covariance_type);
    }
    Ok(Structures(all))
}

/// Reads, fits all candidates, writes the best, prints the table, and reports the best.
pub fn run(args: &Args) -> Result<(), Failure> {
    if let Some(path) = &args.output {
        output::check(path, &args.data, "the model", "the data")?;
    }
    // A closed standard output is detected before the fits, unless a model is written anyway.
    if args.output.is_none() {
        drop(output::stdout()?);
    }
    let table = args.fitting.read(&args.data, None)?;
    let names = table.names.as_deref();
    let samples = samples_of(&table, &args.data)?;
    let threads = args.fitting.threads();
    let swept = swept(args, |options, observer| sweep(&samples, options, &threads, observer));
    let swept = swept.map_err(|error| refusal(&error, &args.data, names))?;
    let Some(Ok((fitted, criteria))) = swept.candidates.get(swept.best).map(|best| &best.outcome) else {
        unreachable!("a sweep without a mixture is an error");
    };
    if let Some(path) = &args.output {
        save(path, &fitted.mixture, names)?;
    }
    let mut output = BufWriter::new(output::stdout()?);
    let written = match args.csv {
        true => write_csv(&swept.candidates, &mut output),
        false => output.write_all(lines(args, &swept, names).as_bytes()),
    };
    written.and_then(|()| output.flush()).map_err(|error| Failure::of_stdout(&error))?;
    if !args.fitting.quiet {
        let count = table.weights.as_ref().map_or(table.n_rows as f64, |weights| weights.iter().sum());
        let criteria = Some((count, *criteria));
        let (data, n_rows) = (&*args.data, table.n_rows);
        let output: Option<&Path> = args.output.as_deref();
        let notes = &table.notes;
        let report = Report { data, output, fitting: &args.fitting, fitted, n_rows, names, notes, criteria };
        messages::print(&format!("\n{}\n{}", describe_best(args, &swept), report.text().trim_end()));
    }
    interrupt::outcome(interrupt::requested())
}

/// Fits all candidates, shows progress, and ends the sweep when a signal arrives.
fn swept(
    args: &Args,
    sweep: impl FnOnce(
        &SweepOptions,
        &mut (dyn FnMut(&Candidate) -> ControlFlow<()> + Send),
    ) -> Result<Sweep, Error>,
) -> Result<Sweep, Error> {
    let options = SweepOptions {
        n_components: args.components.0.clone(),
        covariance_types: args.covariance.0.clone(),
        criterion: args.criterion.criterion(),
        // The running candidate is finished: the criteria of an unfinished one would not be comparable.
        fit: FitOptions { cancel: None, ..args.fitting.options(1, CovarianceType::default()) },
    };
    let progress = messages::candidates(n_requested(args), args.fitting.quiet);
    interrupt::watch();
    sweep(&options, &mut |_| {
        progress.inc(1);
        if interrupt::requested() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

fn n_requested(args: &Args) -> usize {
    args.components.0.len() * args.covariance.0.len()
}

/// The best candidate, and how many were tried.
fn describe_best(args: &Args, swept: &Sweep) -> String {
    let best = &swept.candidates[swept.best];
    let (components, of) = (counted(best.n_components, "component"), best.covariance_type);
    let (done, requested) = (swept.candidates.len(), n_requested(args));
    let cut = match (done < requested, interrupt::requested()) {
        (false, _) => String::new(),
        (true, true) => format!("; {done} of {requested} candidates were tried before the interrupt"),
        (true, false) => format!("; {done} of {requested} candidates were tried within --time-budget"),
    };
    format!("best by {}: {components}, {of}{cut}", args.criterion.name())
}

/// The table for people.
fn lines(args: &Args, swept: &Sweep, names: Option<&[String]>) -> String {
    let head = ["components", "covariance", "parameters", "AIC", "BIC", "ICL", "iterations"];
    let mut rows = vec![head.map(String::from).to_vec()];
    for (at, candidate) in swept.candidates.iter().enumerate() {
        let mut row = vec![candidate.n_components.to_string(), candidate.covariance_type.to_string()];
        let mut notes = Vec::new();
        match &candidate.outcome {
            Ok((fitted, criteria)) => {
                row.push(criteria.n_parameters.to_string());
                row.extend([criteria.aic, criteria.bic, criteria.icl].map(criterion));
                row.push(fitted.n_iter.to_string());
                if at == swept.best {
                    notes.push(format!("best by {}", args.criterion.name()));
                }
                if !fitted.converged() {
                    notes.push(args.fitting.stopped(&fitted.stop, names));
                }
            }
            Err(error) => {
                row.resize(head.len(), "-".into());
                notes.push(in_words(error, names));
            }
        }
        row.push(notes.join("; "));
        rows.push(row);
    }
    messages::table(&rows)
}

/// The table for programs. Fields that a refused candidate does not have are empty.
fn write_csv(candidates: &[Candidate], output: &mut impl Write) -> io::Result<()> {
    writeln!(output, "components,covariance,parameters,log_likelihood,aic,bic,icl,iterations,outcome")?;
    for Candidate { n_components, covariance_type: covariance, outcome } in candidates {
        write!(output, "{n_components},{covariance},")?;
        match outcome {
            Ok((fitted, criteria)) => {
                write!(output, "{}", criteria.n_parameters)?;
                for value in [criteria.log_likelihood, criteria.aic, criteria.bic, criteria.icl] {
                    write!(output, ",{}", Exact(value))?;
                }
                writeln!(output, ",{},{}", fitted.n_iter, word(&fitted.stop))?;
            }
            Err(_) => writeln!(output, ",,,,,,refused")?,
        }
    }
    Ok(())
}

/// Why a fit ended, in one word.
fn word(stop: &Stop) -> &'static str {
    match stop {
        Stop::Converged => "converged",
        Stop::MaxIterations => "max_iterations",
        Stop::OutOfTime => "out_of_time",
        Stop::Cancelled => "interrupted",
        _ => "stopped_early",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_components_are_a_list_with_ranges() {
        assert_eq!(counts("1-4,8"), Ok(Counts(vec![1, 2, 3, 4, 8])));
        assert_eq!(counts("3"), Ok(Counts(vec![3])));
        assert_eq!(counts("1-1000").map(|counts| counts.0.len()), Ok(1000));
        for text in
            ["", "0", "0-2", "4-2", "1,", "a", "-1", "1-", "1-1001", "1-1000,2000", "1-18446744073709551615"]
        {
            assert!(counts(text).is_err_and(|why| why.starts_with("write numbers")), "{text:?}");
        }
        assert_eq!(counts("1-4,3"), Err("3 is given twice; write it once".into()));
    }

    #[test]
    fn structures_are_a_list_or_all() {
        assert_eq!(covariance_types("all"), Ok(Structures(CovarianceType::ALL.into())));
        assert_eq!(
            covariance_types("diag,full"),
            Ok(Structures(vec![CovarianceType::Diag, CovarianceType::Full]))
        );
        for text in ["", "full,", "banded", "full,full"] {
            assert!(covariance_types(text).is_err(), "{text:?}");
        }
    }
}
