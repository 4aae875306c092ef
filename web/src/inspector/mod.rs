//! What the selection is: the input, a layer, a map, a class.

mod class;
mod form;
mod grid_view;
mod histogram;
mod input;
mod kernels;
mod layer;
mod map;
mod parameters;

use leptos::prelude::*;

use crate::store::{Selection, Workbench};
use class::ClassView;
use input::InputView;
use layer::LayerView;
use map::MapView;

/// The inspector.
#[component]
pub fn Inspector() -> impl IntoView {
    let workbench = Workbench::get();
    let selection = Memo::new(move |_| workbench.selection.get());
    // Another type of layer at the same place is another form.
    let type_name = Memo::new(move |_| match selection.get() {
        Selection::Layer(idx) | Selection::Map { layer_idx: idx, .. } => {
            workbench.model.with(|model| model.layers.get(idx).map(nn::LayerSpec::type_name))
        }
        Selection::Input | Selection::Class(_) => None,
    });
    view! {
        <h2 class="visually-hidden">"Inspector"</h2>
        {move || {
            type_name.track();
            match selection.get() {
                Selection::Input => view! { <InputView/> }.into_any(),
                Selection::Layer(layer_idx) => view! { <LayerView layer_idx/> }.into_any(),
                Selection::Map { layer_idx, channel } => view! { <MapView layer_idx channel/> }.into_any(),
                Selection::Class(class) => view! { <ClassView class/> }.into_any(),
            }
        }}
    }
}
