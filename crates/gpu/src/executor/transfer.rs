//! Numbers on their way to the GPU and back.

use std::future::Future;

use tensor::{Hyper, Role, TensorError};

use super::{Executor, HYPER_SLOT_BYTES, PlanIdx, check_len, input_buffer};
use crate::error::GpuError;
use crate::readback::Piece;

impl Executor {
    /// Gives an input its numbers, or what is resident, until they are given anew.
    ///
    /// # Errors
    /// [`TensorError::UnknownName`] and [`TensorError::Length`] where they do not fit the plan.
    pub fn write_input(&self, plan: PlanIdx, name: &str, data: &[f32]) -> Result<(), GpuError> {
        self.write_input_bytes(plan, name, data.len(), bytemuck::cast_slice(data))
    }

    /// As [`write_input`](Self::write_input), for labels and positions.
    ///
    /// # Errors
    /// As there.
    pub fn write_input_u32(&self, plan: PlanIdx, name: &str, data: &[u32]) -> Result<(), GpuError> {
        self.write_input_bytes(plan, name, data.len(), bytemuck::cast_slice(data))
    }

    fn write_input_bytes(&self, plan: PlanIdx, name: &str, len: usize, bytes: &[u8]) -> Result<(), GpuError> {
        let prepared = self.prepared(plan)?;
        let buffer = input_buffer(prepared, name, len)?;
        if let Role::Resident(_) = prepared.plan.buffers[buffer].role {
            // Steps that wait are to find what was there when they were queued.
            self.submit_queued();
        }
        prepared.write_input(&self.device, 0, buffer, bytes);
        Ok(())
    }

    /// As [`write_input_u32`](Self::write_input_u32), for the part from element `first` on of what is resident. Steps that wait
    /// find the new part there.
    ///
    /// # Errors
    /// [`TensorError::UnknownName`]; [`TensorError::Length`] where the part ends behind the whole.
    pub fn write_resident_part(
        &self,
        plan: PlanIdx,
        name: &str,
        first: usize,
        data: &[u32],
    ) -> Result<(), GpuError> {
        let prepared = self.prepared(plan)?;
        let role = Role::Resident(name.to_owned());
        let found = prepared.plan.buffers.iter().position(|buffer| buffer.role == role);
        let buffer = found
            .ok_or_else(|| TensorError::UnknownName { what: "resident input", name: name.to_owned() })?;
        let (expected, received) = (prepared.plan.buffers[buffer].len, first + data.len());
        if received > expected {
            return Err(
                TensorError::Length { what: format!("the input {name:?}"), expected, received }.into()
            );
        }
        let bytes = bytemuck::cast_slice(data);
        self.device.queue.write_buffer(&prepared.buffers[buffer], 4 * first as u64, bytes);
        Ok(())
    }

    /// Replaces all parameters, laid out as the plans' [`ParameterLayout`] says.
    ///
    /// # Errors
    /// [`TensorError::Length`] where there are more or fewer.
    pub fn set_parameters(&self, parameters: &[f32]) -> Result<(), GpuError> {
        self.write_flat("the buffer of parameters", &self.shared.parameters, parameters)
    }

    /// All parameters, gaps included.
    pub fn parameters(&self) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        self.read_flat(&self.shared.parameters)
    }

    /// All gradients, laid out as the parameters.
    pub fn gradients(&self) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        self.read_flat(&self.shared.gradients)
    }

    /// Replaces one of the optimiser's states.
    ///
    /// # Errors
    /// [`GpuError::NoState`] where it has no such state, [`TensorError::Length`] where the length differs.
    pub fn set_state(&self, state_idx: usize, state: &[f32]) -> Result<(), GpuError> {
        self.write_flat("the optimiser's state", self.shared.state(state_idx)?, state)
    }

    /// One of the optimiser's states, laid out as the parameters.
    pub fn state(&self, state_idx: usize) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        let reading = self.shared.state(state_idx).map(|state| self.read_flat(state));
        async move { reading?.await }
    }

    /// Sets what the optimiser reads at every step.
    pub fn set_hyper(&self, hyper: Hyper) {
        self.write_hyper(0, hyper);
    }

    pub(super) fn write_hyper(&self, slot: usize, hyper: Hyper) {
        let at = slot as u64 * HYPER_SLOT_BYTES;
        self.device.queue.write_buffer(&self.shared.hyper, at, bytemuck::bytes_of(&hyper));
    }

    /// One output as the last single run left it; unsigned integers come as the numbers of the same bits.
    pub fn read_output(
        &self,
        plan: PlanIdx,
        name: &str,
    ) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        let reading = self.read_outputs(plan, &[name]);
        async move { Ok(reading.await?.concat()) }
    }

    /// Several outputs with one submission, in the order of the names.
    pub fn read_outputs(
        &self,
        plan: PlanIdx,
        names: &[&str],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, GpuError>> + use<> {
        self.submit_queued();
        let reading = self.prepared(plan).and_then(|prepared| {
            let pieces: Result<Vec<_>, _> = names.iter().map(|name| prepared.output(name, 0)).collect();
            Ok(prepared.readback.read(&self.device, &pieces?))
        });
        async move { reading?.await }
    }

    fn write_flat(&self, what: &str, buffer: &wgpu::Buffer, numbers: &[f32]) -> Result<(), GpuError> {
        check_len(what, self.shared.layout.len, numbers.len())?;
        self.submit_queued();
        self.device.queue.write_buffer(buffer, 0, bytemuck::cast_slice(numbers));
        Ok(())
    }

    fn read_flat(&self, buffer: &wgpu::Buffer) -> impl Future<Output = Result<Vec<f32>, GpuError>> + use<> {
        self.submit_queued();
        let piece = Piece { buffer, offset: 0, len: self.shared.layout.len };
        let reading = self.flat_readback.read(&self.device, &[piece]);
        async move { Ok(reading.await?.concat()) }
    }
}
