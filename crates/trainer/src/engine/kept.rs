//! Pictures that the GPU keeps, and steps that are given only which of them they learn from.

use data::{Images, LabelledImages, N_PIXELS};
use nn::{Network, TrainingOptions, names};
use tensor::{Hyper, PICK_LEN, PICKS, Pictures, TensorError, packed};

use super::{Engine, EngineError, Executor, key};

impl Engine {
    /// Puts a data set's pictures and labels onto the GPU, so that a step is given only which of them it learns from;
    /// pictures that are drawn when they are looked at follow when they are first learnt from. Says where the pictures lie, in
    /// a sentence: what does not fit onto the GPU is uploaded batch by batch as before. `None` on the CPU, whose memory they
    /// are in anyway. The network and the options are those of [`Engine::new`].
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub fn keep_pictures(
        &mut self,
        network: &Network,
        options: &TrainingOptions,
        pictures: &LabelledImages,
    ) -> Result<Option<String>, EngineError> {
        let labels = &pictures.labels;
        let Executor::Gpu(executor, [training, _], _) = &mut self.executor else { return Ok(None) };
        let plan = network.training_plan(options.batch_size, options.recipe())?;
        let shape = Pictures { n: labels.len(), shape: network.model().input };
        let gathering = plan.clone().gathering(names::IMAGES, names::LABELS, shape)?;
        match executor.replace(*training, gathering) {
            Ok(()) => {
                let bytes = pictures.images.bytes();
                if let Some(bytes) = bytes {
                    executor.write_input_u32(*training, names::IMAGES, &packed(bytes))?;
                }
                self.absent = Some(vec![bytes.is_none(); labels.len()]);
                let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
                executor.write_input_u32(*training, names::LABELS, &labels)?;
                let megabytes = (labels.len() * N_PIXELS) as f64 / 1e6;
                Ok(Some(format!("The GPU keeps all {} training pictures ({megabytes:.1} MB).", labels.len())))
            }
            Err(limit @ gpu::GpuError::Limit { .. }) => {
                executor.replace(*training, plan)?;
                self.absent = None;
                Ok(Some(format!("Pictures are uploaded batch by batch: {limit}.")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether steps take their batches from [kept](Engine::keep_pictures) pictures.
    pub const fn keeps_pictures(&self) -> bool {
        self.absent.is_some()
    }

    /// As [`Engine::step`], on a batch of the kept pictures, which `images` are: one [`pick`] after another.
    ///
    /// # Errors
    /// As there; [`TensorError::UnknownName`] where no pictures are kept.
    pub async fn step_kept(
        &mut self,
        images: &Images,
        picks: &[u32],
        hyper: Hyper,
    ) -> Result<(), EngineError> {
        let key = key(self.random, 0);
        let unknown = || TensorError::UnknownName { what: "input", name: PICKS.to_owned() };
        let Executor::Gpu(executor, [training, _], _) = &mut self.executor else {
            return Err(unknown().into());
        };
        executor.compile(*training).await?;
        for pick in picks.chunks_exact(PICK_LEN) {
            let position = pick[0] as usize;
            let absent = self.absent.as_mut().and_then(|absent| absent.get_mut(position));
            if absent.is_some_and(std::mem::take) {
                // A picture is a whole number of elements.
                let words = packed(images.get(position));
                executor.write_resident_part(*training, names::IMAGES, position * words.len(), &words)?;
            }
        }
        let picks = (PICKS, gpu::Numbers::U32(picks));
        match &key {
            Some(key) => {
                executor.queue_step(*training, &[picks, (names::RANDOM, gpu::Numbers::U32(key))], hyper)?
            }
            None => executor.queue_step(*training, &[picks], hyper)?,
        }
        Ok(())
    }
}

/// What chooses a kept picture and moves it, by so many pixels down and to the right.
pub fn pick(position: u32, [down, right]: [isize; 2]) -> [u32; PICK_LEN] {
    // Two's complements.
    [position, down as u32, right as u32]
}
