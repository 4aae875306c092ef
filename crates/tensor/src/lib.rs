//! The engine's core: shapes, the operation graph and its gradients, plans, and the executor that runs a plan on a CPU.
//!
//! It knows no GPU, no browser, no files and nothing asynchronous.

pub mod random;
