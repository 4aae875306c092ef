//! What the tests share: opening the GPU, running one graph on both executors, and reading reference numbers.

#[cfg(target_arch = "wasm32")]
mod calls;
mod case;
mod convolutions;
mod golden;
mod gpu_test;

#[cfg(target_arch = "wasm32")]
pub use calls::DeviceCalls;
pub use case::{Case, Results, Tolerance, assert_close};
pub use convolutions::{CONVOLUTIONS, window};
pub use golden::{Golden, GoldenCase};
pub use gpu_test::{open_gpu, print_skip};
