use crate::{N_PIXELS, SIDE};

/// Resamples a square picture to 28×28 by area: each result pixel is the mean, in 0..1, of what it covers. Result pixel
/// `i` covers the source from `origin + i·step` to `origin + (i + 1)·step`, in source pixels, along each axis
/// (`origin` is `[y, x]`); beyond the source there is no ink.
pub fn resample(pixels: &[u8], side: usize, origin: [f32; 2], step: f32) -> [f32; N_PIXELS] {
    // Rows first: [28, side]; then columns: [28, 28].
    let mut rows = vec![0.0; SIDE * side];
    for y in 0..SIDE {
        for_each_covered(origin[0], step, y, side, |source_y, weight| {
            let source = &pixels[source_y * side..(source_y + 1) * side];
            for (sum, &pixel) in rows[y * side..(y + 1) * side].iter_mut().zip(source) {
                *sum += weight * f32::from(pixel);
            }
        });
    }
    let mut result = [0.0; N_PIXELS];
    for x in 0..SIDE {
        for_each_covered(origin[1], step, x, side, |source_x, weight| {
            for y in 0..SIDE {
                result[y * SIDE + x] += weight * rows[y * side + source_x];
            }
        });
    }
    // Weights sum to 1 up to rounding only.
    result.map(|sum| (sum / 255.0).clamp(0.0, 1.0))
}

fn for_each_covered(origin: f32, step: f32, i: usize, side: usize, mut visit: impl FnMut(usize, f32)) {
    let from = origin + i as f32 * step;
    let to = origin + (i + 1) as f32 * step;
    let first = from.max(0.0) as usize;
    let end = (to.max(0.0).ceil() as usize).min(side);
    for source in first..end {
        let covered = to.min((source + 1) as f32) - from.max(source as f32);
        if covered > 0.0 {
            visit(source, covered / step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resampling_to_the_same_size_changes_nothing() {
        let pixels: Vec<u8> = (0..N_PIXELS).map(|i| (i * 37 % 256) as u8).collect();
        let result = resample(&pixels, SIDE, [0.0, 0.0], 1.0);
        for (got, &pixel) in result.iter().zip(&pixels) {
            assert!((got - f32::from(pixel) / 255.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_pixel_that_covers_parts_of_others_takes_their_shares() {
        // 42 pixels to 28: each result pixel covers one and a half.
        let mut pixels = vec![0; 42 * 42];
        pixels[0] = 255;
        let result = resample(&pixels, 42, [0.0, 0.0], 1.5);
        assert!((result[0] - 1.0 / 2.25).abs() < 1e-6, "{}", result[0]);
        pixels[0] = 0;
        pixels[1] = 255;
        let result = resample(&pixels, 42, [0.0, 0.0], 1.5);
        assert!((result[0] - 0.5 / 2.25).abs() < 1e-6, "{}", result[0]);
        assert!((result[1] - 0.5 / 2.25).abs() < 1e-6, "{}", result[1]);
    }

    #[test]
    fn beyond_the_source_there_is_no_ink() {
        let result = resample(&[255; 4], 2, [-13.0, -13.0], 1.0);
        assert_eq!(result.iter().sum::<f32>(), 4.0);
        assert_eq!(result[13 * SIDE + 13], 1.0);
        assert_eq!(result[12 * SIDE + 13], 0.0);
    }
}
