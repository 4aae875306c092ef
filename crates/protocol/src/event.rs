use nn::{ModelSpec, TrainingOptions};
use serde::{Deserialize, Serialize};

use crate::command::{BackendChoice, Sample, Split};

/// What the worker says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The worker has started; sent once, before anything else.
    Ready {
        /// The network that it starts with.
        #[serde(with = "nn::as_json")]
        model: ModelSpec,
        /// The options that it starts with.
        #[serde(with = "nn::as_json")]
        options: TrainingOptions,
    },
    /// Which engine runs, from now on.
    Backend(BackendStatus),
    /// A file of the data set is on its way.
    DataProgress {
        /// Its name.
        file: String,
        /// Bytes so far, over all files of the set.
        received_bytes: u64,
        /// Bytes of all files, where the servers say.
        total_bytes: Option<u64>,
    },
    /// Another data set is in use.
    Data(DataStatus),
    /// The network, the options or the weights were replaced: curves and counts start again at `step`.
    Restarted {
        /// The network in use.
        #[serde(with = "nn::as_json")]
        model: ModelSpec,
        /// The options in use.
        #[serde(with = "nn::as_json")]
        options: TrainingOptions,
        /// Steps so far.
        step: u64,
    },
    /// Where the run stands; about ten times a second while it runs.
    Status(RunStatus),
    /// New points of the curves.
    Metrics {
        /// One point per step, in order.
        train: Vec<StepMetrics>,
        /// The validation set's, where it was measured just now.
        validation: Option<Validation>,
    },
    /// What the network makes of the selected picture. Arrays: the picture (784 numbers); then one per layer, its
    /// output; then one per parameter of [`Inspection::parameters`].
    Inspection(Inspection),
    /// The loss was not finite: training has stopped, and the last good weights can be restored.
    Diverged {
        /// At this step.
        step: u64,
        /// `NaN` or `infinity`.
        value: String,
        /// The step whose weights can be restored.
        last_good_step: u64,
    },
    /// The GPU went away; training goes on, on the engine that a [`Event::Backend`] names.
    DeviceLost {
        /// Why, in the browser's words.
        message: String,
    },
    /// The answer to a request.
    Reply {
        /// The request's number.
        id: u32,
        /// What came of it, or why nothing did.
        result: Result<Reply, String>,
    },
}

/// The answer to one command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It is done; there is nothing to say.
    Done,
    /// How a run ended.
    Trained {
        /// Steps since the last reset.
        step: u64,
        /// The last step's metrics.
        last: Option<StepMetrics>,
        /// The last measurement of the validation set.
        validation: Option<Validation>,
    },
    /// How long each kernel of a training step takes, in the order in which they run; none on the CPU, and on a GPU that has
    /// no clock that programs may read.
    KernelTimes {
        /// One per dispatch.
        kernels: Option<Vec<KernelTime>>,
    },
    /// A split's evaluation.
    Evaluated(Evaluation),
    /// Pictures for the grid. `arrays[0]`: their pixels as bytes, 784 each, in the order of `samples`.
    Samples {
        /// What each is.
        samples: Vec<SampleInfo>,
    },
    /// A drawing as the network receives it. `arrays[0]`: 784 numbers before centring; `arrays[1]`: after.
    Drawn(Drawing),
    /// A classification.
    Predicted(Prediction),
    /// `arrays[0]`: a layer's output for the selected picture, in row-major order.
    Activations {
        /// Its shape without the batch.
        shape: Vec<usize>,
    },
    /// `arrays[0]`: a safetensors file.
    Weights,
    /// `arrays[0]`: the file's bytes.
    Exported {
        /// What to call it.
        file_name: String,
    },
}

/// How long a kernel takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelTime {
    /// Its operation's name.
    pub name: String,
    /// The mean of a few runs.
    pub millis: f64,
}

/// Which engine runs and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackendStatus {
    /// Which.
    pub kind: BackendKind,
    /// The adapter's name on a GPU; the kind of arithmetic on a CPU, such as "WebAssembly SIMD".
    pub name: String,
    /// Why this one, in a sentence.
    pub reason: String,
    /// Whether it stands in for a GPU that could not be had.
    pub stands_in: bool,
    /// Whether the adapter is a software one.
    pub software: bool,
    /// GPU dispatches of one training step; none on the CPU.
    pub dispatches_per_step: Option<usize>,
    /// Where the training pictures lie for a GPU, in a sentence; none on the CPU.
    pub pictures: Option<String>,
    /// Workers (natively threads) that share a training step on the CPU; 1 on a GPU.
    pub n_workers: usize,
    /// What was asked for.
    pub asked: Asked,
    /// How long a training step of the network, batch and optimiser at hand took where it was tried.
    pub trials: Vec<Trial>,
    /// What went wrong with a worker, in a sentence.
    pub problem: Option<String>,
}

/// What the user wants to compute with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which engine.
    pub backend: BackendChoice,
    /// How many workers on the CPU; none where the fastest number is to be found out.
    pub n_workers: Option<usize>,
}

/// A few training steps, timed on copies of the weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// On which engine.
    pub kind: BackendKind,
    /// As [`BackendStatus::name`].
    pub name: String,
    /// As [`BackendStatus::n_workers`].
    pub n_workers: usize,
    /// Milliseconds a training step; none where it could not be measured.
    pub step_millis: Option<f32>,
    /// Why it could not be measured.
    pub failure: Option<String>,
}

/// The two engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// WebGPU, or the machine's own GPU.
    Gpu,
    /// The processor.
    Cpu,
}

/// The data set in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataStatus {
    /// What it is: "MNIST", "generated digits", or the files' names.
    pub name: String,
    /// Where it came from, in a sentence.
    pub origin: String,
    /// Whether the files are MNIST byte for byte (by SHA-256).
    pub verified_mnist: bool,
    /// Pictures to learn from.
    pub n_train: usize,
    /// Pictures held back to compare settings by.
    pub n_validation: usize,
    /// Pictures for the final test.
    pub n_test: usize,
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Whether it is running.
    pub running: bool,
    /// Whether it waits for the GPU's compiler: a network's shaders are compiled before its first step.
    pub compiling: bool,
    /// Steps since the last reset.
    pub step: u64,
    /// Steps in one epoch.
    pub steps_per_epoch: u64,
    /// Images seen since the last reset.
    pub images_seen: u64,
    /// Over the last second or so; 0 while paused.
    pub images_per_second: f32,
    /// The median of the last steps, in milliseconds.
    pub step_millis: Option<f32>,
}

/// One training step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Counted from 1.
    pub step: u64,
    /// The batch's mean cross-entropy before the step, in nats.
    pub loss: f32,
    /// The batch's fraction classified rightly before the step.
    pub accuracy: f32,
}

/// One measurement of the validation set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// After this many steps.
    pub step: u64,
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Fraction classified rightly.
    pub accuracy: f32,
    /// Over how many pictures; fewer than the whole split for the quick measurements during an epoch.
    pub n_images: usize,
}

/// A whole split, evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Which.
    pub split: Split,
    /// After this many steps.
    pub step: u64,
    /// Mean cross-entropy, in nats.
    pub loss: f32,
    /// Fraction classified rightly.
    pub accuracy: f32,
    /// Over how many pictures.
    pub n_images: usize,
    /// `confusion[label][prediction]`: counts.
    pub confusion: Vec<Vec<u32>>,
}

/// What one picture of the grid is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleInfo {
    /// Its position in the split.
    pub idx: usize,
    /// What it shows.
    pub label: u8,
}

/// A drawing from the pad.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// Whether there is any ink.
    pub blank: bool,
    /// How far the centring moved it, in pixels down and right.
    pub shift: [f32; 2],
    /// By how much the centring scaled it.
    pub scale: f32,
}

/// What the network says of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// One per class; they sum to 1.
    pub probabilities: Vec<f32>,
    /// The most probable class.
    pub class: usize,
}

/// What the network makes of the selected picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// After this many steps.
    pub step: u64,
    /// Which picture.
    #[serde(with = "nn::as_json")]
    pub sample: Sample,
    /// What it shows, where that is known.
    pub label: Option<u8>,
    /// One per layer.
    pub layers: Vec<LayerView>,
    /// What it says.
    pub prediction: Prediction,
    /// The parameters that travel along: all with at most 65,536 numbers.
    pub parameters: Vec<ParameterView>,
}

/// A layer's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerView {
    /// Without the batch.
    pub shape: Vec<usize>,
    /// The least value.
    pub min: f32,
    /// The greatest value.
    pub max: f32,
    /// The mean value.
    pub mean: f32,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterView {
    /// The layer that it belongs to.
    pub layer_idx: usize,
    /// PyTorch's name, such as `0.weight`.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The least value.
    pub min: f32,
    /// The greatest value.
    pub max: f32,
}
