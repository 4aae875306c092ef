use leptos::prelude::*;
use nn::geometry::PlacedError;

use crate::store::Workbench;

/// What does not fit, with its numbers, and the button that mends it.
#[component]
pub fn Problem() -> impl IntoView {
    let workbench = Workbench::get();
    let error = Memo::new(move |_| workbench.geometry.with(|geometry| geometry.error.clone()));
    let mend = move |error: &PlacedError| {
        let PlacedError { layer_idx, error } = error.clone();
        let repair = error.repair()?;
        let name = format!("Repair: {repair}");
        let apply = move |_| {
            let mended = workbench.model.with_untracked(|model| repair.apply(model, layer_idx));
            workbench.edit_model(mended);
        };
        Some(view! {
            <button type="button" class="button primary repair" data-testid="repair" on:click=apply>
                {name}
            </button>
        })
    };
    move || {
        error.get().map(|error| {
            view! {
                <div class="problem" role="alert" data-testid="geometry-error">
                    <p>{error.error.to_string()}</p>
                    {mend(&error)}
                </div>
            }
        })
    }
}

/// Shown after the last layer where the network's end is what does not fit.
#[component]
pub fn Ending() -> impl IntoView {
    let workbench = Workbench::get();
    let wrong = Memo::new(move |_| {
        let n_layers = workbench.model.with(|model| model.layers.len());
        workbench.geometry.with(|geometry| geometry.error.as_ref().is_some_and(|e| e.layer_idx >= n_layers))
    });
    view! {
        <Show when=move || wrong.get()>
            <div class="column broken" role="listitem">
                <div class="head flat"><span class="head-type">"The end"</span></div>
                <Problem/>
            </div>
        </Show>
    }
}
