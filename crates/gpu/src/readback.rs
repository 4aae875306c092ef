use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use crate::device::Device;
use crate::error::GpuError;

/// Buffers through which numbers come back from the GPU, made beforehand and used in turn.
pub(crate) struct Readback {
    what: &'static str,
    slots: Vec<Rc<Slot>>,
}

struct Slot {
    buffer: wgpu::Buffer,
    busy: Cell<bool>,
}

/// Part of a buffer, in elements of 4 bytes.
pub(crate) struct Piece<'a> {
    pub(crate) buffer: &'a wgpu::Buffer,
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

impl Readback {
    /// Room for `n_slots` reads at once, of up to `len` elements each.
    pub(crate) fn new(device: &Device, what: &'static str, len: usize, n_slots: usize) -> Self {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let slot = || {
            let buffer = device.buffer(what, 4 * len as u64, usage);
            Rc::new(Slot { buffer, busy: Cell::new(false) })
        };
        Self { what, slots: (0..n_slots).map(|_| slot()).collect() }
    }

    /// Reads all the pieces with one submission. They are copied at once, before anything that is submitted later; the
    /// future only waits for them, and borrows nothing, so that work goes on meanwhile.
    pub(crate) fn read(
        &self,
        device: &Rc<Device>,
        pieces: &[Piece<'_>],
    ) -> impl Future<Output = Result<Vec<Vec<f32>>, GpuError>> + use<> {
        let device = Rc::clone(device);
        let lens: Vec<usize> = pieces.iter().map(|piece| piece.len).collect();
        let started = self.start(&device, pieces);
        async move {
            let numbers = started?.numbers(&device).await?;
            let mut rest = numbers.as_slice();
            let mut split = |len| {
                let (first, others) = rest.split_at(len);
                rest = others;
                first.to_vec()
            };
            Ok(lens.into_iter().map(&mut split).collect())
        }
    }

    fn start(&self, device: &Device, pieces: &[Piece<'_>]) -> Result<Reading, GpuError> {
        device.check()?;
        let slot = self.slots.iter().find(|slot| !slot.busy.get());
        let slot = Rc::clone(slot.ok_or(GpuError::Busy { what: self.what })?);
        let mut encoder = device.wgpu.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut end = 0;
        for piece in pieces.iter().filter(|piece| piece.len > 0) {
            let (from, n_bytes) = (4 * piece.offset as u64, 4 * piece.len as u64);
            encoder.copy_buffer_to_buffer(piece.buffer, from, &slot.buffer, end, n_bytes);
            end += n_bytes;
        }
        if end == 0 {
            return Ok(Reading { slot: None });
        }
        let submission = device.submit(encoder);
        let (sender, mapped) = futures_channel::oneshot::channel();
        slot.buffer.slice(..end).map_async(wgpu::MapMode::Read, move |result| {
            // Where nobody waits any more, there is nobody to tell.
            let _ = sender.send(result);
        });
        slot.busy.set(true);
        Ok(Reading { slot: Some(Mapping { slot, n_bytes: end, submission, mapped }) })
    }
}

/// A read under way; one of no numbers needs no slot.
struct Reading {
    slot: Option<Mapping>,
}

/// A slot in use; it is free again when this is dropped, whether the read was awaited to its end or not.
struct Mapping {
    slot: Rc<Slot>,
    n_bytes: u64,
    #[cfg_attr(target_arch = "wasm32", expect(dead_code, reason = "a browser needs no asking"))]
    submission: wgpu::SubmissionIndex,
    mapped: MapResult,
}

impl Reading {
    async fn numbers(self, device: &Device) -> Result<Vec<f32>, GpuError> {
        let Some(mut mapping) = self.slot else { return Ok(Vec::new()) };
        let mapped = mapping.wait(device).await;
        device.check()?;
        // A buffer of ours cannot be mapped only where its device is gone.
        let lost = || GpuError::Lost { message: "its memory can no longer be read".to_owned() };
        if !mapped {
            return Err(lost());
        }
        let view = mapping.slot.buffer.slice(..mapping.n_bytes).get_mapped_range().map_err(|_| lost())?;
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}

impl Mapping {
    /// The browser calls back by itself, also where the GPU is lost.
    #[cfg(target_arch = "wasm32")]
    async fn wait(&mut self, _: &Device) -> bool {
        matches!((&mut self.mapped).await, Ok(Ok(())))
    }

    /// Natively somebody has to ask; having asked, the answer is there, or never comes.
    #[cfg(not(target_arch = "wasm32"))]
    async fn wait(&mut self, device: &Device) -> bool {
        let submission_index = Some(self.submission.clone());
        let poll = wgpu::PollType::Wait { submission_index, timeout: None };
        device.wgpu.poll(poll).is_ok() && matches!(self.mapped.try_recv(), Ok(Some(Ok(()))))
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        self.slot.buffer.unmap();
        self.slot.busy.set(false);
    }
}

type MapResult = futures_channel::oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>;
