//! Pooling, with PyTorch's arguments but for `dilation`, `divisor_override` and `return_indices`.

use tensor::{Tensor, TensorError, Window};

use super::layers::window;
use crate::layers::Pair;

/// The further arguments of pooling, named as PyTorch names them.
///
/// ```
/// use nn::functional::{Pool, avg_pool2d_with};
/// use tensor::Tensor;
/// let pool = Pool { ceil_mode: true, ..Pool::default() };
/// let means = avg_pool2d_with(&Tensor::from([[[1.0, 2.0, 5.0]]]), [1, 2], &pool)?;
/// assert_eq!(means.to_vec::<f32>()?, [1.5, 5.0], "the last window has one cell");
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// Cells between neighbouring windows; the window's own size where there is none.
    pub stride: Option<Pair>,
    /// Cells put around the input, at most half the window.
    pub padding: Pair,
    /// Whether a last window that does not fit is taken too, where it begins inside.
    pub ceil_mode: bool,
    /// Whether the zeros put around count towards a mean.
    pub count_include_pad: bool,
}

impl Default for Pool {
    /// As in PyTorch: windows side by side, no padding, whole windows only, and zeros that count.
    fn default() -> Self {
        Self { stride: None, padding: 0.into(), ceil_mode: false, count_include_pad: true }
    }
}

/// The largest of each window, as
/// [`torch.nn.functional.max_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html);
/// the stride is most often the kernel's size. [`max_pool2d_with`] has further arguments.
///
/// # Shapes
/// `[batch, channels, height, width]` to `[batch, channels, out_height, out_width]`, or both without a batch.
///
/// # Errors
/// [`TensorError::Shapes`], [`TensorError::DType`].
pub fn max_pool2d(
    input: &Tensor,
    kernel_size: impl Into<Pair>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
) -> Result<Tensor, TensorError> {
    input.max_pool2d(window(kernel_size, stride, padding))
}

/// The mean of each window, padding zeros counted, as
/// [`torch.nn.functional.avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html);
/// shapes as [`max_pool2d`]. [`avg_pool2d_with`] has further arguments.
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d(
    input: &Tensor,
    kernel_size: impl Into<Pair>,
    stride: impl Into<Pair>,
    padding: impl Into<Pair>,
) -> Result<Tensor, TensorError> {
    input.avg_pool2d(window(kernel_size, stride, padding))
}

/// [`max_pool2d`] with further arguments.
///
/// # Errors
/// As [`max_pool2d`].
pub fn max_pool2d_with(
    input: &Tensor,
    kernel_size: impl Into<Pair>,
    pool: &Pool,
) -> Result<Tensor, TensorError> {
    let window = pool.window(kernel_size);
    // What is not there never is the largest.
    beyond(input, pool.missing(&window, input), f32::NEG_INFINITY)?.max_pool2d(window)
}

/// [`avg_pool2d`] with further arguments.
///
/// # Errors
/// As [`max_pool2d`].
pub fn avg_pool2d_with(
    input: &Tensor,
    kernel_size: impl Into<Pair>,
    pool: &Pool,
) -> Result<Tensor, TensorError> {
    let window = pool.window(kernel_size);
    let missing = pool.missing(&window, input);
    let means = beyond(input, missing, 0.0)?.avg_pool2d(window)?;
    if missing == [0, 0] && (pool.count_include_pad || window.padding == [0, 0]) {
        return Ok(means);
    }
    // The share of each window's cells that counts: the mean of ones in their place.
    let counts = Tensor::ones([1, input.shape()[input.rank() - 2], input.shape()[input.rank() - 1]]);
    let shares = if pool.count_include_pad {
        let [rows, columns] = window.padding.map(usize::cast_signed);
        let around = counts.pad(&[[columns, columns], [rows, rows]], 1.0)?;
        beyond(&around, missing, 0.0)?.avg_pool2d(Window { padding: [0, 0], ..window })?
    } else {
        beyond(&counts, missing, 0.0)?.avg_pool2d(window)?
    };
    means.div(shares)
}

/// The mean of windows placed so that the output has a given size, as
/// [`torch.nn.functional.adaptive_avg_pool2d`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html);
/// shapes as [`max_pool2d`].
///
/// # Errors
/// As [`max_pool2d`].
pub fn adaptive_avg_pool2d(input: &Tensor, output_size: impl Into<Pair>) -> Result<Tensor, TensorError> {
    input.adaptive_avg_pool2d(output_size.into().array())
}

impl Pool {
    fn window(&self, kernel_size: impl Into<Pair>) -> Window {
        let kernel_size = kernel_size.into();
        window(kernel_size, self.stride.unwrap_or(kernel_size), self.padding)
    }

    /// How many rows and columns the last windows miss.
    fn missing(&self, window: &Window, input: &Tensor) -> [usize; 2] {
        let &[.., height, width] = input.shape() else { return [0, 0] };
        if !self.ceil_mode {
            return [0, 0];
        }
        let along = |axis: usize, size: usize| {
            let sizes = [size, window.kernel[axis], window.stride[axis].max(1), window.padding[axis]];
            let [size, kernel, stride, padding] = sizes.map(usize::cast_signed);
            let room = size + 2 * padding;
            // The last window begins before the padding behind the input does.
            let windows_more = (room - kernel + stride - 1).div_euclid(stride);
            let fits = windows_more * stride < size + padding;
            let start = (windows_more - isize::from(!fits)) * stride;
            usize::try_from(start + kernel - room).unwrap_or(0)
        };
        [along(0, height), along(1, width)]
    }
}

/// Rows put below and columns put at the right.
fn beyond(maps: &Tensor, [rows, columns]: [usize; 2], number: f32) -> Result<Tensor, TensorError> {
    if [rows, columns] == [0, 0] {
        return Ok(maps.clone());
    }
    maps.pad(&[[0, columns.cast_signed()], [0, rows.cast_signed()]], number)
}
