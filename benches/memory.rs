//! A report of the peak memory of the program `gmm` while it scores a file larger than its buffers.
//!
//! `cargo bench -p gmm-benches --bench memory`. The peak is the kernel's high-water mark of the
//! process (VmHWM), read while it runs. A run on a file of one row shows the memory of the program itself.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gmm_core::{FitOptions, Samples, Threads, fit};
use gmm_verify::cases::Drawn;

const N_FEATURES: usize = 8;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let gmm = build();
    let drawn = Drawn::new(1, 4096, N_FEATURES, 4, 4.0);
    let samples = Samples::from_rows(&drawn.z, drawn.n, drawn.d).expect("drawn samples are finite");
    let fitted =
        fit(&samples, &FitOptions::new(4), &Threads::one()).expect("four groups have four covariances");
    let model = folder.path().join("model.safetensors");
    gmm_io::save_model(&model, &fitted.mixture).expect("a temporary folder can be written to");

    println!("gmm score, {N_FEATURES} features, 4 components, energies to nowhere\n");
    println!(
        "{:>10}{:>8}{:>12}{:>12}{:>16}{:>10}",
        "rows", "order", "file / MB", "peak / MB", "above 1 row", "time / s"
    );
    for order in ["C", "Fortran"] {
        let mut itself = None;
        for n_rows in [1, 10_000, 100_000, 1_000_000] {
            let data = folder.path().join("data.npy");
            write_npy(&data, n_rows, &drawn.z, order == "Fortran");
            let (peak, time) = peak_of(Command::new(&gmm).args(["score", "--quiet"]).arg(&model).arg(&data));
            let size = fs::metadata(&data).map_or(0.0, |data| data.len() as f64 / 1e6);
            let above = peak - *itself.get_or_insert(peak);
            println!("{n_rows:>10}{order:>8}{size:>12.1}{peak:>12.1}{above:>16.1}{time:>10.2}");
        }
    }
}

fn build() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("benches is in the root");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--release", "--locked", "--package", "gmm-cli"])
        .current_dir(root)
        .status();
    assert!(built.is_ok_and(|status| status.success()), "cargo build -p gmm-cli");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release/gmm")
}

/// Repeats the rows of `values` as a numpy array of doubles.
fn write_npy(path: &Path, n_rows: usize, values: &[f64], fortran: bool) {
    let order = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': '<f8', 'fortran_order': {order}, 'shape': ({n_rows}, {N_FEATURES}), }}");
    // Magic and length are 10 bytes; the header ends in a newline at a multiple of 64.
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header += &" ".repeat(padded - header.len() - 1);
    header += "\n";
    let mut file = BufWriter::new(File::create(path).expect("a temporary folder can be written to"));
    let mut put = |bytes: &[u8]| file.write_all(bytes).expect("the disk has room for 64 MB");
    put(b"\x93NUMPY\x01\x00");
    put(&(padded as u16).to_le_bytes());
    put(header.as_bytes());
    let repeats = values.len() / N_FEATURES;
    let value = |row: usize, feature: usize| values[row % repeats * N_FEATURES + feature].to_le_bytes();
    if fortran {
        (0..N_FEATURES).for_each(|feature| (0..n_rows).for_each(|row| put(&value(row, feature))));
    } else {
        (0..n_rows).for_each(|row| (0..N_FEATURES).for_each(|feature| put(&value(row, feature))));
    }
    file.flush().expect("the disk has room for 64 MB");
}

/// Runs a program; returns its peak resident size in MB and its time in seconds.
fn peak_of(command: &mut Command) -> (f64, f64) {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().expect("a built program runs");
    let status = format!("/proc/{}/status", child.id());
    let mut peak: f64 = 0.0;
    loop {
        // The mark only rises, so the last reading is the peak, except for what happens in the last millisecond.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(mark.unwrap_or(0.0) * 1024.0 / 1e6);
        if let Some(ended) = child.try_wait().expect("a child can be waited for") {
            assert!(ended.success(), "{command:?} ended with {ended}");
            return (peak, start.elapsed().as_secs_f64());
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
