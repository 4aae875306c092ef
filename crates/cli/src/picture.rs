//! Reading a PNG file as ink on nothing, the way drawings come from the page's pad.

use std::io::BufReader;
use std::path::Path;

use clap::ValueEnum;
use eyre::{Result, WrapErr, ensure};

/// The longest side that is read.
const MOST_SIDE_PX: u32 = 4096;

/// Whether ink is dark on light paper, and has to be inverted: networks learn from light ink on dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Invert {
    /// Where the border is lighter than the middle grey
    Auto,
    /// Ink is dark on light
    Yes,
    /// Ink is light on dark
    No,
}

/// A square picture.
pub struct Picture {
    /// One byte a pixel, 255 is ink, `side`² of them.
    pub ink: Vec<u8>,
    /// Pixels along one side.
    pub side: usize,
    /// Whether ink was dark on light.
    pub inverted: bool,
    /// Whether that was found out from the border.
    pub detected: bool,
}

/// Reads a PNG file, grey or coloured, with or without transparency.
pub fn read(path: &Path, invert: Invert) -> Result<Picture> {
    let file = std::fs::File::open(path).wrap_err("it cannot be read")?;
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().wrap_err("it is not a PNG file that can be read")?;
    let (width, height) = reader.info().size();
    ensure!(
        width.max(height) <= MOST_SIDE_PX,
        "it has {width}×{height} pixels, but {MOST_SIDE_PX} on a side are the most"
    );
    let n_bytes = reader.output_buffer_size().ok_or_else(|| eyre::eyre!("it is too large"))?;
    let mut bytes = vec![0; n_bytes];
    let frame = reader.next_frame(&mut bytes).wrap_err("it is a damaged PNG file")?;
    bytes.truncate(frame.buffer_size());
    let grey = greys(&bytes, frame.color_type.samples());
    Ok(ink(&grey, width as usize, height as usize, invert))
}

/// Brightness, with what is transparent as white paper, or as black where all the rest is light.
fn greys(bytes: &[u8], n_samples: usize) -> Vec<u8> {
    let split = |pixel: &[u8]| match *pixel {
        [grey] => (f32::from(grey), 1.0),
        [grey, alpha] => (f32::from(grey), f32::from(alpha) / 255.0),
        [r, g, b] => (brightness([r, g, b]), 1.0),
        [r, g, b, alpha] => (brightness([r, g, b]), f32::from(alpha) / 255.0),
        _ => unreachable!("PNG pixels have one to four samples"),
    };
    let pixels: Vec<(f32, f32)> = bytes.chunks_exact(n_samples).map(split).collect();
    let opaque: f32 = pixels.iter().map(|(_, alpha)| alpha).sum();
    let bright: f32 = pixels.iter().map(|(grey, alpha)| grey * alpha).sum();
    let paper = if bright > 127.5 * opaque { 0.0 } else { 255.0 };
    pixels.iter().map(|(grey, alpha)| (grey * alpha + paper * (1.0 - alpha)).round() as u8).collect()
}

/// ITU-R BT.601's luma.
fn brightness([r, g, b]: [u8; 3]) -> f32 {
    0.299 * f32::from(r) + 0.587 * f32::from(g) + 0.114 * f32::from(b)
}

/// Ink without its paper, in the middle of a square.
fn ink(grey: &[u8], width: usize, height: usize, invert: Invert) -> Picture {
    let border = border_median(grey, width, height);
    let inverted = match invert {
        Invert::Auto => border > 127,
        Invert::Yes => true,
        Invert::No => false,
    };
    // Paper is seldom quite white or black, and what is not blank would count as ink.
    let of = |grey: u8| if inverted { border.saturating_sub(grey) } else { grey.saturating_sub(border) };
    let side = width.max(height);
    let (top, left) = ((side - height) / 2, (side - width) / 2);
    let mut ink = vec![0; side * side];
    for (row, pixels) in grey.chunks_exact(width).enumerate() {
        let start = (top + row) * side + left;
        for (ink, &grey) in ink[start..start + width].iter_mut().zip(pixels) {
            *ink = of(grey);
        }
    }
    Picture { ink, side, inverted, detected: invert == Invert::Auto }
}

fn border_median(grey: &[u8], width: usize, height: usize) -> u8 {
    let inside = |i: &usize| {
        let (y, x) = (i / width, i % width);
        (1..height.saturating_sub(1)).contains(&y) && (1..width.saturating_sub(1)).contains(&x)
    };
    let mut border: Vec<u8> = (0..grey.len()).filter(|i| !inside(i)).map(|i| grey[i]).collect();
    border.sort_unstable();
    border[border.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_ink_on_greyish_paper_becomes_ink_on_nothing_in_a_square() {
        let mut grey = vec![240; 5 * 3];
        grey[7] = 10;
        let picture = ink(&grey, 5, 3, Invert::Auto);
        assert!(picture.inverted && picture.detected);
        assert_eq!(picture.side, 5);
        // Row 1 of 3 is row 2 of 5.
        let expected: Vec<u8> = (0..25).map(|i| if i == 12 { 230 } else { 0 }).collect();
        assert_eq!(picture.ink, expected);
    }

    #[test]
    fn light_ink_on_black_stays_as_it_is_unless_asked() {
        let mut grey = vec![0; 9];
        grey[4] = 200;
        assert_eq!(ink(&grey, 3, 3, Invert::Auto).ink, grey);
        assert!(ink(&grey, 3, 3, Invert::Yes).ink.iter().all(|&ink| ink == 0));
    }

    #[test]
    fn transparency_is_paper_for_ink_of_either_kind() {
        assert_eq!(greys(&[0, 0, 0, 255, 9, 9, 9, 0], 4), [0, 255]);
        assert_eq!(greys(&[255, 255, 255, 255, 9, 9, 9, 0], 4), [255, 0]);
    }

    #[test]
    fn one_pixel_is_all_border() {
        assert_eq!(ink(&[77], 1, 1, Invert::Auto).ink, [0]);
    }
}
