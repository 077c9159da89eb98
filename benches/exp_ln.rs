//! Nanoseconds of an exponential or a logarithm, compared with the standard library's, by criterion.
//!
//! `cargo bench -p gmm-benches --bench exp_ln`; add `-- ln/f32` to select some of them. An iteration is one
//! element of a loop over [`LEN`] elements in the first-level cache, so times are per element. Our functions are
//! compiled for each instruction set that this machine has, as the kernels are.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use gmm_kernels::{Isa, available, exp, exp_f32, ln, ln_f32};
use pulp::WithSimd;

/// Elements of a loop: input and output of doubles take 16 KiB.
const LEN: usize = 1024;

/// Terms below the largest of their row: the exponentials of a log-sum-exp.
fn powers() -> Vec<f64> {
    scattered().map(|share| -40.0 * share).collect()
}

/// Sums of up to 32 terms, one of which is 1: the logarithms of a log-sum-exp.
fn sums() -> Vec<f64> {
    scattered().map(|share| 1.0 + 31.0 * share).collect()
}

/// Values from 0 to 1, in an order that no branch predictor learns.
fn scattered() -> impl Iterator<Item = f64> {
    (0..LEN).map(|i| (i * 389 % LEN) as f64 / LEN as f64)
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

fn measure(criterion: &mut Criterion) {
    let (powers, sums) = (powers(), sums());
    let mut group = group_of(criterion, "exp/f64");
    loops(&mut group, &powers, f64::exp, exp);
    group.finish();

    let mut group = group_of(criterion, "ln/f64");
    loops(&mut group, &sums, f64::ln, ln);
    group.finish();

    let mut group = group_of(criterion, "exp/f32");
    loops(&mut group, &narrow(&powers), f32::exp, exp_f32);
    group.finish();

    let mut group = group_of(criterion, "ln/f32");
    loops(&mut group, &narrow(&sums), f32::ln, ln_f32);
    group.finish();
}

fn group_of<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(30).warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_millis(500));
    group
}

/// Times the standard library's function, then ours for each instruction set.
fn loops<T: Copy + Default>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    values: &[T],
    of_std: impl Fn(T) -> T,
    ours: impl Fn(T) -> T,
) {
    let mut out = vec![T::default(); values.len()];
    per_element(group, "std", || map(black_box(values), black_box(&mut out), &of_std));
    for isa in available() {
        per_element(group, &format!("{isa:?}").to_lowercase(), || {
            let (values, out) = (black_box(values), black_box(&mut *out));
            compiled_for(
                isa,
                #[inline(always)]
                || map(values, out, &ours),
            );
        });
    }
}

#[inline(always)]
fn map<T: Copy>(values: &[T], out: &mut [T], function: impl Fn(T) -> T) {
    for (out, &value) in out.iter_mut().zip(values) {
        *out = function(value);
    }
}

/// Times `pass`, a loop over [`LEN`] elements, and reports the time of one element to criterion.
fn per_element(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut pass: impl FnMut()) {
    group.bench_function(name, |b| {
        b.iter_custom(|n_passes| {
            let begin = Instant::now();
            (0..n_passes).for_each(|_| pass());
            begin.elapsed() / LEN as u32
        });
    });
}

/// Runs `work` compiled for `isa`, as gmm-kernels runs its own loops.
#[inline(always)]
fn compiled_for<Work: WithSimd>(isa: Isa, work: Work) -> Work::Output {
    #[cfg(target_arch = "x86_64")]
    match isa {
        Isa::Avx512 => {
            if let Some(simd) = pulp::x86::V4::try_new() {
                return pulp::Simd::vectorize(simd, work);
            }
        }
        Isa::Avx2 => {
            if let Some(simd) = pulp::x86::V3::try_new() {
                return pulp::Simd::vectorize(simd, work);
            }
        }
        Isa::Portable => {}
    }
    work.with_simd(pulp::Scalar)
}

criterion_group!(benches, measure);
criterion_main!(benches);
