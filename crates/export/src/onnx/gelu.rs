//! GELU, which ONNX has an operator for only from version 20 on.

use nn::layers::Approximate;

use super::graph::Builder;

/// Adds the nodes of `x · (1 + erf(x / √2)) / 2`, or of its approximation
/// `x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2`.
pub fn record(builder: &mut Builder, approximate: Approximate, name: &str, input: &str, output: &str) {
    let mut step = |op_type: &str, inputs: [&str; 2], part: &str| {
        let result = format!("{name}.{part}");
        let inputs: Vec<&str> = inputs.into_iter().filter(|input| !input.is_empty()).collect();
        builder.node(op_type, &result, &inputs, &result, Vec::new());
        result
    };
    let constant = |part: &str| format!("{name}.{part}");
    let curve = match approximate {
        Approximate::None => {
            let scaled = step("Mul", [input, &constant("root_half")], "scaled");
            step("Erf", [&scaled, ""], "erf")
        }
        Approximate::Tanh => {
            let square = step("Mul", [input, input], "square");
            let cube = step("Mul", [&square, input], "cube");
            let small = step("Mul", [&cube, &constant("cubic")], "small");
            let sum = step("Add", [input, &small], "sum");
            let scaled = step("Mul", [&sum, &constant("root_two_by_pi")], "scaled");
            step("Tanh", [&scaled, ""], "tanh")
        }
    };
    let shifted = step("Add", [&curve, &constant("one")], "shifted");
    let twice = step("Mul", [input, &shifted], "twice");
    builder.node("Mul", &format!("{name}.GELU"), &[&twice, &constant("half")], output, Vec::new());
    builder.constant(&constant("one"), &[], &[1.0]);
    builder.constant(&constant("half"), &[], &[0.5]);
    match approximate {
        Approximate::None => {
            builder.constant(&constant("root_half"), &[], &[std::f32::consts::FRAC_1_SQRT_2])
        }
        Approximate::Tanh => {
            builder.constant(&constant("cubic"), &[], &[0.044_715]);
            let root = (2.0 / std::f32::consts::PI).sqrt();
            builder.constant(&constant("root_two_by_pi"), &[], &[root]);
        }
    }
}
