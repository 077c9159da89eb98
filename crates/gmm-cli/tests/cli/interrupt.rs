//! Signals: the first ends a fit and keeps its result so far, the second ends the program.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command};
use std::time::Duration;

use super::bench::{Bench, csv, two_groups};

/// A fit that would never end.
const ENDLESS: &str = "--tol 0 --max-iter 1000000000";

const ASKED: &str =
    "gmm: interrupted; stopping after this step with the result so far; interrupt again to stop at once\n";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("data.csv", csv("x,y", &two_groups()));
    bench
}

/// Starts the program and waits until it watches for Ctrl-C.
fn started(bench: &Bench, args: &str) -> (Child, BufReader<ChildStderr>) {
    watching(bench.command(args).spawn().unwrap())
}

/// Waits until the program watches for Ctrl-C and for SIGTERM.
fn watching(mut child: Child) -> (Child, BufReader<ChildStderr>) {
    let told = BufReader::new(child.stderr.take().unwrap());
    let watches = |status: &str| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        // Signal 2 is the second bit, and 15 the fifteenth.
        let wanted = 1 << 1 | 1 << 14;
        u64::from_str_radix(mask.trim(), 16).unwrap() & wanted == wanted
    };
    let status = format!("/proc/{}/status", child.id());
    while !watches(&std::fs::read_to_string(&status).unwrap()) {
        std::thread::sleep(Duration::from_millis(2));
    }
    (child, told)
}

fn press(child: &Child) {
    send("INT", child);
}

fn send(signal: &str, child: &Child) {
    let kill = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").arg("-c").arg(kill).status().unwrap().success());
}

/// Schedulers and service managers send SIGTERM; closing a terminal sends SIGHUP.
#[test]
fn a_fit_that_is_ended_from_outside_writes_what_it_has_reached() {
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        // A suite that runs under nohup gives its children a hang-up that is ignored.
        if signal == "HUP" && hang_up_is_ignored() {
            continue;
        }
        for args in ["fit data.csv -k 2 -o m", "fit data.csv -k 2 -o m --stream"] {
            let bench = bench();
            let (mut child, mut told) = started(&bench, &format!("{args} {ENDLESS}"));
            send(signal, &child);
            let mut text = String::new();
            told.read_to_string(&mut text).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(code), "{text}");
            assert!(text.starts_with(ASKED) && text.contains("m, a partial result\n"), "{text}");
            assert_eq!(gmm_io::load_model(&bench.path("m")).unwrap().n_components(), 2);
        }
    }
    let bench = bench();
    let (mut child, mut told) = started(&bench, &format!("select data.csv -k 1 -o m {ENDLESS}"));
    send("TERM", &child);
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    send("TERM", &child);
    assert_eq!((child.wait().unwrap().code(), bench.names()), (Some(143), vec!["data.csv".to_owned()]));
}

/// Whether this process, and so each child, ignores SIGHUP, the first signal of the mask that Linux shows.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// `nohup` requests that a fit outlives its terminal.
#[test]
fn a_hang_up_that_was_ignored_stays_so() {
    let bench = bench();
    let mut shell = Command::new("sh");
    let line = format!("trap '' HUP; exec {} fit data.csv -k 2 -o m {ENDLESS}", env!("CARGO_BIN_EXE_gmm"));
    shell.args(["-c", &line]).current_dir(bench.path("")).stderr(std::process::Stdio::piped());
    let (mut child, mut told) = watching(shell.spawn().unwrap());
    send("HUP", &child);
    std::thread::sleep(Duration::from_millis(100));
    send("TERM", &child);
    let mut text = String::new();
    told.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{text}");
    assert_eq!(text.matches(ASKED).count(), 1);
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

/// The running candidate never ends by itself, so the second signal arrives during it.
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

/// The mixture reached so far gives the energies: every row has its line.
#[test]
fn a_robust_fit_that_is_ended_judges_with_what_it_has_reached() {
    let bench = Bench::new();
    let rows: String =
        (0..200_000_u64).map(|i| format!("{},{}\n", i * 7919 % 100_003, i * 104_729 % 99_991)).collect();
    bench.write("many.csv", format!("x,y\n{rows}"));
    let (mut child, mut told) = started(&bench, "detect many.csv --threads 1");
    let mut stdout = child.stdout.take().unwrap();
    let printed = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text.lines().count())
    });
    send("TERM", &child);
    let mut text = String::new();
    told.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{text}");
    assert!(text.contains("the fit ended early; "), "{text}");
    assert_eq!(printed.join().unwrap().unwrap(), 200_001);
}
