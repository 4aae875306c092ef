//! The file is read back, and its graph is walked: every node's inputs are there before it, and the shapes that follow
//! from its attributes are those that the network's geometry promises.

use std::collections::HashMap;

use export::ExportError;
use export::onnx::proto::{AttributeProto, FLOAT, GraphProto, ModelProto, NodeProto, Size, ValueInfoProto};
use nn::{ModelSpec, Network, initial_parameters, presets};
use prost::Message;

/// Every kind of layer, with arguments that differ between height and width.
const EVERY_LAYER: &str = r#"{"version":1,"input":[1,28,28],"layers":[
    {"type":"Conv2d","out_channels":6,"kernel_size":[3,5],"stride":[1,2],"padding":[2,1],"dilation":[2,1]},
    {"type":"BatchNorm2d","eps":0.01},
    {"type":"LeakyReLU","negative_slope":0.2},
    {"type":"Conv2d","out_channels":9,"kernel_size":3,"groups":3,"bias":false},
    {"type":"BatchNorm2d","affine":false,"track_running_stats":false},
    {"type":"Tanh"},
    {"type":"MaxPool2d","kernel_size":[3,2],"stride":2,"padding":1},
    {"type":"AvgPool2d","kernel_size":3,"stride":[2,1],"padding":1},
    {"type":"Sigmoid"},
    {"type":"AdaptiveAvgPool2d","output_size":[3,4]},
    {"type":"AdaptiveAvgPool2d","output_size":[3,2]},
    {"type":"ReLU"},
    {"type":"AdaptiveAvgPool2d","output_size":1},
    {"type":"Flatten"},
    {"type":"Linear","out_features":20,"bias":false},
    {"type":"ELU","alpha":0.5},
    {"type":"Dropout"},
    {"type":"GELU"},
    {"type":"Residual","from":17},
    {"type":"GELU","approximate":"tanh"},
    {"type":"Softmax"},
    {"type":"Linear","out_features":10},
    {"type":"LogSoftmax"}]}"#;

fn networks() -> Vec<Network> {
    let mut models: Vec<ModelSpec> = presets::all().into_iter().map(|preset| preset.model).collect();
    models.push(ModelSpec::from_json(EVERY_LAYER).unwrap());
    models.into_iter().map(|model| Network::new(model, 10).unwrap()).collect()
}

fn exported(network: &Network) -> ModelProto {
    let parameters = initial_parameters(&network.layout(), 3);
    ModelProto::decode(&export::onnx::model(network, &parameters).unwrap()[..]).unwrap()
}

/// The name of the batch's size, then the sizes.
fn described(info: &ValueInfoProto) -> (String, Vec<usize>) {
    let tensor = info.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
    assert_eq!(tensor.elem_type, FLOAT);
    let mut dims = tensor.shape.as_ref().unwrap().dim.iter().map(|dim| dim.value.clone().unwrap());
    let Some(Size::Param(batch)) = dims.next() else { panic!("the batch has a fixed size") };
    let sizes = dims.map(|dim| match dim {
        Size::Value(size) => size as usize,
        Size::Param(name) => panic!("{name} is not known"),
    });
    (batch, sizes.collect())
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

fn ints(node: &NodeProto, name: &str) -> Vec<usize> {
    let attribute = attribute(node, name).unwrap_or_else(|| panic!("{} has no {name}", node.name));
    assert_eq!(attribute.r#type, 7);
    attribute.ints.iter().map(|&int| int as usize).collect()
}

/// The output's shape by ONNX's rules, without the batch; constants have no batch.
fn shape_of(node: &NodeProto, shapes: &[Vec<usize>]) -> Vec<usize> {
    let first = &shapes[0];
    let windowed = |channels: usize, dilations: &[usize]| {
        let (kernel, strides, pads) = (ints(node, "kernel_shape"), ints(node, "strides"), ints(node, "pads"));
        let size = |axis: usize| {
            let window = dilations[axis] * (kernel[axis] - 1) + 1;
            (first[1 + axis] + pads[axis] + pads[axis + 2] - window) / strides[axis] + 1
        };
        vec![channels, size(0), size(1)]
    };
    match node.op_type.as_str() {
        "Conv" => {
            let group = attribute(node, "group").unwrap().i.unwrap() as usize;
            let [out_channels, in_channels, height, width] = shapes[1][..] else { panic!("{shapes:?}") };
            assert_eq!((in_channels * group, vec![height, width]), (first[0], ints(node, "kernel_shape")));
            assert!(shapes.get(2).is_none_or(|bias| *bias == [out_channels]));
            windowed(out_channels, &ints(node, "dilations"))
        }
        "MaxPool" => windowed(first[0], &[1, 1]),
        "AveragePool" => {
            assert_eq!(attribute(node, "count_include_pad").unwrap().i, Some(1));
            windowed(first[0], &[1, 1])
        }
        "BatchNormalization" => {
            assert!(shapes[1..].iter().all(|shape| shape[..] == first[..1]), "{shapes:?}");
            first.clone()
        }
        "ReduceMean" => {
            assert_eq!(ints(node, "axes"), [0, 2, 3]);
            let keepdims = attribute(node, "keepdims").unwrap().i.unwrap() == 1;
            if keepdims { vec![first[0], 1, 1] } else { vec![first[0]] }
        }
        "Sub" | "Mul" | "Add" => {
            assert!(shapes.len() == 2 && (shapes[1].is_empty() || shapes[1][0] == first[0]), "{shapes:?}");
            first.clone()
        }
        "GlobalAveragePool" => vec![first[0], 1, 1],
        "MatMul" => match (&first[..], &shapes[1][..]) {
            (&[channels, height, width], &[inner, columns]) if inner == width => {
                vec![channels, height, columns]
            }
            (&[rows, inner], &[channels, height, width]) if inner == height => vec![channels, rows, width],
            _ => panic!("{shapes:?} cannot be multiplied"),
        },
        "Flatten" => vec![first.iter().product()],
        "Gemm" => {
            assert_eq!(attribute(node, "transB").unwrap().i, Some(1));
            assert_eq!(shapes[1][1], first[0]);
            vec![shapes[1][0]]
        }
        "Softmax" | "LogSoftmax" => {
            assert_eq!(attribute(node, "axis").unwrap().i, Some(-1));
            first.clone()
        }
        "Relu" | "LeakyRelu" | "Elu" | "Dropout" | "Erf" | "Sigmoid" | "Tanh" => first.clone(),
        other => panic!("{other} is not expected"),
    }
}

fn inferred(graph: &GraphProto) -> HashMap<String, Vec<usize>> {
    let mut shapes: HashMap<String, Vec<usize>> = graph
        .initializer
        .iter()
        .map(|constant| (constant.name.clone(), constant.dims.iter().map(|&dim| dim as usize).collect()))
        .collect();
    for input in &graph.input {
        shapes.insert(input.name.clone(), described(input).1);
    }
    for node in &graph.node {
        let inputs = node.input.iter();
        let inputs: Vec<Vec<usize>> = inputs
            .map(|input| shapes.get(input).expect("values are computed before they are read").clone())
            .collect();
        let output = shape_of(node, &inputs);
        assert!(shapes.insert(node.output[0].clone(), output).is_none(), "{:?} twice", node.output);
    }
    shapes
}

#[test]
fn shapes_that_follow_from_the_graph_are_those_of_the_geometry() {
    for network in networks() {
        let graph = exported(&network).graph.unwrap();
        let shapes = inferred(&graph);
        for info in graph.input.iter().chain(&graph.output).chain(&graph.value_info) {
            let (batch, shape) = described(info);
            assert_eq!((batch.as_str(), &shape), ("batch", &shapes[&info.name]), "{}", info.name);
        }
        let layers = &network.geometry().layers;
        for (layer_idx, layer) in layers.iter().enumerate() {
            let name =
                if layer_idx + 1 == layers.len() { "logits".into() } else { format!("{layer_idx}.output") };
            assert_eq!(shapes[&name], layer.output, "layer {layer_idx}");
        }
        assert_eq!((graph.input[0].name.as_str(), &shapes["images"]), ("images", &vec![1, 28, 28]));
        assert_eq!((graph.output[0].name.as_str(), &shapes["logits"]), ("logits", &vec![10]));
    }
}

#[test]
fn weights_are_bit_for_bit_those_of_the_state_dict() {
    for network in networks() {
        let layout = network.layout();
        let parameters = initial_parameters(&layout, 3);
        let bytes = nn::state_dict::save(&layout, &parameters, HashMap::new());
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let graph = exported(&network).graph.unwrap();
        for (name, tensor) in file.tensors() {
            if name.ends_with("num_batches_tracked") {
                continue; // No operator reads it.
            }
            let constant = graph.initializer.iter().find(|constant| constant.name == name).unwrap();
            let dims: Vec<i64> = tensor.shape().iter().map(|&size| size as i64).collect();
            assert_eq!((&constant.dims, constant.data_type), (&dims, FLOAT), "{name}");
            assert!(constant.raw_data == tensor.data(), "{name}");
        }
    }
}

#[test]
fn arguments_are_the_layers() {
    let network = networks().pop().unwrap();
    let model = exported(&network);
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    assert_eq!(ModelSpec::from_json(&model.metadata_props[0].value).unwrap(), *network.model());
    let nodes = model.graph.unwrap().node;
    let operators: Vec<&str> = nodes.iter().map(|node| node.op_type.as_str()).collect();
    let expected = "Conv BatchNormalization LeakyRelu Conv ReduceMean Sub Mul ReduceMean BatchNormalization Tanh MaxPool \
                    AveragePool Sigmoid MatMul MatMul AveragePool Relu GlobalAveragePool Flatten Gemm Elu Dropout Mul \
                    Erf Add Mul Mul Add Mul Mul Mul Add Mul Tanh Add Mul Mul Softmax Gemm LogSoftmax";
    assert_eq!(operators.join(" "), expected);
    assert_eq!(ints(&nodes[0], "pads"), [2, 1, 2, 1]);
    assert_eq!(ints(&nodes[0], "strides"), [1, 2]);
    assert_eq!(ints(&nodes[0], "dilations"), [2, 1]);
    assert_eq!(attribute(&nodes[0], "auto_pad").unwrap().s.as_deref(), Some(&b"NOTSET"[..]));
    assert_eq!(attribute(&nodes[1], "epsilon").unwrap().f, Some(0.01));
    assert_eq!(nodes[1].input, ["0.output", "1.weight", "1.bias", "1.running_mean", "1.running_var"]);
    assert_eq!(attribute(&nodes[2], "alpha").unwrap().f, Some(0.2));
    // Without a bias one input less.
    assert_eq!((nodes[3].input.len(), nodes[19].input.len()), (2, 2));
    let add = nodes.iter().find(|node| node.name == "18.Residual").unwrap();
    assert_eq!(add.input, ["17.output", "16.output"], "what comes in, and what layer 17 received");
    assert_eq!(nodes[nodes.len() - 2].input, ["20.output", "21.weight", "21.bias"]);
}

#[test]
fn weights_of_another_network_or_that_are_no_numbers_are_refused() {
    let network = Network::new(presets::model("s").unwrap(), 10).unwrap();
    let layout = network.layout();
    let mut parameters = initial_parameters(&layout, 0);
    let error = export::onnx::model(&network, &parameters[1..]).unwrap_err();
    assert_eq!(error, ExportError::Parameters { expected: layout.len, received: layout.len - 1 });
    parameters[layout.slots[1].offset + 2] = f32::NAN;
    let error = export::onnx::model(&network, &parameters).unwrap_err().to_string();
    assert_eq!(error, "0.bias holds NaN at position 2; only finite weights can be exported");
}
