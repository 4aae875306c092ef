use tensor::{Tensor, TensorError};

use super::Module;

/// Modules one after another, PyTorch's
/// [`nn.Sequential`](https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html).
///
/// ```
/// use nn::modules::{Linear, Module, Sequential, Tanh};
/// use tensor::random::{Purpose, Stream};
/// let mut stream = Stream::new(0, Purpose::Eager, 0);
/// let encoder = Sequential::new().then(Linear::new(4, 2, &mut stream)?).then(Tanh);
/// let model = Sequential::new()
///     .then_named("encoder", encoder)
///     .then_named("decoder", Linear::new(2, 4, &mut stream)?.without_bias());
/// let names: Vec<String> = model.named_parameters().into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["encoder.0.weight", "encoder.0.bias", "decoder.weight"]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Default)]
pub struct Sequential {
    modules: Vec<(String, Box<dyn Module>)>,
    /// Positions at which what an earlier module receives is added, and that module's position.
    residuals: Vec<(usize, usize)>,
}

impl Sequential {
    /// Without modules: what comes in comes out.
    pub fn new() -> Self {
        Self::default()
    }

    /// One module more, named by its position. PyTorch's `append`.
    #[must_use]
    pub fn then(self, module: impl Module + 'static) -> Self {
        let name = self.modules.len().to_string();
        self.then_named(&name, module)
    }

    /// One module more under a name of its own. PyTorch's `add_module`.
    #[must_use]
    pub fn then_named(mut self, name: &str, module: impl Module + 'static) -> Self {
        self.push(name, Box::new(module));
        self
    }

    pub(super) fn push(&mut self, name: &str, module: Box<dyn Module>) {
        self.modules.push((name.to_owned(), module));
    }

    /// One module more, which adds what the module at position `from` receives: the end of a
    /// [`Residual`](crate::layers::Residual) block of a [`ModelSpec`](crate::ModelSpec).
    pub(super) fn push_residual(&mut self, from: usize) {
        let position = self.modules.len();
        self.residuals.push((position, from));
        self.push(&position.to_string(), Box::new(Around { from }));
    }

    /// What every module gives, the last of them the output. It is how activations are looked at.
    ///
    /// # Errors
    /// [`TensorError`] of the first module that refuses its input.
    pub fn forward_all(&self, input: &Tensor) -> Result<Vec<Tensor>, TensorError> {
        let mut outputs: Vec<Tensor> = Vec::with_capacity(self.modules.len());
        for (position, (_, module)) in self.modules.iter().enumerate() {
            let output = module.forward(outputs.last().unwrap_or(input))?;
            let around = self
                .residuals
                .iter()
                .find(|(end, _)| *end == position)
                .map(|(_, from)| from.checked_sub(1).map_or(input, |before| &outputs[before]));
            outputs.push(around.map_or(Ok(output.clone()), |around| output.add(around))?);
        }
        Ok(outputs)
    }
}

impl Module for Sequential {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        if !self.residuals.is_empty() {
            return Ok(self.forward_all(input)?.pop().unwrap_or_else(|| input.clone()));
        }
        self.modules.iter().try_fold(input.clone(), |input, (_, module)| module.forward(&input))
    }

    fn describe(&self) -> String {
        describe_parts("Sequential", self.children())
    }

    fn children(&self) -> Vec<(&str, &dyn Module)> {
        self.modules.iter().map(|(name, module)| (name.as_str(), module.as_ref())).collect()
    }
}

/// The place in a sequence at which it adds what an earlier module receives.
struct Around {
    from: usize,
}

impl Module for Around {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        Ok(input.clone())
    }

    fn describe(&self) -> String {
        format!("Residual(from={})", self.from)
    }
}

impl std::fmt::Display for Sequential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

impl std::fmt::Debug for Sequential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

/// A module with its parts, each on a line of its own, as PyTorch prints them.
pub(super) fn describe_parts(name: &str, parts: Vec<(&str, &dyn Module)>) -> String {
    if parts.is_empty() {
        return format!("{name}()");
    }
    let lines = parts.into_iter().map(|(name, part)| {
        let text = part.describe().replace('\n', "\n  ");
        format!("  ({name}): {text}\n")
    });
    format!("{name}(\n{})", lines.collect::<String>())
}
