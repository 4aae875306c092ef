//! Runs a [`tensor::Plan`] on a GPU through wgpu: natively, and in a browser that has WebGPU.
//!
//! [`Device`] is the GPU. [`Executor`] builds bind groups and buffers when a plan is added, and compiles pipelines when it is
//! told to or first run; a run then only encodes and submits. Every kernel is a file in `shaders/`, made to measure by the
//! values of its constants.
//!
//! This is the only crate that names wgpu. It knows no network, no data and no page.

#[cfg(target_arch = "wasm32")]
mod browser;
mod device;
mod error;
mod executor;
mod kernels;
mod pipelines;
mod readback;
mod recorder;
mod specialise;

pub use device::{Counts, Device};
pub use error::GpuError;
pub use executor::{Executor, KernelTime, Numbers, PlanIdx, STEPS_AT_ONCE};
pub(crate) use executor::{LOSS, N_CORRECT};
pub use kernels::{FILES, Traits, shader};
pub use recorder::RECORD_CAPACITY;
