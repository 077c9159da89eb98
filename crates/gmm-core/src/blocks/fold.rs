//! Results of several threads, folded in the order of the rows; and memory that results use again.

use std::sync::{Condvar, Mutex, PoisonError};

/// Memory of results that were folded, for results to come, of which there are never more than there were at once:
/// fresh memory, a megabyte for the sums of 32 components of 64 features, comes from the system, which clears its pages
/// one after the other.
#[derive(Default)]
pub(crate) struct BufferPool(Mutex<Vec<Vec<f64>>>);

impl BufferPool {
    /// Some, with anything in it, or an empty one.
    pub(crate) fn take(&self) -> Vec<f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, memory: Vec<f64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// Results of a thread that may wait for their turn. Fewer, and a thread whose core is taken from it for a
/// moment would stop the others; more, and memory would grow with the number of chunks.
const MAX_PENDING: usize = 8;

/// Results on their way to being folded in order.
pub(super) struct OrderedFold<R, F> {
    count: usize,
    state: Mutex<Turn<R, F>>,
    /// The turn moved on.
    moved: Condvar,
}

struct Turn<R, F> {
    /// The next to be folded.
    next: usize,
    /// Those that came before their turn, a few, in no order.
    waiting: Vec<(usize, R)>,
    fold: F,
    /// A thread left in a panic: its result will never come.
    broken: bool,
}

impl<R, F: FnMut(R)> Turn<R, F> {
    fn new(fold: F) -> Self {
        Turn { next: 0, waiting: Vec::new(), fold, broken: false }
    }
}

impl<R, F: FnMut(R)> OrderedFold<R, F> {
    /// For the results of `count` threads.
    pub(super) fn new(count: usize, fold: F) -> Self {
        OrderedFold { count, state: Mutex::new(Turn::new(fold)), moved: Condvar::new() }
    }

    /// Folds result `at` if it is its turn, and those that waited for it; otherwise leaves it, and waits
    /// while too many do. Whoever has the result whose turn it is never waits.
    pub(super) fn submit(&self, at: usize, result: R) {
        let mut turn = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        turn.waiting.push((at, result));
        while let Some(place) = {
            let next = turn.next;
            turn.waiting.iter().position(|&(at, _)| at == next)
        } {
            let (_, result) = turn.waiting.swap_remove(place);
            (turn.fold)(result);
            turn.next += 1;
        }
        self.moved.notify_all();
        while turn.waiting.len() >= MAX_PENDING * self.count && turn.next < at && !turn.broken {
            turn = self.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Tells the others when its thread leaves in a panic.
pub(super) struct PanicGuard<'a, R, F>(pub(super) &'a OrderedFold<R, F>);

impl<R, F> Drop for PanicGuard<'_, R, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.lock().unwrap_or_else(PoisonError::into_inner).broken = true;
            self.0.moved.notify_all();
        }
    }
}
