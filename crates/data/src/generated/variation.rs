use tensor::random::Stream;

use super::skeleton::Stroke;
use super::spline::flatten;

/// How far a hand misses a point, in digit heights: the least and the most of a writer's standard deviations.
const JITTER: [f32; 2] = [0.01, 0.045];

/// The lines of a digit as one hand writes it once: points missed a little, then the whole bent, narrowed or widened,
/// slanted and turned.
pub fn vary(strokes: &[Stroke], stream: &mut Stream) -> Vec<Vec<[f32; 2]>> {
    let jitter = stream.uniform_in(JITTER[0], JITTER[1]);
    let hand = Hand::new(stream);
    strokes
        .iter()
        .map(|stroke| {
            let mut stroke = stroke.clone();
            // A whole stroke is misplaced as well as each of its points.
            let miss = [0.6 * jitter * normal(stream), 0.6 * jitter * normal(stream)];
            for point in &mut stroke {
                point.x += miss[0] + jitter * normal(stream);
                point.y += miss[1] + jitter * normal(stream);
            }
            flatten(&stroke).into_iter().map(|point| hand.write(point)).collect()
        })
        .collect()
}

struct Hand {
    width: f32,
    slant: f32,
    // The cosine and the sine of the angle by which the paper lies turned.
    turn: [f32; 2],
    bend: [f32; 2],
    top_heavy: f32,
    taper: f32,
}

impl Hand {
    fn new(stream: &mut Stream) -> Self {
        // From the tangent of half the angle, because machines differ in how they round sines.
        let half = 0.09 * normal(stream);
        let norm = 1.0 + half * half;
        Self {
            width: stream.uniform_in(0.6, 1.6),
            slant: 0.14 + 0.24 * normal(stream),
            turn: [(1.0 - half * half) / norm, 2.0 * half / norm],
            bend: [0.12 * normal(stream), 0.12 * normal(stream)],
            top_heavy: 0.15 * normal(stream),
            taper: 0.15 * normal(stream),
        }
    }

    fn write(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        // From the digit's middle, half its height as the unit.
        let (x, y) = ((x - 0.3) * 2.0, (y - 0.5) * 2.0);
        let bent_x = self.width * x * (1.0 + self.taper * y) + self.bend[0] * y * y;
        let bent_y = y + self.bend[1] * x * x + self.top_heavy * (1.0 - y * y);
        let slanted_x = bent_x - self.slant * bent_y;
        let [cos, sin] = self.turn;
        [cos * slanted_x - sin * bent_y, sin * slanted_x + cos * bent_y]
    }
}

// Nearly normal, with no tails beyond 3: the sum of three uniform numbers, which every machine rounds alike.
fn normal(stream: &mut Stream) -> f32 {
    2.0 * (stream.uniform() + stream.uniform() + stream.uniform()) - 3.0
}
