//! What a tensor itself says and does on the tape.

use std::rc::Rc;

use super::super::Tensor;
use super::backward::Backward;
use super::record::Meta;
use crate::error::TensorError;
use crate::graph::DType;

impl Tensor {
    /// Walks back from this number and adds to the gradient of every leaf that requires one. PyTorch's
    /// [`backward`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html); [`Backward`] has its
    /// arguments.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from([1.0, 2.0, 3.0]).with_grad()?;
    /// x.square()?.sum(.., false)?.backward()?;
    /// assert_eq!(x.grad().unwrap().to_vec::<f32>()?, [2.0, 4.0, 6.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Backward::run`].
    pub fn backward(&self) -> Result<(), TensorError> {
        Backward::default().run(self)
    }

    /// Whether gradients flow to this tensor: a leaf that asks for one, or what was computed from such. PyTorch's
    /// `requires_grad`.
    pub fn requires_grad(&self) -> bool {
        self.meta().is_some()
    }

    /// Whether no recorded operation computed this tensor. PyTorch's `is_leaf`.
    pub fn is_leaf(&self) -> bool {
        self.meta().is_none_or(|meta| meta.is_leaf())
    }

    /// Asks for a gradient, as PyTorch's `requires_grad_()`, and returns the same tensor.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let weight = Tensor::zeros([2]).with_grad()?;
    /// assert!(weight.requires_grad() && weight.is_leaf());
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NotDifferentiable`] for anything but `F32`.
    pub fn with_grad(self) -> Result<Self, TensorError> {
        if self.dtype() != DType::F32 {
            return Err(TensorError::NotDifferentiable { received: self.dtype() });
        }
        if !self.requires_grad() {
            self.set_meta(Some(Rc::new(Meta::leaf(self.shape()))));
        }
        Ok(self)
    }

    /// Asks a leaf for its gradient, or no longer: a frozen weight. PyTorch's
    /// [`requires_grad_`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.requires_grad_.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let weight = Tensor::zeros([2]).with_grad()?;
    /// weight.requires_grad_(false)?;
    /// assert!(!weight.requires_grad());
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NotDifferentiable`] for anything but `F32`, [`TensorError::NotALeaf`] for what was computed.
    pub fn requires_grad_(&self, requires_grad: bool) -> Result<(), TensorError> {
        if requires_grad {
            return self.clone().with_grad().map(drop);
        }
        if !self.is_leaf() {
            return Err(TensorError::NotALeaf);
        }
        self.set_meta(None);
        Ok(())
    }

    /// The accumulated gradient: of a leaf, or of a tensor that was asked to [retain](Tensor::retain_grad) it. PyTorch's
    /// `grad`.
    pub fn grad(&self) -> Option<Self> {
        self.meta()?.grad.borrow().clone()
    }

    /// Forgets the accumulated gradient. PyTorch's `grad = None`, what `zero_grad()` does.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from(2.0).with_grad()?;
    /// x.square()?.backward()?;
    /// x.zero_grad();
    /// assert!(x.grad().is_none());
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn zero_grad(&self) {
        if let Some(meta) = self.meta() {
            meta.grad.take();
        }
    }

    /// Keeps the gradient of a tensor that is not a leaf, from the next backward on. PyTorch's
    /// [`retain_grad`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from(2.0).with_grad()?;
    /// let y = x.square()?;
    /// y.retain_grad()?;
    /// y.mul(3.0)?.backward()?;
    /// assert_eq!(y.grad().unwrap().item()?, 3.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NoHistory`] where the tensor requires no gradient.
    pub fn retain_grad(&self) -> Result<(), TensorError> {
        self.meta().ok_or(TensorError::NoHistory)?.retains_grad.set(true);
        Ok(())
    }

    /// The same numbers in the same storage, without a history. PyTorch's
    /// [`detach`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::from(2.0).with_grad()?;
    /// assert!(!x.detach().square()?.requires_grad());
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn detach(&self) -> Self {
        Self::from_parts(Rc::clone(self.storage()), self.layout().clone(), None)
    }
}
