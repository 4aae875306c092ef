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
