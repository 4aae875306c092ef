//! What one cell of a layer's output sees of the network's input.

use crate::model::{LayerSpec, ModelSpec};

/// The receptive field of a layer's cells, in input pixels, along height and width.
///
/// Cell `(y, x)` sees rows `start[0] + y·jump[0]` to that plus `size[0] − 1`, and columns alike; what lies outside the
/// image is padding. After Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks"
/// (Distill, 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptiveField {
    /// How many pixels one cell sees.
    pub size: [usize; 2],
    /// How many pixels lie between the fields of neighbouring cells (the product of the strides so far).
    pub jump: [usize; 2],
    /// Where the first cell's field starts; negative where padding comes first.
    pub start: [isize; 2],
}

/// Rows and columns of the input that one cell sees, both ends included, before clipping to the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First and last row.
    pub rows: [isize; 2],
    /// First and last column.
    pub columns: [isize; 2],
}

impl ReceptiveField {
    /// The field of the input's own cells: one pixel each.
    pub const fn pixel() -> Self {
        Self { size: [1, 1], jump: [1, 1], start: [0, 0] }
    }

    /// The field of a cell that sees the whole of an image of `[channels, height, width]`.
    pub const fn whole(image: [usize; 3]) -> Self {
        Self { size: [image[1], image[2]], jump: [0, 0], start: [0, 0] }
    }

    /// The field after a window of `kernel` taps: `size + (kernel − 1)·dilation·jump`, `jump·stride`,
    /// `start − padding·jump`.
    #[must_use]
    pub fn through(
        self,
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        dilation: [usize; 2],
    ) -> Self {
        let mut field = self;
        for axis in 0..2 {
            let taps = kernel[axis].saturating_sub(1) * dilation[axis];
            field.size[axis] += taps * self.jump[axis];
            field.jump[axis] *= stride[axis];
            field.start[axis] -= (padding[axis] * self.jump[axis]).cast_signed();
        }
        field
    }

    /// The field of a cell that sees what two paths see, whose maps are equally large: from where the first begins to
    /// where the last ends.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        let mut field = self;
        for axis in 0..2 {
            let end = |field: Self| field.start[axis] + field.size[axis].cast_signed();
            field.start[axis] = self.start[axis].min(other.start[axis]);
            field.size[axis] = (end(self).max(end(other)) - field.start[axis]).cast_unsigned();
        }
        field
    }

    /// The field after adaptive pooling of `input` cells to `output`: exact where `output` divides `input`, else
    /// the largest window's size and the smallest jump (see [`extent`] for one cell's exact field).
    #[must_use]
    pub fn through_adaptive(self, input: [usize; 2], output: [usize; 2]) -> Self {
        let mut field = self;
        for axis in 0..2 {
            let windows = (0..output[axis]).map(|cell| adaptive_window(cell, input[axis], output[axis]));
            let largest = windows.map(|[first, last]| last - first + 1).max().unwrap_or(1);
            field.size[axis] += (largest - 1) * self.jump[axis];
            field.jump[axis] *= if output[axis] == 1 { 1 } else { input[axis] / output[axis] };
        }
        field
    }
}

/// First and last input cell of one window of adaptive pooling, as PyTorch places them.
pub fn adaptive_window(cell: usize, input: usize, output: usize) -> [usize; 2] {
    [cell * input / output, ((cell + 1) * input).div_ceil(output) - 1]
}

/// The exact input region of cell `(y, x)` of layer `layer_idx`'s output, found by walking back layer by layer; the
/// whole image where a layer on the way mixes all positions.
///
/// `None` where the layer does not exist or the network is not valid up to it.
pub fn extent(model: &ModelSpec, layer_idx: usize, cell: [usize; 2]) -> Option<Extent> {
    let geometry = model.geometry(None);
    geometry.layers.get(layer_idx)?;
    let mut rows = [cell[0].cast_signed(); 2];
    let mut columns = [cell[1].cast_signed(); 2];
    // What residual paths see of an earlier layer's input, by that layer's position.
    let mut around: Vec<Option<Extent>> = vec![None; layer_idx + 1];
    for (position, (layer, shapes)) in
        model.layers[..=layer_idx].iter().zip(&geometry.layers).enumerate().rev()
    {
        let [.., height, width] = shapes.input[..] else {
            return Some(whole(model.input));
        };
        match layer {
            LayerSpec::Conv2d(conv) => {
                let (kernel, stride) = (conv.kernel_size, conv.stride);
                rows = back(rows, kernel.height, stride.height, conv.padding.height, conv.dilation.height);
                columns = back(columns, kernel.width, stride.width, conv.padding.width, conv.dilation.width);
            }
            LayerSpec::MaxPool2d(pool) => {
                let stride = pool.effective_stride();
                rows = back(rows, pool.kernel_size.height, stride.height, pool.padding.height, 1);
                columns = back(columns, pool.kernel_size.width, stride.width, pool.padding.width, 1);
            }
            LayerSpec::AvgPool2d(pool) => {
                let stride = pool.effective_stride();
                rows = back(rows, pool.kernel_size.height, stride.height, pool.padding.height, 1);
                columns = back(columns, pool.kernel_size.width, stride.width, pool.padding.width, 1);
            }
            LayerSpec::AdaptiveAvgPool2d(pool) => {
                rows = back_adaptive(rows, height, pool.output_size.height);
                columns = back_adaptive(columns, width, pool.output_size.width);
            }
            LayerSpec::Residual(residual) => {
                let seen = Extent { rows, columns };
                let path = &mut around[residual.from];
                *path = Some(path.map_or(seen, |path| path.union(seen)));
            }
            LayerSpec::BatchNorm2d(_)
            | LayerSpec::Dropout(_)
            | LayerSpec::ELU(_)
            | LayerSpec::GELU(_)
            | LayerSpec::ReLU
            | LayerSpec::LeakyReLU(_)
            | LayerSpec::Sigmoid
            | LayerSpec::Tanh => {}
            LayerSpec::Linear(_) | LayerSpec::Flatten | LayerSpec::Softmax | LayerSpec::LogSoftmax => {
                return Some(whole(model.input));
            }
        }
        if let Some(path) = around[position] {
            Extent { rows, columns } = path.union(Extent { rows, columns });
        }
    }
    Some(Extent { rows, columns })
}

impl Extent {
    /// The smallest that holds both.
    fn union(self, other: Self) -> Self {
        let union = |a: [isize; 2], b: [isize; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        Self { rows: union(self.rows, other.rows), columns: union(self.columns, other.columns) }
    }
}

fn whole(image: [usize; 3]) -> Extent {
    Extent { rows: [0, image[1].cast_signed() - 1], columns: [0, image[2].cast_signed() - 1] }
}

fn back(cells: [isize; 2], kernel: usize, stride: usize, padding: usize, dilation: usize) -> [isize; 2] {
    let first = cells[0] * stride.cast_signed() - padding.cast_signed();
    let last = cells[1] * stride.cast_signed() - padding.cast_signed();
    [first, last + ((kernel - 1) * dilation).cast_signed()]
}

fn back_adaptive(cells: [isize; 2], input: usize, output: usize) -> [isize; 2] {
    let window = |cell: isize| {
        adaptive_window(cell.max(0).cast_unsigned().min(output - 1), input, output).map(usize::cast_signed)
    };
    [window(cells[0])[0], window(cells[1])[1]]
}
