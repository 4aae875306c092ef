//! Drawings from the pad, made to look as MNIST's digits do.

use crate::area::resample;
use crate::{DataError, N_PIXELS, SIDE};

/// The longer side of a centred drawing's ink box, as in MNIST.
pub const INK_BOX_PX: f32 = 20.0;

/// Where MNIST's digits have their centre of mass, from the upper left corner: in the middle of pixel 14 of 0 to 27,
/// as its files show, half a pixel down and right of the exact middle.
pub const CENTRE_PX: f32 = 14.5;

/// A drawing as a network receives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// The drawing made smaller and nothing else, 28×28 in 0..1.
    pub before: [f32; N_PIXELS],
    /// Centred as MNIST's digits are, 28×28 in 0..1; the same as `before` where centring was not asked for.
    pub after: [f32; N_PIXELS],
    /// Whether there is no ink at all.
    pub blank: bool,
    /// How far the centring moved the ink's centre of mass, in pixels of the 28×28 down and right.
    pub shift: [f32; 2],
    /// By how much the centring scaled the ink, seen from `before`.
    pub scale: f32,
}

/// Makes a square drawing (one byte a pixel, 255 is ink) into a picture for a network.
///
/// Centring follows LeCun, Cortes and Burges's page "The MNIST database of handwritten digits": the digits "were size
/// normalized to fit in a 20x20 pixel box while preserving their aspect ratio", anti-aliased, and "centered in a 28x28
/// image by computing the center of mass of the pixels, and translating the image so as to position this point at the
/// center of the 28x28 field". Here both happen in one resampling, so that nothing is blurred twice.
///
/// # Errors
/// Where there are not `side`² pixels, or none.
pub fn prepare(pixels: &[u8], side: usize, centre: bool) -> Result<Prepared, DataError> {
    if side == 0 || side.checked_mul(side) != Some(pixels.len()) {
        return Err(DataError::Drawing { side, n_pixels: pixels.len() });
    }
    // Source pixels per pixel of the 28×28.
    let step = side as f32 / SIDE as f32;
    let before = resample(pixels, side, [0.0, 0.0], step);
    let ink = Ink::of(pixels, side);
    let (Some(ink), true) = (&ink, centre) else {
        return Ok(Prepared { after: before, before, blank: ink.is_none(), shift: [0.0; 2], scale: 1.0 });
    };
    let centred_step = ink.longer_side / INK_BOX_PX;
    Ok(Prepared {
        before,
        after: resample(
            pixels,
            side,
            ink.centre.map(|centre| centre - CENTRE_PX * centred_step),
            centred_step,
        ),
        blank: false,
        shift: ink.centre.map(|centre| CENTRE_PX - centre / step),
        scale: step / centred_step,
    })
}

struct Ink {
    // [y, x] of the centre of mass, in source pixels from the upper left corner.
    centre: [f32; 2],
    longer_side: f32,
}

impl Ink {
    fn of(pixels: &[u8], side: usize) -> Option<Self> {
        let (mut top, mut left, mut bottom, mut right) = (side, side, 0, 0);
        // Whole numbers are exact: a drawing of 2,000 × 2,000 has a moment below 2⁴³.
        let (mut mass, mut moment_y, mut moment_x) = (0_u64, 0_u64, 0_u64);
        for (i, &pixel) in pixels.iter().enumerate().filter(|&(_, &pixel)| pixel > 0) {
            let (y, x) = (i / side, i % side);
            (top, bottom) = (top.min(y), bottom.max(y + 1));
            (left, right) = (left.min(x), right.max(x + 1));
            mass += u64::from(pixel);
            moment_y += u64::from(pixel) * y as u64;
            moment_x += u64::from(pixel) * x as u64;
        }
        // A pixel's own centre lies half a pixel after its edge.
        let mean = |moment: u64| (moment as f64 / mass as f64 + 0.5) as f32;
        (mass > 0).then(|| Self {
            centre: [mean(moment_y), mean(moment_x)],
            longer_side: (bottom - top).max(right - left) as f32,
        })
    }
}
