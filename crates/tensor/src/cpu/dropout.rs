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

#[cfg(test)]
mod tests {
    use super::*;

    fn dropped(layer_idx: u32, step: u64, first: usize, n_pictures: usize) -> Vec<bool> {
        let key = Dropout::key(9, step, first);
        let (input, mut out) = (vec![1.0; 50 * n_pictures], vec![9.0; 50 * n_pictures]);
        let read = Read { data: &input, shape: &[n_pictures, 50] };
        run(Dropout { p: 0.25, layer_idx }, read, bytemuck::cast_slice(&key), &mut out);
        assert!(out.iter().all(|&x| x == 0.0 || (x - 4.0 / 3.0).abs() < 1e-6), "{out:?}");
        out.into_iter().map(|x| x == 0.0).collect()
    }

    #[test]
    fn layers_and_steps_drop_independently_and_each_its_share() {
        let sets = [dropped(0, 0, 0, 40), dropped(1, 0, 0, 40), dropped(0, 1, 0, 40)];
        for (idx, set) in sets.iter().enumerate() {
            let share = set.iter().filter(|dropped| **dropped).count() as f64 / 2000.0;
            assert!((share - 0.25).abs() < 0.04, "four standard errors: {share}");
            for other in &sets[..idx] {
                let both = set.iter().zip(other).filter(|(a, b)| **a && **b).count() as f64 / 2000.0;
                assert!((both - 0.0625).abs() < 0.022, "four standard errors: {both}");
            }
        }
    }

    #[test]
    fn a_part_of_a_batch_drops_what_it_would_drop_in_the_whole() {
        let whole = dropped(3, 7, 0, 6);
        assert_eq!(dropped(3, 7, 2, 3), whole[100..250]);
    }
}
