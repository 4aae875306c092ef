//! NumPy's files, `.npy` for one array and `.npz` for several, as bytes. It is there with the feature `npy`.
//!
//! ```
//! use tensor::{Tensor, npy};
//! let matrix = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
//! let read = npy::read(&npy::write(&matrix.t()?)).unwrap();
//! assert_eq!(read.shape(), [3, 2]);
//! assert_eq!(read.to_vec::<f32>()?, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
//! # Ok::<(), tensor::TensorError>(())
//! ```

use std::io::{Cursor, Read, Write};

use half::f16;
use npyz::{AutoSerialize, Deserialize, NpyFile, NpyHeader, Order, TypeChar, WriterBuilder};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::{DType, Element, Tensor};

/// An array of an archive may have this many bytes when it is unpacked.
const MOST_BYTES: u64 = 1 << 30;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// Not such a file, or a damaged one.
    #[error("not a .npy file that can be read: {0}")]
    Format(String),
    /// Not such an archive, or a damaged one.
    #[error("not a .npz file that can be read: {0}")]
    Archive(String),
    /// Numbers of a kind that tensors do not have.
    #[error(
        "the array holds {descr}, but float16, float32, float64, bool, uint8 to uint32 and int8 to int64 can be read; \
         convert it with astype"
    )]
    DType {
        /// As the file describes it.
        descr: String,
    },
    /// Fewer bytes than the header promises, or more.
    #[error("the array has the shape {shape:?} and {expected} bytes, but the file has {received} for it")]
    Length {
        /// As the file says.
        shape: Vec<u64>,
        /// As many as that are.
        expected: u128,
        /// As many as there are.
        received: usize,
    },
    /// An array of an archive that is too large.
    #[error("{name} is larger than {MOST_BYTES} bytes")]
    TooLarge {
        /// Its name in the archive.
        name: String,
    },
    /// Something about one array of an archive.
    #[error("{name}: {error}")]
    In {
        /// Its name in the archive.
        name: String,
        /// What is wrong with it.
        error: Box<Self>,
    },
}

/// Reads an array, in C's order or Fortran's, of either byte order: `float64` as `F32`, whole numbers as `I64` but for
/// `uint8`, others as they are. As `torch.from_numpy(numpy.load(path))`.
///
/// # Errors
/// [`NpyError`] where it is damaged, or holds what tensors do not.
pub fn read(bytes: &[u8]) -> Result<Tensor, NpyError> {
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(|error| NpyError::Format(error.to_string()))?;
    let unreadable = || NpyError::DType { descr: header.dtype().descr() };
    let npyz::DType::Plain(kind) = header.dtype() else { return Err(unreadable()) };
    let size = header.dtype().num_bytes().ok_or_else(unreadable)?;
    let n_elements = header.shape().iter().fold(1_u128, |n, &size| n.saturating_mul(size.into()));
    let (expected, received) = (n_elements.saturating_mul(size as u128), data.len());
    if expected != received as u128 {
        return Err(NpyError::Length { shape: header.shape().to_vec(), expected, received });
    }
    let file = NpyFile::with_header(header.clone(), data);
    match (kind.type_char(), size) {
        (TypeChar::Float, 2) => tensor(file, |number: f16| number),
        (TypeChar::Float, 4) => tensor(file, |number: f32| number),
        (TypeChar::Float, 8) => tensor(file, |number: f64| number as f32),
        (TypeChar::Bool, 1) => tensor(file, |truth: bool| truth),
        (TypeChar::Uint, 1) => tensor(file, |number: u8| number),
        (TypeChar::Uint, 2) => tensor(file, |number: u16| i64::from(number)),
        (TypeChar::Uint, 4) => tensor(file, |number: u32| i64::from(number)),
        (TypeChar::Int, 1) => tensor(file, |number: i8| i64::from(number)),
        (TypeChar::Int, 2) => tensor(file, |number: i16| i64::from(number)),
        (TypeChar::Int, 4) => tensor(file, |number: i32| i64::from(number)),
        (TypeChar::Int, 8) => tensor(file, |number: i64| number),
        _ => Err(unreadable()),
    }
}

fn tensor<T: Deserialize, E: Element>(
    file: NpyFile<&[u8]>,
    element: impl Fn(T) -> E,
) -> Result<Tensor, NpyError> {
    let mut shape: Vec<usize> = file.shape().iter().map(|&size| size as usize).collect();
    let order = file.order();
    let numbers = file.into_vec::<T>().map_err(|error| NpyError::Format(error.to_string()))?;
    let elements: Vec<E> = numbers.into_iter().map(element).collect();
    let made = match order {
        Order::C => Tensor::from_vec(elements, &shape),
        // By columns: in C's order it is the array with all dimensions turned round.
        Order::Fortran => {
            shape.reverse();
            let dims: Vec<isize> = (0..shape.len() as isize).rev().collect();
            Tensor::from_vec(elements, &shape).and_then(|turned| turned.permute(dims)?.contiguous())
        }
    };
    Ok(made.expect("the file has as many elements as its shape"))
}

/// A tensor as `numpy.save` writes one, in C's order.
pub fn write(tensor: &Tensor) -> Vec<u8> {
    match tensor.dtype() {
        DType::F32 => bytes::<f32>(tensor),
        DType::F16 => bytes::<f16>(tensor),
        DType::I64 => bytes::<i64>(tensor),
        DType::U32 => bytes::<u32>(tensor),
        DType::U8 => bytes::<u8>(tensor),
        DType::Bool => bytes::<bool>(tensor),
    }
}

fn bytes<T: Element + AutoSerialize>(tensor: &Tensor) -> Vec<u8> {
    let shape: Vec<u64> = tensor.shape().iter().map(|&size| size as u64).collect();
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::<T>::new().default_dtype().shape(&shape);
    let written = options.writer(&mut bytes).begin_nd().and_then(|mut writer| {
        writer.extend(tensor.to_vec::<T>().expect("the kind was matched"))?;
        writer.finish()
    });
    written.expect("memory can be written to");
    bytes
}

/// Reads an archive of arrays, each with its name, as `numpy.load` reads what `numpy.savez` or `numpy.savez_compressed`
/// wrote.
///
/// # Errors
/// [`NpyError`] where it is damaged, or an array holds what tensors do not.
pub fn read_npz(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, NpyError> {
    let damaged = |error: &dyn std::fmt::Display| NpyError::Archive(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut tensors = Vec::with_capacity(archive.len());
    for idx in 0..archive.len() {
        let file = archive.by_index(idx).map_err(|error| damaged(&error))?;
        let full = file.name().map_err(|error| damaged(&error))?.into_owned();
        // As NumPy, which lets other files lie beside its own.
        let Some(name) = npyz::npz::array_name_from_file_name(&full) else { continue };
        let mut unpacked = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut unpacked).map_err(|error| damaged(&error))?;
        let name = name.to_owned();
        if unpacked.len() as u64 > MOST_BYTES {
            return Err(NpyError::TooLarge { name });
        }
        match read(&unpacked) {
            Ok(tensor) => tensors.push((name, tensor)),
            Err(error) => return Err(NpyError::In { name, error: Box::new(error) }),
        }
    }
    Ok(tensors)
}

/// Tensors with their names as `numpy.savez_compressed` writes them.
///
/// ```
/// use tensor::{Tensor, npy};
/// let bytes = npy::write_npz(&[("x".to_owned(), Tensor::from([1, 2])), ("y".to_owned(), Tensor::from(0.5))]).unwrap();
/// let tensors = npy::read_npz(&bytes).unwrap();
/// assert_eq!(tensors[1].0, "y");
/// assert_eq!(tensors[1].1.item()?, 0.5);
/// # Ok::<(), tensor::TensorError>(())
/// ```
///
/// # Errors
/// [`NpyError::Archive`] where a name comes twice.
pub fn write_npz(tensors: &[(String, Tensor)]) -> Result<Vec<u8>, NpyError> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    let refused = |error: &dyn std::fmt::Display| NpyError::Archive(error.to_string());
    for (name, tensor) in tensors {
        let name = npyz::npz::file_name_from_array_name(name);
        archive.start_file(name, options).map_err(|error| refused(&error))?;
        archive.write_all(&write(tensor)).map_err(|error| refused(&error))?;
    }
    archive.finish().map(Cursor::into_inner).map_err(|error| refused(&error))
}
