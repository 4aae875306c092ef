use leptos::prelude::*;

use super::form::Form;
use super::kernels::Kernels;
use super::parameters::Parameters;
use crate::figures;
use crate::store::Workbench;

/// A layer: its arguments, parameters, kernels, and what its output is like.
#[component]
pub fn LayerView(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let type_name = move || {
        workbench
            .model
            .with(|model| model.layers.get(layer_idx).map(nn::LayerSpec::type_name))
            .unwrap_or("No layer")
    };
    let shapes = move || {
        workbench.geometry.with(|geometry| {
            let layer = geometry.layers.get(layer_idx)?;
            Some(format!("{} → {}", figures::shape(&layer.input), figures::shape(&layer.output)))
        })
    };
    view! {
        <section class="block" data-testid="inspector-layer">
            <div class="inspector-head">
                <h3>{type_name}</h3>
                <span class="note">"layer " {layer_idx}</span>
                <span class="spacer"></span>
                <span class="shape">{shapes}</span>
            </div>
            <Form layer_idx/>
            <Frozen layer_idx/>
        </section>
        <Output layer_idx/>
        <Parameters layer_idx/>
        <Kernels layer_idx/>
    }
}

/// Whether the layer's parameters stay as they are, where it has any.
#[component]
fn Frozen(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let has_parameters = move || {
        workbench
            .geometry
            .with(|geometry| geometry.layers.get(layer_idx).is_some_and(|layer| !layer.parameters.is_empty()))
    };
    let is_frozen = move || workbench.options.with(|options| options.frozen.contains(&layer_idx));
    let change = move |event: web_sys::Event| {
        let freeze = event_target_checked(&event);
        workbench.change_options(|options| {
            options.frozen.retain(|&frozen| frozen != layer_idx);
            if freeze {
                options.frozen.push(layer_idx);
                options.frozen.sort_unstable();
            }
        });
    };
    move || {
        has_parameters().then(|| view! {
            <label
                class="form-row"
                title="requires_grad=False: its parameters get no gradient and no step; another network starts with none frozen"
            >
                <span class="form-name">"frozen"</span>
                <input type="checkbox" data-testid="frozen" prop:checked=is_frozen on:change=change/>
            </label>
        })
    }
}

/// The least, greatest and mean value that come out.
#[component]
fn Output(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let statistics = move || {
        let of_screen = workbench.with_output(layer_idx, |_, _, _| ()).is_some();
        workbench.inspection.with(|inspection| {
            let layer = inspection.as_ref().filter(|_| of_screen)?.body.layers.get(layer_idx)?;
            Some([("min", layer.min), ("mean", layer.mean), ("max", layer.max)])
        })
    };
    view! {
        <section class="block" aria-label="Output for the selected picture">
            <h3>"Output for this picture"</h3>
            {move || match statistics() {
                None => view! { <p class="note">"Nothing has been through this layer yet."</p> }.into_any(),
                Some(values) => view! {
                    <dl class="stats" data-testid="output-statistics">
                        {values.map(|(name, value)| {
                            view! { <div><dt>{name}</dt><dd>{figures::value(value)}</dd></div> }
                        })}
                    </dl>
                }
                .into_any(),
            }}
        </section>
    }
}
