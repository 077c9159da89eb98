//! The arithmetic of packed panels: the loops in which a mixture spends its time.
//!
//! A *panel* is [`LANES`] samples stored feature by feature: element `feature * LANES + lane`. A block
//! of rows is packed into panels once and every component then runs over the same panels, lane by
//! lane, so that the innermost loop is the same operation on [`LANES`] neighbouring numbers.
//!
//! ```text
//! isa          which vectors this machine has
//! vector       both sample types in vectors
//! exp_ln       exp and ln, within 2 ulp
//! real         the two sample types
//! lines        scratch memory that vectors do not lie across
//! pack         rows ─▶ panels                       (n × d) ─▶ (n / LANES) panels of d × LANES
//! whiten       ‖L⁻¹(z − μ)‖² of every sample        d² flops a sample and component
//! diagonal     ‖(z − μ) / σ‖² of every sample         4 d flops a sample and component
//! product      Σₖ wₙₖ Aₖ xₙₖ and xₙₖᵀ Aₖ xₙₖ           2 d² flops a sample and component
//! unpack       blocks ─▶ rows                        (k × n) ─▶ (n × k)
//! log_sum_exp  ln Σₖ exp lₙₖ of every sample         and the shares of the terms, or their logarithms
//! scatter      Σₙ wₙ, Σₙ wₙδₙ, Σₙ wₙδₙδₙᵀ            δₙ = zₙ − c, d² flops a sample
//! nearest      the nearest of k centres              3 d flops a sample and centre
//! ```
//!
//! Every kernel stands beside its definition: plain loops, which are the portable path and what the
//! faster ones are tested against. `isa` decides which run; the bits of whitening, log-sum-exp and scatter
//! depend on it, because vectors multiply and add with one rounding and plain loops with two.

mod isa;
mod vector;
mod exp_ln;
mod real;
mod lines;
mod pack;
mod whiten;
mod diagonal;
mod product;
mod unpack;
mod log_sum_exp;
mod scatter;
mod nearest;

pub use diagonal::Diagonal;
pub use exp_ln::{ExpLn, exp, exp_f32, ln, ln_f32};
pub use isa::{Isa, available, isa};
pub use lines::Lines;
pub use log_sum_exp::{Peaks, largest, log_densities, log_responsibilities, responsibilities, sum};
pub use nearest::{add_labelled, lower_distances, nearest_two, squared_distance};
pub use pack::{
    LANES, all_shares, as_type, as_type_mut, contiguous, magnitude, n_panels, pack_row, pack_rows,
    panels_len, prefetch, transpose,
};
pub use product::{Operands, Product, Products, add_products};
pub use real::Real;
pub use scatter::{
    DiagonalScatter, Negligible, NegligibleToAll, ROWS, Scatter, Values, component_len, diagonal_len,
};
pub use unpack::unpack_rows;
pub use whiten::{
    Matters, Whitener, leaves_early, squared_norms, squared_norms_and_whitened, squared_norms_that_matter,
};
