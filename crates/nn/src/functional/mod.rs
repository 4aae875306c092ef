//! What layers and losses compute, as functions of eager tensors. PyTorch's
//! [`torch.nn.functional`](https://docs.pytorch.org/docs/stable/nn.functional.html), with its names and its order of
//! arguments.
//!
//! ```
//! use nn::functional as F;
//! use tensor::Tensor;
//!
//! let (images, labels) = (Tensor::ones([2, 1, 8, 8]), Tensor::from([3, 7]));
//! let (kernel, weight) = (Tensor::ones([4, 1, 3, 3]), Tensor::zeros([10, 64]).with_grad()?);
//! let maps = F::relu(&F::conv2d(&images, &kernel, None, 1, 1, 1, 1)?)?; // [2, 4, 8, 8]
//! let maps = F::max_pool2d(&maps, 2, 2, 0)?; // [2, 4, 4, 4]
//! let logits = F::linear(&maps.flatten(1, -1)?, &weight, None)?; // [2, 10]
//! let loss = F::cross_entropy(&logits, &labels, 0.0, F::Reduction::Mean)?;
//! assert!((loss.item()? - 10.0_f64.ln()).abs() < 1e-6, "nothing is known yet");
//! loss.backward()?;
//! # Ok::<(), tensor::TensorError>(())
//! ```

mod classification;
mod layers;
mod normalisation;
mod pooling;
mod reduction;
mod regression;

pub use classification::{
    ClassLoss, binary_cross_entropy_with_logits, cross_entropy, cross_entropy_with, nll_loss, nll_loss_with,
};
pub use layers::{conv2d, dropout, elu, gelu, leaky_relu, linear, log_softmax, relu, sigmoid, softmax, tanh};
pub use normalisation::{Affine, Running, batch_norm};
pub use pooling::{Pool, adaptive_avg_pool2d, avg_pool2d, avg_pool2d_with, max_pool2d, max_pool2d_with};
pub use reduction::Reduction;
pub use regression::{l1_loss, mse_loss, smooth_l1_loss};

pub(crate) use layers::check_probability;
