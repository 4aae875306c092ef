use super::Palette;

/// How values become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Orange, surface, blue; symmetric around zero up to this size.
    Diverging(f32),
    /// One ramp from zero up to this value, for what is never negative.
    Sequential(f32),
}

impl Scale {
    /// The scale for values of this range.
    pub fn of([min, max]: [f32; 2]) -> Self {
        if min < 0.0 { Self::Diverging(max.max(-min)) } else { Self::Sequential(max) }
    }

    /// The scale for these values.
    pub fn of_values(values: &[f32]) -> Self {
        Self::of(range(values))
    }

    /// The least and the greatest value that it shows.
    pub fn range(self) -> [f32; 2] {
        match self {
            Self::Diverging(size) => [-size, size],
            Self::Sequential(most) => [0.0, most],
        }
    }

    /// A value's colour. What is not a number is magenta, which nothing else is.
    pub fn colour(self, value: f32, palette: &Palette) -> [u8; 3] {
        if !value.is_finite() {
            return [255, 0, 255];
        }
        match self {
            Self::Diverging(size) => {
                let part = if size > 0.0 { (value / size).clamp(-1.0, 1.0) } else { 0.0 };
                let end = if part < 0.0 { palette.negative } else { palette.positive };
                mix(palette.zero, end, part.abs())
            }
            Self::Sequential(most) => {
                let last = palette.ramp.len() - 1;
                let part = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 } * last as f32;
                let stop = (part as usize).min(last - 1);
                mix(palette.ramp[stop], palette.ramp[stop + 1], part - stop as f32)
            }
        }
    }
}

fn mix(from: [u8; 3], to: [u8; 3], part: f32) -> [u8; 3] {
    std::array::from_fn(|i| {
        (f32::from(from[i]) + (f32::from(to[i]) - f32::from(from[i])) * part).round() as u8
    })
}

/// The least and the greatest of the values; zeros where there is none.
fn range(values: &[f32]) -> [f32; 2] {
    let start = values.first().copied().unwrap_or(0.0);
    values.iter().fold([start; 2], |[min, max], &value| [min.min(value), max.max(value)])
}
