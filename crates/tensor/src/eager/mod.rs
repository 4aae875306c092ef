//! Tensors that are computed at once: storage and layout, as in PyTorch, and a tape for their gradients.
//!
//! Every operation is the one that graphs record: the same shape rule, the same CPU kernel, the same gradient rule.

mod arithmetic;
pub mod autograd;
mod create;
mod dims;
mod display;
mod history;
mod in_place;
mod indexing;
mod joining;
mod matmul;
mod networks;
mod order;
mod promotion;
mod reduce;
mod run;
mod storage;
mod tensor;
mod update;
mod views;

pub use arithmetic::IntoTensor;
pub use autograd::no_grad;
pub use dims::Dims;
pub use storage::Element;
pub use tensor::Tensor;
