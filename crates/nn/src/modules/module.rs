use tensor::{Tensor, TensorError, no_grad};

use super::state_dict::{StateDict, check};
use crate::state_dict::StateDictError;

/// What can be called on a tensor and may have parameters. PyTorch's
/// [`torch.nn.Module`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html).
///
/// One of your own says what it computes, what it is made of, and how it is shown:
///
/// ```
/// use nn::modules::Module;
/// use tensor::{Tensor, TensorError};
///
/// struct Scale { factor: Tensor }
///
/// impl Module for Scale {
///     fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
///         input.mul(&self.factor)
///     }
///     fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
///         vec![("factor", &self.factor)]
///     }
///     fn describe(&self) -> String {
///         "Scale()".to_owned()
///     }
/// }
///
/// let scale = Scale { factor: Tensor::from(3.0).with_grad()? };
/// scale.forward(&Tensor::from([1.0, 2.0]))?.sum(.., false)?.backward()?;
/// assert_eq!(scale.parameters()[0].grad().unwrap().item()?, 3.0);
/// # Ok::<(), TensorError>(())
/// ```
pub trait Module {
    /// Computes the output.
    ///
    /// # Errors
    /// [`TensorError`] where the input does not fit.
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError>;

    /// The module as PyTorch prints it, such as `Linear(in_features=784, out_features=10, bias=True)`.
    fn describe(&self) -> String;

    /// The parameters of this module alone, without those of its parts.
    fn own_parameters(&self) -> Vec<(&'static str, &Tensor)> {
        Vec::new()
    }

    /// What is kept with the parameters but not learned, of this module alone.
    fn own_buffers(&self) -> Vec<(&'static str, &Tensor)> {
        Vec::new()
    }

    /// The modules that this one is made of, with their names. PyTorch's `named_children`.
    fn children(&self) -> Vec<(&str, &dyn Module)> {
        Vec::new()
    }

    /// Switches between training and evaluation, where they differ; [`Module::train`] and [`Module::eval`] call it. A
    /// module with parts hands it on to them, as it does unless it is defined otherwise.
    fn set_training(&self, training: bool) {
        for (_, child) in self.children() {
            child.set_training(training);
        }
    }

    /// From now on the module is being trained: dropout drops, batch normalisation uses the batch's statistics.
    fn train(&self) {
        self.set_training(true);
    }

    /// From now on the module is being used. PyTorch's `eval`.
    fn eval(&self) {
        self.set_training(false);
    }

    /// All parameters with their names, parts' names before theirs: `0.weight`. They are handles: what is written to
    /// one is seen by the module.
    fn named_parameters(&self) -> Vec<(String, Tensor)> {
        let own = self.own_parameters().into_iter().map(owned);
        own.chain(of_children(self.children(), |child| child.named_parameters())).collect()
    }

    /// All parameters.
    fn parameters(&self) -> Vec<Tensor> {
        self.named_parameters().into_iter().map(|(_, tensor)| tensor).collect()
    }

    /// All buffers with their names.
    fn named_buffers(&self) -> Vec<(String, Tensor)> {
        let own = self.own_buffers().into_iter().map(owned);
        own.chain(of_children(self.children(), |child| child.named_buffers())).collect()
    }

    /// How many numbers are learned: `sum(p.numel() for p in model.parameters())`.
    fn n_parameters(&self) -> usize {
        self.parameters().iter().map(Tensor::numel).sum()
    }

    /// Forgets all parameters' gradients.
    fn zero_grad(&self) {
        for parameter in self.parameters() {
            parameter.zero_grad();
        }
    }

    /// Asks for the parameters' gradients, or freezes them. PyTorch's `requires_grad_`.
    ///
    /// # Errors
    /// [`TensorError`] where a parameter is not a leaf.
    fn requires_grad_(&self, requires_grad: bool) -> Result<(), TensorError> {
        self.parameters().iter().try_for_each(|parameter| parameter.requires_grad_(requires_grad))
    }

    /// Parameters and buffers with their names, in PyTorch's order: handles, detached.
    fn state_dict(&self) -> StateDict {
        let own = self.own_parameters().into_iter().chain(self.own_buffers()).map(owned);
        let own = own.map(|(name, tensor)| (name, tensor.detach()));
        own.chain(of_children(self.children(), |child| child.state_dict())).collect()
    }

    /// Takes the numbers of a state dict that has exactly this module's names, as PyTorch's
    /// [`load_state_dict`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.load_state_dict)
    /// does where it is strict.
    ///
    /// ```
    /// use nn::modules::{Linear, Module};
    /// use tensor::random::{Purpose, Stream};
    ///
    /// let mut stream = Stream::new(0, Purpose::Eager, 0);
    /// let [a, b] = [Linear::new(3, 2, &mut stream)?, Linear::new(3, 2, &mut stream)?];
    /// b.load_state_dict(&a.state_dict()).unwrap();
    /// assert!(a.weight().all_close(b.weight(), 0.0, 0.0));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`StateDictError`] for the first thing that does not agree; nothing is changed then.
    fn load_state_dict(&self, source: &[(String, Tensor)]) -> Result<(), StateDictError> {
        let own = self.state_dict();
        check(&own, source)?;
        no_grad(|| {
            for (name, tensor) in &own {
                let found = source.iter().find(|(found, _)| found == name);
                let (_, numbers) = found.expect("it was checked");
                tensor.copy_(numbers).expect("shapes agree, and what a module owns can be written to");
            }
        });
        Ok(())
    }
}

fn owned((name, tensor): (&'static str, &Tensor)) -> (String, Tensor) {
    (name.to_owned(), tensor.clone())
}

/// What the parts have, under `part.name`.
fn of_children(
    children: Vec<(&str, &dyn Module)>,
    of: impl Fn(&dyn Module) -> Vec<(String, Tensor)>,
) -> Vec<(String, Tensor)> {
    let named = children.into_iter().flat_map(|(child_name, child)| {
        of(child).into_iter().map(move |(name, tensor)| (format!("{child_name}.{name}"), tensor))
    });
    named.collect()
}
