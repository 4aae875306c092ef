use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::Tensor;
use super::super::storage::Storage;
use crate::error::TensorError;
use crate::graph::{Graph, NodeId, Value};
use crate::layout::Layout;
use crate::ops::Op;

thread_local! {
    static NEXT_ID: Cell<u64> = const { Cell::new(0) };
}

/// A tensor's place on the tape: a leaf, or what an operation gave.
pub(crate) struct Meta {
    /// Later places have larger numbers, so that descending order is an order for walking back.
    pub(super) id: u64,
    pub(super) shape: Vec<usize>,
    /// Where gradients accumulate: always for a leaf, on request for others.
    pub(super) grad: RefCell<Option<Tensor>>,
    pub(super) retains_grad: Cell<bool>,
    /// None for a leaf.
    pub(super) record: Option<Record>,
}

/// How a value was computed, and how its gradient goes on.
pub(super) struct Record {
    pub(super) op: Op,
    pub(super) inputs: Vec<Input>,
    /// The output, where the rule reads it.
    pub(super) output: RefCell<Option<Saved>>,
    /// The gradient rule, or why there is none.
    pub(super) rule: Result<Rule, TensorError>,
}

pub(super) struct Input {
    /// Where it came from; none where it requires no gradient.
    pub(super) meta: Option<Rc<Meta>>,
    pub(super) value: Value,
    /// Its numbers, where the rule reads them.
    pub(super) saved: RefCell<Option<Saved>>,
}

/// Numbers that a rule will read, and the version of their storage when they were saved.
pub(super) struct Saved {
    pub(super) storage: Rc<Storage>,
    pub(super) layout: Layout,
    version: u64,
}

impl Saved {
    fn new(tensor: &Tensor) -> Self {
        let storage = Rc::clone(tensor.storage());
        let version = storage.version();
        Self { storage, layout: tensor.layout().clone(), version }
    }

    /// A copy of the numbers as they are.
    fn numbers(&self) -> Tensor {
        Tensor::from_parts(Rc::clone(&self.storage), self.layout.clone(), None).copied()
    }

    /// The numbers, if nobody wrote over them.
    pub(super) fn tensor(&self, op: &Op, meta: Option<Rc<Meta>>) -> Result<Tensor, TensorError> {
        let (saved, now) = (self.version, self.storage.version());
        if saved == now {
            Ok(Tensor::from_parts(Rc::clone(&self.storage), self.layout.clone(), meta))
        } else {
            Err(TensorError::ModifiedInPlace { operation: op.operation().name(), saved, now })
        }
    }
}

/// A gradient rule as a small graph: its first nodes are the operation's inputs, then the operation's own output, then
/// the output's gradient; what follows is the rule.
pub(super) struct Rule {
    pub(super) graph: Graph,
    /// The gradient of each input, where one is defined.
    pub(super) grads: Vec<Option<NodeId>>,
}

impl Rule {
    fn new(op: &Op, inputs: &[Value], output: &Value, wanted: &[bool]) -> Result<Self, TensorError> {
        let mut graph = Graph::new();
        let ids: Vec<NodeId> = inputs.iter().map(|value| graph.input("input", computed(value))).collect();
        let node = graph.apply(op.clone(), &ids)?;
        let grad_output = graph.input("grad_output", computed(output));
        let grads = op.operation().gradient(&mut graph, node, grad_output, wanted)?;
        let grads = grads.into_iter().zip(wanted).map(|(grad, &wanted)| grad.filter(|_| wanted)).collect();
        Ok(Self { graph, grads })
    }

    /// Which nodes have to be known for some of the inputs' gradients.
    pub(super) fn live(&self, wanted: &[bool]) -> Vec<bool> {
        let mut live = vec![false; self.graph.nodes().len()];
        for (grad, _) in self.grads.iter().zip(wanted).filter(|(_, wanted)| **wanted) {
            if let Some(grad) = grad {
                live[grad.idx()] = true;
            }
        }
        let first = self.grads.len() + 2;
        for (id, node) in self.graph.nodes().rev() {
            if live[id.idx()] && id.idx() >= first {
                for input in &node.inputs {
                    live[input.idx()] = true;
                }
            }
        }
        live
    }
}

/// Gradients are computed in `F32`, those of `F16` too.
fn computed(value: &Value) -> Value {
    if value.dtype.is_float() { Value::f32(value.shape.clone()) } else { value.clone() }
}

impl Meta {
    fn new(shape: &[usize], record: Option<Record>) -> Self {
        let id = NEXT_ID.replace(NEXT_ID.get() + 1);
        let (grad, retains_grad) = (RefCell::new(None), Cell::new(record.is_none()));
        Self { id, shape: shape.to_vec(), grad, retains_grad, record }
    }

    pub(in crate::eager) fn leaf(shape: &[usize]) -> Self {
        Self::new(shape, None)
    }

    pub(in crate::eager) const fn is_leaf(&self) -> bool {
        self.record.is_none()
    }

    /// The place of `output`, which `op` computed from tensors whose places are given.
    pub(in crate::eager) fn recorded(
        op: Op,
        sources: &[(&Tensor, Option<Rc<Self>>)],
        output: &Tensor,
    ) -> Self {
        let values: Vec<Value> = sources.iter().map(|(tensor, _)| tensor.value()).collect();
        let wanted: Vec<bool> = sources.iter().map(|(_, meta)| meta.is_some()).collect();
        let rule = Rule::new(&op, &values, &output.value(), &wanted);
        let live = rule.as_ref().map(|rule| rule.live(&wanted)).unwrap_or_default();
        let saved = |idx: usize, tensor: &Tensor| {
            let reads = live.get(idx).copied().unwrap_or(false);
            RefCell::new(reads.then(|| Saved::new(tensor)))
        };
        let inputs = sources.iter().zip(values).enumerate();
        let inputs = inputs.map(|(idx, ((tensor, meta), value))| Input {
            meta: meta.clone(),
            value,
            saved: saved(idx, tensor),
        });
        let inputs: Vec<Input> = inputs.collect();
        let output_saved = saved(sources.len(), output);
        Self::new(output.shape(), Some(Record { op, inputs, output: output_saved, rule }))
    }
}

impl Meta {
    /// Before a write in place, what the rule reads of an input is copied.
    pub(in crate::eager) fn copy_saved_input(&self, input_idx: usize) {
        let record = self.record.as_ref().expect("an operation led here");
        let mut saved = record.inputs[input_idx].saved.borrow_mut();
        if let Some(saved) = &mut *saved {
            *saved = Saved::new(&saved.numbers());
        }
    }

    /// Keeps the gradient in place of another, which was asked to and is now written over.
    pub(in crate::eager) fn take_request_of(&self, old: &Self) {
        if !old.is_leaf() && old.retains_grad.replace(false) {
            self.retains_grad.set(true);
        }
    }

    /// After a write in place, the output that the rule reads is what was just written.
    pub(in crate::eager) fn saved_output_is_current(&mut self, output: &Tensor) {
        if let Some(saved) = self.record.as_ref().and_then(|record| record.output.borrow_mut().take()) {
            let saved = Saved { version: output.storage().version(), ..saved };
            self.record.as_ref().expect("it was there").output.replace(Some(saved));
        }
    }
}

impl Drop for Meta {
    /// Lets go of what led here one by one: a long chain would overflow the stack otherwise.
    fn drop(&mut self) {
        let take = |meta: &mut Self| {
            let inputs = meta.record.iter_mut().flat_map(|record| &mut record.inputs);
            inputs.filter_map(|input| input.meta.take()).collect::<Vec<_>>()
        };
        let mut left = take(self);
        while let Some(meta) = left.pop() {
            if let Some(mut meta) = Rc::into_inner(meta) {
                left.extend(take(&mut meta));
            }
        }
    }
}
