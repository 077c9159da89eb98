//! Gradients against golden values, and laws of gradients.

mod golden;
mod laws;
