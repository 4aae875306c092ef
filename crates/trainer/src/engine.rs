//! One network on one of the two executors: a training step, an evaluation, an inspection.

mod kept;
mod looking;

use std::rc::Rc;

use nn::{Network, NetworkError, TrainingOptions, names};
use tensor::ops::Dropout;
use tensor::{Hyper, ParameterLayout, TensorError, cpu};

use crate::parallel::{Parallel, Shards};
use crate::workers::{HelperLost, Workers};

pub use kept::pick;

/// Images in one run of the evaluation's plan.
const EVALUATION_BATCH: usize = 250;

/// Why an engine cannot be built, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The plan, or what is given to it.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The network, where a helper cannot take it.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The GPU.
    #[error(transparent)]
    Gpu(#[from] gpu::GpuError),
    /// There are not so many workers.
    #[error("{0}")]
    NoWorkers(String),
    /// A trial would take too long.
    #[error("a program on the CPU; not tried, as a step would keep the machine busy for seconds")]
    TooSlowToTry,
}

/// What an inspection reads: every layer's output for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// One per layer, in row-major order.
    pub layers: Vec<Vec<f32>>,
    /// One per class.
    pub probabilities: Vec<f32>,
    /// The parameters that they were computed with, laid out as [`Engine::layout`] says.
    pub parameters: Vec<f32>,
}

/// A network, its plans, and the executor that holds its weights.
pub struct Engine {
    executor: Executor,
    /// The other workers of the CPU and what they share; none where there is one.
    parallel: Option<Parallel>,
    layout: ParameterLayout,
    n_layers: usize,
    n_states: usize,
    n_pixels: usize,
    n_classes: usize,
    training: usize,
    evaluation: usize,
    inspection: usize,
    /// The seed and the number of the next step, where training makes random choices.
    random: Option<[u64; 2]>,
    /// The metrics of the CPU's steps since they were last taken.
    recorded: Vec<[f32; 2]>,
    padded: Vec<f32>,
    has_evaluated: bool,
    has_inspected: bool,
    /// Of the pictures that the GPU keeps, whether each is still to be uploaded; none where it keeps none.
    absent: Option<Vec<bool>>,
}

enum Executor {
    Cpu(cpu::Executor),
    /// With what looks at single pictures beside it: a GPU would first compile shaders for that which nothing else needs.
    Gpu(Box<gpu::Executor>, [gpu::PlanIdx; 2], cpu::Executor),
}

impl Engine {
    /// Builds the three plans for the CPU, or for a GPU where one is given. On the CPU a training step is shared by the
    /// workers, or as many of them as the batch has pictures where that is fewer; a GPU needs none. Single pictures are
    /// looked at on the CPU in any case.
    ///
    /// # Errors
    /// [`EngineError`] where the network cannot be recorded, or the GPU refuses a plan.
    pub fn new(
        network: &Network,
        options: &TrainingOptions,
        workers: &Workers,
        device: Option<&Rc<gpu::Device>>,
    ) -> Result<Self, EngineError> {
        let layout = network.layout();
        let recipe = options.recipe();
        let n_states = recipe.update.n_states();
        let mut parallel = None;
        let executor = match device {
            None => {
                let mut executor = cpu::Executor::new(&layout, n_states);
                let shards = Shards::new(options.batch_size, workers.n_possible());
                if shards.n() == 1 {
                    executor.add(network.training_plan(options.batch_size, recipe)?)?;
                } else {
                    executor.add(network.gradient_plan(shards.len(0), recipe.loss)?)?;
                }
                executor.add(network.evaluation_plan(EVALUATION_BATCH)?)?;
                executor.add(network.inspection_plan()?)?;
                if shards.n() > 1 {
                    parallel = Some(Parallel::new(network, options, shards, workers, &mut executor)?);
                }
                Executor::Cpu(executor)
            }
            Some(device) => {
                let mut executor = gpu::Executor::new(device, &layout, n_states)?;
                let plans = [
                    executor.add(network.training_plan(options.batch_size, recipe)?)?,
                    executor.add(network.evaluation_plan(EVALUATION_BATCH)?)?,
                ];
                let mut beside = cpu::Executor::new(&layout, 0);
                beside.add(network.inspection_plan()?)?;
                Executor::Gpu(Box::new(executor), plans, beside)
            }
        };
        Ok(Self {
            executor,
            parallel,
            layout,
            n_layers: network.model().layers.len(),
            n_states,
            n_pixels: network.model().input.iter().product(),
            n_classes: network.n_classes(),
            training: 0,
            evaluation: 1,
            inspection: 2,
            random: network.is_random().then_some([options.seed, 0]),
            recorded: Vec::new(),
            padded: Vec::new(),
            has_evaluated: false,
            has_inspected: false,
            absent: None,
        })
    }

    /// Where each parameter lies.
    pub const fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// Workers that share a training step.
    pub fn n_workers(&self) -> usize {
        self.parallel.as_ref().map_or(1, Parallel::n_workers)
    }

    /// Parts that a batch is cut into: as many as there were workers at the beginning. The numbers depend on it.
    pub fn n_shards(&self) -> usize {
        self.parallel.as_ref().map_or(1, Parallel::n_shards)
    }

    /// The workers that were lost since this was last called. Steps go on without them, and with the same numbers.
    pub fn take_lost(&mut self) -> Vec<HelperLost> {
        self.parallel.as_mut().map_or_else(Vec::new, Parallel::take_lost)
    }

    /// GPU dispatches of one training step; none on the CPU.
    pub fn dispatches_per_step(&self) -> Option<usize> {
        match &self.executor {
            Executor::Cpu(_) => None,
            Executor::Gpu(executor, [training, _], _) => Some(executor.dispatches(*training)),
        }
    }

    /// How long each kernel of a training step takes; `None` on the CPU, and on a GPU without a clock that programs may
    /// read. Nothing that training goes on from is changed.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub async fn kernel_times(&self) -> Result<Option<Vec<gpu::KernelTime>>, EngineError> {
        match &self.executor {
            Executor::Cpu(_) => Ok(None),
            Executor::Gpu(executor, [training, _], _) => {
                self.compile().await?;
                Ok(executor.kernel_times(*training).await?)
            }
        }
    }

    /// Whether a step begins at once: a GPU compiles a network's shaders first.
    pub fn is_compiled(&self) -> bool {
        match &self.executor {
            Executor::Cpu(_) => true,
            Executor::Gpu(executor, [training, _], _) => executor.is_compiled(*training),
        }
    }

    /// Compiles the shaders of a training step, which the first step does otherwise. It may take seconds.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost, or its compiler refuses a shader.
    pub fn compile(&self) -> impl Future<Output = Result<(), EngineError>> + use<> {
        let compiling = match &self.executor {
            Executor::Cpu(_) => None,
            Executor::Gpu(executor, [training, _], _) => Some(executor.compile(*training)),
        };
        async move {
            match compiling {
                Some(compiling) => Ok(compiling.await?),
                None => Ok(()),
            }
        }
    }

    /// Begins to [compile](Engine::compile) where that goes on without anybody waiting, which it does in browsers. What is
    /// wrong is said to who waits for it later.
    pub fn begin_compiling(&self) {
        drop(self.compile());
    }

    /// What the next step's random choices are made of, if it makes any: the same seed and step choose the same. Without
    /// this, every step chooses as the first.
    pub fn set_random(&mut self, seed: u64, step: u64) {
        if let Some(random) = &mut self.random {
            *random = [seed, step];
        }
    }

    /// One training step on a batch: `images` `[batch, channels, height, width]`, `labels` `[batch]`. On a GPU it is only
    /// queued, to be submitted with a few more; its metrics come with [`Engine::take_metrics`].
    ///
    /// # Errors
    /// [`EngineError`] where the batch has another size than the plan, or the GPU is lost.
    pub async fn step(&mut self, images: &[f32], labels: &[u32], hyper: Hyper) -> Result<(), EngineError> {
        match &mut self.executor {
            Executor::Cpu(executor) => {
                executor.set_hyper(hyper);
                let metrics = match &mut self.parallel {
                    Some(parallel) => {
                        parallel.step(executor, self.training, images, labels, self.random).await?
                    }
                    None => run_batch(executor, self.training, images, labels, key(self.random, 0))?,
                };
                self.recorded.push(metrics);
            }
            Executor::Gpu(executor, [training, _], _) => {
                executor.compile(*training).await?;
                let key = key(self.random, 0);
                let mut inputs = vec![
                    (names::IMAGES, gpu::Numbers::F32(images)),
                    (names::LABELS, gpu::Numbers::U32(labels)),
                ];
                inputs.extend(key.as_ref().map(|key| (names::RANDOM, gpu::Numbers::U32(key))));
                executor.queue_step(*training, &inputs, hyper)?;
            }
        }
        Ok(())
    }

    /// The mean loss and the number classified rightly of every step since this was last called, in order.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub async fn take_metrics(&mut self) -> Result<Vec<[f32; 2]>, EngineError> {
        match &mut self.executor {
            Executor::Cpu(_) => Ok(std::mem::take(&mut self.recorded)),
            Executor::Gpu(executor, ..) => Ok(executor.take_recorded().await?),
        }
    }

    /// The most steps between two calls of [`Engine::take_metrics`].
    pub const fn most_steps_at_once(&self) -> usize {
        match &self.executor {
            Executor::Cpu(_) => usize::MAX,
            Executor::Gpu(..) => gpu::RECORD_CAPACITY,
        }
    }

    /// All parameters, laid out as [`Engine::layout`] says.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub async fn parameters(&self) -> Result<Vec<f32>, EngineError> {
        match &self.executor {
            Executor::Cpu(executor) => Ok(executor.parameters().to_vec()),
            Executor::Gpu(executor, ..) => Ok(executor.parameters().await?),
        }
    }

    /// Replaces all parameters.
    ///
    /// # Errors
    /// [`EngineError`] where there are more or fewer.
    pub fn set_parameters(&mut self, parameters: &[f32]) -> Result<(), EngineError> {
        match &mut self.executor {
            Executor::Cpu(executor) => executor.set_parameters(parameters)?,
            Executor::Gpu(executor, ..) => executor.set_parameters(parameters)?,
        }
        Ok(())
    }

    /// What the optimiser carries from step to step.
    ///
    /// # Errors
    /// [`EngineError`] where the GPU is lost.
    pub async fn states(&self) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut states = Vec::new();
        for idx in 0..self.n_states {
            states.push(match &self.executor {
                Executor::Cpu(executor) => executor.state(idx).to_vec(),
                Executor::Gpu(executor, ..) => executor.state(idx).await?,
            });
        }
        Ok(states)
    }

    /// Replaces what the optimiser carries from step to step; states that are not given become zeros.
    ///
    /// # Errors
    /// [`EngineError`] where one has another length.
    pub fn set_states(&mut self, states: &[Vec<f32>]) -> Result<(), EngineError> {
        let zeros = vec![0.0; self.layout.len];
        for idx in 0..self.n_states {
            let state = states.get(idx).unwrap_or(&zeros);
            match &mut self.executor {
                Executor::Cpu(executor) => executor.set_state(idx, state)?,
                Executor::Gpu(executor, ..) => executor.set_state(idx, state)?,
            }
        }
        Ok(())
    }
}

/// What a step's random choices are made of.
pub(crate) type Key = [u32; Dropout::KEY_LEN];

/// The key of a step for the pictures from `first` on, where training makes random choices.
pub(crate) fn key(random: Option<[u64; 2]>, first: usize) -> Option<Key> {
    random.map(|[seed, step]| Dropout::key(seed, step, first))
}

/// Runs a plan of a loss on a batch; its mean loss and the number classified rightly.
pub(crate) fn run_batch(
    executor: &mut cpu::Executor,
    plan: usize,
    images: &[f32],
    labels: &[u32],
    key: Option<Key>,
) -> Result<[f32; 2], TensorError> {
    executor.write_input(plan, names::IMAGES, images)?;
    executor.write_input_u32(plan, names::LABELS, labels)?;
    if let Some(key) = key {
        executor.write_input_u32(plan, names::RANDOM, &key)?;
    }
    executor.run(plan);
    Ok([executor.output(plan, names::LOSS)?[0], executor.output(plan, names::N_CORRECT)?[0]])
}
