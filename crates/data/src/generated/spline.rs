use super::skeleton::Point;

/// Steps from one point of a stroke to the next.
const N_STEPS: usize = 6;

/// A smooth line through a stroke's points, as a row of short straight ones.
///
/// Catmull and Rom's spline ("A class of local interpolating splines", 1974): the direction at a point is that from the
/// point before to the point after; at corners and ends, that of the line's own two points.
pub fn flatten(points: &[Point]) -> Vec<[f32; 2]> {
    let mut line = Vec::with_capacity((points.len() - 1) * N_STEPS + 1);
    line.push([points[0].x, points[0].y]);
    for i in 1..points.len() {
        let (from, to) = (points[i - 1], points[i]);
        let before = if i < 2 || from.corner { from } else { points[i - 2] };
        let after = if i + 1 == points.len() || to.corner { to } else { points[i + 1] };
        for step in 1..=N_STEPS {
            let t = step as f32 / N_STEPS as f32;
            let along = |before: f32, from: f32, to: f32, after: f32| {
                let (leaving, arriving) = ((to - before) / 2.0, (after - from) / 2.0);
                let rest = to - from;
                from + t
                    * (leaving
                        + t * (3.0 * rest - 2.0 * leaving - arriving + t * (leaving + arriving - 2.0 * rest)))
            };
            line.push([along(before.x, from.x, to.x, after.x), along(before.y, from.y, to.y, after.y)]);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(x: f32, y: f32, corner: bool) -> Point {
        Point { x, y, corner }
    }

    #[test]
    fn a_line_passes_through_every_point_of_its_stroke() {
        let stroke =
            [point(0.0, 0.0, false), point(0.5, 1.0, true), point(1.0, 0.0, false), point(2.0, 0.5, false)];
        let line = flatten(&stroke);
        for (i, point) in stroke.iter().enumerate() {
            let [x, y] = line[i * N_STEPS];
            assert!((x - point.x).abs() < 1e-6 && (y - point.y).abs() < 1e-6, "point {i}");
        }
    }

    #[test]
    fn a_smooth_point_is_rounded_and_a_corner_is_not() {
        let highest = |corner| {
            let stroke = [point(0.0, 0.0, false), point(1.0, 1.0, corner), point(3.0, 0.0, false)];
            flatten(&stroke).iter().map(|[_, y]| *y).fold(0.0, f32::max)
        };
        assert_eq!(highest(true), 1.0);
        let uneven =
            [point(0.0, 0.0, false), point(1.0, 1.0, false), point(2.0, 1.0, false), point(3.0, 0.0, false)];
        assert!(flatten(&uneven).iter().any(|[_, y]| *y > 1.05), "a rounded shoulder rises above its points");
    }
}
