//! Weights as a safetensors file, with the names and layouts of PyTorch's `state_dict`.

use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tensor::{ParameterLayout, ParameterSlot};

/// Why a file does not hold a network's weights.
#[derive(Debug, thiserror::Error)]
pub enum StateDictError {
    /// Not a safetensors file.
    #[error("not a safetensors file: {0}")]
    Format(String),
    /// A parameter that the network has and the file has not.
    #[error("the file has no {name}, which the network needs with shape {shape:?}; it has {present}")]
    Missing {
        /// The parameter's name.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// The names in the file.
        present: String,
    },
    /// A tensor that the network has no parameter for.
    #[error("the file has {name}, which the network does not have")]
    Unexpected {
        /// The tensor's name.
        name: String,
    },
    /// A shape that differs.
    #[error("{name} has shape {received:?} in the file, but the network needs {expected:?}")]
    Shape {
        /// The parameter's name.
        name: String,
        /// The network's shape.
        expected: Vec<usize>,
        /// The file's shape.
        received: Vec<usize>,
    },
    /// An element type that is not read.
    #[error("{name} is stored as {received}, but only {readable} can be read")]
    DType {
        /// The parameter's name.
        name: String,
        /// As the file says.
        received: String,
        /// What would be.
        readable: &'static str,
    },
    /// A weight that is not finite.
    #[error("{name} holds {value} at position {position}; weights must be finite")]
    NotFinite {
        /// The parameter's name.
        name: String,
        /// The first such number.
        value: f32,
        /// Where.
        position: usize,
    },
}

/// Writes parameters, laid out as `layout` says, into the bytes of a safetensors file. `metadata` goes into its header.
/// The same parameters give the same bytes.
pub fn save(layout: &ParameterLayout, parameters: &[f32], metadata: HashMap<String, String>) -> Vec<u8> {
    let counts: Vec<Vec<i64>> = layout.slots.iter().map(|slot| counts(slot, parameters)).collect();
    let views = layout.slots.iter().zip(&counts).map(|(slot, counts)| {
        let bytes = match dtype(slot) {
            Dtype::I64 => bytemuck::cast_slice(counts),
            _ => bytemuck::cast_slice(&parameters[slot.range()]),
        };
        let view = TensorView::new(dtype(slot), slot.shape.clone(), bytes);
        (slot.name.as_str(), view.expect("a slot's range has as many numbers as its shape"))
    });
    let mut bytes = serialize(views, Some(metadata)).expect("names are unique and sizes agree");
    sort_header(&mut bytes);
    bytes
}

/// PyTorch counts in whole numbers, whatever it computes with.
fn dtype(slot: &ParameterSlot) -> Dtype {
    if slot.name.ends_with(".num_batches_tracked") { Dtype::I64 } else { Dtype::F32 }
}

fn counts(slot: &ParameterSlot, parameters: &[f32]) -> Vec<i64> {
    match dtype(slot) {
        Dtype::I64 => parameters[slot.range()].iter().map(|&count| count as i64).collect(),
        _ => Vec::new(),
    }
}

/// Puts the header's entries in the order of their names: safetensors writes metadata in whatever order a hash map has.
///
/// The file is the header's length in 8 bytes, the header as JSON filled up with spaces, then the numbers. Sorted, the
/// JSON is as long as before.
pub(crate) fn sort_header(bytes: &mut [u8]) {
    let (len, rest) = bytes.split_first_chunk_mut::<8>().expect("a file starts with its header's length");
    let header = &mut rest[..u64::from_le_bytes(*len) as usize];
    let entries: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_slice(header).expect("the header was written just now");
    let sorted = serde_json::to_vec(&entries).expect("strings and numbers can be written");
    header[..sorted.len()].copy_from_slice(&sorted);
}

/// Reads the parameters of a network of this layout from the bytes of a safetensors file.
///
/// # Errors
/// [`StateDictError`] for the first thing that does not agree; nothing is changed then.
pub fn load(layout: &ParameterLayout, bytes: &[u8]) -> Result<Vec<f32>, StateDictError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| StateDictError::Format(error.to_string()))?;
    let mut names = file.names();
    names.sort_unstable();
    let known = |name: &str| layout.slots.iter().any(|slot| slot.name == name);
    let mut parameters = vec![0.0; layout.len];
    for slot in &layout.slots {
        let Ok(view) = file.tensor(&slot.name) else {
            let (name, shape) = (slot.name.clone(), slot.shape.clone());
            return Err(StateDictError::Missing { name, shape, present: names.join(", ") });
        };
        read(slot, &view, &mut parameters[slot.range()])?;
    }
    match names.iter().find(|name| !known(name)) {
        Some(name) => Err(StateDictError::Unexpected { name: (*name).to_owned() }),
        None => Ok(parameters),
    }
}

fn read(slot: &ParameterSlot, view: &TensorView<'_>, to: &mut [f32]) -> Result<(), StateDictError> {
    let name = slot.name.clone();
    if view.dtype() != dtype(slot) {
        let readable = if dtype(slot) == Dtype::I64 { "I64" } else { "F32" };
        return Err(StateDictError::DType { name, received: format!("{:?}", view.dtype()), readable });
    }
    if view.shape() != slot.shape {
        let (expected, received) = (slot.shape.clone(), view.shape().to_vec());
        return Err(StateDictError::Shape { name, expected, received });
    }
    if dtype(slot) == Dtype::I64 {
        for (to, bytes) in to.iter_mut().zip(view.data().as_chunks::<8>().0) {
            *to = i64::from_le_bytes(*bytes) as f32;
        }
        return Ok(());
    }
    for (position, (to, bytes)) in to.iter_mut().zip(view.data().as_chunks::<4>().0).enumerate() {
        *to = f32::from_le_bytes(*bytes);
        if !to.is_finite() {
            return Err(StateDictError::NotFinite { name, value: *to, position });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::{initial_parameters, presets};

    fn layout(preset: &str) -> ParameterLayout {
        Network::new(presets::model(preset).unwrap(), 10).unwrap().layout()
    }

    #[test]
    fn weights_survive_the_way_to_a_file_and_back() {
        let layout = layout("s");
        let parameters = initial_parameters(&layout, 3);
        let bytes = save(&layout, &parameters, HashMap::new());
        assert_eq!(load(&layout, &bytes).unwrap(), parameters);
    }

    #[test]
    fn the_same_weights_and_metadata_give_the_same_bytes() {
        let layout = layout("s");
        let parameters = initial_parameters(&layout, 3);
        let metadata = || (0..20).map(|i| (format!("key {i}"), format!("\"{i}\" é"))).collect();
        let bytes = save(&layout, &parameters, metadata());
        assert!((0..5).all(|_| save(&layout, &parameters, metadata()) == bytes));
        assert_eq!(load(&layout, &bytes).unwrap(), parameters);
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        assert_eq!(header.metadata().as_ref(), Some(&metadata()));
    }

    #[test]
    fn a_file_of_another_network_is_refused_by_name_or_shape() {
        let (s, linear) = (layout("s"), layout("linear"));
        let bytes = save(&linear, &initial_parameters(&linear, 0), HashMap::new());
        let error = load(&s, &bytes).unwrap_err().to_string();
        assert_eq!(
            error,
            "the file has no 0.weight, which the network needs with shape [8, 1, 3, 3]; it has 1.bias, 1.weight"
        );
        let mlp = layout("mlp");
        let error = load(&mlp, &bytes).unwrap_err().to_string();
        assert_eq!(error, "1.weight has shape [10, 784] in the file, but the network needs [64, 784]");
    }

    #[test]
    fn running_statistics_are_saved_as_pytorch_saves_them() {
        let json = r#"{"version":1,"input":[1,2,2],"layers":[{"type":"BatchNorm2d"},{"type":"Flatten"}]}"#;
        let layout = Network::new(crate::ModelSpec::from_json(json).unwrap(), 4).unwrap().layout();
        let mut parameters = initial_parameters(&layout, 0);
        for (number, slot) in (1_u8..).zip(&layout.slots) {
            parameters[slot.range()].fill(f32::from(number));
        }
        let bytes = save(&layout, &parameters, HashMap::new());
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut names = file.names();
        names.sort_unstable();
        let expected = ["0.bias", "0.num_batches_tracked", "0.running_mean", "0.running_var", "0.weight"];
        assert_eq!(names, expected);
        let count = file.tensor("0.num_batches_tracked").unwrap();
        assert_eq!(
            (count.dtype(), count.shape(), count.data()),
            (Dtype::I64, &[][..], &5_i64.to_le_bytes()[..])
        );
        assert_eq!(load(&layout, &bytes).unwrap(), parameters);
    }

    #[test]
    fn nonsense_and_numbers_that_are_not_finite_are_refused() {
        let layout = layout("linear");
        assert!(matches!(load(&layout, b"not a file").unwrap_err(), StateDictError::Format(_)));
        let mut parameters = initial_parameters(&layout, 0);
        parameters[5] = f32::NAN;
        let bytes = save(&layout, &parameters, HashMap::new());
        assert!(matches!(load(&layout, &bytes).unwrap_err(), StateDictError::NotFinite { position: 5, .. }));
    }
}
