//! The shared library inside the Python wheel: the functions of `include/gmm.h`, as gmm-ffi exports them.
//!
//! maturin packs the `cdylib` of one package. gmm-ffi is that of C, with a static library and a name of its
//! own; this one exists so that neither has to know of the other.
#![forbid(unsafe_code)]

pub use gmm::*;
