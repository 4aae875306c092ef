use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use tensor::{DType, Element, Tensor, f16};

use crate::state_dict::{StateDictError, sort_header};

/// Parameters and buffers with their names, in the order of the modules.
pub type StateDict = Vec<(String, Tensor)>;

/// What can be read from a file.
const READABLE: &str = "F32, F64, F16, BF16, I64, I32, U8 or BOOL";

/// Reads a safetensors file, such as PyTorch's `safetensors.torch.save_file(model.state_dict(), path)` writes: each
/// tensor under its name, F64 and BF16 as F32, I32 as I64, other kinds as they are.
///
/// ```
/// use nn::modules::{read_state_dict, write_state_dict};
/// use tensor::Tensor;
/// let bytes = write_state_dict(&[("0.weight".to_owned(), Tensor::from([[1.0, 2.0]]))]);
/// let [(name, weight)] = &read_state_dict(&bytes).unwrap()[..] else { panic!("one was written") };
/// assert_eq!((name.as_str(), weight.shape()), ("0.weight", &[1, 2][..]));
/// ```
///
/// # Errors
/// [`StateDictError::Format`] where it is no such file, [`StateDictError::DType`] for an element type that is not read.
pub fn read_state_dict(bytes: &[u8]) -> Result<StateDict, StateDictError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| StateDictError::Format(error.to_string()))?;
    // In the order of their names: the file's own is that of sizes.
    let mut tensors = file.tensors();
    tensors.sort_by(|(a, _), (b, _)| a.cmp(b));
    tensors.into_iter().map(|(name, view)| Ok((name.clone(), tensor(&name, &view)?))).collect()
}

/// The bytes of a safetensors file that PyTorch's `safetensors.torch.load_file` reads. The same tensors give the same
/// bytes.
///
/// # Panics
/// Where a name comes twice.
pub fn write_state_dict(tensors: &[(String, Tensor)]) -> Vec<u8> {
    let stored: Vec<_> = tensors.iter().map(|(name, tensor)| (name, stored(tensor), tensor)).collect();
    let views = stored.iter().map(|(name, (dtype, bytes), tensor)| {
        let view = TensorView::new(*dtype, tensor.shape().to_vec(), bytes);
        (name.as_str(), view.expect("a tensor has as many elements as its shape"))
    });
    let mut bytes = serialize(views, None::<HashMap<String, String>>).expect("names are unique");
    sort_header(&mut bytes);
    bytes
}

/// Refuses a state dict that does not have exactly these names and shapes.
pub(super) fn check(own: &[(String, Tensor)], source: &[(String, Tensor)]) -> Result<(), StateDictError> {
    for (name, tensor) in own {
        let name = name.clone();
        let Some((_, found)) = source.iter().find(|(found, _)| *found == name) else {
            let mut present: Vec<&str> = source.iter().map(|(name, _)| name.as_str()).collect();
            present.sort_unstable();
            let (shape, present) = (tensor.shape().to_vec(), present.join(", "));
            return Err(StateDictError::Missing { name, shape, present });
        };
        if found.shape() != tensor.shape() {
            let (expected, received) = (tensor.shape().to_vec(), found.shape().to_vec());
            return Err(StateDictError::Shape { name, expected, received });
        }
        let numbers = found.to(DType::F32).and_then(|numbers| numbers.to_vec::<f32>());
        let numbers = numbers.expect("any kind becomes floats");
        if let Some(position) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(StateDictError::NotFinite { name, value: numbers[position], position });
        }
    }
    match source.iter().find(|(name, _)| own.iter().all(|(known, _)| known != name)) {
        Some((name, _)) => Err(StateDictError::Unexpected { name: name.clone() }),
        None => Ok(()),
    }
}

fn tensor(name: &str, view: &TensorView<'_>) -> Result<Tensor, StateDictError> {
    let (shape, data) = (view.shape(), view.data());
    let tensor = match view.dtype() {
        Dtype::F32 => Tensor::from_vec(words(data, f32::from_le_bytes), shape),
        Dtype::F64 => Tensor::from_vec(words(data, |word| f64::from_le_bytes(word) as f32), shape),
        Dtype::F16 => Tensor::from_vec(words(data, f16::from_le_bytes), shape),
        // The upper half of a float of 32 bits.
        Dtype::BF16 => {
            Tensor::from_vec(words(data, |[low, high]| f32::from_le_bytes([0, 0, low, high])), shape)
        }
        Dtype::I64 => Tensor::from_vec(words(data, i64::from_le_bytes), shape),
        Dtype::I32 => Tensor::from_vec(words(data, |word| i64::from(i32::from_le_bytes(word))), shape),
        Dtype::U8 => Tensor::from_vec(data.to_vec(), shape),
        Dtype::BOOL => Tensor::from_vec(data.iter().map(|&byte| byte != 0).collect(), shape),
        other => {
            let (name, received) = (name.to_owned(), format!("{other:?}"));
            return Err(StateDictError::DType { name, received, readable: READABLE });
        }
    };
    Ok(tensor.expect("the file's header agrees with its data"))
}

fn words<T, const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| word(*bytes)).collect()
}

/// A tensor's elements as they lie in a file.
fn stored(tensor: &Tensor) -> (Dtype, Vec<u8>) {
    fn bytes<T: Element, const N: usize>(tensor: &Tensor, bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
        tensor.to_vec::<T>().expect("the kind was matched").into_iter().flat_map(bytes).collect()
    }
    match tensor.dtype() {
        DType::F32 => (Dtype::F32, bytes(tensor, f32::to_le_bytes)),
        DType::F16 => (Dtype::F16, bytes(tensor, f16::to_le_bytes)),
        DType::I64 => (Dtype::I64, bytes(tensor, i64::to_le_bytes)),
        DType::U32 => (Dtype::U32, bytes(tensor, u32::to_le_bytes)),
        DType::U8 => (Dtype::U8, bytes(tensor, u8::to_le_bytes)),
        DType::Bool => (Dtype::BOOL, bytes(tensor, |truth: bool| [u8::from(truth)])),
    }
}
