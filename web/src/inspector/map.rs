use leptos::prelude::*;
use nn::receptive_field::{Extent, extent};

use super::grid_view::GridView;
use super::kernels::Kernels;
use crate::figures;
use crate::network::map_picture;
use crate::paint::{Palette, Picture, Pixels, Scale};
use crate::store::{Selection, Workbench};

/// The large map's side.
const MAP_PX: usize = 168;
/// Screen pixels of one pixel of the input.
const INPUT_ZOOM: isize = 3;

/// A feature map: large, with its kernel, and what each cell sees of the input.
#[component]
pub fn MapView(layer_idx: usize, channel: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let at = RwSignal::new(None::<[usize; 2]>);
    let name = move || {
        workbench
            .model
            .with(|model| model.layers.get(layer_idx).map(nn::LayerSpec::type_name))
            .unwrap_or_default()
    };
    let value = move || {
        let [row, column] = at.get()?;
        let value = workbench.with_output(layer_idx, |shape, values, _| match *shape {
            [_, height, width] => values.get((channel * height + row) * width + column).copied(),
            _ => None,
        });
        Some(format!("[{channel}, {row}, {column}] = {}", figures::value(value.flatten()?)))
    };
    let field = Memo::new(move |_| {
        let cell = at.get()?;
        workbench.model.with(|model| extent(model, layer_idx, cell))
    });
    let input = move || {
        let values = workbench.picture()?;
        Some(palette.with(|palette| Picture::map(&values, 28, Scale::Sequential(1.0), palette)))
    };
    view! {
        <section class="block" data-testid="inspector-map">
            <div class="inspector-head">
                <h3>"Map " {channel}</h3>
                <span class="note">{name} ", layer " {layer_idx}</span>
                <span class="spacer"></span>
                <button
                    type="button"
                    class="button small"
                    data-testid="to-layer"
                    on:click=move |_| workbench.selection.set(Selection::Layer(layer_idx))
                >
                    "Layer settings"
                </button>
            </div>
            <div class="map-and-input">
                <figure>
                    <div class="frame">
                        <GridView
                            picture=move || map_picture(workbench, layer_idx, channel, &palette.read())
                            fit=MAP_PX
                            label="The map. Arrow keys walk its cells."
                            testid="large-map"
                            at
                        />
                    </div>
                    <figcaption>"output"</figcaption>
                </figure>
                <figure>
                    <div class="frame field-frame">
                        <Pixels picture=input fit=84 label="The input, with what the cell sees"/>
                        {move || field.get().map(|field| view! { <span class="field-outline" data-testid="field-outline" style=outline(field)></span> })}
                    </div>
                    <figcaption>"input"</figcaption>
                </figure>
            </div>
            <p class="reading" data-testid="cell-value">
                {move || value().unwrap_or_else(|| "Point at a cell to see what it sees".to_owned())}
            </p>
            <p class="reading note" data-testid="cell-field">{move || field.get().map_or("\u{a0}".to_owned(), describe)}</p>
        </section>
        <Kernels layer_idx only=channel/>
    }
}

fn outline(field: Extent) -> String {
    let [top, bottom] = field.rows;
    let [left, right] = field.columns;
    format!(
        "top: {}px; left: {}px; height: {}px; width: {}px",
        top * INPUT_ZOOM,
        left * INPUT_ZOOM,
        (bottom - top + 1) * INPUT_ZOOM,
        (right - left + 1) * INPUT_ZOOM
    )
}

fn describe(field: Extent) -> String {
    let span = |[first, last]: [isize; 2]| format!("{first} to {last}").replace('-', "−");
    let outside = [field.rows, field.columns].iter().any(|&[first, last]| first < 0 || last > 27);
    let padding = if outside { "; outside is padding" } else { "" };
    format!("sees rows {}, columns {}{padding}", span(field.rows), span(field.columns))
}
