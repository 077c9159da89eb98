//! Deep mixtures: parameters from responsibilities, energies under them, and gradients of both.
//!
//! ```text
//! params           gmm_params: parameters from responsibilities
//! energy           gmm_energy: energies under parameters that the caller holds
//! vjp              the vector-Jacobian products of the two
//! cov_diag         the gradient of the inverse variances alone
//! loss             the loss of a deep mixture and its gradients, in one call
//! running          running moments: exponential averages over batches
//! score_function   d ln p / dz, and products with its Jacobian
//! ```

mod params;
mod energy;
mod vjp;
mod cov_diag;
mod loss;
mod running;
mod score_function;

pub use cov_diag::*;
pub use energy::*;
pub use loss::*;
pub use params::*;
pub use running::*;
pub use score_function::*;
pub use vjp::*;
