use std::collections::BTreeMap;
use std::rc::Rc;

use super::super::Tensor;
use super::record::{Meta, Record, Saved};
use crate::graph::Graph;
use crate::ops::Op;

/// The recorded operation that computed a tensor. PyTorch's `grad_fn`.
///
/// ```
/// use tensor::Tensor;
/// let x = Tensor::from(2.0).with_grad()?;
/// let y = (x.exp()? * &x)?;
/// let product = y.grad_fn().unwrap();
/// assert_eq!(product.name(), "mul");
/// assert_eq!(product.next()[0].as_ref().unwrap().name(), "exp");
/// assert!(product.next()[1].is_none(), "x is a leaf");
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Clone)]
pub struct GradFn(Rc<Meta>);

/// Numbers that an operation keeps for its gradient.
#[derive(Clone, Debug)]
pub struct SavedValue {
    /// The input that it was, or none where it is the output.
    pub input_idx: Option<usize>,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The numbers, unless they have been written over since.
    pub tensor: Option<Tensor>,
}

impl GradFn {
    fn record(&self) -> &Record {
        self.0.record.as_ref().expect("leaves have no operation")
    }

    /// The operation.
    pub fn op(&self) -> &Op {
        &self.record().op
    }

    /// The operation's name. PyTorch's `grad_fn.name()`.
    pub fn name(&self) -> &'static str {
        self.op().operation().name()
    }

    /// What computed each of the inputs; none for leaves and for what requires no gradient. PyTorch's `next_functions`.
    pub fn next(&self) -> Vec<Option<Self>> {
        let of = |meta: &Rc<Meta>| meta.record.as_ref().map(|_| Self(Rc::clone(meta)));
        self.record().inputs.iter().map(|input| input.meta.as_ref().and_then(of)).collect()
    }

    /// What is kept for the gradient; empty once a walk back has freed it. PyTorch's `_saved_*`.
    pub fn saved(&self) -> Vec<SavedValue> {
        let record = self.record();
        let value = |saved: &Saved, input_idx| {
            let tensor = saved.tensor(&record.op, None).ok();
            SavedValue { input_idx, shape: saved.layout.shape.clone(), tensor }
        };
        let inputs = record.inputs.iter().enumerate();
        let inputs =
            inputs.filter_map(|(idx, input)| input.saved.borrow().as_ref().map(|s| value(s, Some(idx))));
        inputs.chain(record.output.borrow().as_ref().map(|saved| value(saved, None))).collect()
    }

    /// The gradient rule as a graph, where there is one: the first nodes stand for the inputs, the output and the
    /// output's gradient, those after for what is computed of them.
    pub fn rule(&self) -> Option<&Graph> {
        self.record().rule.as_ref().ok().map(|rule| &rule.graph)
    }
}

impl std::fmt::Debug for GradFn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{}>", self.name())
    }
}

/// One place on the tape, for drawing.
#[derive(Clone, Debug)]
pub struct TapeNode {
    /// A number that no other place of this thread has.
    pub id: u64,
    /// The operation, or none for a leaf.
    pub grad_fn: Option<GradFn>,
    /// The value's shape.
    pub shape: Vec<usize>,
    /// What it was computed from, in the operation's order.
    pub inputs: Vec<TapeInput>,
}

/// An edge of the tape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapeInput {
    /// The place, or none where the input requires no gradient.
    pub id: Option<u64>,
    /// The input's shape.
    pub shape: Vec<usize>,
}

/// All places that led to a tensor, each after what it was computed from; empty where it requires no gradient.
///
/// ```
/// use tensor::{Tensor, autograd};
/// let weight = Tensor::from([[1.0, 2.0]]).with_grad()?;
/// let loss = Tensor::from([[3.0, 4.0]]).matmul(&weight.t()?)?.sum(.., false)?;
/// let names: Vec<_> = autograd::describe(&loss)
///     .iter()
///     .map(|node| node.grad_fn.as_ref().map_or("leaf", |grad_fn| grad_fn.name()))
///     .collect();
/// assert_eq!(names, ["leaf", "permute", "matmul", "sum_to"]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
pub fn describe(tensor: &Tensor) -> Vec<TapeNode> {
    let mut found = BTreeMap::new();
    let mut left: Vec<Rc<Meta>> = tensor.meta().into_iter().collect();
    while let Some(meta) = left.pop() {
        if found.contains_key(&meta.id) {
            continue;
        }
        let inputs = meta.record.iter().flat_map(|record| &record.inputs);
        left.extend(inputs.clone().filter_map(|input| input.meta.clone()));
        let inputs = inputs
            .map(|input| TapeInput {
                id: input.meta.as_ref().map(|meta| meta.id),
                shape: input.value.shape.clone(),
            })
            .collect();
        let grad_fn = meta.record.as_ref().map(|_| GradFn(Rc::clone(&meta)));
        found.insert(meta.id, TapeNode { id: meta.id, grad_fn, shape: meta.shape.clone(), inputs });
    }
    found.into_values().collect()
}

impl Tensor {
    /// The recorded operation that computed this tensor; none for a leaf. PyTorch's `grad_fn`.
    pub fn grad_fn(&self) -> Option<GradFn> {
        self.meta().filter(|meta| !meta.is_leaf()).map(GradFn)
    }
}
