use super::sum_to::summed;
use super::{Binary, Compare, Operation, SumTo};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// One number out of many, over every dimension along which the shape given would be repeated by broadcasting; sums are a
/// [`SumTo`].
///
/// # Shapes
/// input: any shape to which `shape` broadcasts; output: `shape`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// What is computed.
    pub kind: Reduce,
    /// The output's shape.
    pub shape: Vec<usize>,
}

/// What a [`Reduction`] computes of `n` numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reduce {
    /// `Σ x / n`
    Mean,
    /// `Σ (x − mean)² / (n − correction)`, NaN where nothing is left to divide by.
    Var {
        /// 1 for the unbiased estimate, which is PyTorch's default; 0 for the mean square distance.
        correction: usize,
    },
    /// The largest; NaN where there is one. Equals share the gradient evenly, as in PyTorch.
    Amax,
    /// The smallest; NaN where there is one. Equals share the gradient evenly, as in PyTorch.
    Amin,
}

impl Operation for Reduction {
    fn name(&self) -> &'static str {
        match self.kind {
            Reduce::Mean => "mean",
            Reduce::Var { .. } => "var",
            Reduce::Amax => "amax",
            Reduce::Amin => "amin",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        summed(self.name(), &self.shape, inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let x = graph.node(node).inputs[0];
        let shape = graph.shape(x).to_vec();
        let n = shape.iter().product::<usize>() / self.shape.iter().product::<usize>().max(1);
        let grad = match self.kind {
            Reduce::Mean => {
                let share = graph.constant(1.0 / n as f32, &shape);
                graph.apply(Binary::Mul, &[share, grad_output])?
            }
            Reduce::Var { correction } => {
                // 2 · (x − mean) / (n − correction)
                let mean = graph.apply(Self { kind: Reduce::Mean, shape: self.shape.clone() }, &[x])?;
                let centred = graph.apply(Binary::Sub, &[x, mean])?;
                let factor = graph.constant(2.0 / (n as f32 - correction as f32), &[]);
                let scaled = graph.apply(Binary::Mul, &[grad_output, factor])?;
                graph.apply(Binary::Mul, &[centred, scaled])?
            }
            Reduce::Amax | Reduce::Amin => {
                let chosen = graph.apply(Compare::Eq, &[x, node])?;
                let n_chosen = graph.apply(SumTo { shape: self.shape.clone() }, &[chosen])?;
                let share = graph.apply(Binary::Div, &[grad_output, n_chosen])?;
                graph.apply(Binary::Mul, &[chosen, share])?
            }
        };
        Ok(vec![Some(grad)])
    }
}
