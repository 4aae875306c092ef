use super::{Binary, Operation, SumTo, Unary, check_dtype, mismatch, take};
use crate::error::TensorError;
use crate::graph::{DType, Graph, NodeId, Value};

/// Probabilities over the last dimension: `e^(xᵢ − max) / Σ e^(xⱼ − max)`; the maximum is subtracted so that nothing
/// overflows.
///
/// # Shapes
/// input: any of at least one dimension; output: the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Softmax;

/// Logarithms of [`Softmax`]: `xᵢ − max − ln Σ e^(xⱼ − max)`, finite where the probability itself would round to zero.
///
/// # Shapes
/// input: any of at least one dimension; output: the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogSoftmax;

/// The gradient of [`Softmax`] from its output `p`: `pᵢ · (gᵢ − Σ gⱼ pⱼ)`.
///
/// # Shapes
/// output and grad_output: the same; output: the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SoftmaxGrad;

/// The gradient of [`LogSoftmax`] from its output `l`: `gᵢ − e^lᵢ · Σ gⱼ`.
///
/// # Shapes
/// output and grad_output: the same; output: the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogSoftmaxGrad;

fn rows(name: &'static str, inputs: &[&Value]) -> Result<Value, TensorError> {
    let [input] = take(name, inputs)?;
    check_dtype(name, inputs, 0, DType::F32)?;
    if input.shape.is_empty() {
        Err(mismatch(name, "at least one dimension", inputs))
    } else {
        Ok(input.clone())
    }
}

fn same(name: &'static str, inputs: &[&Value]) -> Result<Value, TensorError> {
    let [output, grad_output] = take(name, inputs)?;
    if output == grad_output {
        Ok(output.clone())
    } else {
        Err(mismatch(name, "two tensors of the same shape", inputs))
    }
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        rows(self.name(), inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![Some(graph.apply(SoftmaxGrad, &[node, grad_output])?)])
    }
}

impl Operation for LogSoftmax {
    fn name(&self) -> &'static str {
        "log_softmax"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        rows(self.name(), inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![Some(graph.apply(LogSoftmaxGrad, &[node, grad_output])?)])
    }
}

impl Operation for SoftmaxGrad {
    fn name(&self) -> &'static str {
        "softmax_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        same(self.name(), inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (p, grad) = (inputs[0], inputs[1]);
        let of_grad = graph.apply(Self, &[p, grad_output])?;
        if !wanted[0] {
            return Ok(vec![None, Some(of_grad)]);
        }
        // With G the gradient that comes in: Gᵢ · (gᵢ − Σ gⱼ pⱼ) − gᵢ · Σ Gⱼ pⱼ
        let dot = row_sum_of_product(graph, grad, p)?;
        let centred = graph.apply(Binary::Sub, &[grad, dot])?;
        let first = graph.apply(Binary::Mul, &[grad_output, centred])?;
        let dot = row_sum_of_product(graph, grad_output, p)?;
        let second = graph.apply(Binary::Mul, &[grad, dot])?;
        Ok(vec![Some(graph.apply(Binary::Sub, &[first, second])?), Some(of_grad)])
    }
}

impl Operation for LogSoftmaxGrad {
    fn name(&self) -> &'static str {
        "log_softmax_grad"
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        same(self.name(), inputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let inputs = graph.node(node).inputs.clone();
        let (logs, grad) = (inputs[0], inputs[1]);
        // With G the gradient that comes in and p = eˡ: Gᵢ − Σ Gⱼ pⱼ for the gradient, −Gᵢ pᵢ · Σ gⱼ for the logarithms.
        let p = graph.apply(Unary::Exp, &[logs])?;
        let dot = row_sum_of_product(graph, grad_output, p)?;
        let of_grad = graph.apply(Binary::Sub, &[grad_output, dot])?;
        if !wanted[0] {
            return Ok(vec![None, Some(of_grad)]);
        }
        let total = row_sum(graph, grad)?;
        let product = graph.apply(Binary::Mul, &[grad_output, p])?;
        let product = graph.apply(Binary::Mul, &[product, total])?;
        Ok(vec![Some(graph.apply(Unary::Neg, &[product])?), Some(of_grad)])
    }
}

fn row_sum_of_product(graph: &mut Graph, a: NodeId, b: NodeId) -> Result<NodeId, TensorError> {
    let product = graph.apply(Binary::Mul, &[a, b])?;
    row_sum(graph, product)
}

/// The sum over the last dimension, which keeps its place.
fn row_sum(graph: &mut Graph, of: NodeId) -> Result<NodeId, TensorError> {
    let mut shape = graph.shape(of).to_vec();
    if let Some(last) = shape.last_mut() {
        *last = 1;
    }
    graph.apply(SumTo { shape }, &[of])
}
