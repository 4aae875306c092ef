use super::{Binary, Compare, Operation, Unary, Where, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// A function of each element by itself.
///
/// # Shapes
/// input: any; output: the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `x` where positive, `negative_slope · x` elsewhere; the slope must not be negative.
    LeakyRelu {
        /// The factor for negative inputs.
        negative_slope: f32,
    },
    /// `1 / (1 + e⁻ˣ)`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `x` where positive, `alpha · (eˣ − 1)` elsewhere
    /// ([`torch.nn.functional.elu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.elu.html)).
    Elu {
        /// Minus the limit at the left.
        alpha: f32,
    },
    /// `x · Φ(x)`: the input times the probability that a standard normal number lies below it
    /// ([`torch.nn.functional.gelu`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.gelu.html)).
    Gelu {
        /// Whether `Φ(x)` is `(1 + tanh(√(2/π) · (x + 0.044715·x³))) / 2` instead of `(1 + erf(x/√2)) / 2`.
        tanh: bool,
    },
}

impl Activation {
    /// Whether the gradient is computed from the input; else from the output, which then need not be kept beside it.
    const fn needs_input(self) -> bool {
        matches!(self, Self::LeakyRelu { .. } | Self::Elu { .. } | Self::Gelu { .. })
    }
}

impl Operation for Activation {
    fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Elu { .. } => "elu",
            Self::Gelu { .. } => "gelu",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::F32)?;
        Ok(input.clone())
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let reference = if self.needs_input() { graph.node(node).inputs[0] } else { node };
        Ok(vec![Some(graph.apply(ActivationGrad { activation: *self }, &[reference, grad_output])?)])
    }
}

/// The gradient of an [`Activation`], from a reference and the output's gradient. The reference is the activation's own
/// output, except for LeakyReLU, ELU and GELU, whose output does not always tell the input: there it is the input.
///
/// # Shapes
/// reference and grad_output: the same; output: the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActivationGrad {
    /// The activation.
    pub activation: Activation,
}

impl Operation for ActivationGrad {
    fn name(&self) -> &'static str {
        match self.activation {
            Activation::Relu => "relu_grad",
            Activation::LeakyRelu { .. } => "leaky_relu_grad",
            Activation::Sigmoid => "sigmoid_grad",
            Activation::Tanh => "tanh_grad",
            Activation::Elu { .. } => "elu_grad",
            Activation::Gelu { .. } => "gelu_grad",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [reference, grad_output] = take(self.name(), inputs)?;
        if reference == grad_output {
            Ok(reference.clone())
        } else {
            Err(mismatch(self.name(), "two tensors of the same shape", inputs))
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (reference, grad) = (inputs[0], inputs[1]);
        let of_grad = graph.apply(*self, &[reference, grad_output])?;
        if !wanted[0] || matches!(self.activation, Activation::Relu | Activation::LeakyRelu { .. }) {
            return Ok(vec![None, Some(of_grad)]);
        }
        let change = self.change(graph, reference)?;
        let product = graph.apply(Binary::Mul, &[grad_output, grad])?;
        Ok(vec![Some(graph.apply(Binary::Mul, &[product, change])?), Some(of_grad)])
    }
}

impl ActivationGrad {
    /// How the slope changes with the reference.
    fn change(&self, graph: &mut Graph, reference: NodeId) -> Result<NodeId, TensorError> {
        let scaled = |graph: &mut Graph, node: NodeId, factor: f32, more: f32| {
            let (factor, more) = (graph.constant(factor, &[]), graph.constant(more, &[]));
            let product = graph.apply(Binary::Mul, &[node, factor])?;
            graph.apply(Binary::Add, &[product, more])
        };
        match self.activation {
            // Of y(1 − y), it is 1 − 2y; of 1 − y², it is −2y.
            Activation::Sigmoid => scaled(graph, reference, -2.0, 1.0),
            Activation::Tanh => scaled(graph, reference, -2.0, 0.0),
            // Of 1 nothing, of alpha · eˣ itself.
            Activation::Elu { alpha } => {
                let zero = graph.constant(0.0, &[]);
                let positive = graph.apply(Compare::Gt, &[reference, zero])?;
                let power = graph.apply(Unary::Exp, &[reference])?;
                let power = scaled(graph, power, alpha, 0.0)?;
                graph.apply(Where, &[positive, zero, power])
            }
            // Of Φ(x) + x·φ(x), it is (2 − x²) · φ(x), with the normal distribution's density φ.
            Activation::Gelu { tanh: false } => {
                let square = graph.apply(Unary::Square, &[reference])?;
                let exponent = scaled(graph, square, -0.5, 0.0)?;
                let bell = graph.apply(Unary::Exp, &[exponent])?;
                let bell = scaled(graph, bell, DENSITY, 0.0)?;
                let factor = scaled(graph, square, -1.0, 2.0)?;
                graph.apply(Binary::Mul, &[factor, bell])
            }
            // With t = tanh(u), of (1 + t)/2 + x·u′·(1 − t²)/2 it is
            // (1 − t²) · (u′ + x·(u″/2 − t·u′²)).
            Activation::Gelu { tanh: true } => {
                // Beyond ±8 it is 0, but the square may overflow.
                let x = graph.apply(Unary::Clamp { min: -8.0, max: 8.0 }, &[reference])?;
                let square = graph.apply(Unary::Square, &[x])?;
                let u = scaled(graph, square, SCALE * CUBIC, SCALE)?;
                let u = graph.apply(Binary::Mul, &[x, u])?;
                let t = graph.apply(Activation::Tanh, &[u])?;
                let first = scaled(graph, square, 3.0 * SCALE * CUBIC, SCALE)?;
                let half_second = scaled(graph, x, 3.0 * SCALE * CUBIC, 0.0)?;
                let first_square = graph.apply(Unary::Square, &[first])?;
                let bend = graph.apply(Binary::Mul, &[t, first_square])?;
                let bend = graph.apply(Binary::Sub, &[half_second, bend])?;
                let bend = graph.apply(Binary::Mul, &[x, bend])?;
                let bend = graph.apply(Binary::Add, &[first, bend])?;
                let t_square = graph.apply(Unary::Square, &[t])?;
                let slope = scaled(graph, t_square, -1.0, 1.0)?;
                graph.apply(Binary::Mul, &[slope, bend])
            }
            Activation::Relu | Activation::LeakyRelu { .. } => {
                Err(TensorError::NoGradient { operation: self.name() })
            }
        }
    }
}

/// The standard normal distribution's density at 0, `1/√(2π)`.
pub(crate) const DENSITY: f32 = 0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2;

/// Of GELU's approximation `u = SCALE·(x + CUBIC·x³)`, √(2/π).
pub(crate) const SCALE: f32 = 2.0 * DENSITY;
/// The factor of the cube.
pub(crate) const CUBIC: f32 = 0.044_715;
