use leptos::prelude::*;
use nn::LayerSpec;

use super::summary;
use crate::menu::Menu;
use crate::store::Workbench;

/// The "+" between two columns and its menu of layers.
#[component]
pub fn Insert(
    /// Before which layer.
    position: Signal<usize>,
    /// The menu's id.
    #[prop(into)]
    id: String,
) -> impl IntoView {
    let workbench = Workbench::get();
    let target = id.clone();
    let item = move |layer: LayerSpec| {
        let (name, arguments) = (layer.type_name(), summary(&layer));
        view! {
            <button
                type="button"
                class="menu-item row"
                data-testid=format!("{target}-{name}")
                popovertarget=target.clone()
                popovertargetaction="hide"
                on:click=move |_| workbench.insert_layer(position.get_untracked(), layer.clone())
            >
                <span class="menu-name">{name}</span>
                <span class="shape">{arguments}</span>
            </button>
        }
    };
    view! {
        <div class="insert" role="presentation">
            <Menu
                testid=format!("{id}-button")
                id=id
                label=Signal::derive(move || format!("Insert a layer at position {}", position.get()))
                class="plus"
                face=view! { "+" }.into_any()
            >
                {LayerSpec::menu().into_iter().map(item).collect_view()}
            </Menu>
        </div>
    }
}
