//! From a [`ModelSpec`] to the graphs that train it, evaluate it and show what it computes.

mod record;

use tensor::ops::{CountCorrect, LogSoftmax, NllLoss, Softmax};
use tensor::{Graph, NodeId, ParameterLayout, Plan, PlanRequest, TensorError, Update, Value};

use crate::geometry::{Geometry, PlacedError};
use crate::model::{LayerSpec, ModelSpec};

use record::{Mode, Recorded, Recorder};

/// The names of a training plan's inputs and outputs, and of an inspection's.
pub mod names {
    /// Input: `[batch, channels, height, width]`.
    pub const IMAGES: &str = "images";
    /// Input: `[batch]`, unsigned integers.
    pub const LABELS: &str = "labels";
    /// Input where a layer drops while training: the step's [key](tensor::ops::Dropout::key), given anew at every step.
    pub const RANDOM: &str = "random";
    /// Output: the batch's mean cross-entropy.
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
    /// The engine refuses it.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// A valid network, ready to be compiled.
#[derive(Clone, Debug)]
pub struct Network {
    model: ModelSpec,
    geometry: Geometry,
    n_classes: usize,
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
        Ok(Self { model, geometry, n_classes, unfused: false })
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
    pub fn training_plan(&self, batch: usize, update: Update) -> Result<Plan, TensorError> {
        self.loss_plan(batch, Some(update))
    }

    /// A training step without its end: the mean loss of a batch and its gradients. Several such, over the parts of one
    /// batch, and a [`Network::update_plan`] make a training step.
    ///
    /// # Errors
    /// As [`Network::training_plan`].
    pub fn gradient_plan(&self, batch: usize) -> Result<Plan, TensorError> {
        self.loss_plan(batch, None)
    }

    /// The end of a training step: the optimiser's step, along gradients that are there already.
    pub fn update_plan(&self, update: Update) -> Plan {
        let mut graph = Graph::new();
        self.parameters(&mut graph);
        Plan::compile(&graph, &PlanRequest { update: Some(update), ..PlanRequest::default() })
    }

    fn loss_plan(&self, batch: usize, update: Option<Update>) -> Result<Plan, TensorError> {
        let mut graph = Graph::new();
        let Recorded { outputs, blends } = self.forward(&mut graph, batch, Mode::Training)?;
        let logits = outputs[outputs.len() - 1];
        let labels = graph.input(names::LABELS, Value::u32([batch]));
        let logs = graph.apply(LogSoftmax, &[logits])?;
        let loss = graph.apply(NllLoss, &[logs, labels])?;
        let n_correct = graph.apply(CountCorrect, &[logits, labels])?;
        let gradients = graph.parameter_gradients(loss)?;
        let outputs = vec![(names::LOSS.to_owned(), loss), (names::N_CORRECT.to_owned(), n_correct)];
        let unfused = self.unfused;
        Ok(Plan::compile(
            &graph,
            &PlanRequest { outputs, gradients, blends, update, unfused, clip_grad_norm: false },
        ))
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
                nodes.extend(layer.parameters.iter().map(|(of, shape)| graph.parameter(&name(of), shape)));
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
