use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

use super::{Palette, Scale};

/// Pixels to be shown, one per value.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Red, green, blue and opacity of each, row by row.
    pub rgba: Vec<u8>,
}

impl Picture {
    /// A transparent picture.
    pub fn blank(width: usize, height: usize) -> Self {
        Self { width, height, rgba: vec![0; width * height * 4] }
    }

    /// One map: `values` in rows of `width`; an incomplete last row ends transparent.
    pub fn map(values: &[f32], width: usize, scale: Scale, palette: &Palette) -> Self {
        let width = width.max(1);
        let mut picture = Self::blank(width, values.len().div_ceil(width));
        picture.draw(values, width, [0, 0], scale, palette);
        picture
    }

    /// `values` as tiles of `[height, width]`, `columns` of them in a row, one transparent pixel between.
    pub fn tiles(values: &[f32], tile: [usize; 2], columns: usize, scale: Scale, palette: &Palette) -> Self {
        let [height, width] = tile.map(|side| side.max(1));
        let n = values.len() / (height * width);
        let columns = columns.clamp(1, n.max(1));
        let rows = n.div_ceil(columns).max(1);
        let mut picture = Self::blank(columns * (width + 1) - 1, rows * (height + 1) - 1);
        for (i, tile) in values.chunks_exact(height * width).enumerate() {
            let at = [i / columns * (height + 1), i % columns * (width + 1)];
            picture.draw(tile, width, at, scale, palette);
        }
        picture
    }

    fn draw(
        &mut self,
        values: &[f32],
        width: usize,
        [top, left]: [usize; 2],
        scale: Scale,
        palette: &Palette,
    ) {
        for (i, &value) in values.iter().enumerate() {
            let at = ((top + i / width) * self.width + left + i % width) * 4;
            let [red, green, blue] = scale.colour(value, palette);
            self.rgba[at..at + 4].copy_from_slice(&[red, green, blue, 255]);
        }
    }

    /// Puts the pixels into a canvas, shown at a whole multiple of its size that fits into `fit_px`.
    pub fn put(&self, canvas: &HtmlCanvasElement, fit_px: usize) {
        let (width, height) = (self.width as u32, self.height as u32);
        if canvas.width() != width || canvas.height() != height {
            canvas.set_width(width);
            canvas.set_height(height);
        }
        let zoom = (fit_px / self.width.max(self.height).max(1)).max(1);
        let style = web_sys::HtmlElement::style(canvas);
        // Inline sizes are the one thing that a style sheet cannot know here.
        style.set_property("width", &format!("{}px", self.width * zoom)).unwrap_or_default();
        style.set_property("height", &format!("{}px", self.height * zoom)).unwrap_or_default();
        let context = canvas.get_context("2d").ok().flatten();
        let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
        let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&self.rgba), width, height);
        if let (Some(context), Ok(data)) = (context, data) {
            context.put_image_data(&data, 0.0, 0.0).unwrap_or_default();
        }
    }
}

/// The width of the nearly square picture in which `n` features are shown.
pub fn side_for(n: usize) -> usize {
    (1..=n.max(1)).find(|side| side * side >= n).unwrap_or(1)
}
