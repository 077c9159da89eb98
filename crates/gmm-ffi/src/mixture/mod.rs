//! Mixtures: created from parameters, read, freed; model files; samples drawn from one.

mod parameters;
mod model_file;
mod sample;

pub use model_file::*;
pub use parameters::*;
pub use sample::*;
