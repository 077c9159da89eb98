//! Threads: how many threads a call may use, and the pool that they come from.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZero;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use crate::blocks::SMALL_WORK;
use crate::blocks::fold::{OrderedFold, PanicGuard};

/// How many threads a call may use, and the pool they come from.
///
/// The pool is made when work first needs it and dropped with this value. A forked child does not have the threads of
/// its parent's pool, so it makes a pool of its own.
///
/// ```
/// let threads = gmm_core::Threads::new(2);
/// assert_eq!(threads.count(), 2);
/// ```
pub struct Threads {
    count: usize,
    pool: Mutex<Option<Pool>>,
}

struct Pool {
    process: u32,
    pool: Arc<rayon::ThreadPool>,
}

impl Threads {
    /// Only the calling thread.
    pub fn one() -> Self {
        Threads::new(1)
    }

    /// As many threads as the machine runs at once.
    pub fn all() -> Self {
        Threads::new(0)
    }

    /// `count` threads; 0 means as many as the machine runs at once.
    pub fn new(count: usize) -> Self {
        let count =
            if count == 0 { std::thread::available_parallelism().map_or(1, NonZero::get) } else { count };
        Threads { count, pool: Mutex::new(None) }
    }

    /// The number of threads.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Maps every item, on several threads when `work` multiply-adds are worth it, and folds the
    /// results in the order of the items.
    ///
    /// At any time at most `MAX_PENDING` results per thread wait to be folded.
    pub(crate) fn map_in_order<I: Send, R: Send>(
        &self,
        items: Vec<I>,
        work: usize,
        map: impl Fn(I) -> R + Sync,
        fold: impl FnMut(R) + Send,
    ) {
        self.map_in_order_with(items, work, |(), item| map(item), fold);
    }

    /// As [`Threads::map_in_order`], with scratch memory that a thread reuses for all its items. Memory that is freed
    /// after each item goes back to the system, which clears every page again before the next item can use it.
    pub(crate) fn map_in_order_with<S: Default, I: Send, R: Send>(
        &self,
        items: Vec<I>,
        work: usize,
        map: impl Fn(&mut S, I) -> R + Sync,
        mut fold: impl FnMut(R) + Send,
    ) {
        let pool = if items.len() > 1 && work >= SMALL_WORK { self.pool() } else { None };
        let Some(pool) = pool else {
            let mut scratch = S::default();
            return items.into_iter().for_each(|item| fold(map(&mut scratch, item)));
        };
        let items = Mutex::new(items.into_iter().enumerate());
        let fold = OrderedFold::new(self.count, fold);
        on_every_thread(&pool, &|| {
            let _guard = PanicGuard(&fold);
            let mut scratch = S::default();
            loop {
                let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((index, item)) = next else { return };
                fold.submit(index, map(&mut scratch, item));
            }
        });
    }

    /// As [`Threads::map_in_order`], for work that is worth several threads, but only the calling thread folds, so
    /// `fold` may call back into the caller's code.
    pub(crate) fn map_for_caller<I: Send, R: Send>(
        &self,
        items: Vec<I>,
        map: impl Fn(I) -> R + Sync,
        mut fold: impl FnMut(R),
    ) {
        let pool = if items.len() > 1 { self.pool() } else { None };
        let Some(pool) = pool else {
            return items.into_iter().for_each(|item| fold(map(item)));
        };
        let (items, map) = (&Mutex::new(items.into_iter().enumerate()), &map);
        let (sender, receiver) = channel();
        pool.in_place_scope(|scope| {
            scope.spawn_broadcast(move |_, _| {
                loop {
                    let next = items.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((index, item)) = next else { return };
                    // The receiver is gone if a fold has panicked.
                    if sender.send((index, map(item))).is_err() {
                        return;
                    }
                }
            });
            // The loop ends when every thread has run out of items or panicked; the scope passes a panic on.
            let (mut early, mut next) = (BTreeMap::new(), 0);
            for (index, result) in receiver {
                early.insert(index, result);
                while let Some(result) = early.remove(&next) {
                    fold(result);
                    next += 1;
                }
            }
        });
    }

    /// The pool of this process, or `None` when the call may use one thread only or no thread can be created.
    ///
    /// Never waits. While another call makes the pool, this call works on its own thread. So does a child that was
    /// forked at that moment: in the child, no thread will ever finish making the pool.
    fn pool(&self) -> Option<Arc<rayon::ThreadPool>> {
        if self.count == 1 {
            return None;
        }
        let mut slot = match self.pool.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let process = std::process::id();
        if let Some(stale) = slot.take_if(|pool| pool.process != process) {
            // The pool's threads exist only in the parent and may have held its locks at the fork. Dropping the pool
            // would wait for those locks.
            std::mem::forget(stale);
        }
        if slot.is_none() {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(self.count)
                .thread_name(|index| format!("gmm-{index}"))
                .build()
                .ok()?;
            // One broadcast while the slot is locked: the pool's crates make some things once per process, behind
            // locks. These are made now, so that a child that is forked later cannot wait for such a lock.
            pool.broadcast(|_| ());
            *slot = Some(Pool { process, pool: Arc::new(pool) });
        }
        slot.as_ref().map(|pool| Arc::clone(&pool.pool))
    }
}

/// The closure is behind a pointer, so that rayon's code is compiled once and not for every caller.
fn on_every_thread(pool: &rayon::ThreadPool, work: &(dyn Fn() + Sync)) {
    pool.broadcast(|_| work());
}

impl Drop for Threads {
    fn drop(&mut self) {
        let slot = self.pool.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(stale) = slot.take_if(|pool| pool.process != std::process::id()) {
            std::mem::forget(stale);
        }
    }
}

impl Default for Threads {
    /// [`Threads::all`].
    fn default() -> Self {
        Threads::all()
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads").field("count", &self.count).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::{BLOCK_ROWS, BufferPool, MAX_CHUNKS, chunks};

    #[test]
    fn chunks_are_whole_blocks_that_cover_every_row_once() {
        for n_rows in [1, 255, 256, 257, 5000, 99_999, 1_000_000] {
            for partial_len in [1, 100, 1 << 17, 1 << 30] {
                let chunks = chunks(n_rows, partial_len);
                assert!(chunks.len() <= MAX_CHUNKS);
                assert_eq!((chunks[0].start, chunks[chunks.len() - 1].end), (0, n_rows));
                for pair in chunks.windows(2) {
                    assert_eq!(pair[0].end, pair[1].start);
                    assert!(pair[0].len().is_multiple_of(BLOCK_ROWS));
                }
                let blocks = chunks.iter().map(|chunk| chunk.len().div_ceil(BLOCK_ROWS));
                assert!(blocks.clone().max().unwrap() - blocks.min().unwrap() <= 1, "{chunks:?}");
            }
        }
    }

    #[test]
    fn results_are_folded_in_the_order_of_the_items_on_any_number_of_threads() {
        for count in [1, 2, 3, 7] {
            let mut seen = Vec::new();
            Threads::new(count).map_in_order(
                (0..100).collect(),
                usize::MAX,
                |i: i32| i * i,
                |x| seen.push(x),
            );
            assert_eq!(seen, (0..100).map(|i| i * i).collect::<Vec<_>>());
        }
    }

    #[test]
    fn scratch_memory_is_reused_by_a_thread_and_never_shared_between_threads() {
        for count in [1, 2, 3] {
            let mut seen = Vec::new();
            let count_up = |items: &mut usize, _: usize| {
                *items += 1;
                *items
            };
            Threads::new(count).map_in_order_with((0..100).collect(), usize::MAX, count_up, |n| seen.push(n));
            // Each thread that got items counts them from 1 up, without a gap.
            let starts = seen.iter().filter(|&&n| n == 1).count();
            assert!((1..=count).contains(&starts), "{starts} of {count} threads");
            for n in 2..=100 {
                let at_least = |n: usize| seen.iter().filter(|&&items| items == n).count();
                assert!(at_least(n) <= at_least(n - 1), "{n}");
            }
            assert!(count > 1 || seen == (1..=100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_pooled_buffer_is_handed_out_once() {
        let buffers = BufferPool::default();
        assert_eq!(buffers.take(), []);
        buffers.give(vec![1.0, 2.0]);
        assert_eq!((buffers.take(), buffers.take()), (vec![1.0, 2.0], vec![]));
    }

    #[test]
    fn a_panic_in_one_item_reaches_the_caller_and_leaves_no_thread_waiting() {
        let threads = Threads::new(3);
        let run = std::panic::AssertUnwindSafe(|| {
            threads.map_in_order(
                (0..100).collect(),
                usize::MAX,
                |i: i32| assert_ne!(i, 5, "on purpose"),
                |()| {},
            );
        });
        assert!(std::panic::catch_unwind(run).is_err());
    }

    /// The lock is held for ever in a child that was forked while another thread of its parent held it.
    #[test]
    fn no_call_waits_for_a_pool_whose_lock_is_held() {
        let threads = Threads::new(2);
        let held = threads.pool.lock().unwrap();
        let mut sum = 0;
        threads.map_in_order(vec![1, 2, 3], usize::MAX, |x| x, |x| sum += x);
        drop(held);
        assert_eq!(sum, 6);
    }

    #[test]
    fn small_work_makes_no_pool() {
        let threads = Threads::new(4);
        threads.map_in_order(vec![1, 2, 3], SMALL_WORK - 1, |x| x, |_| {});
        assert!(threads.pool.lock().unwrap().is_none());
    }
}
