use leptos::prelude::*;

use super::histogram::Histogram;
use crate::figures;
use crate::store::Workbench;

type Shapes = Vec<(&'static str, Vec<usize>)>;

/// A layer's numbers: names, shapes, ranges and histograms, first of what is learned, then of what is kept beside it.
#[component]
pub fn Parameters(layer_idx: usize) -> impl IntoView {
    let of_layer = move |read: fn(&nn::LayerGeometry) -> Shapes| {
        let workbench = Workbench::get();
        Signal::derive(move || {
            workbench.geometry.with(|geometry| geometry.layers.get(layer_idx).map(read)).unwrap_or_default()
        })
    };
    let (learned, kept) =
        (of_layer(|layer| layer.parameters.clone()), of_layer(|layer| layer.buffers.clone()));
    view! {
        <Group layer_idx shapes=learned title="Parameters" testid="parameters"/>
        <Group layer_idx shapes=kept title="Kept, not learned" testid="buffers"/>
    }
}

/// Some of them under a title, where there are any.
#[component]
fn Group(
    layer_idx: usize,
    shapes: Signal<Shapes>,
    title: &'static str,
    testid: &'static str,
) -> impl IntoView {
    let shapes = Memo::new(move |_| shapes.get());
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
                <section class="block" aria-label=title data-testid=testid>
                    <h3>{title}</h3>
                    {rows.collect_view()}
                </section>
            }
        })
    }
}
