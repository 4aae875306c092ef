//! Below the network: learning curves, and evaluation when it is asked for.

mod chart;
mod confusion;
mod curve;
mod evaluation;

use leptos::prelude::*;

use crate::store::{Curves, Workbench};
use chart::{Chart, Measure};
use evaluation::EvaluationPanel;

/// The dock.
#[component]
pub fn Dock() -> impl IntoView {
    let workbench = Workbench::get();
    let last = move |read: fn(&Curves) -> Option<f32>, format: fn(f32) -> String| {
        move || workbench.curves.with(read).map_or("–".to_owned(), format)
    };
    let four = |x: f32| format!("{x:.4}");
    let percent = |x: f32| format!("{:.1} %", x * 100.0);
    // What is trained is what is measured.
    let of = move || match workbench.options.with(|options| options.loss.name()) {
        "CrossEntropyLoss" => " cross-entropy, nats".to_owned(),
        name => format!(" {name}"),
    };
    view! {
        <h2 class="visually-hidden">"Curves and evaluation"</h2>
        <div class="dock">
            <section class="curve" aria-label="Loss">
                <div class="curve-head">
                    <h3>"Loss" <span class="note">{of}</span></h3>
                    <ChartLegend
                        train=Signal::derive(last(|c| c.train.last().map(|p| p.loss), four))
                        validation=Signal::derive(last(|c| c.validation.last().map(|p| p.loss), four))
                        testid="loss"
                    />
                </div>
                <Chart measure=Measure::Loss/>
            </section>
            <section class="curve" aria-label="Accuracy">
                <div class="curve-head">
                    <h3>"Accuracy" <span class="note">" over the steps"</span></h3>
                    <ChartLegend
                        train=Signal::derive(last(|c| c.train.last().map(|p| p.accuracy), percent))
                        validation=Signal::derive(last(|c| c.validation.last().map(|p| p.accuracy), percent))
                        testid="accuracy"
                    />
                </div>
                <Chart measure=Measure::Accuracy/>
            </section>
            <EvaluationPanel/>
        </div>
    }
}

/// Which line is which, with its last value.
#[component]
fn ChartLegend(train: Signal<String>, validation: Signal<String>, testid: &'static str) -> impl IntoView {
    view! {
        <dl class="chart-legend">
            <div title="Of the last batch, before its step; the line is the running mean">
                <dt><span class="swatch train" aria-hidden="true"></span>"train"</dt>
                <dd data-testid=format!("train-{testid}")>{move || train.get()}</dd>
            </div>
            <div title="Of the validation set, which is never trained on">
                <dt><span class="swatch validation" aria-hidden="true"></span>"validation"</dt>
                <dd data-testid=format!("validation-{testid}")>{move || validation.get()}</dd>
            </div>
        </dl>
    }
}
