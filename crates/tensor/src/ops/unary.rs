use super::{Binary, Compare, Operation, check_dtype, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Mathematics on each element by itself. The functions that networks use between their layers are an
/// [`Activation`](super::Activation).
///
/// # Shapes
/// input: any; output: the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `−x`
    Neg,
    /// `eˣ`
    Exp,
    /// `ln x`
    Log,
    /// `√x`
    Sqrt,
    /// `|x|`
    Abs,
    /// −1, 0 or 1.
    Sign,
    /// `x²`
    Square,
    /// `sin x`
    Sin,
    /// `cos x`
    Cos,
    /// The error function, `2/√π · ∫₀ˣ e^(−t²) dt`.
    Erf,
    /// `x^exponent`
    Pow {
        /// A fixed number.
        exponent: f32,
    },
    /// `x`, but no less than `min` and no more than `max`.
    Clamp {
        /// The least; −∞ for no bound.
        min: f32,
        /// The most; ∞ for no bound.
        max: f32,
    },
}

impl Operation for Unary {
    fn name(&self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Sqrt => "sqrt",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Square => "square",
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Erf => "erf",
            Self::Pow { .. } => "pow",
            Self::Clamp { .. } => "clamp",
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
        let x = graph.node(node).inputs[0];
        let mut rule = Rule(graph);
        // The slope d output / d x, or the gradient itself where that is simpler.
        let slope = match *self {
            Self::Neg => return Ok(vec![Some(rule.unary(Self::Neg, grad_output)?)]),
            // Flat wherever it has a slope at all; a power of 0 is flat at 0 too.
            Self::Sign | Self::Pow { exponent: 0.0 } => {
                let shape = rule.0.shape(x).to_vec();
                return Ok(vec![Some(rule.0.constant(0.0, &shape))]);
            }
            Self::Log => return Ok(vec![Some(rule.binary(Binary::Div, grad_output, x)?)]),
            Self::Exp => node,
            Self::Sqrt => {
                let twice = rule.times(node, 2.0)?;
                return Ok(vec![Some(rule.binary(Binary::Div, grad_output, twice)?)]);
            }
            Self::Abs => rule.unary(Self::Sign, x)?,
            Self::Square => rule.times(x, 2.0)?,
            Self::Sin => rule.unary(Self::Cos, x)?,
            Self::Cos => {
                let sin = rule.unary(Self::Sin, x)?;
                rule.unary(Self::Neg, sin)?
            }
            // 2/√π · e^(−x²)
            Self::Erf => {
                let bell = rule.bell(x, 1.0)?;
                rule.times(bell, std::f32::consts::FRAC_2_SQRT_PI)?
            }
            Self::Pow { exponent } => {
                let power = rule.unary(Self::Pow { exponent: exponent - 1.0 }, x)?;
                rule.times(power, exponent)?
            }
            Self::Clamp { min, max } => {
                let (min, max) = (rule.number(min), rule.number(max));
                let above = rule.0.apply(Compare::Ge, &[x, min])?;
                let below = rule.0.apply(Compare::Le, &[x, max])?;
                rule.binary(Binary::Mul, above, below)?
            }
        };
        Ok(vec![Some(rule.binary(Binary::Mul, grad_output, slope)?)])
    }
}

/// Shorter ways to append a rule's operations.
struct Rule<'a>(&'a mut Graph);

impl Rule<'_> {
    fn unary(&mut self, op: Unary, x: NodeId) -> Result<NodeId, TensorError> {
        self.0.apply(op, &[x])
    }

    fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> Result<NodeId, TensorError> {
        self.0.apply(op, &[a, b])
    }

    fn number(&mut self, number: f32) -> NodeId {
        self.0.constant(number, &[])
    }

    fn times(&mut self, x: NodeId, factor: f32) -> Result<NodeId, TensorError> {
        let factor = self.number(factor);
        self.binary(Binary::Mul, x, factor)
    }

    /// `e^(−factor · x²)`
    fn bell(&mut self, x: NodeId, factor: f32) -> Result<NodeId, TensorError> {
        let square = self.unary(Unary::Square, x)?;
        let scaled = self.times(square, -factor)?;
        self.unary(Unary::Exp, scaled)
    }
}
