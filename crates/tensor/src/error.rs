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
    /// An operation through which no gradient is defined.
    #[error("no gradient is defined through {operation}")]
    NoGradient {
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
