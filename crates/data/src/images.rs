//! Pictures: bytes that came from somewhere, or pictures that are drawn when somebody looks at them.

use std::sync::OnceLock;

use crate::N_PIXELS;

/// Pictures of 28×28 pixels, one byte each, 255 is ink.
#[derive(Clone, Debug)]
pub struct Images(Store);

#[derive(Clone, Debug)]
enum Store {
    Bytes(Vec<u8>),
    Drawn(Drawn),
}

/// What draws one of many pictures: a function of the seed and the picture's index alone, so that it does not matter when
/// it is called.
pub(crate) type Draw = fn(seed: u64, index: u64) -> [u8; N_PIXELS];

#[derive(Clone)]
struct Drawn {
    draw: Draw,
    seed: u64,
    /// The index of the first picture.
    first: u64,
    pictures: Vec<OnceLock<Box<[u8; N_PIXELS]>>>,
    /// Where [`Images::draw_ahead`] goes on.
    ahead: usize,
}

impl Images {
    /// Pictures one after another, each row by row.
    ///
    /// # Panics
    /// Where `pixels` is not a multiple of 784 long.
    pub fn new(pixels: Vec<u8>) -> Self {
        assert_eq!(pixels.len() % N_PIXELS, 0, "pictures have {N_PIXELS} pixels each");
        Self(Store::Bytes(pixels))
    }

    /// The `n` pictures from index `first` on, each drawn when it is first looked at.
    pub(crate) fn drawn(draw: Draw, seed: u64, first: u64, n: usize) -> Self {
        let pictures = std::iter::repeat_with(OnceLock::new).take(n).collect();
        Self(Store::Drawn(Drawn { draw, seed, first, pictures, ahead: 0 }))
    }

    /// How many.
    pub const fn n(&self) -> usize {
        match &self.0 {
            Store::Bytes(pixels) => pixels.len() / N_PIXELS,
            Store::Drawn(drawn) => drawn.pictures.len(),
        }
    }

    /// One picture's 784 pixels.
    ///
    /// # Panics
    /// Where `idx` is not below [`n`](Self::n).
    pub fn get(&self, idx: usize) -> &[u8] {
        match &self.0 {
            Store::Bytes(pixels) => &pixels[idx * N_PIXELS..(idx + 1) * N_PIXELS],
            Store::Drawn(drawn) => drawn.get(idx),
        }
    }

    /// All pictures, one after another, where they are there as bytes.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Store::Bytes(pixels) => Some(pixels),
            Store::Drawn(_) => None,
        }
    }

    /// Draws up to `n` pictures that nobody has looked at yet; whether there may be more.
    pub fn draw_ahead(&mut self, n: usize) -> bool {
        let Store::Drawn(drawn) = &mut self.0 else { return false };
        let end = drawn.pictures.len().min(drawn.ahead + n);
        for idx in drawn.ahead..end {
            drawn.get(idx);
        }
        drawn.ahead = end;
        end < drawn.pictures.len()
    }
}

impl Drawn {
    fn get(&self, idx: usize) -> &[u8] {
        let draw = || Box::new((self.draw)(self.seed, self.first + idx as u64));
        self.pictures[idx].get_or_init(draw).as_slice()
    }
}

impl std::fmt::Debug for Drawn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { seed, first, pictures, .. } = self;
        formatter
            .debug_struct("Drawn")
            .field("seed", seed)
            .field("first", first)
            .field("n", &pictures.len())
            .finish()
    }
}

impl Default for Images {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// The same pictures, wherever they come from.
impl PartialEq for Images {
    fn eq(&self, other: &Self) -> bool {
        self.n() == other.n() && (0..self.n()).all(|idx| self.get(idx) == other.get(idx))
    }
}

impl Eq for Images {}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(seed: u64, index: u64) -> [u8; N_PIXELS] {
        [(10 * seed + index) as u8; N_PIXELS]
    }

    #[test]
    fn pictures_are_the_same_in_whatever_order_they_are_drawn() {
        let mut images = Images::drawn(draw, 2, 5, 4);
        assert_eq!(images.get(3), [28; N_PIXELS]);
        assert!(images.draw_ahead(3));
        assert!(!images.draw_ahead(3));
        let bytes: Vec<u8> = (25..29).flat_map(|ink| [ink; N_PIXELS]).collect();
        let bytes = Images::new(bytes);
        assert_eq!(images, bytes);
        assert_eq!((images.bytes(), bytes.bytes().map(<[u8]>::len)), (None, Some(4 * N_PIXELS)));
        assert_ne!(images, Images::drawn(draw, 2, 6, 4));
    }

    #[test]
    fn nothing_is_drawn_ahead_of_bytes() {
        assert!(!Images::new(vec![0; 2 * N_PIXELS]).draw_ahead(1));
    }
}
