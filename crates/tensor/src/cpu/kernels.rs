//! The kernel table: one row per operation.

use super::{
    Scratch, activation, batch_norm2d, binary, conv_block, conv2d, dropout, gather_batch, indexing, linear,
    linear_cross_entropy, loss, pool2d, reduction, softmax, strided, unary, update,
};
use crate::error::TensorError;
use crate::graph::DType;
use crate::layout::Layout;
use crate::ops::{MatMul, Op, broadcast_strides};
use crate::plan::{Kernel, NORM_CHUNK, Operand, Plan, Step};

/// No step reads, or writes, more operands than this.
pub const MOST_OPERANDS: usize = 7;

/// An operand while it is read.
#[derive(Clone, Copy)]
pub(crate) struct Read<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) shape: &'a [usize],
}

/// An operand while it is written.
#[derive(Default)]
pub(crate) struct Write<'a> {
    pub(crate) data: &'a mut [f32],
    pub(crate) shape: &'a [usize],
}

impl Read<'_> {
    /// The shape as an array; the plan's shape rules have checked its rank.
    pub(super) fn dims<const N: usize>(&self) -> [usize; N] {
        self.shape.try_into().expect("the shape rule has checked the rank")
    }
}

/// Refuses a plan that these kernels cannot run.
pub(super) fn check(plan: &Plan) -> Result<(), TensorError> {
    for step in &plan.steps {
        let received = step.reads.len().max(step.writes.len());
        if received > MOST_OPERANDS {
            let operation = step.kernel.name();
            return Err(TensorError::InputCount { operation, expected: MOST_OPERANDS, received });
        }
        // Buffers hold these two.
        let held = |operand: &&Operand| matches!(operand.value.dtype, DType::F32 | DType::U32);
        if let Some(operand) = step.reads.iter().chain(&step.writes).find(|operand| !held(operand)) {
            let (operation, received) = (step.kernel.name(), operand.value.dtype);
            return Err(TensorError::DType { operation, input_idx: 0, expected: DType::F32, received });
        }
    }
    Ok(())
}

pub(super) fn run(step: &Step, buffers: &mut [Vec<f32>], scratch: &mut Scratch) {
    // Written buffers are taken out, each once, however many of its parts are written.
    let mut written: [Vec<f32>; MOST_OPERANDS] = Default::default();
    let holder = |idx: usize| {
        let buffer = step.writes[idx].region.buffer;
        step.writes.iter().position(|write| write.region.buffer == buffer).unwrap_or(idx)
    };
    for (idx, operand) in step.writes.iter().enumerate().filter(|(idx, _)| holder(*idx) == *idx) {
        written[idx] = std::mem::take(&mut buffers[operand.region.buffer]);
    }
    let mut reads = [Read { data: &[], shape: &[] }; MOST_OPERANDS];
    for (read, operand) in reads.iter_mut().zip(&step.reads) {
        *read = Read { data: part(&buffers[operand.region.buffer], operand), shape: &operand.value.shape };
    }
    let reads = &reads[..step.reads.len()];
    if let Kernel::Update(kernel) = &step.kernel {
        // The gradients end where the trained parameters do, and so does the step.
        let [parameters, states @ ..] = &mut written;
        let [gradients, hyper, scale] = [0, 1, 2].map(|idx| reads[idx].data);
        update::run(*kernel, gradients, hyper, scale[0], parameters, states);
    } else {
        let mut writes: [Write<'_>; MOST_OPERANDS] = Default::default();
        for (idx, memory) in written.iter_mut().enumerate().take(step.writes.len()) {
            // The parts of one buffer, from its end to its start.
            let mut rest = memory.as_mut_slice();
            let mut end = usize::MAX;
            while let Some(part) = last_part_before(step, idx, end).filter(|part| holder(*part) == idx) {
                let Operand { region, value } = &step.writes[part];
                let (before, after) = rest.split_at_mut(region.offset);
                writes[part] = Write { data: &mut after[..region.len], shape: &value.shape };
                (rest, end) = (before, region.offset);
            }
        }
        match &step.kernel {
            Kernel::Operation(op) => compute(op, reads, &mut writes[..step.writes.len()], scratch),
            Kernel::Blend(blend) => {
                for (kept, new) in writes[0].data.iter_mut().zip(reads[0].data) {
                    *kept = blend.decay * *kept + blend.factor * new;
                }
            }
            Kernel::GradNorm => update::grad_norm(NORM_CHUNK, reads[0].data, writes[0].data),
            Kernel::ClipCoefficient => {
                update::clip_coefficient(reads[0].data, reads[1].data, writes[0].data);
            }
            Kernel::GatherBatch => gather_batch::run(reads, &mut writes[..step.writes.len()]),
            Kernel::Copy => writes[0].data.copy_from_slice(reads[0].data),
            Kernel::Update(_) => unreachable!("it was run above"),
        }
    }
    for (idx, operand) in step.writes.iter().enumerate().filter(|(idx, _)| holder(*idx) == *idx) {
        buffers[operand.region.buffer] = std::mem::take(&mut written[idx]);
    }
}

/// Which of the writes to the buffer of write `of` starts last before `end`.
fn last_part_before(step: &Step, of: usize, end: usize) -> Option<usize> {
    let buffer = step.writes[of].region.buffer;
    let parts = step.writes.iter().enumerate();
    let parts = parts.filter(|(_, write)| write.region.buffer == buffer && write.region.offset < end);
    parts.max_by_key(|(_, write)| write.region.offset).map(|(idx, _)| idx)
}

fn part<'a>(memory: &'a [f32], operand: &Operand) -> &'a [f32] {
    &memory[operand.region.offset..operand.region.offset + operand.region.len]
}

/// Runs one operation's kernel over contiguous operands, whose shapes its rule has checked.
pub(crate) fn compute(op: &Op, reads: &[Read<'_>], writes: &mut [Write<'_>], scratch: &mut Scratch) {
    let [Write { data: out, shape }, further @ ..] = writes else { return };
    let (out, shape): (&mut [f32], &[usize]) = (out, shape);
    if out.is_empty() && further.is_empty() {
        return;
    }
    match op {
        Op::Activation(activation) => activation::forward(*activation, reads[0].data, out),
        Op::ActivationGrad(grad) => {
            activation::backward(grad.activation, reads[0].data, reads[1].data, out);
        }
        Op::AdaptiveAvgPool2d(_) => pool2d::adaptive_average(reads[0], shape, out),
        Op::AdaptiveAvgPool2dGrad(_) => pool2d::adaptive_average_grad(reads[0], shape, out),
        Op::AvgPool2d(pool) => pool2d::average(&pool.window, reads[0], shape, out),
        Op::AvgPool2dGrad(pool) => pool2d::average_grad(&pool.window, reads[0], shape, out),
        Op::BatchMatMul(op) => multiply_batch(op.matmul, reads[0], reads[1], shape, out, scratch),
        Op::BatchNorm2d(norm) => batch_norm2d::forward(norm.eps, reads, out),
        Op::BatchNorm2dGradInput(grad) => batch_norm2d::grad_input(grad.eps, reads, out),
        Op::BatchNorm2dGradWeight(grad) => batch_norm2d::grad_weight(grad.eps, reads, out),
        Op::Binary(kind) => binary::run(*kind, reads[0], reads[1], shape, out),
        Op::Cast(_) => out.copy_from_slice(reads[0].data),
        Op::Cat(cat) => {
            let parts = reads.iter().map(|read| (read.data, read.shape));
            strided::cat(cat.dim, parts, shape, out);
        }
        Op::Compare(kind) => binary::compare(*kind, reads[0], reads[1], shape, out),
        Op::Conv2d(conv) => {
            conv2d::forward(conv, reads[0], reads[1], reads.get(2).copied(), shape, out, scratch);
        }
        Op::Conv2dGradInput(grad) => conv2d::grad_input(&grad.conv, reads[0], reads[1], shape, out, scratch),
        // Of an empty batch.
        Op::Conv2dGradWeight(_) if reads[0].data.is_empty() => out.fill(0.0),
        Op::Conv2dGradWeight(grad) => {
            conv2d::grad_weight(&grad.conv, reads[0], reads[1], out, scratch);
        }
        Op::ConvBlock(block) => {
            let bias = reads.get(2).copied();
            conv_block::forward(block, reads[0], reads[1], bias, out, further, scratch);
        }
        Op::ConvBlockGradInput(grad) => {
            conv_block::grad_input(&grad.block, reads[0], reads[1], Some(reads[2]), out, shape, scratch);
        }
        Op::ConvBlockGradWeight(grad) => {
            let gate = reads.get(2).copied();
            conv_block::grad_weight(&grad.block, reads[0], reads[1], gate, out, further, scratch);
        }
        Op::CrossEntropy(_) => loss::cross_entropy(reads[0], reads[1].data, out, further),
        Op::Linear(_) => linear::forward(reads[0], reads[1], reads[2].data, out, scratch),
        Op::LinearCrossEntropy(_) => linear_cross_entropy::run(reads, out, further, scratch),
        Op::LinearGradWeight(_) => {
            linear::grad_weight(reads[0], reads[1], reads.get(2).copied(), out, further, scratch);
        }
        Op::CountCorrect(_) => loss::count_correct(reads[0], reads[1].data, out),
        Op::Dropout(dropout) => dropout::run(*dropout, reads[0], reads[1].data, out),
        Op::ElementLoss(kind) => loss::element_loss(*kind, reads[0].data, reads[1].data, out),
        Op::ElementLossGrad(grad) => {
            loss::element_loss_grad(grad.0, reads[0].data, reads[1].data, reads[2].data[0], out);
        }
        Op::Extremum(kind) => binary::extremum(*kind, reads[0], reads[1], shape, out),
        Op::Gather(gather) => {
            indexing::gather(gather.dim, reads[0].data, reads[0].shape, reads[1], f32::NAN, out);
        }
        Op::IndexAdd(add) => indexing::index_add(add.dim, reads[0].data, reads[1], shape, out),
        Op::IndexSelect(select) => {
            indexing::index_select(select.dim, reads[0].data, reads[0].shape, reads[1].data, f32::NAN, out);
        }
        Op::LogSoftmax(_) => softmax::log_softmax(reads[0], out),
        Op::LogSoftmaxGrad(_) => softmax::log_softmax_grad(reads[0], reads[1].data, out),
        Op::MatMul(matmul) => multiply(*matmul, reads[0], reads[1], out, scratch),
        Op::MaxPool2d(pool) => pool2d::maximum(&pool.window, reads[0], shape, out),
        Op::MaxPool2dGrad(pool) => pool2d::maximum_grad(&pool.window, reads[0], reads[1], out),
        Op::MaxPool2dPick(pool) => pool2d::pick(&pool.window, reads[0], reads[1], shape, out),
        Op::NllLoss(_) => loss::nll_loss(reads[0], reads[1].data, out),
        Op::NllLossGrad(grad) => loss::nll_loss_grad(grad.n_classes, reads[0].data, reads[1].data, out),
        Op::OneHot(one_hot) => loss::one_hot(one_hot.n_classes, reads[0].data, out),
        Op::Pad(pad) => strided::pad(pad, reads[0], shape, out),
        Op::Reduction(reduction) => reduction::run(reduction.kind, reads[0], shape, out),
        Op::Scatter(scatter) => {
            out.copy_from_slice(reads[0].data);
            indexing::scatter(scatter.dim, reads[1], reads[2].data, shape, out, |cell, value| *cell = value);
        }
        Op::ScatterAdd(scatter) => {
            out.fill(0.0);
            indexing::scatter(scatter.dim, reads[0], reads[1].data, shape, out, |cell, value| *cell += value);
        }
        Op::Softmax(_) => softmax::softmax(reads[0], out),
        Op::SoftmaxGrad(_) => softmax::softmax_grad(reads[0], reads[1].data, out),
        Op::SumTo(_) => binary::sum_to(reads[0], shape, out),
        Op::Unary(function) => unary::run(*function, reads[0].data, out),
        Op::View(view) => strided::view(view, reads[0], out),
        Op::ViewGrad(grad) => strided::view_grad(&grad.view, reads[0], shape, out),
        Op::Where(_) => strided::choose(reads[0], reads[1], reads[2], shape, out),
        Op::Input(_) | Op::Parameter(_) | Op::Constant(_) | Op::Reshape(_) | Op::Further(_) => {
            unreachable!("a plan has no step for {}", op.operation().name())
        }
    }
}

fn multiply(matmul: MatMul, a: Read<'_>, b: Read<'_>, out: &mut [f32], scratch: &mut Scratch) {
    use super::gemm::{Matrix, gemm};
    let [m, n, k] = matmul.sizes(a.dims(), b.dims());
    let a = Matrix::new(a.data, a.dims::<2>()[1], matmul.transpose_a);
    let b = Matrix::new(b.data, b.dims::<2>()[1], matmul.transpose_b);
    gemm([m, n, k], a, b, out, false, &mut scratch.gemm);
}

/// One product after another; the matrices of a broadcast operand are read again.
fn multiply_batch(
    matmul: MatMul,
    a: Read<'_>,
    b: Read<'_>,
    shape: &[usize],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let (batch, matrix) = shape.split_at(shape.len() - 2);
    let layout = |read: Read<'_>| {
        let strides = broadcast_strides(&read.shape[..read.shape.len() - 2], batch);
        Layout { shape: batch.to_vec(), strides, offset: 0 }
    };
    let (a_layout, b_layout) = (layout(a), layout(b));
    let len = matrix[0] * matrix[1];
    for (idx, (a_idx, b_idx)) in a_layout.positions().zip(b_layout.positions()).enumerate() {
        multiply(matmul, nth_matrix(a, a_idx), nth_matrix(b, b_idx), &mut out[idx * len..][..len], scratch);
    }
}

fn nth_matrix(read: Read<'_>, idx: usize) -> Read<'_> {
    let shape = &read.shape[read.shape.len() - 2..];
    let len = shape[0] * shape[1];
    Read { data: &read.data[idx * len..][..len], shape }
}
