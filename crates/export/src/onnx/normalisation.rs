//! Batch normalisation as an evaluation does it.

use nn::layers::BatchNorm2d;

use super::graph::Builder;
use super::proto::AttributeProto;

/// Adds the nodes that normalise maps of so many channels by their running statistics or, where there are none, by those of
/// the batch, which ONNX's operator would take only in training.
pub fn record(
    builder: &mut Builder,
    norm: &BatchNorm2d,
    channels: usize,
    name: &str,
    input: &str,
    output: &str,
) {
    let [weight, bias, mean, var] =
        ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{name}.{part}"));
    if !norm.affine {
        builder.constant(&weight, &[channels], &vec![1.0; channels]);
        builder.constant(&bias, &[channels], &vec![0.0; channels]);
    }
    let centred = format!("{name}.centred");
    if !norm.track_running_stats {
        let averages = |keepdims| {
            vec![AttributeProto::ints("axes", [0, 2, 3]), AttributeProto::int("keepdims", keepdims)]
        };
        let [batch_mean, squares] = ["batch_mean", "squares"].map(|part| format!("{name}.{part}"));
        let mut node = |op_type: &str, inputs: &[&str], output: &str, attributes| {
            builder.node(op_type, output, inputs, output, attributes);
        };
        node("ReduceMean", &[input], &batch_mean, averages(1)); // [1, channels, 1, 1]
        node("Sub", &[input, &batch_mean], &centred, Vec::new());
        node("Mul", &[&centred, &centred], &squares, Vec::new());
        node("ReduceMean", &[&squares], &var, averages(0)); // [channels]
        builder.constant(&mean, &[channels], &vec![0.0; channels]);
    }
    let maps = if norm.track_running_stats { input } else { &centred };
    let epsilon = vec![AttributeProto::float("epsilon", norm.eps)];
    let node_name = format!("{name}.BatchNorm2d");
    builder.node("BatchNormalization", &node_name, &[maps, &weight, &bias, &mean, &var], output, epsilon);
}
