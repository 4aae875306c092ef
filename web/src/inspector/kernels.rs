use leptos::prelude::*;

use super::grid_view::GridView;
use crate::figures;
use crate::paint::{Palette, Picture, Scale};
use crate::store::Workbench;

/// The inspector's inner width.
pub const WIDTH_PX: usize = 322;

/// A weight as tiles: how many per output, their height and width, and how many stand in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tiling {
    in_channels: usize,
    height: usize,
    width: usize,
    columns: usize,
}

/// The layout of a layer's weight: a convolution's kernels; a linear layer's rows as maps where it follows Flatten.
fn tiling(workbench: Workbench, layer_idx: usize, shape: &[usize]) -> Option<Tiling> {
    let (out, in_channels, height, width) = match *shape {
        [out, in_channels, height, width] => (out, in_channels, height, width),
        [out, features] => {
            let before = workbench.geometry.with(|geometry| {
                geometry.layers.get(layer_idx.checked_sub(1)?).map(|layer| layer.input.clone())
            });
            match before.as_deref() {
                Some([channels, height, width]) if channels * height * width == features => {
                    (out, *channels, *height, *width)
                }
                _ => return Some(Tiling { in_channels: 1, height: out, width: features, columns: 1 }),
            }
        }
        _ => return None,
    };
    // One row per output; with a single input channel, several outputs share a row.
    let columns =
        if in_channels == 1 { out.min((WIDTH_PX / 2 / (width + 1)).clamp(1, 4)) } else { in_channels };
    Some(Tiling { in_channels, height, width, columns })
}

/// All kernels of a layer, outputs from top to bottom, inputs from left to right.
#[component]
pub fn Kernels(
    layer_idx: usize,
    /// Only this output's.
    #[prop(optional)]
    only: Option<usize>,
) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let at = RwSignal::new(None);
    let weight = Memo::new(move |_| {
        let parameters = workbench.parameters(layer_idx);
        let (_, shape, values) = parameters.into_iter().find(|(name, ..)| name.ends_with("weight"))?;
        let scale = Scale::of_values(&values);
        let tiling = tiling(workbench, layer_idx, &shape)?;
        let per_output = values.len() / shape.first().copied().unwrap_or(1).max(1);
        match only {
            None => Some((values, tiling, scale)),
            Some(output) => {
                let own = values.get(output * per_output..(output + 1) * per_output)?.to_vec();
                let columns = tiling.in_channels.min((WIDTH_PX / 5 / (tiling.width + 1)).max(1));
                let height = if tiling.in_channels * tiling.height * tiling.width == own.len() {
                    tiling.height
                } else {
                    1
                };
                Some((own, Tiling { columns, height, ..tiling }, scale))
            }
        }
    });
    let picture = move || {
        weight.with(|weight| {
            let (values, tiling, scale) = weight.as_ref()?;
            let tile = [tiling.height, tiling.width];
            Some(palette.with(|palette| Picture::tiles(values, tile, tiling.columns, *scale, palette)))
        })
    };
    let reading = move || {
        weight.with(|weight| {
            let (values, tiling, _) = weight.as_ref()?;
            let [row, column] = at.get()?;
            let tile = row / (tiling.height + 1) * tiling.columns + column / (tiling.width + 1);
            let (y, x) = (row % (tiling.height + 1), column % (tiling.width + 1));
            if y == tiling.height || x == tiling.width {
                return None;
            }
            let value = values.get((tile * tiling.height + y) * tiling.width + x)?;
            let (output, input) = (only.unwrap_or(tile / tiling.in_channels), tile % tiling.in_channels);
            Some(format!("weight[{output}, {input}, {y}, {x}] = {}", figures::value(*value)))
        })
    };
    let range =
        move || weight.with(|weight| weight.as_ref().map(|(_, _, scale)| figures::value(scale.range()[1])));
    let explanation =
        if only.is_some() { "one tile per input channel" } else { "rows: outputs · columns: inputs" };
    view! {
        <Show when=move || weight.with(Option::is_some)>
            <section class="block" aria-label="Kernels" data-testid="kernels">
                <div class="block-head">
                    <h3>{if only.is_some() { "Its weights" } else { "Weight as images" }}</h3>
                    <span class="note">"±" {range}</span>
                </div>
                <div class="scroll-x">
                    <GridView picture fit=WIDTH_PX label="The weight, orange negative, blue positive" testid="kernel-grid" at/>
                </div>
                <p class="reading" data-testid="kernel-value">{move || reading().unwrap_or_else(|| explanation.to_owned())}</p>
            </section>
        </Show>
    }
}
