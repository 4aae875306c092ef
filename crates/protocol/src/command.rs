use nn::{ModelSpec, TrainingOptions};
use serde::{Deserialize, Serialize};

/// A command and the number under which its reply comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the page; each request is answered by exactly one [`Event::Reply`](crate::Event::Reply) of this
    /// number.
    pub id: u32,
    /// What is asked.
    pub command: Command,
}

/// What the page asks of the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Replaces the network and starts it from its initial weights; a run in progress goes on with the new one.
    SetModel {
        /// The network; refused, with nothing changed, where it is not valid.
        #[serde(with = "nn::as_json")]
        model: ModelSpec,
    },
    /// Replaces the training options. A new learning rate counts from the next step; another optimiser starts with
    /// empty moments; another seed counts from the next reset; another batch size goes on with the same weights.
    SetOptions {
        /// All of them.
        #[serde(with = "nn::as_json")]
        options: TrainingOptions,
    },
    /// Loads a data set; until it is complete the one before stays in use.
    LoadData {
        /// Which.
        source: DataSource,
    },
    /// Trains; the reply comes when the run has ended, with [`Reply::Trained`](crate::Reply::Trained).
    Train {
        /// How far.
        until: Until,
    },
    /// Ends the run in progress after the step under way.
    Pause,
    /// Back to the initial weights.
    Reset {
        /// A new seed, or the same.
        seed: Option<u64>,
    },
    /// Puts back the last weights with which the loss was finite.
    RestoreLastGood,
    /// Moves to another backend, with the weights and the optimiser's moments.
    SetBackend {
        /// Which.
        backend: BackendChoice,
    },
    /// Shares training steps on the CPU among so many workers, from the next run on. The numbers of a run depend on how
    /// many there are, by rounding.
    SetWorkers {
        /// How many, the engine's own worker counted; none for as many as are found to be fastest.
        n_workers: Option<usize>,
    },
    /// How long each kernel of a training step takes on the GPU; answered by
    /// [`Reply::KernelTimes`](crate::Reply::KernelTimes). The run and its numbers are not touched.
    KernelTimes,
    /// Loss, accuracy and confusion over a split; answered by [`Reply::Evaluated`](crate::Reply::Evaluated).
    Evaluate {
        /// Which; the test set is looked at only here.
        split: Split,
    },
    /// Chooses the picture that [`Event::Inspection`](crate::Event::Inspection) follows.
    Select {
        /// Which.
        #[serde(with = "nn::as_json")]
        sample: Sample,
    },
    /// Pictures for the sample grid: `per_class` of each class; answered by [`Reply::Samples`](crate::Reply::Samples).
    Samples {
        /// From which split.
        split: Split,
        /// How many of each class.
        per_class: usize,
        /// Another page gives other pictures.
        page: usize,
    },
    /// A drawing from the pad: `arrays[0]` holds its pixels as bytes, square, 255 is ink. It is centred as MNIST's
    /// digits are, becomes the selected picture, and is answered by [`Reply::Drawn`](crate::Reply::Drawn).
    Draw {
        /// Pixels along one side.
        side: usize,
        /// Whether to centre it as MNIST's digits are.
        centre: bool,
    },
    /// Classifies `arrays[0]`, 784 numbers from 0 to 1; answered by [`Reply::Predicted`](crate::Reply::Predicted).
    Predict,
    /// The output of one layer for the selected picture; answered by [`Reply::Activations`](crate::Reply::Activations).
    Activations {
        /// Which layer.
        layer_idx: usize,
    },
    /// The network in use as a file for other programs; answered by [`Reply::Exported`](crate::Reply::Exported).
    Export {
        /// What kind of file.
        format: ExportFormat,
    },
    /// All weights as a safetensors file; answered by [`Reply::Weights`](crate::Reply::Weights).
    Weights,
    /// Replaces the weights with `arrays[0]`, the bytes of a safetensors file with the network's names and shapes.
    SetWeights,
}

/// A kind of file that other programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A Python script that trains the network, from the weights of the [`ExportFormat::Safetensors`] beside it.
    Pytorch,
    /// An ONNX file with the weights inside.
    Onnx,
    /// The weights, with PyTorch's names.
    Safetensors,
}

/// Where digits come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataSource {
    /// The built-in digits, drawn on the spot.
    Generated,
    /// MNIST from the page's own origin, else from a public mirror.
    Mnist,
    /// Four IDX files, whose bytes are the request's arrays, in the order of the names; gzipped or not, but for the browser's
    /// worker, where the page has decompressed them.
    Files {
        /// The files' names, for messages and to tell them apart.
        names: Vec<String>,
    },
}

/// How long a run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Until {
    /// Until it is paused.
    Paused,
    /// This many steps.
    Steps(u64),
    /// To the end of this many epochs, the one under way counting as the first.
    Epochs(u64),
}

/// Which engine to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendChoice {
    /// Whatever takes the network's training steps fastest, by a short trial.
    #[default]
    Auto,
    /// The GPU or an error.
    Gpu,
    /// The CPU.
    Cpu,
}

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// What the network learns from.
    Train,
    /// Held back from training, to compare settings by.
    Validation,
    /// Looked at only when asked.
    Test,
}

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Sample {
    /// One of the data set's.
    Stored {
        /// Which split.
        split: Split,
        /// Its position in the split.
        idx: usize,
    },
    /// The last drawing from the pad.
    Drawing,
}
