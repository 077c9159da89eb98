//! A report of each workload's flops a second, compared with a matrix multiply in the same process.
//!
//! `cargo bench -p gmm-benches --bench roofline -- [--json FILE] [--filter SUBSTRING] [--quick]`
//!
//! ```text
//! gemm                        2 m n k flops     one multiply and one add for every term
//! energy, params              n k d² flops      a triangle has d²/2 terms: a solve, half a product
//! grad                        4 n k d² flops    value and gradients of a loss: four of its six triangles
//! em_iter, em_iter_separated  2 n k d² flops    one iteration from given parameters: both of them
//! ```
//!
//! A rate measures results per second. Additional work of a kernel is not counted, such as the other half of a
//! symmetric product, exponentials and packing. Work that a kernel skips is counted, so on separated data a rate may
//! exceed that of the multiply. A row is named `op/dtype/threads/NxDxK`; the filter is a part of such a name. A
//! relative FILE is in `benches/`, where cargo runs benches.

mod gemm;
mod machine;
mod measure;

use std::cell::LazyCell;
use std::path::PathBuf;
use std::process::ExitCode;

use gmm_benches::{Data, Spread, WORKLOADS, Workload};
use gmm_core::{Real, Threads};
use serde_json::{Value, json};

use crate::gemm::Gemm;
use crate::measure::{Budget, Op};

const USAGE: &str = "usage: roofline [--json FILE] [--filter SUBSTRING] [--quick]";

const CONVENTION: &str = "flops counted: 2mnk for gemm, N K D^2 for energy and params, 4 N K D^2 for grad, \
     2 N K D^2 for em_iter; \
     percent_of_gemm is of the gemm with the same dtype and thread count";

#[derive(Default)]
struct Arguments {
    json: Option<PathBuf>,
    filter: String,
    quick: bool,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
        let mut arguments = Arguments::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--json" => arguments.json = Some(words.next()?.into()),
                "--filter" => arguments.filter = words.next()?,
                "--quick" => arguments.quick = true,
                // Cargo passes this to every bench.
                "--bench" => {}
                _ => return None,
            }
        }
        Some(arguments)
    }
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    // Check the folder first, so that minutes of measuring are not lost.
    let folder = arguments.json.as_ref().and_then(|path| path.parent());
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        eprintln!("{} is not a folder", folder.display());
        return ExitCode::from(2);
    }
    let counts = thread_counts();
    // Every row is divided by these rates, so they are measured in full even with `--quick`.
    let gemm = Gemm::measure(&counts, Budget::new(false));
    let budget = Budget::new(arguments.quick);
    let mut report = Report { filter: arguments.filter, gemm, rows: Vec::new() };
    report.print_head();
    for workload in WORKLOADS {
        report.measure::<f64>(*workload, &counts, budget);
        report.measure::<f32>(*workload, &counts, budget);
    }
    if let Some(path) = arguments.json
        && let Err(error) = std::fs::write(&path, report.to_json())
    {
        eprintln!("{}: {error}", path.display());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// One thread, and all threads of the machine if that is more.
fn thread_counts() -> Vec<usize> {
    let mut counts = vec![1, Threads::all().count()];
    counts.dedup();
    counts
}

struct Report {
    filter: String,
    gemm: Gemm,
    rows: Vec<Value>,
}

impl Report {
    fn print_head(&self) {
        println!("{}\n{CONVENTION}\n", machine::describe());
        for (name, rate) in self.gemm.named() {
            println!("gemm {name:<8}{:>10.1} gflops", rate / 1e9);
        }
        println!(
            "\n{:<19}{:<7}{:>7}{:>9}{:>5}{:>4}{:>13}{:>9}{:>17}",
            "op", "dtype", "threads", "n", "d", "k", "ms", "gflops", "percent_of_gemm"
        );
    }

    fn measure<T: Real>(&mut self, workload: Workload, counts: &[usize], budget: Budget) {
        for spread in [Spread::Overlapping, Spread::Separated] {
            // Drawn by the first row that passes the filter, if any.
            let data: LazyCell<Data<T>, _> = LazyCell::new(|| workload.draw(spread));
            for op in Op::of(workload, spread) {
                for &count in counts {
                    let name = format!("{}/{}/{count}/{}", op.name(), T::NAME, workload.name());
                    if name.contains(&self.filter) {
                        let seconds = op.seconds(&data, &Threads::new(count), budget);
                        self.add(op, T::NAME, count, workload, seconds);
                    }
                }
            }
        }
    }

    fn add(&mut self, op: Op, dtype: &str, threads: usize, workload: Workload, seconds: f64) {
        let Workload { n, d, k } = workload;
        let (op, rate) = (op.name(), op.flops(workload) / seconds);
        let (ms, gflops) = (seconds * 1e3, rate / 1e9);
        let percent = 100.0 * rate / self.gemm.rate(dtype, threads);
        println!("{op:<19}{dtype:<7}{threads:>7}{n:>9}{d:>5}{k:>4}{ms:>13.5}{gflops:>9.2}{percent:>17.1}");
        self.rows.push(json!({
            "op": op, "dtype": dtype, "threads": threads, "n": n, "d": d, "k": k,
            "ms": rounded(ms, 5), "gflops": rounded(gflops, 3), "percent_of_gemm": rounded(percent, 1),
        }));
    }

    /// JSON with one row a line, so that two records can be compared by eye and by `diff`.
    fn to_json(&self) -> String {
        let gemm: serde_json::Map<String, Value> =
            self.gemm.named().map(|(name, rate)| (name, json!(rounded(rate / 1e9, 2)))).collect();
        let rows: Vec<String> = self.rows.iter().map(Value::to_string).collect();
        format!(
            "{{\n\"machine\": {},\n\"convention\": {},\n\"gemm\": {},\n\"rows\": [\n{}\n]\n}}\n",
            machine::describe(),
            json!(CONVENTION),
            json!(gemm),
            rows.join(",\n")
        )
    }
}

fn rounded(value: f64, n_decimals: i32) -> f64 {
    let scale = 10_f64.powi(n_decimals);
    (value * scale).round() / scale
}
