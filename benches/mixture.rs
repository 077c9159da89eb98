//! Time of energies, parameters and iterations, by criterion, on all threads of the machine.
//!
//! `cargo bench -p gmm-benches --bench mixture`; add `-- energy/f64` for some of it. Throughput is
//! in n k d² multiply-adds, twice that for an iteration.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gmm_benches::WORKLOADS;
use gmm_core::{
    FitOptions, Init, MatRef, Mixture, ParamsOptions, Real, Responsibilities, Samples, Threads, energy, fit,
    params_with,
};

fn measure<T: Real>(criterion: &mut Criterion) {
    let threads = Threads::all();
    for workload in WORKLOADS {
        let drawn = workload.draw();
        let cast = |values: &[f64]| -> Vec<T> { values.iter().map(|&value| T::from_f64(value)).collect() };
        let (z, gamma) = (cast(&drawn.z), cast(&drawn.gamma));
        let samples = Samples::from_rows(&z, drawn.n, drawn.d).expect("drawn samples are finite");
        let view = MatRef::from_row_major_slice(&gamma, drawn.n, drawn.k);
        let gamma = Responsibilities::new(view).expect("drawn responsibilities are finite");
        let options = ParamsOptions { ridge: 1e-3, ..ParamsOptions::default() };
        let mixture = params_with(&samples, &gamma, &options, &threads).expect("a ridge of 1e-3 is enough");

        let mut group = criterion.benchmark_group(format!("energy/{}", T::NAME));
        group.sample_size(10).throughput(Throughput::Elements(workload.work()));
        group.bench_function(workload.name(), |b| b.iter(|| energy(&mixture, &samples, &threads)));
        group.finish();

        let mut group = criterion.benchmark_group(format!("params/{}", T::NAME));
        group.sample_size(10).throughput(Throughput::Elements(workload.work()));
        group.bench_function(workload.name(), |b| {
            b.iter(|| params_with(&samples, &gamma, &options, &threads))
        });
        group.finish();

        if drawn.n > drawn.k {
            let start = start(&mixture);
            let options = FitOptions {
                max_iter: 1,
                reg_covar: 1e-3,
                init: Init::Mixture(start),
                ..FitOptions::new(drawn.k)
            };
            let mut group = criterion.benchmark_group(format!("em_iter/{}", T::NAME));
            group.sample_size(10).throughput(Throughput::Elements(2 * workload.work()));
            group.bench_function(workload.name(), |b| b.iter(|| fit(&samples, &options, &threads)));
            group.finish();
        }
    }
}

/// The same mixture with weights that sum to one, which rounded responsibilities do not promise.
fn start(mixture: &Mixture) -> Mixture {
    let sum: f64 = mixture.weights().iter().sum();
    let weights: Vec<f64> = mixture.weights().iter().map(|weight| weight / sum).collect();
    let full = mixture.covariances();
    Mixture::from_factors(&weights, mixture.means(), full.values(), full.ridges(), full.cholesky(), &[])
        .expect("only the weights changed")
}

criterion_group!(benches, measure::<f64>, measure::<f32>);
criterion_main!(benches);
