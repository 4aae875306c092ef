//! Digits: MNIST's files, the built-in generated digits, splits, batches, samples for the grid, and drawings made to
//! look as MNIST's digits do.
//!
//! Everything here is bytes in, bytes out. This crate never fetches anything, knows no browser, no GPU, no network and
//! no file system; whoever has the bytes hands them over.

mod area;
pub mod augment;
pub mod batch;
pub mod dataset;
pub mod drawing;
mod error;
pub mod generated;
pub mod idx;
pub mod images;
pub mod mnist;
pub mod samples;
pub mod split;

pub use dataset::{Dataset, LabelledImages};
pub use error::DataError;
pub use images::Images;

/// Pixels along one side of a picture.
pub const SIDE: usize = 28;

/// Pixels of one picture.
pub const N_PIXELS: usize = SIDE * SIDE;

/// Digits 0 to 9.
pub const N_CLASSES: usize = 10;
