//! Pictures for the sample grid.

use crate::N_CLASSES;

/// Positions within a split of `per_class` pictures of each class, class by class from 0 to 9. `labels` are the whole
/// file's, `positions` the split's pictures in it. Each page shows the next ones, beginning again after the last; a
/// class with fewer than `per_class` pictures shows all that it has, none twice.
///
/// ```
/// let labels = [1, 0, 0, 1, 0];
/// let positions = [0, 2, 3, 4]; // labels 1, 0, 1, 0
/// assert_eq!(data::samples::class_balanced(&labels, &positions, 1, 0), [1, 0]);
/// assert_eq!(data::samples::class_balanced(&labels, &positions, 1, 1), [3, 2]);
/// ```
///
/// # Panics
/// Where a position is not among the labels.
pub fn class_balanced(labels: &[u8], positions: &[u32], per_class: usize, page: usize) -> Vec<usize> {
    let mut members = vec![Vec::new(); N_CLASSES];
    for (idx, &position) in positions.iter().enumerate() {
        members[usize::from(labels[position as usize])].push(idx);
    }
    let mut chosen = Vec::with_capacity(N_CLASSES * per_class.min(positions.len()));
    for members in members.iter().filter(|members| !members.is_empty()) {
        // The page may be any number; only where it falls in the round matters.
        let first = (page as u128 * per_class as u128 % members.len() as u128) as usize;
        chosen.extend(members.iter().cycle().skip(first).take(per_class.min(members.len())));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    // Thirty of each class, in turn; the split holds every other picture.
    fn labels() -> Vec<u8> {
        (0..300).map(|i| (i / 2 % 10) as u8).collect()
    }

    fn positions() -> Vec<u32> {
        (0..150).map(|i| 2 * i).collect()
    }

    #[test]
    fn each_class_is_shown_equally_often_and_in_order() {
        let shown: Vec<u8> = class_balanced(&labels(), &positions(), 4, 1)
            .into_iter()
            .map(|idx| labels()[positions()[idx] as usize])
            .collect();
        assert_eq!(shown, (0..10).flat_map(|class| [class; 4]).collect::<Vec<u8>>());
    }

    #[test]
    fn pages_follow_each_other_and_begin_again() {
        let page = |page| class_balanced(&labels(), &positions(), 5, page);
        let mut all = [page(0), page(1), page(2)].concat();
        all.sort_unstable();
        assert_eq!(all, (0..150).collect::<Vec<_>>(), "fifteen of each class make three pages");
        assert_eq!(page(3), page(0));
        assert_eq!(page(usize::MAX).len(), 50);
    }

    #[test]
    fn the_last_page_goes_on_with_the_first_pictures() {
        let labels = [3; 5];
        assert_eq!(class_balanced(&labels, &[0, 1, 2, 3, 4], 3, 1), [3, 4, 0]);
    }

    #[test]
    fn a_class_shows_none_twice_and_a_missing_class_nothing() {
        assert_eq!(class_balanced(&[8, 1, 8], &[0, 1, 2], 4, 0), [1, 0, 2]);
        assert!(class_balanced(&[], &[], 4, 7).is_empty());
        assert!(class_balanced(&[1], &[0], 0, 7).is_empty());
    }
}
