//! The page: a Leptos application that draws, and a worker that computes. The page holds no mathematics of its own.

pub mod api;
pub mod data_panel;
pub mod dock;
pub mod draw_pad;
pub mod figures;
pub mod inspector;
pub mod link;
pub mod menu;
pub mod network;
pub mod paint;
pub mod shell;
pub mod store;
pub mod stream;
pub mod transport;
pub mod worker;
