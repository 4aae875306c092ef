use crate::graph::DType;

/// Why an operation cannot be recorded, differentiated or compiled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// Shapes that do not go together.
    #[error("{operation}: {expected}, but received {received:?}")]
    Shapes {
        /// The operation's name.
        operation: &'static str,
        /// What it needs, in words.
        expected: String,
        /// The shapes that came, in order.
        received: Vec<Vec<usize>>,
    },
    /// Two shapes that do not broadcast.
    #[error("{operation}: the shapes do not broadcast; {}", aligned(a, b))]
    Broadcast {
        /// The operation's name.
        operation: &'static str,
        /// The first tensor's shape.
        a: Vec<usize>,
        /// The second tensor's shape.
        b: Vec<usize>,
    },
    /// The wrong number of inputs.
    #[error("{operation} takes {expected} inputs, but received {received}")]
    InputCount {
        /// The operation's name.
        operation: &'static str,
        /// How many it takes.
        expected: usize,
        /// How many came.
        received: usize,
    },
    /// An element type that the operation does not compute with.
    #[error("{operation} needs {expected:?} for input {input_idx}, but received {received:?}")]
    DType {
        /// The operation's name.
        operation: &'static str,
        /// Which input.
        input_idx: usize,
        /// What it needs.
        expected: DType,
        /// What came.
        received: DType,
    },
    /// An argument out of its range.
    #[error("{operation}: {argument} is {received}, but must be {expected}")]
    Argument {
        /// The operation's name.
        operation: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// What would be accepted.
        expected: &'static str,
        /// As given.
        received: String,
    },
    /// An operation through which no gradient is defined.
    #[error("no gradient is defined through {operation}")]
    NoGradient {
        /// The operation's name.
        operation: &'static str,
    },
    /// A dimension that a tensor does not have.
    #[error("{operation}: there is no dimension {dim} among {rank}; they count from 0, or from −1 backwards")]
    Dim {
        /// The operation's name.
        operation: &'static str,
        /// As given.
        dim: isize,
        /// How many dimensions there are.
        rank: usize,
    },
    /// A position that a dimension does not have.
    #[error("{operation}: there is no position {index} in a dimension of size {size}")]
    Index {
        /// The operation's name.
        operation: &'static str,
        /// As given.
        index: i64,
        /// The dimension's size.
        size: usize,
    },
    /// A shape that the same elements can only have after a copy.
    #[error(
        "view: a tensor of shape {shape:?} and strides {strides:?} cannot be seen as {wanted:?} without a copy; \
         use reshape, which copies where it must"
    )]
    NotViewable {
        /// The tensor's shape.
        shape: Vec<usize>,
        /// Its strides, in elements.
        strides: Vec<usize>,
        /// The shape asked for.
        wanted: Vec<isize>,
    },
    /// One number asked of a tensor that holds more, or none.
    #[error("item: this tensor has the shape {shape:?}, and so not exactly one element")]
    NotOneElement {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// Backward from something that nothing learned led to.
    #[error("backward: this tensor does not require grad, and was not computed from any that does")]
    NoHistory,
    /// A computed tensor asked not to require a gradient.
    #[error("requires_grad_: this tensor was computed from others that require grad; detach it instead")]
    NotALeaf,
    /// A gradient asked for integers or masks.
    #[error("only F32 tensors can require gradients, but this holds {received:?}")]
    NotDifferentiable {
        /// What it holds.
        received: DType,
    },
    /// A second walk back through operations whose saved values are gone.
    #[error(
        "backward through {operation} a second time: the values that it had saved were freed by the first backward; \
         give retain_graph to the first if you need both"
    )]
    Freed {
        /// The operation's name.
        operation: &'static str,
    },
    /// A saved value that was written over before its gradient was computed.
    #[error(
        "a value that {operation} saved for its gradient was modified by an in-place operation: it is at version \
         {now}, version {saved} was expected; copy it before changing it, or compute out of place"
    )]
    ModifiedInPlace {
        /// The operation that saved it.
        operation: &'static str,
        /// The storage's version when it was saved.
        saved: u64,
        /// Its version now.
        now: u64,
    },
    /// A learned tensor, or a view of one, changed in place where that would have to be recorded.
    #[error(
        "{operation}: a leaf that requires grad, or a view of one, cannot be changed in place while recording; \
         use no_grad"
    )]
    LeafInPlace {
        /// The operation's name.
        operation: &'static str,
    },
    /// A view changed in place where that would have to be recorded, but the tape does not know what it looks at.
    #[error(
        "{operation}: this view was taken under no_grad, or of something detached that does not lie in order, so that \
         changing it in place cannot be recorded; take the view while recording, or change it under no_grad"
    )]
    ViewInPlace {
        /// The operation's name.
        operation: &'static str,
    },
    /// A view taken under `no_grad`, whose base has got another history since.
    #[error(
        "{operation}: this view was taken under no_grad, and what it looks at was changed since by a recorded in-place \
         operation; take the view again"
    )]
    StaleView {
        /// The operation that wanted to read it.
        operation: &'static str,
    },
    /// A write to elements that share their place.
    #[error("{operation}: several elements of this expanded tensor share one place; write to a copy of it")]
    SharedPlaces {
        /// The operation's name.
        operation: &'static str,
    },
    /// A gradient asked of something that is not a single number.
    #[error(
        "gradients start at a single number, but this has the shape {shape:?}; take its sum or mean first"
    )]
    NotScalar {
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A buffer that does not have the size that was promised.
    #[error("{what} needs {expected} numbers, but received {received}")]
    Length {
        /// Which buffer.
        what: String,
        /// Its length.
        expected: usize,
        /// What came.
        received: usize,
    },
    /// A name that the plan does not have.
    #[error("the plan has no {what} named {name:?}")]
    UnknownName {
        /// An input or an output.
        what: &'static str,
        /// As given.
        name: String,
    },
}

/// Both shapes under one another, aligned at the right as broadcasting reads them, with the sizes that clash marked.
fn aligned(a: &[usize], b: &[usize]) -> String {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], dim: usize| (dim + shape.len()).checked_sub(rank).map(|idx| shape[idx]);
    let mut rows = [String::from("  a ["), String::from("  b ["), String::from("     ")];
    for dim in 0..rank {
        let (a, b) = (size(a, dim), size(b, dim));
        let clash = matches!((a, b), (Some(a), Some(b)) if a != b && a != 1 && b != 1);
        let text = |size: Option<usize>| size.map(|size| size.to_string()).unwrap_or_default();
        let mark = String::from(if clash { "^" } else { "" });
        let cells = [text(a), text(b), mark];
        let width = cells.iter().map(String::len).max().unwrap_or(0);
        let comma = |row: usize| if dim + 1 == rank || row == 2 || cells[row].is_empty() { " " } else { "," };
        for (row, cell) in cells.iter().enumerate() {
            rows[row].push_str(&format!("{cell:>width$}{} ", comma(row)));
        }
    }
    let [a, b, marks] = rows.map(|row| row.trim_end().to_owned());
    format!("aligned at the right, sizes must agree or be 1:\n{a}]\n{b}]\n{marks}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcasting_error_shows_both_shapes_aligned_and_marks_what_clashes() {
        let error = TensorError::Broadcast { operation: "add", a: vec![64, 8, 14, 14], b: vec![16, 1, 14] };
        let expected = "add: the shapes do not broadcast; aligned at the right, sizes must agree or be 1:\n  \
                        a [64,  8, 14, 14]\n  b [    16,  1, 14]\n          ^";
        assert_eq!(error.to_string(), expected);
    }
}
