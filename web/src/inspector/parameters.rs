use leptos::prelude::*;

use super::histogram::Histogram;
use crate::figures;
use crate::store::Workbench;

/// A layer's learned numbers: names, shapes, ranges and histograms.
#[component]
pub fn Parameters(layer_idx: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let shapes = Memo::new(move |_| {
        workbench.geometry.with(|geometry| {
            geometry.layers.get(layer_idx).map(|layer| layer.parameters.clone()).unwrap_or_default()
        })
    });
    move || {
        let shapes = shapes.get();
        (!shapes.is_empty()).then(|| {
            let rows = shapes.into_iter().map(|(name, shape)| {
                let full = format!("{layer_idx}.{name}");
                view! {
                    <div class="parameter">
                        <div class="parameter-head">
                            <code>{full.clone()}</code>
                            <span class="shape">{figures::shape(&shape)}</span>
                            <span class="spacer"></span>
                            <span class="note">{figures::count(shape.iter().product::<usize>() as u64)}</span>
                        </div>
                        <Histogram layer_idx name=full/>
                    </div>
                }
            });
            view! {
                <section class="block" aria-label="Parameters" data-testid="parameters">
                    <h3>"Parameters"</h3>
                    {rows.collect_view()}
                </section>
            }
        })
    }
}
