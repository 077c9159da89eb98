//! The machine that a record was taken on.

use std::process::Command;

use serde_json::{Value, json};

/// `{cpu, cores, isa, rustc}`.
pub fn describe() -> Value {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    json!({ "cpu": cpu(), "cores": cores, "isa": isa(), "rustc": rustc() })
}

fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or(std::env::consts::ARCH, |(_, name)| name).to_owned()
}

/// The best instruction set of the machine, and the one requested by `GMM_ISA`, if any.
fn isa() -> String {
    let widest = widest();
    match std::env::var("GMM_ISA") {
        Ok(requested) => format!("{widest}, GMM_ISA={requested}"),
        Err(_) => widest.to_owned(),
    }
}

#[cfg(target_arch = "x86_64")]
fn widest() -> &'static str {
    if std::arch::is_x86_feature_detected!("avx512f") {
        "avx512"
    } else if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        "avx2"
    } else {
        "portable"
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn widest() -> &'static str {
    "portable"
}

fn rustc() -> String {
    let said = Command::new("rustc").arg("--version").output();
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| "unknown".to_owned())
}
