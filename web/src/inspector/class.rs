use leptos::prelude::*;

use super::kernels::Kernels;
use crate::figures;
use crate::store::Workbench;

/// A class: its probability, its logit, and the weights that make the logit.
#[component]
pub fn ClassView(class: usize) -> impl IntoView {
    let workbench = Workbench::get();
    let probability = move || {
        workbench.inspection.with(|inspection| {
            inspection.as_ref().and_then(|i| i.body.prediction.probabilities.get(class).copied())
        })
    };
    let label = move || {
        let label = workbench.inspection.with(|inspection| inspection.as_ref().and_then(|i| i.body.label));
        match label {
            None => "nobody has said what this picture shows".to_owned(),
            Some(label) if usize::from(label) == class => "this is what the picture shows".to_owned(),
            Some(label) => format!("the picture shows a {label}"),
        }
    };
    let last = move || workbench.model.with(|model| model.layers.len()).checked_sub(1);
    let logit = move || workbench.with_output(last()?, |_, values, _| values.get(class).copied()).flatten();
    view! {
        <section class="block" data-testid="inspector-class">
            <div class="inspector-head">
                <h3>"Class " {class}</h3>
                <span class="note">{label}</span>
            </div>
            <dl class="stats">
                <div><dt>"probability"</dt><dd data-testid="class-probability">{move || probability().map_or("–".to_owned(), figures::percent)}</dd></div>
                <div><dt>"logit"</dt><dd>{move || logit().map_or("–".to_owned(), figures::value)}</dd></div>
            </dl>
            <p class="note">"The probability is the softmax of the ten logits."</p>
        </section>
        {move || last().map(|layer_idx| view! { <Kernels layer_idx only=class/> })}
    }
}
