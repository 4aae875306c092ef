use super::{Operation, dims, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};

/// The matrix product of `a` and `b`, either of them transposed first where asked.
///
/// # Shapes
/// a `[m, k]`, or `[k, m]` where transposed; b `[k, n]`, or `[n, k]` where transposed; output `[m, n]`. A linear layer's
/// weight is `[out_features, in_features]`, so its product is `MatMul { transpose_b: true, .. }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MatMul {
    /// Whether `a` is transposed first.
    pub transpose_a: bool,
    /// Whether `b` is transposed first.
    pub transpose_b: bool,
}

impl MatMul {
    /// `[m, n, k]` of the product.
    pub const fn sizes(&self, a: [usize; 2], b: [usize; 2]) -> [usize; 3] {
        let [m, k] = if self.transpose_a { [a[1], a[0]] } else { a };
        let n = if self.transpose_b { b[0] } else { b[1] };
        [m, n, k]
    }

    /// For each input, the product that is its gradient: of which two of a (0), b (1) and the output's gradient (2).
    ///
    /// With C = A·B: dA = dC·Bᵀ and dB = Aᵀ·dC; where A entered transposed, so does its gradient.
    pub(super) fn gradient_rule(self, wanted: &[bool]) -> [Option<(Self, [usize; 2])>; 2] {
        let Self { transpose_a, transpose_b } = self;
        let product =
            |left, right, transpose_a, transpose_b| Some((Self { transpose_a, transpose_b }, [left, right]));
        let (a, b, grad) = (0, 1, 2);
        let grad_a = match (wanted[0], transpose_a) {
            (false, _) => None,
            (true, false) => product(grad, b, false, !transpose_b),
            (true, true) => product(b, grad, transpose_b, true),
        };
        let grad_b = match (wanted[1], transpose_b) {
            (false, _) => None,
            (true, false) => product(a, grad, !transpose_a, false),
            (true, true) => product(grad, a, true, transpose_a),
        };
        [grad_a, grad_b]
    }
}

impl Operation for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let _: [&Value; 2] = take(self.name(), inputs)?;
        let a = dims(self.name(), "a", inputs, 0)?;
        let b = dims(self.name(), "b", inputs, 1)?;
        let [m, n, k] = self.sizes(a, b);
        let b_k = if self.transpose_b { b[1] } else { b[0] };
        if k != b_k {
            return Err(mismatch(
                self.name(),
                format!("inner sizes that agree ({k} and {b_k} do not)"),
                inputs,
            ));
        }
        Ok(Value::f32([m, n]))
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
        for (grad, rule) in grads.iter_mut().zip(self.gradient_rule(wanted)) {
            if let Some((matmul, [left, right])) = rule {
                *grad = Some(graph.apply(matmul, &[operands[left], operands[right]])?);
            }
        }
        Ok(grads)
    }
}
