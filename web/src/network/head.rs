use leptos::html::Button;
use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::summary;
use crate::store::{Selection, Workbench};

/// A layer's type and arguments; selects it, drags it, and has the buttons to move and remove it.
#[component]
pub fn Head(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let head = NodeRef::<Button>::new();
    let of_layer = move |read: fn(&nn::LayerSpec) -> String| {
        move || workbench.model.with(|model| model.layers.get(layer_idx).map(read))
    };
    let type_name = of_layer(|layer| layer.type_name().to_owned());
    let is_last = move || workbench.model.with(|model| layer_idx + 1 >= model.layers.len());
    let selected = move || workbench.selection.get() == Selection::Layer(layer_idx);
    let key = move |event: KeyboardEvent| {
        let to = match (event.key().as_str(), event.alt_key()) {
            ("ArrowLeft", true) if layer_idx > 0 => layer_idx - 1,
            ("ArrowRight", true) if !is_last() => layer_idx + 1,
            ("Delete", false) => {
                event.prevent_default();
                workbench.remove_layer(layer_idx);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        workbench.move_layer(layer_idx, to);
        focus_head(to);
    };
    let drag = move |event: web_sys::DragEvent| {
        if let Some(transfer) = event.data_transfer() {
            transfer.set_effect_allowed("move");
            transfer.set_data("text/plain", &layer_idx.to_string()).unwrap_or_default(); // Without it nothing moves.
        }
    };
    let label = move || {
        let (name, arguments) = (type_name().unwrap_or_default(), of_layer(summary)().unwrap_or_default());
        format!("Layer {layer_idx}, {name} {arguments}. Alt and arrow keys move it, Delete removes it.")
    };
    view! {
        <button
            node_ref=head
            type="button"
            class="head"
            id=format!("head-{layer_idx}")
            data-testid=format!("head-{layer_idx}")
            draggable="true"
            aria-label=label
            aria-pressed=move || selected().to_string()
            on:click=move |_| workbench.selection.set(Selection::Layer(layer_idx))
            on:keydown=key
            on:dragstart=drag
        >
            <span class="head-type"><span class="head-idx">{layer_idx}</span>{type_name}</span>
            <span class="head-arguments">{of_layer(summary)} "\u{a0}"</span>
        </button>
        <div class="head-tools">
            <button
                type="button"
                class="tool"
                data-testid=format!("move-left-{layer_idx}")
                aria-label=format!("Move layer {layer_idx} to the left")
                title="Move left (Alt+←)"
                disabled=layer_idx == 0
                on:click=move |_| workbench.move_layer(layer_idx, layer_idx - 1)
            >
                "←"
            </button>
            <button
                type="button"
                class="tool"
                data-testid=format!("move-right-{layer_idx}")
                aria-label=format!("Move layer {layer_idx} to the right")
                title="Move right (Alt+→)"
                disabled=is_last
                on:click=move |_| workbench.move_layer(layer_idx, layer_idx + 1)
            >
                "→"
            </button>
            <button
                type="button"
                class="tool"
                data-testid=format!("remove-{layer_idx}")
                aria-label=format!("Remove layer {layer_idx}")
                title="Remove (Delete)"
                on:click=move |_| workbench.remove_layer(layer_idx)
            >
                "×"
            </button>
        </div>
    }
}

fn focus_head(layer_idx: usize) {
    let head = document().get_element_by_id(&format!("head-{layer_idx}"));
    if let Some(head) =
        head.and_then(|head| wasm_bindgen::JsCast::dyn_into::<web_sys::HtmlElement>(head).ok())
    {
        head.focus().unwrap_or_default(); // Losing the focus is a nuisance, not a failure.
    }
}
