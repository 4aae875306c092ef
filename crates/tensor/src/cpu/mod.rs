//! The CPU executor: replays plans over plain vectors of numbers.

mod activation;
mod arrivals;
mod batch_norm2d;
mod binary;
mod channels_last;
mod conv2d;
mod conv_block;
mod direct;
mod dropout;
mod finish;
mod gather_batch;
mod gemm;
mod indexing;
mod kernels;
mod linear;
mod linear_cross_entropy;
mod loss;
mod memory;
mod planes;
mod pool2d;
mod products;
mod reduction;
mod side_by_side;
mod simd;
mod softmax;
mod strided;
mod unary;
mod update;
mod winograd;

use crate::error::TensorError;
use crate::graph::DType;
use crate::plan::{ParameterLayout, Plan, Role, Step};
use crate::update::Hyper;

pub use kernels::MOST_OPERANDS;
pub use simd::fuses_multiply_add;
pub(crate) use {
    indexing::gather, indexing::index_select, indexing::scatter, kernels::Read, kernels::Write,
    kernels::compute, strided::cat, update::run as update,
};

/// Memory and plans. Parameters, gradients, the optimiser's states and its hyper-parameters are there once, for all
/// plans; everything else belongs to one plan. After a plan's first run nothing is allocated any more.
#[derive(Debug)]
pub struct Executor {
    layout: ParameterLayout,
    parameters: Vec<f32>,
    gradients: Vec<f32>,
    states: Vec<Vec<f32>>,
    hyper: Vec<f32>,
    plans: Vec<Loaded>,
    scratch: Box<Scratch>,
}

#[derive(Debug)]
struct Loaded {
    plan: Plan,
    /// One per buffer of the plan; empty for those that the executor owns, except during a run.
    buffers: Vec<Vec<f32>>,
}

/// Memory that kernels use while they run.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    logits: Vec<f32>,
    gemm: gemm::Packed,
    conv_block: conv_block::Memory,
    direct: direct::Memory,
    winograd: winograd::Memory,
}

impl Executor {
    /// An executor for networks of this layout, all zeros.
    pub fn new(layout: &ParameterLayout, n_states: usize) -> Self {
        Self {
            layout: layout.clone(),
            parameters: vec![0.0; layout.len],
            gradients: vec![0.0; layout.len],
            states: vec![vec![0.0; layout.len]; n_states],
            hyper: bytemuck::cast_slice(&[Hyper::default()]).to_vec(),
            plans: Vec::new(),
            scratch: Box::default(),
        }
    }

    /// Takes a plan and returns the number by which it is run.
    ///
    /// # Errors
    /// [`TensorError`] where the plan is of another network or needs more states than there are.
    pub fn add(&mut self, plan: Plan) -> Result<usize, TensorError> {
        if plan.layout != self.layout {
            let (expected, received) = (self.layout.len, plan.layout.len);
            return Err(TensorError::Length { what: "the plan's parameters".into(), expected, received });
        }
        if plan.n_states() > self.states.len() {
            let (expected, received) = (plan.n_states(), self.states.len());
            return Err(TensorError::Length { what: "the optimiser's states".into(), expected, received });
        }
        kernels::check(&plan)?;
        let buffers = plan
            .buffers
            .iter()
            .map(|buffer| match buffer.role {
                Role::Constant(number) => vec![number; buffer.len],
                Role::Input(_) | Role::Resident(_) | Role::Scratch => vec![0.0; buffer.len],
                Role::Parameters | Role::Gradients | Role::State(_) | Role::Hyper => Vec::new(),
            })
            .collect();
        self.plans.push(Loaded { plan, buffers });
        Ok(self.plans.len() - 1)
    }

    /// The plans' memory and the executor's, in bytes.
    pub fn n_bytes(&self) -> usize {
        let own = self.parameters.len() * (2 + self.states.len());
        let plans = self.plans.iter().flat_map(|loaded| &loaded.buffers).map(Vec::len).sum::<usize>();
        (own + plans) * size_of::<f32>()
    }

    /// Gives a plan one of its inputs.
    ///
    /// # Errors
    /// [`TensorError`] where the plan has no input of this name, or of another length.
    pub fn write_input(&mut self, plan: usize, name: &str, data: &[f32]) -> Result<(), TensorError> {
        let Loaded { plan, buffers } = &mut self.plans[plan];
        let unknown = || TensorError::UnknownName { what: "input", name: name.to_owned() };
        let buffer = &mut buffers[plan.input(name).ok_or_else(unknown)?];
        copy(name, buffer, data)
    }

    /// Gives a plan one of its inputs, where that holds unsigned integers.
    ///
    /// # Errors
    /// As [`Executor::write_input`].
    pub fn write_input_u32(&mut self, plan: usize, name: &str, data: &[u32]) -> Result<(), TensorError> {
        self.write_input(plan, name, bytemuck::cast_slice(data))
    }

    /// Runs a plan once.
    pub fn run(&mut self, plan: usize) {
        self.run_watched(plan, |_| {});
    }

    /// Runs a plan once, and calls `done` after each of its steps, so that they can be timed.
    pub fn run_watched(&mut self, plan: usize, mut done: impl FnMut(&Step)) {
        self.swap_own_buffers(plan);
        let Loaded { plan: steps, buffers } = &mut self.plans[plan];
        for step in &steps.steps {
            kernels::run(step, buffers, &mut self.scratch);
            done(step);
        }
        self.swap_own_buffers(plan);
    }

    /// Lends the executor's own buffers to a plan, or takes them back.
    fn swap_own_buffers(&mut self, plan: usize) {
        let Loaded { plan, buffers } = &mut self.plans[plan];
        for (buffer, memory) in plan.buffers.iter().zip(buffers) {
            match buffer.role {
                Role::Parameters => std::mem::swap(memory, &mut self.parameters),
                Role::Gradients => std::mem::swap(memory, &mut self.gradients),
                Role::State(idx) => std::mem::swap(memory, &mut self.states[idx]),
                Role::Hyper => std::mem::swap(memory, &mut self.hyper),
                Role::Input(_) | Role::Resident(_) | Role::Constant(_) | Role::Scratch => {}
            }
        }
    }

    /// What a plan's last run gave under a name.
    ///
    /// # Errors
    /// [`TensorError::UnknownName`] where the plan has no such output.
    pub fn output(&self, plan: usize, name: &str) -> Result<&[f32], TensorError> {
        let Loaded { plan, buffers } = &self.plans[plan];
        let unknown = || TensorError::UnknownName { what: "output", name: name.to_owned() };
        let operand = plan.output(name).ok_or_else(unknown)?;
        debug_assert_eq!(operand.value.dtype, DType::F32, "outputs are floating-point numbers");
        let region = operand.region;
        let memory = match plan.buffers[region.buffer].role {
            Role::Parameters => &self.parameters,
            Role::Gradients => &self.gradients,
            _ => &buffers[region.buffer],
        };
        Ok(&memory[region.offset..region.offset + region.len])
    }

    /// All parameters, laid out as the plan's [`ParameterLayout`] says.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// Replaces all parameters.
    ///
    /// # Errors
    /// [`TensorError::Length`] where there are more or fewer.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), TensorError> {
        copy("the parameters", &mut self.parameters, parameters)
    }

    /// All gradients of the last run, laid out as the parameters.
    pub fn gradients(&self) -> &[f32] {
        &self.gradients
    }

    /// Multiplies the gradients that the next plan reads, for whoever puts them together from several runs.
    pub fn scale_gradients(&mut self, factor: f32) {
        self.gradients.iter_mut().for_each(|gradient| *gradient *= factor);
    }

    /// Adds others, times a factor, to the gradients that the next plan reads.
    ///
    /// # Errors
    /// [`TensorError::Length`] where there are more or fewer.
    pub fn add_gradients(&mut self, factor: f32, others: &[f32]) -> Result<(), TensorError> {
        let (expected, received) = (self.gradients.len(), others.len());
        if expected != received {
            return Err(TensorError::Length { what: "the gradients".into(), expected, received });
        }
        for (gradient, other) in self.gradients.iter_mut().zip(others) {
            *gradient += factor * other;
        }
        Ok(())
    }

    /// One of the optimiser's states, laid out as the parameters.
    pub fn state(&self, idx: usize) -> &[f32] {
        &self.states[idx]
    }

    /// Replaces one of the optimiser's states.
    ///
    /// # Errors
    /// [`TensorError::Length`] where it has another length.
    pub fn set_state(&mut self, idx: usize, state: &[f32]) -> Result<(), TensorError> {
        copy("the optimiser's state", &mut self.states[idx], state)
    }

    /// What the optimiser reads from the next step on.
    pub fn set_hyper(&mut self, hyper: Hyper) {
        self.hyper.copy_from_slice(bytemuck::cast_slice(&[hyper]));
    }
}

fn copy(what: &str, to: &mut [f32], from: &[f32]) -> Result<(), TensorError> {
    if to.len() != from.len() {
        let (expected, received) = (to.len(), from.len());
        return Err(TensorError::Length { what: what.to_owned(), expected, received });
    }
    to.copy_from_slice(from);
    Ok(())
}
