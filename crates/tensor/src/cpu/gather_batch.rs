use super::{Read, Write};
use crate::plan::PICK_LEN;

/// A batch's pictures and labels out of a whole data set's; see [`Plan::gathering`](crate::Plan::gathering). A picture that
/// the data set does not have is black, and its label no class.
pub(super) fn run(reads: &[Read<'_>], writes: &mut [Write<'_>]) {
    let [pixels, labels, picks] = [0, 1, 2].map(|idx| reads[idx].data);
    let [images, batch_labels] = writes else { unreachable!("the plan writes images and labels") };
    let &[_, channels, height, width] = images.shape else { unreachable!("the plan checked the rank") };
    let pixels: &[u8] = bytemuck::cast_slice(pixels);
    let n_pixels = channels * height * width;
    let picked = images.data.chunks_exact_mut(n_pixels).zip(&mut *batch_labels.data);
    for ((image, batch_label), pick) in picked.zip(picks.chunks_exact(PICK_LEN)) {
        let [position, down, right] = [0, 1, 2].map(|idx| pick[idx].to_bits());
        let position = position as usize;
        let Some(label) = labels.get(position) else {
            image.fill(0.0);
            *batch_label = f32::from_bits(u32::MAX);
            continue;
        };
        *batch_label = *label;
        for (row_idx, row) in image.chunks_exact_mut(width).enumerate() {
            let (channel, y) = (row_idx / height, row_idx % height);
            // Above the picture positions wrap around to a huge number: one comparison serves both ends.
            let source_y = (y as u32).wrapping_sub(down) as usize;
            let first = position * n_pixels + (channel * height + source_y.min(height - 1)) * width;
            for (x, number) in row.iter_mut().enumerate() {
                let source_x = (x as u32).wrapping_sub(right) as usize;
                let inside = source_y < height && source_x < width;
                *number = if inside { f32::from(pixels[first + source_x]) / 255.0 } else { 0.0 };
            }
        }
    }
}
