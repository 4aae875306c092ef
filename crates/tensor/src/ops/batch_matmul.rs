use super::{MatMul, Operation, broadcast, check_dtype, mismatch, sum_to_shape_of, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Matrix products over a batch: the last two dimensions are matrices, either of them transposed first where asked; those
/// before are [broadcast](super::broadcast). For two matrices alone there is [`MatMul`].
///
/// # Shapes
/// a `[…, m, k]`, or `[…, k, m]` where transposed; b `[…, k, n]`, or `[…, n, k]` where transposed; output `[…, m, n]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct BatchMatMul {
    /// What is done with each pair of matrices.
    pub matmul: MatMul,
}

impl Operation for BatchMatMul {
    fn name(&self) -> &'static str {
        "batch_matmul"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [a, b] = take(self.name(), inputs)?;
        check_dtype(self.name(), inputs, 0, DType::F32)?;
        check_dtype(self.name(), inputs, 1, DType::F32)?;
        let ([batch_a @ .., a0, a1], [batch_b @ .., b0, b1]) = (a.shape.as_slice(), b.shape.as_slice())
        else {
            return Err(mismatch(self.name(), "at least two dimensions each", inputs));
        };
        let [m, n, k] = self.matmul.sizes([*a0, *a1], [*b0, *b1]);
        let b_k = if self.matmul.transpose_b { *b1 } else { *b0 };
        if k != b_k {
            let expected = format!("inner sizes that agree ({k} and {b_k} do not)");
            return Err(mismatch(self.name(), expected, inputs));
        }
        let mut shape = broadcast(batch_a, batch_b)
            .ok_or_else(|| mismatch(self.name(), "batch dimensions that broadcast", inputs))?;
        shape.extend([m, n]);
        Ok(Value::f32(shape))
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let operands = [inputs[0], inputs[1], grad_output];
        let mut grads = vec![None; 2];
        for ((grad, rule), &input) in grads.iter_mut().zip(self.matmul.gradient_rule(wanted)).zip(&inputs) {
            if let Some((matmul, [left, right])) = rule {
                let product = graph.apply(Self { matmul }, &[operands[left], operands[right]])?;
                *grad = Some(sum_to_shape_of(graph, product, input)?);
            }
        }
        Ok(grads)
    }
}
