//! Optimisers of eager parameters. PyTorch's [`torch.optim`](https://docs.pytorch.org/docs/stable/optim.html).
//!
//! ```
//! use nn::functional::{Reduction, mse_loss};
//! use nn::modules::{Linear, Module};
//! use nn::optim::{Optim, clip_grad_norm_};
//! use tensor::{Tensor, random::{Purpose, Stream}};
//!
//! let model = Linear::new(1, 1, &mut Stream::new(0, Purpose::Eager, 0))?;
//! let mut optimiser = Optim::sgd(model.parameters(), 0.1, 0.9);
//! let (x, y) = (Tensor::from([[0.0], [1.0], [2.0]]), Tensor::from([[1.0], [3.0], [5.0]]));
//! for _ in 0..200 {
//!     optimiser.zero_grad();
//!     let loss = mse_loss(&model.forward(&x)?, &y, Reduction::Mean)?;
//!     loss.backward()?;
//!     clip_grad_norm_(&model.parameters(), 10.0)?;
//!     optimiser.step()?;
//! }
//! assert!((model.weight().item()? - 2.0).abs() < 1e-2, "y = 2x + 1");
//! # Ok::<(), tensor::TensorError>(())
//! ```

use tensor::{Tensor, TensorError, no_grad};

use crate::optimiser::{Optimiser, Sgd};

/// Parameters and the rule that steps them. PyTorch's
/// [`torch.optim.Optimizer`](https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer).
///
/// It runs whatever [`Optimiser`] there is, by the kernel that compiled training uses.
#[derive(Debug)]
pub struct Optim {
    groups: Vec<ParameterGroup>,
}

/// Parameters that share their options. PyTorch's `param_groups`.
#[derive(Debug)]
pub struct ParameterGroup {
    /// The rule and its arguments, which may change between steps; another rule starts with empty states.
    pub optimiser: Optimiser,
    /// The step's length.
    pub learning_rate: f32,
    parameters: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    tensor: Tensor,
    /// What the rule carries from step to step.
    states: Vec<Vec<f32>>,
    /// How many steps were taken.
    n_steps: u64,
}

impl Optim {
    /// Steps parameters by a rule; PyTorch has a class for each.
    pub fn new(parameters: Vec<Tensor>, optimiser: Optimiser, learning_rate: f32) -> Self {
        let mut optim = Self { groups: Vec::new() };
        optim.add_param_group(parameters, optimiser, learning_rate);
        optim
    }

    /// Gradient descent with momentum (0 for none), as
    /// [`torch.optim.SGD`](https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html).
    pub fn sgd(parameters: Vec<Tensor>, learning_rate: f32, momentum: f32) -> Self {
        let optimiser = Optimiser::Sgd(Sgd { momentum, ..Sgd::default() });
        Self::new(parameters, optimiser, learning_rate)
    }

    /// Adam with PyTorch's defaults, as
    /// [`torch.optim.Adam`](https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html).
    pub fn adam(parameters: Vec<Tensor>, learning_rate: f32) -> Self {
        Self::new(parameters, Optimiser::adam(), learning_rate)
    }

    /// More parameters, with options of their own: a smaller learning rate for trained layers, say, or no weight decay
    /// for biases. PyTorch's `add_param_group`.
    pub fn add_param_group(&mut self, parameters: Vec<Tensor>, optimiser: Optimiser, learning_rate: f32) {
        let parameters = parameters.into_iter();
        let parameters = parameters.map(|tensor| Parameter { tensor, states: Vec::new(), n_steps: 0 });
        self.groups.push(ParameterGroup { optimiser, learning_rate, parameters: parameters.collect() });
    }

    /// The groups, whose learning rates a schedule may change. PyTorch's `param_groups`.
    pub fn param_groups(&mut self) -> &mut [ParameterGroup] {
        &mut self.groups
    }

    /// Changes the learning rate of all groups, as PyTorch's schedules do.
    pub fn set_learning_rate(&mut self, learning_rate: f32) {
        for group in &mut self.groups {
            group.learning_rate = learning_rate;
        }
    }

    /// Forgets all parameters' gradients. PyTorch's `zero_grad`, which sets them to `None` too.
    pub fn zero_grad(&self) {
        for parameter in self.groups.iter().flat_map(|group| &group.parameters) {
            parameter.tensor.zero_grad();
        }
    }

    /// Steps every parameter that has a gradient; others stay as they are. PyTorch's `step`.
    ///
    /// # Errors
    /// [`TensorError`] where a parameter cannot be written to.
    pub fn step(&mut self) -> Result<(), TensorError> {
        no_grad(|| self.groups.iter_mut().try_for_each(ParameterGroup::step))
    }
}

impl ParameterGroup {
    fn step(&mut self) -> Result<(), TensorError> {
        let update = self.optimiser.update();
        for parameter in &mut self.parameters {
            let Some(grad) = parameter.tensor.grad() else { continue };
            if parameter.states.len() != update.n_states() {
                parameter.states = vec![vec![0.0; parameter.tensor.numel()]; update.n_states()];
                parameter.n_steps = 0;
            }
            parameter.n_steps += 1;
            let hyper = self.optimiser.hyper(self.learning_rate, parameter.n_steps);
            parameter.tensor.update_(update, &grad, &hyper, &mut parameter.states)?;
        }
        Ok(())
    }
}

/// Scales all gradients down together where their common norm `√Σg²` exceeds `max_norm`, and returns what it was. As
/// [`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html).
///
/// # Errors
/// [`TensorError::Argument`] for a negative norm.
pub fn clip_grad_norm_(parameters: &[Tensor], max_norm: f32) -> Result<f32, TensorError> {
    check_bound("clip_grad_norm_", "max_norm", max_norm)?;
    let grads: Vec<Tensor> = parameters.iter().filter_map(Tensor::grad).collect();
    let mut sum = 0.0_f64;
    for grad in &grads {
        sum += grad.to_vec::<f32>()?.into_iter().map(|g| f64::from(g) * f64::from(g)).sum::<f64>();
    }
    let norm = sum.sqrt() as f32;
    // PyTorch's margin, so that a norm of zero divides nothing by zero.
    let factor = max_norm / (norm + 1e-6);
    if factor < 1.0 {
        no_grad(|| grads.iter().try_for_each(|grad| grad.mul_(factor)))?;
    }
    Ok(norm)
}

/// Cuts every number of all gradients to `±clip_value`. As
/// [`torch.nn.utils.clip_grad_value_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html).
///
/// ```
/// use nn::optim::clip_grad_value_;
/// use tensor::Tensor;
/// let weight = Tensor::from([1.0, 2.0]).with_grad()?;
/// weight.mul(Tensor::from([0.5, -9.0]))?.sum(.., false)?.backward()?;
/// clip_grad_value_(&[weight.clone()], 1.0)?;
/// assert_eq!(weight.grad().unwrap().to_vec::<f32>()?, [0.5, -1.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// [`TensorError::Argument`] for a negative value.
pub fn clip_grad_value_(parameters: &[Tensor], clip_value: f32) -> Result<(), TensorError> {
    check_bound("clip_grad_value_", "clip_value", clip_value)?;
    no_grad(|| {
        let mut grads = parameters.iter().filter_map(Tensor::grad);
        grads.try_for_each(|grad| grad.copy_(&grad.clamp(-clip_value, clip_value)?))
    })
}

fn check_bound(operation: &'static str, argument: &'static str, bound: f32) -> Result<(), TensorError> {
    if bound >= 0.0 {
        return Ok(());
    }
    let (expected, received) = ("at least 0", bound.to_string());
    Err(TensorError::Argument { operation, argument, expected, received })
}
