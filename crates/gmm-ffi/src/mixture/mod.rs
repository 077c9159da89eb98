//! Mixtures: created from parameters, read, freed; model files; samples drawn from one.

mod parameters;
mod typed;
mod model_file;
mod bytes;
mod sample;

pub use bytes::*;
pub use model_file::*;
pub use parameters::*;
pub use sample::*;
pub use typed::*;
