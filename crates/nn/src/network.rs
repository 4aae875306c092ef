//! From a [`ModelSpec`] to the graphs that train it, evaluate it and show what it computes.

use tensor::ops::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, Conv2d, CountCorrect, LogSoftmax, MatMul, MaxPool2d, NllLoss,
    Reshape, Softmax,
};
use tensor::{
    Graph, NodeId, ParameterLayout, Plan, PlanRequest, TensorError, Update, Value, Window, ops::Binary,
};

use crate::geometry::{Geometry, PlacedError};
use crate::layers::{self, Pair};
use crate::model::{LayerSpec, ModelSpec};

/// The names of a training plan's inputs and outputs, and of an inspection's.
pub mod names {
    /// Input: `[batch, channels, height, width]`.
    pub const IMAGES: &str = "images";
    /// Input: `[batch]`, unsigned integers.
    pub const LABELS: &str = "labels";
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
        let (_, outputs) = self.forward(&mut graph, batch)?;
        let logits = outputs[outputs.len() - 1];
        let labels = graph.input(names::LABELS, Value::u32([batch]));
        let logs = graph.apply(LogSoftmax, &[logits])?;
        let loss = graph.apply(NllLoss, &[logs, labels])?;
        let n_correct = graph.apply(CountCorrect, &[logits, labels])?;
        let gradients = graph.parameter_gradients(loss)?;
        let outputs = vec![(names::LOSS.to_owned(), loss), (names::N_CORRECT.to_owned(), n_correct)];
        let unfused = self.unfused;
        let request = PlanRequest { outputs, gradients, update, unfused, ..PlanRequest::default() };
        Ok(Plan::compile(&graph, &request))
    }

    /// The plan of an evaluation: a batch's logits.
    ///
    /// # Errors
    /// As [`Network::training_plan`].
    pub fn evaluation_plan(&self, batch: usize) -> Result<Plan, TensorError> {
        let mut graph = Graph::new();
        let (_, outputs) = self.forward(&mut graph, batch)?;
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
        let (_, layers) = self.forward(&mut graph, 1)?;
        let probabilities = graph.apply(Softmax, &[layers[layers.len() - 1]])?;
        let named = layers.iter().enumerate().map(|(idx, &node)| (names::layer(idx), node));
        let outputs = named.chain([(names::PROBABILITIES.to_owned(), probabilities)]).collect();
        let unfused = self.unfused;
        Ok(Plan::compile(&graph, &PlanRequest { outputs, unfused, ..PlanRequest::default() }))
    }

    /// Records every parameter, in the order of the layers, weight before bias.
    fn parameters(&self, graph: &mut Graph) -> Vec<Vec<NodeId>> {
        let layers = self.geometry.layers.iter().enumerate();
        layers
            .map(|(layer_idx, layer)| {
                let parameters = layer.parameters.iter();
                parameters
                    .map(|(name, shape)| graph.parameter(&format!("{layer_idx}.{name}"), shape))
                    .collect()
            })
            .collect()
    }

    /// Records the network itself: the images' node and the output of every layer.
    fn forward(&self, graph: &mut Graph, batch: usize) -> Result<(NodeId, Vec<NodeId>), TensorError> {
        let parameters = self.parameters(graph);
        let [channels, height, width] = self.model.input;
        let images = graph.input(names::IMAGES, Value::f32([batch, channels, height, width]));
        let mut node = images;
        let mut outputs = Vec::new();
        for ((layer, geometry), parameters) in
            self.model.layers.iter().zip(&self.geometry.layers).zip(parameters)
        {
            node = record(graph, layer, node, &parameters, batch, &geometry.output)?;
            outputs.push(node);
        }
        Ok((images, outputs))
    }
}

fn record(
    graph: &mut Graph,
    layer: &LayerSpec,
    input: NodeId,
    parameters: &[NodeId],
    batch: usize,
    output: &[usize],
) -> Result<NodeId, TensorError> {
    match layer {
        LayerSpec::Conv2d(conv) => {
            let inputs: Vec<NodeId> = std::iter::once(input).chain(parameters.iter().copied()).collect();
            graph.apply(convolution(conv), &inputs)
        }
        LayerSpec::MaxPool2d(pool) => {
            let window =
                window(pool.kernel_size, pool.effective_stride(), pool.padding, Pair { height: 1, width: 1 });
            graph.apply(MaxPool2d { window }, &[input])
        }
        LayerSpec::AvgPool2d(pool) => {
            let window =
                window(pool.kernel_size, pool.effective_stride(), pool.padding, Pair { height: 1, width: 1 });
            graph.apply(AvgPool2d { window }, &[input])
        }
        LayerSpec::AdaptiveAvgPool2d(pool) => {
            graph.apply(AdaptiveAvgPool2d { output_size: pool.output_size.array() }, &[input])
        }
        LayerSpec::Linear(_) => {
            // [batch, in] · [out, in]ᵀ = [batch, out]
            let op = MatMul { transpose_a: false, transpose_b: true };
            let product = graph.apply(op, &[input, parameters[0]])?;
            match parameters.get(1) {
                Some(&bias) => graph.apply(Binary::Add, &[product, bias]),
                None => Ok(product),
            }
        }
        LayerSpec::Flatten => graph.apply(Reshape { shape: vec![batch, output[0]] }, &[input]),
        LayerSpec::ReLU => graph.apply(Activation::Relu, &[input]),
        LayerSpec::LeakyReLU(leaky) => {
            graph.apply(Activation::LeakyRelu { negative_slope: leaky.negative_slope }, &[input])
        }
        LayerSpec::Sigmoid => graph.apply(Activation::Sigmoid, &[input]),
        LayerSpec::Tanh => graph.apply(Activation::Tanh, &[input]),
        LayerSpec::Softmax => graph.apply(Softmax, &[input]),
        LayerSpec::LogSoftmax => graph.apply(LogSoftmax, &[input]),
    }
}

const fn window(kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Window {
    Window {
        kernel: kernel.array(),
        stride: stride.array(),
        padding: padding.array(),
        dilation: dilation.array(),
    }
}

const fn convolution(conv: &layers::Conv2d) -> Conv2d {
    Conv2d { window: window(conv.kernel_size, conv.stride, conv.padding, conv.dilation), groups: conv.groups }
}

#[cfg(test)]
mod tests;
