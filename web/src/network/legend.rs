use leptos::prelude::*;

use super::maps::network_range;
use crate::figures;
use crate::paint::Scale;
use crate::store::{ScaleOver, Selection, Workbench};

const CHOICES: [(ScaleOver, &str, &str, &str); 3] = [
    (ScaleOver::Map, "map", "per map", "Each map has its own range: patterns show, sizes cannot be compared"),
    (ScaleOver::Layer, "layer", "per layer", "The maps of a layer share one range"),
    (ScaleOver::Network, "network", "network", "All layers share one range"),
];

/// Over which values the colours range.
#[component]
pub fn ScaleChoice() -> impl IntoView {
    let chosen = Workbench::get().scale_over;
    view! {
        <div class="group" role="group" aria-label="Colour scale">
            {CHOICES
                .map(|(over, id, name, about)| {
                    view! {
                        <button
                            type="button"
                            class="button small"
                            data-testid=format!("scale-{id}")
                            title=about
                            aria-pressed=move || (chosen.get() == over).to_string()
                            on:click=move |_| chosen.set(over)
                        >
                            {name}
                        </button>
                    }
                })}
        </div>
    }
}

/// The colours and the values at their ends, for what is selected.
#[component]
pub fn Legend() -> impl IntoView {
    let workbench = Workbench::get();
    let scale = Memo::new(move |_| {
        let of_layer = |layer_idx| workbench.with_output(layer_idx, |_, _, range| range);
        let range = match (workbench.scale_over.get(), workbench.selection.get()) {
            (ScaleOver::Network, _) => Some(network_range(workbench)),
            (ScaleOver::Layer, Selection::Layer(layer_idx) | Selection::Map { layer_idx, .. }) => {
                of_layer(layer_idx)
            }
            (ScaleOver::Map, Selection::Map { layer_idx, channel }) => {
                workbench.with_output(layer_idx, |shape, values, range| {
                    let size = shape.iter().skip(1).product::<usize>();
                    let map = values.get(channel * size..(channel + 1) * size);
                    map.map_or(range, |map| Scale::of_values(map).range())
                })
            }
            (ScaleOver::Map, Selection::Layer(layer_idx)) => of_layer(layer_idx),
            (_, Selection::Input) => Some([0.0, 1.0]),
            (_, Selection::Class(_)) => None,
        };
        range.map(Scale::of)
    });
    let of_what = move || match (workbench.scale_over.get(), workbench.selection.get()) {
        (ScaleOver::Network, _) => "network".to_owned(),
        (ScaleOver::Map, Selection::Map { layer_idx, channel }) => {
            format!("layer {layer_idx}, map {channel}")
        }
        (_, Selection::Layer(layer_idx) | Selection::Map { layer_idx, .. }) => format!("layer {layer_idx}"),
        (_, Selection::Input) => "input".to_owned(),
        (_, Selection::Class(_)) => "no layer".to_owned(),
    };
    view! {
        <div class="legend" data-testid="legend" aria-label="Legend of the colours">
            <span class="legend-of">{of_what}</span>
            {move || {
                let scale = scale.get();
                let [low, high] = scale.map_or(["–".to_owned(), "–".to_owned()], |s| s.range().map(figures::value));
                let class = match scale {
                    Some(Scale::Sequential(_)) => "legend-bar sequential",
                    _ => "legend-bar diverging",
                };
                view! {
                    <span class="legend-end low">{low}</span>
                    <span class=class></span>
                    <span class="legend-end">{high}</span>
                }
            }}
        </div>
    }
}
