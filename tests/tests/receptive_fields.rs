//! What a cell sees, by formula and by walking back, is what PyTorch's gradients reach.
#![cfg(not(target_arch = "wasm32"))]
#![allow(missing_docs, reason = "tests are named for what they say")]

use nn::layers::{AvgPool2d, Conv2d};
use nn::modules::{self, Module, Sequential};
use nn::{LayerSpec, ModelSpec, init, receptive_field};
use receptive_tests::{Golden, GoldenCase};
use serde_json::Value;
use tensor::Tensor;
use tensor::random::{Purpose, Stream};

const RECEPTIVE_FIELDS: &[u8] = include_bytes!("../golden/receptive_fields.safetensors");

fn size(value: &Value) -> usize {
    value.as_u64().expect("a whole number") as usize
}

fn pair(value: &Value) -> [usize; 2] {
    [size(&value[0]), size(&value[1])]
}

fn layers(case: &GoldenCase<'_>) -> Vec<LayerSpec> {
    let layer = |layer: &Value| {
        let argument = |name: &str| size(&layer[name]).into();
        let (kernel_size, stride, padding) =
            (argument("kernel_size"), argument("stride"), argument("padding"));
        match layer["kind"].as_str() {
            Some("conv") => {
                let dilation = argument("dilation");
                LayerSpec::Conv2d(Conv2d { kernel_size, stride, padding, dilation, ..Conv2d::default() })
            }
            Some("pool") => LayerSpec::AvgPool2d(AvgPool2d { kernel_size, stride: Some(stride), padding }),
            other => panic!("{other:?} is no layer"),
        }
    };
    case.arguments["layers"].as_array().expect("a list").iter().map(layer).collect()
}

/// First and last of a range, cut to an image.
fn clipped([first, last]: [isize; 2], size: usize) -> [usize; 2] {
    [first.max(0).cast_unsigned(), last.cast_unsigned().min(size - 1)]
}

#[test]
fn formula_and_walk_agree_with_the_support_of_pytorchs_gradients() {
    let golden = Golden::read(RECEPTIVE_FIELDS);
    assert_eq!(golden.cases().len(), 8);
    for case in golden.cases() {
        let side = size(&case.arguments["input_size"]);
        let model = ModelSpec { version: nn::model::VERSION, input: [1, side, side], layers: layers(&case) };
        let geometry = model.geometry(None).valid().unwrap();
        let last = geometry.layers.last().expect("there are layers");
        assert_eq!(last.output[1..], pair(&case.arguments["output_size"]), "{}", case.name);

        let at = pair(&case.arguments["at"]);
        let expected = [pair(&case.arguments["rows"]), pair(&case.arguments["cols"])];
        let walked = receptive_field::extent(&model, model.layers.len() - 1, at).unwrap();
        let walked = [clipped(walked.rows, side), clipped(walked.columns, side)];
        assert_eq!(walked, expected, "{}, walked back", case.name);

        let field = last.receptive_field;
        let by_formula = [0, 1].map(|axis| {
            let first = field.start[axis] + (at[axis] * field.jump[axis]).cast_signed();
            clipped([first, first + field.size[axis].cast_signed() - 1], side)
        });
        assert_eq!(by_formula, expected, "{}, by formula", case.name);
    }
}

#[test]
fn eager_gradients_reach_the_very_cells_that_pytorchs_do() {
    for case in Golden::read(RECEPTIVE_FIELDS).cases() {
        let mut stream = Stream::new(0, Purpose::Test, 0);
        let mut network = Sequential::new();
        for layer in layers(&case) {
            network = match layer {
                LayerSpec::Conv2d(conv) => {
                    let conv = modules::Conv2d::with_arguments(1, conv, &mut stream).unwrap();
                    init::ones_(conv.weight()).unwrap();
                    network.then(conv)
                }
                LayerSpec::AvgPool2d(pool) => network.then(modules::AvgPool2d::from(pool)),
                other => panic!("{other:?} is not in the file"),
            };
        }
        let side = size(&case.arguments["input_size"]);
        let image = Tensor::zeros([1, 1, side, side]).with_grad().unwrap();
        let [y, x] = pair(&case.arguments["at"]).map(usize::cast_signed);
        let output = network.forward(&image).unwrap();
        output.select(2, y).unwrap().select(2, x).unwrap().sum(.., false).unwrap().backward().unwrap();
        let reached = image.grad().unwrap().ne(0.0).unwrap().to_vec::<bool>().unwrap();
        let expected: Vec<bool> = case.tensor("support").1.iter().map(|&number| number != 0.0).collect();
        assert_eq!(reached, expected, "{}", case.name);
    }
}
