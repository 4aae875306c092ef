//! Networks as data: a [`ModelSpec`] describes a network, and everything else is derived from it: its geometry
//! (shapes, parameters, arithmetic, receptive fields), its initial weights, and the graph that trains it.
//!
//! This crate never runs anything and knows no browser, no GPU and no files.

pub mod geometry;

pub mod layers;
pub mod model;

pub mod options;
pub mod presets;
pub mod receptive_field;

pub use geometry::{Geometry, GeometryError, LayerGeometry, Repair};
pub use model::{LayerSpec, ModelError, ModelSpec};
pub use options::{Optimiser, TrainingOptions};
pub use receptive_field::ReceptiveField;
