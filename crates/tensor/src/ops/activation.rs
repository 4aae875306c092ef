use super::{Binary, Operation, check_dtype, mismatch, take};
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
}

impl Operation for Activation {
    fn name(&self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::LeakyRelu { .. } => "leaky_relu",
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
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
        let reference =
            if matches!(self, Self::LeakyRelu { .. }) { graph.node(node).inputs[0] } else { node };
        Ok(vec![Some(graph.apply(ActivationGrad { activation: *self }, &[reference, grad_output])?)])
    }
}

/// The gradient of an [`Activation`], from a reference and the output's gradient. The reference is the activation's own
/// output, except for LeakyReLU, whose output does not tell the input's sign where the slope is zero.
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
        // How the slope changes with the reference y: of y(1 − y), it is 1 − 2y; of 1 − y², it is −2y.
        let constant = match self.activation {
            Activation::Relu | Activation::LeakyRelu { .. } => return Ok(vec![None, Some(of_grad)]),
            Activation::Sigmoid => 1.0,
            Activation::Tanh => 0.0,
        };
        if !wanted[0] {
            return Ok(vec![None, Some(of_grad)]);
        }
        let (constant, minus_two) = (graph.constant(constant, &[]), graph.constant(-2.0, &[]));
        let slope = graph.apply(Binary::Mul, &[reference, minus_two])?;
        let slope = graph.apply(Binary::Add, &[slope, constant])?;
        let product = graph.apply(Binary::Mul, &[grad_output, grad])?;
        Ok(vec![Some(graph.apply(Binary::Mul, &[product, slope])?), Some(of_grad)])
    }
}
