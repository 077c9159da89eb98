//! Ctrl-C: the first ends a fit with what it has reached, the second ends the program.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command};
use std::time::Duration;

use super::bench::{Bench, csv, two_groups};

/// A fit that would never end.
const ENDLESS: &str = "--tol 0 --max-iter 1000000000";

const ASKED: &str =
    "gmm: interrupted; ends after this step with what it has reached, or at once if interrupted again\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

/// Starts the program and waits until it watches for Ctrl-C.
fn started(bench: &Bench, args: &str) -> (Child, BufReader<ChildStderr>) {
    let mut child = bench.command(args).spawn().unwrap();
    let told = BufReader::new(child.stderr.take().unwrap());
    let watches = |status: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        // Signal 2 is the second bit.
        u64::from_str_radix(mask.trim(), 16).unwrap() & 0b10 != 0
    };
    let status = format!("/proc/{}/status", child.id());
    while !watches(&std::fs::read_to_string(&status).unwrap()) {
        std::thread::sleep(Duration::from_millis(2));
    }
    (child, told)
}

fn press(child: &Child) {
    assert!(
        Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status().unwrap().success()
    );
}

#[test]
fn an_interrupted_fit_writes_what_it_has_reached() {
    for stream in ["", "--stream"] {
        let bench = bench();
        let (mut child, mut told) = started(&bench, &format!("fit data.csv -k 2 -o m {ENDLESS} {stream}"));
        press(&child);
        let mut text = String::new();
        told.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
        assert!(text.starts_with(ASKED), "{text}");
        assert!(text.contains(", interrupted; not converged\n"), "{text}");
        assert!(text.contains("m, a partial result\n"), "{text}");
        assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().n_components(), 2);
        assert_eq!(bench.names(), ["data.csv", "m"], "nothing else is left behind");
    }
}

/// The candidate that runs when the first comes never ends, so that the second finds it running.
#[test]
fn a_second_interrupt_ends_the_program_at_once() {
    let bench = bench();
    let (mut child, mut told) = started(&bench, &format!("select data.csv -k 1 -o m {ENDLESS}"));
    press(&child);
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    assert_eq!(line, ASKED);
    press(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(bench.names(), ["data.csv"]);
}

#[test]
fn an_interrupted_selection_ends_after_the_fit_that_runs_and_keeps_the_best_so_far() {
    let bench = bench();
    let fits = "--tol 0 --max-iter 200000 --threads 1";
    let (mut child, mut told) = started(&bench, &format!("select data.csv -k 1-3 --csv -o m {fits}"));
    press(&child);
    let (mut text, mut table) = (String::new(), String::new());
    told.read_to_string(&mut text).unwrap();
    child.stdout.take().unwrap().read_to_string(&mut table).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
    assert!(text.starts_with(ASKED), "{text}");
    assert!(text.contains("; 1 of 3 candidates were tried before the interrupt\n"), "{text}");
    assert_eq!(table.lines().count(), 2, "{table}");
    assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().n_components(), 1);
}
