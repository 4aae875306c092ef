//! The network as columns from left to right, all derived from one [`nn::ModelSpec`].

mod arguments;
mod classes;
mod column;
mod head;
mod insert;
mod legend;
mod maps;
mod problem;

pub use arguments::{Argument, arguments, summary, with_argument};
pub use maps::map_picture;

use leptos::prelude::*;

use crate::figures;
use crate::paint::{Palette, Picture, Pixels, Scale};
use crate::store::{Selection, Workbench};
use classes::Classes;
use column::Column;
use insert::Insert;
use legend::{Legend, ScaleChoice};
use problem::Ending;

/// The columns, and above them the network's totals and the colour scale.
#[component]
pub fn Network() -> impl IntoView {
    let workbench = Workbench::get();
    let n_layers = Memo::new(move |_| workbench.model.with(|model| model.layers.len()));
    view! {
        <div class="network-bar">
            <h2>"Network"</h2>
            <Totals/>
            <span class="spacer"></span>
            <Legend/>
            <ScaleChoice/>
        </div>
        <div class="columns" data-testid="columns" role="list" aria-label="Layers, first to last">
            <InputColumn/>
            <Insert position=Signal::derive(|| 0) id="insert-0"/>
            <For each=move || 0..n_layers.get() key=|layer_idx| *layer_idx let:layer_idx>
                <Column layer_idx/>
                <Insert position=Signal::derive(move || layer_idx + 1) id=format!("insert-{}", layer_idx + 1)/>
            </For>
            <Ending/>
            <Classes/>
        </div>
    }
}

/// Parameters and multiply–adds of the whole network.
#[component]
fn Totals() -> impl IntoView {
    let workbench = Workbench::get();
    move || {
        workbench.geometry.with(|geometry| {
            if geometry.error.is_some() {
                return view! { <span class="totals invalid" data-testid="totals">"does not fit together: training waits"</span> }
                    .into_any();
            }
            view! {
                <span class="totals figures" data-testid="totals">
                    {figures::count(geometry.n_parameters() as u64)} " params · "
                    {figures::short_count(geometry.macs())} " MACs"
                </span>
            }
            .into_any()
        })
    }
}

/// The picture that goes in.
#[component]
fn InputColumn() -> impl IntoView {
    let workbench = Workbench::get();
    let palette = Palette::signal();
    let picture = move || {
        let values = workbench.picture()?;
        Some(palette.with(|palette| Picture::map(&values, 28, Scale::Sequential(1.0), palette)))
    };
    let shape = move || workbench.model.with(|model| figures::shape(&model.input));
    let selected = move || workbench.selection.get() == Selection::Input;
    view! {
        <div class="column input-column" role="listitem" class:selected=selected>
            <button
                type="button"
                class="head"
                data-testid="input-head"
                aria-pressed=move || selected().to_string()
                on:click=move |_| workbench.selection.set(Selection::Input)
            >
                <span class="head-type">"Input"</span>
                <span class="head-arguments">"0 to 1"</span>
            </button>
            <dl class="column-facts">
                <dt>"output"</dt>
                <dd class="shape">{shape}</dd>
            </dl>
            <div class="maps">
                <button
                    type="button"
                    class="map wide"
                    aria-label="Look at the input"
                    data-testid="input-map"
                    on:click=move |_| workbench.selection.set(Selection::Input)
                >
                    <Pixels picture fit=112 label="The input" decorative=true/>
                </button>
            </div>
        </div>
    }
}
