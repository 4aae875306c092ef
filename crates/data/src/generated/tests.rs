use super::*;
use crate::drawing::{CENTRE_PX, INK_BOX_PX};
use crate::{SIDE, mnist};

// The position, counted from 0, of the first and the last of 28 lines with ink.
fn extent(lines: impl Iterator<Item = u32>) -> (usize, usize) {
    let inked: Vec<usize> = lines.enumerate().filter(|&(_, ink)| ink > 0).map(|(i, _)| i).collect();
    (inked[0], inked[inked.len() - 1])
}

fn rows(picture: &[u8]) -> impl Iterator<Item = u32> {
    picture.chunks(SIDE).map(|row| row.iter().copied().map(u32::from).sum())
}

fn columns(picture: &[u8]) -> impl Iterator<Item = u32> {
    (0..SIDE).map(|x| picture.iter().skip(x).step_by(SIDE).copied().map(u32::from).sum())
}

fn centre(lines: impl Iterator<Item = u32>) -> f32 {
    let (mass, moment) =
        lines.enumerate().fold((0, 0), |(mass, moment), (i, ink)| (mass + ink, moment + i as u32 * ink));
    moment as f32 / mass as f32 + 0.5
}

#[test]
fn a_digit_depends_on_the_seed_and_the_index_alone() {
    let forwards: Vec<_> = (0..50).map(|index| digit(3, index)).collect();
    for index in (0..50).rev() {
        assert!(digit(3, index) == forwards[index as usize], "digit {index}");
        assert!(digit(4, index) != forwards[index as usize], "digit {index}");
        assert!(digit(3, index + 10) != forwards[index as usize], "digit {index}");
    }
}

#[test]
fn digits_are_the_same_on_every_machine() {
    // Computed in WebAssembly and on x86-64; it changes only with the digits themselves.
    let pixels: Vec<u8> = (0..200).flat_map(|index| digit(0, index).0).collect();
    assert_eq!(mnist::sha256(&pixels), "004924a2c33e3eb026787fd8a38d0b8ff66e3783429f92c150aae76a2762a169");
}

#[test]
fn digits_are_centred_by_mass_as_mnists_are() {
    for index in 0..2_000 {
        let (picture, label) = digit(1, index);
        let (y, x) = (centre(rows(&picture)), centre(columns(&picture)));
        // Ink is moved by whole pixels, and a long tail may lose its tip at the edge.
        let near = |at: f32| (at - CENTRE_PX).abs() <= 0.6;
        assert!(near(y) && near(x), "digit {index}, a {label}: {y}, {x}");
    }
}

#[test]
fn the_longer_side_of_the_ink_is_about_twenty_pixels() {
    let mut longer_px = [0; SIDE + 1];
    for index in 0..2_000 {
        let (picture, _) = digit(1, index);
        let ((top, bottom), (left, right)) = (extent(rows(&picture)), extent(columns(&picture)));
        longer_px[(bottom + 1 - top).max(right + 1 - left)] += 1;
    }
    // Soft edges and pressure make a pixel more or less at either end.
    let usual: usize = longer_px[INK_BOX_PX as usize - 2..=INK_BOX_PX as usize + 2].iter().sum();
    assert!(usual >= 1_990, "{longer_px:?}");
}

#[test]
fn digits_have_clear_ink_and_mostly_paper() {
    for index in 0..2_000 {
        let (picture, label) = digit(2, index);
        let inked = picture.iter().filter(|&&pixel| pixel > 127).count();
        assert!((20..300).contains(&inked), "digit {index}, a {label}: {inked} pixels of ink");
        assert!(picture.iter().any(|&pixel| pixel > 200), "digit {index}, a {label}");
    }
}

#[test]
fn the_nearest_of_a_thousand_digits_is_mostly_of_the_same_class() {
    let known: Vec<_> = (0..1_000).map(|index| digit(0, index)).collect();
    let distance = |a: &[u8; N_PIXELS], b: &[u8; N_PIXELS]| -> u32 {
        a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let read = |picture: &[u8; N_PIXELS]| {
        known.iter().min_by_key(|(pixels, _)| distance(pixels, picture)).map(|(_, label)| *label)
    };
    let right = (1_000..1_300)
        .map(|index| digit(0, index))
        .filter(|(pixels, label)| read(pixels) == Some(*label))
        .count();
    // By chance it would be 30; were all of a class alike, 300.
    assert!((210..300).contains(&right), "{right} of 300");
}

#[test]
fn the_data_set_has_every_class_equally_often_in_both_parts() {
    let dataset = dataset(0);
    for (part, n) in [(&dataset.training, N_TRAINING), (&dataset.test, N_TEST)] {
        assert_eq!((part.images.n(), part.labels.len()), (n, n));
        for class in 0..10 {
            assert_eq!(part.labels.iter().filter(|&&label| label == class).count(), n / 10);
        }
    }
    assert!(!dataset.verified_mnist);
    assert!(dataset.test.images.get(0) == digit(0, N_TRAINING as u64).0);
}

#[test]
fn a_digit_is_the_same_in_data_sets_of_any_size() {
    let (small, large) = (digits(7, 35, 12), digits(7, 40, 0));
    assert_eq!(small.training.images.get(34), large.training.images.get(34));
    assert_eq!(small.test.images.get(0), large.training.images.get(35));
    assert_eq!(small.test.labels[0], 5);
}
