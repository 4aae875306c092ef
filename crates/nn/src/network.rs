//! From a [`ModelSpec`] to the graphs that train it, evaluate it and show what it computes.

mod record;

use tensor::ops::{CountCorrect, Softmax};
use tensor::{Graph, NodeId, ParameterLayout, Plan, PlanRequest, TensorError, Value};

use crate::geometry::{Geometry, PlacedError};
use crate::loss::Loss;
use crate::model::{LayerSpec, ModelSpec};
use crate::recipe::Recipe;

use record::{Mode, Recorded, Recorder};

/// The names of a training plan's inputs and outputs, and of an inspection's.
pub mod names {
    /// Input: `[batch, channels, height, width]`.
    pub const IMAGES: &str = "images";
    /// Input: `[batch]`, unsigned integers.
    pub const LABELS: &str = "labels";
    /// Input where a layer drops while training: the step's [key](tensor::ops::Dropout::key), given anew at every step.
    pub const RANDOM: &str = "random";
    /// Output: the batch's mean loss.
    pub const LOSS: &str = "loss";
    /// Output: how many of the batch were classified rightly.
    pub const N_CORRECT: &str = "n_correct";
    /// Output: `[batch, classes]`.
    pub const LOGITS: &str = "logits";
    /// Output: `[batch, classes]`, the logits' softmax.
    pub const PROBABILITIES: &str = "probabilities";

    /// Output of an inspection: what layer `layer_idx` gives.
    pub fn layer(layer_idx: usize) -> String {
        format!("layer {layer_idx}")
    }
}

/// Why a network cannot be built.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NetworkError {
    /// The network itself is not valid.
    #[error("layer {} {}: {}", .0.layer_idx, .1, .0.error)]
    Geometry(PlacedError, String),
    /// [`Loss::NLLLoss`] takes logarithms of probabilities.
    #[error(
        "NLLLoss expects logarithms of probabilities; end the network with LogSoftmax, or choose CrossEntropyLoss"
    )]
    NoLogSoftmax,
    /// There is nothing to freeze.
    #[error("frozen names layer {layer_idx}, but {}", nothing_to_freeze(.layer.as_deref(), *.n_layers))]
    Frozen {
        /// The layer that was named.
        layer_idx: usize,
        /// Its type, where there is one.
        layer: Option<String>,
        /// How many layers there are.
        n_layers: usize,
    },
    /// The engine refuses it.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

fn nothing_to_freeze(layer: Option<&str>, n_layers: usize) -> String {
    match layer {
        Some(layer) => format!("{layer} has no parameters"),
        None => format!("the network has {n_layers} layers, counted from 0"),
    }
}

/// A valid network, ready to be compiled.
#[derive(Clone, Debug)]
pub struct Network {
    model: ModelSpec,
    geometry: Geometry,
    n_classes: usize,
    /// Layers whose parameters stay as they are.
    frozen: Vec<usize>,
    unfused: bool,
}

impl Network {
    /// Checks a network that has to tell `n_classes` classes apart.
    ///
    /// # Errors
    /// [`NetworkError::Geometry`] with the first layer that does not fit.
    pub fn new(model: ModelSpec, n_classes: usize) -> Result<Self, NetworkError> {
        let geometry = model.geometry(Some(n_classes)).valid().map_err(|error| {
            let layer = model.layers.get(error.layer_idx);
            let name =
                layer.map_or_else(|| "(the end)".to_owned(), |layer| format!("({})", layer.type_name()));
            NetworkError::Geometry(error, name)
        })?;
        Ok(Self { model, geometry, n_classes, frozen: Vec::new(), unfused: false })
    }

    /// The same network with the parameters of these layers as they are: they get no gradient and no step, and lie behind
    /// those that are trained. PyTorch's `requires_grad_(False)`.
    ///
    /// # Errors
    /// [`NetworkError::Frozen`] where there is no such layer, or it has no parameters.
    pub fn with_frozen(mut self, layers: &[usize]) -> Result<Self, NetworkError> {
        let unfit =
            |idx: &&usize| self.geometry.layers.get(**idx).is_none_or(|layer| layer.parameters.is_empty());
        if let Some(&layer_idx) = layers.iter().find(unfit) {
            let layer = self.model.layers.get(layer_idx).map(|layer| layer.type_name().to_owned());
            let n_layers = self.model.layers.len();
            return Err(NetworkError::Frozen { layer_idx, layer, n_layers });
        }
        self.frozen = layers.to_vec();
        Ok(self)
    }

    /// The same network, each operation of whose plans is a step of its own.
    #[must_use]
    pub const fn unfused(mut self) -> Self {
        self.unfused = true;
        self
    }

    /// The description that it was made from.
    pub const fn model(&self) -> &ModelSpec {
        &self.model
    }

    /// Shapes, parameters and all else that follows from the description.
    pub const fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// How many classes it tells apart.
    pub const fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// Whether training makes random choices, and so has the input [`names::RANDOM`].
    pub fn is_random(&self) -> bool {
        self.model.layers.iter().any(|layer| matches!(layer, LayerSpec::Dropout(dropout) if dropout.p > 0.0))
    }

    /// Where each parameter lies, the same in every plan of this network.
    pub fn layout(&self) -> ParameterLayout {
        let mut graph = Graph::new();
        self.parameters(&mut graph);
        ParameterLayout::of(&graph)
    }

    /// The plan of one training step: the loss of a batch, its gradients, the optimiser's step.
    ///
    /// # Errors
    /// [`TensorError`] where an operation of the network cannot be recorded or differentiated.
    pub fn training_plan(&self, batch: usize, recipe: impl Into<Recipe>) -> Result<Plan, TensorError> {
        let recipe = recipe.into();
        self.loss_plan(batch, recipe.loss, Some(recipe))
    }

    /// A training step without its end: the mean loss of a batch and its gradients. Several such, over the parts of one
    /// batch, and a [`Network::update_plan`] make a training step.
    ///
    /// # Errors
    /// As [`Network::training_plan`].
    pub fn gradient_plan(&self, batch: usize, loss: Loss) -> Result<Plan, TensorError> {
        self.loss_plan(batch, loss, None)
    }

    /// The end of a training step: the optimiser's step, along gradients that are there already.
    pub fn update_plan(&self, recipe: impl Into<Recipe>) -> Plan {
        let Recipe { update, clip_grad_norm, .. } = recipe.into();
        let mut graph = Graph::new();
        self.parameters(&mut graph);
        let update = Some(update);
        Plan::compile(&graph, &PlanRequest { update, clip_grad_norm, ..PlanRequest::default() })
    }

    fn loss_plan(&self, batch: usize, loss: Loss, step: Option<Recipe>) -> Result<Plan, TensorError> {
        let mut graph = Graph::new();
        let Recorded { outputs, blends } = self.forward(&mut graph, batch, Mode::Training)?;
        let logits = outputs[outputs.len() - 1];
        let labels = graph.input(names::LABELS, Value::u32([batch]));
        let loss = loss.record(&mut graph, logits, labels)?;
        let n_correct = graph.apply(CountCorrect, &[logits, labels])?;
        let gradients = graph.parameter_gradients(loss)?;
        let request = PlanRequest {
            outputs: vec![(names::LOSS.to_owned(), loss), (names::N_CORRECT.to_owned(), n_correct)],
            gradients,
            blends,
            update: step.map(|step| step.update),
            clip_grad_norm: step.is_some_and(|step| step.clip_grad_norm),
            unfused: self.unfused,
        };
        Ok(Plan::compile(&graph, &request))
    }

    /// The plan of an evaluation: a batch's logits.
    ///
    /// # Errors
    /// As [`Network::training_plan`].
    pub fn evaluation_plan(&self, batch: usize) -> Result<Plan, TensorError> {
        let mut graph = Graph::new();
        let Recorded { outputs, .. } = self.forward(&mut graph, batch, Mode::Evaluation)?;
        let outputs = vec![(names::LOGITS.to_owned(), outputs[outputs.len() - 1])];
        let unfused = self.unfused;
        Ok(Plan::compile(&graph, &PlanRequest { outputs, unfused, ..PlanRequest::default() }))
    }

    /// The plan of an inspection: one image's activations after every layer, all kept, and the probabilities.
    ///
    /// # Errors
    /// As [`Network::training_plan`].
    pub fn inspection_plan(&self) -> Result<Plan, TensorError> {
        let mut graph = Graph::new();
        let Recorded { outputs: layers, .. } = self.forward(&mut graph, 1, Mode::Evaluation)?;
        let probabilities = graph.apply(Softmax, &[layers[layers.len() - 1]])?;
        let named = layers.iter().enumerate().map(|(idx, &node)| (names::layer(idx), node));
        let outputs = named.chain([(names::PROBABILITIES.to_owned(), probabilities)]).collect();
        let unfused = self.unfused;
        Ok(Plan::compile(&graph, &PlanRequest { outputs, unfused, ..PlanRequest::default() }))
    }

    /// Records every parameter and buffer, in the order of the layers and PyTorch's within a layer: weight, bias, running
    /// statistics.
    fn parameters(&self, graph: &mut Graph) -> Vec<Vec<NodeId>> {
        let layers = self.geometry.layers.iter().enumerate();
        layers
            .map(|(layer_idx, layer)| {
                let name = |name: &str| format!("{layer_idx}.{name}");
                let mut nodes = Vec::new();
                let frozen = self.frozen.contains(&layer_idx);
                nodes.extend(layer.parameters.iter().map(|(of, shape)| {
                    if frozen { graph.buffer(&name(of), shape) } else { graph.parameter(&name(of), shape) }
                }));
                nodes.extend(layer.buffers.iter().map(|(of, shape)| graph.buffer(&name(of), shape)));
                nodes
            })
            .collect()
    }

    /// Records the network itself.
    fn forward(&self, graph: &mut Graph, batch: usize, mode: Mode) -> Result<Recorded, TensorError> {
        let parameters = self.parameters(graph);
        let [channels, height, width] = self.model.input;
        let images = graph.input(names::IMAGES, Value::f32([batch, channels, height, width]));
        let mut recorder = Recorder::new(graph, mode, images);
        for ((layer, geometry), parameters) in
            self.model.layers.iter().zip(&self.geometry.layers).zip(parameters)
        {
            recorder.record(layer, &parameters, &geometry.output)?;
        }
        Ok(recorder.finish())
    }
}

#[cfg(test)]
mod tests;
