use tensor::random::{Purpose, Stream};
use tensor::{Tensor, TensorError};

use super::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm2d, Conv2d, Dropout, ELU, Flatten, GELU, LeakyReLU, Linear,
    LogSoftmax, MaxPool2d, Module, ReLU, Sequential, Sigmoid, Softmax, Tanh,
};
use crate::geometry::LayerGeometry;
use crate::{LayerSpec, Network, NetworkError, initial_parameters};

impl Sequential {
    /// The modules of a network described by a [`ModelSpec`](crate::ModelSpec), named as its layers are, with the
    /// initial weights that the same seed gives in training.
    ///
    /// ```
    /// use nn::modules::{Module, Sequential};
    /// use nn::{Network, presets};
    /// use tensor::Tensor;
    /// let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    /// let model = Sequential::from_network(&network, 0).unwrap();
    /// assert_eq!(model.n_parameters(), network.geometry().n_parameters());
    /// assert_eq!(model.forward(&Tensor::zeros([2, 1, 28, 28])).unwrap().shape(), [2, 10]);
    /// ```
    ///
    /// # Errors
    /// [`NetworkError::Tensor`] where a module cannot be made.
    pub fn from_network(network: &Network, seed: u64) -> Result<Self, NetworkError> {
        let mut modules = Self::new();
        let layers = network.model().layers.iter().zip(&network.geometry().layers);
        for (idx, (layer, geometry)) in layers.enumerate() {
            match layer {
                LayerSpec::Residual(residual) => modules.push_residual(residual.from),
                layer => modules.push(
                    &idx.to_string(),
                    module(layer, geometry, Stream::new(seed, Purpose::Eager, idx as u64))?,
                ),
            }
        }
        let layout = network.layout();
        let numbers = initial_parameters(&layout, seed);
        let parameters = modules.named_parameters();
        // What is not learned starts in a module as it does in training.
        let is_learned = |name: &str| modules.named_buffers().iter().all(|(buffer, _)| buffer != name);
        for slot in layout.slots.iter().filter(|slot| is_learned(&slot.name)) {
            let found = parameters.iter().find(|(name, _)| *name == slot.name);
            let (_, parameter) = found.expect("modules name their parameters as layers do");
            parameter.detach().copy_(&Tensor::from_vec(numbers[slot.range()].to_vec(), &slot.shape)?)?;
        }
        Ok(modules)
    }
}

fn module(
    layer: &LayerSpec,
    geometry: &LayerGeometry,
    random: Stream,
) -> Result<Box<dyn Module>, TensorError> {
    // The numbers are replaced by the network's own.
    let mut stream = Stream::new(0, Purpose::Initialisation, 0);
    Ok(match layer {
        LayerSpec::Conv2d(conv) => {
            Box::new(Conv2d::with_arguments(geometry.input[0], conv.clone(), &mut stream)?)
        }
        LayerSpec::BatchNorm2d(norm) => Box::new(BatchNorm2d::with_arguments(geometry.input[0], norm)?),
        LayerSpec::MaxPool2d(pool) => Box::new(MaxPool2d::from(pool.clone())),
        LayerSpec::AvgPool2d(pool) => Box::new(AvgPool2d::from(pool.clone())),
        LayerSpec::AdaptiveAvgPool2d(pool) => Box::new(AdaptiveAvgPool2d::new(pool.output_size)),
        LayerSpec::Linear(linear) => {
            let module = Linear::new(geometry.input[0], linear.out_features, &mut stream)?;
            Box::new(if linear.bias { module } else { module.without_bias() })
        }
        LayerSpec::Flatten => Box::new(Flatten::default()),
        LayerSpec::ReLU => Box::new(ReLU),
        LayerSpec::LeakyReLU(leaky) => Box::new(LeakyReLU { negative_slope: leaky.negative_slope }),
        LayerSpec::ELU(elu) => Box::new(ELU { alpha: elu.alpha }),
        LayerSpec::GELU(gelu) => Box::new(GELU { approximate: gelu.approximate }),
        LayerSpec::Dropout(dropout) => Box::new(Dropout::new(dropout.p, random)?),
        LayerSpec::Residual(_) => unreachable!("a residual is the sequence's own"),
        LayerSpec::Sigmoid => Box::new(Sigmoid),
        LayerSpec::Tanh => Box::new(Tanh),
        LayerSpec::Softmax => Box::new(Softmax::default()),
        LayerSpec::LogSoftmax => Box::new(LogSoftmax::default()),
    })
}
