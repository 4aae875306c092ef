//! One file per layer that has arguments: the arguments, the output's shape, the parameters, the multiply–adds.

mod adaptive_avg_pool2d;
mod batch_norm2d;
mod conv2d;
mod dropout;
mod elu;
mod gelu;
mod leaky_relu;
mod linear;
mod pair;
mod pool2d;
mod residual;

pub use adaptive_avg_pool2d::AdaptiveAvgPool2d;
pub use batch_norm2d::BatchNorm2d;
pub use conv2d::Conv2d;
pub use dropout::Dropout;
pub use elu::ELU;
pub use gelu::{Approximate, GELU};
pub use leaky_relu::LeakyReLU;
pub use linear::Linear;
pub use pair::Pair;
pub use pool2d::{AvgPool2d, MaxPool2d};
pub use residual::Residual;
