//! The strip that runs the training: run controls, counters, options, backend.

mod backend_badge;
mod choice;
mod counters;
mod number_field;
mod objective;
mod optimiser;
mod options;
mod run_controls;
mod schedule;

use leptos::prelude::*;

use backend_badge::BackendBadge;
use counters::Counters;
pub use number_field::NumberField;
use options::Options;
use run_controls::RunControls;

/// The transport strip.
#[component]
pub fn Transport() -> impl IntoView {
    view! {
        <div class="transport" role="toolbar" aria-label="Training">
            <RunControls/>
            <Counters/>
            <Options/>
            <span class="spacer"></span>
            <BackendBadge/>
        </div>
    }
}
