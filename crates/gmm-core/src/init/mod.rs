//! Where EM starts from.

mod kmeans;
mod random;

pub(crate) use kmeans::seed_centres;
pub(crate) use random::Stream;
