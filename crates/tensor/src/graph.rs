use crate::error::TensorError;
use crate::ops::Op;

/// What one element is. Compiled steps hold `F32` and `U32` only; eager tensors hold any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// A 32-bit floating-point number; everything is computed in it.
    F32,
    /// A 16-bit floating-point number, to store what is computed in 32 bits.
    F16,
    /// A signed 64-bit integer: labels and positions as PyTorch holds them.
    I64,
    /// An unsigned 32-bit integer: labels and positions as kernels read them.
    U32,
    /// An unsigned byte: pictures.
    U8,
    /// True or false: masks.
    Bool,
}

impl DType {
    /// Whether its numbers have a fraction, and so a gradient.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F16)
    }
}

/// What is known of a tensor before it is computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Value {
    /// The size of each dimension; empty for a single number.
    pub shape: Vec<usize>,
    /// What one element is.
    pub dtype: DType,
}

impl Value {
    /// A tensor of floating-point numbers.
    pub fn f32(shape: impl Into<Vec<usize>>) -> Self {
        Self { shape: shape.into(), dtype: DType::F32 }
    }

    /// A tensor of unsigned integers.
    pub fn u32(shape: impl Into<Vec<usize>>) -> Self {
        Self { shape: shape.into(), dtype: DType::U32 }
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.shape.iter().product()
    }
}

/// A node's position in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The position as an index.
    pub const fn idx(self) -> usize {
        self.0 as usize
    }
}

/// One recorded operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// Its inputs, all earlier in the graph.
    pub inputs: Vec<NodeId>,
    /// What comes out.
    pub value: Value,
}

/// Recorded operations in the order of recording, which is an order of computation too.
///
/// ```
/// use tensor::{Graph, Value, ops::Binary};
/// let mut graph = Graph::new();
/// let a = graph.input("a", Value::f32([2, 3]));
/// let b = graph.input("b", Value::f32([3]));
/// let sum = graph.apply(Binary::Add, &[a, b]).unwrap();
/// assert_eq!(graph.node(sum).value.shape, [2, 3]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    parameters: Vec<NodeId>,
    /// Those of the parameters that are not trained.
    buffers: Vec<NodeId>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something given anew at every run.
    pub fn input(&mut self, name: &str, value: Value) -> NodeId {
        self.push(Node { op: Op::Input(name.to_owned()), inputs: Vec::new(), value })
    }

    /// Something learned.
    pub fn parameter(&mut self, name: &str, shape: &[usize]) -> NodeId {
        self.push(Node { op: Op::Parameter(name.to_owned()), inputs: Vec::new(), value: Value::f32(shape) })
    }

    /// Something kept from run to run but not learned, as PyTorch's `register_buffer` keeps it: a running mean, or a
    /// frozen weight. It counts among the [parameters](Self::parameters), and lies behind those that are trained.
    pub fn buffer(&mut self, name: &str, shape: &[usize]) -> NodeId {
        let id = self.parameter(name, shape);
        self.buffers.push(id);
        id
    }

    /// The same number everywhere.
    pub fn constant(&mut self, number: f32, shape: &[usize]) -> NodeId {
        self.push(Node { op: Op::Constant(number), inputs: Vec::new(), value: Value::f32(shape) })
    }

    /// Records an operation.
    ///
    /// # Errors
    /// [`TensorError`] where the inputs do not fit it.
    pub fn apply(&mut self, op: impl Into<Op>, inputs: &[NodeId]) -> Result<NodeId, TensorError> {
        let op = op.into();
        let values: Vec<&Value> = inputs.iter().map(|&input| &self.node(input).value).collect();
        let value = op.operation().output(&values)?;
        Ok(self.push(Node { op, inputs: inputs.to_vec(), value }))
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.idx()]
    }

    /// A node's shape.
    pub fn shape(&self, id: NodeId) -> &[usize] {
        &self.node(id).value.shape
    }

    /// All nodes in order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> + DoubleEndedIterator {
        self.nodes.iter().enumerate().map(|(idx, node)| (NodeId(idx as u32), node))
    }

    /// The parameters in the order of recording, trained or not.
    pub fn parameters(&self) -> &[NodeId] {
        &self.parameters
    }

    /// Whether a parameter is trained, or only [kept](Self::buffer).
    pub fn is_trainable(&self, parameter: NodeId) -> bool {
        !self.buffers.contains(&parameter)
    }

    /// Appends a parameter of another graph, trained or kept as there.
    pub(crate) fn push_parameter_of(&mut self, graph: &Self, id: NodeId) -> NodeId {
        let new = self.push(graph.node(id).clone());
        if !graph.is_trainable(id) {
            self.buffers.push(new);
        }
        new
    }

    /// Which nodes these are computed from, themselves included.
    pub(crate) fn live(&self, roots: impl Iterator<Item = NodeId>) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        for id in roots {
            live[id.idx()] = true;
        }
        for (id, node) in self.nodes().rev() {
            if live[id.idx()] {
                for input in &node.inputs {
                    live[input.idx()] = true;
                }
            }
        }
        live
    }

    /// Appends a node whose shape is known.
    pub(crate) fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("a graph has fewer than 2³² nodes"));
        if let Op::Parameter(_) = node.op {
            self.parameters.push(id);
        }
        self.nodes.push(node);
        id
    }
}
