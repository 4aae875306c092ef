use tensor::random::Stream;
use tensor::{Tensor, TensorError};

use super::Module;
use crate::{functional, init};

/// An affine map of features, PyTorch's
/// [`nn.Linear`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html).
///
/// # Shapes
/// `[…, in_features]` to `[…, out_features]`.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// With weights and biases uniform in `±1/√in_features`, as PyTorch draws them.
    ///
    /// ```
    /// use nn::modules::{Linear, Module};
    /// use tensor::random::{Purpose, Stream};
    /// let linear = Linear::new(784, 10, &mut Stream::new(0, Purpose::Eager, 0))?;
    /// assert_eq!(linear.weight().shape(), [10, 784]);
    /// assert_eq!(linear.describe(), "Linear(in_features=784, out_features=10, bias=True)");
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError`] where the parameters cannot be made.
    pub fn new(in_features: usize, out_features: usize, stream: &mut Stream) -> Result<Self, TensorError> {
        let weight = Tensor::zeros([out_features, in_features]);
        let bias = Tensor::zeros([out_features]);
        let bound = init::default_bound(in_features);
        init::uniform_(&weight, -bound, bound, stream)?;
        init::uniform_(&bias, -bound, bound, stream)?;
        Ok(Self { weight: weight.with_grad()?, bias: Some(bias.with_grad()?) })
    }

    /// The same without a bias: PyTorch's `bias=False`.
    #[must_use]
    pub fn without_bias(mut self) -> Self {
        self.bias = None;
        self
    }

    /// PyTorch's `weight`, `[out_features, in_features]`.
    pub const fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// PyTorch's `bias`, `[out_features]`.
    pub const fn bias(&self) -> Option<&Tensor> {
        self.bias.as_ref()
    }
}

impl Module for Linear {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        functional::linear(input, &self.weight, self.bias.as_ref())
    }

    fn describe(&self) -> String {
        let [out_features, in_features] = [self.weight.shape()[0], self.weight.shape()[1]];
        let bias = if self.bias.is_some() { "True" } else { "False" };
        format!("Linear(in_features={in_features}, out_features={out_features}, bias={bias})")
    }

    fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
        [("weight", &self.weight)].into_iter().chain(self.bias.iter().map(|bias| ("bias", bias))).collect()
    }
}

/// All dimensions from one to another as one, PyTorch's
/// [`nn.Flatten`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html).
#[derive(Clone, Copy, Debug)]
pub struct Flatten {
    /// The first of them.
    pub start_dim: isize,
    /// The last of them.
    pub end_dim: isize,
}

impl Default for Flatten {
    fn default() -> Self {
        Self { start_dim: 1, end_dim: -1 }
    }
}

impl Module for Flatten {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        input.flatten(self.start_dim, self.end_dim)
    }

    fn describe(&self) -> String {
        format!("Flatten(start_dim={}, end_dim={})", self.start_dim, self.end_dim)
    }
}
