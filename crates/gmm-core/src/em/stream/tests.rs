//! A source, compared with the same rows in memory.

use super::*;
use crate::{CovarianceType, fit};

/// Rows in memory, read a few at a time.
struct Few<'a> {
    rows: &'a [f64],
    weights: Option<&'a [f64]>,
    at_once: usize,
    next: usize,
    /// Reading this row fails.
    broken_at: Option<usize>,
}

impl Source<f64> for Few<'_> {
    type Error = String;

    fn n_features(&self) -> usize {
        2
    }

    fn rewind(&mut self) -> Result<(), String> {
        self.next = 0;
        Ok(())
    }

    fn read(
        &mut self,
        max_rows: usize,
        rows: &mut Vec<f64>,
        weights: &mut Vec<f64>,
    ) -> Result<usize, String> {
        let n = self.at_once.min(max_rows).min(self.rows.len() / 2 - self.next);
        if self.broken_at.is_some_and(|row| (self.next..self.next + n).contains(&row)) {
            return Err("the disk is gone".into());
        }
        rows.extend_from_slice(&self.rows[2 * self.next..2 * (self.next + n)]);
        weights.extend(self.weights.into_iter().flat_map(|all| &all[self.next..self.next + n]));
        self.next += n;
        Ok(n)
    }
}

fn rows() -> Vec<f64> {
    let value =
        |at: usize| (at * 7919 % 1009) as f64 / 100.0 + if (at / 2).is_multiple_of(3) { 30.0 } else { 0.0 };
    (0..1200).map(value).collect()
}

fn streamed(source: &mut Few<'_>, options: &FitOptions) -> Result<Fit, StreamError<String>> {
    fit_stream(source, options, &Threads::new(2), &mut |_| ControlFlow::Continue(()))
}

#[test]
fn a_source_is_fitted_as_the_same_rows_in_memory_are_however_it_is_cut() {
    let rows = rows();
    // Blocks of different weight, some without any, also in units whose products with squares overflow.
    let weights_of = |unit| (0..600).map(|row| unit * (row / 100 % 3) as f64).collect::<Vec<f64>>();
    let all_weights = [1.0, 1e-316, 1e300].map(weights_of);
    for covariance_type in CovarianceType::ALL {
        for weights in std::iter::once(None).chain(all_weights.iter().map(|weights| Some(&**weights))) {
            // Swaps find components of few samples here, whose rounding errors exceed the tolerance below.
            let options =
                FitOptions { covariance_type, n_init: 2, max_failed_swaps: Some(0), ..FitOptions::new(3) };
            let samples = Samples::from_rows(&rows, 600, 2).unwrap();
            let samples = weights.map_or(samples, |weights| samples.with_weights(weights).unwrap());
            let whole = fit(&samples, &options, &Threads::one()).unwrap();
            for at_once in [1, 7, 100, 600] {
                let mut source = Few { rows: &rows, weights, at_once, next: 0, broken_at: None };
                let fitted = streamed(&mut source, &options).unwrap();
                assert_eq!(
                    (fitted.n_iter, fitted.restart),
                    (whole.n_iter, whole.restart),
                    "{covariance_type}"
                );
                let pairs = fitted.mixture.means().iter().zip(whole.mixture.means());
                for (got, want) in pairs.chain(fitted.lower_bounds.iter().zip(&whole.lower_bounds)) {
                    assert!(
                        (got - want).abs() < 1e-9 * want.abs().max(1.0),
                        "{covariance_type}: {got} {want}"
                    );
                }
                let counts = fitted.diagnosis.components.iter().map(|component| component.effective_count);
                let total = weights.map_or(600.0, |weights| weights.iter().sum());
                assert!((counts.sum::<f64>() - total).abs() < 1e-9 * total);
            }
        }
    }
}

#[test]
fn a_source_that_breaks_or_holds_no_samples_says_so() {
    let mut rows = rows();
    let options = FitOptions::new(2);
    let mut source = Few { rows: &rows, weights: None, at_once: 50, next: 0, broken_at: Some(333) };
    assert_eq!(streamed(&mut source, &options), Err(StreamError::Source("the disk is gone".into())));
    let mut source = Few { rows: &[], weights: None, at_once: 50, next: 0, broken_at: None };
    assert!(matches!(streamed(&mut source, &options), Err(StreamError::Fit(Error::Empty { .. }))));
    let none = [0.0; 600];
    let mut source = Few { rows: &rows, weights: Some(&none), at_once: 50, next: 0, broken_at: None };
    assert_eq!(streamed(&mut source, &options), Err(StreamError::Fit(Error::NoWeight)));
    rows[2 * 444 + 1] = f64::NAN;
    let mut source = Few { rows: &rows, weights: None, at_once: 50, next: 0, broken_at: None };
    assert_eq!(
        streamed(&mut source, &options).unwrap_err().to_string(),
        "samples is NaN at row 444, column 1; remove or impute such values first"
    );
}

/// An endless source.
struct Endless(u64);

impl Source<f64> for Endless {
    type Error = String;

    fn n_features(&self) -> usize {
        1
    }

    fn rewind(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn read(&mut self, _: usize, rows: &mut Vec<f64>, _: &mut Vec<f64>) -> Result<usize, String> {
        self.0 += 1;
        rows.extend((0..100).map(|at| ((self.0 * 100 + at) * 7919 % 1009) as f64));
        Ok(100)
    }
}

#[test]
fn a_source_without_an_end_is_left_by_the_token_and_some_time_after_the_budget() {
    let quiet = &mut |_: Progress| ControlFlow::Continue(());
    let cancel = crate::Cancel::new();
    cancel.request();
    let options = FitOptions { cancel: Some(cancel.clone()), ..FitOptions::new(2) };
    let refused = fit_stream(&mut Endless(0), &options, &Threads::one(), quiet);
    assert_eq!(refused, Err(StreamError::Fit(Error::Cancelled)));
    let begun = std::time::Instant::now();
    let options =
        FitOptions { time_budget: Some(std::time::Duration::from_millis(20)), ..FitOptions::new(2) };
    let refused = fit_stream(&mut Endless(0), &options, &Threads::one(), quiet);
    assert_eq!(refused, Err(StreamError::Fit(Error::OutOfTime)));
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));

    // If a pass is cut short after the first iteration, the result is that of the first iteration.
    let rows = rows();
    cancel.reset();
    let options = FitOptions { cancel: Some(cancel.clone()), tol: 0.0, ..FitOptions::new(2) };
    let mut source = Few { rows: &rows, weights: None, at_once: 50, next: 0, broken_at: None };
    let fitted = fit_stream(&mut source, &options, &Threads::one(), &mut |progress| {
        if progress.iteration == 3 {
            cancel.request();
        }
        ControlFlow::Continue(())
    });
    let fitted = fitted.unwrap();
    assert_eq!((fitted.stop, fitted.n_iter), (Stop::Cancelled, 3));
}
