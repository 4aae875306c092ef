//! Convolutions of awkward shapes.

use tensor::Window;

/// A window, written briefly.
pub const fn window(
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
) -> Window {
    Window { kernel, stride, padding, dilation }
}

/// Batch, input channels, height, width, output channels; the window; groups.
pub const CONVOLUTIONS: &[([usize; 5], Window, usize)] = &[
    ([1, 1, 5, 5, 1], Window::square(3), 1),
    ([64, 1, 28, 28, 8], window([3, 3], [1, 1], [1, 1], [1, 1]), 1),
    ([17, 5, 5, 5, 33], window([3, 3], [1, 1], [1, 1], [1, 1]), 1),
    ([3, 3, 9, 7, 4], window([3, 3], [2, 2], [1, 1], [1, 1]), 1),
    ([2, 3, 8, 11, 5], window([3, 3], [3, 3], [1, 1], [1, 1]), 1),
    ([1, 2, 7, 9, 3], window([3, 5], [2, 1], [1, 2], [1, 1]), 1),
    ([2, 4, 11, 11, 6], window([3, 3], [1, 1], [2, 2], [2, 2]), 1),
    ([2, 3, 13, 9, 2], window([3, 2], [2, 3], [3, 0], [3, 2]), 1),
    ([2, 4, 10, 10, 10], window([3, 3], [2, 2], [1, 1], [1, 1]), 2),
    ([2, 6, 10, 10, 6], window([3, 3], [1, 1], [1, 1], [1, 1]), 6),
    ([2, 3, 6, 5, 15], window([3, 3], [1, 1], [1, 1], [1, 1]), 3),
    ([1, 4, 8, 8, 7], Window::square(1), 1),
    ([2, 2, 4, 4, 3], Window::square(4), 1),
    ([1, 1, 6, 6, 2], window([7, 7], [1, 1], [3, 3], [1, 1]), 1),
    // The stride passes over cells: some inputs are never looked at.
    ([2, 2, 9, 9, 3], window([2, 2], [4, 4], [0, 0], [1, 1]), 1),
];
