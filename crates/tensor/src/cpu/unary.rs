//! Mathematics on each element by itself.

use super::activation::map;
use crate::ops::Unary;

pub(super) fn run(function: Unary, input: &[f32], out: &mut [f32]) {
    match function {
        Unary::Neg => map(input, out, |x| -x),
        Unary::Exp => map(input, out, f32::exp),
        Unary::Log => map(input, out, f32::ln),
        Unary::Sqrt => map(input, out, f32::sqrt),
        Unary::Abs => map(input, out, f32::abs),
        // Zero has no sign here, and a NaN stays one.
        Unary::Sign => map(input, out, |x| if x == 0.0 { 0.0 } else { x.signum() }),
        Unary::Square => map(input, out, |x| x * x),
        Unary::Sin => map(input, out, f32::sin),
        Unary::Cos => map(input, out, f32::cos),
        Unary::Erf => map(input, out, libm::erff),
        Unary::Pow { exponent } => map(input, out, |x| x.powf(exponent)),
        Unary::Clamp { min, max } => {
            map(input, out, |x| {
                if x < min {
                    min
                } else if x > max {
                    max
                } else {
                    x
                }
            });
        }
    }
}
