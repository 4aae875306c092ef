/// The pad's side.
pub const SIDE_PX: u32 = 280;
/// The brush's diameter.
pub const BRUSH_PX: f64 = 28.0;

/// What has been drawn: lines of points, in the pad's pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Strokes {
    lines: Vec<Vec<[f64; 2]>>,
}

impl Strokes {
    /// Starts a line at a point.
    pub fn start(&mut self, point: [f64; 2]) {
        self.lines.push(vec![point]);
    }

    /// Goes on with the last line.
    pub fn extend(&mut self, point: [f64; 2]) {
        if let Some(line) = self.lines.last_mut() {
            line.push(point);
        }
    }

    /// Takes the last line back.
    pub fn undo(&mut self) {
        self.lines.pop();
    }

    /// Takes all lines back.
    pub fn clear(&mut self) {
        self.lines.clear();
    }

    /// Whether nothing has been drawn.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, first to last.
    pub fn lines(&self) -> &[Vec<[f64; 2]>] {
        &self.lines
    }
}
