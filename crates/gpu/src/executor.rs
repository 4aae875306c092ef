use std::cell::{Cell, RefCell};
use std::future::Future;
use std::ops::Range;
use std::rc::Rc;

use tensor::{ParameterLayout, Plan, Role, TensorError};

use crate::device::Device;
use crate::error::GpuError;
use crate::readback::Readback;
use crate::recorder::Recorder;

mod prepared;
mod queue;
mod timing;
mod transfer;

use prepared::Prepared;
pub use timing::KernelTime;

/// A plan's position in its executor.
pub type PlanIdx = usize;

/// The most steps that one submission runs.
pub const STEPS_AT_ONCE: usize = 8;

/// The outputs that are recorded.
pub(crate) const LOSS: &str = "loss";
pub(crate) const N_CORRECT: &str = "n_correct";

/// How far apart the hyper-parameters of steps lie that are submitted together.
const HYPER_SLOT_BYTES: u64 = 256;

/// What an input is given.
#[derive(Clone, Copy, Debug)]
pub enum Numbers<'a> {
    /// Floating-point numbers.
    F32(&'a [f32]),
    /// Labels, positions, keys.
    U32(&'a [u32]),
}

impl Numbers<'_> {
    fn len(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::U32(numbers) => numbers.len(),
        }
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::F32(numbers) => bytemuck::cast_slice(numbers),
            Self::U32(numbers) => bytemuck::cast_slice(numbers),
        }
    }
}

/// Runs plans over one set of parameters, gradients and optimiser's states, which stay on the GPU.
///
/// Everything that reads is in two halves: the call copies the numbers away as they are now, and the future that it
/// returns waits for them without borrowing the executor, so that steps can run meanwhile.
///
/// ```no_run
/// # async fn example(plan: tensor::Plan) -> Result<(), gpu::GpuError> {
/// let device = std::rc::Rc::new(gpu::Device::request().await?);
/// let mut executor = gpu::Executor::new(&device, &plan.layout.clone(), 0)?;
/// let plan = executor.add(plan)?;
/// executor.compile(plan).await?;
/// executor.write_input(plan, "x", &[1.0, 2.0])?;
/// executor.run(plan)?;
/// let y = executor.read_output(plan, "y").await?;
/// # Ok(()) }
/// ```
pub struct Executor {
    device: Rc<Device>,
    shared: Shared,
    flat_readback: Readback,
    recorder: RefCell<Recorder>,
    plans: Vec<Prepared>,
    /// Steps that wait for their submission: of which plan, and how many.
    queued: Cell<Option<(PlanIdx, usize)>>,
}

/// The buffers that all plans share.
struct Shared {
    layout: ParameterLayout,
    parameters: wgpu::Buffer,
    gradients: wgpu::Buffer,
    states: Vec<wgpu::Buffer>,
    hyper: wgpu::Buffer,
    /// Bound where a shader has places for outputs that nobody wants; no shader has more.
    unwritten: [wgpu::Buffer; 2],
}

impl Shared {
    /// The buffer of a role, where plans share it.
    fn get(&self, role: &Role) -> Result<Option<&wgpu::Buffer>, GpuError> {
        Ok(match role {
            Role::Parameters => Some(&self.parameters),
            Role::Gradients => Some(&self.gradients),
            Role::State(idx) => Some(self.state(*idx)?),
            Role::Hyper => Some(&self.hyper),
            Role::Input(_) | Role::Resident(_) | Role::Constant(_) | Role::Scratch => None,
        })
    }

    fn state(&self, state_idx: usize) -> Result<&wgpu::Buffer, GpuError> {
        let n_states = self.states.len();
        self.states.get(state_idx).ok_or(GpuError::NoState { state_idx, n_states })
    }
}

impl Executor {
    /// An executor for these parameters and this many of the optimiser's states; all zeros at first.
    ///
    /// # Errors
    /// [`GpuError::Limit`] where the parameters are too many for this GPU.
    pub fn new(device: &Rc<Device>, layout: &ParameterLayout, n_states: usize) -> Result<Self, GpuError> {
        device.check()?;
        let flat = |label| prepared::storage(device, label, layout.len);
        let states = (0..n_states).map(|_| flat("state")).collect::<Result<_, _>>()?;
        let shared = Shared {
            layout: layout.clone(),
            parameters: flat("parameters")?,
            gradients: flat("gradients")?,
            states,
            hyper: prepared::storage(device, "hyper", (1 + STEPS_AT_ONCE) * HYPER_SLOT_BYTES as usize / 4)?,
            unwritten: [(); 2].map(|()| device.buffer("unwritten", 4, wgpu::BufferUsages::STORAGE)),
        };
        device.check()?;
        Ok(Self {
            device: Rc::clone(device),
            shared,
            flat_readback: Readback::new(device, "parameters, gradients and states", layout.len, 2),
            recorder: RefCell::new(Recorder::new(device)),
            plans: Vec::new(),
            queued: Cell::new(None),
        })
    }

    /// The GPU that it runs on.
    pub fn device(&self) -> &Rc<Device> {
        &self.device
    }

    /// Builds the bind groups and buffers that the plan needs; pipelines are [compiled](Self::compile) later.
    ///
    /// # Errors
    /// A typed error for whatever this GPU cannot run. A shader that its compiler refuses, and in a browser what only the
    /// GPU's process finds, comes when it is compiled, or after the first run: with the next one, or the next read.
    pub fn add(&mut self, plan: Plan) -> Result<PlanIdx, GpuError> {
        self.device.check()?;
        self.plans.push(Prepared::new(&self.device, &self.shared, plan)?);
        Ok(self.plans.len() - 1)
    }

    /// Compiles the plan's shaders, side by side where browser and driver can; the first time this takes up to seconds. A
    /// plan that was not compiled before its first run is then, one shader after the other, which in some browsers keeps pages
    /// from being drawn meanwhile.
    ///
    /// In a browser it begins at once, and the future may be dropped: what is under way goes on, and is found by whoever needs
    /// it next. Natively it begins when it is waited for.
    ///
    /// # Errors
    /// [`GpuError::NoPlan`]; [`GpuError::Refused`] for a shader that the GPU's compiler refuses; [`GpuError::Lost`].
    pub fn compile(&self, plan: PlanIdx) -> impl Future<Output = Result<(), GpuError>> + use<> {
        let prepared = self.device.check().and_then(|()| self.prepared(plan));
        let compiling = prepared.map(|prepared| {
            let is_compiled = Rc::clone(&prepared.is_compiled);
            let shaders = || prepared.dispatches.iter().map(|dispatch| &dispatch.shader).collect::<Vec<_>>();
            let compiling = (!is_compiled.get()).then(|| self.device.compile(&shaders()));
            (is_compiled, compiling)
        });
        async move {
            if let (is_compiled, Some(compiling)) = compiling? {
                compiling.await?;
                is_compiled.set(true);
            }
            Ok(())
        }
    }

    /// Whether nothing is left to compile of a plan that [`compile`](Self::compile) was asked for.
    pub fn is_compiled(&self, plan: PlanIdx) -> bool {
        self.prepared(plan).is_ok_and(|prepared| prepared.is_compiled.get())
    }

    /// Puts a plan in another's place, whose memory becomes free; where that fails, the other stays.
    ///
    /// # Errors
    /// As [`add`](Self::add); [`GpuError::NoPlan`].
    pub fn replace(&mut self, plan_idx: PlanIdx, plan: Plan) -> Result<(), GpuError> {
        self.device.check()?;
        self.submit_queued();
        self.prepared(plan_idx)?;
        let new = Prepared::new(&self.device, &self.shared, plan)?;
        let old = std::mem::replace(&mut self.plans[plan_idx], new);
        old.own_buffers().for_each(wgpu::Buffer::destroy);
        Ok(())
    }

    /// Runs a plan once, with one submission; it returns as soon as the GPU has its commands.
    ///
    /// # Errors
    /// [`GpuError::NoPlan`]; [`GpuError::Lost`] and [`GpuError::Refused`] for what went wrong so far.
    pub fn run(&mut self, plan: PlanIdx) -> Result<(), GpuError> {
        self.device.check()?;
        self.submit_queued();
        let encoder = self.encode(self.prepared(plan)?, 0..1);
        self.device.submit(encoder);
        Ok(())
    }

    /// As [`run`](Self::run), and keeps the outputs `loss` and `n_correct` until they are
    /// [taken](Self::take_recorded).
    ///
    /// # Errors
    /// As there; [`GpuError::RecordFull`] after [`RECORD_CAPACITY`](crate::RECORD_CAPACITY) steps that nobody took.
    pub fn run_recorded(&mut self, plan: PlanIdx) -> Result<(), GpuError> {
        self.device.check()?;
        self.submit_queued();
        self.recorder.borrow().check_room(0)?;
        let prepared = self.prepared(plan)?;
        // Looked up before anything is submitted, so that an error leaves nothing half done.
        let numbers = [prepared.scalar(LOSS, 0)?, prepared.scalar(N_CORRECT, 0)?];
        let mut encoder = self.encode(prepared, 0..1);
        self.recorder.borrow_mut().record(&mut encoder, numbers);
        self.device.submit(encoder);
        Ok(())
    }

    /// `[loss, n_correct]` of all recorded steps since the last take, in order.
    pub fn take_recorded(&mut self) -> impl Future<Output = Result<Vec<[f32; 2]>, GpuError>> + use<> {
        self.submit_queued();
        self.recorder.borrow_mut().take(&self.device)
    }

    /// How many kernels one run of the plan starts.
    ///
    /// # Panics
    /// Where there is no such plan.
    pub fn dispatches(&self, plan: PlanIdx) -> usize {
        self.plans[plan].dispatches.len()
    }

    fn prepared(&self, plan_idx: PlanIdx) -> Result<&Prepared, GpuError> {
        let n_plans = self.plans.len();
        self.plans.get(plan_idx).ok_or(GpuError::NoPlan { plan_idx, n_plans })
    }

    /// The plan's kernels, once per slot, all in one pass.
    fn encode(&self, prepared: &Prepared, slots: Range<usize>) -> wgpu::CommandEncoder {
        let mut encoder = self.device.wgpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        let n_dispatches = slots.len() * prepared.dispatches.len();
        for slot in slots {
            for dispatch in &prepared.dispatches {
                pass.set_pipeline(dispatch.pipeline(&self.device));
                pass.set_bind_group(0, dispatch.bind_group(slot), &[]);
                let [x, y] = dispatch.n_workgroups;
                pass.dispatch_workgroups(x, y, 1);
            }
        }
        drop(pass);
        self.device.count(|counts| counts.dispatches += n_dispatches);
        encoder
    }
}

impl std::fmt::Debug for Executor {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Executor")
            .field("device", &self.device)
            .field("n_plans", &self.plans.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Executor {
    /// In a browser, memory would otherwise wait for the garbage collector.
    fn drop(&mut self) {
        let Shared { parameters, gradients, hyper, unwritten, .. } = &self.shared;
        let shared = [parameters, gradients, hyper];
        let shared = shared.into_iter().chain(unwritten).chain(&self.shared.states);
        let own = self.plans.iter().flat_map(Prepared::own_buffers);
        shared.chain(own).for_each(wgpu::Buffer::destroy);
    }
}

/// The position of an input's buffer, where it takes that many numbers.
fn input_buffer(prepared: &Prepared, name: &str, len: usize) -> Result<usize, TensorError> {
    let unknown = || TensorError::UnknownName { what: "input", name: name.to_owned() };
    let buffer = prepared.plan.input(name).ok_or_else(unknown)?;
    check_len(&format!("the input {name:?}"), prepared.plan.buffers[buffer].len, len)?;
    Ok(buffer)
}

fn check_len(what: &str, expected: usize, received: usize) -> Result<(), TensorError> {
    if expected == received {
        Ok(())
    } else {
        Err(TensorError::Length { what: what.to_owned(), expected, received })
    }
}
