//! What can be known of a network without running it: shapes, parameters, multiply–adds, receptive fields.

mod error;

pub use error::{GeometryError, Repair};

use crate::layers::{Conv2d, Linear, Residual};
use crate::model::{LayerSpec, ModelSpec};
use crate::receptive_field::ReceptiveField;

/// Above this many parameters, or numbers in one activation, a network is refused before anything is allocated.
pub const MOST_NUMBERS: usize = 64 << 20;

/// The most channels, features, rows or columns.
pub(crate) const MOST_SIZE: usize = 1 << 16;
/// The largest kernel, stride, padding or dilation.
const MOST_WINDOW: usize = 1024;

/// The geometry of a network, as far as it is valid.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    /// One entry per layer, up to the first that does not fit.
    pub layers: Vec<LayerGeometry>,
    /// The first thing that does not fit.
    pub error: Option<PlacedError>,
}

/// An error and the layer it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedError {
    /// The layer's position; the number of layers where the network's end is what is wrong.
    pub layer_idx: usize,
    /// What is wrong, and what to change.
    pub error: GeometryError,
}

/// What one layer does to shapes.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerGeometry {
    /// The input's shape without the batch: `[channels, height, width]` or `[features]`.
    pub input: Vec<usize>,
    /// The output's shape without the batch.
    pub output: Vec<usize>,
    /// The parameters by PyTorch's names within the layer, `weight` and `bias`, with their shapes.
    pub parameters: Vec<(&'static str, Vec<usize>)>,
    /// What is kept but not learned, such as `running_mean`, alike.
    pub buffers: Vec<(&'static str, Vec<usize>)>,
    /// Multiply–adds for one image; comparisons and additions of pooling are not counted.
    pub macs: usize,
    /// What one cell of the output sees of the network's input.
    pub receptive_field: ReceptiveField,
}

impl LayerGeometry {
    /// The number of learned numbers.
    pub fn n_parameters(&self) -> usize {
        self.parameters.iter().map(|(_, shape)| numel(shape)).sum()
    }
}

impl Geometry {
    /// The number of learned numbers of all layers.
    pub fn n_parameters(&self) -> usize {
        self.layers.iter().map(LayerGeometry::n_parameters).sum()
    }

    /// Multiply–adds of all layers for one image.
    pub fn macs(&self) -> usize {
        self.layers.iter().map(|layer| layer.macs).sum()
    }

    /// The geometry of a network without errors.
    ///
    /// # Errors
    /// The network's own [`PlacedError`].
    pub fn valid(self) -> Result<Self, PlacedError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

impl ModelSpec {
    /// Derives the geometry. `n_classes`, where given, is how many logits the network has to end with.
    ///
    /// ```
    /// let model = nn::presets::model("s").unwrap();
    /// let geometry = model.geometry(Some(10));
    /// assert_eq!(geometry.layers[2].output, [8, 14, 14]);
    /// assert_eq!(geometry.n_parameters(), 9_098);
    /// ```
    pub fn geometry(&self, n_classes: Option<usize>) -> Geometry {
        let mut layers: Vec<LayerGeometry> = Vec::new();
        let mut shape = self.input.to_vec();
        let mut field = ReceptiveField::pixel();
        let mut total = 0_usize;
        let at = |layer_idx, error| Some(PlacedError { layer_idx, error });
        if self.input.iter().any(|&size| size == 0 || size > MOST_SIZE) {
            return Geometry { layers, error: at(0, GeometryError::Input { input: self.input }) };
        }
        for (layer_idx, layer) in self.layers.iter().enumerate() {
            match layer_geometry(layer, &shape, field, self.input)
                .and_then(|own| self.joined(layer_idx, own, &layers))
            {
                Ok(geometry) => {
                    total = total.saturating_add(geometry.n_parameters());
                    let largest = total.max(numel(&geometry.output));
                    if largest > MOST_NUMBERS {
                        let error = GeometryError::TooLarge { numbers: largest };
                        return Geometry { layers, error: at(layer_idx, error) };
                    }
                    shape.clone_from(&geometry.output);
                    field = geometry.receptive_field;
                    layers.push(geometry);
                }
                Err(error) => return Geometry { layers, error: at(layer_idx, error) },
            }
        }
        let error = n_classes.and_then(|n| ending_error(self, &shape, n));
        Geometry { error: error.map(|error| PlacedError { layer_idx: layers.len(), error }), layers }
    }
}

impl ModelSpec {
    /// A layer's geometry with what a Residual joins to it; all other layers' as it is.
    fn joined(
        &self,
        layer_idx: usize,
        own: LayerGeometry,
        before: &[LayerGeometry],
    ) -> Result<LayerGeometry, GeometryError> {
        let LayerSpec::Residual(Residual { from }) = self.layers[layer_idx] else { return Ok(own) };
        let repair = || {
            let fitting = before.iter().position(|layer| layer.input == own.input);
            fitting.map_or(Repair::Remove, |from| Repair::From { from })
        };
        let Some(first) = before.get(from) else {
            return Err(GeometryError::From { from, layer_idx, repair: repair() });
        };
        if first.input != own.input {
            let (added, to) = (first.input.clone(), own.input.clone());
            return Err(GeometryError::Residual { from, added, to, repair: repair() });
        }
        let around = match from.checked_sub(1) {
            Some(previous) => before[previous].receptive_field,
            None => ReceptiveField::pixel(),
        };
        Ok(LayerGeometry { receptive_field: own.receptive_field.union(around), ..own })
    }
}

fn ending_error(model: &ModelSpec, shape: &[usize], n_classes: usize) -> Option<GeometryError> {
    if shape == [n_classes] {
        return None;
    }
    let last_linear = model.layers.iter().rposition(|layer| matches!(layer, LayerSpec::Linear(_)));
    let repair = match (last_linear, shape) {
        (Some(layer_idx), [_]) => Repair::OutFeatures { layer_idx, out_features: n_classes },
        (_, [n, 1, 1]) if *n == n_classes => Repair::AppendFlatten,
        (_, [_, _, _]) => Repair::AppendClassifier { flatten: true, out_features: n_classes },
        _ => Repair::AppendClassifier { flatten: false, out_features: n_classes },
    };
    Some(GeometryError::Ending { shape: shape.to_vec(), n_classes, repair })
}

fn layer_geometry(
    layer: &LayerSpec,
    shape: &[usize],
    field: ReceptiveField,
    image: [usize; 3],
) -> Result<LayerGeometry, GeometryError> {
    let name = layer.type_name();
    let maps = || match *shape {
        [channels, height, width] => Ok([channels, height, width]),
        _ => Err(GeometryError::NeedsMaps { layer: name, shape: shape.to_vec() }),
    };
    let features = || match *shape {
        [features] => Ok(features),
        _ => Err(GeometryError::NeedsFeatures { layer: name, shape: shape.to_vec(), features: numel(shape) }),
    };
    let unchanged = |shape: &[usize]| LayerGeometry {
        input: shape.to_vec(),
        output: shape.to_vec(),
        parameters: Vec::new(),
        buffers: Vec::new(),
        macs: 0,
        receptive_field: field,
    };
    Ok(match layer {
        LayerSpec::Conv2d(conv) => conv_geometry(conv, maps()?, field)?,
        LayerSpec::BatchNorm2d(norm) => {
            let [channels, ..] = maps()?;
            norm.check(maps()?)?;
            LayerGeometry {
                parameters: norm.parameters(channels),
                buffers: norm.buffers(channels),
                macs: numel(shape),
                ..unchanged(shape)
            }
        }
        LayerSpec::MaxPool2d(pool) => LayerGeometry {
            output: pool.output(maps()?)?.to_vec(),
            receptive_field: field.through(
                pool.kernel_size.array(),
                pool.effective_stride().array(),
                pool.padding.array(),
                [1, 1],
            ),
            ..unchanged(shape)
        },
        LayerSpec::AvgPool2d(pool) => LayerGeometry {
            output: pool.output(maps()?)?.to_vec(),
            receptive_field: field.through(
                pool.kernel_size.array(),
                pool.effective_stride().array(),
                pool.padding.array(),
                [1, 1],
            ),
            ..unchanged(shape)
        },
        LayerSpec::AdaptiveAvgPool2d(pool) => {
            let [_, height, width] = maps()?;
            let output = pool.output(maps()?)?.to_vec();
            LayerGeometry {
                output,
                receptive_field: field.through_adaptive([height, width], pool.output_size.array()),
                ..unchanged(shape)
            }
        }
        LayerSpec::Linear(linear) => linear_geometry(linear, features()?, image)?,
        LayerSpec::Flatten => LayerGeometry { output: vec![numel(shape)], ..unchanged(shape) },
        LayerSpec::Softmax | LayerSpec::LogSoftmax => {
            features()?;
            LayerGeometry { receptive_field: ReceptiveField::whole(image), ..unchanged(shape) }
        }
        LayerSpec::ELU(elu) => {
            check_number("alpha", elu.alpha, f32::MIN, f32::MAX)?;
            unchanged(shape)
        }
        LayerSpec::Dropout(dropout) => {
            check_number("p", dropout.p, 0.0, 1.0)?;
            unchanged(shape)
        }
        LayerSpec::ReLU
        | LayerSpec::LeakyReLU(_)
        | LayerSpec::GELU(_)
        | LayerSpec::Sigmoid
        | LayerSpec::Tanh
        | LayerSpec::Residual(_) => unchanged(shape),
    })
}

fn conv_geometry(
    conv: &Conv2d,
    input: [usize; 3],
    field: ReceptiveField,
) -> Result<LayerGeometry, GeometryError> {
    let output = conv.output(input)?;
    let mut parameters = vec![("weight", conv.weight_shape(input[0]).to_vec())];
    if conv.bias {
        parameters.push(("bias", vec![conv.out_channels]));
    }
    Ok(LayerGeometry {
        input: input.to_vec(),
        output: output.to_vec(),
        parameters,
        buffers: Vec::new(),
        macs: numel(&output).saturating_mul(conv.fan_in(input[0])),
        receptive_field: field.through(
            conv.kernel_size.array(),
            conv.stride.array(),
            conv.padding.array(),
            conv.dilation.array(),
        ),
    })
}

fn linear_geometry(
    linear: &Linear,
    in_features: usize,
    image: [usize; 3],
) -> Result<LayerGeometry, GeometryError> {
    let out_features = linear.out_features;
    check_size("out_features", out_features, MOST_SIZE)?;
    let mut parameters = vec![("weight", vec![out_features, in_features])];
    if linear.bias {
        parameters.push(("bias", vec![out_features]));
    }
    Ok(LayerGeometry {
        input: vec![in_features],
        output: vec![out_features],
        parameters,
        buffers: Vec::new(),
        macs: in_features.saturating_mul(out_features),
        receptive_field: ReceptiveField::whole(image),
    })
}

/// The number of elements of a shape, or the largest number where that is more.
fn numel(shape: &[usize]) -> usize {
    shape.iter().fold(1, |product, &size| product.saturating_mul(size))
}

/// Refuses zero and what is absurdly large.
pub(crate) fn check_size(argument: &'static str, value: usize, most: usize) -> Result<(), GeometryError> {
    match value {
        0 => Err(GeometryError::Zero { argument }),
        _ if value > most => Err(GeometryError::Huge { argument, value, most }),
        _ => Ok(()),
    }
}

/// Refuses what is not a number between two others.
pub(crate) fn check_number(
    argument: &'static str,
    value: f32,
    least: f32,
    most: f32,
) -> Result<(), GeometryError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(GeometryError::Number { argument, value, least, most })
    }
}

/// The output's height and width when a window slides over `input`:
/// `⌊(input + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`.
///
/// # Errors
/// [`GeometryError`] where an argument is zero or absurdly large, or the window does not fit.
pub(crate) fn window_output(
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    repair: Repair,
) -> Result<[usize; 2], GeometryError> {
    for (argument, pair) in [("kernel_size", kernel), ("stride", stride), ("dilation", dilation)] {
        for value in pair {
            check_size(argument, value, MOST_WINDOW)?;
        }
    }
    for value in padding {
        check_size("padding", value.max(1), MOST_WINDOW)?;
    }
    let mut output = [0; 2];
    for axis in 0..2 {
        let window = dilation[axis] * (kernel[axis] - 1) + 1;
        let room = input[axis] + 2 * padding[axis];
        if window > room {
            return Err(GeometryError::Window { input, kernel, padding, dilation, repair });
        }
        output[axis] = (room - window) / stride[axis] + 1;
    }
    Ok(output)
}

#[cfg(test)]
mod tests;
