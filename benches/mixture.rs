//! Time of energies, parameters and iterations, by criterion, on all threads of the machine.
//!
//! `cargo bench -p gmm-benches --bench mixture`; add `-- energy/f64` to select some of them. Throughput
//! is in flops as `roofline` counts them: n k d², and twice that for an iteration.

use std::cell::LazyCell;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gmm_benches::{Data, RIDGE, Spread, WORKLOADS};
use gmm_core::{FitOptions, Init, ParamsOptions, Real, Threads, energy, fit, params_with};

fn measure<T: Real>(criterion: &mut Criterion) {
    let threads = Threads::all();
    for workload in WORKLOADS {
        // Drawn by the first measurement that passes the filter, if any.
        let data: LazyCell<Data<T>, _> = LazyCell::new(|| workload.draw(Spread::Overlapping));
        let mut group_of = |op: &str, flops: u64, time: &mut dyn FnMut(&mut criterion::Bencher<'_>)| {
            let mut group = criterion.benchmark_group(format!("{op}/{}", T::NAME));
            // The longest calls take seconds, so ten of them make a measurement.
            group.sample_size(10).warm_up_time(Duration::from_millis(500));
            group.throughput(Throughput::Elements(flops)).bench_function(workload.name(), time);
            group.finish();
        };

        group_of("energy", workload.flops(), &mut |b| {
            let samples = data.samples();
            b.iter(|| energy(&data.start, &samples, &threads))
        });

        group_of("params", workload.flops(), &mut |b| {
            let (samples, gamma) = (data.samples(), data.responsibilities());
            let options = ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() };
            b.iter(|| params_with(&samples, &gamma, &options, &threads))
        });

        if workload.n >= workload.k {
            group_of("em_iter", 2 * workload.flops(), &mut |b| {
                let samples = data.samples();
                let options = FitOptions {
                    max_iter: 1,
                    reg_covar: gmm_core::RegCovar::Absolute(RIDGE),
                    init: Init::Mixture(data.start.clone()),
                    ..FitOptions::new(workload.k)
                };
                b.iter(|| fit(&samples, &options, &threads))
            });
        }
    }
}

criterion_group!(benches, measure::<f64>, measure::<f32>);
criterion_main!(benches);
