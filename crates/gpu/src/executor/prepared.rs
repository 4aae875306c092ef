use tensor::{Operand, Plan, Role, Step, TensorError};

use super::Shared;
use crate::device::Device;
use crate::error::GpuError;
use crate::kernels;
use crate::readback::{Piece, Readback};

/// The most workgroups in one direction; more go into rows. The shaders know the number.
const MAX_WORKGROUPS: u32 = 65_535;

/// A plan with everything that it needs on the GPU.
pub(super) struct Prepared {
    pub(super) plan: Plan,
    /// In the order of the plan's; those that all plans share are the executor's.
    pub(super) buffers: Vec<wgpu::Buffer>,
    pub(super) dispatches: Vec<Dispatch>,
    pub(super) readback: Readback,
}

/// A kernel, ready to start.
pub(super) struct Dispatch {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) bind_group: wgpu::BindGroup,
    pub(super) n_workgroups: [u32; 2],
}

impl Prepared {
    pub(super) fn new(device: &Device, shared: &Shared, plan: Plan) -> Result<Self, GpuError> {
        if plan.layout != shared.layout {
            return Err(GpuError::Layout);
        }
        let mut buffers = Vec::with_capacity(plan.buffers.len());
        for buffer in &plan.buffers {
            buffers.push(match shared.get(&buffer.role)? {
                Some(shared) => shared.clone(),
                None => own_buffer(device, &buffer.role, buffer.len)?,
            });
        }
        let dispatches: Result<_, _> =
            plan.steps.iter().map(|step| dispatch(device, shared, &buffers, step)).collect();
        let readback_len = plan.outputs.iter().map(|(_, operand)| operand.region.len).sum();
        let prepared = Self {
            dispatches: dispatches?,
            readback: Readback::new(device, "outputs", readback_len, 2),
            plan,
            buffers,
        };
        device.check()?;
        Ok(prepared)
    }

    pub(super) fn output(&self, name: &str) -> Result<Piece<'_>, GpuError> {
        let unknown = || TensorError::UnknownName { what: "output", name: name.to_owned() };
        let region = self.plan.output(name).ok_or_else(unknown)?.region;
        Ok(Piece { buffer: &self.buffers[region.buffer], offset: region.offset, len: region.len })
    }

    pub(super) fn scalar(&self, name: &str) -> Result<Piece<'_>, GpuError> {
        let piece = self.output(name)?;
        super::check_len(&format!("the output {name:?}"), 1, piece.len)?;
        Ok(piece)
    }

    pub(super) fn own_buffers(&self) -> impl Iterator<Item = &wgpu::Buffer> {
        let own = |role: &Role| matches!(role, Role::Input(_) | Role::Constant(_) | Role::Scratch);
        self.buffers
            .iter()
            .zip(&self.plan.buffers)
            .filter(move |(_, plan)| own(&plan.role))
            .map(|(own, _)| own)
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
        Role::Input(name) => name,
        Role::Constant(_) => "constant",
        _ => "scratch",
    };
    let buffer = storage(device, label, len)?;
    if let Role::Constant(number) = role {
        device.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(&vec![*number; len]));
    }
    Ok(buffer)
}

fn dispatch(
    device: &Device,
    shared: &Shared,
    buffers: &[wgpu::Buffer],
    step: &Step,
) -> Result<Dispatch, GpuError> {
    let name = step.kernel.name();
    let launch = kernels::launch(step, device.is_software())?;
    let bindings = |operands: &[&Operand]| -> Result<Vec<_>, GpuError> {
        operands.iter().map(|operand| binding(device, buffers, name, operand)).collect()
    };
    let reads = bindings(&launch.reads)?;
    let mut writes = bindings(&step.writes.iter().collect::<Vec<_>>())?;
    let unwritten = shared.unwritten.iter().take(launch.n_absent_writes);
    writes.extend(unwritten.map(|buffer| wgpu::BufferBinding { buffer, offset: 0, size: None }));
    let allowed = device.limits.max_storage_buffers_per_shader_stage.into();
    let needed = (reads.len() + writes.len()) as u64;
    if needed > allowed {
        return Err(GpuError::Limit { what: format!("{name}, in buffers at once,"), needed, allowed });
    }
    let pipeline = device.pipeline(name, launch.text()?, reads.len(), writes.len());
    let n_rows = launch.n_workgroups.div_ceil(MAX_WORKGROUPS);
    Ok(Dispatch {
        pipeline,
        bind_group: device.bind_group(name, &reads, &writes),
        n_workgroups: [launch.n_workgroups.min(MAX_WORKGROUPS), n_rows],
    })
}

fn binding<'a>(
    device: &Device,
    buffers: &'a [wgpu::Buffer],
    kernel: &'static str,
    operand: &Operand,
) -> Result<wgpu::BufferBinding<'a>, GpuError> {
    let region = operand.region;
    let offset = 4 * region.offset as u64;
    let unsupported = |reason: String| GpuError::Unsupported { kernel, reason };
    // Plans align what does not start its buffer to 256 bytes, the largest alignment that WebGPU lets a GPU ask for.
    if !offset.is_multiple_of(device.limits.min_storage_buffer_offset_alignment.into()) {
        return Err(unsupported(format!("an operand starts at byte {offset}, where it cannot be bound")));
    }
    let size = wgpu::BufferSize::new(4 * region.len as u64)
        .ok_or_else(|| unsupported("an operand is empty".to_owned()))?;
    Ok(wgpu::BufferBinding { buffer: &buffers[region.buffer], offset, size: Some(size) })
}
