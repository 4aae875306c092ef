//! Changes to training pictures.

use tensor::random::{Purpose, Stream};

use crate::{N_PIXELS, SIDE};

/// Moves every picture of a batch, `[n, 28, 28]`, by up to `most` pixels up or down and left or right, in place; what comes
/// in is black. Each picture's move depends on the seed, the step and its place in the batch alone.
///
/// ```
/// let mut pictures = vec![1.0; 2 * data::N_PIXELS];
/// data::augment::shift(&mut pictures, 2, 0, 0);
/// assert!(pictures.contains(&0.0));
/// ```
pub fn shift(pictures: &mut [f32], most: usize, seed: u64, step: u64) {
    if most == 0 {
        return;
    }
    for (picture, [down, right]) in pictures.chunks_exact_mut(N_PIXELS).zip(moves(most, seed, step)) {
        move_picture(picture, down, right);
    }
}

/// How far [`shift`] moves each picture of a batch: down, and to the right.
pub fn moves(most: usize, seed: u64, step: u64) -> impl Iterator<Item = [isize; 2]> {
    let mut stream = Stream::new(seed, Purpose::Augmentation, step);
    let span = 2 * most as u32 + 1;
    let mut offset = move || (stream.next_u32() % span) as isize - most as isize;
    std::iter::repeat_with(move || {
        let down = offset();
        [down, offset()]
    })
}

/// Rows in an order in which none is overwritten before it is read.
fn move_picture(picture: &mut [f32], down: isize, right: isize) {
    let side = SIDE as isize;
    let width = (side - right.abs()).max(0) as usize;
    let (from, to) = ((-right).max(0) as usize, right.max(0) as usize);
    for idx in 0..side {
        let row = if down > 0 { side - 1 - idx } else { idx };
        let source = row - down;
        let start = row as usize * SIDE;
        if (0..side).contains(&source) && width > 0 {
            let first = source as usize * SIDE + from;
            picture.copy_within(first..first + width, start + to);
            picture[start..start + to].fill(0.0);
            picture[start + to + width..start + SIDE].fill(0.0);
        } else {
            picture[start..start + SIDE].fill(0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Vec<f32> {
        (1..=N_PIXELS).map(|idx| idx as f32).collect()
    }

    #[test]
    fn every_pixel_lands_where_the_move_says_and_the_rest_is_black() {
        for (down, right) in [(0, 0), (2, 1), (-2, 3), (1, -3), (-1, -1), (28, 0), (0, -28), (30, 30)] {
            let (before, mut after) = (picture(), picture());
            move_picture(&mut after, down, right);
            for row in 0..SIDE as isize {
                for column in 0..SIDE as isize {
                    let (y, x) = (row - down, column - right);
                    let inside = (0..SIDE as isize).contains(&y) && (0..SIDE as isize).contains(&x);
                    let expected = if inside { before[y as usize * SIDE + x as usize] } else { 0.0 };
                    assert_eq!(after[row as usize * SIDE + column as usize], expected, "{down}, {right}");
                }
            }
        }
    }

    #[test]
    fn a_step_has_moves_of_its_own_and_the_same_every_time() {
        let shifted = |seed, step| {
            let mut pictures = [picture(), picture(), picture(), picture()].concat();
            shift(&mut pictures, 2, seed, step);
            pictures
        };
        assert_eq!(shifted(1, 5), shifted(1, 5));
        assert_ne!(shifted(1, 5), shifted(1, 6));
        assert_ne!(shifted(1, 5), shifted(2, 5));
    }
}
