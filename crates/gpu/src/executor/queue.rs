//! Steps that wait, to be submitted together.

use tensor::{Hyper, Role, TensorError};

use super::{Executor, LOSS, N_CORRECT, Numbers, PlanIdx, input_buffer};
use crate::error::GpuError;

impl Executor {
    /// A recorded step with these inputs, which are all that the plan has, and hyper-parameters. Up to
    /// [`STEPS_AT_ONCE`](crate::STEPS_AT_ONCE) steps are submitted together: when there are so many, or before anything is
    /// read or otherwise run. Inputs and hyper-parameters that are given for single runs stay as they are.
    ///
    /// # Errors
    /// As [`run_recorded`](Self::run_recorded); [`TensorError::UnknownName`] and [`TensorError::Length`] where the inputs do
    /// not fit the plan.
    pub fn queue_step(
        &mut self,
        plan: PlanIdx,
        inputs: &[(&str, Numbers<'_>)],
        hyper: Hyper,
    ) -> Result<(), GpuError> {
        self.device.check()?;
        if self.queued.get().is_some_and(|(queued, _)| queued != plan) {
            self.submit_queued();
        }
        let n_queued = self.queued.get().map_or(0, |(_, n)| n);
        self.recorder.borrow().check_room(n_queued)?;
        let prepared = self.prepared(plan)?;
        prepared.scalar(LOSS, 0)?;
        prepared.scalar(N_CORRECT, 0)?;
        let buffers = inputs.iter().map(|(name, numbers)| input_buffer(prepared, name, numbers.len()));
        let buffers: Vec<usize> = buffers.collect::<Result<_, _>>()?;
        let not_given =
            prepared.plan.buffers.iter().enumerate().find_map(|(idx, buffer)| match &buffer.role {
                Role::Input(name) if !buffers.contains(&idx) => Some(name.clone()),
                _ => None,
            });
        if let Some(name) = not_given {
            return Err(TensorError::UnknownName { what: "input among those given", name }.into());
        }
        let slot = if prepared.has_slots() { 1 + n_queued } else { 0 };
        for (buffer, (_, numbers)) in buffers.into_iter().zip(inputs) {
            prepared.write_input(&self.device, slot, buffer, numbers.bytes());
        }
        self.write_hyper(slot, hyper);
        if !prepared.has_slots() {
            return self.run_recorded(plan);
        }
        let is_full = slot == prepared.steps_at_once();
        self.queued.set(Some((plan, slot)));
        if is_full {
            self.submit_queued();
        }
        Ok(())
    }

    /// Submits the steps that wait.
    pub(super) fn submit_queued(&self) {
        let Some((plan, n)) = self.queued.take() else { return };
        let prepared = &self.plans[plan];
        let mut encoder = self.encode(prepared, 1..1 + n);
        for slot in 1..=n {
            if let (Ok(loss), Ok(n_correct)) = (prepared.scalar(LOSS, slot), prepared.scalar(N_CORRECT, slot))
            {
                self.recorder.borrow_mut().record(&mut encoder, [loss, n_correct]);
            }
        }
        self.device.submit(encoder);
    }
}
