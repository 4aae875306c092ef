use std::cell::{Cell, RefCell};

use tensor::random::Stream;
use tensor::{Tensor, TensorError};

use super::Module;
use crate::functional::{self, check_probability};

/// While training, zeroes each element with probability `p` and scales the others up, PyTorch's
/// [`nn.Dropout`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html) (Srivastava and others, 2014).
///
/// ```
/// use nn::modules::{Dropout, Module};
/// use tensor::{Tensor, random::{Purpose, Stream}};
/// let dropout = Dropout::new(0.5, Stream::new(0, Purpose::Eager, 0))?;
/// assert!(dropout.forward(&Tensor::ones([100]))?.to_vec::<f32>()?.contains(&0.0));
/// dropout.eval();
/// assert_eq!(dropout.forward(&Tensor::ones([2]))?.to_vec::<f32>()?, [1.0, 1.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dropout {
    p: f32,
    stream: RefCell<Stream>,
    training: Cell<bool>,
}

impl Dropout {
    /// With the stream that decides what is dropped.
    ///
    /// # Errors
    /// [`TensorError::Argument`] for a probability outside 0 to 1.
    pub fn new(p: f32, stream: Stream) -> Result<Self, TensorError> {
        check_probability("Dropout", p)?;
        Ok(Self { p, stream: RefCell::new(stream), training: Cell::new(true) })
    }
}

impl Module for Dropout {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        functional::dropout(input, self.p, self.training.get(), &mut self.stream.borrow_mut())
    }

    fn describe(&self) -> String {
        format!("Dropout(p={}, inplace=False)", self.p)
    }

    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
}
