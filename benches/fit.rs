//! Time of complete fits, and of the parts around their iterations, by criterion, on all threads of the machine.
//!
//! `cargo bench -p gmm-benches --bench fit`

use std::ops::ControlFlow;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use gmm_benches::{Spread, Workload};
use gmm_core::{
    CovarianceType, FitOptions, Init, Prior, RobustOptions, Samples, Source, Stepwise, StepwiseOptions,
    SweepOptions, Threads, fit, fit_robust, fit_stream, sweep,
};

/// 50 000 x 14 with 30 components: a user requested ten iterations in 100 ms for this shape.
const WISH: Workload = Workload { n: 50_000, d: 14, k: 30 };

/// A typical shape for diagonal covariances: many features, many components.
const WIDE: Workload = Workload { n: 200_000, d: 32, k: 64 };

fn ten_iterations(criterion: &mut Criterion) {
    let threads = Threads::all();
    let data = WISH.draw::<f64>(Spread::Overlapping);
    let samples = data.samples();
    let weights: Vec<f64> = (0..WISH.n).map(|row| 0.5 + (row % 4) as f64 * 0.25).collect();
    let weighted = samples.with_weights(&weights).expect("positive weights");
    let base = FitOptions { init: Init::KmeansPlusPlus, max_iter: 10, tol: 0.0, ..FitOptions::new(WISH.k) };
    let mut group = group(criterion, "ten_iterations/50000x14x30");
    let mut time = |name: &str, samples: &Samples<'_, f64>, options: &FitOptions| {
        group.bench_function(name, |b| b.iter(|| fit(samples, options, &threads)));
    };
    time("kmeans++", &samples, &base);
    time("kmeans", &samples, &FitOptions { init: Init::Kmeans, ..base.clone() });
    time("weighted", &weighted, &base);
    time("prior", &samples, &FitOptions { prior: Some(Prior::default()), ..base.clone() });
    for covariance_type in [CovarianceType::Tied, CovarianceType::Diag, CovarianceType::Spherical] {
        time(covariance_type.name(), &samples, &FitOptions { covariance_type, ..base.clone() });
    }
    // The time of k-means++ is the difference of these two. Both make one iteration; the second starts from the result
    // of the first.
    let one = FitOptions { max_iter: 1, ..base.clone() };
    time("kmeans++, one iteration", &samples, &one);
    let start = fit(&samples, &one, &threads).expect("a start").mixture;
    time("one iteration", &samples, &FitOptions { init: Init::Mixture(start), ..one });
    group.finish();
}

fn diagonal_iterations(criterion: &mut Criterion) {
    let threads = Threads::all();
    let data = WIDE.draw::<f64>(Spread::Overlapping);
    let samples = data.samples();
    let start = FitOptions {
        covariance_type: CovarianceType::Diag,
        init: Init::RandomFromData,
        max_iter: 1,
        ..FitOptions::new(WIDE.k)
    };
    let start = fit(&samples, &start, &threads).expect("a start").mixture;
    let options = FitOptions {
        covariance_type: CovarianceType::Diag,
        init: Init::Mixture(start),
        max_iter: 10,
        tol: 0.0,
        ..FitOptions::new(WIDE.k)
    };
    let mut group = group(criterion, "ten_iterations/200000x32x64");
    group.bench_function("diag", |b| b.iter(|| fit(&samples, &options, &threads)));
    group.finish();
}

/// Rows in memory, read like those of a file.
struct Rows<'a> {
    values: &'a [f64],
    next: usize,
}

impl Source<f64> for Rows<'_> {
    type Error = std::convert::Infallible;

    fn n_features(&self) -> usize {
        WISH.d
    }

    fn rewind(&mut self) -> Result<(), Self::Error> {
        self.next = 0;
        Ok(())
    }

    fn read(&mut self, max_rows: usize, rows: &mut Vec<f64>, _: &mut Vec<f64>) -> Result<usize, Self::Error> {
        let n = max_rows.min(WISH.n - self.next);
        rows.extend_from_slice(&self.values[self.next * WISH.d..(self.next + n) * WISH.d]);
        self.next += n;
        Ok(n)
    }
}

fn beyond_memory(criterion: &mut Criterion) {
    let threads = Threads::all();
    let data = WISH.draw::<f64>(Spread::Overlapping);
    let options =
        FitOptions { init: Init::KmeansPlusPlus, max_iter: 10, tol: 0.0, ..FitOptions::new(WISH.k) };
    let mut group = group(criterion, "beyond_memory/50000x14x30");
    group.bench_function("stream", |b| {
        let mut source = Rows { values: &data.z, next: 0 };
        b.iter(|| fit_stream(&mut source, &options, &threads, &mut |_| ControlFlow::Continue(())));
    });
    group.bench_function("stepwise", |b| {
        b.iter(|| {
            let mut learner = Stepwise::new(data.start.clone(), StepwiseOptions::default()).expect("options");
            for batch in data.z.chunks(5_000 * WISH.d) {
                let samples = Samples::from_rows(batch, batch.len() / WISH.d, WISH.d).expect("finite");
                learner.update(&samples, &threads).expect("samples with extent");
            }
        });
    });
    group.finish();
}

fn selection(criterion: &mut Criterion) {
    let threads = Threads::all();
    let workload = Workload { n: 2_000, d: 8, k: 5 };
    let data = workload.draw::<f64>(Spread::Overlapping);
    let options = SweepOptions {
        covariance_types: CovarianceType::ALL.into(),
        ..SweepOptions::new((1..=10).collect::<Vec<_>>())
    };
    let mut group = group(criterion, "sweep/2000x8");
    group.bench_function("k 1..10, four structures", |b| {
        b.iter(|| sweep(&data.samples(), &options, &threads, &mut |_| ControlFlow::Continue(())));
    });
    group.finish();
}

/// All four mixtures until they converge, and the largest one alone.
fn robust(criterion: &mut Criterion) {
    let threads = Threads::all();
    let data = WISH.draw::<f64>(Spread::Overlapping);
    let options = RobustOptions { contamination: 0.05, ..RobustOptions::default() };
    let mut group = group(criterion, "robust/50000x14");
    for (name, n_components) in [("k 1, 2, 4, 8", vec![1, 2, 4, 8]), ("k 8", vec![8])] {
        let options = RobustOptions { n_components, ..options.clone() };
        group.bench_function(name, |b| b.iter(|| fit_robust(&data.samples(), &options, &threads)));
    }
    group.finish();
}

/// Fits take long, so ten of them make a measurement.
fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
) -> BenchmarkGroup<'a, criterion::measurement::WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10).warm_up_time(Duration::from_millis(500));
    group
}

criterion_group!(benches, ten_iterations, diagonal_iterations, beyond_memory, selection, robust);
criterion_main!(benches);
