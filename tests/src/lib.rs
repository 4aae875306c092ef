//! What the tests share: opening the GPU, and running one graph on both executors.

mod case;
mod gpu_test;

pub use case::{Case, Results, Tolerance, assert_close};
pub use gpu_test::open_gpu;
