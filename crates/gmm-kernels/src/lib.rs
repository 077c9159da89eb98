//! The kernels: the loops in which a mixture spends its time, over samples that are packed into panels.
//!
//! A *panel* is [`LANES`] samples stored feature by feature: element `feature * LANES + lane`. A block of rows is
//! packed into panels once, and every component then runs over the same panels, so that the innermost loop is one
//! operation on [`LANES`] neighbouring numbers.
//!
//! ```text
//! isa          the vectors that this machine has
//! vector       how a kernel is written once and compiled once for each type and width: read this first
//! exp_ln       exp and ln, within 2 ulp
//! real         the two sample types
//! aligned      scratch memory that begins at a cache line
//! memory       slices of matrices, slices of one type as another, prefetching
//! scan         whether all values are finite, and the largest magnitude
//! pack         rows ─▶ panels                       (n × d) ─▶ (n / LANES) panels of d × LANES
//! whiten       ‖L⁻¹(z − μ)‖² of every sample        d² flops a sample and component
//! diagonal     ‖(z − μ) / σ‖² of every sample       4 d flops a sample and component
//! product      Σₖ wₙₖ Aₖ xₙₖ and xₙₖᵀ Aₖ xₙₖ           2 d² flops a sample and component
//! unpack       blocks ─▶ rows                       (k × n) ─▶ (n × k)
//! log_sum_exp  ln Σₖ exp lₙₖ of every sample        and the responsibilities, or their logarithms
//! scatter      Σₙ wₙ, Σₙ wₙδₙ, Σₙ wₙδₙδₙᵀ           δₙ = zₙ − c, d² flops a sample
//! nearest      the nearest of k centres             3 d flops a sample and centre
//! ```
//!
//! Every kernel stands beside its definition in plain loops. The definition is the portable path, and the tests compare
//! the vector path with it. The bits of whitening, log-sum-exp and scatter depend on the instruction set, because
//! vectors multiply and add with one rounding and plain loops with two.

mod isa;
mod vector;
mod exp_ln;
mod real;
mod aligned;
mod memory;
mod scan;
mod pack;
mod whiten;
mod diagonal;
mod product;
mod unpack;
mod log_sum_exp;
mod scatter;
mod nearest;

pub use aligned::AlignedBuffer;
pub use diagonal::Diagonal;
pub use exp_ln::{ExpLn, exp, exp_f32, ln, ln_f32};
pub use isa::{Isa, available, isa};
pub use log_sum_exp::{
    LogWeightedNormalizers, largest, log_densities, log_responsibilities, responsibilities, sum,
};
pub use memory::{as_type, as_type_mut, contiguous, prefetch};
pub use nearest::{add_labelled, lower_distances, nearest_two, squared_distance};
pub use pack::{LANES, n_panels, pack_row, pack_rows, panels_len, transpose};
pub use product::{Operands, PackedMatrix, ProductOutputs, add_products};
pub use real::Real;
pub use scan::{all_shares, magnitude};
pub use scatter::{
    BLOCK_ROWS, DiagonalScatter, Negligible, NegligibleToAll, Scatter, Values, component_len, diagonal_len,
};
pub use unpack::unpack_rows;
pub use whiten::{
    PruneLimits, Whitener, can_prune, squared_norms, squared_norms_and_whitened, squared_norms_pruned,
};
