//! Finds tumours without having seen one: a mixture is fitted to half of the benign samples of the
//! Wisconsin breast cancer data, and every other sample is scored by how little it resembles them.
//!
//! Run it with `cargo run --release --example breast_cancer`.

use std::error::Error;
use std::path::Path;

use gmm_core::{FitOptions, RegCovar, Samples, Scores, Threads, bic, fit, score};
use gmm_io::{Column, ReadOptions, Table};

fn main() -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/breast_cancer.csv");
    let mut table = read(&path)?;
    let malignant = read_diagnoses(&path)?;
    let d = table.n_features;
    let benign: Vec<usize> = (0..table.n_rows).filter(|&row| !malignant[row]).collect();
    let (training, held_out) = (benign.iter().step_by(2), benign.iter().skip(1).step_by(2));
    let held_out: Vec<usize> =
        held_out.copied().chain((0..table.n_rows).filter(|&row| malignant[row])).collect();
    let training: Vec<usize> = training.copied().collect();
    standardise(&mut table, &training);

    // Fit: BIC selects the number of components.
    let threads = Threads::all();
    let rows = rows_of(&table, &training);
    let samples = Samples::from_rows(&rows, training.len(), d)?;
    println!("{} benign samples of {d} features to learn from\n", training.len());
    println!("components  iterations  log-likelihood       BIC");
    let mut best = None;
    for n_components in 1..=3 {
        let options =
            FitOptions { reg_covar: RegCovar::Absolute(1e-3), n_init: 5, ..FitOptions::new(n_components) };
        let fitted = fit(&samples, &options, &threads)?;
        let log_likelihood =
            -score(&fitted.mixture, &samples, Scores::default(), &threads)? * training.len() as f64;
        let bic = bic(&fitted.mixture, log_likelihood, training.len());
        println!("{n_components:>10}{:>12}{log_likelihood:>16.1}{bic:>10.1}", fitted.n_iter);
        if best.as_ref().is_none_or(|(least, _)| bic < *least) {
            best = Some((bic, fitted.mixture));
        }
    }
    let (_, mixture) = best.ok_or("nothing was fitted")?;

    // Score: the energy of a sample is its negative log-likelihood, in nats.
    let energies = gmm_core::energy(&mixture, &samples, &threads)?;
    let threshold = quantile(&energies, 0.95);
    let rows = rows_of(&table, &held_out);
    let energies = gmm_core::energy(&mixture, &Samples::from_rows(&rows, held_out.len(), d)?, &threads)?;
    let of = |wanted: bool| -> Vec<f64> {
        held_out
            .iter()
            .zip(&energies)
            .filter(|&(&row, _)| malignant[row] == wanted)
            .map(|(_, &e)| e)
            .collect()
    };
    let (healthy, ill) = (of(false), of(true));

    let k = mixture.n_components();
    println!("\nthe least BIC has k = {k}; energies of {} samples that it has not seen\n", held_out.len());
    println!("             samples    10 %    median     90 %   above the threshold of {threshold:.1}");
    for (name, energies) in [("benign", &healthy), ("malignant", &ill)] {
        let [low, middle, high] = [0.1, 0.5, 0.9].map(|share| quantile(energies, share));
        let above = energies.iter().filter(|&&energy| energy > threshold).count();
        let share = 100.0 * above as f64 / energies.len() as f64;
        println!(
            "{name:<12}{:>8}{low:>8.1}{middle:>10.1}{high:>9.1}{above:>8} ({share:.0} %)",
            energies.len()
        );
    }
    println!("\nROC-AUC of the energy as a detector: {:.3}", roc_auc(&healthy, &ill));
    Ok(())
}

/// The 30 measurements.
fn read(path: &Path) -> Result<Table, gmm_io::Error> {
    let options = ReadOptions { columns: Column::parse_list("2-31")?, ..ReadOptions::default() };
    gmm_io::read_all(&mut *gmm_io::open(path, &options)?)
}

/// The first column: whether each sample is malignant.
fn read_diagnoses(path: &Path) -> std::io::Result<Vec<bool>> {
    Ok(std::fs::read_to_string(path)?.lines().skip(1).map(|line| line.starts_with("malignant")).collect())
}

/// Gives every feature mean 0 and deviation 1 over the rows of `training`.
fn standardise(table: &mut Table, training: &[usize]) {
    let d = table.n_features;
    for feature in 0..d {
        let column: Vec<f64> = training.iter().map(|row| table.values[row * d + feature]).collect();
        let mean = column.iter().sum::<f64>() / column.len() as f64;
        let variance = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / column.len() as f64;
        for value in table.values.iter_mut().skip(feature).step_by(d) {
            *value = (*value - mean) / variance.sqrt();
        }
    }
}

fn rows_of(table: &Table, rows: &[usize]) -> Vec<f64> {
    rows.iter().flat_map(|row| &table.values[row * table.n_features..][..table.n_features]).copied().collect()
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// The probability that an ill sample has more energy than a healthy one.
fn roc_auc(healthy: &[f64], ill: &[f64]) -> f64 {
    let wins =
        ill.iter().flat_map(|x| healthy.iter().map(move |y| f64::from(x > y) + 0.5 * f64::from(x == y)));
    wins.sum::<f64>() / (healthy.len() * ill.len()) as f64
}
