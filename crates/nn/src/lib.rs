//! Networks as data: a [`ModelSpec`] describes a network, and everything else is derived from it: its geometry
//! (shapes, parameters, arithmetic, receptive fields), its initial weights, and the graph that trains it.
//!
//! And networks as in PyTorch, run at once over eager tensors: [`functional`], [`modules`], [`init`], [`optim`]. A
//! [`modules::Sequential`] can be made from a [`ModelSpec`], with the same weights.
//!
//! This crate knows no browser, no GPU and no files.

pub mod as_json;
mod edit;
pub mod functional;
pub mod geometry;
pub mod init;

pub mod initialisation;
pub mod layers;
pub mod loss;
pub mod model;
pub mod modules;

pub mod network;
pub mod optim;
pub mod optimiser;
pub mod options;
pub mod presets;
pub mod receptive_field;
mod recipe;
pub mod schedule;
pub mod state_dict;

pub use geometry::{Geometry, GeometryError, LayerGeometry, Repair};
pub use initialisation::{Initialisation, initial_parameters};
pub use loss::Loss;
pub use model::{LayerSpec, ModelError, ModelSpec};
pub use network::{Network, NetworkError, names};
pub use optimiser::Optimiser;
pub use options::TrainingOptions;
pub use receptive_field::ReceptiveField;
pub use recipe::Recipe;
pub use schedule::Schedule;
pub use state_dict::StateDictError;
