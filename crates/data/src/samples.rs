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
