use leptos::prelude::*;
use protocol::{Command, Reply, Split};

use super::confusion::Confusion;
use crate::figures;
use crate::store::Workbench;

/// Evaluates a split when asked: loss, accuracy, confusion.
#[component]
pub fn EvaluationPanel() -> impl IntoView {
    let workbench = Workbench::get();
    let busy = RwSignal::new(false);
    let evaluate = move |split| {
        busy.set(true);
        let answer = workbench.engine.send(Command::Evaluate { split }, Vec::new());
        leptos::task::spawn_local(async move {
            match answer.await {
                Ok((Reply::Evaluated(evaluation), _)) => workbench.evaluation.set(Some(evaluation)),
                Ok(_) => {}
                Err(error) => workbench.warn(error),
            }
            busy.set(false);
        });
    };
    let blocked = move || busy.get() || workbench.data.with(Option::is_none) || !workbench.is_valid();
    view! {
        <section class="evaluation" aria-label="Evaluation">
            <div class="block-head">
                <h3>"Evaluate"</h3>
                <button
                    type="button"
                    class="button small"
                    data-testid="evaluate-validation"
                    disabled=blocked
                    on:click=move |_| evaluate(Split::Validation)
                >
                    "Validation"
                </button>
                <button
                    type="button"
                    class="button small"
                    data-testid="evaluate-test"
                    title="The test set is looked at only when you ask for it; choose settings by the validation set"
                    disabled=blocked
                    on:click=move |_| evaluate(Split::Test)
                >
                    "Test, once"
                </button>
            </div>
            {move || match (busy.get(), workbench.evaluation.get()) {
                (true, _) => view! { <p class="note" role="status">"Evaluating…"</p> }.into_any(),
                (false, None) => view! {
                    <p class="note">
                        "Loss, accuracy and the confusion matrix over a whole split. The test set is looked at only when asked: \
                         compare settings by the validation set, and test once at the end."
                    </p>
                }
                .into_any(),
                (false, Some(evaluation)) => {
                    let name = match evaluation.split {
                        Split::Train => "train",
                        Split::Validation => "validation",
                        Split::Test => "test",
                    };
                    view! {
                        <p class="figures evaluation-line" data-testid="evaluation" role="status">
                            <strong>{name}</strong>
                            " · accuracy "<strong data-testid="evaluation-accuracy">{figures::percent(evaluation.accuracy)}</strong>
                            " · loss "<span data-testid="evaluation-loss">{format!("{:.4}", evaluation.loss)}</span>
                            " · "{figures::count(evaluation.n_images as u64)}" images, step "{figures::count(evaluation.step)}
                        </p>
                        <Confusion counts=evaluation.confusion/>
                    }
                    .into_any()
                }
            }}
        </section>
    }
}
