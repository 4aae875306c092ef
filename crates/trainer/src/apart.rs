//! Functions that stay functions.

use std::pin::Pin;

/// A future whose code is not made part of whoever awaits it, at the price of an allocation.
///
/// A browser runs what it has compiled in a hurry, and compiles a function again, with care and as a whole, when it has run
/// for long; the longer the code that a loop goes through, the sooner. All that the page's worker does is awaited in one loop: as
/// one function that had 74 KB, and to compile it kept a core from the first training steps for 270 ms.
#[inline(never)]
pub fn apart<'a, T>(future: impl Future<Output = T> + 'a) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(future)
}
