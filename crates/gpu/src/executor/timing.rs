use std::future::Future;

use super::{Executor, PlanIdx};
use crate::error::GpuError;
use crate::readback::{Piece, Readback};

/// How often each kernel is started between two looks at the GPU's clock, which browsers let tick every 0.1 ms only.
const REPEATS: usize = 10;

/// How long one kernel of a plan takes.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelTime {
    /// The kernel's name, its operation's.
    pub name: &'static str,
    /// The mean of a few runs.
    pub millis: f64,
}

impl Executor {
    /// Measures each kernel of a plan by itself, in the plan's order, with the inputs of the last single run or, before
    /// there was one, zeros. Parameters, gradients and the optimiser's states are as before afterwards, and so is every
    /// step that waits for its submission.
    ///
    /// `None` where this GPU has no clock that programs may read.
    ///
    /// # Errors
    /// [`GpuError::NoPlan`]; [`GpuError::Lost`] where the GPU is gone.
    pub fn kernel_times(
        &self,
        plan: PlanIdx,
    ) -> impl Future<Output = Result<Option<Vec<KernelTime>>, GpuError>> + use<> {
        let started = self.start_timing(plan).map(|started| {
            started.map(|(names, ticks)| {
                let len = 4 * names.len();
                let readback = Readback::new(&self.device, "kernel times", len, 1);
                (names, readback.read(&self.device, &[Piece { buffer: &ticks, offset: 0, len }]))
            })
        });
        let period = f64::from(self.device.queue.get_timestamp_period());
        async move {
            let Some((names, reading)) = started? else { return Ok(None) };
            let halves: Vec<Vec<f32>> = reading.await?;
            // The GPU writes numbers of 64 bits, the lower half first.
            let halves: Vec<u64> = halves.concat().iter().map(|half| u64::from(half.to_bits())).collect();
            let ticks: Vec<u64> = halves.chunks_exact(2).map(|half| half[0] | half[1] << 32).collect();
            let millis = ticks
                .chunks_exact(2)
                .map(|ends| ends[1].saturating_sub(ends[0]) as f64 * period / 1e6 / REPEATS as f64);
            Ok(Some(
                names.into_iter().zip(millis).map(|(name, millis)| KernelTime { name, millis }).collect(),
            ))
        }
    }

    /// The kernels' names, and where the clock's readings before and after each will be.
    fn start_timing(&self, plan: PlanIdx) -> Result<Option<(Vec<&'static str>, wgpu::Buffer)>, GpuError> {
        self.device.check()?;
        let prepared = self.prepared(plan)?;
        if !self.device.has_clock() {
            return Ok(None);
        }
        self.submit_queued();
        let n = prepared.dispatches.len();
        let queries = self.device.wgpu.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("kernel times"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * n as u32,
        });
        let n_bytes = 16 * n as u64;
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let ticks = self.device.buffer("kernel times", n_bytes, usage);
        let kept = self.keep();
        let mut encoder = self.device.wgpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (from, to) in &kept {
            encoder.copy_buffer_to_buffer(from, 0, to, 0, from.size());
        }
        for (idx, dispatch) in prepared.dispatches.iter().enumerate() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(2 * idx as u32),
                    end_of_pass_write_index: Some(2 * idx as u32 + 1),
                }),
            });
            pass.set_pipeline(dispatch.pipeline(&self.device));
            pass.set_bind_group(0, dispatch.bind_group(0), &[]);
            for _ in 0..REPEATS {
                let [x, y] = dispatch.n_workgroups;
                pass.dispatch_workgroups(x, y, 1);
            }
        }
        for (from, to) in &kept {
            encoder.copy_buffer_to_buffer(to, 0, from, 0, from.size());
        }
        encoder.resolve_query_set(&queries, 0..2 * n as u32, &ticks, 0);
        self.device.count(|counts| counts.dispatches += n * REPEATS);
        self.device.submit(encoder);
        Ok(Some((prepared.dispatches.iter().map(|dispatch| dispatch.shader.name).collect(), ticks)))
    }

    /// What steps change and others go on from, each with a buffer to keep it in meanwhile.
    fn keep(&self) -> Vec<(&wgpu::Buffer, wgpu::Buffer)> {
        let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let flat = [&self.shared.parameters, &self.shared.gradients].into_iter().chain(&self.shared.states);
        flat.map(|buffer| (buffer, self.device.buffer("kept", buffer.size(), usage))).collect()
    }
}
