//! Many points made fit for a few hundred pixels.

/// How much of the running mean a point leaves in place.
const KEEP: f64 = 0.9;

/// A series of training points, thinned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinned {
    /// The least and the greatest value of each interval, one after the other.
    pub raw: Vec<(f64, f64)>,
    /// The running mean at each interval's end.
    pub smooth: Vec<(f64, f64)>,
}

/// Thins points to `n_intervals`. The running mean starts without a bias towards zero, as Adam's means do.
pub fn thin(points: impl ExactSizeIterator<Item = (f64, f64)>, n_intervals: usize) -> Thinned {
    let per_interval = points.len().div_ceil(n_intervals.max(1)).max(1);
    let mut thinned = Thinned::default();
    let (mut sum, mut weight) = (0.0, 0.0);
    let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
    let n_points = points.len();
    for (i, (step, value)) in points.enumerate() {
        if value.is_finite() {
            (sum, weight) = (sum * KEEP + value, weight * KEEP + 1.0);
            (least, greatest) = (least.min(value), greatest.max(value));
        }
        if ((i + 1) % per_interval == 0 || i + 1 == n_points) && least.is_finite() {
            thinned.raw.push((step, least));
            if greatest > least {
                thinned.raw.push((step, greatest));
            }
            thinned.smooth.push((step, sum / weight));
            (least, greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        }
    }
    thinned
}

#[cfg(test)]
mod tests {
    use super::thin;

    #[test]
    fn thinning_keeps_the_extremes_of_every_interval() {
        let thinned = thin((0..1000).map(|i| (f64::from(i), if i == 567 { 9.0 } else { 1.0 })), 100);
        assert_eq!(thinned.smooth.len(), 100);
        assert!(thinned.raw.iter().any(|&(_, value)| value == 9.0));
    }

    #[test]
    fn the_running_mean_of_a_constant_is_the_constant_from_the_first_point_on() {
        let thinned = thin((0..50).map(|i| (f64::from(i), 2.5)), 100);
        assert!(thinned.smooth.iter().all(|&(_, value)| (value - 2.5).abs() < 1e-12));
    }

    #[test]
    fn a_loss_that_is_not_a_number_leaves_a_gap() {
        let thinned = thin([(1.0, 2.0), (2.0, f64::NAN), (3.0, 1.0)].into_iter(), 100);
        assert_eq!(thinned.smooth.len(), 2);
    }
}
