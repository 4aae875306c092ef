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
/// center of the 28x28 field". Here both happen in one resampling, so that nothing is blurred twice. As there, ink more
/// than half a picture away from its centre of mass falls outside; no digit has any.
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

#[cfg(test)]
mod tests {
    use super::*;

    // Ink from `top` to `bottom` and `left` to `right` on a square pad.
    fn block(side: usize, [top, bottom]: [usize; 2], [left, right]: [usize; 2]) -> Vec<u8> {
        let inside = |i: usize| (top..bottom).contains(&(i / side)) && (left..right).contains(&(i % side));
        (0..side * side).map(|i| if inside(i) { 255 } else { 0 }).collect()
    }

    fn centre_of_mass(picture: &[f32; N_PIXELS]) -> [f32; 2] {
        let mass: f32 = picture.iter().sum();
        let moment = |at: fn(usize) -> usize| -> f32 {
            picture.iter().enumerate().map(|(i, ink)| ink * (at(i) as f32 + 0.5)).sum()
        };
        [moment(|i| i / SIDE) / mass, moment(|i| i % SIDE) / mass]
    }

    // Rows and columns with ink beyond rounding.
    fn box_px(picture: &[f32; N_PIXELS]) -> [usize; 2] {
        let inked = |i: &usize| picture[*i] > 1e-3;
        let extent = |at: fn(usize) -> usize| {
            let ink = || (0..N_PIXELS).filter(inked).map(at);
            ink().max().unwrap_or(0) + 1 - ink().min().unwrap_or(0)
        };
        [extent(|i| i / SIDE), extent(|i| i % SIDE)]
    }

    #[test]
    fn a_blank_drawing_stays_blank_without_nan() {
        for side in [1, 28, 280] {
            let prepared = prepare(&vec![0; side * side], side, true).expect("it is square");
            assert!(prepared.blank);
            assert_eq!(prepared.before, [0.0; N_PIXELS]);
            assert_eq!(prepared.after, [0.0; N_PIXELS]);
            assert_eq!((prepared.shift, prepared.scale), ([0.0; 2], 1.0));
        }
    }

    #[test]
    fn ink_anywhere_is_centred_by_its_mass_and_twenty_pixels_long() {
        for (rows, columns) in
            [([10, 110], [20, 60]), ([200, 280], [0, 30]), ([100, 160], [0, 280]), ([3, 11], [7, 9])]
        {
            let prepared = prepare(&block(280, rows, columns), 280, true).expect("it is square");
            let [y, x] = centre_of_mass(&prepared.after);
            assert!((y - CENTRE_PX).abs() < 0.01 && (x - CENTRE_PX).abs() < 0.01, "{y}, {x}");
            // An edge within a pixel touches one pixel more.
            let longer = box_px(&prepared.after).into_iter().max().expect("two sides");
            assert!((20..=21).contains(&longer), "{longer}");
            let mass: f32 = prepared.after.iter().sum();
            let (height, width) = ((rows[1] - rows[0]) as f32, (columns[1] - columns[0]) as f32);
            let expected = 400.0 * height.min(width) / height.max(width);
            assert!((mass - expected).abs() < 0.01 * expected, "aspect is kept: {mass}, {expected}");
        }
    }

    #[test]
    fn shift_and_scale_say_what_was_done() {
        // 100 pixels of 280 are 10 of 28; the middle lies at (6, 4).
        let prepared = prepare(&block(280, [10, 110], [20, 60]), 280, true).expect("it is square");
        assert!((prepared.shift[0] - (CENTRE_PX - 6.0)).abs() < 1e-5, "{:?}", prepared.shift);
        assert!((prepared.shift[1] - (CENTRE_PX - 4.0)).abs() < 1e-5, "{:?}", prepared.shift);
        assert!((prepared.scale - 2.0).abs() < 1e-5, "{}", prepared.scale);
    }

    #[test]
    fn a_lopsided_drawing_is_centred_by_mass_and_not_by_its_box() {
        // A heavy foot under a thin stem.
        let mut pixels = block(280, [40, 240], [100, 120]);
        for (pixel, foot) in pixels.iter_mut().zip(block(280, [200, 240], [80, 160])) {
            *pixel = (*pixel).max(foot);
        }
        let prepared = prepare(&pixels, 280, true).expect("it is square");
        let [y, x] = centre_of_mass(&prepared.after);
        assert!((y - CENTRE_PX).abs() < 0.01 && (x - CENTRE_PX).abs() < 0.01, "{y}, {x}");
    }

    #[test]
    fn without_centring_the_drawing_only_becomes_smaller() {
        let prepared = prepare(&block(280, [10, 30], [20, 35]), 280, false).expect("it is square");
        assert_eq!(prepared.before, prepared.after);
        assert_eq!((prepared.shift, prepared.scale, prepared.blank), ([0.0; 2], 1.0, false));
        let row = &prepared.before[SIDE..SIDE + 5];
        assert!(row.iter().zip([0.0, 0.0, 1.0, 0.5, 0.0]).all(|(a, b)| (a - b).abs() < 1e-5), "{row:?}");
    }

    #[test]
    fn awkward_pads_give_numbers_from_zero_to_one() {
        for side in [1, 2, 27, 29, 281, 500] {
            let mut pixels = vec![0; side * side];
            pixels[side * side - 1] = 1;
            for centre in [false, true] {
                let prepared = prepare(&pixels, side, centre).expect("it is square");
                assert!(!prepared.blank);
                let ink = prepared.after.iter();
                assert!(ink.clone().all(|ink| (0.0..=1.0).contains(ink)), "side {side}");
                assert!(ink.sum::<f32>() > 0.0, "side {side}");
            }
        }
    }

    #[test]
    fn a_drawing_that_is_no_square_is_refused() {
        let error = prepare(&[0; 10], 3, true).unwrap_err();
        assert_eq!(error.to_string(), "a drawing of 3×3 pixels needs 9 bytes, but 10 were given");
        assert!(prepare(&[], 0, true).is_err());
        assert!(prepare(&[0], usize::MAX, true).is_err());
    }
}
