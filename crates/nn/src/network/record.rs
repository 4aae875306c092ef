//! Each layer as operations.

use tensor::ops::{
    Activation, AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Binary, Conv2d, Dropout, LogSoftmax, MatMul,
    MaxPool2d, Op, Reshape, Softmax,
};
use tensor::{Blend, Graph, NodeId, TensorError, Value, Window};

use super::names;
use crate::layers::{self, Approximate, Pair};
use crate::model::LayerSpec;

/// What the network is recorded for, as `Module.train` and `Module.eval` say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To learn: batch normalisation takes the batch's statistics, and dropout drops.
    Training,
    /// To answer: normalisation takes the running ones, and nothing is dropped.
    Evaluation,
}

/// A recorded network.
pub(super) struct Recorded {
    /// The output of every layer.
    pub(super) outputs: Vec<NodeId>,
    /// How the running statistics follow the batch's.
    pub(super) blends: Vec<(NodeId, NodeId, Blend)>,
}

/// Records one layer after another.
pub(super) struct Recorder<'a> {
    graph: &'a mut Graph,
    mode: Mode,
    images: NodeId,
    /// What dropout's choices are made of; there where a layer drops.
    random: Option<NodeId>,
    recorded: Recorded,
}

impl<'a> Recorder<'a> {
    pub(super) const fn new(graph: &'a mut Graph, mode: Mode, images: NodeId) -> Self {
        Self {
            graph,
            mode,
            images,
            random: None,
            recorded: Recorded { outputs: Vec::new(), blends: Vec::new() },
        }
    }

    pub(super) fn finish(self) -> Recorded {
        self.recorded
    }

    /// Records the next layer; `output` is its output's shape without the batch.
    pub(super) fn record(
        &mut self,
        layer: &LayerSpec,
        parameters: &[NodeId],
        output: &[usize],
    ) -> Result<(), TensorError> {
        let layer_idx = self.recorded.outputs.len();
        let input = self.received_by(layer_idx);
        let output = match layer {
            LayerSpec::Dropout(dropout) => self.dropout(dropout.p, layer_idx, input)?,
            LayerSpec::Residual(residual) => {
                let around = self.received_by(residual.from);
                self.graph.apply(Binary::Add, &[input, around])?
            }
            LayerSpec::BatchNorm2d(norm) => self.batch_norm2d(norm, input, parameters)?,
            LayerSpec::Linear(_) => self.linear(input, parameters)?,
            LayerSpec::Conv2d(conv) => {
                let inputs: Vec<NodeId> = std::iter::once(input).chain(parameters.iter().copied()).collect();
                self.graph.apply(convolution(conv), &inputs)?
            }
            LayerSpec::Flatten => {
                let batch = self.graph.shape(self.images)[0];
                self.graph.apply(Reshape { shape: vec![batch, output[0]] }, &[input])?
            }
            layer => self.graph.apply(operation(layer), &[input])?,
        };
        self.recorded.outputs.push(output);
        Ok(())
    }

    /// What a layer receives.
    fn received_by(&self, layer_idx: usize) -> NodeId {
        layer_idx.checked_sub(1).map_or(self.images, |previous| self.recorded.outputs[previous])
    }

    fn dropout(&mut self, p: f32, layer_idx: usize, input: NodeId) -> Result<NodeId, TensorError> {
        if self.mode == Mode::Evaluation || p == 0.0 {
            return Ok(input);
        }
        let graph = &mut *self.graph;
        let key = || graph.input(names::RANDOM, Value::u32([Dropout::KEY_LEN]));
        let key = *self.random.get_or_insert_with(key);
        self.graph.apply(Dropout { p, layer_idx: layer_idx as u32 }, &[input, key])
    }

    /// `[batch, in] · [out, in]ᵀ = [batch, out]`
    fn linear(&mut self, input: NodeId, parameters: &[NodeId]) -> Result<NodeId, TensorError> {
        let op = MatMul { transpose_a: false, transpose_b: true };
        let product = self.graph.apply(op, &[input, parameters[0]])?;
        match parameters.get(1) {
            Some(&bias) => self.graph.apply(Binary::Add, &[product, bias]),
            None => Ok(product),
        }
    }

    fn batch_norm2d(
        &mut self,
        norm: &layers::BatchNorm2d,
        input: NodeId,
        nodes: &[NodeId],
    ) -> Result<NodeId, TensorError> {
        let [batch, channels, height, width] = self.graph.shape(input) else {
            unreachable!("the geometry has checked that these are maps")
        };
        let (n_values, channels) = (batch * height * width, *channels);
        let (affine, running) = nodes.split_at(if norm.affine { 2 } else { 0 });
        let [weight, bias] = match *affine {
            [weight, bias] => [weight, bias],
            _ => [1.0, 0.0].map(|number| self.graph.constant(number, &[channels])),
        };
        let (mean, var, own) = match *running {
            [mean, var, _] if self.mode == Mode::Evaluation => (mean, var, false),
            _ => {
                let [mean, var] = BatchNorm2d::statistics(self.graph, input)?;
                (mean, var, true)
            }
        };
        let op = BatchNorm2d { eps: norm.eps, training: own };
        let output = self.graph.apply(op, &[input, mean, var, weight, bias])?;
        if let (&[running_mean, running_var, n_batches], Mode::Training) = (running, self.mode) {
            let [of_mean, of_var] = BatchNorm2d::running(norm.momentum, n_values);
            let one = self.graph.constant(1.0, &[]);
            let count = Blend { decay: 1.0, factor: 1.0 };
            let followed =
                [(running_mean, mean, of_mean), (running_var, var, of_var), (n_batches, one, count)];
            self.recorded.blends.extend(followed);
        }
        Ok(output)
    }
}

/// The operation that a layer without parameters is.
fn operation(layer: &LayerSpec) -> Op {
    match layer {
        LayerSpec::MaxPool2d(pool) => {
            let window =
                window(pool.kernel_size, pool.effective_stride(), pool.padding, Pair { height: 1, width: 1 });
            MaxPool2d { window }.into()
        }
        LayerSpec::AvgPool2d(pool) => {
            let window =
                window(pool.kernel_size, pool.effective_stride(), pool.padding, Pair { height: 1, width: 1 });
            AvgPool2d { window }.into()
        }
        LayerSpec::AdaptiveAvgPool2d(pool) => {
            AdaptiveAvgPool2d { output_size: pool.output_size.array() }.into()
        }
        LayerSpec::ReLU => Activation::Relu.into(),
        LayerSpec::LeakyReLU(leaky) => Activation::LeakyRelu { negative_slope: leaky.negative_slope }.into(),
        LayerSpec::ELU(elu) => Activation::Elu { alpha: elu.alpha }.into(),
        LayerSpec::GELU(gelu) => Activation::Gelu { tanh: gelu.approximate == Approximate::Tanh }.into(),
        LayerSpec::Sigmoid => Activation::Sigmoid.into(),
        LayerSpec::Tanh => Activation::Tanh.into(),
        LayerSpec::Softmax => Softmax.into(),
        LayerSpec::LogSoftmax => LogSoftmax.into(),
        LayerSpec::Conv2d(_)
        | LayerSpec::BatchNorm2d(_)
        | LayerSpec::Linear(_)
        | LayerSpec::Flatten
        | LayerSpec::Dropout(_)
        | LayerSpec::Residual(_) => {
            unreachable!("{} is more than an operation", layer.type_name())
        }
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
