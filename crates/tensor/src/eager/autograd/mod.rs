//! The tape: what was computed from what, and the walk back that gives gradients.
//!
//! An operation whose inputs require a gradient is recorded with its gradient rule: the very rule that compiled steps
//! use, written down as a small graph over the operation's inputs, its output and the output's gradient. What that graph
//! reads is saved, nothing else. Walking back evaluates it by ordinary eager operations; where those are recorded in
//! turn ([`Backward::create_graph`]), second derivatives come out.

mod backward;
mod describe;
mod record;
mod tensor;

use std::cell::Cell;

pub use backward::{Backward, grad};
pub use describe::{GradFn, SavedValue, TapeInput, TapeNode, describe};
pub(super) use record::Meta;

thread_local! {
    static RECORDING: Cell<bool> = const { Cell::new(true) };
}

/// Whether operations are being recorded. PyTorch's `torch.is_grad_enabled`.
pub fn is_recording() -> bool {
    RECORDING.get()
}

/// Runs something without recording it. PyTorch's
/// [`torch.no_grad`](https://docs.pytorch.org/docs/stable/generated/torch.no_grad.html).
///
/// ```
/// use tensor::{Tensor, no_grad};
/// let weight = Tensor::from([1.0, 2.0]).with_grad()?;
/// assert!((&weight * 2.0)?.requires_grad());
/// assert!(!no_grad(|| &weight * 2.0)?.requires_grad());
/// # Ok::<(), tensor::TensorError>(())
/// ```
pub fn no_grad<T>(run: impl FnOnce() -> T) -> T {
    recording(false, run)
}

/// Runs something with recording switched on, inside [`no_grad`] too. PyTorch's `torch.enable_grad`.
pub fn enable_grad<T>(run: impl FnOnce() -> T) -> T {
    recording(true, run)
}

fn recording<T>(on: bool, run: impl FnOnce() -> T) -> T {
    /// Switches back even where `run` panics.
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            RECORDING.set(self.0);
        }
    }
    let _restore = Restore(RECORDING.replace(on));
    run()
}
