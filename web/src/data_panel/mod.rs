//! The digits: where they come from, some of each class, the one being looked at, and one's own.

mod files;
mod sample_grid;
mod selected;
mod source;

pub use files::load_files;

use leptos::prelude::*;

use crate::draw_pad::DrawPad;
use crate::store::Workbench;
use sample_grid::SampleGrid;
use selected::SelectedPicture;
use source::Source;

/// The panel; IDX files can be dropped anywhere on it.
#[component]
pub fn DataPanel() -> impl IntoView {
    let workbench = Workbench::get();
    let hovering = RwSignal::new(false);
    let drop = move |event: web_sys::DragEvent| {
        event.prevent_default();
        hovering.set(false);
        if let Some(files) = event.data_transfer().and_then(|transfer| transfer.files()) {
            files::load_into(workbench, &files);
        }
    };
    view! {
        <div
            class="data-panel"
            class:dropping=move || hovering.get()
            data-testid="data-panel"
            on:dragover=move |event| {
                if files::has_files(&event) {
                    event.prevent_default();
                    hovering.set(true);
                }
            }
            on:dragleave=move |_| hovering.set(false)
            on:drop=drop
        >
            <h2 class="visually-hidden">"Data"</h2>
            <Source/>
            <SampleGrid/>
            <SelectedPicture/>
            <DrawPad/>
        </div>
    }
}
