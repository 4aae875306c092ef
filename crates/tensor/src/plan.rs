//! A plan is plain data: buffers, and a list of steps that read and write them. Executors interpret it.

mod compile;
mod fuse;
mod gather;

pub use gather::{PICK_LEN, PICKS, Pictures, packed};

use crate::graph::{DType, Graph, NodeId, Value};
use crate::ops::Op;
use crate::update::Update;

/// How many squares are summed together on the way to the gradients' norm, in a fixed order.
pub const NORM_CHUNK: usize = 4096;

/// Parameters start at multiples of this many numbers (256 bytes), where every GPU can bind them.
const ALIGNMENT: usize = 64;

/// What an executor runs: see the [module](self).
#[derive(Clone, Debug)]
pub struct Plan {
    /// All memory, one entry per buffer.
    pub buffers: Vec<Buffer>,
    /// What to run, in order.
    pub steps: Vec<Step>,
    /// What is read afterwards, by name.
    pub outputs: Vec<(String, Operand)>,
    /// Where each parameter lies in the buffer of parameters.
    pub layout: ParameterLayout,
}

/// A piece of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Buffer {
    /// What it is for.
    pub role: Role,
    /// How many 4-byte elements it holds.
    pub len: usize,
}

/// What a buffer is for. Parameters, gradients, states and hyper-parameters outlive a run and are shared by all plans of
/// one executor; the others belong to one plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// Given anew at every run, under this name.
    Input(String),
    /// Given once under this name, and kept from run to run: a data set. Unlike an input, it is there once for all steps that
    /// an executor runs at a time.
    Resident(String),
    /// The same number everywhere, written once.
    Constant(f32),
    /// Results on their way; a buffer is used again once nothing reads it any more.
    Scratch,
    /// All parameters, and what is kept beside them.
    Parameters,
    /// All gradients, laid out as the parameters.
    Gradients,
    /// What the optimiser carries from step to step, laid out as the parameters.
    State(usize),
    /// A [`Hyper`](crate::Hyper).
    Hyper,
}

/// Part of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// The buffer's position in the plan.
    pub buffer: usize,
    /// The first element.
    pub offset: usize,
    /// How many elements.
    pub len: usize,
}

/// A region and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Where.
    pub region: Region,
    /// What.
    pub value: Value,
}

/// One kernel's run.
#[derive(Clone, Debug)]
pub struct Step {
    /// What to compute.
    pub kernel: Kernel,
    /// From what, in the operation's order.
    pub reads: Vec<Operand>,
    /// Into what; disjoint buffers from those read.
    pub writes: Vec<Operand>,
}

/// What a step computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kernel {
    /// A recorded operation.
    Operation(Op),
    /// Moves numbers as they are.
    Copy,
    /// Makes a batch of a whole data set: see [`Plan::gathering`]. Reads pixels, labels and picks; writes images and labels.
    GatherBatch,
    /// Sums of the gradients' squares, each over [`NORM_CHUNK`] numbers.
    GradNorm,
    /// The factor that cuts the gradients to the greatest norm, or 1. Reads what [`Kernel::GradNorm`] wrote, and
    /// hyper-parameters.
    ClipCoefficient,
    /// The optimiser's step. Reads gradients, hyper-parameters, and the factor of the gradients; updates parameters and
    /// states in place.
    Update(Update),
    /// A step of what is kept beside the parameters, in place.
    Blend(Blend),
}

impl Kernel {
    /// The kernel's name: its operation's.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Operation(op) => op.operation().name(),
            Self::Copy => "copy",
            Self::GatherBatch => "gather_batch",
            Self::GradNorm => "grad_norm",
            Self::ClipCoefficient => "clip_coefficient",
            Self::Update(update) => update.name(),
            Self::Blend(_) => "blend",
        }
    }
}

/// Where each parameter lies in the flat buffer of parameters. What is trained comes first, so that an optimiser steps
/// the buffer's beginning; what a run keeps but does not train, such as a running mean, lies behind it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterLayout {
    /// In the order of recording.
    pub slots: Vec<ParameterSlot>,
    /// The buffer's length, gaps included. Gaps hold zeros, and stay zero.
    pub len: usize,
    /// The length of the part that is trained, gaps included.
    pub trainable_len: usize,
}

/// One parameter's place, or a buffer's in PyTorch's sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSlot {
    /// PyTorch's name, such as `0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its first element's position.
    pub offset: usize,
    /// Whether the optimiser steps it. A running statistic or a frozen weight is not.
    pub trainable: bool,
}

impl ParameterSlot {
    /// Its positions in the flat buffer.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.shape.iter().product::<usize>()
    }
}

impl ParameterLayout {
    /// Numbers that lie as another layout of the same parameters says, as they lie by this one. What only this layout has
    /// becomes zeros.
    ///
    /// # Panics
    /// Where there are fewer numbers than the other layout has.
    pub fn relocate(&self, from: &Self, numbers: &[f32]) -> Vec<f32> {
        let mut moved = vec![0.0; self.len];
        for slot in &self.slots {
            if let Some(old) = from.slots.iter().find(|old| old.name == slot.name && old.shape == slot.shape)
            {
                moved[slot.range()].copy_from_slice(&numbers[old.range()]);
            }
        }
        moved
    }

    /// The layout of a graph's parameters.
    pub fn of(graph: &Graph) -> Self {
        let slot = |&id: &NodeId| {
            let node = graph.node(id);
            let Op::Parameter(name) = &node.op else { unreachable!("the graph lists only parameters") };
            let (name, shape) = (name.clone(), node.value.shape.clone());
            ParameterSlot { name, shape, offset: 0, trainable: graph.is_trainable(id) }
        };
        let mut slots: Vec<ParameterSlot> = graph.parameters().iter().map(slot).collect();
        let mut len = 0;
        let mut place = |trainable| {
            for slot in slots.iter_mut().filter(|slot| slot.trainable == trainable) {
                slot.offset = len;
                len += slot.range().len().next_multiple_of(ALIGNMENT);
            }
            len
        };
        let trainable_len = place(true);
        let len = place(false);
        Self { slots, len, trainable_len }
    }
}

/// What a plan has to deliver.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// What is read afterwards, under which name.
    pub outputs: Vec<(String, NodeId)>,
    /// The gradient of each parameter, where there is one, in the order of the parameters; empty where none is wanted.
    pub gradients: Vec<Option<NodeId>>,
    /// What changes beside the parameters at every run, whether the optimiser steps or not: the
    /// [kept](crate::Graph::buffer) numbers, and the computed ones of as many elements that are blended in.
    pub blends: Vec<(NodeId, NodeId, Blend)>,
    /// The optimiser's step at the end.
    pub update: Option<Update>,
    /// Whether gradients longer than [`Hyper::max_norm`](crate::Hyper::max_norm), all together, are cut to it before the
    /// step ([`torch.nn.utils.clip_grad_norm_`](https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html)).
    pub clip_grad_norm: bool,
    /// Whether operations stay as they were recorded, each a step of its own.
    pub unfused: bool,
}

impl PlanRequest {
    /// Every node that is asked for.
    fn roots(&self) -> impl Iterator<Item = NodeId> {
        let outputs = self.outputs.iter().map(|(_, id)| *id);
        let blends = self.blends.iter().map(|(_, from, _)| *from);
        outputs.chain(self.gradients.iter().flatten().copied()).chain(blends)
    }

    /// The same request of a graph whose nodes have other places.
    fn renamed(&self, new: impl Fn(NodeId) -> NodeId) -> Self {
        Self {
            outputs: self.outputs.iter().map(|(name, id)| (name.clone(), new(*id))).collect(),
            gradients: self.gradients.iter().map(|gradient| gradient.map(&new)).collect(),
            blends: self.blends.iter().map(|(kept, from, blend)| (new(*kept), new(*from), *blend)).collect(),
            update: self.update,
            clip_grad_norm: self.clip_grad_norm,
            unfused: self.unfused,
        }
    }
}

/// A step of something that is kept but not trained: `p ← decay·p + factor·x`. Running averages and counts are such.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blend {
    /// How much of `p` stays.
    pub decay: f32,
    /// How much of `x` is added.
    pub factor: f32,
}

impl Plan {
    /// An output by its name.
    pub fn output(&self, name: &str) -> Option<&Operand> {
        self.outputs.iter().find(|(output, _)| output == name).map(|(_, operand)| operand)
    }

    /// The buffer of an input by its name, or of what is kept under that name.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.buffers.iter().position(|buffer| match &buffer.role {
            Role::Input(input) | Role::Resident(input) => input == name,
            _ => false,
        })
    }

    /// How many of the optimiser's states the plan uses.
    pub fn n_states(&self) -> usize {
        self.buffers.iter().filter(|buffer| matches!(buffer.role, Role::State(_))).count()
    }

    fn beginning(buffer: usize, len: usize) -> Operand {
        Operand {
            region: Region { buffer, offset: 0, len },
            value: Value { shape: vec![len], dtype: DType::F32 },
        }
    }
}
