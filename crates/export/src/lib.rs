//! Networks for other programs: a PyTorch script that trains them ([`pytorch::script`]) and an ONNX file that runs them
//! ([`onnx::model`]).
//!
//! This crate computes nothing and knows no files: it turns a [`Network`](nn::Network), its weights and its training
//! options into text and bytes.

mod error;
pub mod onnx;
pub mod pytorch;

pub use error::ExportError;

use nn::{ModelSpec, presets};

/// What the files of a network are called, without their endings: `receptive_lenet5`, or `receptive_network` where it is
/// no preset. Python can import a file of that name.
///
/// ```
/// assert_eq!(export::file_stem(&nn::presets::model("s").unwrap()), "receptive_s");
/// ```
pub fn file_stem(model: &ModelSpec) -> String {
    format!("receptive_{}", presets::id(model).unwrap_or("network"))
}
