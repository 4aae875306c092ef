//! What a network makes of pictures, without learning from them.

use nn::names;

use super::{Activations, EVALUATION_BATCH, Engine, EngineError, Executor};

impl Engine {
    /// Whether it has given logits. The first time takes longer: a GPU compiles shaders for it, a browser runs code that it
    /// has not compiled with care yet.
    pub(crate) const fn has_evaluated(&self) -> bool {
        self.has_evaluated
    }

    /// Whether it has given layers' outputs, of which the first time takes longer in a browser, as they are always the CPU's.
    pub(crate) const fn has_inspected(&self) -> bool {
        self.has_inspected
    }

    /// The logits of any number of images, `[n, classes]`.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub async fn logits(&mut self, images: &[f32]) -> Result<Vec<f32>, EngineError> {
        let mut logits = Vec::with_capacity(images.len() / self.n_pixels * self.n_classes);
        for images in images.chunks(EVALUATION_BATCH * self.n_pixels) {
            // Filled up with the same images again: batch statistics, where a layer takes them, are then of images.
            self.padded.clear();
            self.padded.extend(images.iter().copied().cycle().take(EVALUATION_BATCH * self.n_pixels));
            let n_wanted = images.len() / self.n_pixels * self.n_classes;
            match &mut self.executor {
                Executor::Cpu(executor) => {
                    executor.write_input(self.evaluation, names::IMAGES, &self.padded)?;
                    executor.run(self.evaluation);
                    logits.extend_from_slice(&executor.output(self.evaluation, names::LOGITS)?[..n_wanted]);
                }
                Executor::Gpu(executor, [_, evaluation], _) => {
                    executor.compile(*evaluation).await?;
                    executor.write_input(*evaluation, names::IMAGES, &self.padded)?;
                    executor.run(*evaluation)?;
                    let all = executor.read_output(*evaluation, names::LOGITS).await?;
                    logits.extend_from_slice(&all[..n_wanted]);
                }
            }
        }
        self.has_evaluated = true;
        Ok(logits)
    }

    /// Every layer's output for one image, with the parameters of this moment.
    ///
    /// # Errors
    /// [`EngineError`] where the image has another size, or the GPU is lost.
    pub async fn inspect(&mut self, image: &[f32]) -> Result<Activations, EngineError> {
        let parameters = self.parameters().await?;
        let (executor, plan) = match &mut self.executor {
            Executor::Cpu(executor) => (executor, self.inspection),
            Executor::Gpu(_, _, beside) => {
                beside.set_parameters(&parameters)?;
                (beside, 0)
            }
        };
        executor.write_input(plan, names::IMAGES, image)?;
        executor.run(plan);
        let output = |name: &str| executor.output(plan, name).map(<[f32]>::to_vec);
        let layers = (0..self.n_layers).map(|idx| output(&names::layer(idx))).collect::<Result<_, _>>()?;
        let probabilities = output(names::PROBABILITIES)?;
        self.has_inspected = true;
        Ok(Activations { layers, probabilities, parameters })
    }
}
