//! A training session as a state machine: [`Session::handle`] takes the page's commands, [`Session::advance`] does a
//! slice of the work at hand, and [`Session::events`] gives back what there is to say. The page's worker and the command
//! line drive the same session.
//!
//! This crate knows no browser and reads no files.

mod apart;
mod backend;
mod checkpoint;
mod commands;
mod engine;
mod evaluating;
mod inspecting;
mod parallel;
mod position;
mod session;
mod speed;
mod training;
mod trial;
mod trying;
mod workers;

pub use apart::apart;
pub use backend::{Chosen, choose_backend};
pub use engine::{Activations, Engine, EngineError, pick};
pub use parallel::Replica;
pub use session::{Session, SessionError};
pub use workers::{Helper, HelperLost, Helpers, Task, Workers};
