//! Rows are cut into blocks, blocks into chunks, and threads share the chunks.
//!
//! ```text
//! blocks    how rows are cut: 240 rows a block, at most 64 chunks of whole blocks
//! fold      results of several threads, folded in the order of the rows
//! threads   Threads: how many threads a call may use, and their pool
//! ```
//!
//! How rows are cut depends on the shape of the problem and never on the number of threads, and partial sums are folded
//! in the order of the rows. Results are therefore the same to the last bit on one thread and on sixty-four.
//!
//! Only this room uses threads. A caller passes a [`Threads`] to each call; no process-wide pool is configured or used.

mod fold;
mod threads;

use std::ops::Range;

pub(crate) use fold::BufferPool;
pub use threads::Threads;

/// Rows that are packed and scored together. The value affects the rounding of results, so it is a constant and not an
/// option.
pub(crate) const BLOCK_ROWS: usize = gmm_kernels::BLOCK_ROWS;

/// The most chunks that rows are cut into. It limits the partial sums to fold and the threads that can help.
const MAX_CHUNKS: usize = 64;

/// The most elements that all partial sums together should have, unless that leaves fewer than eight chunks.
const MAX_PARTIAL_ELEMENTS: usize = 1 << 22;

/// A call with fewer multiply-adds stays on the calling thread: waking another would take longer.
pub(crate) const SMALL_WORK: usize = 1 << 20;

/// Cuts `n_rows` into whole blocks, for partial sums of `partial_len` elements each.
pub(crate) fn chunks(n_rows: usize, partial_len: usize) -> Vec<Range<usize>> {
    let n_blocks = n_rows.div_ceil(BLOCK_ROWS);
    let n_chunks = (MAX_PARTIAL_ELEMENTS / partial_len.max(1)).clamp(8, MAX_CHUNKS).min(n_blocks);
    // Chunks are as even as whole blocks allow. Twenty-one blocks become eight chunks of two or three blocks. With
    // seven chunks of three, one of two threads would get four chunks, which are twelve blocks.
    let start = |chunk: usize| n_rows.min(chunk * n_blocks / n_chunks * BLOCK_ROWS);
    (0..n_chunks).map(|chunk| start(chunk)..start(chunk + 1)).collect()
}

/// Chunks of rows for results that are not summed: a single chunk if there is little work.
pub(crate) fn chunks_for(work: usize, n_rows: usize) -> Vec<Range<usize>> {
    if work < SMALL_WORK { std::iter::once(0..n_rows).collect() } else { chunks(n_rows, 1) }
}

/// The blocks of a chunk.
pub(crate) fn blocks(rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    rows.clone().step_by(BLOCK_ROWS).map(move |start| start..rows.end.min(start + BLOCK_ROWS))
}
