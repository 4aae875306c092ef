//! Reading NumPy's arrays as pictures, the way the network receives them: nothing is scaled, centred or inverted.

use std::path::Path;

use data::{N_PIXELS, SIDE};
use eyre::{Result, WrapErr, ensure, eyre};
use tensor::{DType, Tensor, npy};

/// Pictures of one array.
pub struct Array {
    /// The array's name in its archive.
    pub name: Option<String>,
    /// Each picture's pixels, 1 is ink.
    pub pictures: Vec<Vec<f32>>,
}

/// Whether a file's name is that of an array or an archive of arrays.
pub fn is_array(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "npy" || extension == "npz")
}

/// Reads a `.npy` or `.npz` file.
pub fn read(path: &Path) -> Result<Vec<Array>> {
    let bytes = std::fs::read(path).wrap_err("it cannot be read")?;
    if path.extension().is_some_and(|extension| extension == "npz") {
        let arrays = npy::read_npz(&bytes)?;
        ensure!(!arrays.is_empty(), "there is no array in it");
        let pictures = |(name, tensor): (String, Tensor)| {
            let pictures = pictures(&tensor).wrap_err_with(|| name.clone())?;
            Ok(Array { name: Some(name), pictures })
        };
        arrays.into_iter().map(pictures).collect()
    } else {
        Ok(vec![Array { name: None, pictures: pictures(&npy::read(&bytes)?)? }])
    }
}

fn pictures(tensor: &Tensor) -> Result<Vec<Vec<f32>>> {
    let shape = tensor.shape();
    let fits = matches!(shape, [SIDE, SIDE] | [_, SIDE, SIDE] | [_, 1, SIDE, SIDE]);
    ensure!(fits, "it has the shape {shape:?}, but pictures have [28, 28], [n, 28, 28] or [n, 1, 28, 28]");
    let is_whole = matches!(tensor.dtype(), DType::U8 | DType::I64 | DType::U32);
    let white = if is_whole { 255.0 } else { 1.0 };
    let numbers = tensor.to(DType::F32)?.to_vec::<f32>()?;
    if let Some(outside) = numbers.iter().find(|number| !(0.0..=white).contains(*number)) {
        let hint = if is_whole { "" } else { "; divide by 255 where they are bytes" };
        return Err(eyre!("it holds {outside}, but pixels are between 0 and {white}{hint}"));
    }
    Ok(numbers.chunks_exact(N_PIXELS).map(|picture| picture.iter().map(|p| p / white).collect()).collect())
}
