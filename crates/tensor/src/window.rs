/// How a window slides over height and width, for convolutions and pooling alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Taps along height and width.
    pub kernel: [usize; 2],
    /// Cells between neighbouring windows.
    pub stride: [usize; 2],
    /// Cells put around the input.
    pub padding: [usize; 2],
    /// Cells between neighbouring taps.
    pub dilation: [usize; 2],
}

impl Window {
    /// A square window of stride 1 without padding.
    pub const fn square(kernel: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [1; 2], padding: [0; 2], dilation: [1; 2] }
    }

    /// The output's height and width, or `None` where the window does not fit.
    pub fn output(&self, input: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: usize| {
            let taps = self.kernel[axis].checked_sub(1)?;
            let room = input[axis] + 2 * self.padding[axis];
            let span = room.checked_sub(self.dilation[axis] * taps + 1)?;
            Some(span.checked_div(self.stride[axis])? + 1)
        };
        Some([along(0)?, along(1)?])
    }

    /// The number of taps.
    pub const fn n_taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
}
