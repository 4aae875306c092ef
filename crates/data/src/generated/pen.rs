use tensor::random::Stream;

use crate::drawing::{CENTRE_PX, INK_BOX_PX};
use crate::{N_PIXELS, SIDE};

/// Inks a digit's lines: 20 pixels the longer side of the ink's box, its centre of mass in the middle, as in MNIST.
pub fn draw(mut lines: Vec<Vec<[f32; 2]>>, stream: &mut Stream) -> [u8; N_PIXELS] {
    let radius_px = 0.7 + 1.8 * stream.uniform() * stream.uniform_in(0.4, 1.0);
    let softness_px = stream.uniform_in(0.8, 1.3);
    // Pressure falls or rises along a stroke.
    let pressure = stream.uniform_in(-0.2, 0.2);
    let roughness_px = stream.uniform_in(0.0, 0.25);
    fit(&mut lines, INK_BOX_PX - 2.0 * radius_px);

    // How far each pixel lies inside the ink, in pixels; less than zero outside.
    let mut depth = [-SIDE_PX; N_PIXELS];
    for line in &lines {
        let last = (line.len() - 1) as f32;
        for (i, ends) in line.windows(2).enumerate() {
            let along = 2.0 * i as f32 / last - 1.0;
            ink(&mut depth, ends[0], ends[1], radius_px * (1.0 + pressure * along), softness_px);
        }
    }
    let picture = depth.map(|depth| {
        if depth <= -softness_px {
            return 0;
        }
        let rough = depth + roughness_px * (stream.uniform() - 0.5);
        (255.0 * (rough / softness_px + 0.5).clamp(0.0, 1.0) + 0.5) as u8
    });
    centre(&picture)
}

const SIDE_PX: f32 = SIDE as f32;

// Scales the lines so that their longer side takes `size_px`, around the middle of the picture.
fn fit(lines: &mut [Vec<[f32; 2]>], size_px: f32) {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in lines.iter().flatten() {
        for axis in 0..2 {
            low[axis] = low[axis].min(point[axis]);
            high[axis] = high[axis].max(point[axis]);
        }
    }
    let scale = size_px / (high[0] - low[0]).max(high[1] - low[1]);
    for point in lines.iter_mut().flatten() {
        for axis in 0..2 {
            point[axis] = (point[axis] - (low[axis] + high[axis]) / 2.0) * scale + SIDE_PX / 2.0;
        }
    }
}

// One straight piece of a line, with round ends.
fn ink(depth: &mut [f32; N_PIXELS], from: [f32; 2], to: [f32; 2], radius: f32, softness: f32) {
    let reach = radius + softness;
    let range = |axis: usize| {
        let low = (from[axis].min(to[axis]) - reach - 0.5).max(0.0) as usize;
        let high = (from[axis].max(to[axis]) + reach + 0.5).clamp(0.0, SIDE_PX) as usize;
        low..high
    };
    let (along_x, along_y) = (to[0] - from[0], to[1] - from[1]);
    let inverse = 1.0 / (along_x * along_x + along_y * along_y).max(1e-12);
    let columns = range(0);
    for y in range(1) {
        let to_y = y as f32 + 0.5 - from[1];
        for x in columns.clone() {
            let to_x = x as f32 + 0.5 - from[0];
            let share = ((to_x * along_x + to_y * along_y) * inverse).clamp(0.0, 1.0);
            let (off_x, off_y) = (to_x - share * along_x, to_y - share * along_y);
            let inside = radius - (off_x * off_x + off_y * off_y).sqrt();
            let pixel = &mut depth[y * SIDE + x];
            *pixel = pixel.max(inside);
        }
    }
}

// Moves the ink by whole pixels so that its centre of mass comes to the middle.
fn centre(picture: &[u8; N_PIXELS]) -> [u8; N_PIXELS] {
    let (mut mass, mut moment_y, mut moment_x) = (0, 0, 0);
    for (i, &pixel) in picture.iter().enumerate() {
        mass += u32::from(pixel);
        moment_y += u32::from(pixel) * (i / SIDE) as u32;
        moment_x += u32::from(pixel) * (i % SIDE) as u32;
    }
    // A pixel's own centre lies half a pixel after its edge.
    let shift = |moment: u32| (CENTRE_PX - 0.5 - moment as f32 / mass.max(1) as f32).round() as isize;
    let (down, right) = (shift(moment_y), shift(moment_x));
    let mut centred = [0; N_PIXELS];
    let side = SIDE as isize;
    for y in down.max(0)..side.min(side + down) {
        for x in right.max(0)..side.min(side + right) {
            centred[(y * side + x) as usize] = picture[((y - down) * side + x - right) as usize];
        }
    }
    centred
}
