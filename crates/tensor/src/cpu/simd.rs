//! Which registers a kernel is run with.
//!
//! Natively a kernel has to be one function, for the processor's registers are known in that function alone. Where they are known
//! to the whole program, as in WebAssembly, a kernel and its parts that run for long are functions of their own: a browser
//! compiles a function with care only as a whole, and until it has done so the function is slow. The gradients of a block's
//! weight took a core 160 ms as one function of 34 KB.

use pulp::WithSimd;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128", not(target_feature = "relaxed-simd")))]
use pulp::wasm::Simd128 as Registers;
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
    pulp::Simd::vectorize(simd, kernel)
}
