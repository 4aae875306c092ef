//! Dropout: the elements that a step's random bits choose become zero.

use super::kernels::Read;
use crate::ops::Dropout;
use crate::random::dropout_bits;

pub(super) fn run(dropout: Dropout, input: Read<'_>, key: &[f32], out: &mut [f32]) {
    let key: &[u32] = bytemuck::cast_slice(key);
    let (threshold, scale) = (dropout.threshold(), dropout.scale());
    let per_picture = input.data.len() / input.shape[0].max(1);
    // The position among all of the batch's elements, of which these may be a shard.
    let first = key[4].wrapping_mul(per_picture as u32);
    let mut bits = [0; 4];
    for (idx, (out, x)) in out.iter_mut().zip(input.data).enumerate() {
        let position = first.wrapping_add(idx as u32);
        if idx == 0 || position.is_multiple_of(4) {
            bits = dropout_bits(key, dropout.layer_idx, position / 4);
        }
        let dropped = bits[(position % 4) as usize] >> 8 < threshold;
        *out = if dropped { 0.0 } else { scale * x };
    }
}
