//! Swaps lead out of local optima, never lower the bound, and respect control, weights and priors.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::*;
use crate::control::Progress;
use crate::em::options::Init;
use crate::mixture::CovarianceType;
use crate::{
    Cancel, Fit, Prior, Real, Samples, Source, Stop, Threads, fit, fit_observed, fit_stream, sample,
};

/// Eight groups on a ring (d = 2).
fn ring() -> Mixture {
    let means: Vec<f64> = (0..8)
        .flat_map(|at| {
            let angle = std::f64::consts::TAU * at as f64 / 8.0;
            [20.0 * angle.cos(), 20.0 * angle.sin()]
        })
        .collect();
    let covariances = [1.0, 0.3, 0.3, 0.8].repeat(8);
    Mixture::new(&[0.125; 8], &means, &covariances).unwrap()
}

fn rows(n: usize) -> Vec<f64> {
    sample(&ring(), n, 3).unwrap().0
}

/// Starts that nearly always have a wrong centre.
fn options() -> FitOptions {
    FitOptions { init: Init::RandomFromData, ..FitOptions::new(8) }
}

fn fitted<T: Real>(samples: &Samples<'_, T>, options: &FitOptions) -> Fit {
    fit(samples, options, &Threads::one()).unwrap()
}

/// The same without swaps.
fn plain<T: Real>(samples: &Samples<'_, T>, options: &FitOptions) -> Fit {
    fitted(samples, &FitOptions { max_failed_swaps: Some(0), ..options.clone() })
}

#[test]
fn swaps_lead_out_of_where_restarts_are_stuck() {
    let rows = rows(800);
    let samples = Samples::from_rows(&rows, 800, 2).unwrap();
    let known = FitOptions { init: Init::Mixture(ring()), ..FitOptions::new(8) };
    let best = fitted(&samples, &known).lower_bound();
    let mut stuck = 0;
    for seed in 0..10 {
        let options = FitOptions { seed, max_failed_swaps: Some(40), ..options() };
        let (without, with) = (plain(&samples, &options), fitted(&samples, &options));
        stuck += usize::from(without.lower_bound() < best - 0.05);
        assert_eq!(without.n_swaps, 0);
        assert_eq!(with.n_swaps > 0, with.lower_bound() > without.lower_bound());
        assert!(with.lower_bound() > best - 2e-3, "{seed}: {} {best}", with.lower_bound());
    }
    assert!(stuck >= 8, "{stuck}");
}

#[test]
fn no_swap_lowers_the_bound_whatever_is_fitted() {
    let rows = rows(500);
    let singles: Vec<f32> = rows.iter().map(|&x| x as f32).collect();
    let weights: Vec<f64> = (0..500).map(|row| f64::from(row % 4) * 0.7).collect();
    for covariance_type in CovarianceType::ALL {
        for prior in [None, Some(Prior::default())] {
            let options = FitOptions { covariance_type, prior, n_init: 2, ..options() };
            let one = Samples::from_rows(&rows, 500, 2).unwrap();
            let single = Samples::from_rows(&singles, 500, 2).unwrap();
            let weighted = one.with_weights(&weights).unwrap();
            for (with, without) in [
                (fitted(&one, &options), plain(&one, &options)),
                (fitted(&weighted, &options), plain(&weighted, &options)),
                (fitted(&single, &options), plain(&single, &options)),
            ] {
                assert!(with.lower_bound() >= without.lower_bound(), "{covariance_type}");
                assert_eq!(with.n_swaps > 0, with != without, "{covariance_type}");
                assert_eq!((with.restart, with.n_iter), (without.restart, with.lower_bounds.len()));
            }
        }
    }
}

/// The diagnosis is that of the components of the last swap, not of the restart before it.
#[test]
fn the_diagnosis_is_that_of_the_mixture_that_came_out() {
    let rows = rows(800);
    let weights: Vec<f64> = (0..800).map(|row| 1.0 + f64::from(row % 3)).collect();
    let samples = Samples::from_rows(&rows, 800, 2).unwrap().with_weights(&weights).unwrap();
    let fitted = fitted(&samples, &FitOptions { max_failed_swaps: Some(40), ..options() });
    assert!(fitted.n_swaps > 0);
    let total: f64 = weights.iter().sum();
    for (component, weight) in fitted.diagnosis.components.iter().zip(fitted.mixture.weights()) {
        assert!((component.effective_count - weight * total).abs() < 1e-9 * total);
    }
}

#[test]
fn a_row_of_weight_2_is_swapped_like_two_rows() {
    let rows = rows(400);
    let twice: Vec<f64> = [&rows[..], &rows[..]].concat();
    let weights = [2.0; 400];
    let options = FitOptions { max_failed_swaps: Some(30), init: Init::Kmeans, ..options() };
    let heavy = Samples::from_rows(&rows, 400, 2).unwrap().with_weights(&weights).unwrap();
    let both = Samples::from_rows(&twice, 800, 2).unwrap();
    let [heavy, both] = [fitted(&heavy, &options), fitted(&both, &options)].map(|fit| fit.lower_bound());
    assert!((heavy - both).abs() < 2e-3, "{heavy} {both}");
}

#[test]
fn the_same_bits_from_any_number_of_threads() {
    let rows = rows(12_000);
    let samples = Samples::from_rows(&rows, 6000, 4).unwrap();
    for covariance_type in CovarianceType::ALL {
        let options = FitOptions { covariance_type, n_init: 2, n_components: 12, ..options() };
        let one = fitted(&samples, &options);
        assert!(one.n_swaps > 0, "{covariance_type}");
        for threads in [2, 3, 7] {
            assert!(
                fit(&samples, &options, &Threads::new(threads)).unwrap() == one,
                "{covariance_type} {threads}"
            );
        }
    }
}

#[test]
fn one_restart_has_no_swaps_unless_they_are_requested_and_one_component_never_has() {
    let rows = rows(300);
    let samples = Samples::from_rows(&rows, 300, 2).unwrap();
    assert_eq!(fitted(&samples, &options()), plain(&samples, &options()));
    let alone = FitOptions { n_components: 1, n_init: 3, max_failed_swaps: Some(9), ..options() };
    assert_eq!(fitted(&samples, &alone), plain(&samples, &alone));
}

#[test]
fn a_spent_budget_or_a_break_ends_the_swaps_with_the_best_so_far() {
    let rows = rows(800);
    let samples = Samples::from_rows(&rows, 800, 2).unwrap();
    let options = FitOptions { n_init: 2, ..options() };
    let spent = fitted(&samples, &FitOptions { time_budget: Some(Duration::ZERO), ..options.clone() });
    assert_eq!((spent.stop, spent.n_iter, spent.restart, spent.n_swaps), (Stop::OutOfTime, 1, 0, 0));
    let without = plain(&samples, &options);
    for last in 1..6 {
        let mut seen = Vec::new();
        let mut observer = |progress: Progress| {
            seen.push((progress.n_swaps, progress.iteration));
            if progress.n_swaps == last && progress.iteration == 2 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        };
        let ended = fit_observed(&samples, &options, &Threads::one(), &mut observer).unwrap();
        assert_eq!(ended.stop, Stop::Cancelled);
        assert!(ended.lower_bound() >= without.lower_bound());
        // Swaps are reported one after the other, and nothing is reported after the break.
        assert_eq!(seen.last(), Some(&(last, 2)));
        assert!(seen.iter().map(|&(moves, _)| moves).is_sorted());
    }
}

/// Equal rows, one of them with hardly any weight: every swap fails before its first iteration. Time, cancel flag and
/// observer used to be ignored there.
#[test]
fn swaps_that_fail_before_an_iteration_end_with_the_time_with_the_token_and_with_a_break() {
    let rows = [2.5; 23];
    let mut weights = [1.0; 23];
    weights[22] = 1e-300;
    let samples = Samples::from_rows(&rows, 23, 1).unwrap().with_weights(&weights).unwrap();
    for covariance_type in CovarianceType::ALL {
        let endless = FitOptions {
            covariance_type,
            init: Init::Random,
            max_failed_swaps: Some(1 << 40),
            n_init: 1,
            ..FitOptions::new(2)
        };
        let begun = Instant::now();
        let in_time = FitOptions { time_budget: Some(Duration::from_millis(20)), ..endless.clone() };
        // A fit that is not ended from outside may end by itself.
        let stop = fitted(&samples, &in_time).stop;
        assert!(matches!(stop, Stop::OutOfTime | Stop::Converged), "{covariance_type} {stop:?}");

        let cancel = Cancel::new();
        cancel.request();
        let cancelled = FitOptions { cancel: Some(cancel), ..endless.clone() };
        assert_eq!(fitted(&samples, &cancelled).stop, Stop::Cancelled, "{covariance_type}");

        let mut told = 0;
        let stop = fit_observed(&samples, &endless, &Threads::one(), &mut |progress| {
            told += usize::from(progress.n_swaps > 0);
            if told == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(told == 3 || stop.unwrap().stop != Stop::Cancelled, "{covariance_type} {told}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{covariance_type}");
    }
}

/// Rows in memory, as a source.
struct Rows<'a>(&'a [f64], usize);

impl Source<f64> for Rows<'_> {
    type Error = Error;

    fn n_features(&self) -> usize {
        2
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.1 = 0;
        Ok(())
    }

    fn read(&mut self, max_rows: usize, rows: &mut Vec<f64>, _: &mut Vec<f64>) -> Result<usize, Error> {
        let n = max_rows.min(90).min(self.0.len() / 2 - self.1);
        rows.extend_from_slice(&self.0[2 * self.1..2 * (self.1 + n)]);
        self.1 += n;
        Ok(n)
    }
}

#[test]
fn a_source_has_the_swaps_of_the_same_rows_in_memory() {
    let rows = rows(800);
    let options = FitOptions { n_init: 2, ..options() };
    let whole = fitted(&Samples::from_rows(&rows, 800, 2).unwrap(), &options);
    let mut observer = |_: Progress| ControlFlow::Continue(());
    let streamed = fit_stream(&mut Rows(&rows, 0), &options, &Threads::one(), &mut observer).unwrap();
    assert!(whole.n_swaps > 0);
    assert_eq!((streamed.n_swaps, streamed.n_iter), (whole.n_swaps, whole.n_iter));
    assert!((streamed.lower_bound() - whole.lower_bound()).abs() < 1e-9);
}

#[test]
fn a_swap_removes_one_and_splits_another() {
    let (before, mut stream) = (ring(), Stream::of_swaps(0));
    let mut splits = [false; 8];
    for _ in 0..100 {
        let after = swapped(&before, &mut stream).unwrap();
        assert!((after.weights().iter().sum::<f64>() - 1.0).abs() < 1e-15);
        let halves: Vec<usize> = (0..8).filter(|&at| after.weights()[at] < 0.1).collect();
        assert_eq!(halves.len(), 2);
        assert_eq!(after.covariances(), before.covariances());
        for component in 0..8 {
            let pair = |mixture: &Mixture| mixture.means()[2 * component..][..2].to_vec();
            assert_eq!(pair(&after) == pair(&before), !halves.contains(&component));
        }
        halves.into_iter().for_each(|at| splits[at] = true);
    }
    assert_eq!(splits, [true; 8]);
}

#[test]
fn a_dropped_component_comes_back_and_the_only_one_is_not_removed() {
    let before = Mixture::new(&[0.0, 1.0], &[0.0, 5.0], &[1.0, 2.0]).unwrap().with_dropped(vec![0]);
    let mut stream = Stream::of_swaps(0);
    let after: Vec<Option<Mixture>> = (0..40).map(|_| swapped(&before, &mut stream)).collect();
    assert!(after.iter().any(Option::is_none));
    for after in after.into_iter().flatten() {
        assert_eq!((after.weights(), after.covariances().values()), (&[0.5, 0.5][..], &[2.0, 2.0][..]));
        assert_eq!(after.dropped(), []);
    }
}

#[test]
fn swaps_from_a_given_start_are_refused() {
    let rows = rows(100);
    let samples = Samples::from_rows(&rows, 100, 2).unwrap();
    let options = FitOptions { init: Init::Mixture(ring()), max_failed_swaps: Some(4), ..FitOptions::new(8) };
    let refusal = fit(&samples, &options, &Threads::one()).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "max_failed_swaps is 4; it must be 0 when the start or its means are given, because a swap does not keep them"
    );
}
