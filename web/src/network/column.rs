use leptos::prelude::*;

use super::head::Head;
use super::maps::Maps;
use super::problem::Problem;
use crate::figures;
use crate::store::{Selection, Workbench};

/// One layer: its head, its numbers, its maps; or why it does not fit.
#[component]
pub fn Column(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let place = Memo::new(move |_| {
        workbench.geometry.with(|geometry| match &geometry.error {
            Some(error) if error.layer_idx == layer_idx => Place::Broken,
            Some(error) if error.layer_idx < layer_idx => Place::Beyond,
            _ => Place::Fits,
        })
    });
    let selected = move || match workbench.selection.get() {
        Selection::Layer(idx) | Selection::Map { layer_idx: idx, .. } => idx == layer_idx,
        _ => false,
    };
    let target = RwSignal::new(false);
    let drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        target.set(false);
        let from = event.data_transfer().and_then(|transfer| transfer.get_data("text/plain").ok());
        if let Some(Ok(from)) = from.map(|text| text.parse::<usize>()) {
            workbench.move_layer(from, layer_idx);
        }
    };
    view! {
        <div
            class="column"
            role="listitem"
            data-testid=format!("layer-{layer_idx}")
            class:selected=selected
            class:broken=move || place.get() == Place::Broken
            class:beyond=move || place.get() == Place::Beyond
            class:target=move || target.get()
            on:dragover=move |event| {
                event.prevent_default();
                target.set(true);
            }
            on:dragleave=move |_| target.set(false)
            on:drop=drop
        >
            <Head layer_idx/>
            {move || match place.get() {
                Place::Broken => view! { <Problem/> }.into_any(),
                Place::Beyond => view! { <p class="note beyond-note">"waits for the layer before it"</p> }.into_any(),
                Place::Fits => view! { <Facts layer_idx/> <Maps layer_idx/> }.into_any(),
            }}
        </div>
    }
}

/// Where a column stands towards the first error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Fits,
    Broken,
    Beyond,
}

/// Output shape, parameters, multiply–adds, receptive field.
#[component]
fn Facts(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let layer = move || workbench.geometry.with(|geometry| geometry.layers.get(layer_idx).cloned());
    move || {
        layer().map(|layer| {
            let [rows, columns] = layer.receptive_field.size;
            let parameters = layer.n_parameters();
            let or_dash = |n: usize| if n == 0 { "–".to_owned() } else { figures::short_count(n) };
            view! {
                <dl class="column-facts">
                    <dt>"output"</dt>
                    <dd class="shape" data-testid=format!("shape-{layer_idx}")>{figures::shape(&layer.output)}</dd>
                    <dt title="Learned numbers">"params"</dt>
                    <dd title=figures::count(parameters as u64)>{or_dash(parameters)}</dd>
                    <dt title="Multiply–adds for one image">"MACs"</dt>
                    <dd title=figures::count(layer.macs as u64)>{or_dash(layer.macs)}</dd>
                    <dt title="Receptive field: how many input pixels one cell sees">"field"</dt>
                    <dd class="shape">{rows} "×" {columns}</dd>
                </dl>
            }
        })
    }
}
