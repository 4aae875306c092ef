//! The page: a Leptos application that draws, and a worker that computes. The page holds no mathematics of its own.

pub mod link;
pub mod store;
