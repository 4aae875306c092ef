//! Values as colours, and arrays as pictures with hard pixel edges.

mod palette;
mod picture;
mod pixels;
mod scale;

pub use palette::Palette;
pub use picture::{Picture, side_for};
pub use pixels::Pixels;
pub use scale::Scale;
