use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use super::super::Tensor;
use super::record::{Meta, Record};
use super::recording;
use crate::error::TensorError;
use crate::graph::{DType, NodeId};
use crate::ops::Op;

/// How to walk back; the default is `backward()` without arguments.
///
/// ```
/// use tensor::{Tensor, autograd::Backward};
/// let x = Tensor::from([1.0, 2.0]).with_grad()?;
/// let y = x.square()?;
/// Backward::default().gradient(&Tensor::from([1.0, 10.0])).retain_graph().run(&y)?;
/// assert_eq!(x.grad().unwrap().to_vec::<f32>()?, [2.0, 40.0]);
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Backward {
    gradient: Option<Tensor>,
    retain_graph: bool,
    create_graph: bool,
}

impl Backward {
    /// Starts from this gradient instead of 1; it has the shape of the tensor that the walk starts from. The argument
    /// `gradient` of PyTorch's `backward`, and `grad_outputs` of its `grad`.
    #[must_use]
    pub fn gradient(mut self, gradient: &Tensor) -> Self {
        self.gradient = Some(gradient.clone());
        self
    }

    /// Keeps the saved values, so that one can walk back again. PyTorch's `retain_graph=True`.
    #[must_use]
    pub const fn retain_graph(mut self) -> Self {
        self.retain_graph = true;
        self
    }

    /// Records the walk itself, so that gradients can be differentiated in turn; keeps the saved values too. PyTorch's
    /// `create_graph=True`.
    #[must_use]
    pub const fn create_graph(mut self) -> Self {
        self.create_graph = true;
        self.retain_graph = true;
        self
    }

    /// Walks back from `root` and adds to the gradient of every leaf that requires one, and of every tensor that was
    /// asked to retain its own. PyTorch's `backward`.
    ///
    /// # Errors
    /// [`TensorError::NoHistory`], [`TensorError::NotScalar`] where no gradient is given and there is more than one
    /// element, [`TensorError::Freed`], [`TensorError::ModifiedInPlace`], [`TensorError::NoGradient`].
    pub fn run(&self, root: &Tensor) -> Result<(), TensorError> {
        let reached = self.walk(root, None)?;
        recording(self.create_graph, || {
            // Once all are known, so that an error on the way changes no gradient.
            reached.into_values().filter(|(meta, _)| meta.retains_grad.get()).try_for_each(|(meta, grad)| {
                let mut stored = meta.grad.borrow_mut();
                match &*stored {
                    Some(sum) if self.create_graph => *stored = Some(sum.add(&grad)?),
                    Some(sum) => sum.add_(&grad)?,
                    None if self.create_graph || (grad.is_contiguous() && grad.is_alone()) => {
                        *stored = Some(grad);
                    }
                    // Gradients must not share their numbers: they are added to and set to zero in place.
                    None => *stored = Some(grad.copied()),
                }
                Ok(())
            })
        })
    }

    /// The gradients of all places from `root` to the targets, or to all leaves; by place.
    fn walk(
        &self,
        root: &Tensor,
        targets: Option<&HashSet<u64>>,
    ) -> Result<HashMap<u64, (Rc<Meta>, Tensor)>, TensorError> {
        root.check_history("backward")?;
        let start = root.meta().ok_or(TensorError::NoHistory)?;
        let gradient = match &self.gradient {
            Some(gradient) if gradient.shape() == root.shape() => gradient.to(DType::F32)?,
            Some(gradient) => {
                return Err(TensorError::Shapes {
                    operation: "backward",
                    expected: format!("a gradient of the shape {:?}", root.shape()),
                    received: vec![gradient.shape().to_vec()],
                });
            }
            None if root.numel() == 1 => Tensor::full(root.shape(), 1.0),
            None => return Err(TensorError::NotScalar { shape: root.shape().to_vec() }),
        };
        let needed = targets.map(|targets| leading_to(&start, targets));
        let is_needed = |meta: &Meta| needed.as_ref().is_none_or(|needed| needed.contains(&meta.id));
        let mut waiting = BTreeMap::from([(start.id, (start, gradient))]);
        let mut reached = HashMap::new();
        recording(self.create_graph, || {
            while let Some((id, (meta, grad))) = waiting.pop_last() {
                if let Some(record) = &meta.record {
                    let wanted =
                        record.inputs.iter().map(|input| input.meta.as_deref().is_some_and(is_needed));
                    let grads = record.gradients(&meta, &grad, &wanted.collect::<Vec<_>>())?;
                    for (input, grad) in record.inputs.iter().zip(grads) {
                        let (Some(meta), Some(grad)) = (&input.meta, grad) else { continue };
                        let sum = match waiting.remove(&meta.id) {
                            Some((_, sum)) => sum.add(&grad)?,
                            None => grad,
                        };
                        waiting.insert(meta.id, (Rc::clone(meta), sum));
                    }
                    if !self.retain_graph {
                        record.free();
                    }
                }
                if meta.retains_grad.get() || targets.is_some_and(|targets| targets.contains(&id)) {
                    reached.insert(id, (meta, grad));
                }
            }
            Ok(reached)
        })
    }
}

/// The places from which a walk back comes to one of the targets.
fn leading_to(start: &Rc<Meta>, targets: &HashSet<u64>) -> HashSet<u64> {
    let mut seen = BTreeMap::new();
    let mut left = vec![start];
    while let Some(meta) = left.pop() {
        if seen.insert(meta.id, meta).is_none() {
            let inputs = meta.record.iter().flat_map(|record| &record.inputs);
            left.extend(inputs.filter_map(|input| input.meta.as_ref()));
        }
    }
    // In ascending order, what a place was computed from comes before it.
    let mut leading = HashSet::new();
    for (id, meta) in seen {
        let mut inputs = meta.record.iter().flat_map(|record| &record.inputs);
        let leads = inputs.any(|input| input.meta.as_ref().is_some_and(|meta| leading.contains(&meta.id)));
        if leads || targets.contains(&id) {
            leading.insert(id);
        }
    }
    leading
}

impl Record {
    /// Evaluates the rule.
    fn gradients(
        &self,
        meta: &Rc<Meta>,
        grad_output: &Tensor,
        wanted: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TensorError> {
        let rule = self.rule.as_ref().map_err(Clone::clone)?;
        let live = rule.live(wanted);
        let n_inputs = self.inputs.len();
        let mut values: Vec<Option<Tensor>> = vec![None; live.len()];
        let freed = || TensorError::Freed { operation: self.op.operation().name() };
        for (id, node) in rule.graph.nodes().filter(|(id, _)| live[id.idx()]) {
            let idx = id.idx();
            let value = if idx < n_inputs {
                let saved = self.inputs[idx].saved.borrow();
                saved.as_ref().ok_or_else(freed)?.tensor(&self.op, self.inputs[idx].meta.clone())?
            } else if idx == n_inputs {
                let saved = self.output.borrow();
                saved.as_ref().ok_or_else(freed)?.tensor(&self.op, Some(Rc::clone(meta)))?
            } else if idx == n_inputs + 1 {
                grad_output.clone()
            } else if let Op::Constant(number) = node.op {
                Tensor::repeated(number, &node.value.shape)
            } else {
                let inputs = node.inputs.iter().map(|input| values[input.idx()].as_ref());
                let inputs: Option<Vec<&Tensor>> = inputs.collect();
                Tensor::apply(node.op.clone(), &inputs.expect("what is live comes after what it reads"))?
            };
            values[idx] = Some(value);
        }
        let take = |id: &Option<NodeId>| id.and_then(|id| values[id.idx()].clone());
        Ok(rule.grads.iter().zip(wanted).map(|(id, wanted)| take(id).filter(|_| *wanted)).collect())
    }

    fn free(&self) {
        self.output.take();
        for input in &self.inputs {
            input.saved.take();
        }
    }
}

/// The gradients of `output` with respect to `inputs`, returned instead of accumulated; `None` where it does not depend
/// on one. PyTorch's [`torch.autograd.grad`](https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html).
///
/// ```
/// use tensor::{Tensor, autograd::{self, Backward}};
/// let x = Tensor::from(3.0).with_grad()?;
/// let y = x.pow(3.0)?;
/// let first = autograd::grad(&y, &[&x], &Backward::default().create_graph())?.remove(0).unwrap();
/// let second = autograd::grad(&first, &[&x], &Backward::default())?.remove(0).unwrap();
/// assert_eq!((first.item()?, second.item()?), (27.0, 18.0));
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// As [`Backward::run`]; [`TensorError::NoHistory`] also where an input does not require a gradient.
pub fn grad(output: &Tensor, inputs: &[&Tensor], how: &Backward) -> Result<Vec<Option<Tensor>>, TensorError> {
    let metas: Option<Vec<Rc<Meta>>> = inputs.iter().map(|input| input.meta()).collect();
    let metas = metas.ok_or(TensorError::NoHistory)?;
    let targets = metas.iter().map(|meta| meta.id).collect();
    let mut reached = how.walk(output, Some(&targets))?;
    Ok(metas.iter().map(|meta| reached.remove(&meta.id).map(|(_, grad)| grad)).collect())
}
