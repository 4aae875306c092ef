//! Layers that own their parameters and are called on eager tensors, as PyTorch's
//! [`torch.nn`](https://docs.pytorch.org/docs/stable/nn.html) has them. The arguments of the same layers as plain data
//! are in [`layers`](crate::layers).
//!
//! ```
//! use nn::modules::{Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential};
//! use tensor::{Tensor, random::{Purpose, Stream}};
//!
//! let mut stream = Stream::new(0, Purpose::Eager, 0);
//! let model = Sequential::new()
//!     .then(Conv2d::new(1, 8, 3, &mut stream)?.padding(1))
//!     .then(ReLU)
//!     .then(MaxPool2d::new(2))
//!     .then(Flatten::default())
//!     .then(Linear::new(8 * 14 * 14, 10, &mut stream)?);
//! assert_eq!(model.forward(&Tensor::zeros([64, 1, 28, 28]))?.shape(), [64, 10]);
//!
//! let parameters = model.named_parameters();
//! let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
//! assert_eq!(names, ["0.weight", "0.bias", "4.weight", "4.bias"]);
//! assert_eq!(model.n_parameters(), 15_770);
//! assert!(model.to_string().contains("(0): Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"));
//! # Ok::<(), tensor::TensorError>(())
//! ```

mod activation;
mod batch_norm2d;
mod conv2d;
mod dropout;
mod from_model;
mod linear;
mod module;
mod pooling;
mod residual;
mod sequential;
mod state_dict;

pub use activation::{ELU, GELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, Softmax, Tanh};
pub use batch_norm2d::BatchNorm2d;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use linear::{Flatten, Linear};
pub use module::Module;
pub use pooling::{AdaptiveAvgPool2d, AvgPool2d, MaxPool2d};
pub use residual::Residual;
pub use sequential::Sequential;
pub use state_dict::{StateDict, read_state_dict, write_state_dict};
