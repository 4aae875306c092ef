use super::{Operation, SumTo, mismatch, take};
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::layout::Layout;

/// Another way to look at the same elements. Eagerly it moves nothing; a compiled step copies.
///
/// # Shapes
/// input: any for which the dimensions named exist; the output's shape is said at each variant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum View {
    /// Dimension `i` of the output is dimension `dims[i]` of the input.
    Permute {
        /// Every dimension once.
        dims: Vec<usize>,
    },
    /// `len` elements of one dimension: `start`, `start + step`, … Its size becomes `len`.
    Slice {
        /// Which dimension.
        dim: usize,
        /// The first element.
        start: usize,
        /// How many elements.
        len: usize,
        /// From each to the next, at least 1.
        step: usize,
    },
    /// One element of one dimension, which disappears.
    Select {
        /// Which dimension.
        dim: usize,
        /// Which of its elements.
        index: usize,
    },
    /// Repeats dimensions of size 1, and new ones at the left, as broadcasting does.
    Expand {
        /// The output's shape.
        shape: Vec<usize>,
    },
    /// The elements whose positions along two dimensions are equal, as a new last dimension.
    Diagonal {
        /// The two dimensions, which disappear.
        dims: [usize; 2],
    },
}

impl View {
    /// What the view makes of a layout, or `None` where it does not fit.
    pub fn layout(&self, input: &Layout) -> Option<Layout> {
        let mut output = input.clone();
        match self {
            Self::Permute { dims } => {
                let mut sorted = dims.clone();
                sorted.sort_unstable();
                if !sorted.into_iter().eq(0..input.shape.len()) {
                    return None;
                }
                output.shape = dims.iter().map(|&dim| input.shape[dim]).collect();
                output.strides = dims.iter().map(|&dim| input.strides[dim]).collect();
            }
            &Self::Slice { dim, start, len, step } => {
                let size = *input.shape.get(dim)?;
                let last = start.checked_add(len.saturating_sub(1).checked_mul(step)?)?;
                if step == 0 || start > size || (len > 0 && last >= size) {
                    return None;
                }
                output.offset += start * input.strides[dim];
                output.shape[dim] = len;
                output.strides[dim] *= step;
            }
            &Self::Select { dim, index } => {
                if index >= *input.shape.get(dim)? {
                    return None;
                }
                output.offset += index * input.strides[dim];
                output.shape.remove(dim);
                output.strides.remove(dim);
            }
            Self::Expand { shape } => {
                let first = shape.len().checked_sub(input.shape.len())?;
                output.shape.clone_from(shape);
                output.strides = vec![0; shape.len()];
                for (dim, (&size, &stride)) in input.shape.iter().zip(&input.strides).enumerate() {
                    if shape[first + dim] == size {
                        output.strides[first + dim] = stride;
                    } else if size != 1 {
                        return None;
                    }
                }
                // A new dimension that repeats nothing lies as one that was always there.
                for dim in (0..first).rev().filter(|&dim| shape[dim] == 1 && !input.shape.is_empty()) {
                    output.strides[dim] = shape[dim + 1] * output.strides[dim + 1];
                }
            }
            &Self::Diagonal { dims: [a, b] } => {
                let size = (*input.shape.get(a)?).min(*input.shape.get(b)?);
                if a == b {
                    return None;
                }
                for dim in [a.max(b), a.min(b)] {
                    output.shape.remove(dim);
                    output.strides.remove(dim);
                }
                output.shape.push(size);
                output.strides.push(input.strides[a] + input.strides[b]);
            }
        }
        Some(output)
    }

    fn expected(&self) -> String {
        match self {
            Self::Permute { dims } => format!("as many dimensions as {dims:?} orders, each named once"),
            Self::Slice { dim, start, len, step } => {
                format!("{len} elements from {start} in steps of {step} along dimension {dim}")
            }
            Self::Select { dim, index } => format!("an element {index} along dimension {dim}"),
            Self::Expand { shape } => {
                format!("sizes of 1 wherever they differ from {shape:?}, aligned at the right")
            }
            Self::Diagonal { dims: [a, b] } => format!("two different dimensions {a} and {b}"),
        }
    }
}

impl Operation for View {
    fn name(&self) -> &'static str {
        match self {
            Self::Permute { .. } => "permute",
            Self::Slice { .. } => "slice",
            Self::Select { .. } => "select",
            Self::Expand { .. } => "expand",
            Self::Diagonal { .. } => "diagonal",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [input] = take(self.name(), inputs)?;
        let layout = self.layout(&Layout::contiguous(&input.shape));
        let layout = layout.ok_or_else(|| mismatch(self.name(), self.expected(), inputs))?;
        Ok(Value { shape: layout.shape, dtype: input.dtype })
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        let shape = graph.shape(graph.node(node).inputs[0]).to_vec();
        let grad = match self {
            Self::Permute { dims } => {
                let mut inverse = vec![0; dims.len()];
                for (position, &dim) in dims.iter().enumerate() {
                    inverse[dim] = position;
                }
                graph.apply(Self::Permute { dims: inverse }, &[grad_output])?
            }
            Self::Expand { .. } => graph.apply(SumTo { shape }, &[grad_output])?,
            Self::Slice { .. } | Self::Select { .. } | Self::Diagonal { .. } => {
                graph.apply(ViewGrad { view: self.clone(), shape }, &[grad_output])?
            }
        };
        Ok(vec![Some(grad)])
    }
}

/// The gradient of a [`View`]: zeros, and each of the gradient's elements added where the view had read.
///
/// # Shapes
/// grad_output: as the view's output; output: as its input.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ViewGrad {
    /// The view.
    pub view: View,
    /// Its input's shape.
    pub shape: Vec<usize>,
}

impl Operation for ViewGrad {
    fn name(&self) -> &'static str {
        match self.view {
            View::Permute { .. } => "permute_grad",
            View::Slice { .. } => "slice_grad",
            View::Select { .. } => "select_grad",
            View::Expand { .. } => "expand_grad",
            View::Diagonal { .. } => "diagonal_grad",
        }
    }

    fn output(&self, inputs: &[&Value]) -> Result<Value, TensorError> {
        let [grad_output] = take(self.name(), inputs)?;
        let viewed = self.view.output(&[&Value::f32(self.shape.clone())])?;
        if *grad_output == viewed {
            Ok(Value::f32(self.shape.clone()))
        } else {
            Err(mismatch(self.name(), format!("a gradient of the shape {:?}", viewed.shape), inputs))
        }
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        _node: NodeId,
        grad_output: NodeId,
        _wanted: &[bool],
    ) -> Result<Vec<Option<NodeId>>, TensorError> {
        Ok(vec![Some(graph.apply(self.view.clone(), &[grad_output])?)])
    }
}
