//! A network as an [ONNX](https://onnx.ai) file, with its weights inside.
//!
//! The file holds what evaluates the network: its logits, without the loss. Everything that trains it is in
//! [`pytorch`](crate::pytorch)'s script.

mod adaptive;
mod gelu;
mod graph;
mod layer;
mod normalisation;
pub mod proto;

use nn::Network;
use prost::Message;

use crate::ExportError;
use graph::Builder;
use proto::{ModelProto, OperatorSetIdProto, StringStringEntryProto};

/// The name of the graph's input, `[batch, channels, height, width]`, pixels from 0 to 1.
pub const INPUT: &str = nn::names::IMAGES;
/// The name of the graph's output, `[batch, classes]`.
pub const OUTPUT: &str = nn::names::LOGITS;
/// The version of ONNX's operators, and of its file format: those of ONNX 1.12 (2022), which programs can be expected to read.
const OPSET: i64 = 17;
const IR_VERSION: i64 = 8;

/// The bytes of an ONNX file for a network and its weights, which are laid out as [`Network::layout`] says. The size of the
/// batch stays open.
///
/// ```
/// let network = nn::Network::new(nn::presets::model("s").unwrap(), 10)?;
/// let weights = nn::initial_parameters(&network.layout(), 0);
/// assert!(export::onnx::model(&network, &weights)?.len() > 4 * 9_098);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ExportError::Parameters`] where the weights are not as many as the layout says, [`ExportError::NotFinite`] where one
/// of them is no number.
pub fn model(network: &Network, parameters: &[f32]) -> Result<Vec<u8>, ExportError> {
    let layout = network.layout();
    if parameters.len() != layout.len {
        return Err(ExportError::Parameters { expected: layout.len, received: parameters.len() });
    }
    let mut builder = Builder::default();
    // PyTorch counts batches for a momentum that nobody can ask for here; no operator reads the count.
    for slot in layout.slots.iter().filter(|slot| !slot.name.ends_with(".num_batches_tracked")) {
        let values = &parameters[slot.range()];
        if let Some(position) = values.iter().position(|value| !value.is_finite()) {
            let (name, value) = (slot.name.clone(), values[position]);
            return Err(ExportError::NotFinite { name, value, position });
        }
        builder.constant(&slot.name, &slot.shape, values);
    }
    // What each layer receives, then what the last one gives.
    let mut values = vec![INPUT.to_owned()];
    let n_layers = network.model().layers.len();
    for (layer_idx, (layer, geometry)) in
        network.model().layers.iter().zip(&network.geometry().layers).enumerate()
    {
        let is_last = layer_idx + 1 == n_layers;
        let output = if is_last { OUTPUT.to_owned() } else { format!("{layer_idx}.output") };
        layer::record(&mut builder, layer, geometry, &values, &output);
        if !is_last {
            builder.describe(&output, &geometry.output);
        }
        values.push(output);
    }
    let graph = builder.finish(&network.model().input, &[network.n_classes()]);
    let model = ModelProto {
        ir_version: IR_VERSION,
        producer_name: "receptive".to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPSET }],
        metadata_props: vec![StringStringEntryProto {
            key: "model".to_owned(),
            value: network.model().to_json(),
        }],
    };
    Ok(model.encode_to_vec())
}
