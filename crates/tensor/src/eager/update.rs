//! The optimisers' steps on eager tensors, by the kernel that training plans end with.

use super::Tensor;
use crate::cpu;
use crate::error::TensorError;
use crate::update::{Hyper, Update};

impl Tensor {
    /// One step of an optimiser along a gradient, in place, as `torch.optim`'s do it; `states` holds what is carried from step to step, one
    /// number for each of the tensor's in each of the [`Update::n_states`] (zeros before the first step).
    ///
    /// ```
    /// use tensor::{Hyper, Tensor, Update};
    /// let weight = Tensor::from([1.0, 2.0]);
    /// let mut states = vec![vec![0.0; 2]];
    /// let hyper = Hyper { learning_rate: 0.5, ..Hyper::default() };
    /// weight.update_(Update::Sgd { nesterov: false }, &Tensor::from([1.0, -1.0]), &hyper, &mut states)?;
    /// assert_eq!(weight.to_vec::<f32>()?, [0.5, 2.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Shapes`] where the gradient has another shape, [`TensorError::Length`] where a state has another
    /// length, [`TensorError::DType`] for anything but `F32`, and as [`Tensor::add_`].
    pub fn update_(
        &self,
        update: Update,
        grad: &Self,
        hyper: &Hyper,
        states: &mut [Vec<f32>],
    ) -> Result<(), TensorError> {
        if grad.shape() != self.shape() {
            return Err(TensorError::Shapes {
                operation: update.name(),
                expected: format!("a gradient of the parameter's shape {:?}", self.shape()),
                received: vec![grad.shape().to_vec()],
            });
        }
        let length = |what: &str, expected, received| {
            if expected == received {
                Ok(())
            } else {
                Err(TensorError::Length {
                    what: format!("{} of {}", what, update.name()),
                    expected,
                    received,
                })
            }
        };
        length("the list of states", update.n_states(), states.len())?;
        for state in &*states {
            length("a state", self.numel(), state.len())?;
        }
        let mut numbers = self.to_vec::<f32>()?;
        cpu::update(
            update,
            &grad.to_vec::<f32>()?,
            bytemuck::cast_slice(&[*hyper]),
            1.0,
            &mut numbers,
            states,
        );
        self.copy_from_slice(&numbers)
    }
}
