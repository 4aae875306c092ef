//! Random numbers by counting: every number is a function of (seed, purpose, step, position), so that any step can be
//! replayed without replaying those before it.
//!
//! The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", 2011),
//! which needs 32-bit arithmetic only and so gives the same numbers in WGSL.

/// What random numbers are for; numbers for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Purpose {
    /// Initial weights; the step is the parameter's position.
    Initialisation = 1,
    /// Which pictures are held back for validation.
    Split = 2,
    /// The order of an epoch's pictures; the step is the epoch.
    BatchOrder = 3,
    /// The built-in digits; the step is the picture's position.
    Digits = 4,
    /// Changes to training pictures; the step is the run's.
    Augmentation = 7,
    /// Tests and examples.
    Test = 5,
    /// Which elements a layer drops; the step is the training's, and the layer is part of the purpose's number.
    Dropout = 6,
    /// Eager tensors.
    Eager = 64,
}

/// A stream of random numbers.
///
/// ```
/// use tensor::random::{Purpose, Stream};
/// let mut a = Stream::new(0, Purpose::Test, 7);
/// let mut b = Stream::new(0, Purpose::Test, 7);
/// assert_eq!(a.next_u32(), b.next_u32());
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    key: [u32; 2],
    step: u64,
    purpose: u32,
    block: u32,
    ready: [u32; 4],
    n_ready: usize,
}

impl Stream {
    /// The stream of (seed, purpose, step), at its beginning.
    pub const fn new(seed: u64, purpose: Purpose, step: u64) -> Self {
        Self {
            key: [seed as u32, (seed >> 32) as u32],
            step,
            purpose: purpose as u32,
            block: 0,
            ready: [0; 4],
            n_ready: 0,
        }
    }

    /// 32 random bits.
    pub const fn next_u32(&mut self) -> u32 {
        if self.n_ready == 0 {
            let counter = [self.block, self.purpose, self.step as u32, (self.step >> 32) as u32];
            self.ready = philox(counter, self.key);
            self.block = self.block.wrapping_add(1);
            self.n_ready = 4;
        }
        self.n_ready -= 1;
        self.ready[3 - self.n_ready]
    }

    /// Uniform in `[0, 1)`, a multiple of 2⁻²⁴.
    pub const fn uniform(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in `[low, high)`, up to rounding.
    pub const fn uniform_in(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Standard normal, by Box and Muller's transform.
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f32::consts::TAU * self.uniform()).cos()
    }

    /// Uniform among `0..n`.
    ///
    /// # Panics
    /// Where `n` is zero.
    pub const fn below(&mut self, n: u32) -> u32 {
        assert!(n > 0, "there is no number below 0");
        ((self.next_u32() as u64 * n as u64) >> 32) as u32
    }

    /// A random order of `0..n`, by Fisher and Yates's shuffle.
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..n as u32).collect();
        for last in (1..n).rev() {
            order.swap(last, self.below(last as u32 + 1) as usize);
        }
        order
    }
}

/// Four elements' random bits in a layer's [dropout](crate::ops::Dropout), by its key.
pub(crate) const fn dropout_bits(key: &[u32], layer_idx: u32, block: u32) -> [u32; 4] {
    // The layer lies above all purposes' numbers.
    let purpose = Purpose::Dropout as u32 | layer_idx << 8;
    philox([block, purpose, key[2], key[3]], [key[0], key[1]])
}

const fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    let mut round = 0;
    while round < 10 {
        let a = 0xD251_1F53_u64 * counter[0] as u64;
        let b = 0xCD9E_8D57_u64 * counter[2] as u64;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
        key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        round += 1;
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn philox_gives_the_numbers_of_its_authors_test_vectors() {
        assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
        assert_eq!(
            philox([0xffff_ffff; 4], [0xffff_ffff; 2]),
            [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]
        );
    }

    #[test]
    fn purposes_and_steps_are_independent() {
        let first = |purpose, step| Stream::new(3, purpose, step).next_u32();
        assert_ne!(first(Purpose::Split, 0), first(Purpose::Digits, 0));
        assert_ne!(first(Purpose::Split, 0), first(Purpose::Split, 1));
    }

    #[test]
    fn a_permutation_holds_every_position_once() {
        let mut order = Stream::new(1, Purpose::BatchOrder, 0).permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn uniform_numbers_fill_the_unit_interval() {
        let mut stream = Stream::new(9, Purpose::Test, 0);
        let numbers: Vec<f32> = (0..10_000).map(|_| stream.uniform()).collect();
        let mean = numbers.iter().sum::<f32>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!(numbers.iter().all(|&x| (0.0..1.0).contains(&x)));
    }
}
