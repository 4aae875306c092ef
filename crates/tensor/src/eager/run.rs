use std::cell::{Ref, RefCell};
use std::rc::Rc;

use super::Tensor;
use super::autograd::{Meta, is_recording};
use super::storage::{Data, Element, on_elements};
use crate::cpu::{self, Read, Write};
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::layout::Layout;
use crate::ops::Op;

thread_local! {
    /// Memory that kernels use while they run, kept from one to the next.
    static SCRATCH: RefCell<cpu::Scratch> = RefCell::default();
}

impl Tensor {
    /// Runs any operation at once: its shape rule, its CPU kernel, and, where an input requires a gradient, its place on
    /// the tape. All of a tensor's own methods come here.
    ///
    /// Views and reshapes share the input's storage where they can. Positions (the index of a
    /// [`Gather`](crate::ops::Gather), say) are of `U32`.
    ///
    /// ```
    /// use tensor::{Tensor, ops::Unary};
    /// let roots = Tensor::apply(Unary::Sqrt, &[&Tensor::from([4.0, 9.0])])?;
    /// assert_eq!(roots.to_vec::<f32>()?, [2.0, 3.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError`] where the inputs do not fit the operation.
    pub fn apply(op: impl Into<Op>, inputs: &[&Self]) -> Result<Self, TensorError> {
        let op = op.into();
        let values: Vec<Value> = inputs.iter().map(|input| input.value()).collect();
        let value = op.operation().output(&values.iter().collect::<Vec<_>>())?;
        let output = match &op {
            Op::Reshape(reshape) => inputs[0].reshaped(&reshape.shape),
            Op::View(view) => {
                inputs[0].with_layout(view.layout(inputs[0].layout()).expect("the shape rule has checked it"))
            }
            _ => compute(&op, inputs, &value)?,
        };
        output.recorded(op, inputs)
    }

    /// Another shape: a view where the layout allows it, else a copy.
    fn reshaped(&self, shape: &[usize]) -> Self {
        match self.layout().reshaped(shape) {
            Some(layout) => self.with_layout(layout),
            None => Self::from_data(self.storage().data().picked(self.layout()), shape),
        }
    }

    /// Puts what was computed on the tape, where recording is on and an input requires a gradient.
    pub(super) fn recorded(self, op: Op, inputs: &[&Self]) -> Result<Self, TensorError> {
        if is_recording() {
            for input in inputs {
                input.check_history(op.operation().name())?;
            }
            if inputs.iter().any(|input| input.requires_grad()) {
                let sources: Vec<_> = inputs.iter().map(|&input| (input, input.meta())).collect();
                self.set_meta(Some(Rc::new(Meta::recorded(op, &sources, &self))));
            }
        }
        Ok(self)
    }

    /// The numbers in order and without gaps, without a place on the tape.
    fn in_order(&self) -> Self {
        if self.is_contiguous() { self.clone() } else { self.copied() }
    }

    /// The part of the storage that a contiguous tensor covers.
    fn range(&self) -> std::ops::Range<usize> {
        self.storage_offset()..self.storage_offset() + self.numel()
    }
}

/// Computes without recording.
pub(super) fn compute(op: &Op, inputs: &[&Tensor], value: &Value) -> Result<Tensor, TensorError> {
    let inputs: Vec<Tensor> = inputs.iter().map(|input| input.in_order()).collect();
    let guards: Vec<Ref<'_, Data>> = inputs.iter().map(|input| input.storage().data()).collect();
    if value.dtype != DType::F32 {
        return moved(op, &inputs, &guards, value);
    }
    let mut reads = Vec::with_capacity(inputs.len());
    for (idx, (input, guard)) in inputs.iter().zip(&guards).enumerate() {
        let data = kernel_numbers(guard).ok_or_else(|| TensorError::DType {
            operation: op.operation().name(),
            input_idx: idx,
            expected: DType::F32,
            received: input.dtype(),
        })?;
        reads.push(Read { data: &data[input.range()], shape: input.shape() });
    }
    let mut out = vec![0.0; value.numel()];
    let mut write = [Write { data: &mut out, shape: &value.shape }];
    SCRATCH.with_borrow_mut(|scratch| cpu::compute(op, &reads, &mut write, scratch));
    Ok(Tensor::from_data(Data::F32(out), &value.shape))
}

/// What kernels read: floats as they are, positions bit for bit.
fn kernel_numbers(data: &Data) -> Option<&[f32]> {
    match data {
        Data::F32(numbers) => Some(numbers),
        Data::U32(positions) => Some(bytemuck::cast_slice(positions)),
        _ => None,
    }
}

/// Operations that move elements of other kinds than `F32`.
fn moved(op: &Op, inputs: &[Tensor], guards: &[Ref<'_, Data>], value: &Value) -> Result<Tensor, TensorError> {
    let index = |idx: usize| {
        let data = kernel_numbers(&guards[idx]).expect("the shape rule asks for positions");
        Read { data: &data[inputs[idx].range()], shape: inputs[idx].shape() }
    };
    let received = value.dtype;
    on_elements!(&*guards[0], elements => {
        let data = &elements[inputs[0].range()];
        let shape = inputs[0].shape();
        let missing = Element::from_f64(0.0);
        let mut out = vec![missing; value.numel()];
        match op {
            Op::Cat(cat) => {
                let parts = inputs.iter().zip(guards).map(|(input, guard)| {
                    let all = like(elements, guard);
                    (&all[input.range()], input.shape())
                });
                cpu::cat(cat.dim, parts, &value.shape, &mut out);
            }
            Op::Gather(gather) => cpu::gather(gather.dim, data, shape, index(1), missing, &mut out),
            Op::IndexSelect(select) => {
                cpu::index_select(select.dim, data, shape, index(1).data, missing, &mut out);
            }
            Op::Scatter(scatter) => {
                out.copy_from_slice(data);
                let source = &like(elements, &guards[2])[inputs[2].range()];
                cpu::scatter(scatter.dim, index(1), source, shape, &mut out, |cell, value| *cell = value);
            }
            _ => {
                let operation = op.operation().name();
                return Err(TensorError::DType { operation, input_idx: 0, expected: DType::F32, received });
            }
        }
        Ok(Tensor::from_data(Element::store(out), &value.shape))
    })
}

/// Elements of the same kind as others.
fn like<'a, T: Element>(_same: &[T], data: &'a Data) -> &'a [T] {
    T::slice(data).expect("the shape rule asks for one kind")
}

impl Tensor {
    /// A single number, repeated in a shape without memory of its own.
    pub(super) fn repeated(number: f32, shape: &[usize]) -> Self {
        let layout = Layout { shape: shape.to_vec(), strides: vec![0; shape.len()], offset: 0 };
        Self::from_data(Data::F32(vec![number]), &[]).with_layout(layout)
    }
}
