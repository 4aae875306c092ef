//! The page's commands, one by one.

use std::collections::HashMap;

use data::Dataset;
use data::mnist::Claim;
use nn::{ModelSpec, Network, TrainingOptions, state_dict};
use protocol::{
    Array, Command, DataSource, Drawing, ExportFormat, Message, Reply, Request, Sample, SampleInfo, Split,
    Until,
};

use crate::checkpoint::Checkpoint;
use crate::engine::EngineError;
use crate::evaluating::Job;
use crate::inspecting::prediction;
use crate::session::{End, Session, SessionError};

type Answer = Result<(Reply, Vec<Array>), SessionError>;

/// Most pictures of each class that are given at once.
const MOST_PER_CLASS: usize = 100;

impl Session {
    /// Does what a request asks, or takes it up for [`Session::advance`]. Where it is refused nothing is changed, and the
    /// reply says why.
    ///
    /// [`DataSource::Mnist`] is for whoever can fetch: files come in through [`DataSource::Files`] or
    /// [`Session::set_dataset`].
    pub async fn handle(&mut self, message: Message<Request>) {
        let Message { body: Request { id, command }, arrays } = message;
        let answer = match command {
            Command::Train { until } => return self.train(id, until),
            Command::Evaluate { split } => return self.evaluate(id, split),
            Command::SetModel { model } => self.set_model(model).await.map(done),
            Command::SetOptions { options } => self.set_options(options).await.map(done),
            Command::LoadData { source } => self.load(source, arrays).map(done),
            Command::Pause => {
                self.end_run();
                Ok(done(()))
            }
            Command::Reset { seed } => self.reset(seed).map(done),
            Command::RestoreLastGood => self.restore().map(done),
            Command::SetBackend { backend } => self.set_backend(backend).await.map(done),
            Command::SetWorkers { n_workers } => self.set_workers(n_workers).await.map(done),
            Command::KernelTimes => self.kernel_times().await,
            Command::Select { sample } => self.select(sample).map(done),
            Command::Samples { split, per_class, page } => self.samples(split, per_class, page),
            Command::Draw { side, centre } => self.draw(side, centre, arrays),
            Command::Predict => self.predict(arrays).await,
            Command::Activations { layer_idx } => self.activations(layer_idx).await,
            Command::Export { format } => self.export(format).await,
            Command::Weights => self.weights().await,
            Command::SetWeights => self.set_weights(arrays).map(done),
        };
        // A lost GPU is not only this command's misfortune.
        if let Err(SessionError::Engine(EngineError::Gpu(lost @ gpu::GpuError::Lost { .. }))) = &answer {
            let recovered = self.recover(EngineError::Gpu(lost.clone())).await;
            return self.reply(id, recovered.and(answer));
        }
        self.reply(id, answer);
    }

    async fn kernel_times(&self) -> Result<(Reply, Vec<Array>), SessionError> {
        let times = self.engine.kernel_times().await?;
        let time =
            |time: gpu::KernelTime| protocol::KernelTime { name: time.name.to_owned(), millis: time.millis };
        let kernels = times.map(|times| times.into_iter().map(time).collect());
        Ok((Reply::KernelTimes { kernels }, Vec::new()))
    }

    fn train(&mut self, id: u32, until: Until) {
        let end = match until {
            Until::Paused => None,
            Until::Steps(n) => Some(End::Step(self.step.saturating_add(n))),
            Until::Epochs(n) => Some(End::Epochs(n)),
        };
        self.begin(id, end);
    }

    fn evaluate(&mut self, id: u32, split: Split) {
        if self.split(split).1.len() == 0 {
            let refused = SessionError::Refused("this split has no pictures".into());
            return self.reply(id, Err(refused));
        }
        self.jobs.push_back(Job::requested(id, split));
    }

    async fn set_model(&mut self, model: ModelSpec) -> Result<(), SessionError> {
        let network = Network::new(model, data::N_CLASSES)?;
        // Layers are frozen for the weights that they have; these are new ones.
        let options = TrainingOptions { frozen: Vec::new(), ..self.options.clone() };
        self.rebuild(network, options, self.candidate())?;
        self.set_initial_weights()?;
        self.try_anew();
        self.decide_from_memory().await?;
        self.say_restarted();
        Ok(())
    }

    async fn set_options(&mut self, options: TrainingOptions) -> Result<(), SessionError> {
        options.check()?;
        let recipe = options.recipe();
        let same_rule = recipe.update == self.options.recipe().update;
        let same_plan = recipe == self.options.recipe()
            && options.batch_size == self.options.batch_size
            && options.frozen == self.options.frozen;
        if same_plan {
            // The seed and the initialisation count from the next reset, everything else from the next step.
            self.options = options;
            return Ok(());
        }
        let network = self.network.clone().with_frozen(&options.frozen)?;
        let mut checkpoint = self.checkpoint().await?;
        let before = self.engine.layout().clone();
        self.rebuild(network, options, self.candidate())?;
        // What is frozen lies behind what is trained.
        let layout = self.engine.layout();
        checkpoint.parameters = layout.relocate(&before, &checkpoint.parameters);
        if same_rule {
            checkpoint.states.iter_mut().for_each(|state| *state = layout.relocate(&before, state));
        } else {
            checkpoint.states.clear();
            checkpoint.optimiser_step = 0;
        }
        self.resume_from(&checkpoint)?;
        self.try_anew();
        self.decide_from_memory().await?;
        self.say_restarted();
        Ok(())
    }

    fn load(&mut self, source: DataSource, arrays: Vec<Array>) -> Result<(), SessionError> {
        let dataset = match source {
            DataSource::Generated => data::generated::dataset(self.options.seed),
            DataSource::Files { names } => {
                let files = names.into_iter().zip(arrays).map(|(name, bytes)| match bytes {
                    Array::U8(bytes) => Ok((name, bytes)),
                    Array::F32(_) => Err(refused("files have to come as bytes")),
                });
                let files = files.collect::<Result<Vec<_>, _>>()?;
                Dataset::from_files(files, "files from this computer", Claim::Nothing)?
            }
            DataSource::Mnist => return Err(refused("MNIST has to be fetched first")),
        };
        self.set_dataset(dataset)
    }

    fn reset(&mut self, seed: Option<u64>) -> Result<(), SessionError> {
        self.options.seed = seed.unwrap_or(self.options.seed);
        self.set_initial_weights()?;
        self.say_restarted();
        Ok(())
    }

    fn restore(&mut self) -> Result<(), SessionError> {
        let checkpoint = self.checkpoints.good().clone();
        self.resume_from(&checkpoint)?;
        self.say_restarted();
        Ok(())
    }

    fn select(&mut self, sample: Sample) -> Result<(), SessionError> {
        if let Sample::Stored { split, idx } = sample {
            let n = self.split(split).1.len();
            if idx >= n {
                return Err(refused(&format!("there is no picture {idx}: the split has {n}")));
            }
        }
        self.sample = sample;
        self.inspection_due = true;
        self.inspections.reset();
        Ok(())
    }

    fn samples(&self, split: Split, per_class: usize, page: usize) -> Answer {
        if per_class == 0 || per_class > MOST_PER_CLASS {
            return Err(refused(&format!(
                "per_class is {per_class}, but must be between 1 and {MOST_PER_CLASS}"
            )));
        }
        let (pictures, positions) = self.split(split);
        let listed: Vec<u32> = (0..positions.len()).filter_map(|idx| positions.get(idx)).collect();
        let chosen = data::samples::class_balanced(&pictures.labels, &listed, per_class, page);
        let mut samples = Vec::with_capacity(chosen.len());
        let mut pixels = Vec::with_capacity(chosen.len() * data::N_PIXELS);
        for idx in chosen {
            let position = listed[idx] as usize;
            samples.push(SampleInfo { idx, label: pictures.labels[position] });
            pixels.extend_from_slice(pictures.images.get(position));
        }
        Ok((Reply::Samples { samples }, vec![Array::U8(pixels)]))
    }

    fn draw(&mut self, side: usize, centre: bool, arrays: Vec<Array>) -> Answer {
        let pixels = bytes(arrays, "pixels")?;
        let prepared = data::drawing::prepare(&pixels, side, centre)?;
        self.drawing = prepared.after.to_vec();
        self.select(Sample::Drawing)?;
        let drawing = Drawing { blank: prepared.blank, shift: prepared.shift, scale: prepared.scale };
        let arrays = vec![Array::F32(prepared.before.to_vec()), Array::F32(prepared.after.to_vec())];
        Ok((Reply::Drawn(drawing), arrays))
    }

    async fn predict(&mut self, arrays: Vec<Array>) -> Answer {
        let pixels = match arrays.into_iter().next() {
            Some(Array::F32(pixels)) => pixels,
            _ => return Err(refused("pixels have to be a Float32Array")),
        };
        if pixels.len() != data::N_PIXELS {
            let n = pixels.len();
            return Err(refused(&format!("pixels needs {} numbers, but received {n}", data::N_PIXELS)));
        }
        if let Some(idx) = pixels.iter().position(|pixel| !pixel.is_finite()) {
            return Err(refused(&format!("pixels holds {} at position {idx}", pixels[idx])));
        }
        let activations = self.engine.inspect(&pixels).await?;
        Ok((Reply::Predicted(prediction(activations.probabilities)), Vec::new()))
    }

    async fn activations(&mut self, layer_idx: usize) -> Answer {
        let n_layers = self.network.model().layers.len();
        let Some(layer) = self.network.geometry().layers.get(layer_idx) else {
            return Err(refused(&format!("layerIdx is {layer_idx}, but the network has {n_layers} layers")));
        };
        let shape = layer.output.clone();
        let (picture, _) = self.selected();
        let mut activations = self.engine.inspect(&picture).await?;
        Ok((Reply::Activations { shape }, vec![Array::F32(activations.layers.swap_remove(layer_idx))]))
    }

    async fn export(&self, format: ExportFormat) -> Answer {
        let stem = export::file_stem(self.network.model());
        let weights_file = format!("{stem}.safetensors");
        let (file_name, bytes) = match format {
            ExportFormat::Safetensors => (weights_file, self.safetensors().await?),
            ExportFormat::Pytorch => {
                let script = export::pytorch::script(&self.network, &self.options, &weights_file)?;
                (format!("{stem}.py"), script.into_bytes())
            }
            ExportFormat::Onnx => {
                let parameters = self.engine.parameters().await?;
                (format!("{stem}.onnx"), export::onnx::model(&self.network, &parameters)?)
            }
        };
        Ok((Reply::Exported { file_name }, vec![Array::U8(bytes)]))
    }

    async fn weights(&self) -> Answer {
        Ok((Reply::Weights, vec![Array::U8(self.safetensors().await?)]))
    }

    async fn safetensors(&self) -> Result<Vec<u8>, SessionError> {
        let parameters = self.engine.parameters().await?;
        let metadata = HashMap::from([
            ("format".to_owned(), "pt".to_owned()),
            ("model".to_owned(), self.network.model().to_json()),
            ("step".to_owned(), self.step.to_string()),
        ]);
        Ok(state_dict::save(self.engine.layout(), &parameters, metadata))
    }

    fn set_weights(&mut self, arrays: Vec<Array>) -> Result<(), SessionError> {
        let parameters = state_dict::load(self.engine.layout(), &bytes(arrays, "weights")?)?;
        let checkpoint = Checkpoint { parameters, ..Checkpoint::default() };
        self.resume_from(&checkpoint)?;
        self.say_restarted();
        Ok(())
    }
}

fn done((): ()) -> (Reply, Vec<Array>) {
    (Reply::Done, Vec::new())
}

fn refused(why: &str) -> SessionError {
    SessionError::Refused(why.to_owned())
}

fn bytes(arrays: Vec<Array>, what: &str) -> Result<Vec<u8>, SessionError> {
    match arrays.into_iter().next() {
        Some(Array::U8(bytes)) => Ok(bytes),
        _ => Err(refused(&format!("{what} have to come as bytes"))),
    }
}
