//! The cost of a call through the C ABI, compared with the same call in Rust, by criterion.
//!
//! `cargo bench -p gmm-benches --bench ffi`. The C side is a program, `calls.c`, linked with
//! `libgmm.so` as a user's program would be. It reads how many calls to make, and times its own loop. The Rust side
//! does the same work as the C function, including the check of the samples. So the difference is the cost of the
//! boundary: guard, views, checks for overlapping buffers, and copies of outputs.
//!
//! ```text
//! energy  parameters that the caller holds    gmm_energy_f64            Mixture::from_independent, score
//! score   a mixture that was created before   gmm_mixture_energies_f64  score
//! params  parameters from responsibilities    gmm_params_f64            params
//! grad    the loss of a deep mixture          gmm_loss_f64              loss
//! ```

use std::cell::RefCell;
use std::fs;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use gmm_benches::{Data, RIDGE, Spread, Workload};
use gmm_core::{
    Gradients, LossOptions, Mixture, ParamsOptions, Responsibilities, Samples, Scores, Threads, loss, params,
    score,
};
use gmm_tests::{Link, compile, root};

/// A call that is only overhead, and two small ones.
const CALLS: [Workload; 3] =
    [Workload { n: 1, d: 8, k: 4 }, Workload { n: 256, d: 8, k: 4 }, Workload { n: 1024, d: 4, k: 2 }];

fn measure(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = compile(&root().join("benches/ffi/calls.c"), Link::Shared, folder.path());
    let threads = Threads::all();
    for workload in CALLS {
        let Workload { n, d, k } = workload;
        let data: Data<f64> = workload.draw(Spread::Overlapping);
        let (start, full) = (&data.start, data.start.covariances());
        let held = [start.weights(), start.means(), full.values(), full.cholesky(), full.log_dets()];
        let caller = RefCell::new(Caller::start(&program, folder.path(), workload, &data, held));
        let mut energies = vec![0.0; n];
        let mut compare = |op: &str, call: &mut dyn FnMut()| {
            let mut group = criterion.benchmark_group(format!("ffi/{op}/{}", workload.name()));
            group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
            group.bench_function("c", |b| b.iter_custom(|n_calls| caller.borrow_mut().time(op, n_calls)));
            group.bench_function("rust", |b| b.iter(&mut *call));
            group.finish();
        };

        compare("energy", &mut || {
            let [phi, mu, cov, chol, log_det] = held.map(black_box);
            let mixture = Mixture::from_independent(phi, mu, cov, chol, log_det).expect("it was a mixture");
            let samples = Samples::from_rows(black_box(&data.z), n, d).expect("drawn samples are finite");
            let scores = Scores { energies: Some(&mut energies), ..Scores::default() };
            black_box(score(&mixture, &samples, scores, &threads).expect("shapes agree"));
        });

        compare("score", &mut || {
            let samples = Samples::from_rows(black_box(&data.z), n, d).expect("drawn samples are finite");
            let scores = Scores { energies: Some(&mut energies), ..Scores::default() };
            black_box(score(black_box(start), &samples, scores, &threads).expect("shapes agree"));
        });

        compare("params", &mut || {
            let samples = Samples::from_rows(black_box(&data.z), n, d).expect("drawn samples are finite");
            let gamma = Responsibilities::from_rows(black_box(&data.gamma), n, k).expect("shares are finite");
            black_box(params(&samples, &gamma, RIDGE, &threads).expect("a ridge is enough"));
        });

        if n == 1 {
            // One sample has variance 0, so `cov_diag` is infinite and has no gradient.
            continue;
        }
        let (mut of_samples, mut of_gamma) = (vec![0.0; n * d], vec![0.0; n * k]);
        let options = LossOptions {
            params: ParamsOptions { ridge: RIDGE, ..ParamsOptions::default() },
            ..LossOptions::default()
        };
        compare("grad", &mut || {
            let samples = Samples::from_rows(black_box(&data.z), n, d).expect("drawn samples are finite");
            let gamma = Responsibilities::from_rows(black_box(&data.gamma), n, k).expect("shares are finite");
            let gradients =
                Gradients { samples: Some(&mut of_samples), responsibilities: Some(&mut of_gamma) };
            black_box(loss(&samples, &gamma, &options, gradients, &threads).expect("a ridge is enough"));
        });
    }
}

/// The C program, which waits for requests.
struct Caller {
    child: Child,
    orders: Option<ChildStdin>,
    times: BufReader<ChildStdout>,
}

impl Caller {
    fn start(
        program: &Path,
        folder: &Path,
        workload: Workload,
        data: &Data<f64>,
        held: [&[f64]; 5],
    ) -> Caller {
        let file = folder.join(workload.name());
        let arrays = [data.z.as_slice(), &data.gamma].into_iter().chain(held);
        let bytes: Vec<u8> = arrays.flatten().flat_map(|value| value.to_ne_bytes()).collect();
        fs::write(&file, bytes).expect("a temporary folder can be written to");
        let mut child = Command::new(program)
            .arg(file)
            .args([workload.n, workload.d, workload.k].map(|size| size.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a built program runs");
        let orders = child.stdin.take();
        let times = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Caller { child, orders, times }
    }

    /// The time of `n_calls` calls, by the program's own clock.
    fn time(&mut self, op: &str, n_calls: u64) -> Duration {
        let orders = self.orders.as_mut().expect("open until dropped");
        writeln!(orders, "{op} {n_calls}").expect("the program waits for orders");
        let mut line = String::new();
        self.times.read_line(&mut line).expect("the program answers");
        let nanoseconds =
            line.trim().parse().unwrap_or_else(|_| panic!("{op}: the program printed {line:?}"));
        Duration::from_nanos(nanoseconds)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        // The program ends at the end of its input.
        self.orders = None;
        // The result does not matter: the program may have ended already.
        let _ = self.child.wait();
    }
}

criterion_group!(benches, measure);
criterion_main!(benches);
