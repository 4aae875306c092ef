use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use tensor::{Kernel, Operand, Plan, Role, Step, TensorError};

use super::{HYPER_SLOT_BYTES, STEPS_AT_ONCE, Shared};
use crate::device::Device;
use crate::error::GpuError;
use crate::kernels::{self, Launch, Traits};
use crate::pipelines::Shader;
use crate::readback::{Piece, Readback};

/// The most workgroups in one direction; more go into rows. The shaders know the number.
const MAX_WORKGROUPS: u32 = 65_535;

/// A plan with everything that it needs on the GPU, but for the compiled shaders: they come with the first run, or when they
/// are asked for before.
///
/// A plan that trains has several slots, so that several steps can be submitted together: in each slot, inputs,
/// hyper-parameters and metrics have places of their own. Slot 0 is for single runs.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// In the order of the plan's; those that all plans share are the executor's.
    pub(super) buffers: Vec<wgpu::Buffer>,
    pub(super) dispatches: Vec<Dispatch>,
    /// Whether all its shaders are known to be compiled.
    pub(super) is_compiled: Rc<Cell<bool>>,
    pub(super) readback: Readback,
    slots: Slots,
}

/// A kernel, ready to start.
pub(super) struct Dispatch {
    pub(super) shader: Shader,
    pipeline: OnceCell<wgpu::ComputePipeline>,
    /// One per slot where it reads or writes what each slot has for itself; else one.
    bind_groups: Vec<wgpu::BindGroup>,
    pub(super) n_workgroups: [u32; 2],
}

impl Dispatch {
    /// The shader, compiled when it is first started: a GPU that is a program takes up to a second for one, and a training
    /// step is not to wait for what only measures or shows.
    pub(super) fn pipeline(&self, device: &Device) -> &wgpu::ComputePipeline {
        self.pipeline.get_or_init(|| device.pipeline(&self.shader))
    }

    pub(super) fn bind_group(&self, slot: usize) -> &wgpu::BindGroup {
        self.bind_groups.get(slot).unwrap_or(&self.bind_groups[0])
    }
}

/// Memory for the inputs of all slots together; a plan with larger ones has fewer slots.
const INPUT_BYTES: u64 = 64 << 20;

/// The largest alignment that WebGPU lets a GPU ask for.
const ALIGNMENT: u64 = 256;

/// What one step has for itself among several that are submitted together.
struct Slots {
    n: usize,
    /// How many bytes each buffer's slots lie apart; 0 for buffers that all slots share.
    strides: Vec<u64>,
    /// The buffer of the metrics, and which of the plan's buffers lie there instead, in order.
    metrics: Option<(wgpu::Buffer, [usize; 2])>,
}

impl Slots {
    fn new(device: &Device, plan: &Plan) -> Self {
        let apart = |len: usize| (4 * len as u64).next_multiple_of(ALIGNMENT);
        let inputs = plan.buffers.iter().filter(|buffer| matches!(buffer.role, Role::Input(_)));
        let n_bytes: u64 = inputs.map(|buffer| apart(buffer.len)).sum();
        let metrics = metrics(plan);
        let most = (INPUT_BYTES / n_bytes.max(1)).clamp(1, 1 + STEPS_AT_ONCE as u64) as usize;
        let n = if metrics.is_some() { most } else { 1 };
        let strides = plan.buffers.iter().map(|buffer| match buffer.role {
            Role::Input(_) => apart(buffer.len),
            Role::Hyper => HYPER_SLOT_BYTES,
            _ => 0,
        });
        let metrics = metrics.filter(|_| n > 1).map(|metrics| {
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            (device.buffer("metrics", 2 * ALIGNMENT * n as u64, usage), metrics)
        });
        Self { n, strides: strides.collect(), metrics }
    }

    /// Where a metric lies, if the buffer holds one.
    fn metric(&self, buffer: usize, slot: usize) -> Option<(&wgpu::Buffer, u64)> {
        let (metrics, places) = self.metrics.as_ref()?;
        let position = places.iter().position(|place| *place == buffer)?;
        Some((metrics, ALIGNMENT * (2 * slot + position) as u64))
    }

    fn concern(&self, launch: &Launch<'_>) -> bool {
        let operands = launch.reads.iter().chain(launch.writes.iter().flatten());
        let mut buffers = operands.map(|operand| operand.region.buffer);
        buffers.any(|buffer| self.strides[buffer] > 0 || self.metric(buffer, 0).is_some())
    }
}

/// The buffers of a training step's metrics, where nothing but the step that computes them uses their numbers.
fn metrics(plan: &Plan) -> Option<[usize; 2]> {
    plan.steps.iter().find(|step| matches!(step.kernel, Kernel::Update(_)))?;
    let place = |name: &str| {
        let region = plan.output(name)?.region;
        let is_scratch = plan.buffers[region.buffer].role == Role::Scratch;
        let uses =
            |operands: &[Operand]| operands.iter().any(|operand| operand.region.buffer == region.buffer);
        let n_written = plan.steps.iter().filter(|step| uses(&step.writes)).count();
        let is_read = plan.steps.iter().any(|step| uses(&step.reads));
        (is_scratch && region.len == 1 && n_written == 1 && !is_read).then_some(region.buffer)
    };
    let places = [place(crate::LOSS)?, place(crate::N_CORRECT)?];
    (places[0] != places[1]).then_some(places)
}

impl Prepared {
    pub(super) fn new(device: &Device, shared: &Shared, plan: Plan) -> Result<Self, GpuError> {
        if plan.layout != shared.layout {
            return Err(GpuError::Layout);
        }
        let slots = Slots::new(device, &plan);
        let mut buffers = Vec::with_capacity(plan.buffers.len());
        for (buffer, stride) in plan.buffers.iter().zip(&slots.strides) {
            buffers.push(match shared.get(&buffer.role)? {
                Some(shared) => shared.clone(),
                None if slots.n > 1 && *stride > 0 => {
                    own_buffer(device, &buffer.role, slots.n * *stride as usize / 4)?
                }
                None => own_buffer(device, &buffer.role, buffer.len)?,
            });
        }
        let dispatches: Result<_, _> = launches(&plan.steps, device.traits())?
            .iter()
            .map(|launch| dispatch(device, shared, &buffers, &slots, launch))
            .collect();
        let readback_len = plan.outputs.iter().map(|(_, operand)| operand.region.len).sum();
        let prepared = Self {
            dispatches: dispatches?,
            is_compiled: Rc::default(),
            readback: Readback::new(device, "outputs", readback_len, 2),
            plan,
            buffers,
            slots,
        };
        device.check()?;
        Ok(prepared)
    }

    /// How many steps can be submitted together.
    pub(super) const fn steps_at_once(&self) -> usize {
        if self.slots.n > 1 { self.slots.n - 1 } else { 1 }
    }

    /// Whether steps can be queued in slots of their own.
    pub(super) const fn has_slots(&self) -> bool {
        self.slots.n > 1
    }

    /// Gives an input its numbers in one slot.
    pub(super) fn write_input(&self, device: &Device, slot: usize, buffer: usize, bytes: &[u8]) {
        device.queue.write_buffer(&self.buffers[buffer], slot as u64 * self.slots.strides[buffer], bytes);
    }

    /// An output as a run in this slot left it; only metrics have slots.
    pub(super) fn output(&self, name: &str, slot: usize) -> Result<Piece<'_>, GpuError> {
        let unknown = || TensorError::UnknownName { what: "output", name: name.to_owned() };
        let region = self.plan.output(name).ok_or_else(unknown)?.region;
        if let Some((buffer, offset)) = self.slots.metric(region.buffer, slot) {
            return Ok(Piece { buffer, offset: offset as usize / 4, len: region.len });
        }
        Ok(Piece { buffer: &self.buffers[region.buffer], offset: region.offset, len: region.len })
    }

    pub(super) fn scalar(&self, name: &str, slot: usize) -> Result<Piece<'_>, GpuError> {
        let piece = self.output(name, slot)?;
        super::check_len(&format!("the output {name:?}"), 1, piece.len)?;
        Ok(piece)
    }

    pub(super) fn own_buffers(&self) -> impl Iterator<Item = &wgpu::Buffer> {
        let own = |role: &Role| {
            matches!(role, Role::Input(_) | Role::Resident(_) | Role::Constant(_) | Role::Scratch)
        };
        self.buffers
            .iter()
            .zip(&self.plan.buffers)
            .filter(move |(_, plan)| own(&plan.role))
            .map(|(own, _)| own)
            .chain(self.slots.metrics.as_ref().map(|(buffer, _)| buffer))
    }
}

/// A buffer of numbers that kernels read and write.
pub(super) fn storage(device: &Device, label: &str, len: usize) -> Result<wgpu::Buffer, GpuError> {
    use wgpu::BufferUsages;
    let n_bytes = 4 * len as u64;
    let limits = &device.limits;
    let allowed = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
    if n_bytes > allowed {
        return Err(GpuError::Limit {
            what: format!("a buffer ({label}) in bytes"),
            needed: n_bytes,
            allowed,
        });
    }
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
    Ok(device.buffer(label, n_bytes, usage))
}

fn own_buffer(device: &Device, role: &Role, len: usize) -> Result<wgpu::Buffer, GpuError> {
    let label = match role {
        Role::Input(name) | Role::Resident(name) => name,
        Role::Constant(_) => "constant",
        _ => "scratch",
    };
    let buffer = storage(device, label, len)?;
    if let Role::Constant(number) = role {
        device.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&vec![*number; len]));
    }
    Ok(buffer)
}

/// What starts each step, or two at once.
fn launches(mut steps: &[Step], traits: Traits) -> Result<Vec<Launch<'_>>, GpuError> {
    let mut launches = Vec::with_capacity(steps.len());
    while let Some((step, rest)) = steps.split_first() {
        let both = match rest.first() {
            Some(next) => kernels::launch_both(step, next, traits)?,
            None => None,
        };
        steps = if both.is_some() { &rest[1..] } else { rest };
        launches.push(match both {
            Some(both) => both,
            None => kernels::launch(step, traits)?,
        });
    }
    Ok(launches)
}

fn dispatch(
    device: &Device,
    shared: &Shared,
    buffers: &[wgpu::Buffer],
    slots: &Slots,
    launch: &Launch<'_>,
) -> Result<Dispatch, GpuError> {
    let name = launch.name;
    let allowed = device.limits.max_storage_buffers_per_shader_stage.into();
    let (n_reads, n_writes) = (launch.reads.len(), launch.writes.len());
    let needed = (n_reads + n_writes) as u64;
    if needed > allowed {
        return Err(GpuError::Limit { what: format!("{name}, in buffers at once,"), needed, allowed });
    }
    let bind_group = |slot: usize| -> Result<wgpu::BindGroup, GpuError> {
        let mut unwritten = shared.unwritten.iter();
        let bind = |operand: &Operand| binding(device, buffers, slots, slot, name, operand);
        let reads: Vec<_> = launch.reads.iter().map(|read| bind(read)).collect::<Result<_, _>>()?;
        let writes: Vec<_> = (launch.writes.iter())
            .map(|write| match write {
                Some(write) => bind(write),
                None => {
                    let buffer = unwritten.next().expect("no shader has more places than these to spare");
                    Ok(wgpu::BufferBinding { buffer, offset: 0, size: None })
                }
            })
            .collect::<Result<_, _>>()?;
        Ok(device.bind_group(name, &reads, &writes))
    };
    let n_bind_groups = if slots.concern(launch) { slots.n } else { 1 };
    let bind_groups: Result<_, _> = (0..n_bind_groups).map(bind_group).collect();
    let n_rows = launch.n_workgroups.div_ceil(MAX_WORKGROUPS);
    Ok(Dispatch {
        shader: Shader { name, text: launch.text()?, n_bound: [n_reads, n_writes] },
        bind_groups: bind_groups?,
        pipeline: OnceCell::new(),
        n_workgroups: [launch.n_workgroups.min(MAX_WORKGROUPS), n_rows],
    })
}

fn binding<'a>(
    device: &Device,
    buffers: &'a [wgpu::Buffer],
    slots: &'a Slots,
    slot: usize,
    kernel: &'static str,
    operand: &Operand,
) -> Result<wgpu::BufferBinding<'a>, GpuError> {
    let region = operand.region;
    let unsupported = |reason: String| GpuError::Unsupported { kernel, reason };
    let size = wgpu::BufferSize::new(4 * region.len as u64)
        .ok_or_else(|| unsupported("an operand is empty".to_owned()))?;
    if let Some((buffer, offset)) = slots.metric(region.buffer, slot) {
        return Ok(wgpu::BufferBinding { buffer, offset, size: Some(size) });
    }
    let offset = 4 * region.offset as u64 + slot as u64 * slots.strides[region.buffer];
    // Plans align what does not start its buffer to 256 bytes, the largest alignment that WebGPU lets a GPU ask for.
    if !offset.is_multiple_of(device.limits.min_storage_buffer_offset_alignment.into()) {
        return Err(unsupported(format!("an operand starts at byte {offset}, where it cannot be bound")));
    }
    Ok(wgpu::BufferBinding { buffer: &buffers[region.buffer], offset, size: Some(size) })
}
