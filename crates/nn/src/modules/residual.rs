use tensor::{Tensor, TensorError};

use super::Module;
use super::sequential::describe_parts;

/// What a module computes, added to its input: `body(x) + x`, or `body(x) + shortcut(x)` where the body changes the
/// shape. The block of residual networks (He and others, "Deep Residual Learning", 2015).
///
/// ```
/// use nn::modules::{Conv2d, Module, ReLU, Residual, Sequential};
/// use tensor::{Tensor, random::{Purpose, Stream}};
/// let mut stream = Stream::new(0, Purpose::Eager, 0);
/// let body = Sequential::new().then(Conv2d::new(8, 8, 3, &mut stream)?.padding(1)).then(ReLU);
/// let block = Residual::new(body);
/// assert_eq!(block.forward(&Tensor::ones([1, 8, 7, 7]))?.shape(), [1, 8, 7, 7]);
/// assert_eq!(block.named_parameters()[0].0, "body.0.weight");
/// # Ok::<(), tensor::TensorError>(())
/// ```
pub struct Residual {
    body: Box<dyn Module>,
    shortcut: Option<Box<dyn Module>>,
}

impl Residual {
    /// Around a module that keeps the shape.
    pub fn new(body: impl Module + 'static) -> Self {
        Self { body: Box::new(body), shortcut: None }
    }

    /// With another way around the body than none, such as a convolution with a kernel of one cell.
    #[must_use]
    pub fn shortcut(mut self, shortcut: impl Module + 'static) -> Self {
        self.shortcut = Some(Box::new(shortcut));
        self
    }
}

impl Module for Residual {
    fn forward(&self, input: &Tensor) -> Result<Tensor, TensorError> {
        let around = self.shortcut.as_ref().map_or_else(|| Ok(input.clone()), |path| path.forward(input))?;
        let output = self.body.forward(input)?;
        if output.shape() != around.shape() {
            return Err(TensorError::Shapes {
                operation: "Residual",
                expected: "a body that keeps the shape, or a shortcut that changes it alike".into(),
                received: vec![output.shape().to_vec(), around.shape().to_vec()],
            });
        }
        output.add(&around)
    }

    fn describe(&self) -> String {
        describe_parts("Residual", self.children())
    }

    fn children(&self) -> Vec<(&str, &dyn Module)> {
        let shortcut = self.shortcut.iter().map(|path| ("shortcut", path.as_ref()));
        [("body", self.body.as_ref())].into_iter().chain(shortcut).collect()
    }
}
