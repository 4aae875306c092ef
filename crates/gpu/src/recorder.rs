use std::future::Future;
use std::rc::Rc;

use crate::device::Device;
use crate::error::GpuError;
use crate::readback::{Piece, Readback};

/// How many steps can be recorded before they have to be taken.
pub const RECORD_CAPACITY: usize = 256;

/// Numbers per step: the loss, and how many were right.
const WIDTH: usize = 2;

/// Keeps the loss and the number of correct answers of every step on the GPU until somebody asks.
pub(crate) struct Recorder {
    ring: wgpu::Buffer,
    n_recorded: usize,
    readback: Readback,
}

impl Recorder {
    pub(crate) fn new(device: &Device) -> Self {
        let len = RECORD_CAPACITY * WIDTH;
        let usage = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        Self {
            ring: device.buffer("recorded steps", 4 * len as u64, usage),
            n_recorded: 0,
            readback: Readback::new(device, "recorded steps", len, 3),
        }
    }

    /// Whether one more step can be recorded after so many that are still to come.
    pub(crate) fn check_room(&self, n_to_come: usize) -> Result<(), GpuError> {
        if self.n_recorded + n_to_come < RECORD_CAPACITY {
            Ok(())
        } else {
            Err(GpuError::RecordFull { capacity: RECORD_CAPACITY })
        }
    }

    /// Copies one step's numbers into the next place.
    pub(crate) fn record(&mut self, encoder: &mut wgpu::CommandEncoder, numbers: [Piece<'_>; WIDTH]) {
        for (position, number) in numbers.iter().enumerate() {
            let to = 4 * (self.n_recorded * WIDTH + position) as u64;
            encoder.copy_buffer_to_buffer(number.buffer, 4 * number.offset as u64, &self.ring, to, 4);
        }
        self.n_recorded += 1;
    }

    /// All steps since the last take. The places are free again at once: what is recorded next is written after this
    /// was copied away.
    pub(crate) fn take(
        &mut self,
        device: &Rc<Device>,
    ) -> impl Future<Output = Result<Vec<[f32; WIDTH]>, GpuError>> + use<> {
        let len = self.n_recorded * WIDTH;
        let taken = self.readback.read(device, &[Piece { buffer: &self.ring, offset: 0, len }]);
        self.n_recorded = 0;
        async move {
            let numbers = taken.await?.concat();
            Ok(numbers.chunks_exact(WIDTH).map(|step| [step[0], step[1]]).collect())
        }
    }
}
