//! The table of kernels: for each operation its shader, the values of the shader's constants and how many workgroups
//! cover the output.

mod batch_norm2d;
mod conv_block;
mod conv_rows;
mod elementwise;
mod linear;
mod matmul;
mod rows;
mod strided;
mod windowed;

use tensor::ops::{Op, Reduce};
use tensor::{Kernel, Operand, Step, Update};

use self::conv_block::alone;
use crate::error::GpuError;
use crate::specialise::{Constant, specialise, with_quads};

/// The invocations of one workgroup: two waves of NVIDIA's or Apple's, one of AMD's.
const WORKGROUP_SIZE: usize = 64;

/// The invocations of a quad, of which each can take numbers from the others.
const QUAD: usize = 4;

/// How often all loops of an invocation may turn, together, on a GPU that is a program: Mesa's llvmpipe leaves them after so
/// many turns, without a word.
const MOST_TURNS: usize = 65_535;

/// What a GPU is, as far as kernels are chosen by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Whether it is a program on the CPU.
    pub is_software: bool,
    /// Whether the four invocations of a quad can take numbers from one another, and save loads by that.
    pub has_quads: bool,
}

/// What starts a kernel.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    /// The kernel's name: its operation's, or one for what two operations become.
    pub(crate) name: &'static str,
    file: &'static str,
    constants: Vec<(&'static str, Constant)>,
    /// What is bound first, in the shader's order; what is written follows.
    pub(crate) reads: Vec<&'a Operand>,
    /// Nothing where the shader has a place for an output that nobody wants.
    pub(crate) writes: Vec<Option<&'a Operand>>,
    /// How many workgroups; rows of 65,535 where there are more.
    pub(crate) n_workgroups: u32,
}

impl Launch<'_> {
    /// The shader with its constants set.
    pub(crate) fn text(&self) -> Result<String, GpuError> {
        let text = specialise(source(self.file), &self.constants)?;
        let shares = self.constants.contains(&("SHARED", u32(QUAD)));
        let of_quad = shares.then(|| source("of_quad"));
        Ok(if shares || text.contains("quadSwapX(") { with_quads(&text, of_quad) } else { text })
    }
}

/// The text of the shader that computes a step on such a GPU.
///
/// # Errors
/// [`GpuError`] where no kernel computes it.
pub fn shader(step: &Step, traits: Traits) -> Result<String, GpuError> {
    launch(step, traits)?.text()
}

/// A row of the table before sizes are checked.
struct Row {
    file: &'static str,
    constants: Vec<(&'static str, Constant)>,
    grid: Grid,
}

/// How a kernel's grid covers its output.
enum Grid {
    /// This many invocations, in workgroups of a size that is a constant of the shader.
    Invocations(usize),
    /// This many workgroups, of a size that is the shader's own.
    Workgroups(usize),
}

/// What a step needs to start.
pub(crate) fn launch(step: &Step, traits: Traits) -> Result<Launch<'_>, GpuError> {
    check(step)?;
    if let Some(launch) = conv_block::one_grad(step, traits) {
        return Ok(launch);
    }
    let row = row(step, traits)?;
    let mut reads: Vec<&Operand> = step.reads.iter().collect();
    let mut writes: Vec<Option<&Operand>> = step.writes.iter().map(Some).collect();
    // A shader has places for all that an operation may read or write; what is not there it does not touch.
    let n_bound = |access: &str| source(row.file).matches(access).count();
    if let Some(&last) = reads.last() {
        reads.resize(reads.len().max(n_bound("var<storage, read>")), last);
    }
    writes.resize(writes.len().max(n_bound("var<storage, read_write>")), None);
    Ok(row.launch(step.kernel.name(), reads, writes))
}

/// What two steps, one after the other, need to start together, where one kernel computes both.
pub(crate) fn launch_both<'a>(
    first: &'a Step,
    second: &'a Step,
    traits: Traits,
) -> Result<Option<Launch<'a>>, GpuError> {
    check(first)?;
    check(second)?;
    Ok(conv_block::both_grads(first, second, traits))
}

fn check(step: &Step) -> Result<(), GpuError> {
    let kernel = step.kernel.name();
    let unsupported = |reason: &str| Err(GpuError::Unsupported { kernel, reason: reason.to_owned() });
    let mut operands = step.reads.iter().chain(&step.writes);
    if operands.clone().any(|operand| operand.value.numel() == 0) {
        return unsupported("a tensor is empty");
    }
    // With some room, as shaders round counts up, and add sizes to positions.
    if operands.any(|operand| operand.value.numel() > 1 << 31) {
        return unsupported("positions need to fit into 32 bits");
    }
    Ok(())
}

impl Row {
    fn launch<'a>(
        mut self,
        name: &'static str,
        reads: Vec<&'a Operand>,
        writes: Vec<Option<&'a Operand>>,
    ) -> Launch<'a> {
        let n_workgroups = match self.grid {
            Grid::Invocations(n_invocations) => {
                self.constants.push(("WORKGROUP_SIZE", u32(WORKGROUP_SIZE)));
                n_invocations.div_ceil(WORKGROUP_SIZE)
            }
            Grid::Workgroups(n_workgroups) => n_workgroups,
        };
        let Self { file, constants, .. } = self;
        Launch { name, file, constants, reads, writes, n_workgroups: n_workgroups as u32 }
    }
}

/// Every kernel's name and shader without its comments, as it is before its constants are set.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shaders.rs"));

fn source(file: &str) -> &'static str {
    let found = FILES.iter().find(|(name, _)| *name == file);
    found.expect("every row names a file of the table").1
}

fn row(step: &Step, traits: Traits) -> Result<Row, GpuError> {
    let name = step.kernel.name();
    Ok(match &step.kernel {
        Kernel::Operation(op) => match op {
            Op::Activation(activation) => elementwise::activation("activation", *activation, step)?,
            Op::ActivationGrad(grad) => elementwise::activation("activation_grad", grad.activation, step)?,
            Op::AdaptiveAvgPool2d(_) => windowed::planes("adaptive_avg_pool2d", step, false),
            Op::AdaptiveAvgPool2dGrad(_) => windowed::planes("adaptive_avg_pool2d_grad", step, true),
            Op::AvgPool2d(pool) => windowed::pool2d("avg_pool2d", &pool.window, step, false),
            Op::AvgPool2dGrad(pool) => windowed::pool2d("avg_pool2d_grad", &pool.window, step, true),
            Op::BatchNorm2d(norm) => batch_norm2d::each("batch_norm2d", norm.eps, step)?,
            Op::BatchNorm2dGradInput(grad) => batch_norm2d::each("batch_norm2d_grad_input", grad.eps, step)?,
            Op::BatchNorm2dGradWeight(grad) => {
                batch_norm2d::grad_weight("batch_norm2d_grad_weight", grad.eps, step)?
            }
            Op::Binary(binary) => strided::binary("binary", *binary, step)?,
            Op::Conv2d(conv) => conv_block::forward(&alone(*conv), step, traits),
            Op::Conv2dGradInput(grad) => conv_block::grad_input(&alone(grad.conv), step, traits),
            Op::Conv2dGradWeight(grad) => conv_block::grad_weight(&alone(grad.conv), step, traits),
            Op::ConvBlock(block) => conv_block::forward(block, step, traits),
            Op::ConvBlockGradInput(grad) => conv_block::grad_input(&grad.block, step, traits),
            Op::ConvBlockGradWeight(grad) => conv_block::grad_weight(&grad.block, step, traits),
            Op::CrossEntropy(_) => rows::over_batch("cross_entropy", step),
            Op::Linear(_) => linear::forward(step),
            Op::LinearCrossEntropy(_) => linear::cross_entropy(step, traits.is_software),
            Op::LinearGradWeight(_) => linear::grad_weight(step, traits),
            Op::CountCorrect(_) => rows::over_batch("count_correct", step),
            Op::Dropout(dropout) => elementwise::dropout("dropout", *dropout, step),
            Op::ElementLoss(kind) => rows::element_loss("element_loss", *kind, step),
            Op::ElementLossGrad(grad) => {
                elementwise::each("element_loss_grad", step, vec![rows::loss_kind(grad.0)])
            }
            Op::LogSoftmax(_) => rows::last_dimension("log_softmax", step),
            Op::LogSoftmaxGrad(_) => rows::last_dimension("log_softmax_grad", step),
            Op::MatMul(matmul) => matmul::matmul("matmul", *matmul, step),
            Op::MaxPool2d(pool) => windowed::pool2d("max_pool2d", &pool.window, step, false),
            Op::MaxPool2dGrad(pool) => windowed::max_pool2d_grad(&pool.window, step),
            Op::NllLoss(_) => rows::over_batch("nll_loss", step),
            Op::NllLossGrad(_) => rows::nll_loss_grad("nll_loss_grad", step),
            Op::Reduction(reduction) if matches!(reduction.kind, Reduce::Mean | Reduce::Var { .. }) => {
                strided::reduction("reduction", reduction.kind, step)?
            }
            Op::OneHot(_) => rows::last_dimension("one_hot", step),
            Op::Softmax(_) => rows::last_dimension("softmax", step),
            Op::SoftmaxGrad(_) => rows::last_dimension("softmax_grad", step),
            Op::SumTo(_) => strided::sum_to("sum_to", step)?,
            // Eager tensors and the CPU's plans have these.
            Op::BatchMatMul(_)
            | Op::Cast(_)
            | Op::Cat(_)
            | Op::Compare(_)
            | Op::Extremum(_)
            | Op::Gather(_)
            | Op::IndexAdd(_)
            | Op::IndexSelect(_)
            | Op::MaxPool2dPick(_)
            | Op::Pad(_)
            | Op::Reduction(_)
            | Op::Scatter(_)
            | Op::ScatterAdd(_)
            | Op::Unary(_)
            | Op::View(_)
            | Op::ViewGrad(_)
            | Op::Where(_) => {
                let reason = "it has no shader yet".to_owned();
                return Err(GpuError::Unsupported { kernel: name, reason });
            }
            Op::Input(_) | Op::Parameter(_) | Op::Constant(_) | Op::Reshape(_) | Op::Further(_) => {
                let reason = "it is a place in memory, nothing to compute".to_owned();
                return Err(GpuError::Unsupported { kernel: name, reason });
            }
        },
        Kernel::GatherBatch => rows::gather_batch("gather_batch", step, traits.is_software),
        Kernel::Copy => elementwise::each("copy", step, Vec::new()),
        Kernel::Blend(blend) => {
            let constants =
                vec![("DECAY", Constant::F32(blend.decay)), ("FACTOR", Constant::F32(blend.factor))];
            elementwise::each("blend", step, constants)
        }
        Kernel::Update(Update::Sgd { nesterov }) => {
            elementwise::each("sgd", step, vec![("NESTEROV", Constant::Bool(*nesterov))])
        }
        Kernel::Update(update @ (Update::Adam | Update::AdamW)) => {
            elementwise::each("adam", step, vec![("DECOUPLED", Constant::Bool(*update == Update::AdamW))])
        }
        Kernel::Update(Update::RMSprop { centered }) => {
            elementwise::each("rmsprop", step, vec![("CENTERED", Constant::Bool(*centered))])
        }
        Kernel::Update(Update::Adagrad) => elementwise::each("adagrad", step, Vec::new()),
        Kernel::GradNorm => rows::grad_norm("grad_norm", step),
        Kernel::ClipCoefficient => rows::clip_coefficient("clip_coefficient", step),
    })
}

/// A size as a constant; what is too large for one was refused before.
fn u32(size: usize) -> Constant {
    Constant::U32(size as u32)
}

/// A shape as an array, where the operation's shape rule fixed its rank.
fn dims<const N: usize>(operand: &Operand) -> [usize; N] {
    operand.value.shape.as_slice().try_into().expect("the operation's shape rule checked the rank")
}
