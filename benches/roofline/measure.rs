//! Seconds of one call and of one iteration: the median of as many as fit into a budget.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use gmm_benches::{Data, RIDGE, Spread, Workload};
use gmm_core::{
    FitOptions, Gradients, Init, LossOptions, ParamsOptions, Real, RegCovar, Threads, energy, fit_observed,
    loss, params_with,
};

/// Calls shorter than this (seconds) are timed in groups, because reading the clock takes time too.
const SHORTEST: f64 = 50e-6;

/// Maximum number of iterations timed in one fit, so that the components stay as separated as they were drawn.
const MAX_ITERATIONS: usize = 8;

/// How long to measure a row: until both the time and the number of repeats are reached.
#[derive(Clone, Copy)]
pub struct Budget {
    seconds: f64,
    min_repeats: usize,
}

impl Budget {
    pub fn new(quick: bool) -> Budget {
        if quick { Budget { seconds: 0.15, min_repeats: 1 } } else { Budget { seconds: 0.6, min_repeats: 3 } }
    }

    pub fn time(self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn is_spent(self, begin: Instant, n_repeats: usize) -> bool {
        n_repeats >= self.min_repeats && begin.elapsed() >= self.time()
    }
}

/// A measured operation.
#[derive(Clone, Copy)]
pub enum Op {
    Energy,
    Params,
    Grad,
    Iteration(Spread),
}

impl Op {
    /// The operations to measure on data of this spread. Only iterations depend on the spread.
    pub fn of(workload: Workload, spread: Spread) -> Vec<Op> {
        let mut ops = match spread {
            Spread::Overlapping => vec![Op::Energy, Op::Params],
            Spread::Separated => Vec::new(),
        };
        if workload.n >= workload.k {
            // One sample has variance 0, so `cov_diag` is infinite and has no gradient.
            if matches!(spread, Spread::Overlapping) {
                ops.push(Op::Grad);
            }
            ops.push(Op::Iteration(spread));
        }
        ops
    }

    pub fn name(self) -> &'static str {
        match self {
            Op::Energy => "energy",
            Op::Params => "params",
            Op::Grad => "grad",
            Op::Iteration(Spread::Overlapping) => "em_iter",
            Op::Iteration(Spread::Separated) => "em_iter_separated",
        }
    }

    pub fn flops(self, workload: Workload) -> f64 {
        match self {
            Op::Energy | Op::Params => workload.flops() as f64,
            Op::Grad => 4.0 * workload.flops() as f64,
            Op::Iteration(_) => 2.0 * workload.flops() as f64,
        }
    }

    pub fn seconds<T: Real>(self, data: &Data<T>, threads: &Threads, budget: Budget) -> f64 {
        let samples = data.samples();
        match self {
            Op::Energy => of_call(budget, || {
                black_box(energy(&data.start, &samples, threads).expect("shapes agree"));
            }),
            Op::Params => {
                let gamma = data.responsibilities();
                let options = ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() };
                of_call(budget, || {
                    let mixture = params_with(&samples, &gamma, &options, threads);
                    black_box(mixture.expect("a ridge is enough"));
                })
            }
            Op::Grad => {
                let gamma = data.responsibilities();
                let params = ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() };
                let options = LossOptions { params, ..LossOptions::default() };
                let (n, d) = (samples.n_samples(), samples.n_features());
                let mut of_samples = vec![T::ZERO; n * d];
                let mut of_gamma = vec![T::ZERO; n * gamma.n_components()];
                of_call(budget, || {
                    let gradients =
                        Gradients { samples: Some(&mut of_samples), responsibilities: Some(&mut of_gamma) };
                    let value = loss(&samples, &gamma, &options, gradients, threads);
                    black_box(value.expect("a ridge is enough"));
                })
            }
            Op::Iteration(_) => of_iteration(data, threads, budget),
        }
    }
}

fn of_call(budget: Budget, mut call: impl FnMut()) -> f64 {
    let begin = Instant::now();
    let mut seconds_of = |n_calls: usize| {
        let begin = Instant::now();
        (0..n_calls).for_each(|_| call());
        begin.elapsed().as_secs_f64() / n_calls as f64
    };
    // The first call starts threads and touches memory. Its time is used only if the budget allows no other call.
    let first = seconds_of(1);
    if budget.is_spent(begin, 1) {
        return first;
    }
    let n_calls = (SHORTEST / seconds_of(1)).ceil().clamp(1.0, 1e3) as usize;
    let mut seconds = Vec::new();
    while !budget.is_spent(begin, seconds.len()) {
        seconds.push(seconds_of(n_calls));
    }
    median(seconds)
}

/// The time between two reports of a fit is one iteration. This excludes the start and the first iteration, which
/// touches memory.
fn of_iteration<T: Real>(data: &Data<T>, threads: &Threads, budget: Budget) -> f64 {
    let samples = data.samples();
    let mut options = FitOptions {
        max_iter: 2,
        tol: 0.0,
        reg_covar: RegCovar::Absolute(RIDGE),
        init: Init::Mixture(data.start.clone()),
        ..FitOptions::new(data.start.n_components())
    };
    let begin = Instant::now();
    let mut seconds: Vec<f64> = Vec::new();
    while !budget.is_spent(begin, seconds.len()) {
        let mut last: Option<Instant> = None;
        fit_observed(&samples, &options, threads, &mut |_| {
            let now = Instant::now();
            seconds.extend(last.replace(now).map(|last| now.duration_since(last).as_secs_f64()));
            ControlFlow::Continue(())
        })
        .expect("a regularised covariance has a factor");
        let n_affordable = (budget.seconds / seconds[0]) as usize;
        options.max_iter = 1 + n_affordable.clamp(budget.min_repeats, MAX_ITERATIONS);
    }
    median(seconds)
}

/// The median; of an even number of values, the upper of the middle two.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
