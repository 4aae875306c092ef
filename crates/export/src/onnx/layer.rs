//! Each layer in ONNX's operators.

use nn::layers::{Conv2d, Pair};
use nn::{LayerGeometry, LayerSpec};

use super::graph::Builder;
use super::proto::AttributeProto;
use super::{adaptive, gelu, normalisation};

/// Adds the nodes of one layer. `values` names what each layer up to this one receives; the layer's parameters are constants
/// already.
pub fn record(
    builder: &mut Builder,
    layer: &LayerSpec,
    geometry: &LayerGeometry,
    values: &[String],
    output: &str,
) {
    // What PyTorch's `state_dict` calls the layer: its position.
    let layer_idx = values.len() - 1;
    let (name, input) = (&layer_idx.to_string(), values[layer_idx].as_str());
    let mut inputs = vec![input];
    let (operator, attributes) = match layer {
        LayerSpec::Conv2d(conv) => ("Conv", convolution(conv)),
        LayerSpec::MaxPool2d(pool) => {
            ("MaxPool", window(pool.kernel_size, pool.effective_stride(), pool.padding))
        }
        LayerSpec::AvgPool2d(pool) => {
            let mut attributes = window(pool.kernel_size, pool.effective_stride(), pool.padding);
            attributes.push(AttributeProto::int("count_include_pad", 1));
            ("AveragePool", attributes)
        }
        LayerSpec::AdaptiveAvgPool2d(pool) => {
            let [.., height, width] = geometry.input[..] else { unreachable!("the geometry asks for maps") };
            let sizes = ([height, width], pool.output_size.array());
            return adaptive::record(builder, sizes, name, input, output);
        }
        LayerSpec::BatchNorm2d(norm) => {
            return normalisation::record(builder, norm, geometry.input[0], name, input, output);
        }
        LayerSpec::Linear(_) => ("Gemm", vec![AttributeProto::int("transB", 1)]),
        LayerSpec::Flatten => ("Flatten", vec![AttributeProto::int("axis", 1)]),
        LayerSpec::ELU(elu) => ("Elu", vec![AttributeProto::float("alpha", elu.alpha)]),
        LayerSpec::GELU(gelu) => return gelu::record(builder, gelu.approximate, name, input, output),
        // Without further inputs it is an evaluation's, which changes nothing.
        LayerSpec::Dropout(_) => ("Dropout", Vec::new()),
        LayerSpec::Residual(residual) => {
            inputs.push(&values[residual.from]);
            ("Add", Vec::new())
        }
        LayerSpec::ReLU => ("Relu", Vec::new()),
        LayerSpec::LeakyReLU(leaky) => {
            ("LeakyRelu", vec![AttributeProto::float("alpha", leaky.negative_slope)])
        }
        LayerSpec::Sigmoid => ("Sigmoid", Vec::new()),
        LayerSpec::Tanh => ("Tanh", Vec::new()),
        LayerSpec::Softmax => ("Softmax", vec![AttributeProto::int("axis", -1)]),
        LayerSpec::LogSoftmax => ("LogSoftmax", vec![AttributeProto::int("axis", -1)]),
    };
    let parameters: Vec<String> =
        geometry.parameters.iter().map(|(parameter, _)| format!("{name}.{parameter}")).collect();
    inputs.extend(parameters.iter().map(String::as_str));
    let node_name = format!("{name}.{}", layer.type_name());
    builder.node(operator, &node_name, &inputs, output, attributes);
}

fn convolution(conv: &Conv2d) -> Vec<AttributeProto> {
    let mut attributes = window(conv.kernel_size, conv.stride, conv.padding);
    attributes.push(AttributeProto::ints("dilations", conv.dilation.array()));
    attributes.push(AttributeProto::int("group", conv.groups as i64));
    attributes
}

/// The attributes of everything that slides over maps: padding before height and width, then after them.
pub fn window(kernel_size: Pair, stride: Pair, padding: Pair) -> Vec<AttributeProto> {
    let [height, width] = padding.array();
    vec![
        AttributeProto::ints("kernel_shape", kernel_size.array()),
        AttributeProto::ints("strides", stride.array()),
        AttributeProto::ints("pads", [height, width, height, width]),
        AttributeProto::string("auto_pad", "NOTSET"),
    ]
}
