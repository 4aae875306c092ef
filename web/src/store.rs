//! The workbench's one store: what is on screen, and what the worker last said.

mod actions;
mod edits;
mod events;

pub use actions::{MOST_WORKERS, workers_named};
pub use edits::History;

use std::sync::Arc;

use leptos::prelude::*;
use nn::{Geometry, ModelSpec, TrainingOptions};
use protocol::{
    Array, BackendStatus, DataStatus, Evaluation, Inspection, Message, RunStatus, Sample, StepMetrics,
    Validation,
};

use crate::link::Engine;

/// Ten digits, ten classes.
pub const N_CLASSES: usize = 10;

/// What the inspector shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The picture that goes in.
    Input,
    /// One layer.
    Layer(usize),
    /// One map of a layer's output.
    Map {
        /// The layer.
        layer_idx: usize,
        /// Its channel.
        channel: usize,
    },
    /// One class of the output.
    Class(usize),
}

/// A message to the user that stays until it is dismissed or replaced.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// How serious it is.
    pub level: Level,
    /// In a sentence: what happened and what to do.
    pub text: String,
    /// Whether restoring the last good weights is offered.
    pub offer_restore: bool,
}

/// How serious a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Something failed.
    Error,
}

/// A data set on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// The file under way.
    pub file: String,
    /// Bytes so far.
    pub received_bytes: u64,
    /// Bytes in all, where known.
    pub total_bytes: Option<u64>,
}

/// Over which values a colour scale ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScaleOver {
    /// Each map has its own: shows the pattern, hides the size.
    Map,
    /// All maps of a layer share one.
    #[default]
    Layer,
    /// The whole network shares one.
    Network,
}

/// What was sent and not yet answered, and what the worker is known to have.
#[derive(Clone, Debug, Default)]
pub struct Outstanding {
    /// Networks under way.
    pub models: usize,
    /// Options under way.
    pub options: usize,
    /// Choices of a picture under way.
    pub samples: usize,
    /// The network that the worker has.
    pub engine_model: Option<ModelSpec>,
}

/// The points of the learning curves since the last reset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// One point per step.
    pub train: Vec<StepMetrics>,
    /// One point per measurement.
    pub validation: Vec<Validation>,
}

/// All of the workbench's state. Signals are `Copy`, and so is this.
#[derive(Clone, Copy, Debug)]
pub struct Workbench {
    /// The worker.
    pub engine: Engine,
    /// Whether the worker has started.
    pub ready: RwSignal<bool>,
    /// Networks before and after the one on screen.
    pub history: RwSignal<History>,
    /// Over which values the colours of maps range.
    pub scale_over: RwSignal<ScaleOver>,
    /// What is on its way to the worker.
    pub outstanding: StoredValue<Outstanding>,
    /// The network on screen; it may be invalid, and then the worker still has the last valid one.
    pub model: RwSignal<ModelSpec>,
    /// Derived from the network on screen.
    pub geometry: Memo<Geometry>,
    /// The training options on screen.
    pub options: RwSignal<TrainingOptions>,
    /// What the inspector shows.
    pub selection: RwSignal<Selection>,
    /// The picture that the feature maps follow.
    pub sample: RwSignal<Sample>,
    /// Where the run stands.
    pub status: RwSignal<RunStatus>,
    /// Which engine runs; `None` until the worker has said.
    pub backend: RwSignal<Option<BackendStatus>>,
    /// The data set in use; `None` until there is one.
    pub data: RwSignal<Option<DataStatus>>,
    /// A data set on its way.
    pub data_progress: RwSignal<Option<Progress>>,
    /// The last inspection with its arrays (see [`protocol::Event::Inspection`]).
    pub inspection: RwSignal<Option<Arc<Message<Inspection>>>>,
    /// The learning curves. Updated in place; large, so read it with `with`.
    pub curves: RwSignal<Curves>,
    /// The last evaluation asked for.
    pub evaluation: RwSignal<Option<Evaluation>>,
    /// What the user should know.
    pub notice: RwSignal<Option<Notice>>,
}

impl Workbench {
    /// A workbench with the preset S and nothing heard from the worker yet.
    pub fn new() -> Self {
        let model = RwSignal::new(nn::presets::model("s").expect("the preset s exists"));
        let idle = RunStatus {
            running: false,
            compiling: false,
            step: 0,
            steps_per_epoch: 0,
            images_seen: 0,
            images_per_second: 0.0,
            step_millis: None,
        };
        Self {
            engine: Engine::new(),
            ready: RwSignal::new(false),
            history: RwSignal::default(),
            scale_over: RwSignal::default(),
            outstanding: StoredValue::default(),
            model,
            geometry: Memo::new(move |_| model.with(|model| model.geometry(Some(N_CLASSES)))),
            options: RwSignal::new(TrainingOptions::default()),
            selection: RwSignal::new(Selection::Layer(0)),
            sample: RwSignal::new(Sample::Stored { split: protocol::Split::Train, idx: 0 }),
            status: RwSignal::new(idle),
            backend: RwSignal::new(None),
            data: RwSignal::new(None),
            data_progress: RwSignal::new(None),
            inspection: RwSignal::new(None),
            curves: RwSignal::new(Curves::default()),
            evaluation: RwSignal::new(None),
            notice: RwSignal::new(None),
        }
    }

    /// The workbench that the application put into Leptos's context.
    ///
    /// # Panics
    /// Outside the application's components.
    pub fn get() -> Self {
        expect_context::<Self>()
    }

    /// A layer's output from the last inspection, `(shape, values, least and greatest value)`, if that inspection is
    /// of the network on screen.
    pub fn with_output<T>(
        &self,
        layer_idx: usize,
        read: impl FnOnce(&[usize], &[f32], [f32; 2]) -> T,
    ) -> Option<T> {
        let shape = self.geometry.with(|g| g.layers.get(layer_idx).map(|layer| layer.output.clone()))?;
        self.inspection.with(|inspection| {
            let inspection = inspection.as_ref()?;
            let layer = inspection.body.layers.get(layer_idx)?;
            match inspection.arrays.get(1 + layer_idx)? {
                Array::F32(values) if layer.shape == shape => {
                    Some(read(&shape, values, [layer.min, layer.max]))
                }
                _ => None,
            }
        })
    }

    /// A layer's parameters from the last inspection: `(name, shape, values)` for each that travelled along.
    pub fn parameters(&self, layer_idx: usize) -> Vec<(String, Vec<usize>, Vec<f32>)> {
        self.inspection.with(|inspection| {
            let Some(inspection) = inspection.as_ref() else { return Vec::new() };
            let first = 1 + inspection.body.layers.len();
            let parameters = inspection.body.parameters.iter().zip(inspection.arrays.iter().skip(first));
            parameters
                .filter(|(view, _)| view.layer_idx == layer_idx)
                .filter_map(|(view, array)| match array {
                    Array::F32(values) => Some((view.name.clone(), view.shape.clone(), values.clone())),
                    Array::U8(_) => None,
                })
                .collect()
        })
    }

    /// The picture that the last inspection is of, 784 numbers.
    pub fn picture(&self) -> Option<Vec<f32>> {
        self.inspection.with(|inspection| match inspection.as_ref()?.arrays.first()? {
            Array::F32(values) => Some(values.clone()),
            Array::U8(_) => None,
        })
    }

    /// As [`Workbench::is_valid`], for handlers, which follow nothing.
    pub fn is_valid_now(&self) -> bool {
        self.geometry.with_untracked(|geometry| geometry.error.is_none())
    }

    /// Whether the network on screen is valid.
    pub fn is_valid(&self) -> bool {
        self.geometry.with(|geometry| geometry.error.is_none())
    }
}

impl Default for Workbench {
    fn default() -> Self {
        Self::new()
    }
}
