use leptos::prelude::*;

use crate::store::{N_CLASSES, Selection, Workbench};

/// The last column: each class with its probability, the label and the prediction marked.
#[component]
pub fn Classes() -> impl IntoView {
    let workbench = Workbench::get();
    let verdict = move || {
        if !workbench.is_valid() {
            return None;
        }
        workbench.inspection.with(|inspection| {
            let inspection = &inspection.as_ref()?.body;
            let label = usize::from(inspection.label?);
            Some(if inspection.prediction.class == label { "✓ right" } else { "✗ wrong" })
        })
    };
    view! {
        <div class="column classes" role="listitem" class:beyond=move || !workbench.is_valid()>
            <div class="head flat">
                <span class="head-type">"Classes"</span>
                <span class="head-arguments">"softmax" <span class="class-verdict">{verdict}</span></span>
            </div>
            <div class="class-rows">
                {(0..N_CLASSES).map(|class| view! { <Class class/> }).collect_view()}
            </div>
            <p class="note">"▸ prediction  ◆ label"</p>
        </div>
    }
}

/// One class.
#[component]
fn Class(class: usize) -> impl IntoView {
    let workbench = Workbench::get();
    // What the last valid network said is not what this one says.
    let probability = Memo::new(move |_| {
        if !workbench.is_valid() {
            return None;
        }
        workbench.inspection.with(|inspection| {
            let probabilities = &inspection.as_ref()?.body.prediction.probabilities;
            // A network whose weights are not numbers says nothing.
            probabilities.get(class).copied().filter(|probability| probability.is_finite())
        })
    });
    let is_label = Memo::new(move |_| {
        let label = workbench.inspection.with(|inspection| inspection.as_ref().and_then(|i| i.body.label));
        label.map(usize::from) == Some(class)
    });
    let is_prediction = Memo::new(move |_| {
        let best =
            workbench.inspection.with(|inspection| inspection.as_ref().map(|i| i.body.prediction.class));
        best == Some(class) && workbench.is_valid()
    });
    let percent = move || probability.get().unwrap_or(0.0) * 100.0;
    let description = move || {
        let mut text = format!("Class {class}, {:.1} percent", percent());
        if is_label.get() {
            text.push_str(", the label");
        }
        if is_prediction.get() {
            text.push_str(", the prediction");
        }
        text
    };
    view! {
        <button
            type="button"
            class="class-row"
            data-testid=format!("class-{class}")
            class:label=move || is_label.get()
            class:prediction=move || is_prediction.get()
            aria-label=description
            aria-pressed=move || (workbench.selection.get() == Selection::Class(class)).to_string()
            on:click=move |_| workbench.selection.set(Selection::Class(class))
        >
            <span class="class-mark">{move || if is_prediction.get() { "▸" } else { "" }}</span>
            <span class="class-name">{class}</span>
            <span class="class-bar"><span style=move || format!("width: {:.1}%", percent())></span></span>
            <span class="class-value">
                {move || probability.get().map_or("–".to_owned(), |p| format!("{:.1}", p * 100.0))}
            </span>
            <span class="class-mark">{move || if is_label.get() { "◆" } else { "" }}</span>
        </button>
    }
}
