use std::sync::LazyLock;

use tensor::random::Stream;

use super::skeletons::{SKELETONS, Way};

/// A point that a stroke goes through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right, where a digit is 1 high.
    pub x: f32,
    /// Down.
    pub y: f32,
    /// Whether the stroke turns sharply here.
    pub corner: bool,
}

/// The points between two liftings of the pen.
pub type Stroke = Vec<Point>;

// One way of writing a digit: key shapes of the same strokes, between which a digit lies.
struct Style {
    weight: u32,
    shapes: Vec<Vec<Stroke>>,
}

static STYLES: LazyLock<[Vec<Style>; 10]> =
    LazyLock::new(|| SKELETONS.map(|ways| ways.iter().map(parse).collect()));

fn parse(way: &Way) -> Style {
    let point = |text: &str| {
        let corner = text.ends_with('!');
        let (x, y) = text.trim_end_matches('!').split_once(',').expect("a point is x,y");
        let number =
            |text: &str| f32::from(text.parse::<i16>().expect("a coordinate is a whole number")) / 100.0;
        Point { x: number(x), y: number(y), corner }
    };
    let stroke = |text: &str| text.split_whitespace().map(point).collect();
    let shape = |text: &&str| text.split('/').map(stroke).collect();
    Style { weight: way.weight, shapes: way.shapes.iter().map(shape).collect() }
}

/// A way of writing a digit, between two of its key shapes or a little beyond one.
pub fn choose(label: u8, stream: &mut Stream) -> Vec<Stroke> {
    let styles = &STYLES[usize::from(label)];
    let mut left = stream.below(styles.iter().map(|style| style.weight).sum());
    let style = styles.iter().find(|style| {
        let found = left < style.weight;
        left = left.saturating_sub(style.weight);
        found
    });
    let shapes = &style.expect("the weights cover every draw").shapes;
    let a = &shapes[stream.below(shapes.len() as u32) as usize];
    let b = &shapes[stream.below(shapes.len() as u32) as usize];
    let share = stream.uniform_in(-0.1, 1.1);
    let blend = |(a, b): (&Point, &Point)| Point {
        x: a.x + share * (b.x - a.x),
        y: a.y + share * (b.y - a.y),
        corner: a.corner,
    };
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(blend).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_shapes_of_a_way_have_the_same_strokes_points_and_corners() {
        for (label, styles) in STYLES.iter().enumerate() {
            for (way, style) in styles.iter().enumerate() {
                let plan = |shape: &Vec<Stroke>| -> Vec<Vec<bool>> {
                    shape.iter().map(|stroke| stroke.iter().map(|point| point.corner).collect()).collect()
                };
                for shape in &style.shapes {
                    assert_eq!(plan(shape), plan(&style.shapes[0]), "digit {label}, way {way}");
                    assert!(shape.iter().all(|stroke| stroke.len() >= 2), "digit {label}, way {way}");
                }
            }
        }
    }

    #[test]
    fn every_way_of_writing_a_digit_is_chosen() {
        use tensor::random::Purpose;
        for label in 0..10 {
            let ways = STYLES[usize::from(label)].len();
            let mut plans: Vec<Vec<usize>> = (0..2_000)
                .map(|step| {
                    choose(label, &mut Stream::new(0, Purpose::Test, step)).iter().map(Vec::len).collect()
                })
                .collect();
            plans.sort_unstable();
            plans.dedup();
            let mut known: Vec<Vec<usize>> = STYLES[usize::from(label)]
                .iter()
                .map(|style| style.shapes[0].iter().map(Vec::len).collect())
                .collect();
            known.sort_unstable();
            known.dedup();
            assert_eq!(plans, known, "digit {label} has {ways} ways");
        }
    }
}
