//! Which registers a kernel is run with.
//!
//! Natively a kernel has to be one function, for the processor's registers are known in that function alone. Where they are known
//! to the whole program, as in WebAssembly, a kernel and its parts that run for long are functions of their own: a browser
//! compiles a function with care only as a whole, and until it has done so the function is slow. The gradients of a block's
//! weight took a core 160 ms as one function of 34 KB.

use std::hint::black_box;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
use pulp::wasm::Simd128 as Registers;
use pulp::{Simd, WithSimd};
// Multiplies and adds in one instruction where the processor can; preset L takes a tenth less time.
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use pulp::wasm::RelaxedSimd as Registers;

/// Runs a kernel with the widest registers that the processor has.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline(always)]
pub(super) fn run<Kernel: WithSimd>(kernel: Kernel) -> Kernel::Output {
    pulp::Arch::new().dispatch(kernel)
}

/// Runs a kernel with the registers that the program was compiled for. [`pulp::Arch`] would keep a version without
/// registers of every kernel beside it, 90 KB that a browser loads and never runs.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(never)]
pub(super) fn run<Kernel: WithSimd>(kernel: Kernel) -> Kernel::Output {
    let simd = Registers::try_new().expect("a browser that lacks them refuses the whole program");
    Simd::vectorize(simd, kernel)
}

/// Whether a product and its sum are one instruction here, rounded once. That is seen from what it computes: the program that
/// a browser runs may have been compiled with FMA and rewritten without, and a processor may lack it.
pub fn fuses_multiply_add() -> bool {
    struct Residue;
    impl WithSimd for Residue {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            // (1 + e)(1 + e) - (1 + 2e) is e², which a product that is rounded by itself loses.
            let factor = simd.splat_f32s(black_box(1.0 + f32::EPSILON));
            let rounded = simd.splat_f32s(black_box(-1.0 - 2.0 * f32::EPSILON));
            simd.reduce_sum_f32s(simd.mul_add_e_f32s(factor, factor, rounded))
        }
    }
    run(Residue) > 0.0
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    #[test]
    fn a_fused_sum_is_told_from_one_that_is_rounded_twice() {
        let has_fma = pulp::x86::V3::is_available();
        assert_eq!(super::fuses_multiply_add(), has_fma);
    }
}
