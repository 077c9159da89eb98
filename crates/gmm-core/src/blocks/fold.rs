//! Folds results of several threads in the order of the rows, and keeps the memory of folded results for new ones.

use std::sync::{Condvar, Mutex, PoisonError};

/// Memory of folded results, kept for new results. The pool never holds more buffers than were in use at once.
///
/// Fresh memory is slower: the sums of 32 components of 64 features take a megabyte, and the system clears each page
/// of it before the first use.
#[derive(Default)]
pub(crate) struct BufferPool(Mutex<Vec<Vec<f64>>>);

impl BufferPool {
    /// A buffer with unspecified content, or an empty one if the pool has none.
    pub(crate) fn take(&self) -> Vec<f64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    /// Takes a buffer back.
    pub(crate) fn give(&self, memory: Vec<f64>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

/// How many results per thread may wait to be folded. With fewer, a thread that loses its core for a moment would stop
/// the others. With more, memory would grow with the number of chunks.
const MAX_PENDING: usize = 8;

/// Folds results in the order of their index, whichever thread submits them first.
pub(super) struct OrderedFold<R, F> {
    count: usize,
    state: Mutex<Turn<R, F>>,
    /// Signalled when `next` has changed or a thread has panicked.
    moved: Condvar,
}

struct Turn<R, F> {
    /// The index of the next result to fold.
    next: usize,
    /// Results whose turn has not come, with their index, in no order.
    waiting: Vec<(usize, R)>,
    fold: F,
    /// A thread has panicked, so its result will never be submitted.
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

    /// Folds result `index` if its turn has come, and then the waiting results that follow it. Otherwise the result is
    /// kept, and the thread waits while too many results do. The thread that has the next result never waits.
    pub(super) fn submit(&self, index: usize, result: R) {
        let mut turn = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        turn.waiting.push((index, result));
        while let Some(position) = {
            let next = turn.next;
            turn.waiting.iter().position(|&(index, _)| index == next)
        } {
            let (_, result) = turn.waiting.swap_remove(position);
            (turn.fold)(result);
            turn.next += 1;
        }
        self.moved.notify_all();
        while turn.waiting.len() >= MAX_PENDING * self.count && turn.next < index && !turn.broken {
            turn = self.moved.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Wakes the waiting threads when its own thread panics.
pub(super) struct PanicGuard<'a, R, F>(pub(super) &'a OrderedFold<R, F>);

impl<R, F> Drop for PanicGuard<'_, R, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state.lock().unwrap_or_else(PoisonError::into_inner).broken = true;
            self.0.moved.notify_all();
        }
    }
}
