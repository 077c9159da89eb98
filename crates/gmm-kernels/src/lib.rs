//! The arithmetic of packed panels: the loops in which a mixture spends its time.
//!
//! A *panel* is [`LANES`] samples stored feature by feature: element `feature * LANES + lane`. A block
//! of rows is packed into panels once and every component then runs over the same panels, lane by
//! lane, so that the innermost loop is the same operation on [`LANES`] neighbouring numbers.
//!
//! ```text
//! pack         rows ─▶ panels                       (n × d) ─▶ (n / LANES) panels of d × LANES
//! whiten       ‖L⁻¹(z − μ)‖² of every sample        d² flops a sample and component
//! log_sum_exp  ln Σₖ exp lₙₖ of every sample         and lₙₖ minus it
//! scatter      Σₙ wₙ, Σₙ wₙδₙ, Σₙ wₙδₙδₙᵀ            δₙ = zₙ − c, d² flops a sample
//! ```
//!
//! Every kernel here is its plain definition: safe loops over lanes that the compiler turns into the
//! vectors of the machine it finds itself on. No sum is reassociated and no multiply-add is fused in
//! them. Only [`scatter`] calls faer, from 8 features on, whose last bits depend on the vectors.

mod real;
mod pack;
mod whiten;
mod log_sum_exp;
mod scatter;

pub use log_sum_exp::log_sum_exp;
pub use pack::{LANES, n_panels, pack_row, panels_len};
pub use real::Real;
pub use scatter::{Gathered, component_len, first_moments, scatter};
pub use whiten::{Whitener, squared_norms};

/// Runs `work` compiled for the widest vectors of this machine.
///
/// What `work` calls must be `#[inline(always)]` to be compiled with it.
#[inline(always)]
fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
