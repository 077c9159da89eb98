//! The arithmetic of packed panels: the loops in which a mixture spends its time.
//!
//! A *panel* is [`LANES`] samples stored feature by feature: element `feature * LANES + lane`. A block
//! of rows is packed into panels once and every component then runs over the same panels, lane by
//! lane, so that the innermost loop is the same operation on [`LANES`] neighbouring numbers.
//!
//! ```text
//! isa          which vectors this machine has
//! pack         rows ─▶ panels                       (n × d) ─▶ (n / LANES) panels of d × LANES
//! whiten       ‖L⁻¹(z − μ)‖² of every sample        d² flops a sample and component
//! exp_ln       exp and ln, within 2 ulp
//! log_sum_exp  ln Σₖ exp lₙₖ of every sample         and lₙₖ minus it, or the shares exp of that
//! scatter      Σₙ wₙ, Σₙ wₙδₙ, Σₙ wₙδₙδₙᵀ            δₙ = zₙ − c, d² flops a sample
//! ```
//!
//! Every kernel stands beside its definition: plain loops, which are the portable path and what the
//! faster ones are tested against. `isa` decides which run; the bits of whitening and scatter depend on
//! it, because vectors multiply and add with one rounding and plain loops with two.

mod isa;
mod real;
mod pack;
mod whiten;
mod exp_ln;
mod log_sum_exp;
mod scatter;

pub use exp_ln::{exp, exp_f32, exp_into, ln, ln_f32};
pub use isa::{Isa, available, isa};
pub use log_sum_exp::{log_sum_exp, responsibilities_from_joint};
pub use pack::{LANES, all_finite, contiguous, n_panels, pack_row, pack_rows, panels_len};
pub use real::Real;
pub use scatter::{
    Gathered, Lanes, PANELS_BELOW, component_len, first_moments, first_moments_panels, scatter,
    scatter_panels,
};
pub use whiten::{Tiles, Whitener, squared_norms};
