//! The engine's core: shapes, eager tensors with autograd, the operation graph and its gradients, plans, and the executor
//! that runs a plan on a CPU.
//!
//! An operation is defined once, in [`ops`]: its shape rule, its gradient rule, its CPU kernel. It runs in two ways.
//!
//! *Eagerly*: a [`Tensor`] is computed at once, as in PyTorch; [`Tensor::backward`] walks the [tape](autograd) back.
//!
//! *Compiled*: it is recorded into a [`Graph`]; [`Graph::gradients`] appends the operations of its gradient rule;
//! [`Plan::compile`] turns the graph into buffers and steps; an executor, [`cpu::Executor`] here or the GPU's in a crate
//! of its own, replays the steps.
//!
//! This crate knows no GPU, no browser, no files and nothing asynchronous.

pub mod cpu;
mod eager;
mod error;
mod gradient;
mod graph;
mod layout;
#[cfg(feature = "npy")]
pub mod npy;
pub mod ops;
mod plan;
pub mod random;
mod update;
mod window;

pub use eager::{Dims, Element, IntoTensor, Tensor, autograd, no_grad};
pub use error::TensorError;
pub use graph::{DType, Graph, Node, NodeId, Value};
pub use half::f16;
pub use layout::{Layout, Positions};
pub use plan::{
    Blend, Buffer, Kernel, NORM_CHUNK, Operand, PICK_LEN, PICKS, ParameterLayout, ParameterSlot, Pictures,
    Plan, PlanRequest, Region, Role, Step, packed,
};
pub use update::{HYPER_LEN, Hyper, Update};
pub use window::Window;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
