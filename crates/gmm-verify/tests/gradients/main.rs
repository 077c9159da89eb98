//! Gradients against golden values, and the laws that they obey.

mod golden;
mod laws;
