//! The C ABI of gmm: translation only, no arithmetic.
//!
//! Every function has one shape: guard, borrow, call, write. In `plumbing`, `guard.rs` turns refusals and panics into
//! statuses, and `view.rs`, `text.rs` and `handle.rs` turn pointers into references: no other file dereferences one.
//! The other rooms are the functions themselves.
//!
//! `include/gmm.h` is generated from this crate by `cargo xtask headers` and committed. Conventions
//! and promises: docs/abi.md.
#![allow(non_camel_case_types, reason = "these names are the C names")]

// In reading order, which is also dependency order: a room may use the rooms above it.
mod plumbing;
mod training;
mod fit;
mod mixture;
mod score;

pub use fit::*;
pub use mixture::*;
pub use plumbing::*;
pub use score::*;
pub use training::*;
