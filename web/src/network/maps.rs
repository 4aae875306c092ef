use leptos::prelude::*;

use crate::paint::{Palette, Picture, Pixels, Scale, side_for};
use crate::store::{ScaleOver, Selection, Workbench};

/// How many maps a column shows until it is asked for more.
const FEW: usize = 8;
/// A map's side on screen; two stand beside each other.
const MAP_PX: usize = 56;
/// The side of a picture that has the column for itself.
const WIDE_PX: usize = 116;

/// A layer's output for the selected picture: one canvas per map, or one for all features.
#[component]
pub fn Maps(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let expanded = RwSignal::new(false);
    let shape = Memo::new(move |_| {
        workbench.geometry.with(|geometry| geometry.layers.get(layer_idx).map(|layer| layer.output.clone()))
    });
    let n_maps = move || match shape.get().as_deref() {
        Some([channels, _, _]) => Some(*channels),
        _ => None,
    };
    move || match n_maps() {
        None => view! { <div class="maps"><Features layer_idx/></div> }.into_any(),
        Some(n) => {
            let shown = if expanded.get() { n } else { n.min(FEW) };
            let rest = n - n.min(FEW);
            let text = if expanded.get() { "fewer".to_owned() } else { format!("+{rest} more") };
            view! {
                <div class="maps" data-testid=format!("maps-{layer_idx}")>
                    {(0..shown).map(|channel| view! { <Map layer_idx channel/> }).collect_view()}
                </div>
                {(rest > 0)
                    .then(|| {
                        view! {
                            <button
                                type="button"
                                class="button small more"
                                data-testid=format!("more-{layer_idx}")
                                aria-expanded=expanded.get().to_string()
                                on:click=move |_| expanded.update(|expanded| *expanded = !*expanded)
                            >
                                {text}
                            </button>
                        }
                    })}
            }
            .into_any()
        }
    }
}

/// One map, to be chosen.
#[component]
fn Map(layer_idx: usize, channel: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let own = Selection::Map { layer_idx, channel };
    let picture = move || map_picture(workbench, layer_idx, channel, &palette.read());
    view! {
        <button
            type="button"
            class="map"
            data-testid=format!("map-{layer_idx}-{channel}")
            aria-label=format!("Look at map {channel} of layer {layer_idx}")
            title=format!("map {channel}")
            aria-pressed=move || (workbench.selection.get() == own).to_string()
            on:click=move |_| workbench.selection.set(own)
        >
            <Pixels picture fit=MAP_PX label="" decorative=true/>
        </button>
    }
}

/// All features of a layer without maps, in rows.
#[component]
fn Features(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let picture = move || {
        let palette = palette.read();
        workbench.with_output(layer_idx, |_, values, range| {
            let scale = scale(workbench, values, range);
            Picture::map(values, side_for(values.len()), scale, &palette)
        })
    };
    view! {
        <button
            type="button"
            class="map wide"
            data-testid=format!("features-{layer_idx}")
            aria-label=format!("Look at the features of layer {layer_idx}")
            title="Features, in rows from the top left"
            on:click=move |_| workbench.selection.set(Selection::Layer(layer_idx))
        >
            <Pixels picture fit=WIDE_PX label="" decorative=true/>
        </button>
    }
}

/// One map of the last inspection, in the scale chosen.
pub fn map_picture(
    workbench: Workbench,
    layer_idx: usize,
    channel: usize,
    palette: &Palette,
) -> Option<Picture> {
    let picture = workbench.with_output(layer_idx, |shape, values, range| {
        let [_, height, width] = *shape else { return None };
        let map = values.get(channel * height * width..(channel + 1) * height * width)?;
        Some(Picture::map(map, width, scale(workbench, map, range), palette))
    });
    picture.flatten()
}

/// The scale chosen, for values of a layer whose range is given.
fn scale(workbench: Workbench, values: &[f32], layer: [f32; 2]) -> Scale {
    match workbench.scale_over.get() {
        ScaleOver::Map => Scale::of_values(values),
        ScaleOver::Layer => Scale::of(layer),
        ScaleOver::Network => Scale::of(network_range(workbench)),
    }
}

/// The least and the greatest value of all layers.
pub fn network_range(workbench: Workbench) -> [f32; 2] {
    workbench.inspection.with(|inspection| {
        let layers = inspection.iter().flat_map(|inspection| &inspection.body.layers);
        layers.fold([0.0_f32, 0.0], |[min, max], layer| [min.min(layer.min), max.max(layer.max)])
    })
}
